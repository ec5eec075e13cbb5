//! Which product bundles are chosen in a root, by whom, and whether each fits.
//!
//! A bundle is a directory of the shape of a system extension in one of two places; that of `/var` hides that of the
//! image. What it was built for is said by its `extension-release` file.
//!
//! | who chooses, the first that says anything | how |
//! |---|---|
//! | whoever builds an image | `--bundle NAME` |
//! | the owner | `/etc/overlayctl/bundles`, a name a line; an empty file for none |
//! | the machine | each `product=NAME` among `TAGS=` of machine-info(5) |
//! | the boot | each `overlayctl.bundle=NAME` of the kernel's command line |
//! | the image | `/usr/lib/overlayctl/bundles.default`, a name a line |
//!
//! **Invariant**: one that cannot be used is told and no other stands in for it, be it of the same name; what it brought
//! before stays.

mod chosen;
mod release;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use overlay_resolver::bundle::{Bundle, UNTOLD};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Root, Unusable};

use self::chosen::Said;
use self::release::{Host, Release};
use crate::code;

/// Where bundles are, the first place first.
pub const PLACES: [&str; 2] = ["/var/lib/overlayctl/bundles", "/usr/lib/overlayctl/bundles"];

/// A bundle that is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// Who chose it.
    pub by: By,
    /// Its directory, as seen inside the root and without symlinks; or why nothing of it is applied.
    pub tree: Result<PathBuf, Finding>,
}

/// Who chose a bundle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// Whoever started this run.
    Request,
    /// A line of this file; none of one that cannot be read.
    File {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: Option<usize>,
    },
    /// The kernel's command line.
    CommandLine,
}

/// The bundles that are chosen in a root, the lowest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundles {
    chosen: Vec<Chosen>,
}

impl Bundles {
    /// Those that are chosen in this root; of a deployment of ostree's that is not booted, `commit` is its own.
    ///
    /// `asked` are those that whoever started this run names; where nobody does, the root says which.
    pub fn of(root: &Root, asked: Option<&[String]>, commit: Option<&str>) -> Self {
        // What a bundle says of the system is not asked.
        let root = &root.clone().with_bundles([]);
        let said = match chosen::chosen(root, asked) {
            Ok(said) => said,
            Err(untold) => {
                let (path, why) = *untold;
                let by = By::File { path, line: None };
                let (name, tree) = (UNTOLD.into(), Err(why));
                let chosen = vec![Chosen { name, by, tree }];
                return Self { chosen };
            }
        };
        if said.is_empty() {
            return Self::default();
        }
        let host = Host::of(root, commit);
        let chosen = said.into_iter().map(|said| Chosen::of(root, &host, said));
        Self {
            chosen: chosen.collect(),
        }
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Chosen> {
        self.chosen.iter()
    }

    /// The names of bundles that are there and not chosen, in order.
    ///
    /// # Errors
    /// A place of bundles cannot be listed; this is the first.
    pub fn not_chosen(&self, root: &Root) -> Result<Vec<String>, Finding> {
        let mut names = BTreeSet::new();
        for place in PLACES.map(Path::new) {
            let failed = |why: Unusable| {
                let message = format!("cannot be listed, so bundles in it are not told: {why}");
                code::UNREADABLE.error(place, message)
            };
            let directory = root.dir(place).map_err(failed)?;
            let found = directory.map(|directory| directory.names().map_err(failed));
            names.extend(found.transpose()?.into_iter().flatten());
        }
        let names = names.into_iter().filter_map(|name| name.into_string().ok());
        let is_chosen = |name: &String| self.chosen.iter().any(|chosen| chosen.name == *name);
        Ok(names
            .filter(|name| is_name(name) && !is_chosen(name))
            .collect())
    }

    /// As the root [has](Root::with_bundles) them.
    pub fn layers(&self) -> impl Iterator<Item = Bundle> {
        self.chosen.iter().map(|chosen| match &chosen.tree {
            Ok(place) => Bundle::at(&chosen.name, place),
            Err(why) => Bundle::refused(&chosen.name, why.clone()),
        })
    }

    /// Why those are not applied that are not.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let refused = self.chosen.iter();
        refused.filter_map(|chosen| chosen.tree.as_ref().err())
    }
}

impl Chosen {
    fn of(root: &Root, host: &Host<'_>, said: Said) -> Self {
        let tree = tree_of(root, host, &said);
        let name = escape(said.name.as_bytes()).to_string();
        let by = said.by;
        Self { name, by, tree }
    }
}

/// The directory of a bundle that fits.
fn tree_of(root: &Root, host: &Host<'_>, said: &Said) -> Result<PathBuf, Finding> {
    let name = &*said.name;
    if !is_name(name) {
        let message = "cannot be the name of a bundle: expected letters, digits, `.`, `-` and `_`";
        return Err(said.refusal(Path::new(PLACES[0]), message));
    }
    let Some(place) = place_of(root, name).map_err(|(path, why)| {
        let message = format!("cannot be read, so nothing of it is applied: {why}");
        said.refusal(&path, &message)
    })?
    else {
        let [first, second] = PLACES;
        let message = format!(
            "is missing, and not in {second} either: install it, or choose another; what it brought stays"
        );
        return Err(said.refusal(&Path::new(first).join(name), &message));
    };
    let release = Release::of(root, &place, name)?;
    release.fits(host)?;
    Ok(place)
}

/// The directory of this name in the first place that has one, whatever it is.
fn place_of(root: &Root, name: &str) -> Result<Option<PathBuf>, (PathBuf, String)> {
    for place in PLACES {
        let path = Path::new(place).join(name);
        let failed = |why: &dyn fmt::Display| (path.clone(), why.to_string());
        // A symlink to nothing is an error, and no other place is asked.
        let found = root.dir(&path).map_err(|why| failed(&why))?;
        if found.is_some() {
            let place = root.chase(&path).map_err(|why| failed(&why))?;
            return Ok(Some(Path::new("/").join(place)));
        }
    }
    Ok(None)
}

/// As systemd has it of extensions (`image_name_is_valid()`), and no more than what every place may hold.
fn is_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    !name.is_empty() && name.len() <= 128 && !name.starts_with('.') && name.chars().all(fits)
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request => f.write_str("--bundle"),
            Self::CommandLine => f.write_str("overlayctl.bundle= on the kernel's command line"),
            Self::File { path, line: None } => write!(f, "{}", escape_path(path)),
            Self::File {
                path,
                line: Some(line),
            } => write!(f, "{}:{line}", escape_path(path)),
        }
    }
}

impl Said {
    /// That it is not applied, and who chose it.
    fn refusal(&self, path: &Path, message: &str) -> Finding {
        code::BAD_BUNDLE.error(path, format!("{message} (chosen by {})", self.by))
    }
}
