//! Where the remotes of the system's repository lie.

use std::path::{Path, PathBuf};

use super::definition::Definition;

/// What a file of remotes ends with.
pub(super) const CONF: &str = ".conf";
/// What the keyring of a remote ends with.
pub(super) const KEYRING: &str = ".trustedkeys.gpg";
/// What one ends with that is text; ostree reads none itself.
pub(super) const ARMORED: &str = ".trustedkeys.asc";
const STATE: &str = ".state";

/// The places, as seen inside the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Places {
    /// The directory that ostree reads.
    pub(super) target: PathBuf,
    /// The directory of what is remembered.
    pub(super) state: PathBuf,
    /// Where the system's repository may be.
    pub(super) repositories: Vec<PathBuf>,
    /// Where the origins of deployments are, with `*` for one name.
    pub(super) origins: PathBuf,
    /// What its remotes and their collection IDs are reported under.
    pub(super) adapters: [String; 2],
}

impl Places {
    /// The places of the adapter of this name.
    pub(super) fn new(name: &str, definition: &Definition) -> Self {
        Self {
            target: definition.target.clone(),
            state: definition.state.clone(),
            repositories: definition.repositories.clone(),
            origins: definition.origins.clone(),
            adapters: ["remotes", "collections"].map(|what| format!("{name}-{what}")),
        }
    }

    /// The file of a remote.
    pub(super) fn conf(&self, name: &str) -> PathBuf {
        self.target.join(format!("{name}{CONF}"))
    }

    /// What is remembered of a name.
    pub(super) fn memory(&self, name: &str) -> PathBuf {
        self.state.join(format!("{name}{STATE}"))
    }

    /// Whether a file is what is remembered of a name.
    pub(super) fn is_memory(&self, path: &Path) -> bool {
        path.starts_with(&self.state)
            && path
                .as_os_str()
                .as_encoded_bytes()
                .ends_with(STATE.as_bytes())
    }

    /// The name that a file of the state directory is about.
    pub(super) fn remembered(file: &str) -> Option<&str> {
        file.strip_suffix(STATE)
    }

    /// The keyrings that ostree prefers to ours.
    pub(super) fn preferred_keyrings(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let file = keyring_name(name);
        self.repositories.iter().map(move |repo| repo.join(&file))
    }
}

/// How ostree calls the keyring of a remote, wherever it is.
pub(super) fn keyring_name(name: &str) -> String {
    format!("{name}{KEYRING}")
}
