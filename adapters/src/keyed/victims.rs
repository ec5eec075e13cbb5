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

    /// The entries that have to stay as they are so that all of this can be read back: those whose file beside
    /// would be too large; of a target that would have `size` bytes in all, and of the intent, those that add most
    /// to it.
    ///
    /// # Errors
    /// It would be too large whatever entry stays as it is, so nothing can be done.
    pub(crate) fn too_large(
        &self,
        target: &Path,
        size: usize,
    ) -> Result<BTreeMap<String, Finding>, Finding> {
        let beside = self.all_beside().filter_map(|(name, beside)| {
            let file = self.files.get(&beside.path)?;
            let contents = [Some(&file.content), file.meanwhile.as_ref()];
            let size = contents.into_iter().flatten().map(Vec::len).max()?;
            let finding = too_large(&beside.path, name, size);
            (size > LIMIT).then(|| (name.to_owned(), finding))
        });
        let mut refused: BTreeMap<_, _> = beside.collect();
        let keys = || {
            let grown = |name: String| {
                let [before, after] = [&self.before, &self.store].map(|store| weight(store, &name));
                Some((after.checked_sub(before)?, name))
            };
            self.changed().into_iter().filter_map(grown).collect()
        };
        refused.extend(self.excess(target, size, keys)?);
        let (intent, found) = (self.intent(), &self.observed.intent);
        if intent != *found {
            let path = self.target.intent();
            let size = intent.to_bytes(T::NOUN).len();
            let traces = || intent.beyond(found, T::NOUN);
            refused.extend(self.excess(&path, size, traces)?);
        }
        Ok(refused)
    }

    /// The entries that add most to a file, as many as it takes for the rest to have room in it.
    fn excess(
        &self,
        path: &Path,
        size: usize,
        added: impl FnOnce() -> Vec<(usize, String)>,
    ) -> Result<BTreeMap<String, Finding>, Finding> {
        let mut refused = BTreeMap::new();
        let Some(mut excess) = size.checked_sub(LIMIT).filter(|excess| *excess > 0) else {
            return Ok(refused);
        };
        let mut added = added();
        // One that stays as it is already can be no smaller.
        added.retain(|(bytes, name)| *bytes > 0 && !self.observed.broken.contains_key(name));
        added.sort();
        while let Some((bytes, name)) = added.pop().filter(|_| excess > 0) {
            refused.insert(name.clone(), too_large(path, &name, size));
            excess -= bytes.min(excess);
        }
        if refused.is_empty() {
            // Once in place, it could not be read back, and so never made smaller again.
            let message = format!("would have {size} bytes; more than {LIMIT} are not read back");
            return Err(code::TOO_LARGE.error(path, message));
        }
        Ok(refused)
    }
}

/// The bytes of an entry's keys and notes.
fn weight<S: Store>(store: &S, name: &str) -> usize {
    let (pairs, notes) = (store.pairs(name), store.notes(name));
    let pairs = pairs.iter().map(|(key, value)| key.size() + value.len());
    let notes = notes.iter().map(|(note, value)| note.len() + value.len());
    pairs.chain(notes).map(|length| length + 2).sum()
}

fn too_large(path: &Path, name: &str, size: usize) -> Finding {
    let message = format!(
        "{name}: with it, this would have {size} bytes, and more than {LIMIT} are not read back: it stays as it is"
    );
    code::TOO_LARGE.error(path, message)
}
