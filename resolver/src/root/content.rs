//! What a name in a directory comes to.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::Stat;

use super::unusable::{Reason, Unusable};

/// The largest fragment that [`Dir::content`](super::Dir::content) reads: 16 MiB, four times the largest file that a
/// distribution ships in a layer (systemd's `20-pci-vendor-model.hwdb`).
pub const FRAGMENT_LIMIT: usize = 1 << 24;

/// What a name in a layer's directory comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes of a regular file that is not empty, reached by a symlink or not.
    File(Arc<Vec<u8>>),
    /// It hides what lower layers have under its name.
    Mask(Mask),
    /// It takes its name and nobody can tell what it means.
    Unusable(Box<Unusable>),
}

/// What a name in a layer's directory is, with all that was learned on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// What it comes to.
    pub content: Content,
    /// The symlink that it is.
    pub link: Option<Box<Link>>,
    /// The file that was read, however many names it has.
    pub(crate) inode: Option<Inode>,
}

impl Opened {
    /// A name that was listed and is not there any more.
    pub(crate) fn vanished() -> Self {
        Self {
            content: Reason::Vanished.into(),
            link: None,
            inode: None,
        }
    }
}

/// A symlink.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Link {
    /// What it says.
    pub text: PathBuf,
    /// Where it ends after all other symlinks, as seen inside the root; none if that cannot be told.
    pub target: Option<PathBuf>,
    /// What decides that: every other symlink on the way, and where it ends, there or not, as seen
    /// inside the root.
    pub trail: Vec<PathBuf>,
}

impl Link {
    /// A symlink that nobody has followed yet.
    pub(crate) fn new(text: PathBuf) -> Self {
        Self {
            text,
            target: None,
            trail: Vec::new(),
        }
    }
}

/// The directories above the end of a symlink, any of which can be moved away. Those at the top of the root
/// are the system's.
pub(crate) fn above_end(path: &Path) -> impl Iterator<Item = &Path> {
    let above = path.ancestors().skip(1);
    above.filter(|directory| directory.components().count() > 2)
}

/// The identity of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            number: stat.st_ino,
        }
    }
}

impl Inode {
    /// Of a file that no file system has.
    pub(crate) fn of_nothing(number: u64) -> Self {
        Self {
            device: u64::MAX,
            number,
        }
    }
}

/// The two ways to mask a name (UAPI.6, "Masking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mask {
    /// An empty regular file, reached by a symlink or not.
    Empty,
    /// A symlink that leads to `/dev/null` inside the root, whether or not that exists there, or to
    /// the same device under another name.
    DevNull,
    /// A directory where the rules say that it reads as an empty file (libeconf); [`Root`](super::Root) itself
    /// never says so.
    Directory,
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::DevNull => "a symlink to /dev/null",
            Self::Directory => "a directory, which reads as empty",
        })
    }
}

impl Content {
    /// Whether nothing has the name itself.
    pub(crate) fn is_vanished(&self) -> bool {
        let here = |why: &Unusable| why.target.is_none() && why.reason == Reason::Vanished;
        matches!(self, Self::Unusable(why) if here(why))
    }
}

impl From<Reason> for Content {
    fn from(reason: Reason) -> Self {
        Self::Unusable(Box::new(reason.into()))
    }
}

impl From<Arc<Vec<u8>>> for Content {
    fn from(bytes: Arc<Vec<u8>>) -> Self {
        match bytes.len() {
            0 => Self::Mask(Mask::Empty),
            1..=FRAGMENT_LIMIT => Self::File(bytes),
            // Made up, since no such file is read.
            length => Self::from(Reason::TooLarge {
                size: length as u64,
                limit: FRAGMENT_LIMIT,
            }),
        }
    }
}
