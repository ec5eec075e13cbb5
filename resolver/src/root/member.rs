//! What a directory holds, as its listing says it.

use std::ffi::OsString;

use rustix::fs::FileType;

/// A name in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// One component.
    pub name: OsString,
    /// What it is, itself: a symlink is not followed.
    pub kind: MemberKind,
}

/// What a name in a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
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

impl MemberKind {
    pub(crate) const fn of(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::Unknown => Self::Unknown,
            _ => Self::Special,
        }
    }
}
