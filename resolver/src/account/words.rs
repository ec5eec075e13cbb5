//! What became of a file, in words.

use std::collections::BTreeSet;
use std::fmt;

use super::{Above, Account, Early};
use crate::document::{Assignment, Outcome, Place};
use crate::escape::escape_path;
use crate::rules::BrokenFile;
use crate::scan::Fragment;

/// An account in few words, such as `masked by /etc/x.conf`: the word for it, and what did it.
#[derive(Debug, Clone, Copy)]
pub struct Brief<'a>(&'a Account<'a>);

impl Account<'_> {
    /// It in few words: `effective`, `masked by /etc/x.conf`, `unusable: is a directory, …`.
    pub fn brief(&self) -> Brief<'_> {
        Brief(self)
    }
}

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(account) = self;
        f.write_str(account.word())?;
        let by = match account {
            Account::Effective { .. } => return Ok(()),
            Account::Superseded { .. } | Account::Shadowed { .. } | Account::Masked(_) => "by",
            Account::Invalid {
                costs: BrokenFile::Alone,
                ..
            }
            | Account::NotUnderstood { .. }
            | Account::NotLoaded(_)
            | Account::NotReached(_) => "because of",
            Account::Duplicate(_) => "of",
            Account::Unknown { .. }
            | Account::Blank(_)
            | Account::Invalid { .. }
            | Account::Mask { .. }
            | Account::Unusable { .. }
            | Account::PassedOver(_)
            | Account::Ignored(_)
            | Account::Headless(_)
            | Account::Unread(_) => return write!(f, ": {account}"),
        };
        write!(f, " {by} ")?;
        list(f, account.by().into_iter())
    }
}

impl fmt::Display for Account<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Effective { wins, loses, hides } => {
                how_many(f, wins, loses)?;
                replaces(f, hides)
            }
            Self::Superseded {
                by, early, hides, ..
            } => {
                superseded(f, by, *early)?;
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
                costs_because_of(f, *costs, &Place::of(problem))?;
                replaces(f, hides)
            }
            Self::NotUnderstood { problem, hides } => {
                let place = Place::of(problem);
                write!(
                    f,
                    "nobody says what syntax it has, and {place} is not in systemd's; whether it counts is \
                     not known"
                )?;
                replaces(f, hides)
            }
            Self::NotLoaded(place) => costs_because_of(f, BrokenFile::Fatal, place),
            Self::NotReached(place) => costs_because_of(f, BrokenFile::EndsLoading, place),
            Self::Shadowed { by, above } => {
                let place = match above {
                    Above::Layer => "in a higher layer",
                    Above::Directory => "in a directory that ranks above its own",
                };
                let by = escape_path(&by.path);
                write!(f, "{by} {place} has the same name, and replaces it whole")
            }
            Self::Masked(by) => write!(f, "{} masks it", escape_path(&by.path)),
            Self::Duplicate(of) => {
                let of = escape_path(&of.path);
                write!(f, "the same file as {of}, and read once, in its place")
            }
            Self::Mask { mask, hides } if hides.is_empty() => {
                write!(f, "{mask} masks, but nothing of this name is below it")
            }
            Self::Mask { mask, hides } => write!(f, "{mask} masks {}", files(hides)),
            Self::Unusable { why, costs } => {
                write!(f, "{why}; ")?;
                match costs {
                    BrokenFile::Alone => {
                        f.write_str("it takes its name and hides what is below it")
                    }
                    costs => costs_because_of(f, *costs, &"it"),
                }
            }
            Self::PassedOver(why) => {
                write!(
                    f,
                    "{why}; its consumer passes over it, so the next lower layer counts"
                )
            }
            Self::Ignored(why) => why.fmt(f),
            Self::Headless(name) => {
                let name = escape_path(name);
                write!(
                    f,
                    "changes nothing: no layer has a {name} that it could be merged over"
                )
            }
            Self::Unread(why) => why.fmt(f),
        }
    }
}

fn superseded(f: &mut fmt::Formatter<'_>, by: &[&Fragment], early: Option<Early>) -> fmt::Result {
    let why = match early {
        Some(Early::Main) => "it is the main file, over which drop-ins are merged",
        Some(Early::Name) => "it sorts too early",
        Some(Early::Layer) => "its layer is read too early",
        None => {
            let by = files(by);
            return write!(
                f,
                "all that it assigns is assigned by {by} too, which beats it"
            );
        }
    };
    write!(
        f,
        "{why}: all that it assigns is assigned again by {}",
        files(by)
    )
}

/// What a consumer does not read because of something broken.
fn costs_because_of(
    f: &mut fmt::Formatter<'_>,
    costs: BrokenFile,
    place: &dyn fmt::Display,
) -> fmt::Result {
    match costs {
        BrokenFile::Alone => write!(f, "its consumer reads nothing of it because of {place}"),
        BrokenFile::EndsLoading => write!(
            f,
            "its consumer stops at {place}, and reads none of the files after it"
        ),
        BrokenFile::Fatal => write!(f, "its consumer loads nothing at all because of {place}"),
    }
}

/// How many of its assignments count, and how many take away what counted before them: those are no values.
fn how_many(
    f: &mut fmt::Formatter<'_>,
    wins: &[Assignment<'_>],
    loses: &[Assignment<'_>],
) -> fmt::Result {
    let is_taker = |outcome: Outcome<'_>| outcome.has_effect() && !outcome.counts();
    let all = written(wins.iter().chain(loses));
    let values = written(wins.iter().filter(|a| a.outcome().counts()));
    let takers = written(wins.iter().filter(|a| is_taker(a.outcome())));
    match (values, takers) {
        (0, 0) => part_of(
            f,
            written(wins.iter()),
            all,
            "changes nothing",
            "change nothing",
        )?,
        (0, _) => {}
        (values, _) => part_of(f, values, all, "counts", "count")?,
    }
    match (values, takers) {
        (_, 0) => Ok(()),
        (0, takers) => part_of(f, takers, all, TAKES, TAKE),
        (_, 1) => write!(f, ", 1 {TAKES}"),
        (_, takers) => write!(f, ", {takers} {TAKE}"),
    }
}

const TAKES: &str = "takes away what is before it";
const TAKE: &str = "take away what is before them";

/// That so many of all assignments do something.
fn part_of(
    f: &mut fmt::Formatter<'_>,
    some: usize,
    all: usize,
    does: &str,
    do_it: &str,
) -> fmt::Result {
    match (some, all - some) {
        (1, 0) => write!(f, "its one assignment {does}"),
        (some, 0) => write!(f, "all its {some} assignments {do_it}"),
        (1, _) => write!(f, "1 of its {all} assignments {does}"),
        (some, _) => write!(f, "{some} of its {all} assignments {do_it}"),
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
            list(f, self.0.iter().map(|fragment| escape_path(&fragment.path)))
        }
    }
    Files(files).to_string()
}

pub(super) fn list(
    f: &mut fmt::Formatter<'_>,
    items: impl ExactSizeIterator<Item = impl fmt::Display>,
) -> fmt::Result {
    let count = items.len();
    for (index, item) in items.enumerate() {
        match index {
            0 => {}
            index if index + 1 == count => f.write_str(" and ")?,
            _ => f.write_str(", ")?,
        }
        item.fmt(f)?;
    }
    Ok(())
}
