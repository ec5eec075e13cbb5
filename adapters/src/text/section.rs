//! The lines from one header up to the next. None has a text or a key of its own: those were a tenth of what
//! a run held.

use std::hash::BuildHasher as _;
use std::ops::Range;
use std::{iter, mem};

use bstr::{BStr, BString, ByteSlice as _};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::{Line, Pair};

/// The first line, without bytes if there is no header. The last line is linked with it, too: they are a
/// ring.
const HEADER: usize = 0;

/// Where in the bytes of a section. A text is read up to some megabytes, and there are many lines.
type Span = Range<u32>;

/// A header and the lines below it, linked in their order: one that comes or goes moves no other.
#[derive(Debug, Clone)]
pub(super) struct Section {
    /// Empty above the first header, and for what is left of a section that was removed.
    pub(super) name: BString,
    /// What the lines are written with, and what is read otherwise than it is written.
    bytes: Vec<u8>,
    lines: Vec<Link>,
    /// The last pair, or the header.
    last_pair: usize,
    /// The last pair of each key.
    by_key: HashTable<u32>,
    hasher: RandomState,
}

#[derive(Debug, Clone)]
struct Link {
    text: Span,
    /// None for a comment and a blank line.
    pair: Option<Parts>,
    previous: u32,
    next: u32,
}

#[derive(Debug, Clone)]
struct Parts {
    /// Within the line.
    written: Span,
    key: Span,
    value: Span,
    /// The pair before it that has the same key; the header, which is none, if it is the first.
    earlier: u32,
}

impl Section {
    pub(super) fn new(name: &[u8], header: &[u8]) -> Self {
        Self {
            name: name.into(),
            bytes: header.into(),
            lines: vec![Link {
                text: 0..position(header.len()),
                pair: None,
                previous: 0,
                next: 0,
            }],
            last_pair: HEADER,
            by_key: HashTable::new(),
            hasher: RandomState::default(),
        }
    }

    /// Gives back what it grew into and does not need, once it is read.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.lines.shrink_to_fit();
    }

    /// All lines, in order.
    pub(super) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.all().map(|at| Line {
            text: self.text(at),
            section: self.name.as_bstr(),
            pair: self.pair(at),
        })
    }

    pub(super) fn texts(&self) -> impl Iterator<Item = &BStr> {
        self.all().map(|at| self.text(at))
    }

    /// Its pairs, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        self.all().filter_map(|at| self.pair(at))
    }

    pub(super) fn header(&self) -> Option<&BStr> {
        Some(self.text(HEADER)).filter(|header| !header.is_empty())
    }

    pub(super) fn pair(&self, at: usize) -> Option<Pair<'_>> {
        let parts = self.lines[at].pair.as_ref()?;
        Some(Pair {
            text: self.text(at),
            written: range(&parts.written),
            key: self.bytes[range(&parts.key)].as_bstr(),
            value: self.bytes[range(&parts.value)].as_bstr(),
        })
    }

    /// The pairs of a key, the last first.
    pub(super) fn find(&self, key: &BStr) -> impl Iterator<Item = usize> {
        let hash = self.hasher.hash_one(key.as_bytes());
        let last = self
            .by_key
            .find(hash, |at| self.lines[*at as usize].key(&self.bytes) == key)
            .map(|last| *last as usize);
        iter::successors(last, |at| self.lines[*at].pair.as_ref()?.earlier())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text(self.last()).is_empty()
    }

    pub(super) fn ends_blank(&self) -> bool {
        !self.is_empty() && self.is_blank(self.last())
    }

    /// Behind which line a new pair goes. Without a header and pairs, it goes above the comments that
    /// stand directly above what follows.
    pub(super) fn end(&self) -> usize {
        let mut end = self.last_pair;
        if self.is_blank(end) {
            end = self.last();
            while !self.is_blank(end) {
                end = self.lines[end].previous as usize;
            }
        }
        end
    }

    /// Adds a blank line or a comment behind all others.
    pub(super) fn push(&mut self, text: &[u8]) {
        let text = self.write(text);
        self.link(self.last(), text, None);
    }

    /// Adds a pair behind all others.
    pub(super) fn push_pair(&mut self, pair: &Pair<'_>) {
        self.insert(self.last(), pair);
    }

    /// Puts a pair behind the last one of its key, or, if its key is new, behind any line.
    pub(super) fn put_behind(&mut self, at: usize, pair: &Pair<'_>) -> usize {
        self.end_line(at);
        let new = self.insert(at, pair);
        self.end_line(new);
        new
    }

    /// Writes a pair in the place of another one of its key.
    pub(super) fn replace(&mut self, at: usize, pair: &Pair<'_>) {
        let was_ended = self.text(at).ends_with(b"\n");
        let earlier = self.lines[at].pair.take().map_or(0, |pair| pair.earlier);
        let (text, parts) = self.write_pair(pair);
        self.lines[at].text = text;
        self.lines[at].pair = Some(Parts { earlier, ..parts });
        if was_ended {
            self.end_line(at);
        }
    }

    /// Takes the last pair of a key away. A new last pair of all has behind it what the old one had before
    /// it.
    pub(super) fn pop(&mut self, key: &BStr) {
        let mut found = self.find(key);
        let (last, earlier) = (found.next(), found.next());
        drop(found);
        let hash = self.hasher.hash_one(key.as_bytes());
        let Some(last) = last else {
            return;
        };
        if let Ok(mut known) = self.by_key.find_entry(hash, |at| *at as usize == last) {
            match earlier {
                Some(earlier) => *known.get_mut() = position(earlier),
                None => drop(known.remove()),
            }
        }
        self.unlink(last);
    }

    /// Leaves the comments behind the last pair, of no section.
    pub(super) fn clear(&mut self) {
        let mut left = Self::new(b"", b"");
        for at in self.behind(self.last_pair).filter(|at| !self.is_blank(*at)) {
            left.push(self.text(at));
        }
        *self = left;
    }

    /// Takes the blank lines at the end away.
    pub(super) fn trim(&mut self) {
        while self.ends_blank() {
            self.unlink(self.last());
        }
    }

    /// A text need not end with a line end; a line that gets a successor must.
    pub(super) fn end_last_line(&mut self) {
        self.end_line(self.last());
    }

    fn end_line(&mut self, at: usize) {
        let text = self.lines[at].text.clone();
        if !text.is_empty() && !self.bytes[range(&text)].ends_with(b"\n") {
            let start = self.end_of_bytes();
            self.bytes.extend_from_within(range(&text));
            self.bytes.push(b'\n');
            self.lines[at].text = start..self.end_of_bytes();
        }
    }

    fn text(&self, at: usize) -> &BStr {
        self.bytes[range(&self.lines[at].text)].as_bstr()
    }

    fn is_blank(&self, at: usize) -> bool {
        self.text(at).trim_ascii().is_empty()
    }

    fn last(&self) -> usize {
        self.lines[HEADER].previous as usize
    }

    fn all(&self) -> impl Iterator<Item = usize> {
        iter::once(HEADER).chain(self.behind(HEADER))
    }

    fn behind(&self, at: usize) -> impl Iterator<Item = usize> {
        let next = |at: &usize| Some(self.lines[*at].next as usize);
        iter::successors(next(&at), next).take_while(|at| *at != HEADER)
    }

    fn end_of_bytes(&self) -> u32 {
        position(self.bytes.len())
    }

    fn write(&mut self, text: &[u8]) -> Span {
        let start = self.end_of_bytes();
        self.bytes.extend_from_slice(text);
        start..self.end_of_bytes()
    }

    fn write_pair(&mut self, pair: &Pair<'_>) -> (Span, Parts) {
        let text = self.write(pair.text);
        let written = position(pair.written.start)..position(pair.written.end);
        let value = text.start + written.start..text.start + written.end;
        let parts = Parts {
            written,
            key: self.find_or_write(&text, pair.key),
            value: self.find_or_write(&value, pair.value),
            earlier: 0,
        };
        (text, parts)
    }

    /// What a part of a line is read as needs bytes of its own only if it is written otherwise.
    fn find_or_write(&mut self, part: &Span, read: &BStr) -> Span {
        let found = self.bytes[range(part)].trim_ascii_start();
        if !found.starts_with(read) {
            return self.write(read);
        }
        let start = part.end - position(found.len());
        start..start + position(read.len())
    }

    fn insert(&mut self, behind: usize, pair: &Pair<'_>) -> usize {
        let (text, parts) = self.write_pair(pair);
        let at = self.lines.len();
        let key = |at: &u32| self.lines[*at as usize].key(&self.bytes);
        let hash = |key: &BStr| self.hasher.hash_one(key.as_bytes());
        let of_key = |at: &u32| key(at) == pair.key;
        let earlier = match self
            .by_key
            .entry(hash(pair.key), of_key, |at| hash(key(at)))
        {
            Entry::Occupied(mut last) => mem::replace(last.get_mut(), position(at)),
            Entry::Vacant(none) => {
                none.insert(position(at));
                0
            }
        };
        let parts = Parts { earlier, ..parts };
        self.link(behind, text, Some(parts));
        if behind == self.last_pair || self.last_pair == HEADER || at == self.last() {
            self.last_pair = at;
        }
        at
    }

    fn link(&mut self, previous: usize, text: Span, pair: Option<Parts>) {
        let (at, next) = (position(self.lines.len()), self.lines[previous].next);
        self.lines.push(Link {
            text,
            pair,
            previous: position(previous),
            next,
        });
        self.lines[previous].next = at;
        self.lines[next as usize].previous = at;
    }

    fn unlink(&mut self, at: usize) {
        let Link { previous, next, .. } = self.lines[at];
        self.lines[previous as usize].next = next;
        self.lines[next as usize].previous = previous;
        if at == self.last_pair {
            self.last_pair = previous as usize;
            while self.last_pair != HEADER && self.lines[self.last_pair].pair.is_none() {
                self.last_pair = self.lines[self.last_pair].previous as usize;
            }
        }
    }
}

impl Parts {
    fn earlier(&self) -> Option<usize> {
        let earlier = self.earlier as usize;
        (earlier != HEADER).then_some(earlier)
    }
}

impl Link {
    fn key<'b>(&self, bytes: &'b [u8]) -> &'b BStr {
        let pair = self.pair.as_ref().expect("only pairs are looked up");
        bytes[range(&pair.key)].as_bstr()
    }
}

fn position(at: usize) -> u32 {
    at.try_into().expect("no more bytes than a text may have")
}

const fn range(span: &Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl PartialEq for Section {
    /// How it came to be makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.texts().eq(other.texts())
    }
}

impl Eq for Section {}
