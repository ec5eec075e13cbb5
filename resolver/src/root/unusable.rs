//! Why something inside a root cannot be used, in words for its owner.

use std::fmt;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::Errno;
use crate::escape::escape_path;

/// How many symlinks one path may lead through, as in the kernel (`path_resolution(7)`).
pub(super) const MAX_LINKS: usize = 40;

/// Why a name inside a root gives no content.
///
/// Reads well after the path and a colon: `symlink to /srv/x, which does not exist inside the root`,
/// `is a FIFO, not a regular file`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unusable {
    /// Where a symlink led, as seen inside the root (`/srv/x`); none if no symlink was involved.
    pub target: Option<PathBuf>,
    /// What is wrong there.
    pub reason: Reason,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = &self.reason;
        match (&self.target, reason) {
            (Some(target), Reason::Io(_)) => {
                write!(f, "symlink to {}: {reason}", escape_path(target))
            }
            (Some(target), _) => write!(f, "symlink to {}, which {reason}", escape_path(target)),
            (None, _) => reason.fmt(f),
        }
    }
}

impl std::error::Error for Unusable {}

impl Unusable {
    /// A reason found at `end` (relative to the root), which a symlink led to if `linked`.
    pub(super) fn at(end: &Path, linked: bool, reason: Reason) -> Self {
        Self {
            target: linked.then(|| Path::new("/").join(end)),
            reason,
        }
    }
}

impl From<Reason> for Unusable {
    fn from(reason: Reason) -> Self {
        Self {
            target: None,
            reason,
        }
    }
}

/// What is wrong with a file or directory, wherever a symlink led to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// Nothing is there, so the symlink that leads there is dangling.
    #[error("does not exist inside the root")]
    Missing,
    /// More than 40 symlinks in a row, the limit of `path_resolution(7)`.
    #[error("leads in a loop (more than {MAX_LINKS} symlinks)")]
    Loop,
    /// A symlink of procfs, which leads each process somewhere else, out of the root as well.
    #[error("is a symlink of /proc, which is never followed")]
    MagicLink,
    /// A symlink, where the rules say that none is followed; [`Root`](super::Root) itself follows.
    #[error("is a symlink, which is not followed")]
    NotFollowed,
    /// A symlink that somebody made who may not lead a write elsewhere: see
    /// [`Root::for_writing`](super::Root::for_writing).
    #[error(
        "leads through a symlink of user {user}, which is not followed to write: remove it, or give it to root (`chown -h root`)"
    )]
    NotTrusted {
        /// Whose it is.
        user: u32,
    },
    /// It exists and is no regular file.
    #[error("is {0}, not a regular file")]
    NotAFile(Kind),
    /// It, or a component on the way to it, is no directory.
    #[error("is not a directory")]
    NotADirectory,
    /// A regular file over the limit; nothing of it was read.
    #[error("is {size} bytes long; files of up to {limit} bytes are read")]
    TooLarge {
        /// Its size in bytes.
        size: u64,
        /// The limit that applied.
        limit: usize,
    },
    /// A file with which a run would read more than this in all (see
    /// [`Root::for_one_run`](super::Root::for_one_run)).
    #[error("is not read: the files that one run reads come to more than {0} bytes")]
    TooMuch(usize),
    /// A directory with more names than anybody can mean.
    #[error("holds more than {0} names")]
    TooManyNames(usize),
    /// It grew, shrank or was replaced meanwhile, so its content would be neither old nor new.
    #[error("changed while it was being read; try again")]
    Changed,
    /// It was there a moment ago (when its directory was listed).
    #[error("is not there, or vanished while it was being read")]
    Vanished,
    /// The name asked for is empty, `.`, `..` or has a slash.
    #[error("is not a file name")]
    NotAName,
    /// Anything else that the kernel says, such as a missing permission.
    #[error("{0}")]
    Io(Errno),
}

impl Reason {
    /// What else the kernel says.
    pub(crate) const fn errno(errno: rustix::io::Errno) -> Self {
        Self::Io(Errno::of(errno))
    }
}

/// What a thing is that is not a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A directory.
    Directory,
    /// A FIFO (named pipe).
    Fifo,
    /// A socket.
    Socket,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// Nothing of the above.
    Unknown,
}

impl Kind {
    pub(crate) const fn of(kind: FileType) -> Self {
        match kind {
            FileType::Directory => Self::Directory,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::CharacterDevice => Self::CharacterDevice,
            FileType::RegularFile | FileType::Symlink | FileType::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "a directory",
            Self::Fifo => "a FIFO",
            Self::Socket => "a socket",
            Self::BlockDevice => "a block device",
            Self::CharacterDevice => "a character device",
            Self::Unknown => "of an unknown type",
        })
    }
}
