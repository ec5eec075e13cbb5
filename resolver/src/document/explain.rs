//! Why a key has the value that it has.

use std::fmt;

use bstr::ByteSlice as _;

use super::{Assignment, Key, State};
use crate::document::Document;
use crate::escape::escape;

/// All assignments of a key: those that count first, in their order, then the others, the one that
/// came nearest first. Displays as one line each.
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
        match self.key(section, key) {
            Some(key) => key.explain(),
            None => Explanation {
                key: None,
                assignments: Vec::new(),
            },
        }
    }

    /// The keys that `name` can mean: `SECTION.KEY`, split at the last dot for which there is such a
    /// key, else `KEY` in whatever sections have it.
    pub fn keys_named(&self, name: impl AsRef<[u8]>) -> Vec<Key<'_>> {
        let name = name.as_ref();
        let dots = name.rfind_iter(b".");
        let split = dots.filter_map(|dot| Some((name.get(..dot)?, name.get(dot + 1..)?)));
        let full = split.filter_map(|(section, key)| self.key(section, key));
        let full: Vec<_> = full.take(1).collect();
        if full.is_empty() {
            return self.keys().filter(|key| key.name() == name).collect();
        }
        full
    }
}

impl<'d> Key<'d> {
    /// Where its value comes from, and why the other candidates lost.
    pub fn explain(self) -> Explanation<'d> {
        let mut assignments = self.applied();
        let loses = self.history().rev().filter(|a| a.state() != State::Applied);
        assignments.extend(loses);
        Explanation {
            key: Some(self),
            assignments,
        }
    }
}

impl<'d> Explanation<'d> {
    /// Each assignment, with what became of it.
    pub fn outcomes(&self) -> impl Iterator<Item = (Assignment<'d>, Outcome<'d>)> {
        let is_applied = |assignment: &&Assignment<'_>| assignment.state() == State::Applied;
        let of = self.assignments.iter().filter(is_applied).count();
        let outcome = move |(number, &assignment)| {
            (
                assignment,
                Outcome {
                    assignment,
                    number,
                    of,
                },
            )
        };
        (1..).zip(&self.assignments).map(outcome)
    }
}

impl Assignment<'_> {
    /// What became of it, in words.
    pub fn outcome(&self) -> Outcome<'_> {
        Outcome {
            assignment: *self,
            number: 1,
            of: 1,
        }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.key.is_none() {
            return f.write_str("no file assigns it\n");
        }
        for (assignment, outcome) in self.outcomes() {
            let place = assignment.place();
            let (name, value) = (escape(assignment.key()), escape(assignment.value()));
            let sign = assignment.operator().sign();
            writeln!(f, "{place}  {name}{sign}={value}  {outcome}")?;
        }
        Ok(())
    }
}

/// What became of an assignment. Displays as `counts`, `counts (1 of 3)` or `loses: superseded by
/// /etc/x.conf:3`.
#[derive(Debug, Clone, Copy)]
pub struct Outcome<'d> {
    assignment: Assignment<'d>,
    number: usize,
    of: usize,
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.assignment.state() {
            State::Applied if self.of > 1 => {
                return write!(f, "counts ({} of {})", self.number, self.of);
            }
            State::Applied => return f.write_str("counts"),
            State::Superseded => "loses: superseded by ",
            State::Reset => "loses: reset by ",
            State::Shadowed => "loses: its file is shadowed by ",
            State::Masked => "loses: its file is masked by ",
            State::Invalid => "loses: not read because of ",
        })?;
        match self.assignment.by() {
            Some(by) => by.fmt(f),
            None => f.write_str("nothing"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::Tree;
    use crate::{Document, Resolver, Rules};

    fn document(rules: &str) -> Document {
        let tree = Tree::default()
            .with(
                "/usr/lib/x.d/1.conf".as_ref(),
                "[S]\nA=1\nB=1\n[T.u]\nA=2\nC.d=1\n",
            )
            .with("/etc/x.d/2.conf".as_ref(), "[S]\nA=3\n");
        let rules = Rules::from_toml("r".as_ref(), rules.as_bytes()).unwrap();
        Resolver::new(tree).rules(rules).resolve("x.d")
    }

    #[test]
    fn a_key_is_named_with_or_without_its_section() {
        let document = document("format = 'gkeyfile'");
        for (name, expected) in [
            ("A", &["S.A", "T.u.A"][..]),
            ("S.A", &["S.A"]),
            ("T.u.A", &["T.u.A"]),
            ("T.u.C.d", &["T.u.C.d"]),
            ("C.d", &["T.u.C.d"]),
            ("T.A", &[]),
            ("a", &[]),
            ("", &[]),
            (".", &[]),
        ] {
            let keys = document.keys_named(name);
            let keys: Vec<_> = keys
                .iter()
                .map(|key| format!("{}.{}", key.section(), key.name()))
                .collect();
            assert_eq!(keys, expected, "{name}");
        }
    }

    #[test]
    fn those_that_count_come_first() {
        let lines = |rules| document(rules).explain("S", "A").to_string();
        assert_eq!(
            lines("format = 'gkeyfile'\nrepeated = 'last'"),
            "/etc/x.d/2.conf:2  A=3  counts\n\
             /usr/lib/x.d/1.conf:2  A=1  loses: superseded by /etc/x.d/2.conf:2\n"
        );
        assert_eq!(
            lines("format = 'gkeyfile'"),
            "/usr/lib/x.d/1.conf:2  A=1  counts (1 of 2)\n/etc/x.d/2.conf:2  A=3  counts (2 of 2)\n"
        );
    }
}
