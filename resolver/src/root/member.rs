//! What a directory holds, as its listing says it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::FileType;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// One component.
    pub name: OsString,
    /// What it is, itself: a symlink is not followed.
    pub kind: MemberKind,
}

/// What a name in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// A device, FIFO or socket.
    Special,
    /// Nobody says.
    Unknown,
}

impl From<FileType> for MemberKind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::Unknown => Self::Unknown,
            _ => Self::Special,
        }
    }
}

/// A name, in the order of its bytes. The first of them are at hand as a number: most names differ in those, and
/// the names themselves are all over the memory, which made up half of a sort of 100,000.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sortable {
    /// Before the name, since they are compared in this order.
    beginning: u64,
    name: OsString,
}

impl From<OsString> for Sortable {
    fn from(name: OsString) -> Self {
        let mut beginning = [0; 8];
        for (to, from) in beginning.iter_mut().zip(name.as_bytes()) {
            *to = *from;
        }
        Self {
            beginning: u64::from_be_bytes(beginning),
            name,
        }
    }
}

impl From<Sortable> for OsString {
    fn from(name: Sortable) -> Self {
        name.name
    }
}

impl AsRef<OsStr> for Sortable {
    fn as_ref(&self) -> &OsStr {
        &self.name
    }
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
        let sortable = names.map(|name| Sortable::from(OsString::from(name)));
        assert!(sortable.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
