//! What is particular about a remote of flatpak: the marks of its owner, what servers refresh, and what
//! there is of it beside its group.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::config::RepoConfig;
use super::installation::Installation;
use crate::code;
use crate::remotes::draft::Beside;
use crate::remotes::intent;
use crate::remotes::target::{Store as _, Target};
use crate::remotes::{Remote, Subject};
use crate::report::{Dependent, KeyReport, Operation};

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
        Some(format!("{key}-is-set"))
    }

    /// By a redirect, and where there is no collection ID.
    fn may_be_servers(&self, key: &str) -> bool {
        matches!(key, "url" | "collection-id")
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
        copy_filter(subject, remote);
    }

    fn updated(subject: &mut Subject<'_, '_, Self>, remote: &Remote) {
        let keys_changed = subject.draft.beside.contains_key(subject.name);
        if keys_changed || subject.changed().iter().any(|key| key == "url") {
            let target = subject.draft.target;
            subject.forget(target.summaries(subject.name));
        }
        forget_oci(subject);
        copy_filter(subject, remote);
    }
}

/// flatpak falls back to a copy of the filter when the file itself is gone, but makes that copy
/// only in `remote-modify`. The copy goes with the vendor's filter.
fn copy_filter(subject: &mut Subject<'_, '_, Installation>, remote: &Remote) {
    let Some(setting) = remote.get("xa.filter") else {
        let draft = &subject.draft;
        let has = |store: &RepoConfig| store.get(subject.name, "xa.filter").is_some();
        let copy = draft.target.filter_copy(subject.name);
        let is_there = draft.observed.files.contains_key(&copy);
        if is_there && has(&draft.before) && !has(&draft.store) {
            subject.forget([copy]);
        }
        return;
    };
    if subject.draft.store.get(subject.name, &setting.key) != Some(setting.value.as_bstr()) {
        return;
    }
    let Ok(filter) = value::decode_string(&setting.value) else {
        return;
    };
    let path = subject.draft.target.filter_copy(subject.name);
    let existing = subject.draft.observed.files.get(&path);
    let heading = format!("# backup copy of {filter}, do not edit!\n");
    match subject.draft.observed.references.get(Path::new(&filter)) {
        Some(text) => {
            let copy = [heading.as_bytes(), text].concat();
            if existing != Some(&copy) {
                subject.beside([Beside {
                    operation: Operation::WriteFile,
                    subject: escape_path(&path).to_string(),
                    path: path.clone(),
                }]);
                subject.draft.files.insert(path, copy);
            }
        }
        None if existing.is_none_or(|copy| !copy.starts_with(heading.as_bytes())) => {
            let key = KeyReport {
                key: setting.key.to_string(),
                baseline: None,
                actual: None,
                desired: None,
                source: Some(setting.source.clone()),
                action: None,
            };
            let (place, line) = subject.place_of(&key);
            let finding = code::MISSING_FILTER.warning(
                place,
                format!(
                    "Filter={filter}: cannot be read, so flatpak cannot use the remote {}",
                    subject.name
                ),
            );
            subject
                .draft
                .findings
                .push(line.into_iter().fold(finding, Finding::at));
        }
        None => {}
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
