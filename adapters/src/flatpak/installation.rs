//! Where things lie in an installation of flatpak.

use std::path::{Path, PathBuf};

use super::config;

/// An installation, as seen inside the root.
#[derive(Debug, Clone)]
pub(super) struct Installation {
    path: PathBuf,
    /// What its remotes and their collection IDs are reported under.
    pub(super) adapters: [String; 2],
}

impl Installation {
    /// The installation of the adapter of this name.
    pub(super) fn new(name: &str, path: PathBuf) -> Self {
        Self {
            path,
            adapters: ["remotes", "collections"].map(|what| format!("{name}-{what}")),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn repo(&self) -> PathBuf {
        self.path.join("repo")
    }

    pub(super) fn config(&self) -> PathBuf {
        self.repo().join(config::FILE_NAME)
    }

    pub(super) fn keyring_of(&self, name: &str) -> PathBuf {
        self.repo().join(format!("{name}.trustedkeys.gpg"))
    }

    /// flatpak's copy of a filter, which it uses when the filter itself is gone.
    pub(super) fn filter_copy(&self, name: &str) -> PathBuf {
        self.repo().join(format!("{name}.filter"))
    }

    pub(super) fn refs(&self, name: &str) -> PathBuf {
        self.repo().join("refs/remotes").join(name)
    }

    /// What flatpak caches of a server's summary, to be forgotten when its URL or keys change.
    pub(super) fn summaries(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let cache = self.repo().join("tmp/cache/summaries");
        ["", ".sig", ".idx", ".idx.sig"]
            .into_iter()
            .map(move |end| cache.join(format!("{name}{end}")))
    }

    /// What flatpak stores of an OCI remote's contents.
    pub(super) fn oci(&self, name: &str) -> [PathBuf; 2] {
        [".index.gz", ".summary"].map(|end| self.path.join("oci").join(format!("{name}{end}")))
    }

    pub(super) fn appstream(&self, name: &str) -> PathBuf {
        self.path.join("appstream").join(name)
    }

    /// What a server sends again.
    pub(super) fn caches(&self, name: &str) -> Vec<PathBuf> {
        let summaries = self.summaries(name);
        let other = self.oci(name).into_iter().chain([self.appstream(name)]);
        summaries.chain(other).collect()
    }

    /// The file whose times tell programs that the installation changed.
    pub(super) fn changed(&self) -> PathBuf {
        self.path.join(".changed")
    }
}
