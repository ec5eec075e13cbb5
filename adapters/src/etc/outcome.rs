//! What a merge of `/etc` tells: one outcome a path that anybody changed.

use std::path::PathBuf;

use super::keys::{KeyReport, Unmergeable};
use super::side::Node;
use crate::reconcile::KeyAction;

/// What somebody did to a path of the vendor's old tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It was something else.
    Modified,
    /// It is not there any more.
    Deleted,
}

impl Change {
    /// From one node to another.
    pub(super) fn of(from: Option<&Node>, to: Option<&Node>) -> Option<Self> {
        match (from, to) {
            (None, Some(_)) => Some(Self::Added),
            (Some(_), None) => Some(Self::Deleted),
            (Some(from), Some(to)) if from != to => Some(Self::Modified),
            _ => None,
        }
    }

    /// The attributes that are not the same on all sides which have the path.
    pub(super) fn attributes(sides: [Option<&Node>; 3]) -> Vec<&'static str> {
        let differs = |of: fn(&Node) -> u32| {
            let mut values = sides.iter().flatten().map(|node| of(node));
            let first = values.next();
            values.any(|value| Some(value) != first)
        };
        let mut found = Vec::new();
        let is_alike = sides.iter().flatten().all(|node| {
            let first = sides.iter().flatten().next();
            first.is_some_and(|first| first.is_like(node))
        });
        if is_alike {
            found.extend(differs(|node| node.attributes.mode).then_some("mode"));
        }
        found.extend(differs(|node| node.attributes.uid).then_some("owner"));
        found.extend(differs(|node| node.attributes.gid).then_some("group"));
        found
    }

    /// The letter that `ostree admin config-diff` has for it.
    pub const fn letter(self) -> char {
        match self {
            Self::Added => 'A',
            Self::Modified => 'M',
            Self::Deleted => 'D',
        }
    }

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Modified => "modified",
            Self::Deleted => "deleted",
        }
    }
}

/// What becomes of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// New, and the vendor's.
    Added,
    /// The owner did not touch it, so it follows the vendor.
    Updated,
    /// The owner did not touch it and the vendor has it no more, so it goes.
    Withdrawn,
    /// The owner changed it, the vendor did not: it stays.
    Kept,
    /// The owner deleted it, so it stays away, whatever the vendor did to it.
    Deleted,
    /// The owner and the vendor came to the same.
    Same,
    /// Both changed it, and all changes are in the result.
    Merged,
    /// Both changed the same of it; there the owner's stays.
    Conflict,
    /// The vendor made a directory of a file, or the other way round, and that is in place; the owner's
    /// version is saved under this path.
    Saved(PathBuf),
    /// A FIFO, a socket or a device, which is not taken over.
    Dropped,
}

impl State {
    /// The word for it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Updated => "updated",
            Self::Withdrawn => "withdrawn",
            Self::Kept => "kept",
            Self::Deleted => "deleted",
            Self::Same => "same",
            Self::Merged => "merged",
            Self::Conflict => "conflict",
            Self::Saved(_) => "saved",
            Self::Dropped => "dropped",
        }
    }

    /// Whether the owner should look at it.
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict | Self::Saved(_))
    }
}

/// A path that somebody changed, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Below `/etc`; empty for that itself.
    pub path: PathBuf,
    /// What the owner did to it.
    pub owner: Option<Change>,
    /// What the vendor did to it.
    pub vendor: Option<Change>,
    /// What of mode, owner and group differs.
    pub attributes: Vec<&'static str>,
    /// What becomes of it.
    pub state: State,
    /// The keys that differ, where its format is known.
    pub keys: Vec<KeyReport>,
    /// How it was read, or why not key by key.
    pub note: Option<Note>,
}

/// How a file was read that is merged key by key, or why it was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// By the rules of this name.
    ByRules(String),
    /// As its suffix says.
    BySuffix,
    /// As plain `key=value`, since its consumer is not known.
    Plain,
    /// Both changed it, and it was not merged key by key.
    NotMerged(Unmergeable),
}

impl Note {
    /// The code of it in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ByRules(_) => "by-rules",
            Self::BySuffix => "by-suffix",
            Self::Plain => "plain",
            Self::NotMerged(why) => why.code(),
        }
    }
}

impl Outcome {
    /// The keys that both changed.
    pub fn conflicts(&self) -> impl Iterator<Item = &KeyReport> {
        let is_conflict = |key: &&KeyReport| key.action == KeyAction::Keep { conflict: true };
        self.keys.iter().filter(is_conflict)
    }
}
