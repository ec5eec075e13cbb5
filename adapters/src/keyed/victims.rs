//! Whom a file of a plan is for: who is hurt where it cannot be written, and who has to stay as they are so
//! that it can be read back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;

use super::draft::{Beside, Draft};
use super::store::{Remembered, Store};
use super::target::Target;
use crate::code;
use crate::observer::LIMIT;

impl<T: Target> Draft<'_, T> {
    /// The entries for whose sake each file is written.
    pub(crate) fn subjects(&self) -> BTreeMap<PathBuf, BTreeSet<String>> {
        let mut subjects = BTreeMap::<PathBuf, BTreeSet<String>>::new();
        let mut note = |path: PathBuf, name: &str| {
            subjects.entry(path).or_default().insert(name.to_owned());
        };
        for name in self.changed() {
            for store in [&self.before, &self.store] {
                note(self.target.place(store, &name), &name);
            }
        }
        for (path, file) in &self.files {
            note(path.clone(), &file.of);
        }
        for (name, beside) in self.all_beside() {
            note(beside.path.clone(), name);
        }
        for (path, name) in &self.obsolete {
            note(path.clone(), name);
        }
        for name in self.remembered_otherwise() {
            note(self.target.memory(&name), &name);
        }
        subjects
    }

    /// What is done beside the keys, each with the entry that it is for.
    fn all_beside(&self) -> impl Iterator<Item = (&str, &Beside)> {
        let by_entry = self.beside.iter();
        by_entry.flat_map(|(name, all)| all.iter().map(move |beside| (name.as_str(), beside)))
    }

    /// The names of which something else is to be remembered.
    fn remembered_otherwise(&self) -> BTreeSet<String> {
        let (found, wanted) = (self.before.memory_found(), self.store.memory());
        let none = Remembered::default();
        let names = found.keys().chain(wanted.keys()).filter(|name| {
            let [found, wanted] =
                [&found, &wanted].map(|memory| memory.get(*name).unwrap_or(&none));
            found != wanted
        });
        names.cloned().collect()
    }

    /// The entries that have to stay as they are so that all of this can be read back: those whose file
    /// beside would be too large, and of a target that would have `size` bytes in all those that grow most.
    pub(crate) fn too_large(&self, target: &Path, size: usize) -> BTreeMap<String, Finding> {
        let beside = self.all_beside().filter_map(|(name, beside)| {
            let file = self.files.get(&beside.path)?;
            let contents = [Some(&file.content), file.meanwhile.as_ref()];
            let size = contents.into_iter().flatten().map(Vec::len).max()?;
            let finding = too_large(&beside.path, name, size);
            (size > LIMIT).then(|| (name.to_owned(), finding))
        });
        let mut refused: BTreeMap<_, _> = beside.collect();
        let Some(mut excess) = size.checked_sub(LIMIT) else {
            return refused;
        };
        let growth = |name: &String| {
            let [before, after] = [&self.before, &self.store].map(|store| weight(store, name));
            after.checked_sub(before).filter(|growth| *growth > 0)
        };
        let names = self.changed().into_iter();
        let mut growing: Vec<_> = names
            .filter_map(|name| Some((growth(&name)?, name)))
            .collect();
        growing.sort();
        while let Some((growth, name)) = growing.pop().filter(|_| excess > 0) {
            refused.insert(name.clone(), too_large(target, &name, size));
            excess -= growth.min(excess);
        }
        refused
    }
}

/// The bytes of an entry's keys and notes.
fn weight<S: Store>(store: &S, name: &str) -> usize {
    let (pairs, notes) = (store.pairs(name), store.notes(name));
    let pairs = pairs.iter().map(|(key, value)| key.len() + value.len());
    let notes = notes.iter().map(|(note, value)| note.len() + value.len());
    pairs.chain(notes).map(|length| length + 2).sum()
}

fn too_large(path: &Path, name: &str, size: usize) -> Finding {
    let message = format!(
        "{name}: with it, this would have {size} bytes, and more than {LIMIT} are not read back: it stays as it is"
    );
    code::TOO_LARGE.error(path, message)
}
