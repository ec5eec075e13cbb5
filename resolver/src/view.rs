//! What is read off a ledger beside the files that it is about: its keys, its assignments, and what they come to.
//!
//! The [merge](crate::merge) asks it for what only its end tells, a [`Document`](crate::Document) hands it out.

mod assignment;
mod items;
mod key;
mod outcome;

use std::fmt;
use std::path::Path;

pub use self::assignment::{Assignment, State};
pub use self::items::Item;
pub(crate) use self::items::{Items, is_list, kind_of};
pub(crate) use self::key::Counting;
pub use self::key::{Key, Sum};
pub use self::outcome::{Numbered, Outcome};
use crate::escape::escape_path;
use crate::finding::Finding;
use crate::ledger::{Ledger, Row, Unloaded};
use crate::scan::{self, Entry, Fragment};

/// A ledger beside the entry whose files it is about: all that an assignment is read off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View<'d> {
    pub(crate) entry: &'d Entry,
    pub(crate) ledger: &'d Ledger,
}

/// A place in a file of the root. Displays as `/etc/x.conf:3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Place<'d> {
    /// The file, as it was found.
    pub path: &'d Path,
    /// The line, counted from 1; none for the file as a whole.
    pub line: Option<usize>,
}

impl<'d> Place<'d> {
    pub(crate) fn of(finding: &'d Finding) -> Self {
        let (path, line) = (&finding.path, finding.line);
        Self { path, line }
    }

    /// A file as a whole.
    pub(crate) fn file(fragment: &'d Fragment) -> Self {
        let path = &fragment.path;
        Self { path, line: None }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape_path(self.path).fmt(f)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Why a consumer loads nothing at all. Displays as the reason, without the [place](Self::place).
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Refusal<'d> {
    /// This file cannot be used.
    File(&'d Fragment),
    /// This line cannot be read.
    Problem(&'d Finding),
}

impl<'d> Refusal<'d> {
    /// The file and line because of which.
    pub fn place(&self) -> Place<'d> {
        match self {
            Self::File(file) => Place::file(file),
            Self::Problem(problem) => Place::of(problem),
        }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => match &file.state {
                scan::State::Unusable(why) => why.fmt(f),
                state => unreachable!("a file that is {state:?} keeps nothing from loading"),
            },
            Self::Problem(problem) => f.write_str(&problem.message),
        }
    }
}

impl<'d> View<'d> {
    /// Every assignment, in the order in which the consumer meets them.
    pub(crate) fn assignments(self) -> impl DoubleEndedIterator<Item = Assignment<'d>> {
        self.ledger.rows().map(move |row| self.assignment(row))
    }

    pub(crate) const fn assignment(self, row: Row) -> Assignment<'d> {
        Assignment::new(self, row)
    }

    /// The keys, in the order in which they first appear.
    pub(crate) fn keys(self) -> impl Iterator<Item = Key<'d>> {
        self.ledger.keys().map(move |key| Key::new(self, key))
    }

    /// A key, if any file assigns it.
    pub(crate) fn key(self, section: &[u8], key: &[u8]) -> Option<Key<'d>> {
        let section = self.ledger.find_section(section)?;
        Some(Key::new(self, self.ledger.find_key(section, key)?))
    }

    /// Why the consumer loads nothing at all; none where it loads, and where the main file is missing or masked.
    pub(crate) fn refusal(self) -> Option<Refusal<'d>> {
        match self.ledger.unloaded()? {
            Unloaded::File(by) => Some(Refusal::File(&self.entry[by])),
            Unloaded::Problem(by) => Some(Refusal::Problem(&self.ledger[by])),
            Unloaded::Headless | Unloaded::Masked => None,
        }
    }
}
