//! What is particular about a remote of ostree: the places that it may stand in, and the keys that it is verified
//! with from elsewhere.

use std::path::{Path, PathBuf};

use bstr::BStr;

use super::conf::{KEY_PATHS, key_paths};
use super::keys::GLOBAL_KEYS;
use super::places::{Places, keyring_name};
use super::store::Remotes;
use crate::keyed::facet::{Facet, Facets, Turn};
use crate::keyed::intent::{self, List};
use crate::keyed::key::KeyName;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::keyed::target::{Adoption, Target};
use crate::openpgp::Keyring;
use crate::remotes::Remote;
use crate::remotes::collection::REPOSITORY;
use crate::remotes::exchanged::Exchanged;
use crate::remotes::keyring::OwnKeyring;
use crate::remotes::name::is_remote_name;
use crate::remotes::repository::{Repository, has_same_url};
use crate::remotes::verification::weakens;
use crate::report::{Foreign, Matter, Verification};

impl Target for Places {
    type Store = Remotes;

    type Wanted = Remote;

    const NOUN: &'static str = "remote";
    const LISTS: &'static [List] = &Exchanged::LISTS;
    const NO_ENTRIES: &'static [&'static str] = &[REPOSITORY];

    fn is_name(&self, name: &str) -> bool {
        is_remote_name(name)
    }

    fn adapter(&self) -> &str {
        &self.adapters[0]
    }

    fn place(&self, store: &Remotes, name: &str) -> PathBuf {
        let file = store.file(name);
        file.map_or_else(|| self.conf(name), Path::to_owned)
    }

    fn memory(&self, name: &str) -> PathBuf {
        Self::memory(self, name)
    }

    fn residue(&self, name: &str) -> Vec<PathBuf> {
        vec![self.keyring(name)]
    }

    fn intent(&self) -> PathBuf {
        self.state.join(intent::FILE_NAME)
    }

    fn is_same(&self, store: &Remotes, name: &str, remote: &Remote) -> bool {
        has_same_url(store, name, remote)
    }

    fn is_filled(&self, key: &KeyName<'_>, value: &BStr) -> bool {
        !weakens(&key.name, value)
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
}

impl Repository for Places {
    fn collections(&self) -> &str {
        &self.adapters[1]
    }

    fn keyring(&self, name: &str) -> PathBuf {
        self.target.join(keyring_name(name))
    }

    fn is_back(&self, store: &Remotes, name: &str) -> bool {
        store.is_back(name)
    }

    /// As `_ostree_repo_gpg_prepare_verifier()` has it: one that the repository has comes instead of its own,
    /// those for all only where there is neither, and what `gpgkeypath` names in any case.
    fn keyrings(
        &self,
        observed: &Observed,
        store: &Remotes,
        name: &str,
        own: Keyring,
    ) -> Vec<(PathBuf, Keyring)> {
        let read = |path: &Path| {
            let keyring = Keyring::parse(observed.references.get(path)?).ok();
            let keyring = keyring.filter(|keyring| !keyring.is_empty())?;
            Some((path.to_owned(), keyring))
        };
        let preferred = self.preferred_keyrings(name).find_map(|path| read(&path));
        let own = (!own.is_empty()).then(|| (self.keyring(name), own));
        let named = store.get(name, KEY_PATHS).map(|raw| key_paths(raw));
        let named = named.unwrap_or_default();
        let named = named.iter().filter_map(|path| read(Path::new(path)));
        match preferred.or(own) {
            Some(keyring) => std::iter::once(keyring).chain(named).collect(),
            None => named.chain(read(Path::new(GLOBAL_KEYS))).collect(),
        }
    }
}

/// What lies beside a remote of ostree.
pub(super) const FACETS: Facets<Places> =
    || vec![Box::<OwnKeyring>::default(), Box::new(OtherKeys)];

/// The keys of a remote that are elsewhere, of which there is only something to say.
struct OtherKeys;

impl Facet<Places> for OtherKeys {
    fn follow(&mut self, subject: &mut Subject<'_, '_, Places>, remote: &Remote, _: Turn<'_>) {
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
        let how = Verification::OtherKeyring(draft.target.conf(name));
        let name = name.into();
        let matter = Matter::Verification { name, how };
        draft.remarks.push(matter.at(path, None));
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
    let how = Verification::MissingPaths {
        key: KEY_PATHS,
        paths: missing,
    };
    let place = draft.target.place(&draft.store, name);
    let name = name.into();
    let matter = Matter::Verification { name, how };
    draft.remarks.push(matter.at(place, None));
}
