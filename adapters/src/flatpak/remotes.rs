//! The remotes: the tables of [`reconcile`] applied to the groups of `repo/config`. Pure.

mod facts;
mod side_files;
mod summary;

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice as _};
use overlay_resolver::finding::Finding;

use super::keys::Known;
use super::layered::{Layered, Source, Want};
use super::plan::Draft;
use super::repofile::Remote;
use super::{ORIGIN, REMOTES};
use crate::openpgp::Keyring;
use crate::reconcile::{self, Action, Actual, KeyAction, Marks, Wanted};
use crate::report::{Change, EntryReport, KeyReport, Operation, State};

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

/// The key that hides a remote from browsing.
const HIDDEN: &str = "xa.noenumerate";

/// Plans all remotes, in byte order of their names.
pub(super) fn plan(draft: &mut Draft<'_>, source: &Source<Remote>) -> Vec<EntryReport> {
    let mut names: BTreeSet<String> = source.entries.keys().cloned().collect();
    let managed = draft
        .before
        .remotes()
        .filter(|name| draft.before.get(name, ORIGIN).is_some());
    names.extend(managed.map(str::to_owned));
    names.extend(draft.before.withheld().map(str::to_owned));
    let entries: Vec<_> = names
        .iter()
        .filter_map(|name| Subject::new(draft, source, name).plan())
        .collect();
    for entry in &entries {
        unite_names(draft, source, &entry.name, entry.state == State::Deleted);
    }
    entries
}

/// Keeps the names of one remote of one mind: deleted under one of them, it is deleted under all, also
/// after a rollback to an image that calls it otherwise; there under one of them, it is only withheld
/// under the others.
fn unite_names(draft: &mut Draft<'_>, source: &Source<Remote>, name: &str, deleted: bool) {
    let Some(Want::Present(remote)) = source.entries.get(name).map(|layered| &layered.want) else {
        return;
    };
    // One that the layers still ship is an entry of its own.
    let later = draft.before.later_name(name).map(str::to_owned);
    let later = later.filter(|later| !source.entries.contains_key(later));
    let formers: Vec<&String> = remote
        .former_names
        .iter()
        .filter(|former| !source.entries.contains_key(*former))
        .collect();
    for former in &formers {
        if draft.before.marks(former).offered {
            draft.config.rename(former, name);
        }
    }
    let marks = if deleted {
        Marks::OFFERED
    } else {
        Marks::WITHHELD
    };
    for other in formers.into_iter().chain(&later) {
        if draft.before.marks(other).offered && !draft.config.has_remote(other) {
            draft.config.mark(other, marks);
        }
    }
}

/// One remote being planned.
struct Subject<'d, 'a> {
    draft: &'d mut Draft<'a>,
    source: &'d Source<Remote>,
    name: &'d str,
    layered: Option<&'d Layered<Remote>>,
    wanted: Wanted,
    /// The mask that hides it, be it one of a former name.
    mask: Option<String>,
    keys: Vec<KeyReport>,
    changes: Vec<Change>,
}

impl<'d, 'a> Subject<'d, 'a> {
    fn new(draft: &'d mut Draft<'a>, source: &'d Source<Remote>, name: &'d str) -> Self {
        let layered = source.entries.get(name);
        let mut subject = Self {
            wanted: layered.map_or(Wanted::Withdrawn, |layered| layered.want.wanted()),
            mask: None,
            keys: Vec::new(),
            changes: Vec::new(),
            draft,
            source,
            name,
            layered,
        };
        subject.mask = subject.mask();
        if subject.mask.is_some() {
            subject.wanted = Wanted::Masked;
        }
        let broken = subject.draft.observed.broken.get(name);
        if let Some(finding) = broken {
            subject.draft.findings.push(finding.clone());
        }
        if broken.is_some() || subject.wanted == Wanted::Withdrawn && !source.complete {
            subject.wanted = Wanted::Unresolved;
        }
        subject
    }

    fn plan(mut self) -> Option<EntryReport> {
        let actual = self.actual();
        let before = self.marks();
        let (action, marks) = reconcile::entry(self.wanted, actual, before);
        self.draft.config.mark(self.name, marks);
        let (state, reason) = match action {
            Action::Leave => self.leave(actual, before)?,
            Action::Create => self.create(),
            Action::Adopt => self.adopt(),
            Action::Update => self.update(),
            Action::Remove => self.remove(),
            Action::Hide => self.hide(),
            Action::Release => self.release(),
        };
        Some(EntryReport {
            adapter: REMOTES,
            name: self.name.into(),
            state,
            reason,
            layered: None,
            keys: self.keys,
            changes: self.changes,
        })
    }

    fn leave(&mut self, actual: Actual, before: Marks) -> Option<(State, String)> {
        Some(match (self.wanted, actual) {
            (Wanted::Unresolved, _) => self.unresolved(),
            (Wanted::Masked, Actual::Absent) => {
                if before.withheld {
                    self.clean();
                }
                (State::Masked, self.mask.clone().unwrap_or_default())
            }
            (Wanted::Masked, _) => (
                State::Foreign,
                format!(
                    "{}, but this remote was made by somebody else, so it stays",
                    self.mask.clone().unwrap_or_default()
                ),
            ),
            (Wanted::Present, Actual::Absent) => (
                State::Deleted,
                format!("`overlayctl restore {}` brings it back", self.name),
            ),
            (Wanted::Present, _) => (
                State::Foreign,
                format!(
                    "a remote of this name with another URL was made by somebody else; `overlayctl adopt {}` takes it over",
                    self.name
                ),
            ),
            (Wanted::Withdrawn, Actual::Absent) => {
                if !before.withheld || self.clean().is_empty() {
                    return None;
                }
                (State::Removed, "withdrawn by the vendor".into())
            }
            (Wanted::Withdrawn, _) => return None,
        })
    }

    fn create(&mut self) -> (State, String) {
        let Some(remote) = self.remote() else {
            return (State::Failed, String::new());
        };
        self.changes.push(Change::new(Operation::Create, self.name));
        let config = &mut self.draft.config;
        for setting in &remote.settings {
            config.put(self.name, setting.key, Some(setting.value.as_bstr()));
        }
        config.put(self.name, ORIGIN, Some("created".into()));
        for setting in &remote.settings {
            config.put(
                self.name,
                &baseline_key(setting.key),
                Some(setting.value.as_bstr()),
            );
            self.changes.push(Change::of_key(
                setting.key,
                None,
                Some(setting.value.clone()),
            ));
            self.keys.push(KeyReport {
                key: setting.key.into(),
                baseline: None,
                actual: None,
                desired: Some(setting.value.clone()),
                source: Some(setting.source),
                action: Some(KeyAction::Write),
            });
        }
        // What lies there without a remote belongs to nobody and must not be trusted.
        let keys = Known {
            actual: Keyring::default(),
            baseline: &BTreeSet::new(),
            interrupted: &BTreeSet::new(),
        }
        .reconcile(&remote.keyring, false);
        self.write_keys(&keys);
        self.copy_filter(remote);
        (
            State::Applied,
            format!("new entry from {}", self.origin_path()),
        )
    }

    fn adopt(&mut self) -> (State, String) {
        let Some(remote) = self.remote() else {
            return (State::Failed, String::new());
        };
        if let Err(failed) = self.update_keyring(remote) {
            return failed;
        }
        self.draft
            .config
            .put(self.name, ORIGIN, Some("adopted".into()));
        for setting in &remote.settings {
            let desired = setting.value.as_bstr();
            let actual = self
                .draft
                .before
                .get(self.name, setting.key)
                .map(BStr::to_owned);
            // Without the key libostree verifies, so `false` would take something away.
            let weakens = setting.key.starts_with("gpg-verify") && desired == "false";
            let fill = actual.is_none() && !weakens && !NOT_FILLED.contains(&setting.key);
            let former = setting.key == "url"
                && remote
                    .former_urls
                    .iter()
                    .any(|url| Some(url) == actual.as_ref());
            let action = if actual.as_ref().is_some_and(|actual| actual == desired) {
                KeyAction::Record
            } else if (fill || former) && !self.is_owners(setting.key) {
                KeyAction::Write
            } else {
                KeyAction::Keep { conflict: false }
            };
            if action == KeyAction::Write {
                self.draft.config.put(self.name, setting.key, Some(desired));
                self.changes.push(Change::of_key(
                    setting.key,
                    actual.clone(),
                    Some(desired.into()),
                ));
            }
            // As if we had written the vendor's values once: what differs is the owner's from now on.
            self.draft
                .config
                .put(self.name, &baseline_key(setting.key), Some(desired));
            self.keys.push(KeyReport {
                key: setting.key.into(),
                baseline: None,
                actual,
                desired: Some(desired.into()),
                source: Some(setting.source),
                action: Some(action),
            });
        }
        self.copy_filter(remote);
        let yours = self.owners_keys();
        let reason = if yours.is_empty() {
            "was there before and follows the vendor from now on".into()
        } else {
            format!(
                "was there before and follows the vendor from now on, except {}",
                yours.join(", ")
            )
        };
        (State::Adopted, reason)
    }

    fn update(&mut self) -> (State, String) {
        let Some(remote) = self.remote() else {
            return (State::Failed, String::new());
        };
        if let Err(failed) = self.update_keyring(remote) {
            return failed;
        }
        for setting in &remote.settings {
            let desired = setting.value.as_bstr();
            self.reconcile_key(setting.key, Some(desired), Some(setting.source));
        }
        for key in self.baselines().into_keys() {
            if remote.get(&key).is_none() {
                self.reconcile_key(&key, None, None);
            }
        }
        for key in self.additions() {
            let actual = self.draft.before.get(self.name, &key).map(BStr::to_owned);
            self.keys.push(KeyReport {
                key,
                baseline: None,
                actual,
                desired: None,
                source: None,
                action: Some(KeyAction::Keep { conflict: false }),
            });
        }
        let url_or_keys = |change: &Change| {
            change.subject == "url"
                || change.operation != Operation::Set && change.operation != Operation::Unset
        };
        if self.changes.iter().any(url_or_keys) {
            self.draft
                .obsolete
                .extend(self.draft.paths.summaries(self.name));
        }
        self.forget_oci();
        self.copy_filter(remote);
        self.summary()
    }

    fn reconcile_key(
        &mut self,
        key: &str,
        desired: Option<&BStr>,
        source: Option<(&'static str, &'static str)>,
    ) {
        let baseline = self
            .draft
            .before
            .get(self.name, &baseline_key(key))
            .map(BStr::to_owned);
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        let action = reconcile::key(self.key(key, baseline.as_ref().map(|b| b.as_bstr()), desired));
        if action == KeyAction::Write {
            self.draft.config.put(self.name, key, desired);
            self.changes.push(Change::of_key(
                key,
                actual.clone(),
                desired.map(BStr::to_owned),
            ));
        }
        if matches!(action, KeyAction::Write | KeyAction::Record) {
            self.draft
                .config
                .put(self.name, &baseline_key(key), desired);
        }
        self.keys.push(KeyReport {
            key: key.into(),
            baseline,
            actual,
            desired: desired.map(BStr::to_owned),
            source,
            action: Some(action),
        });
    }

    fn remove(&mut self) -> (State, String) {
        self.changes.push(Change::new(Operation::Remove, self.name));
        self.draft.config.remove(self.name);
        self.clean();
        match self.mask.clone() {
            Some(mask) => (State::Masked, mask),
            None => (State::Removed, "withdrawn by the vendor".into()),
        }
    }

    fn hide(&mut self) -> (State, String) {
        // Where the owner hid it already there is nothing of ours to record, or to take back later.
        let hidden = self.draft.before.get(self.name, HIDDEN);
        if hidden.is_none_or(|value| value != "true") {
            self.reconcile_key(HIDDEN, Some("true".into()), None);
        }
        let why = self
            .mask
            .clone()
            .unwrap_or_else(|| "withdrawn by the vendor".into());
        self.draft.findings.push(Finding::warning(
            self.draft.paths.config(),
            format!(
                "{}: {why}, but apps or runtimes from it are installed: kept and hidden from browsing until they are gone",
                self.name
            ),
        ));
        (
            State::Kept,
            format!("{why}, but still in use: hidden from browsing"),
        )
    }

    fn release(&mut self) -> (State, String) {
        let ours: Vec<String> = self
            .draft
            .before
            .remote(self.name)
            .into_iter()
            .filter_map(|(key, _)| key.to_str().ok())
            .filter(|key| key == &ORIGIN || key.starts_with(&format!("{ORIGIN}.")))
            .map(str::to_owned)
            .collect();
        for key in ours {
            self.draft.config.put(self.name, &key, None);
        }
        (
            State::Released,
            "withdrawn by the vendor, but adopted or edited by you: it is yours now".into(),
        )
    }
}

fn baseline_key(key: &str) -> String {
    format!("{ORIGIN}.{key}")
}
