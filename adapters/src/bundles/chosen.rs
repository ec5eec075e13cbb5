//! Which bundles are chosen, by the first that says anything.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use super::{By, release};
use crate::system::is_running_systems;
use crate::{code, proc};

const OWNERS: &str = "/etc/overlayctl/bundles";
const MACHINES: &str = "/etc/machine-info";
const KERNELS: &str = "/proc/cmdline";
const IMAGES: &str = "/usr/lib/overlayctl/bundles.default";

/// The parameter of the kernel's command line.
const PARAMETER: &[u8] = b"overlayctl.bundle=";
/// The tag of a machine.
const TAG: &str = "product=";
/// No such file is larger.
pub(super) const LIMIT: usize = 1 << 20;

/// A name that somebody says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) name: String,
    pub(super) by: By,
}

/// The file that would say it cannot be read.
type Untold = Box<(PathBuf, Finding)>;

/// The names that are chosen, in order and each once. A name that is not UTF-8 has no bundle, and stays none.
pub(super) fn chosen(root: &Root, asked: Option<&[String]>) -> Result<Vec<Said>, Untold> {
    let mut said = of_all(root, asked)?;
    let mut seen = Vec::<String>::new();
    said.retain(|one| {
        let is_new = !seen.contains(&one.name);
        seen.push(one.name.clone());
        is_new
    });
    Ok(said)
}

fn of_all(root: &Root, asked: Option<&[String]>) -> Result<Vec<Said>, Untold> {
    if let Some(asked) = asked {
        let asked = asked.iter().map(|name| Said {
            name: name.clone(),
            by: By::Request,
        });
        return Ok(asked.collect());
    }
    if let Some(text) = read(root, OWNERS)? {
        return Ok(lines(OWNERS, &text));
    }
    if let Some(text) = read(root, MACHINES)? {
        let tagged = tagged(&text);
        if !tagged.is_empty() {
            return Ok(tagged);
        }
    }
    if let Some(told) = by_kernel(root) {
        return Ok(told);
    }
    let images = read(root, IMAGES)?;
    Ok(images.map_or_else(Vec::new, |text| lines(IMAGES, &text)))
}

fn read(root: &Root, path: &str) -> Result<Option<Vec<u8>>, Untold> {
    let path = Path::new(path);
    root.read(path, LIMIT).map_err(|why| {
        let message = format!(
            "cannot be read, so nobody can tell which bundles are chosen, and what any of them brought stays: {why}"
        );
        Box::new((path.into(), code::UNREADABLE.error(path, message)))
    })
}

/// A name a line; blank lines and comments say nothing.
fn lines(path: &str, text: &[u8]) -> Vec<Said> {
    let lines = text.lines().enumerate();
    let names = lines.map(|(number, line)| (number + 1, line.trim_ascii()));
    let names = names.filter(|(_, name)| !name.is_empty() && !name.starts_with(b"#"));
    let said = names.map(|(line, name)| Said {
        name: name.to_str_lossy().into_owned(),
        by: By::File {
            path: path.into(),
            line: Some(line),
        },
    });
    said.collect()
}

/// The products among the tags of a machine, which are separated by colons.
fn tagged(text: &[u8]) -> Vec<Said> {
    let document = release::read(Path::new(MACHINES), text);
    let Some(tags) = document.get("", "TAGS") else {
        return Vec::new();
    };
    let by = By::File {
        path: MACHINES.into(),
        line: Some(*tags.lines().start()),
    };
    let value = tags.value().to_string();
    let products = value.split(':').filter_map(|tag| tag.strip_prefix(TAG));
    let said = products.map(|name| Said {
        name: name.into(),
        by: by.clone(),
    });
    said.collect()
}

/// What the kernel was told, if this is the system that it runs. An empty name stands for none.
fn by_kernel(root: &Root) -> Option<Vec<Said>> {
    // Most kernels are told nothing of it, and another root has no such file: the dearer question comes last.
    let told = parameters(&proc::read(root, Path::new(KERNELS))?)?;
    is_running_systems(root).then_some(told)
}

fn parameters(command_line: &[u8]) -> Option<Vec<Said>> {
    let words = command_line.split(u8::is_ascii_whitespace);
    let names: Vec<_> = words
        .filter_map(|word| word.strip_prefix(PARAMETER))
        .collect();
    (!names.is_empty()).then(|| {
        let names = names.into_iter().filter(|name| !name.is_empty());
        let said = names.map(|name| Said {
            name: name.to_str_lossy().into_owned(),
            by: By::CommandLine,
        });
        said.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(said: &[Said]) -> Vec<&str> {
        said.iter().map(|said| &*said.name).collect()
    }

    #[test]
    fn the_kernel_may_be_told_of_several_or_of_none() {
        let told = |line: &str| {
            let told = parameters(line.as_bytes());
            told.map(|said| names(&said).join(" "))
        };
        assert_eq!(told("quiet ro"), None);
        assert_eq!(told("overlayctl.bundle=\n").as_deref(), Some(""));
        assert_eq!(
            told("a overlayctl.bundle=acme b overlayctl.bundle=site\n").as_deref(),
            Some("acme site")
        );
        assert_eq!(told("rd.overlayctl.bundle=acme"), None);
    }

    #[test]
    fn a_machine_may_have_several_products() {
        let told = tagged(b"PRETTY_HOSTNAME=x\nTAGS=\"site:product=acme:product=kiosk\"\n");
        assert_eq!(names(&told), ["acme", "kiosk"]);
        let by = By::File {
            path: MACHINES.into(),
            line: Some(2),
        };
        assert_eq!(told[0].by, by);
        assert_eq!(tagged(b"TAGS=a:b\n"), []);
    }

    #[test]
    fn a_file_has_a_name_a_line() {
        let said = lines(OWNERS, b"# ours\n\n  acme \nsite\n");
        assert_eq!(names(&said), ["acme", "site"]);
    }
}
