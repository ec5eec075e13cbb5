//! What becomes of a key from one state of its assignments to another.

use super::{Change, KeyChange};
use crate::document::Assignment;

/// Whether an assignment is more than a text that nobody takes apart, and its consumer knows its key.
pub(super) fn is_of_a_key(assignment: &Assignment<'_>) -> bool {
    !assignment.is_whole_file() && assignment.unknown().is_none()
}

impl<'d> KeyChange<'d> {
    /// A key by the assignments of it that count in one file alone, and in another; none if it has no
    /// value in either.
    pub(super) fn of_files([from, to]: [Vec<Assignment<'d>>; 2]) -> Option<Self> {
        let key = from.first().or(to.first())?.owner();
        let [before, after] = [key.sum_of(&from), key.sum_of(&to)];
        let [was, is] = [(&from, &before), (&to, &after)]
            .map(|(counting, sum)| Presence::new(sum.items.len(), key.has_value(counting)));
        let change = match Change::between(was, is)? {
            Change::Changed if before == after || are_lines([&from, &to]) => Change::Same,
            change => change,
        };
        Some(Self {
            key,
            change,
            from,
            to,
            before,
            after,
        })
    }
}

/// Whether a key has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It has none.
    Absent,
    /// It is an emptied list, whose default does not come back.
    Emptied,
    /// It has items.
    Present,
}

impl Presence {
    pub(super) fn new(items: usize, has_value: bool) -> Self {
        match (items, has_value) {
            (_, false) => Self::Absent,
            (0, true) => Self::Emptied,
            (_, true) => Self::Present,
        }
    }
}

impl Change {
    /// What becomes of a key, as far as its presence tells: [`Change::Changed`] if it may be the same,
    /// too. None if there is nothing to tell.
    pub(super) fn between(was: Presence, is: Presence) -> Option<Self> {
        Some(match (was, is) {
            (Presence::Absent, Presence::Absent) => return None,
            (Presence::Absent, _) | (Presence::Emptied, Presence::Present) => Self::Added,
            (_, Presence::Absent) | (Presence::Present, Presence::Emptied) => Self::Removed,
            (Presence::Emptied, Presence::Emptied) => Self::Same,
            (Presence::Present, Presence::Present) => Self::Changed,
        })
    }
}

/// Whether each of these is a line that is its own key (the format `lines`): that is there or is not.
pub(super) fn are_lines(sides: [&[Assignment<'_>]; 2]) -> bool {
    sides.into_iter().flatten().all(Assignment::is_bare)
}
