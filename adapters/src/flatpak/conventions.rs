//! What is particular about a remote of flatpak: the marks of its owner, what servers refresh, and what
//! there is of it beside its group.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::BStr;
use overlay_resolver::keyfile::value;
use sha2::{Digest as _, Sha256};

use super::config::RepoConfig;
use super::filter;
use super::installation::Installation;
use super::repofile::{KEY, REPO};
use crate::keyed::facet::{Facet, Facets, Turn};
use crate::keyed::intent::{self, List};
use crate::keyed::key::KeyName;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::keyed::target::Target;
use crate::openpgp::{Fingerprint, Keyring};
use crate::remotes::Remote;
use crate::remotes::collection::REPOSITORY;
use crate::remotes::exchanged::Exchanged;
use crate::remotes::keyring::OwnKeyring;
use crate::remotes::name::is_remote_name;
use crate::remotes::repository::{Repository, has_same_url};
use crate::remotes::verification::weakens;
use crate::report::Foreign;

/// Keys that a server's metadata refreshes at every `flatpak update` unless the owner set them
/// (`flatpak_dir_update_remote_configuration_for_state()`).
///
/// A server also sets `url` (by a redirect) and an empty `collection-id`. Those two are not in the
/// list: an owner's mirror looks just like a redirect, and must survive the vendor's next change.
const REFRESHED: [&str; 8] = [
    "xa.title",
    "xa.comment",
    "xa.description",
    "xa.homepage",
    "xa.icon",
    "xa.default-branch",
    "xa.authenticator-name",
    "xa.authenticator-install",
];

/// The digest of the certificates that a server sent last.
const SERVERS_KEYS: &str = "xa.gpg-keys-hash";

/// Keys that adoption does not fill in where they are missing: to have taken a filter away, or to
/// use a remote that the vendor ships disabled, is a choice that leaves nothing behind.
const NOT_FILLED: [&str; 2] = ["xa.filter", "xa.disable"];

impl Target for Installation {
    type Store = RepoConfig;

    type Wanted = Remote;

    const NOUN: &'static str = "remote";
    const HIDDEN: Option<KeyName<'static>> = Some(KeyName::bare("xa.noenumerate"));
    const LISTS: &'static [List] = &Exchanged::LISTS;
    const NO_ENTRIES: &'static [&'static str] = &[REPOSITORY];

    fn is_name(&self, name: &str) -> bool {
        is_remote_name(name)
    }

    fn adapter(&self) -> &str {
        &self.adapters[0]
    }

    fn place(&self, _store: &RepoConfig, _name: &str) -> PathBuf {
        self.config()
    }

    fn memory(&self, _name: &str) -> PathBuf {
        self.config()
    }

    /// What `flatpak remote-delete` removes, and the copy of the filter, which it forgets.
    fn residue(&self, name: &str) -> Vec<PathBuf> {
        let mut paths = self.caches(name);
        paths.extend([
            self.keyring_of(name),
            self.filter_copy(name),
            self.refs(name),
        ]);
        paths
    }

    fn expendable(&self, store: &RepoConfig, name: &str) -> Vec<PathBuf> {
        let mut paths = self.caches(name);
        if store.get(name, "xa.filter").is_none() {
            paths.push(self.filter_copy(name));
        }
        paths
    }

    fn intent(&self) -> PathBuf {
        self.path().join(intent::FILE_NAME)
    }

    fn is_same(&self, store: &RepoConfig, name: &str, remote: &Remote) -> bool {
        has_same_url(store, name, remote)
    }

    /// flatpak's own mark for a value that its user set.
    fn is_owners(&self, store: &RepoConfig, name: &str, key: &KeyName<'_>) -> bool {
        let mark = self.mark_of(key).and_then(|mark| store.get(name, &mark));
        mark.is_some_and(|mark| value::decode_boolean(mark).unwrap_or(false))
    }

    fn mark_of(&self, key: &KeyName<'_>) -> Option<KeyName<'static>> {
        Some(KeyName::new("", [&key.name, "-is-set"].concat()))
    }

    /// By a redirect, where there is no collection ID, and the options of the authenticator.
    fn may_be_servers(&self, key: &KeyName<'_>) -> bool {
        matches!(&*key.name, "url" | "collection-id")
            || key.name.starts_with("xa.authenticator-options.")
    }

    fn is_mark(&self, key: &KeyName<'_>) -> bool {
        key.name.ends_with("-is-set")
    }

    fn is_refreshed(&self, key: &KeyName<'_>) -> bool {
        REFRESHED.contains(&&*key.name)
    }

    /// An option of the authenticator may be a server's, too; but that of an owner looks the same, and is
    /// what a login hangs on.
    fn is_servers(&self, key: &KeyName<'_>) -> bool {
        self.is_refreshed(key) || key.name == SERVERS_KEYS
    }

    fn is_filled(&self, key: &KeyName<'_>, value: &BStr) -> bool {
        !NOT_FILLED.contains(&&*key.name) && !weakens(&key.name, value)
    }

    fn foreign(&self, _store: &RepoConfig, _name: &str) -> Foreign {
        Foreign::OtherUrl
    }
}

impl Repository for Installation {
    const KEYRING_KEY: Option<(&'static str, &'static str)> = Some((REPO, KEY));

    fn collections(&self) -> &str {
        &self.adapters[1]
    }

    fn keyring(&self, name: &str) -> PathBuf {
        self.keyring_of(name)
    }

    /// Its own, unless it has others by `gpgkeypath`, which is no key of flatpak's and is not looked at.
    fn keyrings(
        &self,
        _observed: &Observed,
        store: &RepoConfig,
        name: &str,
        own: Keyring,
    ) -> Vec<(PathBuf, Keyring)> {
        let is_alone = store.get(name, "gpgkeypath").is_none();
        let own = is_alone.then(|| (self.keyring_of(name), own));
        own.into_iter().collect()
    }

    /// flatpak notes the SHA-256 of what a server sent as `xa.gpg-keys`: of one certificate, or of all.
    fn servers_keys(
        &self,
        store: &RepoConfig,
        name: &str,
        keyring: &Keyring,
    ) -> BTreeSet<Fingerprint> {
        let Some(digest) = store.get(name, SERVERS_KEYS) else {
            return BTreeSet::new();
        };
        let is_sent = |certificates: &Keyring| {
            digest == format!("{:x}", Sha256::digest(certificates.to_bytes())).as_bytes()
        };
        let is_all = is_sent(keyring);
        let sent = keyring.iter().filter(|one| {
            let mut alone = Keyring::default();
            is_all || alone.merge(one) && is_sent(&alone)
        });
        sent.map(|one| one.fingerprint().clone()).collect()
    }
}

/// What lies beside a remote of flatpak.
pub(super) const FACETS: Facets<Installation> =
    || vec![Box::<OwnKeyring>::default(), Box::new(Copies)];

/// What flatpak keeps of a remote: caches, and the copy of its filter.
struct Copies;

impl Facet<Installation> for Copies {
    fn follow(
        &mut self,
        subject: &mut Subject<'_, '_, Installation>,
        remote: &Remote,
        turn: Turn<'_>,
    ) {
        if matches!(turn, Turn::Updated | Turn::Reverted) {
            forget_stale(subject);
        }
        let former = match turn {
            Turn::Created { former } => former,
            Turn::Adopted | Turn::Updated | Turn::Reverted => None,
        };
        filter::copy(subject, remote, former);
    }
}

/// What the server sent by another URL, or signed by other keys, is no use any more.
fn forget_stale(subject: &mut Subject<'_, '_, Installation>) {
    let keys_changed = subject.draft.beside.contains_key(subject.name);
    if keys_changed || subject.changed().iter().any(|key| key == "url") {
        let target = subject.draft.target;
        subject.forget(target.summaries(subject.name));
    }
    forget_oci(subject);
}

/// OCI remotes are stored differently; what the other kind left is no use to this one.
fn forget_oci(subject: &mut Subject<'_, '_, Installation>) {
    let is_oci = |store: &RepoConfig| {
        store
            .get(subject.name, "url")
            .is_some_and(|url| url.starts_with(b"oci+"))
    };
    let (was, will_be) = (is_oci(&subject.draft.before), is_oci(&subject.draft.store));
    let target = subject.draft.target;
    if was != will_be {
        subject.forget([target.appstream(subject.name)]);
    }
    if was && !will_be {
        subject.forget(target.oci(subject.name));
    }
}
