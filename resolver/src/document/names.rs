//! Sections and keys by number: each name is kept once, all of them in one buffer, so that a document
//! of many keys is few allocations.

use std::fmt;
use std::hash::BuildHasher as _;

use bstr::{BStr, ByteSlice as _};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Names, each in a scope of its own (keys in their section), and what is known of each.
///
/// They are numbered in the order in which they were first met.
pub(crate) struct Names<T> {
    text: Vec<u8>,
    rows: Vec<Row<T>>,
    /// Where to find which row. The hash is kept, as growing would else visit every name.
    index: HashTable<(u32, u32)>,
    hasher: RandomState,
}

struct Row<T> {
    start: usize,
    length: u32,
    scope: u32,
    value: T,
}

impl<T> Names<T> {
    /// The number of a name, if it was met.
    pub(crate) fn find(&self, scope: u32, name: &[u8]) -> Option<u32> {
        self.find_hashed(self.hash(scope, name), scope, name)
    }

    fn find_hashed(&self, hash: u32, scope: u32, name: &[u8]) -> Option<u32> {
        let is_it = |&(other, row): &(u32, u32)| other == hash && self.is(row, scope, name);
        self.index.find(spread(hash), is_it).map(|&(_, row)| row)
    }

    /// The number of a name; of a new one, `value` says what is known.
    pub(crate) fn insert(&mut self, scope: u32, name: &[u8], value: impl FnOnce() -> T) -> u32 {
        let hash = self.hash(scope, name);
        if let Some(number) = self.find_hashed(hash, scope, name) {
            return number;
        }
        // A file of 16 MiB has fewer names, and a million files fewer than four thousand millions.
        let number = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.index
            .insert_unique(spread(hash), (hash, number), |&(hash, _)| spread(hash));
        self.rows.push(Row {
            start: self.text.len(),
            length: u32::try_from(name.len()).unwrap_or(u32::MAX),
            scope,
            value: value(),
        });
        self.text.extend_from_slice(name);
        number
    }

    /// The scope and the name with this number.
    pub(crate) fn name(&self, number: u32) -> Option<(u32, &BStr)> {
        let row = self.rows.get(number as usize)?;
        let end = row.start.saturating_add(row.length as usize);
        Some((row.scope, self.text.get(row.start..end)?.as_bstr()))
    }

    /// What is known of the name with this number.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        self.rows.get(number as usize).map(|row| &row.value)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.rows.get_mut(number as usize).map(|row| &mut row.value)
    }

    fn is(&self, number: u32, scope: u32, name: &[u8]) -> bool {
        self.name(number)
            .is_some_and(|(of, known)| of == scope && known == name)
    }

    fn hash(&self, scope: u32, name: &[u8]) -> u32 {
        let hash = self.hasher.hash_one((scope, name));
        u32::try_from(hash >> 32).unwrap_or_default()
    }
}

/// The table looks at both ends of a hash, and only half of it is kept.
fn spread(hash: u32) -> u64 {
    (u64::from(hash) << 32) | u64::from(hash)
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            text: Vec::new(),
            rows: Vec::new(),
            index: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<T> fmt::Debug for Names<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..).map_while(|number| self.name(number));
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_number_in_its_scope() {
        let mut names = Names::default();
        for (scope, name, value, number) in [
            (0, "a", 'x', 0),
            (0, "ab", 'y', 1),
            (0, "", 'z', 2),
            (0, "a", '-', 0),
            (1, "a", 'w', 3),
            (1, "", 'v', 4),
            (0, "", '-', 2),
        ] {
            assert_eq!(names.insert(scope, name.as_bytes(), || value), number);
        }
        assert_eq!(names.name(3), Some((1, b"a".as_bstr())));
        assert_eq!(names.get(2), Some(&'z'));
        assert_eq!(names.find(1, b"ab"), None);
        assert_eq!(names.name(5), None);
    }

    #[test]
    fn many_are_found_again() {
        let mut names = Names::default();
        let name = |number: u32| format!("key{number}").into_bytes();
        for number in 0..10_000 {
            assert_eq!(names.insert(number % 7, &name(number), || number), number);
        }
        for number in 0..10_000 {
            assert_eq!(names.find(number % 7, &name(number)), Some(number));
            assert_eq!(names.find(7, &name(number)), None);
        }
    }
}
