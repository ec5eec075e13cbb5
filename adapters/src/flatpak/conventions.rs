//! What is particular about a remote of flatpak: the marks of its owner, what servers refresh, and what
//! there is of it beside its group.

use std::path::PathBuf;

use overlay_resolver::keyfile::value;

use super::config::RepoConfig;
use super::filter;
use super::installation::Installation;
use crate::remotes::intent;
use crate::remotes::target::{Store as _, Target};
use crate::remotes::{Remote, Subject};
use crate::report::Dependent;

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

/// Keys that adoption does not fill in where they are missing: to have taken a filter away, or to
/// use a remote that the vendor ships disabled, is a choice that leaves nothing behind.
const NOT_FILLED: [&str; 2] = ["xa.filter", "xa.disable"];

impl Target for Installation {
    type Store = RepoConfig;

    const DEPENDENT: Dependent = Dependent::Apps;
    const HIDDEN: Option<&'static str> = Some("xa.noenumerate");

    fn remotes(&self) -> &str {
        &self.adapters[0]
    }

    fn collections(&self) -> &str {
        &self.adapters[1]
    }

    fn place(&self, _store: &RepoConfig, _name: &str) -> PathBuf {
        self.config()
    }

    fn memory(&self, _name: &str) -> PathBuf {
        self.config()
    }

    fn keyring(&self, name: &str) -> PathBuf {
        self.keyring_of(name)
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

    /// flatpak's own mark for a value that its user set.
    fn is_owners(&self, store: &RepoConfig, name: &str, key: &str) -> bool {
        let mark = self.mark_of(key).and_then(|mark| store.get(name, &mark));
        mark.is_some_and(|mark| value::decode_boolean(mark).unwrap_or(false))
    }

    fn mark_of(&self, key: &str) -> Option<String> {
        Some([key, "-is-set"].concat())
    }

    /// By a redirect, where there is no collection ID, and the options of the authenticator.
    fn may_be_servers(&self, key: &str) -> bool {
        matches!(key, "url" | "collection-id") || key.starts_with("xa.authenticator-options.")
    }

    fn is_mark(&self, key: &str) -> bool {
        key.ends_with("-is-set")
    }

    fn is_refreshed(&self, key: &str) -> bool {
        REFRESHED.contains(&key)
    }

    /// An option of the authenticator may be a server's, too; but that of an owner looks the same, and is
    /// what a login hangs on.
    fn is_servers(&self, key: &str) -> bool {
        self.is_refreshed(key) || key == "xa.gpg-keys-hash"
    }

    fn is_filled(&self, key: &str) -> bool {
        !NOT_FILLED.contains(&key)
    }

    fn placed(subject: &mut Subject<'_, '_, Self>, remote: &Remote) {
        filter::copy(subject, remote);
    }

    fn updated(subject: &mut Subject<'_, '_, Self>, remote: &Remote) {
        let keys_changed = subject.draft.beside.contains_key(subject.name);
        if keys_changed || subject.changed().iter().any(|key| key == "url") {
            let target = subject.draft.target;
            subject.forget(target.summaries(subject.name));
        }
        forget_oci(subject);
        filter::copy(subject, remote);
    }
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
