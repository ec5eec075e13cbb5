//! Where the remotes of the system's repository lie, and what is particular about them.

use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;

use super::conf::{KEY_PATHS, key_paths};
use super::definition::Definition;
use super::store::Remotes;
use crate::code;
use crate::remotes::intent;
use crate::remotes::target::{Adoption, Store as _, Target};
use crate::remotes::{Remote, Subject};
use crate::report::{Dependent, Foreign};

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
    adapters: [String; 2],
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

impl Target for Places {
    type Store = Remotes;

    const DEPENDENT: Dependent = Dependent::Deployment;

    fn remotes(&self) -> &str {
        &self.adapters[0]
    }

    fn collections(&self) -> &str {
        &self.adapters[1]
    }

    fn place(&self, store: &Remotes, name: &str) -> PathBuf {
        let file = store.file(name);
        file.map_or_else(|| self.conf(name), Path::to_owned)
    }

    fn memory(&self, name: &str) -> PathBuf {
        Self::memory(self, name)
    }

    fn keyring(&self, name: &str) -> PathBuf {
        self.target.join(keyring_name(name))
    }

    fn residue(&self, name: &str) -> Vec<PathBuf> {
        vec![self.keyring(name)]
    }

    fn intent(&self) -> PathBuf {
        self.state.join(intent::FILE_NAME)
    }

    /// The repository is shared by all deployments, so nothing is taken out of it unasked.
    fn adoption(&self, store: &Remotes, name: &str) -> Adoption {
        match store.defined_in(name) {
            Some(_) if store.is_out_of_reach(name) || store.needed_by(name).is_some() => {
                Adoption::Never
            }
            Some(path) if path != self.conf(name) => Adoption::Asked,
            _ => Adoption::Unasked,
        }
    }

    fn is_never_written(&self, store: &Remotes, name: &str) -> bool {
        store.is_inherited(name) || store.link(name).is_some()
    }

    fn foreign(&self, store: &Remotes, name: &str) -> Foreign {
        let (place, own) = (self.place(store, name), self.conf(name));
        match self.adoption(store, name) {
            Adoption::Unasked => Foreign::OtherRemote { place },
            Adoption::Asked => Foreign::Elsewhere { place, own },
            Adoption::Never if store.is_frozen(name) => Foreign::ReadOnly { place, own },
            Adoption::Never => match (store.needed_by(name), store.link(name)) {
                (Some(origin), _) => Foreign::Needed {
                    place,
                    own,
                    origin: origin.to_owned(),
                },
                (None, Some(end)) => Foreign::Symlink {
                    place,
                    end: end.to_owned(),
                },
                (None, None) => Foreign::Inherited { place },
            },
        }
    }

    fn placed(subject: &mut Subject<'_, '_, Self>, remote: &Remote) {
        tell_preferred(subject, remote);
        tell_missing(subject, remote);
    }

    fn updated(subject: &mut Subject<'_, '_, Self>, remote: &Remote) {
        tell_preferred(subject, remote);
        tell_missing(subject, remote);
    }
}

/// Whoever imported a key by `ostree remote gpg-import` made a keyring that ostree uses instead.
fn tell_preferred(subject: &mut Subject<'_, '_, Places>, remote: &Remote) {
    let name = subject.name;
    let draft = &mut *subject.draft;
    let mut preferred = draft.target.preferred_keyrings(name);
    let preferred = preferred.find(|path| draft.observed.references.contains_key(path));
    if let Some(path) = preferred.filter(|_| !remote.keyring.is_empty()) {
        let message = format!(
            "ostree verifies {name} with this keyring and not with the vendor's beside {}; remove it to follow the vendor",
            escape_path(&draft.target.conf(name))
        );
        draft
            .findings
            .push(code::OTHER_KEYRING.warning(path, message));
    }
}

/// ostree fails where a path of keys does not exist. The vendor's are left out then, its owner's stay.
fn tell_missing(subject: &mut Subject<'_, '_, Places>, remote: &Remote) {
    let name = subject.name;
    let draft = &mut *subject.draft;
    let Some(value) = draft.store.get(name, KEY_PATHS) else {
        return;
    };
    if remote
        .get(KEY_PATHS)
        .is_some_and(|vendors| vendors.value == value)
    {
        return;
    }
    let missing: Vec<_> = key_paths(value)
        .into_iter()
        .filter(|path| !draft.observed.references.contains_key(Path::new(path)))
        .collect();
    if missing.is_empty() {
        return;
    }
    let message = format!(
        "{name}: {KEY_PATHS}, which is yours, names {}: ostree fails where a path does not exist, so the remote cannot be used; `overlayctl revert {name} {KEY_PATHS}` takes what the vendor has",
        missing.join(", ")
    );
    let place = draft.target.place(&draft.store, name);
    draft
        .findings
        .push(code::MISSING_KEY_PATH.warning(place, message));
}
