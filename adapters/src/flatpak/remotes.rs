//! The remotes: the tables of [`reconcile`] applied to the groups of `repo/config`. Pure.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::keys::{Keys, Known};
use super::layered::{Layered, Source, Want};
use super::observe::fingerprints;
use super::plan::Draft;
use super::repofile::Remote;
use super::{COLLECTION_BASELINE, KEYRING_BASELINE, ORIGIN, REMOTES};
use crate::openpgp::Keyring;
use crate::reconcile::{self, Action, Actual, Key, KeyAction, Marks, Wanted};
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
    names
        .iter()
        .filter_map(|name| Subject::new(draft, source, name).plan())
        .collect()
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
        if subject.wanted == Wanted::Withdrawn && !source.complete {
            subject.wanted = Wanted::Unresolved;
        }
        subject
    }

    fn remote(&self) -> Option<&'d Remote> {
        match &self.layered?.want {
            Want::Present(remote) => Some(remote),
            _ => None,
        }
    }

    /// A mask of a name that the vendor has since changed still says what the owner wants.
    fn mask(&self) -> Option<String> {
        if let Want::Masked(path) = &self.layered?.want {
            return Some(format!("masked by {}", escape_path(path)));
        }
        self.remote()?.former_names.iter().find_map(|former| {
            match &self.source.entries.get(former)?.want {
                Want::Masked(path) => Some(format!(
                    "masked by {} under its former name",
                    escape_path(path)
                )),
                _ => None,
            }
        })
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

    /// What is remembered of the name, with what the owner or an older mechanism has to say to it.
    fn marks(&self) -> Marks {
        let config = &self.draft.before;
        let marks = config.marks(self.name);
        let absent = !config.has_remote(self.name);
        if absent && self.draft.request.restore.contains(self.name) {
            return if marks.tombstone() || self.inherited_tombstone() {
                Marks::WITHHELD
            } else {
                marks
            };
        }
        if absent && !marks.offered && self.inherited_tombstone() {
            return Marks::OFFERED;
        }
        marks
    }

    /// Whether the owner deleted the remote before this name was ever offered: under a former name,
    /// or by the stamp of an older mechanism.
    fn inherited_tombstone(&self) -> bool {
        let Some(remote) = self.remote() else {
            return false;
        };
        let config = &self.draft.before;
        let deleted =
            |former: &String| config.marks(former).tombstone() && !config.has_remote(former);
        remote.former_names.iter().any(deleted)
            || remote
                .deleted_if
                .as_ref()
                .is_some_and(|stamp| self.draft.observed.stamps.contains(stamp))
    }

    fn actual(&self) -> Actual {
        let config = &self.draft.before;
        if !config.has_remote(self.name) {
            return Actual::Absent;
        }
        if config.get(self.name, ORIGIN).is_none() {
            let same_url = self.remote().is_some_and(|remote| {
                let url = config.get(self.name, "url");
                let wanted = remote.get("url").map(|setting| setting.value.as_bstr());
                url == wanted
                    || remote
                        .former_urls
                        .iter()
                        .any(|former| url == Some(former.as_bstr()))
            });
            return Actual::Theirs {
                same_identity: same_url || self.draft.request.adopt.contains(self.name),
            };
        }
        Actual::Ours {
            pristine: self.is_pristine(),
            in_use: self.draft.observed.in_use.contains(self.name),
        }
    }

    /// Whether it is as we made it, what a server refreshes aside.
    fn is_pristine(&self) -> bool {
        let config = &self.draft.before;
        let created = config
            .get(self.name, ORIGIN)
            .is_some_and(|origin| origin == "created");
        let vendors = fingerprints(config, self.name);
        let only_vendors_keys = self
            .draft
            .observed
            .files
            .get(&self.draft.paths.keyring(self.name))
            .is_none_or(|bytes| {
                Keyring::parse(bytes)
                    .is_ok_and(|ring| ring.iter().all(|cert| vendors.contains(cert.fingerprint())))
            });
        created
            && only_vendors_keys
            && self.baselines().into_iter().all(|(key, baseline)| {
                let action = reconcile::key(self.key(
                    &key,
                    Some(baseline.as_bstr()),
                    Some(baseline.as_bstr()),
                ));
                matches!(action, KeyAction::Record | KeyAction::Drift)
            })
            && self.additions().is_empty()
    }

    /// What we last wrote, by key.
    fn baselines(&self) -> BTreeMap<String, BString> {
        let prefix = format!("{ORIGIN}.");
        self.draft
            .before
            .remote(self.name)
            .into_iter()
            .filter(|(key, _)| *key != KEYRING_BASELINE)
            .filter_map(|(key, value)| {
                Some((
                    key.to_str().ok()?.strip_prefix(&prefix)?.to_owned(),
                    value.into(),
                ))
            })
            .collect()
    }

    /// The keys that neither we nor a server wrote: the owner's additions.
    fn additions(&self) -> Vec<String> {
        let baselines = self.baselines();
        let desired = |key: &str| {
            self.remote()
                .is_some_and(|remote| remote.get(key).is_some())
        };
        self.draft
            .before
            .remote(self.name)
            .into_iter()
            .filter_map(|(key, _)| key.to_str().ok())
            .filter(|key| {
                let servers = REFRESHED.contains(key)
                    || *key == "xa.gpg-keys-hash"
                    || key.starts_with("xa.authenticator-options.");
                let ours = key.starts_with("x-overlayctl.")
                    || baselines.contains_key(*key)
                    || desired(key);
                let of_collections = *key == "collection-id"
                    && self.draft.before.get(self.name, key)
                        == self.draft.before.get(self.name, COLLECTION_BASELINE);
                !(servers && !self.is_owners(key)
                    || ours
                    || of_collections
                    || key.ends_with("-is-set"))
            })
            .map(str::to_owned)
            .collect()
    }

    /// flatpak's own mark for a value that its user set.
    fn is_owners(&self, key: &str) -> bool {
        let mark = self.draft.before.get(self.name, &format!("{key}-is-set"));
        mark.is_some_and(|mark| value::decode_boolean(mark).unwrap_or(false))
    }

    fn key<'k>(
        &'k self,
        key: &str,
        baseline: Option<&'k BStr>,
        desired: Option<&'k BStr>,
    ) -> Key<'k> {
        let config = &self.draft.before;
        let actual = config.get(self.name, key);
        let of_collections = key == "collection-id"
            && actual.is_some()
            && actual == config.get(self.name, COLLECTION_BASELINE);
        let former_url = key == "url"
            && self.remote().is_some_and(|r| {
                r.former_urls
                    .iter()
                    .any(|url| actual == Some(url.as_bstr()))
            });
        Key {
            baseline: (if former_url { actual } else { baseline }).map(|v| v.as_bytes()),
            actual: actual.filter(|_| !of_collections).map(|v| v.as_bytes()),
            desired: desired.map(|v| v.as_bytes()),
            owners: self.is_owners(key),
            refreshed: REFRESHED.contains(&key),
        }
    }

    fn leave(&mut self, actual: Actual, before: Marks) -> Option<(State, String)> {
        Some(match (self.wanted, actual) {
            (Wanted::Unresolved, _) => self.unresolved(),
            (Wanted::Masked, Actual::Absent) => {
                self.clean();
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

    fn unresolved(&self) -> (State, String) {
        let why = match self.layered.map(|layered| &layered.want) {
            Some(Want::Unresolved(finding)) => finding.to_string(),
            _ => "a layer is missing, so nobody can tell whether the vendor withdrew it".into(),
        };
        (State::Failed, why)
    }

    fn origin_path(&self) -> String {
        self.layered
            .and_then(|layered| layered.entry.effective().next())
            .map_or_else(String::new, |fragment| {
                escape_path(&fragment.path).to_string()
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
            let fill = actual.is_none() && !NOT_FILLED.contains(&setting.key);
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

    /// OCI remotes are stored differently; what the other kind left is no use to this one.
    fn forget_oci(&mut self) {
        let is_oci = |config: &super::config::RepoConfig| {
            config
                .get(self.name, "url")
                .is_some_and(|url| url.starts_with(b"oci+"))
        };
        let (was, will_be) = (is_oci(&self.draft.before), is_oci(&self.draft.config));
        if was != will_be {
            self.draft
                .obsolete
                .insert(self.draft.paths.appstream(self.name));
        }
        if was && !will_be {
            self.draft.obsolete.extend(self.draft.paths.oci(self.name));
        }
    }

    fn summary(&mut self) -> (State, String) {
        let conflicts: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.action == Some(KeyAction::Keep { conflict: true }))
            .cloned()
            .collect();
        if !conflicts.is_empty() {
            for key in &conflicts {
                self.report_conflict(key);
            }
            let names: Vec<_> = conflicts.iter().map(|key| key.key.as_str()).collect();
            return (
                State::Conflict,
                format!(
                    "you and the vendor changed {}; yours stays",
                    names.join(", ")
                ),
            );
        }
        let edited = self.owners_keys();
        if !edited.is_empty() {
            return (State::Edited, edited.join(", "));
        }
        if !self.changes.is_empty() {
            let subjects: Vec<_> = self
                .changes
                .iter()
                .map(|change| change.subject.as_str())
                .collect();
            return (State::Updated, subjects.join(", "));
        }
        (State::Applied, format!("as in {}", self.origin_path()))
    }

    fn owners_keys(&self) -> Vec<&str> {
        self.keys
            .iter()
            .filter(|key| key.is_owners())
            .map(|key| key.key.as_str())
            .collect()
    }

    fn report_conflict(&mut self, key: &KeyReport) {
        let show = |value: &Option<BString>| match value {
            Some(value) => format!("`{}`", escape(value)),
            None => "nothing".into(),
        };
        let (path, line) = self.place_of(key);
        let finding = Finding::warning(
            path,
            format!(
                "{}: {}: the vendor changed it from {} to {}, you have {}, which stays",
                self.name,
                key.key,
                show(&key.baseline),
                show(&key.desired),
                show(&key.actual)
            ),
        );
        self.draft.findings.push(match line {
            Some(line) => finding.at(line),
            None => finding,
        });
    }

    fn place_of(&self, key: &KeyReport) -> (std::path::PathBuf, Option<usize>) {
        let assignment = self
            .layered
            .zip(key.source)
            .and_then(|(layered, (section, source))| {
                let assignment = layered.merged.get(section, source)?;
                let fragment = layered.entry.fragments.get(assignment.fragment)?;
                Some((fragment.path.clone(), Some(*assignment.lines.start())))
            });
        assignment.unwrap_or_else(|| (self.draft.paths.config(), None))
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

    fn update_keyring(&mut self, remote: &Remote) -> Result<(), (State, String)> {
        let path = self.draft.paths.keyring(self.name);
        let bytes = self
            .draft
            .observed
            .files
            .get(&path)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let actual = match Keyring::parse(bytes) {
            Ok(actual) => actual,
            // One that holds no key verifies nothing; the vendor's make it whole again.
            Err(_) if bytes.is_empty() => Keyring::default(),
            Err(error) => {
                let finding = Finding::error(
                    path,
                    format!(
                        "{error}; the remote {} stays as it is until this file is mended or moved away",
                        self.name
                    ),
                );
                let reason = finding.to_string();
                self.draft.findings.push(finding);
                return Err((State::Failed, reason));
            }
        };
        let baseline = fingerprints(&self.draft.before, self.name);
        let empty = BTreeSet::new();
        let wants = remote
            .get("gpg-verify")
            .is_some_and(|setting| setting.value == "true");
        let has = self
            .draft
            .before
            .get(self.name, "gpg-verify")
            .is_none_or(|value| value == "true");
        let untouched = self
            .draft
            .before
            .get(self.name, &baseline_key("gpg-verify"))
            == self.draft.before.get(self.name, "gpg-verify");
        let keys = Known {
            actual,
            baseline: &baseline,
            interrupted: self
                .draft
                .observed
                .interrupted
                .get(self.name)
                .unwrap_or(&empty),
        }
        .reconcile(&remote.keyring, wants || (has && !untouched));
        self.write_keys(&keys);
        Ok(())
    }

    /// Puts the keyring and its baseline into the draft.
    fn write_keys(&mut self, keys: &Keys) {
        let path = self.draft.paths.keyring(self.name);
        if keys.keyring.is_empty() {
            if self.draft.observed.files.contains_key(&path) {
                self.draft.obsolete.insert(path);
            }
        } else if !keys.changes.is_empty() {
            self.draft.files.insert(path, keys.keyring.to_bytes());
        }
        let list = BString::from(value::encode_list(
            keys.vendors.iter().map(ToString::to_string),
        ));
        let list = (!keys.vendors.is_empty()).then_some(list.as_bstr());
        self.draft.config.put(self.name, KEYRING_BASELINE, list);
        self.changes.extend(keys.changes.iter().cloned());
    }

    /// flatpak falls back to a copy of the filter when the file itself is gone, but makes that copy
    /// only in `remote-modify`.
    fn copy_filter(&mut self, remote: &Remote) {
        let Some(setting) = remote.get("xa.filter") else {
            return;
        };
        if self.draft.config.get(self.name, setting.key) != Some(setting.value.as_bstr()) {
            return;
        }
        let Ok(filter) = value::decode_string(&setting.value) else {
            return;
        };
        let path = self.draft.paths.filter_copy(self.name);
        let existing = self.draft.observed.files.get(&path);
        match self
            .draft
            .observed
            .filters
            .get(std::path::Path::new(&filter))
        {
            Some(text) => {
                let copy = [
                    format!("# backup copy of {filter}, do not edit!\n").as_bytes(),
                    text,
                ]
                .concat();
                if existing != Some(&copy) {
                    let operation = Operation::WriteFile;
                    self.changes
                        .push(Change::new(operation, escape_path(&path).to_string()));
                    self.draft.files.insert(path, copy);
                }
            }
            None if existing.is_none() => {
                let key = KeyReport {
                    key: setting.key.into(),
                    baseline: None,
                    actual: None,
                    desired: None,
                    source: Some(setting.source),
                    action: None,
                };
                let (place, line) = self.place_of(&key);
                let finding = Finding::warning(
                    place,
                    format!(
                        "Filter={filter}: cannot be read, so flatpak cannot use the remote {}",
                        self.name
                    ),
                );
                self.draft
                    .findings
                    .push(line.into_iter().fold(finding, Finding::at));
            }
            None => {}
        }
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

    /// Takes away what there is of a remote beside its group. Returns what that is.
    fn clean(&mut self) -> Vec<std::path::PathBuf> {
        let residue = self
            .draft
            .observed
            .residue
            .get(self.name)
            .cloned()
            .unwrap_or_default();
        for path in &residue {
            self.changes
                .push(Change::new(Operation::Clean, escape_path(path).to_string()));
        }
        self.draft.obsolete.extend(residue.iter().cloned());
        residue
    }

    fn hide(&mut self) -> (State, String) {
        self.reconcile_key(HIDDEN, Some("true".into()), None);
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
