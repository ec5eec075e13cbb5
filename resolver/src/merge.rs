//! The merge, which *is* its own record: every assignment of an entry, in order, with its fate.
//!
//! There is one pass. `explain` and the consumer of the values read the same ledger, so they cannot
//! disagree.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use bstr::{BString, ByteSlice as _};

use crate::finding::Finding;
use crate::keyfile::{Keyfile, Pair};
use crate::scan::{Entry, State as FragmentState};

/// All assignments of one entry, in the order of its fragments and lines.
#[derive(Debug, Default)]
pub struct Merged {
    /// The ledger.
    pub assignments: Vec<Assignment>,
    /// Lines of effective fragments that cannot be read, each an error with file and line.
    pub problems: Vec<Finding>,
}

/// One `key = value` of one fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The index of its fragment in [`Entry::fragments`].
    pub fragment: usize,
    /// Its first and last line, counted from 1.
    pub lines: RangeInclusive<usize>,
    /// The group it stands in.
    pub section: BString,
    /// The key, with its `[locale]` if it has one.
    pub key: BString,
    /// The value as it stands in the file, blanks before it removed.
    pub value: BString,
    /// What became of it.
    pub state: State,
}

/// What became of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is the effective value.
    Applied,
    /// The later assignment with this index in the ledger beats it.
    Superseded(usize),
    /// Its file is hidden by the fragment with this index.
    Shadowed(usize),
    /// Its file is masked by the fragment with this index.
    Masked(usize),
}

/// Merges an entry key by key: of the effective fragments, the last assignment of a key wins.
///
/// That is `GKeyFile`'s rule for a repeated key, and the drop-in convention's between files.
pub fn merge(entry: &Entry) -> Merged {
    let mut merged = Merged::default();
    let mut winners = HashMap::<(BString, BString), usize>::new();
    for (index, fragment) in entry.fragments.iter().enumerate() {
        let state = match fragment.state {
            FragmentState::Effective => State::Applied,
            FragmentState::Shadowed(by) => State::Shadowed(by),
            FragmentState::Masked(by) => State::Masked(by),
            FragmentState::Mask(_) | FragmentState::Unusable(_) | FragmentState::Ignored(_) => {
                continue;
            }
        };
        let keyfile = Keyfile::parse(fragment.text.as_slice());
        for pair in keyfile.pairs() {
            let assignment = Assignment::new(index, &pair, state);
            if state == State::Applied {
                let place = (assignment.section.clone(), assignment.key.clone());
                let next = merged.assignments.len();
                if let Some(loser) = winners.insert(place, next)
                    && let Some(loser) = merged.assignments.get_mut(loser)
                {
                    loser.state = State::Superseded(next);
                }
            }
            merged.assignments.push(assignment);
        }
        if state == State::Applied {
            merged
                .problems
                .extend(keyfile.problems().map(|(line, problem)| {
                    Finding::error(&fragment.path, problem.to_string()).at(line)
                }));
        }
    }
    merged
}

impl Assignment {
    fn new(fragment: usize, pair: &Pair<'_>, state: State) -> Self {
        let key = match pair.locale {
            Some(locale) => [pair.key.as_bytes(), b"[", locale.as_bytes(), b"]"]
                .concat()
                .into(),
            None => pair.key.to_owned(),
        };
        Self {
            fragment,
            lines: pair.line.number..=pair.line.number,
            section: pair.group.to_owned(),
            key,
            value: pair.value.to_owned(),
            state,
        }
    }
}

impl Merged {
    /// The effective assignment of `key` in `section`.
    pub fn get(&self, section: &str, key: &str) -> Option<&Assignment> {
        self.assignments
            .iter()
            .find(|a| a.state == State::Applied && a.section == section && a.key == key)
    }

    /// Every assignment of `key` in `section`, in ledger order.
    pub fn history<'a>(
        &'a self,
        section: &'a str,
        key: &'a str,
    ) -> impl Iterator<Item = &'a Assignment> {
        self.assignments
            .iter()
            .filter(move |a| a.section == section && a.key == key)
    }

    /// The effective assignments of `section`, in ledger order.
    pub fn section<'a>(&'a self, section: &'a str) -> impl Iterator<Item = &'a Assignment> {
        self.assignments
            .iter()
            .filter(move |a| a.state == State::Applied && a.section == section)
    }
}
