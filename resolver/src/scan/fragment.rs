//! One file of one layer, and whether it counts.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::ByteSlice as _;

use crate::numbered::number;
use crate::root::{Content, Inode, Link, Mask, Opened, Unusable};
pub use crate::rules::judge::Role;
use crate::rules::{Ignored, Layer, Rules, Verdict};

number! {
    /// A file of an [`Entry`](super::Entry), of which it gives the [`Fragment`]: `&entry[file]`. Only a scan makes them.
    pub FileId, made by pub(in crate::scan)
}

/// One file found in one layer.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fragment {
    /// Whether it is named like the entry or lies in a drop-in directory.
    pub role: Role,
    /// Its layer.
    pub layer: Layer,
    /// Where it was found, as seen inside the root.
    pub path: PathBuf,
    /// The symlink that it is.
    pub link: Option<Box<Link>>,
    /// Its bytes; none unless it is a regular file that was read.
    pub text: Arc<Vec<u8>>,
    /// Whether it counts.
    pub state: State,
    /// Whether it would count, where the files above it decide otherwise.
    alone: Option<State>,
    /// Whether it keeps the consumer from loading anything.
    pub(crate) fatal: bool,
    pub(crate) inode: Option<Inode>,
    pub(crate) rank: u32,
    /// The number of its name among those found with it: files of one name hide each other.
    pub(crate) stack: u32,
}

/// Whether a fragment counts, and if not, why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// It counts.
    Effective,
    /// A file of the same name in a higher layer hides it.
    Shadowed(FileId),
    /// It is the main file and a drop-in in one, and read where the drop-in stands.
    Duplicate(FileId),
    /// It hides the files of its name in lower layers.
    Mask(Mask),
    /// That mask hides it.
    Masked(FileId),
    /// It takes its name and cannot be used.
    Unusable(Box<Unusable>),
    /// It cannot be used, and by these rules the next lower layer counts.
    PassedOver(Box<Unusable>),
    /// Its name says that it is not meant.
    Ignored(Ignored),
    /// Nobody looked at what lies there: others hide it, and nobody asked for its history. Only what a file is
    /// [alone](Fragment::alone).
    Unseen,
}

impl Fragment {
    /// The file `name` of a directory, at which nobody has looked yet.
    pub(crate) fn new(role: Role, layer: Layer, rank: u32, directory: &Path, name: &OsStr) -> Self {
        // `join` would grow it once more.
        let mut path = PathBuf::with_capacity(directory.as_os_str().len() + 1 + name.len());
        path.push(directory);
        path.push(name);
        Self {
            role,
            layer,
            path,
            link: None,
            text: Arc::default(),
            state: State::Unseen,
            alone: None,
            fatal: false,
            inode: None,
            rank,
            stack: 0,
        }
    }

    /// The same, whose name says that it is not meant.
    pub(crate) fn ignored(self, reason: Ignored) -> Self {
        Self {
            state: State::Ignored(reason),
            ..self
        }
    }

    /// The same, judged by what lies there, as if it were alone.
    pub(crate) fn judged(self, rules: &Rules, opened: Opened) -> Self {
        let (state, fatal) = match rules.judge(self.role, &opened) {
            Verdict::Counts => (State::Effective, false),
            Verdict::Masks(mask) => (State::Mask(mask), false),
            Verdict::Reserves(why) => (State::Unusable(why), false),
            Verdict::PassedOver(why) => (State::PassedOver(why), false),
            Verdict::Fatal(why) => (State::Unusable(why), true),
        };
        let text = match opened.content {
            Content::File(text) if state == State::Effective => text,
            _ => Arc::default(),
        };
        Self {
            link: opened.link,
            text,
            state,
            fatal,
            inode: opened.inode,
            ..self
        }
    }

    /// Whether files of its name in lower layers do not count.
    pub(crate) const fn takes_name(&self) -> bool {
        !matches!(self.state, State::PassedOver(_))
    }

    /// The last component of the path, without taking the whole path apart.
    pub(crate) fn name(&self) -> &OsStr {
        let path = self.path.as_os_str().as_bytes();
        let start = path.rfind_byte(b'/').map_or(0, |slash| slash + 1);
        OsStr::from_bytes(&path[start..])
    }

    /// Lets it be hidden.
    pub(crate) fn hide(&mut self, state: State) {
        let alone = std::mem::replace(&mut self.state, state);
        self.alone.get_or_insert(alone);
    }

    /// Whether it would count if it were the only file of its entry: [`State::Effective`],
    /// [`State::Mask`], [`State::Unusable`], [`State::PassedOver`], [`State::Ignored`], [`State::Unseen`] or, of a file
    /// that is there under another name, too, [`State::Duplicate`].
    pub fn alone(&self) -> &State {
        self.alone.as_ref().unwrap_or(&self.state)
    }

    /// Whether what lies there could be used if it were the only file of its entry.
    pub(crate) fn is_usable(&self) -> bool {
        !matches!(self.alone(), State::Unusable(_) | State::PassedOver(_))
    }

    /// Whether what lies there masks the files of its name below it, whoever hides it.
    pub(crate) fn is_mask(&self) -> bool {
        matches!(self.alone(), State::Mask(_))
    }

    /// Whether anybody looked at what lies there: not if others hide it and nobody asked for its history.
    pub(crate) fn is_looked_at(&self) -> bool {
        *self.alone() != State::Unseen
    }
}
