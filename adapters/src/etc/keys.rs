//! Two texts that both came from a third, merged key by key.
//!
//! Only the lines of the keys that must change are touched, comments and order stay as the owner has
//! them, and what a key's value is decides `reconcile::key`: the owner's edits
//! stay, everything else follows the vendor. Without knowledge of the keys, the value of one that is
//! assigned several times is the whole sequence of its assignments.
//!
//! A merge that nobody can be sure of is none: texts with a line that their consumer refuses, with a
//! section that stands there twice (systemd's `[Route]` makes an object each time), of lines without keys;
//! and of nested formats (TOML, JSON) only values take the place of others. And the result is read once more: it must say what it should.

mod edit;
mod plain;

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::escape;
use overlay_resolver::format::Format;

use crate::reconcile::{self, KeyAction};
use crate::text::{Line, Pair, Text};

/// How a file's consumer reads it.
#[derive(Debug, Clone, Copy)]
pub enum Dialect {
    /// As the resolver knows.
    Known(&'static dyn Format),
    /// Nobody knows, but there is only one way to read it: `key=value` (see `plain.rs`).
    Plain,
}

/// A text after the merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// All of it.
    pub text: Vec<u8>,
    /// The keys that are not the same on all sides, by section and name.
    pub keys: Vec<KeyReport>,
}

/// One key, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyReport {
    /// The section; empty for none.
    pub section: BString,
    /// The key.
    pub key: BString,
    /// What it was in the vendor's old file.
    pub old: Option<Assigned>,
    /// What the owner has.
    pub current: Option<Assigned>,
    /// What it is in the vendor's new file.
    pub new: Option<Assigned>,
    /// What the merge does.
    pub action: KeyAction,
}

/// What one text assigns to a key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Assigned {
    /// The value of every assignment, in order.
    pub values: Vec<BString>,
    /// The line of the last one, counted from 1.
    pub line: usize,
}

/// Why texts are not merged key by key; reads well after "not merged key by key: ".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmergeable {
    /// Its format has no keys.
    #[error("files of this format are taken as a whole")]
    Format,
    /// In a nested format, the vendor brought a key or took one away: where it would stand, and what would
    /// be left around it, has too many answers.
    #[error(
        "of files of this format single values are merged, and the vendor added or removed {}",
        escape(key)
    )]
    Nested {
        /// The key.
        key: BString,
    },
    /// Nobody knows its consumer, and it is not plain.
    #[error("its consumer is not known, and line {line} of {side} is no plain `key=value`")]
    NotPlain {
        /// Which text.
        side: &'static str,
        /// Which line.
        line: usize,
    },
    /// A line that its consumer refuses.
    #[error("line {line} of {side}: {message}")]
    Broken {
        /// Which text.
        side: &'static str,
        /// Which line.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It is a section of its own each time.
    #[error("{side} has the section [{}] twice", escape(section))]
    Repeated {
        /// Which text.
        side: &'static str,
        /// The section.
        section: BString,
    },
    /// The result does not read as it should.
    #[error("the result would be read otherwise than it is meant")]
    Unsound,
    /// One of the texts is larger than those that are merged.
    #[error("files of up to {limit} bytes are")]
    TooLarge {
        /// How many bytes those have at most.
        limit: usize,
    },
}

impl Unmergeable {
    /// The code of it in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Format => "whole",
            Self::Nested { .. } => "nested",
            Self::NotPlain { .. } => "not-plain",
            Self::Broken { .. } => "broken",
            Self::Repeated { .. } => "repeated",
            Self::Unsound => "unsound",
            Self::TooLarge { .. } => "too-large",
        }
    }
}

/// How the three texts are called.
pub const SIDES: [&str; 3] = [
    "the vendor's old file",
    "your file",
    "the vendor's new file",
];

/// Section and key.
type Name<'t> = (&'t BStr, &'t BStr);

/// Merges `new` into `current`, both of which came from `old`.
pub fn merge(dialect: Dialect, texts: [&[u8]; 3]) -> Result<Merged, Unmergeable> {
    let [old, current, new] = [0, 1, 2].map(|side| read(dialect, texts[side], SIDES[side]));
    let texts = [old?, current?, new?];
    let [old, current, new] = [0, 1, 2].map(|side| assigned(dialect, &texts[side], SIDES[side]));
    let sides = [old?, current?, new?];
    let names: BTreeSet<Name<'_>> = sides.iter().flat_map(BTreeMap::keys).copied().collect();
    let mut keys = Vec::new();
    let mut expected = BTreeMap::new();
    let mut written = BTreeSet::new();
    for name in names {
        let report = report(name, sides.each_ref().map(|side| side.get(&name).cloned()));
        let result = if report.action == KeyAction::Write {
            written.insert(name);
            &report.new
        } else {
            &report.current
        };
        if let Some(assigned) = result {
            expected.insert(name, assigned.values.clone());
        }
        let values = [&report.old, &report.current, &report.new]
            .map(|side| side.as_ref().map(|found| &found.values));
        if values != [values[0]; 3] {
            keys.push(report);
        }
    }
    let [_, current, new] = &texts;
    let merged = match dialect {
        Dialect::Known(format) if format.is_nested() => edit::values(current, new, &written)?,
        Dialect::Known(_) | Dialect::Plain => edit::lines(current, new, &written),
    };
    let text = merged.to_bytes();
    let unsound = |_| Unmergeable::Unsound;
    let read = read(dialect, &text, SIDES[1]).map_err(unsound)?;
    let found = assigned(dialect, &read, SIDES[1]).map_err(unsound)?;
    let found = found.into_iter().map(|(name, found)| (name, found.values));
    if !found.eq(expected) {
        return Err(Unmergeable::Unsound);
    }
    Ok(Merged { text, keys })
}

/// A text taken apart, if its consumer does not refuse it.
fn read(dialect: Dialect, text: &[u8], side: &'static str) -> Result<Text, Unmergeable> {
    let format = match dialect {
        Dialect::Known(format) => format,
        Dialect::Plain => plain::format(text, side)?,
    };
    Text::read(format, text).map_err(|(line, message)| Unmergeable::Broken {
        side,
        line,
        message,
    })
}

/// What a text assigns, if that is certain.
fn assigned<'t>(
    dialect: Dialect,
    text: &'t Text,
    side: &'static str,
) -> Result<BTreeMap<Name<'t>, Assigned>, Unmergeable> {
    let mut sections = BTreeSet::new();
    let mut names = text.sections().map(|(name, _)| name);
    if let Some(section) = names.find(|name| !sections.insert(*name)) {
        let section = section.to_owned();
        return Err(Unmergeable::Repeated { side, section });
    }
    let mut keys = BTreeMap::<_, Assigned>::new();
    let mut number = 1;
    for Line {
        text,
        section,
        pair,
    } in text.lines()
    {
        if let Some(Pair { key, value, .. }) = pair {
            // Where a line is its own key, its place among the others is what counts.
            if key.is_empty()
                || text.trim_with(|c| c.is_whitespace() || c == '\0') == key.as_bytes()
            {
                return Err(Unmergeable::Format);
            }
            let assigned = keys.entry((section, key)).or_default();
            // What an unknown consumer makes of a key that stands there twice, nobody knows.
            if matches!(dialect, Dialect::Plain) && !assigned.values.is_empty() {
                return Err(Unmergeable::NotPlain { side, line: number });
            }
            assigned.values.push(value.to_owned());
            assigned.line = number;
        }
        number += text.find_iter(b"\n").count();
    }
    Ok(keys)
}

/// What becomes of one key.
fn report((section, key): Name<'_>, sides: [Option<Assigned>; 3]) -> KeyReport {
    let values = sides.each_ref().map(|side| side.as_ref().map(sequence));
    let [baseline, actual, desired] = values.each_ref().map(Option::as_deref);
    let action = reconcile::key(reconcile::Key {
        baseline,
        actual,
        desired,
        owners: false,
        refreshed: false,
        lost: false,
    });
    let [old, current, new] = sides;
    KeyReport {
        section: section.to_owned(),
        key: key.to_owned(),
        old,
        current,
        new,
        action,
    }
}

/// A sequence of values as one, which no other sequence equals.
fn sequence(assigned: &Assigned) -> Vec<u8> {
    let mut bytes = Vec::new();
    for value in &assigned.values {
        bytes.extend_from_slice(&value.len().to_le_bytes());
        bytes.extend_from_slice(value);
    }
    bytes
}

#[cfg(test)]
mod tests;
