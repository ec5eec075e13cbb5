//! Sections and keys by number: each name is kept once, all of them in one buffer, so that a document
//! of many keys is few allocations.

use std::fmt;
use std::hash::BuildHasher as _;

use bstr::{BStr, ByteSlice as _};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::small;

/// Names, each in a scope of its own (keys in their section), and what is known of each.
///
/// They are numbered in the order in which they were first met.
pub(super) struct Names<T> {
    text: Vec<u8>,
    rows: Vec<Name<T>>,
    /// Where to find which row. The hash is kept, as growing would else visit every name.
    index: HashTable<(u32, u32)>,
    hasher: RandomState,
}

struct Name<T> {
    start: usize,
    length: u32,
    scope: u32,
    value: T,
}

impl<T> Names<T> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of a name, if it was met.
    pub(super) fn find(&self, scope: u32, name: &[u8]) -> Option<usize> {
        self.find_hashed(self.hash(scope, name), scope, name)
    }

    fn find_hashed(&self, hash: u32, scope: u32, name: &[u8]) -> Option<usize> {
        let is_it = |&(other, row): &(u32, u32)| {
            other == hash && self.name(row as usize) == (scope, name.as_bstr())
        };
        let found = self.index.find(spread(hash), is_it);
        found.map(|&(_, row)| row as usize)
    }

    /// The number of a name; of a new one, `value` says what is known.
    pub(super) fn insert(&mut self, scope: u32, name: &[u8], value: impl FnOnce() -> T) -> usize {
        let hash = self.hash(scope, name);
        if let Some(number) = self.find_hashed(hash, scope, name) {
            return number;
        }
        let number = self.rows.len();
        self.index
            .insert_unique(spread(hash), (hash, small(number)), |&(hash, _)| {
                spread(hash)
            });
        self.rows.push(Name {
            start: self.text.len(),
            length: small(name.len()),
            scope,
            value: value(),
        });
        self.text.extend_from_slice(name);
        number
    }

    /// The scope and the name with this number.
    pub(super) fn name(&self, number: usize) -> (u32, &BStr) {
        let row = &self.rows[number];
        let text = &self.text[row.start..][..row.length as usize];
        (row.scope, text.as_bstr())
    }

    /// What is known of the name with this number.
    pub(super) fn get(&self, number: usize) -> &T {
        &self.rows[number].value
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self, number: usize) -> &mut T {
        &mut self.rows[number].value
    }

    fn hash(&self, scope: u32, name: &[u8]) -> u32 {
        let hash = self.hasher.hash_one((scope, name));
        u32::try_from(hash >> 32).expect("half of 64 bits")
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
        let names = (0..self.len()).map(|number| self.name(number));
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
        assert_eq!(names.name(3), (1, b"a".as_bstr()));
        assert_eq!(names.get(2), &'z');
        assert_eq!(names.find(1, b"ab"), None);
        assert_eq!(names.len(), 5);
    }

    #[test]
    fn many_are_found_again() {
        let mut names = Names::default();
        let name = |number: u32| format!("key{number}").into_bytes();
        for number in 0..10_000 {
            let new = names.insert(number % 7, &name(number), || number);
            assert_eq!(new, number as usize);
        }
        for number in 0..10_000 {
            let found = names.find(number % 7, &name(number));
            assert_eq!(found, Some(number as usize));
            assert_eq!(names.find(7, &name(number)), None);
        }
    }
}
