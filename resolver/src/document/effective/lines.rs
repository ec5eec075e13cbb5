//! Values as lines that their format reads back.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Assignment, Effective, Item};
use crate::format::{Format, Kind, Value};
use crate::schema::{Merge, Split};

/// One line of a value.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Line<'d> {
    /// `KEY=VALUE`; where the key is the line, the key.
    pub text: Vec<u8>,
    /// The assignment that it comes from.
    pub from: Assignment<'d>,
}

impl<'d> Effective<'d> {
    /// The value as lines that the format reads back to the same value: a list with a line for every
    /// item, where the format adds up lists.
    ///
    /// What no text of the format gives again (a line feed in a value of systemd's) is there all the
    /// same. With `KEY+=` and `KEY-=` a list is one line, since those do not repeat in one file.
    pub fn lines(&self) -> Vec<Line<'d>> {
        match self.kind.map(|kind| (kind.merge, kind.split)) {
            Some((Merge::Set, split)) => {
                let items: Vec<_> = self.items.iter().map(|item| &*item.value).collect();
                self.one(&split.join(&items)).into_iter().collect()
            }
            Some((Merge::Append | Merge::Map, split)) if split != Split::None => {
                self.items_in_lines(split)
            }
            _ => self.as_assigned(),
        }
    }

    /// The same, to be read by people: every item has a line of its own, so that each can name its
    /// origin. A list that is one line otherwise goes on with `KEY+=`.
    pub fn lines_by_item(&self) -> Vec<Line<'d>> {
        if self.kind.is_none_or(|kind| kind.merge != Merge::Set) || self.items.is_empty() {
            return self.lines();
        }
        let signs = std::iter::once("").chain(std::iter::repeat("+"));
        let lines = self.items.iter().zip(signs);
        lines
            .map(|(item, sign)| Line {
                text: [self.key.name(), sign.as_bytes(), b"=", &item.value].concat(),
                from: item.from,
            })
            .collect()
    }

    /// The value in one line, which comes from the last assignment that counts.
    fn one(&self, value: &[u8]) -> Option<Line<'d>> {
        let from = *self.applied.last()?;
        let text = [self.key.name(), &b"="[..], value].concat();
        Some(Line { text, from })
    }

    /// The assignments that count.
    fn as_assigned(&self) -> Vec<Line<'d>> {
        let is_typed = self.applied.iter().any(|from| from.node().is_some());
        if is_typed && self.is_list() {
            return self.elements();
        }
        let mut brings = self.applied.clone();
        if brings.len() > 1 && !self.items.is_empty() {
            let givers: HashSet<_> = self.items.iter().map(|item| item.from.number()).collect();
            brings.retain(|a| givers.contains(&a.number()));
        }
        brings.into_iter().map(whole).collect()
    }

    /// A list with types: one, with a line for each assignment that brought something.
    fn elements(&self) -> Vec<Line<'d>> {
        let by_assignment = self
            .items
            .chunk_by(|a, b| a.from.number() == b.from.number());
        let mut open = [self.key.name(), &b"=["[..]].concat();
        let mut lines = Vec::new();
        for items in by_assignment {
            let Some(&Item { from, .. }) = items.first() else {
                continue;
            };
            let values: Vec<_> = items.iter().map(|item| &*item.value).collect();
            let text = [&*open, &values.join(&b", "[..]), b","].concat();
            open.fill(b' ');
            lines.push(Line { text, from });
        }
        match lines.last_mut() {
            Some(last) => {
                last.text.pop();
                last.text.push(b']');
                lines
            }
            None => self.one(b"[]").into_iter().collect(),
        }
    }

    /// A line for each item.
    fn items_in_lines(&self, split: Split) -> Vec<Line<'d>> {
        if self.items.is_empty() {
            return self.one(b"").into_iter().collect();
        }
        let mut lines = Vec::new();
        let by_assignment = self
            .items
            .chunk_by(|a, b| a.from.number() == b.from.number());
        for items in by_assignment {
            let Some(&Item { from, .. }) = items.first() else {
                continue;
            };
            let mut quoted = items.iter().map(|item| split.quote(&item.value));
            let is_all = split.items(from.value()).len() == items.len();
            let text: Option<Vec<_>> = quoted.by_ref().collect();
            match text.filter(|_| !(is_all && has_escapes(&from))) {
                Some(texts) => lines.extend(texts.into_iter().map(|value| Line {
                    text: [self.key.name(), &b"="[..], &value].concat(),
                    from,
                })),
                None => lines.push(whole(from)),
            }
        }
        lines
    }
}

/// Whether what a backslash means may depend on the quotes around it: that is for the consumer of the
/// item to say, so such an assignment is not taken apart.
fn has_escapes(assignment: &Assignment<'_>) -> bool {
    let value = assignment.value();
    value.contains(&b'\\') && value.iter().any(|byte| matches!(byte, b'"' | b'\''))
}

/// An assignment as it counts. A line that is its own key has no `=`.
fn whole(from: Assignment<'_>) -> Line<'_> {
    let text = if from.is_bare() {
        from.key().to_vec()
    } else {
        [
            from.key(),
            from.operator().sign().as_bytes(),
            b"=",
            &value(&from),
        ]
        .concat()
    };
    Line { text, from }
}

/// The value as its consumer reads it; as written, where only that is read back to the same value.
fn value<'d>(from: &Assignment<'d>) -> Cow<'d, [u8]> {
    let (read, raw) = (from.shown(), from.raw());
    if from.node().is_some() {
        return read;
    }
    let format = from.view.ledger.format();
    let is_same = *read == **raw || raw.contains(&b'\n') || from.is_whole_file();
    if is_same || is_read_back(format, from, &read) || !is_read_back(format, from, raw) {
        return read;
    }
    Cow::Borrowed(raw)
}

fn is_read_back(format: &dyn Format, from: &Assignment<'_>, value: &[u8]) -> bool {
    let mut text = Vec::new();
    if !from.section().is_empty() {
        text = [b"[", &**from.section(), b"]\n"].concat();
    }
    text.extend([&**from.key(), b"=", value, b"\n"].concat());
    let mut found = Vec::new();
    format.read(&text, &mut |item| match item.kind {
        Kind::Assignment(pair) => found.push(pair.value),
        Kind::Problem(_) => found.push(Value::plain(b"")),
        _ => {}
    });
    matches!(&found[..], [Value::Text(found)] if **found == **from.value())
}
