//! What became of a file: the one account of it, which every command, finding and machine output tells.
//!
//! The scan knows [facts](crate::scan::State) about names and layers, the ledger about assignments;
//! an [`Account`] is made of both, and what is said of a file is said by it alone.
//!
//! ```
//! use overlay_resolver::{Resolver, catalog::Catalog, tree::Tree};
//!
//! let file = "/etc/systemd/journald.conf.d/10-mine.conf";
//! let tree = Tree::default()
//!     .with(file.as_ref(), "[Journal]\nStorage=volatile\n")
//!     .with("/usr/lib/systemd/journald.conf.d/90-vendor.conf".as_ref(), "[Journal]\nStorage=auto\n");
//! let rules = Catalog::built_in().rules("systemd/journald.conf".as_ref()).unwrap();
//! let document = Resolver::new(tree).rules(rules).resolve("systemd/journald.conf").unwrap();
//! let account = document.account(file.as_ref()).unwrap();
//! assert_eq!(
//!     account.brief().to_string(),
//!     "superseded by /usr/lib/systemd/journald.conf.d/90-vendor.conf"
//! );
//! ```

mod made;
mod scanned;
mod unread;
mod words;

use std::path::Path;

pub(crate) use self::scanned::tell;
pub use self::unread::Unread;
pub use self::words::Brief;
use crate::document::{Assignment, Place};
use crate::finding::{Finding, code};
use crate::root::{Mask, Unusable};
use crate::rules::{BrokenFile, Ignored};
use crate::scan::Fragment;

/// What a file does, or why it does nothing. Displays as the reason in words.
#[derive(Debug, Clone)]
pub enum Account<'d> {
    /// It counts, and some of its assignments do.
    Effective {
        /// Those that count.
        wins: Vec<Assignment<'d>>,
        /// The others.
        loses: Vec<Assignment<'d>>,
        /// The files of its name that it hides.
        hides: Vec<&'d Fragment>,
    },
    /// It counts, and all that it assigns other files assign again.
    Superseded {
        /// Its assignments.
        loses: Vec<Assignment<'d>>,
        /// The files that beat it.
        by: Vec<&'d Fragment>,
        /// Why all of them are read after it; none if they are not.
        early: Option<Early>,
        /// The files of its name that it hides.
        hides: Vec<&'d Fragment>,
    },
    /// It counts, and its consumer ignores all that it assigns, since it does not know it.
    Unknown {
        /// Its assignments.
        ignored: Vec<Assignment<'d>>,
        /// The files of its name that it hides.
        hides: Vec<&'d Fragment>,
    },
    /// It counts and assigns nothing; it still hides these files of its name.
    Blank(Vec<&'d Fragment>),
    /// It counts, and its consumer reads none of its assignments.
    Invalid {
        /// Because of this problem in it.
        problem: &'d Finding,
        /// What else it does not read because of it.
        costs: BrokenFile,
        /// The files of its name that it hides.
        hides: Vec<&'d Fragment>,
    },
    /// Nobody says what syntax it has, and it is not in the usual one: whether it counts is not known.
    NotUnderstood {
        /// What the usual syntax has no name for.
        problem: &'d Finding,
        /// The files of its name that it hides.
        hides: Vec<&'d Fragment>,
    },
    /// The consumer loads no file at all because of what is there.
    NotLoaded(Place<'d>),
    /// The consumer stops at what is there, and does not come to it.
    NotReached(Place<'d>),
    /// A file of its name hides it.
    Shadowed {
        /// That file.
        by: &'d Fragment,
        /// Where that one ranks above it.
        above: Above,
    },
    /// This mask hides it.
    Masked(&'d Fragment),
    /// It is the main file and a drop-in in one, and read where this drop-in stands.
    Duplicate(&'d Fragment),
    /// It hides other files.
    Mask {
        /// How.
        mask: Mask,
        /// Which; none if it masks nothing.
        hides: Vec<&'d Fragment>,
    },
    /// It takes its name and cannot be used.
    Unusable {
        /// Why.
        why: &'d Unusable,
        /// What else its consumer does not read because of it.
        costs: BrokenFile,
    },
    /// It cannot be used, and the next lower layer counts.
    PassedOver(&'d Unusable),
    /// Its name says that it is not meant.
    Ignored(&'d Ignored),
    /// It is a drop-in of a main file (of this name) that no layer has.
    Headless(&'d Path),
    /// Nobody looks where it is.
    Unread(Unread),
}

/// Why a file is read before those that beat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Early {
    /// It is the main file, over which drop-ins are merged.
    Main,
    /// By its name.
    Name,
    /// By its layer, where a consumer reads layer by layer.
    Layer,
}

/// Where a file that hides another ranks above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Above {
    /// It is in the same directory of a higher layer.
    Layer,
    /// It is in another directory of the same document, such as that of the unit itself instead of its type's.
    Directory,
}

impl<'d> Account<'d> {
    /// The assignments of the file, as far as what it does depends on them, in their order.
    pub fn assignments(&self) -> Vec<Assignment<'d>> {
        let mut all = match self {
            Self::Effective { wins, loses, .. } => [&wins[..], loses].concat(),
            Self::Superseded { loses: all, .. } | Self::Unknown { ignored: all, .. } => all.clone(),
            _ => Vec::new(),
        };
        all.sort_by_key(Assignment::number);
        all
    }

    /// The word for it in machine output.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Effective { .. } => "effective",
            Self::Superseded { .. } => "superseded",
            Self::Unknown { .. } => "unknown",
            Self::Blank(_) => "blank",
            Self::Invalid { .. } => "invalid",
            Self::NotUnderstood { .. } => "not-understood",
            Self::NotLoaded(_) => "not-loaded",
            Self::NotReached(_) => "not-reached",
            Self::Shadowed { .. } => "shadowed",
            Self::Masked(_) => "masked",
            Self::Duplicate(_) => "duplicate",
            Self::Mask { .. } => "mask",
            Self::Unusable { .. } => "unusable",
            Self::PassedOver(_) => "passed-over",
            Self::Headless(_) => "headless",
            Self::Ignored(_) | Self::Unread(Unread::Name(_) | Unread::Copy { .. }) => "ignored",
            Self::Unread(_) => "unread",
        }
    }

    /// The files, or the lines of them, that did it; none where it is the file itself.
    pub fn by(&self) -> Vec<Place<'d>> {
        match self {
            Self::Superseded { by, .. } => by.iter().map(|file| Place::file(file)).collect(),
            Self::Invalid { problem, .. } | Self::NotUnderstood { problem, .. } => {
                vec![Place::of(problem)]
            }
            Self::NotLoaded(place) | Self::NotReached(place) => vec![*place],
            Self::Shadowed { by: file, .. } | Self::Masked(file) | Self::Duplicate(file) => {
                vec![Place::file(file)]
            }
            Self::Effective { .. }
            | Self::Unknown { .. }
            | Self::Blank(_)
            | Self::Mask { .. }
            | Self::Unusable { .. }
            | Self::PassedOver(_)
            | Self::Ignored(_)
            | Self::Headless(_)
            | Self::Unread(_) => Vec::new(),
        }
    }

    /// Whether its consumer reads an assignment of it.
    pub const fn is_read(&self) -> bool {
        matches!(
            self,
            Self::Effective { .. } | Self::Superseded { .. } | Self::Unknown { .. }
        )
    }

    /// Whether the result would differ without the file, as far as that can be told from its kind.
    pub const fn has_effect(&self) -> bool {
        match self {
            Self::Effective { .. }
            | Self::Duplicate(_)
            | Self::Unusable { .. }
            | Self::Invalid {
                costs: BrokenFile::EndsLoading | BrokenFile::Fatal,
                ..
            } => true,
            Self::Mask { hides, .. }
            | Self::Blank(hides)
            | Self::Unknown { hides, .. }
            | Self::Superseded { hides, .. }
            | Self::Invalid { hides, .. }
            | Self::NotUnderstood { hides, .. } => !hides.is_empty(),
            Self::NotLoaded(_)
            | Self::NotReached(_)
            | Self::Shadowed { .. }
            | Self::Masked(_)
            | Self::PassedOver(_)
            | Self::Ignored(_)
            | Self::Headless(_)
            | Self::Unread(_) => false,
        }
    }

    /// What the owner of the file at `path` should know of it.
    pub(crate) fn finding(&self, path: &Path) -> Option<Finding> {
        match self {
            Self::Unusable { .. } => {
                Some(code::BROKEN_FILE.error(path, format!("{self}; mend or remove it")))
            }
            Self::PassedOver(_) => Some(code::BROKEN_FILE.warning(path, self.to_string())),
            Self::Headless(_) => Some(code::UNREACHABLE_FILE.warning(path, self.to_string())),
            Self::Ignored(_) => Some(code::UNREACHABLE_FILE.info(path, format!("ignored: {self}"))),
            Self::Effective { .. }
            | Self::Superseded { .. }
            | Self::Unknown { .. }
            | Self::Blank(_)
            | Self::Invalid { .. }
            | Self::NotUnderstood { .. }
            | Self::NotLoaded(_)
            | Self::NotReached(_)
            | Self::Shadowed { .. }
            | Self::Masked(_)
            | Self::Duplicate(_)
            | Self::Mask { .. }
            | Self::Unread(_) => None,
        }
    }
}

#[cfg(test)]
#[cfg(feature = "inspect")]
mod tests;
