//! Names by number: each is kept once, all of them in one buffer, so that a document of many is few
//! allocations.

use std::fmt;
use std::hash::BuildHasher as _;

use bstr::{BStr, ByteSlice as _};
use foldhash::fast::RandomState;

use crate::numbered::{Numbered, small};

/// Names, numbered in the order in which they were first met.
#[derive(Clone, Default)]
pub(super) struct Names {
    text: Vec<u8>,
    rows: Vec<Name>,
    index: Numbered,
    hasher: RandomState,
}

#[derive(Clone)]
struct Name {
    start: usize,
    length: u32,
}

impl Names {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of a name, if it was met.
    pub(super) fn find(&self, name: &[u8]) -> Option<usize> {
        self.find_hashed(self.hasher.hash_one(name), name)
    }

    fn find_hashed(&self, hash: u64, name: &[u8]) -> Option<usize> {
        self.index.find(hash, |number| self.name(number) == name)
    }

    /// The number of a name, which may be new.
    pub(super) fn insert(&mut self, name: &[u8]) -> usize {
        let hash = self.hasher.hash_one(name);
        if let Some(number) = self.find_hashed(hash, name) {
            return number;
        }
        let number = self.rows.len();
        self.index.insert(hash, number);
        self.rows.push(Name {
            start: self.text.len(),
            length: small(name.len()),
        });
        self.text.extend_from_slice(name);
        number
    }

    /// The place of each name among all, in byte order.
    pub(super) fn ranks(&self) -> Vec<usize> {
        let mut numbers: Vec<_> = (0..self.len()).collect();
        numbers.sort_unstable_by_key(|&number| self.name(number));
        let mut ranks = vec![0; self.len()];
        for (rank, number) in numbers.into_iter().enumerate() {
            ranks[number] = rank;
        }
        ranks
    }

    /// The name with this number.
    pub(super) fn name(&self, number: usize) -> &BStr {
        let row = &self.rows[number];
        self.text[row.start..][..row.length as usize].as_bstr()
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = (0..self.len()).map(|number| self.name(number));
        f.debug_set().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_has_one_number() {
        let mut names = Names::default();
        for (name, number) in [("a", 0), ("ab", 1), ("", 2), ("a", 0), ("", 2)] {
            assert_eq!(names.insert(name.as_bytes()), number);
        }
        assert_eq!(names.name(1), "ab");
        assert_eq!(names.find(b"b"), None);
        assert_eq!(names.len(), 3);
    }

    #[test]
    fn many_are_found_again() {
        let mut names = Names::default();
        let name = |number: usize| format!("key{number}").into_bytes();
        for number in 0..10_000 {
            assert_eq!(names.insert(&name(number)), number);
        }
        for number in 0..10_000 {
            assert_eq!(names.find(&name(number)), Some(number));
        }
        assert_eq!(names.find(&name(10_000)), None);
    }
}
