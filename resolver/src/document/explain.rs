//! Why a key has the value that it has.

use std::fmt;

use super::{Assignment, Key, State};
use crate::document::Document;
use crate::escape::escape;

/// All assignments of a key: those that count first, the last of them on top, then the others, the
/// one that came nearest first. Displays as one line each.
#[derive(Debug)]
pub struct Explanation<'d> {
    /// The key; none if no file assigns it.
    pub key: Option<Key<'d>>,
    /// The assignments.
    pub assignments: Vec<Assignment<'d>>,
}

impl Document {
    /// Where a key's value comes from, and why the other candidates lost.
    pub fn explain(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Explanation<'_> {
        let key = self.key(section, key);
        let mut assignments: Vec<_> = key.iter().flat_map(Key::history).collect();
        assignments.reverse();
        assignments.sort_by_key(|assignment| assignment.state() != State::Applied);
        Explanation { key, assignments }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(key) = &self.key else {
            return f.write_str("no file assigns it\n");
        };
        let many = key.is_multi_valued();
        for assignment in &self.assignments {
            let place = assignment.place();
            let (name, value) = (escape(assignment.key()), escape(assignment.value()));
            writeln!(f, "{place}  {name}={value}  {}", Fate(assignment, many))?;
        }
        Ok(())
    }
}

/// What became of an assignment, in words.
struct Fate<'a, 'd>(&'a Assignment<'d>, bool);

impl fmt::Display for Fate<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(assignment, many) = self;
        f.write_str(match assignment.state() {
            State::Applied if *many => return f.write_str("counts: one of several values"),
            State::Applied => return f.write_str("counts"),
            State::Superseded => "loses: superseded by ",
            State::Reset => "loses: reset by ",
            State::Shadowed => "loses: its file is shadowed by ",
            State::Masked => "loses: its file is masked by ",
            State::Invalid => "loses: not read because of ",
        })?;
        match assignment.by() {
            Some(by) => by.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}
