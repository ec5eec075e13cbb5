//! Remotes, whoever reads them: the tables of [`reconcile`] applied to groups of keys. Pure.
//!
//! What flatpak and ostree call a remote is the same thing: a named group of keys, and a keyring. What
//! differs between their places is behind `Target`; what follows from the tables is here, once.

mod adoption;
pub(crate) mod baseline;
mod changes;
pub mod collection;
pub(crate) mod collections;
pub(crate) mod draft;
mod facts;
mod former;
pub(crate) mod group;
#[cfg(test)]
pub(crate) mod histories;
pub(crate) mod intent;
mod keyring;
mod keys;
mod management;
pub mod name;
mod remote;
pub(crate) mod sources;
mod summary;
pub(crate) mod target;
mod verification;
mod victims;

use std::collections::BTreeSet;

use bstr::{BStr, ByteSlice as _};

use self::baseline::{Baseline, OF_COLLECTIONS, OF_REMOTES};
pub(crate) use self::changes::changes;
use self::draft::Draft;
pub(crate) use self::keyring::fingerprints;
use self::keys::Known;
use self::management::Management;
pub(crate) use self::remote::HISTORY_KEYS;
pub use self::remote::{OVERLAY, Origin, Remote, Setting};
use self::target::{Adoption, Store, Target};
use self::verification::needs_keys;
use crate::code;
use crate::openpgp::Keyring;
use crate::reconcile::{self, Action, Actual, KeyAction, Marks, Wanted};
use crate::report::{Decision, Dependent, EntryReport, Going, KeyReport, Mask, Wish};
use crate::source::{Layered, Source, Want};

/// The key that says that a remote is ours, and how it is managed.
pub(crate) const ORIGIN: &str = "x-overlayctl.remotes";
/// The key that lists the certificates which the vendor brought.
pub(crate) const KEYRING_BASELINE: &str = "x-overlayctl.remotes.keyring";
/// The key that says that it was us who hid the remote from browsing.
const HIDDEN_BY_US: &str = "x-overlayctl.hidden";

/// Plans all remotes, in byte order of their names.
pub(crate) fn plan<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<Remote>,
) -> Vec<EntryReport> {
    let mut names: BTreeSet<String> = source.entries.keys().cloned().collect();
    names.extend(managed(&draft.before).map(str::to_owned));
    names.extend(draft.before.remembered().into_iter().map(str::to_owned));
    names.extend(draft.observed.intent.names().map(str::to_owned));
    names.retain(|name| draft.is_meant(name));
    for name in &names {
        refuse_unreachable(draft, name);
    }
    let entries: Vec<_> = names
        .iter()
        .filter_map(|name| Subject::new(draft, source, name).plan())
        .collect();
    // Of what cannot be told, nothing follows for other names.
    for entry in entries.iter().filter(|entry| !entry.decision.is_failure()) {
        unite_names(
            draft,
            source,
            &entry.name,
            entry.decision == Decision::Deleted,
        );
    }
    entries
}

/// Writes what older versions remember in the form of this one, where a run writes anyway.
pub(crate) fn renew_baselines<T: Target>(draft: &mut Draft<'_, T>) {
    if draft.store == draft.before {
        return;
    }
    let names: Vec<String> = draft
        .store
        .remotes()
        .into_iter()
        .map(str::to_owned)
        .collect();
    for name in names
        .iter()
        .map(String::as_str)
        .chain([collections::REPOSITORY])
    {
        let is_written = draft.is_meant(name)
            && draft.store.has_remote(name)
            && draft.held(name).is_none()
            && !draft.observed.broken.contains_key(name)
            && !draft.target.is_never_written(&draft.store, name);
        for place in [OF_REMOTES, OF_COLLECTIONS] {
            if is_written && baseline::is_older(&draft.store, name, place) {
                Baseline::read(&draft.store, name, place).write(&mut draft.store, name, place);
            }
        }
    }
}

/// Says that a remote which the owner wants adopted cannot be, or not now.
fn refuse_unreachable<T: Target>(draft: &mut Draft<'_, T>, name: &str) {
    if draft.wish(name) != Some(&Wish::Adopt) {
        return;
    }
    if draft.target.adoption(&draft.before, name) == Adoption::Never {
        let place = draft.target.place(&draft.before, name);
        let why = draft.target.foreign(&draft.before, name);
        let advice = why.advice(name);
        let advice = advice.map_or_else(String::new, |advice| format!("; {advice}"));
        let message = format!("{name} cannot be adopted: {why}{advice}");
        draft
            .findings
            .push(code::CANNOT_ADOPT.error(place, message));
    } else if let Some(place) = draft.held(name) {
        let message = format!(
            "{name} cannot move from here: all deployments share this file, and this run does not write it; add `--scope all`"
        );
        draft
            .findings
            .push(code::OUT_OF_SCOPE.error(place, message));
    }
}

/// The remotes with our baseline.
pub(crate) fn managed(store: &impl Store) -> impl Iterator<Item = &str> {
    let remotes = store.remotes().into_iter();
    remotes.filter(|name| store.get(name, ORIGIN).is_some())
}

/// Keeps the names of one remote of one mind: deleted under one of them, it is deleted under all, also
/// after a rollback to an image that calls it otherwise; there under one of them, it is only withheld
/// under the others.
fn unite_names<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<Remote>,
    name: &str,
    deleted: bool,
) {
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
            draft.store.rename(former, name);
        }
    }
    let marks = if deleted {
        Marks::OFFERED
    } else {
        Marks::WITHHELD
    };
    let restored = !deleted && draft.wish(name) == Some(&Wish::Restore);
    for other in formers.into_iter().chain(&later) {
        // What was restored is so under all names, whatever an older mechanism knows of them.
        let known = draft.before.marks(other).offered || restored;
        if known && !draft.store.has_remote(other) {
            draft.store.mark(other, marks);
        }
    }
}

/// One remote being planned.
pub(crate) struct Subject<'d, 'a, T: Target> {
    pub(crate) draft: &'d mut Draft<'a, T>,
    source: &'d Source<Remote>,
    pub(crate) name: &'d str,
    layered: Option<&'d Layered<Remote>>,
    wanted: Wanted,
    /// The mask that hides it, be it one of a former name.
    mask: Option<Mask>,
    /// How the remote is managed; none if it is not ours.
    management: Option<Management>,
    /// What we last wrote, and what is to be remembered of this run.
    baseline: Baseline,
    next: Baseline,
    /// What `collections.d` last gave.
    given: Baseline,
    /// What the layers want, in byte order of the keys.
    by_key: Vec<&'d Setting>,
    keys: Vec<KeyReport>,
    /// Whether it was decided what the keyring holds.
    has_keyring: bool,
}

impl<'d, 'a, T: Target> Subject<'d, 'a, T> {
    fn new(draft: &'d mut Draft<'a, T>, source: &'d Source<Remote>, name: &'d str) -> Self {
        let layered = source.entries.get(name);
        let baseline = Baseline::read(&draft.before, name, OF_REMOTES);
        let given = Baseline::read(&draft.before, name, OF_COLLECTIONS);
        let mut subject = Self {
            management: Management::of(&draft.before, name),
            next: baseline.clone(),
            baseline,
            given,
            by_key: Vec::new(),
            wanted: layered.map_or(Wanted::Withdrawn, |layered| layered.want.wanted()),
            mask: None,
            keys: Vec::new(),
            has_keyring: false,
            draft,
            source,
            name,
            layered,
        };
        let remote = subject.remote().into_iter();
        subject.by_key = remote.flat_map(|remote| &remote.settings).collect();
        subject.by_key.sort_by_key(|setting| &*setting.key);
        subject.mask = subject.mask();
        if subject.mask.is_some() {
            subject.wanted = Wanted::Masked;
        }
        let broken = subject.draft.observed.broken.get(name);
        if let Some(finding) = broken {
            subject.draft.findings.push(finding.clone());
        }
        let before = &subject.draft.before;
        let is_ours = before.marks(name).offered || before.get(name, ORIGIN).is_some();
        let is_missed = is_ours && !source.complete && subject.wanted == Wanted::Withdrawn;
        // What was never put before its owner is not by being broken.
        let is_broken = broken.is_some() && (is_ours || layered.is_some());
        if is_broken || is_missed {
            subject.wanted = Wanted::Unresolved;
        }
        subject
    }

    fn plan(mut self) -> Option<EntryReport> {
        let actual = self.actual();
        let before = self.marks();
        let (action, marks) = reconcile::entry(self.wanted, actual, before);
        // Of a name that nobody ships and that is only in a dead run's intent, there is nothing to remember.
        if marks != before || self.wanted != Wanted::Withdrawn {
            self.draft.store.mark(self.name, marks);
        }
        let wish = self.draft.wish(self.name);
        let decision = match (action, self.remote()) {
            (Action::Update, _) if wish == Some(&Wish::Release) => Some(self.let_go()),
            (Action::Update, Some(remote)) if matches!(wish, Some(Wish::Revert(_))) => {
                Some(self.revert(remote))
            }
            (Action::Create, Some(remote)) => Some(self.create(remote)),
            (Action::Adopt, Some(remote)) => Some(self.adopt(remote)),
            (Action::Update, Some(remote)) => Some(self.update(remote)),
            (Action::Remove, _) => Some(self.remove()),
            (Action::Hide, _) => Some(self.hide()),
            (Action::Release, _) => Some(self.release()),
            (Action::Leave | Action::Create | Action::Adopt | Action::Update, _) => {
                self.leave(actual, before)
            }
        };
        self.settle();
        let decision = decision?;
        Some(EntryReport {
            adapter: self.draft.target.remotes().into(),
            name: self.name.into(),
            whole: true,
            is_ambiguous: false,
            decision,
            layered: None,
            beside: Vec::new(),
            keys: self.keys,
        })
    }

    fn leave(&mut self, actual: Actual, before: Marks) -> Option<Decision> {
        Some(match (self.wanted, actual, self.mask.clone()) {
            (Wanted::Masked, Actual::Absent, Some(mask)) => {
                if before.withheld {
                    self.clean();
                }
                Decision::Masked { mask }
            }
            (Wanted::Masked, _, Some(mask)) => Decision::MaskedForeign { mask },
            (Wanted::Present, ..) if self.management == Some(Management::Released) => {
                Decision::ReleasedByOwner
            }
            (Wanted::Unresolved, ..) | (Wanted::Masked, _, None) => self.unresolved(),
            (Wanted::Present, Actual::Absent, _) => {
                self.clean();
                Decision::Deleted
            }
            (Wanted::Present, ..) => {
                let draft = &self.draft;
                Decision::Foreign(draft.target.foreign(&draft.before, self.name))
            }
            (Wanted::Withdrawn, Actual::Absent, _) => {
                if !before.withheld || self.clean().is_empty() {
                    return None;
                }
                Decision::Removed {
                    why: Going::Withdrawn,
                }
            }
            (Wanted::Withdrawn, ..) => return None,
        })
    }

    fn create(&mut self, remote: &Remote) -> Decision {
        let carried = self.carried();
        for setting in &remote.settings {
            let own = carried.edits.get(&*setting.key);
            let value = own.map_or(Some(setting.value.as_bstr()), |own| {
                own.as_ref().map(|own| own.as_bstr())
            });
            self.draft.store.put(self.name, &setting.key, value);
        }
        Management::Created.write(&mut self.draft.store, self.name);
        for (key, value) in &carried.edits {
            if !self.is_wanted(key) {
                let value = value.as_ref().map(|value| value.as_bstr());
                self.draft.store.put(self.name, key, value);
            }
        }
        for setting in &remote.settings {
            self.next
                .record(&setting.key, Some(setting.value.as_bstr()));
            self.keys.push(KeyReport {
                key: setting.key.to_string(),
                baseline: None,
                actual: None,
                desired: Some(setting.value.clone()),
                source: Some(setting.source.clone()),
                action: Some(KeyAction::Write),
            });
        }
        // What lies there without a remote belongs to nobody and must not be trusted; what the owner
        // trusted under a former name is.
        let keys = Known {
            // A mask may have the very place of the keyring.
            actual: if remote.is_keyring_masked {
                Keyring::default()
            } else {
                carried.certificates
            },
            baseline: &BTreeSet::new(),
            interrupted: &BTreeSet::new(),
            adopted: false,
        }
        .reconcile(&remote.keyring, false);
        self.remember();
        self.write_keys(&keys);
        self.tell_expiring(&keys.keyring);
        if !keys.keyring.is_empty() {
            let path = self.draft.target.keyring(self.name);
            self.draft.files.insert(path, keys.keyring.to_bytes());
        }
        T::placed(self, remote);
        Decision::New {
            origin: self.origin_path(),
        }
    }

    /// Leaves a remote to its owner, who asks for it.
    fn let_go(&mut self) -> Decision {
        self.unhide();
        Management::Released.write(&mut self.draft.store, self.name);
        Decision::ReleasedByOwner
    }

    /// Gives keys back to the vendor, and leaves all else as it is. What is verified from now on gets its
    /// keyring: the vendor may have one for it that no run has brought yet.
    fn revert(&mut self, remote: &Remote) -> Decision {
        let keyring = match self.keyring() {
            Ok(keyring) => keyring,
            Err(finding) => return finding.into(),
        };
        for setting in &remote.settings {
            if self.is_reverted(&setting.key) {
                let desired = Some(setting.value.as_bstr());
                self.reconcile_key(&setting.key, desired, Some(setting.source.clone()));
            }
        }
        let others = [self.withdrawn_keys(remote), self.additions()].concat();
        for key in others
            .iter()
            .filter(|key| self.is_reverted(key))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        let [did, does] = [&self.draft.before, &self.draft.store]
            .map(|store| needs_keys(|key| store.get(self.name, key)));
        if does && !did {
            self.reconcile_keyring(keyring, remote);
        }
        T::updated(self, remote);
        self.summary()
    }

    fn update(&mut self, remote: &Remote) -> Decision {
        let keyring = match self.keyring() {
            Ok(keyring) => keyring,
            Err(finding) => return finding.into(),
        };
        if self.baseline.is_lost() {
            self.tell_lost();
        }
        if self.management == Some(Management::Withdrawn) {
            Management::Adopted.write(&mut self.draft.store, self.name);
        }
        self.unhide();
        for setting in &remote.settings {
            let desired = setting.value.as_bstr();
            self.reconcile_key(&setting.key, Some(desired), Some(setting.source.clone()));
        }
        for key in self.withdrawn_keys(remote) {
            self.reconcile_key(&key, None, None);
        }
        self.remember();
        self.reconcile_keyring(keyring, remote);
        self.note_additions();
        self.tell_unverified(remote);
        T::updated(self, remote);
        self.summary()
    }

    /// What the layers say nothing of, and its owner has, is left.
    fn note_additions(&mut self) {
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
    }

    /// Writes down what this run leaves as ours, if that is news.
    fn remember(&mut self) {
        if self.next != self.baseline {
            self.next
                .write(&mut self.draft.store, self.name, OF_REMOTES);
        }
    }

    fn reconcile_key(&mut self, key: &str, desired: Option<&BStr>, source: Option<Origin>) {
        let baseline = self.baseline.get(key).map(BStr::to_owned);
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        let action = reconcile::key(self.key(key, baseline.as_ref().map(|b| b.as_bstr()), desired));
        if action == KeyAction::Write {
            self.draft.store.put(self.name, key, desired);
        }
        if self.is_reverted(key)
            && let Some(mark) = self.draft.target.mark_of(key)
        {
            self.draft.store.put(self.name, &mark, None);
        }
        // Where nobody can tell what we wrote, what differs is the owner's from now on, as at adoption.
        if matches!(action, KeyAction::Write | KeyAction::Record) || self.baseline.is_lost() {
            self.next.record(key, desired);
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

    fn remove(&mut self) -> Decision {
        self.draft.store.remove(self.name);
        self.clean();
        Decision::Removed { why: self.going() }
    }

    fn hide(&mut self) -> Decision {
        if let Some(key) = T::HIDDEN {
            self.hide_by(key);
        }
        let why = self.going();
        let message = match T::DEPENDENT {
            Dependent::Apps => {
                "apps or runtimes from it are installed: kept and hidden from browsing until they are gone"
            }
            Dependent::Deployment => {
                "a deployment follows it: kept until none does, so that the system can be updated"
            }
        };
        let message = format!("{}: {why}, but {message}", self.name);
        let finding = code::IN_USE.warning(self.place(), message);
        self.draft.findings.push(finding);
        let user = T::DEPENDENT;
        Decision::InUse { why, user }
    }

    fn going(&self) -> Going {
        self.mask.clone().map_or(Going::Withdrawn, Going::Masked)
    }

    /// Hides a remote that has to stay, unless its owner had a say in that.
    fn hide_by(&mut self, key: &'static str) {
        let is_true = |value: Option<&BStr>| value.is_some_and(|value| value == "true");
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        let was_hidden = self.is_hidden_by_us() || is_true(self.baseline.get(key));
        if was_hidden || is_true(actual.as_ref().map(|value| value.as_bstr())) {
            return;
        }
        for key in [key, HIDDEN_BY_US] {
            self.draft.store.put(self.name, key, Some("true".into()));
        }
    }

    /// Takes back that we hid it.
    fn unhide(&mut self) {
        let Some(key) = T::HIDDEN.filter(|_| self.is_hidden_by_us()) else {
            return;
        };
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        self.draft.store.put(self.name, HIDDEN_BY_US, None);
        if actual.as_ref().is_some_and(|value| value == "true") {
            self.draft.store.put(self.name, key, None);
        }
    }

    fn release(&mut self) -> Decision {
        self.unhide();
        if self.baseline.is_lost() || !self.draft.before.marks(self.name).offered {
            // The owner made it of one of ours, by a copy or by another name.
            for key in [ORIGIN, KEYRING_BASELINE] {
                self.draft.store.put(self.name, key, None);
            }
            baseline::forget(&mut self.draft.store, self.name, OF_REMOTES);
        } else {
            Management::Withdrawn.write(&mut self.draft.store, self.name);
        }
        Decision::Released
    }
}

impl<T> Want<T> {
    /// The same in the words of the tables.
    pub(crate) const fn wanted(&self) -> Wanted {
        match self {
            Self::Present(_) => Wanted::Present,
            Self::Masked(_) => Wanted::Masked,
            Self::Unresolved(_) => Wanted::Unresolved,
            Self::Headless => Wanted::Withdrawn,
        }
    }
}
