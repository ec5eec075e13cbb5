//! What nobody has read of an entry's files: what stands there may assign any key.

use std::fmt;

use super::Document;
use crate::escape::escape_path;
use crate::root::Unusable;
use crate::scan::{FileId, Fragment, State};
use crate::view::{Place, View};

/// A file that was not read, or the first of its lines that could not be. Displays as what it is, with the reason where
/// no finding may tell it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Gap<'d> {
    /// Another file hides it, and nobody asked for its history.
    Unopened(&'d Fragment),
    /// It cannot be used, whether or not another file hides it.
    Unusable {
        /// The file.
        file: &'d Fragment,
        /// Why it cannot be.
        why: &'d Unusable,
    },
    /// A line that is not in the syntax by which the file is read, whether or not the file counts.
    Line(Place<'d>),
}

impl Document {
    /// What was not read of its files: none where the keys that it [has](Document::keys) are for sure all that
    /// they assign.
    pub fn gaps(&self) -> Vec<Gap<'_>> {
        self.view().gaps()
    }
}

impl<'d> View<'d> {
    pub(crate) fn gaps(self) -> Vec<Gap<'d>> {
        let gap = |(number, file): (FileId, &'d Fragment)| match file.alone() {
            State::Unseen => Some(Gap::Unopened(file)),
            State::Unusable(why) | State::PassedOver(why) => Some(Gap::Unusable { file, why }),
            _ => {
                let line = Some(self.ledger.broken_line(number)?);
                let path = &file.path;
                Some(Gap::Line(Place { path, line }))
            }
        };
        self.entry.files().filter_map(gap).collect()
    }
}

impl fmt::Display for Gap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unopened(file) => escape_path(&file.path).fmt(f),
            Self::Unusable { file, why } => write!(f, "{} ({why})", escape_path(&file.path)),
            Self::Line(place) => place.fmt(f),
        }
    }
}
