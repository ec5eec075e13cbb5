//! What a file does to the document that it is a part of.

use std::collections::HashSet;
use std::fmt::{self, Display as _};
use std::path::{Path, PathBuf};

use crate::document::{Assignment, Document, Place, State as Fate};
use crate::escape::escape_path;
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
            .partition(|a| a.state() == Fate::Applied);
        let hides = hidden_by(document, index);
        let problem = problem_of(document, index, &loses);
        let is_read = loses.iter().any(|a| a.state() != Fate::Invalid);
        match problem {
            Some((problem, costs @ BrokenFile::Fatal)) => Self::Invalid {
                problem,
                costs,
                hides,
            },
            _ if !wins.is_empty() => Self::Effective { wins, loses, hides },
            _ if is_read => Self::superseded(index, loses, hides),
            Some((problem, costs)) => Self::Invalid {
                problem,
                costs,
                hides,
            },
            None => match loses.iter().find_map(Assignment::by) {
                Some(place) => Self::NotReached(place),
                None => Self::Blank(hides),
            },
        }
    }

    fn superseded(index: usize, loses: Vec<Assignment<'d>>, hides: Vec<&'d Fragment>) -> Self {
        let winners: Vec<_> = loses.iter().filter_map(Assignment::final_winner).collect();
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
            Self::Superseded { loses, .. } => loses.clone(),
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
    let fragments = &document.entry().fragments;
    if let Status::Refused(by) = document.entry().status {
        let path = &fragments.get(by)?.path;
        return (by != index).then_some(Place { path, line: None });
    }
    let problem = document.problems().get(document.fatal?)?;
    let own = fragments
        .get(index)
        .is_some_and(|fragment| fragment.path == problem.path);
    (!own).then_some(Place {
        path: &problem.path,
        line: problem.line,
    })
}

impl fmt::Display for Effect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effective { wins, loses, hides } => {
                match (wins.len(), loses.len()) {
                    (1, 0) => f.write_str("its one assignment counts")?,
                    (wins, 0) => write!(f, "all its {wins} assignments count")?,
                    (1, loses) => write!(f, "1 of its {} assignments counts", 1 + loses)?,
                    (wins, loses) => write!(f, "{wins} of its {} assignments count", wins + loses)?,
                }
                replaces(f, hides)
            }
            Self::Superseded {
                by,
                is_early,
                hides,
                ..
            } => {
                let by = files(by);
                if *is_early {
                    write!(
                        f,
                        "it sorts too early: all that it assigns is assigned again by {by}"
                    )?;
                } else {
                    write!(
                        f,
                        "all that it assigns is assigned by {by} too, which beats it"
                    )?;
                }
                replaces(f, hides)
            }
            Self::Blank(hides) if hides.is_empty() => f.write_str("it assigns nothing"),
            Self::Blank(hides) => write!(f, "it assigns nothing, and hides {}", files(hides)),
            Self::Invalid {
                problem,
                costs,
                hides,
            } => {
                let (path, line) = (&problem.path, problem.line);
                let place = Place { path, line };
                match costs {
                    BrokenFile::Alone => {
                        write!(f, "its consumer reads nothing of it because of {place}")?;
                    }
                    BrokenFile::EndsLoading => {
                        write!(
                            f,
                            "its consumer stops at {place}, and reads none of the files after it"
                        )?;
                    }
                    BrokenFile::Fatal => {
                        write!(f, "its consumer loads nothing at all because of {place}")?;
                    }
                }
                replaces(f, hides)
            }
            Self::NotLoaded(place) => {
                write!(f, "its consumer loads nothing at all because of {place}")
            }
            Self::NotReached(place) => {
                write!(
                    f,
                    "its consumer stops at {place}, and reads none of the files after it"
                )
            }
            Self::Shadowed(by) => {
                let by = escape_path(&by.path);
                write!(
                    f,
                    "{by} in a higher layer has the same name, and replaces it whole"
                )
            }
            Self::Masked(by) => write!(f, "{} masks it", escape_path(&by.path)),
            Self::Duplicate(of) => {
                write!(
                    f,
                    "the same file as {}, and read once, in its place",
                    escape_path(&of.path)
                )
            }
            Self::Mask { mask, hides } if hides.is_empty() => {
                write!(f, "{mask} masks, but nothing of this name is below it")
            }
            Self::Mask { mask, hides } => write!(f, "{mask} masks {}", files(hides)),
            Self::Unusable(why) => {
                write!(
                    f,
                    "{why}; it takes its name all the same, and hides what is below it"
                )
            }
            Self::PassedOver(why) => write!(f, "{why}; its consumer passes over it"),
            Self::Ignored(why) => why.fmt(f),
            Self::Headless(name) => {
                write!(
                    f,
                    "no layer has {}, which it would be merged over",
                    escape_path(name)
                )
            }
            Self::Unread(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayer => f.write_str("it is in no layer"),
            Self::OtherLayer(layers) => {
                f.write_str("it is in a layer that its consumer does not have; those are ")?;
                list(f, layers.iter().map(PathBuf::as_path))
            }
            Self::Nested(directory) => {
                let directory = escape_path(directory);
                write!(
                    f,
                    "it lies below {directory} and not in it, and directories there are not read"
                )
            }
            Self::Copy { of, reason } => {
                write!(f, "{reason}; what is read is {}", escape_path(of))
            }
            Self::Name(reason) => reason.fmt(f),
            Self::OtherDirectory(None) => f.write_str("its consumer has no drop-ins"),
            Self::OtherDirectory(Some(name)) => {
                write!(
                    f,
                    "its consumer looks for drop-ins in {}",
                    escape_path(name)
                )
            }
            Self::NoUnit(directory) => {
                write!(
                    f,
                    "no layer has a unit whose drop-ins are in {}; one made at run time would have them",
                    escape_path(directory.as_ref())
                )
            }
        }
    }
}

fn replaces(f: &mut fmt::Formatter<'_>, hidden: &[&Fragment]) -> fmt::Result {
    match hidden {
        [] => Ok(()),
        hidden => write!(f, "; it replaces {}", files(hidden)),
    }
}

/// Some files in words; many are counted.
fn files(files: &[&Fragment]) -> String {
    struct Files<'f>(&'f [&'f Fragment]);
    impl fmt::Display for Files<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            list(f, self.0.iter().map(|fragment| fragment.path.as_path()))
        }
    }
    Files(files).to_string()
}

fn list<'p>(
    f: &mut fmt::Formatter<'_>,
    paths: impl ExactSizeIterator<Item = &'p Path>,
) -> fmt::Result {
    let last = paths.len().saturating_sub(1);
    for (index, path) in paths.enumerate() {
        match index {
            0 => {}
            index if index == last => f.write_str(" and ")?,
            _ => f.write_str(", ")?,
        }
        escape_path(path).fmt(f)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
