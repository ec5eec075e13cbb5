//! What a file does, in words.

use std::collections::BTreeSet;
use std::fmt::{self, Display as _};
use std::path::{Path, PathBuf};

use super::{Effect, Unread};
use crate::document::{Assignment, Place};
use crate::escape::escape_path;
use crate::rules::BrokenFile;
use crate::scan::Fragment;

impl fmt::Display for Effect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effective { wins, loses, hides } => {
                how_many(f, wins, loses)?;
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
            Self::Unknown { hides, .. } => {
                f.write_str("its consumer ignores all that it assigns, since it does not know it")?;
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

/// How many of its assignments count.
fn how_many(
    f: &mut fmt::Formatter<'_>,
    wins: &[Assignment<'_>],
    loses: &[Assignment<'_>],
) -> fmt::Result {
    let all = written(wins.iter().chain(loses));
    let wins = written(wins.iter());
    match (wins, all - wins) {
        (1, 0) => f.write_str("its one assignment counts"),
        (wins, 0) => write!(f, "all its {wins} assignments count"),
        (1, _) => write!(f, "1 of its {all} assignments counts"),
        (wins, _) => write!(f, "{wins} of its {all} assignments count"),
    }
}

/// How many assignments these are in the file, where one may stand for several keys.
fn written<'a>(assignments: impl Iterator<Item = &'a Assignment<'a>>) -> usize {
    let starts: BTreeSet<_> = assignments.map(|a| a.span().start).collect();
    starts.len()
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
