//! Which remotes the deployments of a system follow, by their origins.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::observe::Eyes;
use crate::editor::Editor;

impl Eyes<'_> {
    /// The remotes that a deployment follows, by its origin.
    pub(super) fn followed(&self) -> Result<BTreeSet<String>, Finding> {
        let mut followed = BTreeSet::new();
        for directory in self.matching(&self.places.origins)? {
            for name in self.names(&directory)?.unwrap_or_default() {
                if name.as_encoded_bytes().ends_with(b".origin")
                    && let Some(text) = self.file(&directory.join(&name))?
                    && let Ok(file) = Editor::parse(&text)
                {
                    followed.extend(file.pairs("origin").filter_map(|(key, value)| {
                        let value = value::decode_string(value).ok()?;
                        follows(key.to_str().ok()?, &value).map(str::to_owned)
                    }));
                }
            }
        }
        Ok(followed)
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
