//! What a file does to the document that it is a part of.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::document::{Assignment, Document, Place, State as Fate};
use crate::finding::Finding;
use crate::root::{Mask, Unusable};
use crate::rules::{BrokenFile, DropIns, Ignored, Name, Rules, Shape};
use crate::scan::{Fragment, State, Status};

/// What a file does, or why it does nothing. Displays as the reason in words.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Effect<'d> {
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
        /// Whether they do it because they come later.
        is_early: bool,
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
    /// The consumer loads no file at all because of what is there.
    NotLoaded(Place<'d>),
    /// The consumer stops at what is there, and does not come to it.
    NotReached(Place<'d>),
    /// This file of its name in a higher layer hides it.
    Shadowed(&'d Fragment),
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
    Unusable(&'d Unusable),
    /// It cannot be used, and the next lower layer counts.
    PassedOver(&'d Unusable),
    /// Its name says that it is not meant.
    Ignored(&'d Ignored),
    /// It is a drop-in of a main file (of this name) that no layer has.
    Headless(&'d Path),
    /// Nobody looks where it is.
    Unread(Unread),
}

/// Why nobody looks at a file, whatever is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unread {
    /// It is in no layer of anybody.
    NoLayer,
    /// It is in a layer that its consumer does not have; these are those that it has.
    OtherLayer(Vec<PathBuf>),
    /// It lies below a directory of drop-ins (a path below the layers) and not in it.
    Nested(PathBuf),
    /// It is a copy of a main file, which is looked for by its name.
    Copy {
        /// The configuration path of that file.
        of: PathBuf,
        /// What its name says.
        reason: Ignored,
    },
    /// Its name says that it is not meant.
    Name(Ignored),
    /// Its consumer has no drop-ins, or has them elsewhere: in a directory of this name.
    OtherDirectory(Option<PathBuf>),
    /// No layer has a unit that has drop-ins in this directory.
    NoUnit(String),
}

impl Unread {
    /// Why a consumer with these rules does not read the file at `path`, which it did not find.
    pub fn by(rules: &Rules, path: &Path, document: &Path) -> Self {
        let layers = || rules.layers.iter().map(|layer| layer.base().to_owned());
        if rules.layer_of(path).is_none() {
            return Self::OtherLayer(layers().collect());
        }
        if rules.shape_of(document) == Shape::Entries
            && let Some(name) = path.file_name()
            && let Name::Ignored(reason) = rules.classify(name)
        {
            return Self::Name(reason);
        }
        let beside = || {
            document.file_name().map(|name| {
                let mut name = name.to_owned();
                name.push(".d");
                PathBuf::from(name)
            })
        };
        Self::OtherDirectory(match &rules.drop_ins {
            DropIns::None => None,
            DropIns::Named(name) => Some(name.into()),
            DropIns::Beside | DropIns::Unit => beside(),
        })
    }
}

impl<'d> Effect<'d> {
    /// What the file at `path` does; none if it is no file of this document.
    pub fn of(document: &'d Document, path: &Path) -> Option<Self> {
        let fragments = &document.entry().fragments;
        let index = fragments
            .iter()
            .position(|fragment| fragment.path == path)?;
        let by = |by: usize| fragments.get(by);
        Some(match &fragments.get(index)?.state {
            State::Effective => Self::counting(document, index),
            State::Shadowed(other) => Self::Shadowed(by(*other)?),
            State::Masked(other) => Self::Masked(by(*other)?),
            State::Duplicate(other) => Self::Duplicate(by(*other)?),
            State::Mask(mask) => Self::Mask {
                mask: *mask,
                hides: hidden_by(document, index),
            },
            State::Unusable(why) => Self::Unusable(why),
            State::PassedOver(why) => Self::PassedOver(why),
            State::Ignored(why) => Self::Ignored(why),
        })
    }

    fn counting(document: &'d Document, index: usize) -> Self {
        if let Some(place) = not_loaded_by(document, index) {
            return Self::NotLoaded(place);
        }
        if document.entry().status == Status::Headless {
            return Self::Headless(document.entry().name.as_ref());
        }
        let assignments = document.assignments();
        let (wins, loses): (Vec<_>, Vec<_>) = assignments
            .filter(|a| a.fragment_index() == index)
            .partition(|a| a.state() == Fate::Applied && a.unknown().is_none());
        let hides = hidden_by(document, index);
        let problem = problem_of(document, index, &loses);
        let is_read = |a: &Assignment<'_>| a.state() != Fate::Invalid;
        let is_known = loses.iter().any(|a| is_read(a) && a.unknown().is_none());
        match problem {
            Some((problem, costs @ BrokenFile::Fatal)) => Self::Invalid {
                problem,
                costs,
                hides,
            },
            _ if !wins.is_empty() => Self::Effective { wins, loses, hides },
            _ if is_known => Self::superseded(index, loses, hides),
            Some((problem, costs)) => Self::Invalid {
                problem,
                costs,
                hides,
            },
            None if loses.iter().any(is_read) => Self::Unknown {
                ignored: loses,
                hides,
            },
            None => match loses.iter().find_map(Assignment::by) {
                Some(place) => Self::NotReached(place),
                None => Self::Blank(hides),
            },
        }
    }

    fn superseded(index: usize, loses: Vec<Assignment<'d>>, hides: Vec<&'d Fragment>) -> Self {
        let known = loses.iter().filter(|a| a.unknown().is_none());
        let winners: Vec<_> = known.filter_map(Assignment::final_winner).collect();
        let mut seen = HashSet::new();
        let new = winners
            .iter()
            .filter(|winner| seen.insert(winner.fragment_index()));
        let by = new.map(Assignment::fragment).collect();
        Self::Superseded {
            is_early: winners.iter().all(|winner| winner.fragment_index() > index),
            loses,
            by,
            hides,
        }
    }

    /// The assignments of the file, as far as its effect depends on them, in their order.
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
            Self::NotLoaded(_) => "not-loaded",
            Self::NotReached(_) => "not-reached",
            Self::Shadowed(_) => "shadowed",
            Self::Masked(_) => "masked",
            Self::Duplicate(_) => "duplicate",
            Self::Mask { .. } => "mask",
            Self::Unusable(_) => "unusable",
            Self::PassedOver(_) => "passed-over",
            Self::Headless(_) => "headless",
            Self::Ignored(_) | Self::Unread(Unread::Name(_) | Unread::Copy { .. }) => "ignored",
            Self::Unread(_) => "unread",
        }
    }

    /// Whether the result would differ without the file, as far as that can be told from its kind.
    pub const fn has_effect(&self) -> bool {
        match self {
            Self::Effective { .. }
            | Self::Duplicate(_)
            | Self::Unusable(_)
            | Self::Invalid {
                costs: BrokenFile::EndsLoading | BrokenFile::Fatal,
                ..
            } => true,
            Self::Mask { hides, .. }
            | Self::Blank(hides)
            | Self::Unknown { hides, .. }
            | Self::Superseded { hides, .. }
            | Self::Invalid { hides, .. } => !hides.is_empty(),
            _ => false,
        }
    }
}

/// The problem of a file that counts most, and what it costs beyond the file.
fn problem_of<'d>(
    document: &'d Document,
    index: usize,
    loses: &[Assignment<'d>],
) -> Option<(&'d Finding, BrokenFile)> {
    if let Some(problem) = document
        .fatal
        .and_then(|index| document.problems().get(index))
    {
        return Some((problem, BrokenFile::Fatal));
    }
    let path = &document.entry().fragments.get(index)?.path;
    let is_own = |problem: &&Finding| problem.path == *path;
    let spoils = loses.iter().filter_map(Assignment::spoiled_by).find(is_own);
    let problem = spoils.or_else(|| document.problems().iter().find(is_own))?;
    let ends = document.assignments().any(|assignment| {
        assignment.fragment_index() != index && assignment.spoiled_by().as_ref().is_some_and(is_own)
    });
    let costs = if ends {
        BrokenFile::EndsLoading
    } else {
        BrokenFile::Alone
    };
    Some((problem, costs))
}

/// The files that the one with this index hides.
fn hidden_by(document: &Document, index: usize) -> Vec<&Fragment> {
    let is_hidden = |fragment: &&Fragment| matches!(fragment.state, State::Shadowed(by) | State::Masked(by) if by == index);
    document
        .entry()
        .fragments
        .iter()
        .filter(is_hidden)
        .collect()
}

/// What keeps the consumer from loading anything, if that is not the file with this index.
fn not_loaded_by(document: &Document, index: usize) -> Option<Place<'_>> {
    let path = &document.entry().fragments.get(index)?.path;
    let by = document.not_loaded_by();
    by.filter(|place| place.path != path)
}

#[cfg(test)]
mod tests;
mod words;
