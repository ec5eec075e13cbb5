//! What a plan changes, read off the entries before and as they are to be: nothing that is written can be
//! left out. Pure.
//!
//! What follows from another change is not told by itself: an entry that is made is offered, and a key
//! that is set is recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};
use overlay_resolver::escape::{escape, escape_path};

use super::baseline::Baseline;
use super::draft::{Beside, Draft};
use super::key::KeyName;
use super::management::Management;
use super::store::{Place, Remembered, Store};
use super::target::Target;
use crate::report::{Change, Operation};

/// All changes, entry by entry in byte order of the names.
pub(crate) fn changes<T: Target>(draft: &Draft<'_, T>) -> Vec<Change> {
    let (found, wanted) = (draft.before.memory_found(), draft.store.memory());
    // Whole copies are compared faster than entries are one by one, and most runs change nothing.
    let is_as_found = draft.before == draft.store && found == wanted;
    if is_as_found && draft.beside.is_empty() && draft.obsolete.is_empty() {
        return Vec::new();
    }
    let mut names: BTreeSet<&str> = draft.before.names().into_iter().collect();
    names.extend(draft.store.names());
    names.extend(found.keys().chain(wanted.keys()).map(String::as_str));
    names.extend(draft.obsolete.values().map(String::as_str));
    names.extend(T::NO_ENTRIES);
    let mut obsolete = BTreeMap::<&str, Vec<&Path>>::new();
    for (path, name) in &draft.obsolete {
        obsolete.entry(name).or_default().push(path);
    }
    let none = Remembered::default();
    let changes = names.into_iter().flat_map(|name| {
        let mut seen = Seen::new(draft, name);
        seen.entry();
        seen.beside();
        seen.goes(obsolete.get(name).into_iter().flatten());
        let [found, wanted] = [&found, &wanted].map(|memory| memory.get(name).unwrap_or(&none));
        seen.memory(found, wanted);
        seen.changes
    });
    changes.collect()
}

/// One entry, before and after.
struct Seen<'d, 'a, T: Target> {
    draft: &'d Draft<'a, T>,
    name: &'d str,
    was: bool,
    is: bool,
    changes: Vec<Change>,
}

impl<'d, 'a, T: Target> Seen<'d, 'a, T> {
    fn new(draft: &'d Draft<'a, T>, name: &'d str) -> Self {
        Self {
            draft,
            name,
            was: draft.before.has(name),
            is: draft.store.has(name),
            changes: Vec::new(),
        }
    }

    fn push(&mut self, operation: Operation, subject: &str, path: &Path) -> &mut Change {
        self.changes.push(Change {
            adapter: self.draft.target.adapter().into(),
            entry: (!T::NO_ENTRIES.contains(&self.name)).then(|| self.name.to_owned()),
            noun: T::NOUN,
            operation,
            subject: subject.into(),
            from: None,
            to: None,
            path: path.to_owned(),
        });
        let last = self.changes.len() - 1;
        &mut self.changes[last]
    }

    /// A change of a key, which is that of the entry that gave it, of whatever source.
    fn push_key(&mut self, operation: Operation, key: &KeyName<'_>, values: [Option<&BStr>; 2]) {
        let path = self.place();
        let givers = self.draft.given.get(self.name);
        let giver = givers.and_then(|givers| givers.get(key));
        let [from, to] = values.map(|value| value.map(BStr::to_owned));
        let change = self.push(
            operation,
            &escape(key.to_string().as_bytes()).to_string(),
            &path,
        );
        (change.from, change.to) = (from, to);
        if let Some(giver) = giver {
            change.adapter.clone_from(&giver.adapter);
            change.entry = Some(giver.entry.clone());
        }
    }

    /// The file that it stands in afterwards, or stood in.
    fn place(&self) -> PathBuf {
        let Draft {
            target,
            before,
            store,
            ..
        } = self.draft;
        target.place(if self.is { store } else { before }, self.name)
    }

    fn entry(&mut self) {
        let place = self.place();
        match (self.was, self.is) {
            (false, false) => {}
            (true, false) => drop(self.push(Operation::Remove, self.name, &place)),
            (false, true) => {
                self.push(Operation::Create, self.name, &place);
                self.keys();
            }
            (true, true) => {
                self.ownership(&place);
                self.keys();
                self.recorded();
                self.recorded_beside(&place);
            }
        }
    }

    /// Whether it follows the vendor from now on, or is the owner's, and where it stands.
    fn ownership(&mut self, place: &Path) {
        let old = self.draft.target.place(&self.draft.before, self.name);
        let follows = |management: Option<Management>| management.is_some_and(Management::follows);
        match self.management().map(follows) {
            [false, true] => drop(self.push(Operation::Adopt, self.name, place)),
            [true, false] => drop(self.push(Operation::Release, self.name, place)),
            [true, true] | [false, false] => {}
        }
        if old != place {
            let [from, to] = [&old, place].map(|path| BString::from(escape_path(path).to_string()));
            let change = self.push(Operation::Move, self.name, place);
            (change.from, change.to) = (Some(from), Some(to));
        }
    }

    fn both(&self, key: &KeyName<'_>) -> [Option<&'d BStr>; 2] {
        [&self.draft.before, &self.draft.store].map(|store| store.get(self.name, key))
    }

    /// Its keys, in the order in which they stand there: first those that go.
    fn keys(&mut self) {
        let [before, after] =
            [&self.draft.before, &self.draft.store].map(|store| store.pairs(self.name));
        let mut told = BTreeSet::new();
        for (key, _) in before.iter().chain(&after) {
            if !told.insert(key) {
                continue;
            }
            match self.both(key) {
                [from, to] if from == to => {}
                [from, Some(to)] => self.push_key(Operation::Set, key, [from, Some(to)]),
                [from, None] => self.push_key(Operation::Unset, key, [from, None]),
            }
        }
    }

    /// How it is managed, before and after.
    fn management(&self) -> [Option<Management>; 2] {
        [&self.draft.before, &self.draft.store].map(|store| Management::of(store, self.name))
    }

    /// The baselines of keys that stay as they are.
    fn recorded(&mut self) {
        let notes = T::Store::NOTES;
        if self.management()[1].is_some() {
            self.recorded_in(notes.baseline);
        }
        for place in notes.others {
            self.recorded_in(*place);
        }
        for place in notes.places() {
            self.brought_by(place.bundles);
        }
        if let Some(key) = &T::HIDDEN {
            let [was, is] = [&self.draft.before, &self.draft.store]
                .map(|store| store.note(self.name, notes.hidden));
            if was != is && self.both(key)[0] == self.both(key)[1] {
                self.push_key(Operation::Forget, key, [was, is]);
            }
        }
    }

    /// From which bundles it has anything.
    fn brought_by(&mut self, note: &str) {
        let [from, to] = [&self.draft.before, &self.draft.store]
            .map(|store| store.note(self.name, note).map(BStr::to_owned));
        if from != to {
            let place = self.place();
            let change = self.push(Operation::RecordBundles, self.name, &place);
            (change.from, change.to) = (from, to);
        }
    }

    fn recorded_in(&mut self, place: Place) {
        let (name, draft) = (self.name, self.draft);
        let [before, after] =
            [&draft.before, &draft.store].map(|store| Baseline::read(store, name, place));
        // One that fails its own check does not say of which keys it was, unless there is but one.
        let lost = place.only.filter(|_| before.is_lost());
        if let Some(key) = lost.filter(|_| after.values().next().is_none()) {
            self.push_key(Operation::Forget, &key.into(), [None, None]);
        }
        let keys: BTreeSet<&KeyName<'_>> = before
            .values()
            .chain(after.values())
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            let (from, to) = (before.get(key), after.get(key));
            let [was, is] = self.both(key);
            // A key that is written is recorded with it.
            if from == to || was != is && is == to {
                continue;
            }
            let operation = match to {
                Some(_) => Operation::Record,
                None => Operation::Forget,
            };
            self.push_key(operation, key, [from, to]);
        }
    }

    /// What lies beside it and stays as it is, and is recorded otherwise.
    fn recorded_beside(&mut self, place: &Path) {
        if self.management()[1].is_none() {
            return;
        }
        for facet in (self.draft.facets)() {
            for (operation, subject) in facet.recorded(self.draft, self.name) {
                self.push(operation, &subject, place);
            }
        }
    }

    /// What lies beside it.
    fn beside(&mut self) {
        let beside = self.draft.beside.get(self.name);
        for Beside {
            operation,
            subject,
            path,
        } in beside.into_iter().flatten()
        {
            self.push(*operation, subject, path);
        }
    }

    /// What nothing needs any more.
    fn goes<'p>(&mut self, obsolete: impl Iterator<Item = &'p &'p Path>) {
        for path in obsolete {
            self.push(Operation::Clean, &escape_path(path).to_string(), path);
        }
    }

    /// What is remembered of the name.
    fn memory(&mut self, found: &Remembered, wanted: &Remembered) {
        let path = self.draft.target.memory(self.name);
        // To make, to take away and to take over are remembered as what they are.
        let [was_managed, is_managed] = self.management();
        let is_told = self.was != self.is || was_managed != is_managed;
        if found.mark != wanted.mark && (!is_told || path != self.place()) {
            let change = self.push(Operation::Mark, self.name, &path);
            change.from = found.mark.map(BString::from);
            change.to = wanted.mark.map(BString::from);
        }
        if found.later != wanted.later {
            let change = self.push(Operation::Rename, self.name, &path);
            change.from = found.later.clone().map(BString::from);
            change.to = wanted.later.clone().map(BString::from);
        }
    }
}
