//! What became of an assignment: the one account of it.

use std::fmt;

use bstr::BStr;

use super::{Assignment, Place, Refusal};
use crate::escape::escape;
use crate::finding::Finding;
use crate::ledger::Fate;
use crate::scan::Fragment;
use crate::schema::{OnEmpty, Operator, Unknown};

/// What became of an assignment. Displays as `counts`, `resets it`, `ignored: …` or
/// `loses: superseded by /etc/x.conf:3`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Outcome<'d> {
    /// It is the value of its key, or one of several.
    Counts,
    /// It is a value of its key where that is a list: nobody says what the key is, and a later value is
    /// the one that counts if there is to be one ([`typed`](crate::typed)).
    CountsInAList,
    /// It is empty, and takes away what was assigned before.
    Empties,
    /// It is empty, which changes nothing: it is ignored, or nothing is there that it would take away.
    SaysNothing,
    /// It takes items away from those of its key (`KEY-=`).
    Removes,
    /// It would, and none of them is there.
    RemovesNothing,
    /// Its consumer reads it, and does not know its name.
    Ignored {
        /// Why.
        why: Unknown,
        /// The section.
        section: &'d BStr,
    },
    /// This one beats it.
    Superseded(Assignment<'d>),
    /// This one empties the list that it adds to.
    Reset(Assignment<'d>),
    /// This file hides its own.
    Shadowed(&'d Fragment),
    /// This mask hides its file.
    Masked(&'d Fragment),
    /// Its consumer does not read it, because of this problem.
    Invalid(&'d Finding),
    /// Nothing is loaded at all: for this reason, or because no layer has the main file.
    NotLoaded(Option<Refusal<'d>>),
}

impl<'d> Assignment<'d> {
    /// What became of it.
    pub fn outcome(&self) -> Outcome<'d> {
        let merged = self.merged();
        let is_read = matches!(
            merged,
            Outcome::Counts | Outcome::Superseded(_) | Outcome::Reset(_)
        );
        match (self.unknown(), self.empties()) {
            (Some(why), _) if is_read => Outcome::Ignored {
                why,
                section: self.section(),
            },
            (_, Some(on_empty)) if matches!(merged, Outcome::Counts) => match on_empty {
                OnEmpty::Ignored => Outcome::SaysNothing,
                OnEmpty::Reset if self.record().is_idle => Outcome::SaysNothing,
                OnEmpty::Reset | OnEmpty::Clear | OnEmpty::Value => Outcome::Empties,
            },
            _ if matches!(merged, Outcome::Counts) && self.operator() == Operator::Remove => {
                if self.record().is_idle {
                    Outcome::RemovesNothing
                } else {
                    Outcome::Removes
                }
            }
            _ if matches!(merged, Outcome::Counts) && self.is_followed() => Outcome::CountsInAList,
            _ => merged,
        }
    }

    /// What the merge says of it, whatever its consumer makes of its name and of an empty value.
    pub(super) fn merged(&self) -> Outcome<'d> {
        match self.record().fate {
            Fate::Applied => Outcome::Counts,
            Fate::Superseded(by) => Outcome::Superseded(self.view.assignment(by)),
            Fate::Reset(by) => Outcome::Reset(self.view.assignment(by)),
            Fate::Shadowed(by) => Outcome::Shadowed(&self.view.entry[by]),
            Fate::Masked(by) => Outcome::Masked(&self.view.entry[by]),
            Fate::Invalid(by) => Outcome::Invalid(&self.view.ledger[by]),
            Fate::NotLoaded => Outcome::NotLoaded(self.view.refusal()),
        }
    }

    /// Whether another value of the same key counts after it, and nobody says what the two come to.
    fn is_followed(&self) -> bool {
        let key = self.owner();
        if !key.is_unsaid() {
            return false;
        }
        if self.header() == 0 {
            return key.last().is_some_and(|last| last.row() > self.row());
        }
        // What stands below one header stands together.
        let ledger = self.view.ledger;
        let rows = ledger.rows_from(self.number() + 1);
        let mut item = rows.take_while(|&row| ledger[row].header == self.header());
        item.any(|row| ledger[row].key == key.id() && ledger[row].fate == Fate::Applied)
    }

    /// What an empty value does to its key, if this is one and it is no value.
    pub(crate) fn empties(&self) -> Option<OnEmpty> {
        let on_empty = self.owner().kind_in_item()?.empty;
        (self.record().is_empty() && on_empty != OnEmpty::Value).then_some(on_empty)
    }
}

impl<'d> Outcome<'d> {
    /// Whether it is a value of its key.
    pub const fn counts(&self) -> bool {
        matches!(self, Self::Counts | Self::CountsInAList)
    }

    /// Whether it makes a difference: it is a value of its key, or takes one away.
    pub const fn has_effect(&self) -> bool {
        matches!(
            self,
            Self::Counts | Self::CountsInAList | Self::Empties | Self::Removes
        )
    }

    /// Why the consumer ignores it although it reads its file; none if it does not.
    pub const fn ignored(&self) -> Option<Unknown> {
        match self {
            Self::Ignored { why, .. } => Some(*why),
            _ => None,
        }
    }

    /// The word for it in machine output.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::CountsInAList => "counts-in-a-list",
            Self::Empties => "resets",
            Self::SaysNothing => "says-nothing",
            Self::Removes => "removes",
            Self::RemovesNothing => "removes-nothing",
            Self::Ignored { .. } => "ignored",
            Self::Superseded(_) => "superseded",
            Self::Reset(_) => "reset",
            Self::Shadowed(_) => "shadowed",
            Self::Masked(_) => "masked",
            Self::Invalid(_) => "invalid",
            Self::NotLoaded(_) => "not-loaded",
        }
    }

    /// The file, or the line of it, that did it; none where it is the assignment itself.
    pub fn by(&self) -> Option<Place<'d>> {
        match self {
            Self::Counts
            | Self::CountsInAList
            | Self::Empties
            | Self::SaysNothing
            | Self::Removes
            | Self::RemovesNothing
            | Self::Ignored { .. } => None,
            Self::Superseded(by) | Self::Reset(by) => Some(by.place()),
            Self::Shadowed(by) | Self::Masked(by) => Some(Place::file(by)),
            Self::Invalid(by) => Some(Place::of(by)),
            Self::NotLoaded(by) => by.as_ref().map(Refusal::place),
        }
    }
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Counts => return f.write_str("counts"),
            Self::CountsInAList => return f.write_str("counts in a list only"),
            Self::Empties => return f.write_str("resets it"),
            Self::SaysNothing => return f.write_str("changes nothing: it is empty"),
            Self::Removes => return f.write_str("takes away from it"),
            Self::RemovesNothing => {
                return f.write_str("changes nothing: what it takes away is not there");
            }
            Self::Ignored { why, section } => return ignored(f, *why, section),
            Self::Superseded(_) => "superseded by",
            Self::Reset(_) => "reset by",
            Self::Shadowed(_) => "its file is shadowed by",
            Self::Masked(_) => "its file is masked by",
            Self::Invalid(_) | Self::NotLoaded(Some(_)) => "not read because of",
            Self::NotLoaded(None) => {
                return f.write_str("loses: nothing is loaded, since no layer has the main file");
            }
        };
        write!(f, "loses: {words}")?;
        self.by().iter().try_for_each(|by| write!(f, " {by}"))
    }
}

fn ignored(f: &mut fmt::Formatter<'_>, why: Unknown, section: &BStr) -> fmt::Result {
    let name = escape(section);
    match why {
        Unknown::Section if section.is_empty() => f.write_str("ignored: it stands below no header"),
        Unknown::Section => write!(f, "ignored: its consumer does not know [{name}]"),
        Unknown::Key => write!(f, "ignored: its consumer knows no such key in [{name}]"),
        Unknown::Private => f.write_str("ignored: names that begin with X- are for others"),
    }
}

/// An assignment with what became of it, and its number among the values of its key. Displays as its
/// outcome, but `wins` (the only value of its key) or `counts (1 of 3)` where it counts.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Numbered<'d> {
    /// The assignment.
    pub assignment: Assignment<'d>,
    /// What became of it.
    pub outcome: Outcome<'d>,
    /// Its number among those that are values of the key, and how many those are; none if it is none.
    pub number: Option<(usize, usize)>,
}

impl fmt::Display for Numbered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            Some((_, 1)) => f.write_str("wins"),
            Some((number, of)) => write!(f, "{} ({number} of {of})", self.outcome),
            None => self.outcome.fmt(f),
        }
    }
}
