//! A header of a keyfile and the lines up to the next one, which change one by one.
//!
//! A file may have a million lines, and a run may change thousands of them: none of the changes looks at the
//! other lines. And no line has a text or a key of its own: those were a tenth of what a run held.

use std::collections::VecDeque;
use std::hash::BuildHasher as _;
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice as _};
use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// A header and the lines up to the next one.
#[derive(Debug, Clone, Default)]
pub(super) struct Section {
    group: Option<BString>,
    /// What the lines stand in: as they were found, and behind that what was added.
    text: Vec<u8>,
    /// The header and all lines up to the last pair, which is where a new one goes. A line that was taken
    /// away is empty until then.
    lines: Vec<Line>,
    /// The blank lines and comments behind that.
    tail: VecDeque<Line>,
    /// The last line of each key.
    by_key: HashTable<usize>,
    hasher: RandomState,
}

/// A line by where it stands in the text of its section.
#[derive(Debug, Clone, Default)]
struct Line {
    span: Range<usize>,
    kind: Kind,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// A blank line or a comment, or nothing any more.
    #[default]
    Filler,
    Header,
    /// The locale belongs to the key.
    Pair {
        /// Where it stands in the line.
        key: Range<usize>,
        /// The same.
        value: Range<usize>,
        /// The line before it that has the same key.
        earlier: Option<usize>,
    },
}

impl PartialEq for Section {
    /// What was taken away makes no difference.
    fn eq(&self, other: &Self) -> bool {
        let there = |section| Self::texts(section).filter(|line| !line.is_empty());
        self.group == other.group && there(self).eq(there(other))
    }
}

impl Eq for Section {}

impl Section {
    /// One that has no line yet.
    pub(super) fn of(group: BString) -> Self {
        Self {
            group: Some(group),
            ..Self::default()
        }
    }

    /// The name in its header; the first section has none, nor has what is left of one that was removed.
    pub(super) fn group(&self) -> Option<&BStr> {
        self.group.as_ref().map(|group| group.as_bstr())
    }

    /// Its lines, in order.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let lines = self.lines.iter().chain(&self.tail);
        lines.map(|line| &self.text[line.span.clone()])
    }

    /// Its pairs, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        self.lines.iter().filter_map(|line| self.pair(line))
    }

    /// The value of a key; of a repeated key the last one.
    pub(super) fn get(&self, key: &str) -> Option<&BStr> {
        let (_, value) = self.pair(&self.lines[self.find(key)?])?;
        Some(value)
    }

    /// Whether there is a line in it.
    pub(super) fn has_lines(&self) -> bool {
        self.last().is_some()
    }

    /// Whether its last line is there and blank.
    pub(super) fn ends_blank(&self) -> bool {
        self.last().is_some_and(|last| self.is_blank(last))
    }

    /// The last line; the one before the tail is never one that was taken away.
    fn last(&self) -> Option<&Line> {
        self.tail.back().or(self.lines.last())
    }

    fn is_blank(&self, line: &Line) -> bool {
        self.text[line.span.clone()].trim_ascii().is_empty()
    }

    fn pair(&self, line: &Line) -> Option<(&BStr, &BStr)> {
        let Kind::Pair { key, value, .. } = &line.kind else {
            return None;
        };
        let text = &self.text[line.span.clone()];
        Some((text[key.clone()].as_bstr(), text[value.clone()].as_bstr()))
    }

    /// The line of a key; of a repeated key the last one.
    fn find(&self, key: &str) -> Option<usize> {
        let hash = self.hasher.hash_one(key.as_bytes());
        let is_its = |at: &usize| {
            let pair = self.pair(&self.lines[*at]);
            pair.is_some_and(|(known, _)| known == key)
        };
        self.by_key.find(hash, is_its).copied()
    }
}

impl Section {
    /// Adds a line behind all others.
    pub(super) fn push(&mut self, text: &[u8], kind: Kind) {
        let span = self.write(text);
        let line = Line { span, kind };
        if line.kind == Kind::Filler {
            self.tail.push_back(line);
            return;
        }
        self.lines.extend(self.tail.drain(..));
        self.lines.push(line);
        self.index(self.lines.len() - 1);
    }

    fn write(&mut self, text: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend(text);
        start..self.text.len()
    }

    /// Makes a line, if it is a pair, the last one of its key.
    fn index(&mut self, at: usize) {
        let (text, lines, hasher) = (&self.text, &mut self.lines, &self.hasher);
        let key_of = |line: &Line| match &line.kind {
            Kind::Pair { key, .. } => &text[line.span.clone()][key.clone()],
            Kind::Filler | Kind::Header => b"",
        };
        let key = key_of(&lines[at]);
        let hash = hasher.hash_one(key);
        let is_its = |other: &usize| key_of(&lines[*other]) == key;
        let last = self.by_key.find_mut(hash, is_its);
        let last = last.map(|last| std::mem::replace(last, at));
        let Kind::Pair { earlier, .. } = &mut lines[at].kind else {
            return;
        };
        *earlier = last;
        if last.is_none() {
            let rehash = |other: &usize| hasher.hash_one(key_of(&lines[*other]));
            self.by_key.insert_unique(hash, at, rehash);
        }
    }

    /// Gives a key its value where it stands, or behind all other pairs and before what follows them.
    pub(super) fn set(&mut self, key: &str, value: &BStr) {
        let text = [key.as_bytes(), b"=", value, b"\n"].concat();
        let pair = |earlier| Kind::Pair {
            key: 0..key.len(),
            value: key.len() + 1..text.len() - 1,
            earlier,
        };
        if let Some(at) = self.find(key) {
            let span = self.write(&text);
            let line = &mut self.lines[at];
            let earlier = line.earlier();
            let kind = pair(earlier);
            *line = Line { span, kind };
            return;
        }
        let tail = std::mem::take(&mut self.tail);
        self.end();
        self.push(&text, pair(None));
        self.tail = tail;
    }

    /// A file need not end with a line end; a line that gets a successor must.
    pub(super) fn end(&mut self) {
        let Some(last) = self.tail.back_mut().or(self.lines.last_mut()) else {
            return;
        };
        let line = &self.text[last.span.clone()];
        if !line.ends_with(b"\n") {
            let line = [line, b"\n"].concat();
            let start = self.text.len();
            self.text.extend(line);
            last.span = start..self.text.len();
        }
    }

    /// Takes all pairs of a key away. The new last one has behind it what the old one had before it.
    pub(super) fn remove(&mut self, key: &str) {
        let last = self.find(key);
        let hash = self.hasher.hash_one(key.as_bytes());
        if let Ok(known) = self.by_key.find_entry(hash, |at| Some(*at) == last) {
            known.remove();
        }
        let mut gone = last;
        while let Some(at) = gone {
            gone = std::mem::take(&mut self.lines[at]).earlier();
        }
        while let Some(line) = self.lines.pop_if(|line| line.kind == Kind::Filler) {
            if !line.span.is_empty() {
                self.tail.push_front(line);
            }
        }
    }

    /// Leaves the comments behind the last pair, of no group.
    pub(super) fn clear(&mut self) {
        self.group = None;
        self.by_key.clear();
        self.lines.clear();
        let tail = std::mem::take(&mut self.tail).into_iter();
        self.tail = tail.filter(|line| !self.is_blank(line)).collect();
    }

    /// Takes the blank lines at its end away.
    pub(super) fn trim(&mut self) {
        while self.tail.back().is_some_and(|line| self.is_blank(line)) {
            self.tail.pop_back();
        }
    }
}

impl Line {
    /// The line before it that has the same key.
    const fn earlier(&self) -> Option<usize> {
        match self.kind {
            Kind::Pair { earlier, .. } => earlier,
            Kind::Filler | Kind::Header => None,
        }
    }
}
