//! The names of a directory, in byte order and in one buffer.
//!
//! A name with memory of its own is found again far from the one before it, since a directory lists its names in
//! no order; and to give back 100,000 of them one by one took as long as reading 2,000 files.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::MemberKind;
use crate::numbered::small;

/// The names that a directory holds, in byte order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Listing {
    /// The names, one behind the other, as they were met.
    text: Vec<u8>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    beginning: u64,
    start: u32,
    length: u32,
    kind: MemberKind,
}

/// A name, in the order of its bytes. The first of them are at hand as a number: most names differ in those.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name<'l> {
    /// Before the name, since they are compared in this order.
    beginning: u64,
    name: &'l OsStr,
}

impl Listing {
    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The names.
    pub(crate) fn names(&self) -> impl Iterator<Item = Name<'_>> {
        self.rows.iter().map(|row| row.name(&self.text))
    }

    /// Which of the names this is, if it is one.
    pub(crate) fn position(&self, name: &OsStr) -> Option<usize> {
        let wanted = Name::from(name);
        let found = |row: &Row| row.name(&self.text).cmp(&wanted);
        self.rows.binary_search_by(found).ok()
    }

    /// The same, with what each name is, itself.
    pub(super) fn members(&self) -> impl Iterator<Item = (&OsStr, MemberKind)> {
        let member = |row: &Row| (row.name(&self.text).name, row.kind);
        self.rows.iter().map(member)
    }

    /// Adds a name behind all others, whatever their order; at last they are to be [sorted](Self::sorted).
    pub(super) fn push(&mut self, name: &OsStr, kind: MemberKind) {
        self.rows.push(Row {
            beginning: beginning(name.as_bytes()),
            start: small(self.text.len()),
            length: small(name.len()),
            kind,
        });
        self.text.extend_from_slice(name.as_bytes());
    }

    /// The same in byte order.
    pub(super) fn sorted(mut self) -> Self {
        let by_name =
            |a: &Row, b: &Row| -> Ordering { a.name(&self.text).cmp(&b.name(&self.text)) };
        self.rows.sort_unstable_by(by_name);
        self
    }
}

impl<'n> FromIterator<(&'n OsStr, MemberKind)> for Listing {
    fn from_iter<T: IntoIterator<Item = (&'n OsStr, MemberKind)>>(members: T) -> Self {
        let mut listing = Self::default();
        for (name, kind) in members {
            listing.push(name, kind);
        }
        listing.sorted()
    }
}

impl Row {
    fn name<'l>(&self, text: &'l [u8]) -> Name<'l> {
        Name {
            beginning: self.beginning,
            name: OsStr::from_bytes(&text[self.start as usize..][..self.length as usize]),
        }
    }
}

impl<'l> From<&'l OsStr> for Name<'l> {
    fn from(name: &'l OsStr) -> Self {
        Self {
            beginning: beginning(name.as_bytes()),
            name,
        }
    }
}

impl<'l> Name<'l> {
    /// The name itself.
    pub(crate) const fn get(self) -> &'l OsStr {
        self.name
    }
}

fn beginning(name: &[u8]) -> u64 {
    let mut beginning = [0; 8];
    for (to, from) in beginning.iter_mut().zip(name) {
        *to = *from;
    }
    u64::from_be_bytes(beginning)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_of_their_bytes() {
        let names = [
            "",
            "a",
            "a-b",
            "a.conf",
            "aaaaaaaa",
            "aaaaaaaaa",
            "aaaaaaaab",
            "\u{e4}",
        ];
        assert!(names.is_sorted());
        let members = names
            .iter()
            .rev()
            .map(|name| (OsStr::new(name), MemberKind::File));
        let listing: Listing = members.collect();
        assert!(listing.names().map(Name::get).eq(names));
        assert!(listing.names().is_sorted());
        let positions = names.map(|name| listing.position(name.as_ref()));
        assert!(positions.into_iter().eq((0..names.len()).map(Some)));
        assert_eq!(listing.position("a.con".as_ref()), None);
    }
}
