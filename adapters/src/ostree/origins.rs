//! Which remotes the deployments of a system follow, by their origins.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::observe::Eyes;
use crate::code;
use crate::editor::Editor;

/// The remotes that deployments follow.
#[derive(Debug, Default)]
pub(super) struct Followed {
    names: BTreeSet<String>,
    /// Of those that another deployment than this one follows, the origin that says so.
    elsewhere: BTreeMap<String, PathBuf>,
    /// What cannot be read. Any remote may be followed there, so none is taken away.
    pub(super) unread: Vec<Finding>,
}

impl Followed {
    /// Whether a deployment may follow a remote.
    pub(super) fn may_have(&self, name: &str) -> bool {
        !self.unread.is_empty() || self.names.contains(name)
    }

    /// The origin by which another deployment follows a remote, or may do so.
    pub(super) fn elsewhere(&self, name: &str) -> Option<&Path> {
        let unread = self.unread.first().map(|finding| &finding.path);
        let origin = self.elsewhere.get(name).or(unread)?;
        Some(origin)
    }
}

impl Eyes<'_> {
    /// The remotes that a deployment follows, by its origin.
    pub(super) fn followed(&self) -> Followed {
        let mut followed = Followed::default();
        let directories = self.matching(&self.places.origins);
        for directory in followed.known(directories) {
            let names = self.names(&directory).map(Option::unwrap_or_default);
            for name in followed.known(names) {
                if name.as_encoded_bytes().ends_with(b".origin") {
                    let path = directory.join(&name);
                    let remotes = self.file(&path).and_then(|text| remotes(&path, text));
                    let remotes = followed.known(remotes);
                    if !self.is_of_this(&path) {
                        let elsewhere = remotes.iter().map(|name| (name.clone(), path.clone()));
                        followed.elsewhere.extend(elsewhere);
                    }
                    followed.names.extend(remotes);
                }
            }
        }
        followed
    }

    /// Whether an origin is that of the deployment whose tree this is: they have one `/etc`.
    fn is_of_this(&self, origin: &Path) -> bool {
        let etc = |tree: &Path| {
            let dir = self.observer.root().dir(&tree.join("etc")).ok().flatten()?;
            let stat = rustix::fs::fstat(&dir).ok()?;
            Some((stat.st_dev, stat.st_ino))
        };
        let of_origin = etc(&origin.with_extension(""));
        of_origin.is_some() && of_origin == etc(Path::new("/"))
    }

    /// The directories that a path with one `*` stands for.
    fn matching(&self, pattern: &Path) -> Result<Vec<PathBuf>, Finding> {
        let mut components = pattern.components();
        let before: PathBuf = components
            .by_ref()
            .take_while(|part| part.as_os_str() != "*")
            .collect();
        let rest = components.as_path();
        if before == pattern {
            return Ok(vec![before]);
        }
        let names = self.names(&before)?.unwrap_or_default();
        Ok(names
            .iter()
            .map(|name| before.join(name).join(rest))
            .collect())
    }
}

impl Followed {
    /// What was read; what was not is remembered.
    fn known<T: Default>(&mut self, read: Result<T, Finding>) -> T {
        read.unwrap_or_else(|why| {
            let message = format!(
                "{}; so any remote may be in use, and none goes",
                why.message
            );
            self.unread
                .push(code::UNREAD_ORIGIN.warning(why.path, message));
            T::default()
        })
    }
}

/// The remotes that an origin names.
fn remotes(path: &Path, text: Option<Vec<u8>>) -> Result<Vec<String>, Finding> {
    let file = Editor::parse(&text.unwrap_or_default())
        .map_err(|(line, problem)| code::MALFORMED.error(path, problem).at(line))?;
    let named = file.pairs("origin").filter_map(|(key, value)| {
        let value = value::decode_string(value).ok()?;
        follows(key.to_str().ok()?, &value).map(str::to_owned)
    });
    Ok(named.collect())
}

/// The remote that a key of an origin names: `refspec=REMOTE:REF`, or a container image that is verified
/// by a remote's keys, as rpm-ostree and bootc write them.
fn follows<'v>(key: &str, value: &'v str) -> Option<&'v str> {
    match key {
        "refspec" | "baserefspec" => Some(value.split_once(':')?.0),
        "container-image-reference" => {
            let rest = value.strip_prefix("ostree-remote-")?;
            let (_, rest) = rest.split_once(':')?;
            Some(rest.split_once(':')?.0)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whom_an_origin_follows() {
        for (key, value, remote) in [
            (
                "refspec",
                "fedora:fedora/43/x86_64/silverblue",
                Some("fedora"),
            ),
            ("refspec", "local/ref", None),
            ("baserefspec", "fedora:x", Some("fedora")),
            (
                "container-image-reference",
                "ostree-remote-image:fedora:docker://quay.io/x:43",
                Some("fedora"),
            ),
            (
                "container-image-reference",
                "ostree-unverified-registry:quay.io/x:43",
                None,
            ),
            ("override-commit", "fedora:x", None),
        ] {
            assert_eq!(follows(key, value), remote, "{key}={value}");
        }
    }
}
