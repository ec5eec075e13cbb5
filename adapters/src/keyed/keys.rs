//! The keys of one entry being planned: what becomes of each, and what is told of it.

use bstr::{BStr, BString, ByteSlice as _};

use super::entry::{Entry, Origin};
use super::key::KeyName;
use super::store::Store;
use super::subject::Subject;
use super::target::Target;
use crate::reconcile::{self, KeyAction};
use crate::report::{KeyReport, Matter};

impl<T: Target> Subject<'_, '_, T> {
    /// What the layers say nothing of, and its owner has or took away, is left.
    pub(super) fn note_additions(&mut self) {
        for key in [self.additions(), self.others_taken_away()].concat() {
            let actual = self.draft.before.get(self.name, &key).map(BStr::to_owned);
            let given = self.given.iter().find_map(|given| given.get(&key));
            let is_unclear = self.may_be_servers(&key);
            self.keys.push(KeyReport {
                is_unclear,
                baseline: given.map(BStr::to_owned),
                key: key.to_string(),
                actual,
                desired: None,
                source: None,
                action: Some(KeyAction::Keep { conflict: false }),
            });
        }
    }

    /// What was brought beside it and its owner took away, with the key that it follows from.
    pub(crate) fn note_taken_out(
        &mut self,
        what: String,
        source: Option<(&'static str, &'static str)>,
    ) {
        let there = Some(BString::from("there"));
        self.keys.push(KeyReport {
            key: what,
            baseline: there.clone(),
            actual: None,
            desired: there,
            source: source.map(|(section, key)| (section.into(), key.into())),
            action: Some(KeyAction::Keep { conflict: false }),
            is_unclear: false,
        });
    }

    /// Writes down what this run leaves as ours, if that is news.
    pub(super) fn remember(&mut self) {
        if self.next != self.baseline {
            let place = T::Store::NOTES.baseline;
            self.next.write(&mut self.draft.store, self.name, place);
        }
        self.note_bundles();
    }

    pub(super) fn reconcile_key(
        &mut self,
        key: &KeyName<'_>,
        desired: Option<&BStr>,
        source: Option<Origin>,
    ) {
        let baseline = self.baseline.get(key).map(BStr::to_owned);
        let actual = self.draft.before.get(self.name, key).map(BStr::to_owned);
        let action = reconcile::key(self.key(key, baseline.as_ref().map(|b| b.as_bstr()), desired));
        if action == KeyAction::Write {
            self.draft.store.put(self.name, key, desired);
            self.tell_overwritten(key, baseline.as_ref(), actual.as_ref(), desired);
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
        let is_kept = matches!(action, KeyAction::Keep { .. });
        self.keys.push(KeyReport {
            key: key.to_string(),
            is_unclear: is_kept && self.may_be_servers(key),
            baseline,
            actual,
            desired: desired.map(BStr::to_owned),
            source,
            action: Some(action),
        });
    }

    /// Says that a value goes which neither we nor the vendor wrote. Who gives it back does not have to be told.
    fn tell_overwritten(
        &mut self,
        key: &KeyName<'_>,
        baseline: Option<&BString>,
        actual: Option<&BString>,
        desired: Option<&BStr>,
    ) {
        let Some(actual) = actual.filter(|_| actual != baseline && !self.is_reverted(key)) else {
            return;
        };
        let is_former = |entry: &Entry| entry.is_former(key, Some(actual.as_bstr()));
        if self.entry().is_some_and(is_former) {
            return;
        }
        let target = self.draft.target;
        let matter = Matter::Overwritten {
            name: self.name.into(),
            key: key.to_string(),
            actual: actual.clone(),
            desired: desired.map(BStr::to_owned),
            mark: target.mark_of(key).map(|mark| mark.to_string()),
        };
        self.draft.remarks.push(matter.at(self.place(), None));
    }

    /// What a server brought beside it, with the key that it would follow from.
    pub(crate) fn note_servers(
        &mut self,
        what: String,
        source: Option<(&'static str, &'static str)>,
    ) {
        // Of an entry that is not looked at key by key, this is not either.
        if self.keys.is_empty() {
            return;
        }
        self.keys.push(KeyReport {
            key: what,
            actual: Some("there".into()),
            source: source.map(|(section, key)| (section.into(), key.into())),
            action: Some(KeyAction::Drift),
            ..KeyReport::default()
        });
    }
}
