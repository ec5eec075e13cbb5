//! Changes the lines of the owner's text that must change.

use std::collections::{BTreeMap, BTreeSet};

use bstr::BString;

use super::read::{Text, What};
use super::{Name, Unmergeable};

/// A text of a nested format, with the vendor's values in the place of the owner's.
pub(super) fn values(
    current: &Text<'_>,
    new: &Text<'_>,
    written: &BTreeSet<&Name>,
) -> Result<Vec<u8>, Unmergeable> {
    let mut values = BTreeMap::new();
    for name in written {
        let value = current.value(name).zip(new.value(name));
        let ((at, _), (_, value)) = value.ok_or_else(|| Unmergeable::Nested {
            key: name.1.clone(),
        })?;
        values.insert(at.start, (at.end, value));
    }
    let mut text = Vec::with_capacity(current.bytes.len());
    let mut done = 0;
    for (start, (end, value)) in values {
        text.extend_from_slice(current.bytes.get(done..start).unwrap_or_default());
        text.extend_from_slice(value);
        done = end;
    }
    text.extend_from_slice(current.bytes.get(done..).unwrap_or_default());
    Ok(text)
}

/// What changes in the owner's text.
pub(super) struct Edit<'t> {
    current: &'t Text<'t>,
    /// Instead of an item of it.
    instead: BTreeMap<usize, Vec<u8>>,
    /// Before an item of it.
    before: BTreeMap<usize, Vec<u8>>,
    /// After all.
    behind: Vec<u8>,
}

/// Where a new key was put.
#[derive(Clone, Copy)]
enum Spot {
    Before(usize),
    Behind,
}

impl<'t> Edit<'t> {
    pub(super) fn new(current: &'t Text<'t>, new: &Text<'_>, written: &BTreeSet<&Name>) -> Self {
        let mut edit = Self {
            current,
            instead: BTreeMap::new(),
            before: BTreeMap::new(),
            behind: Vec::new(),
        };
        for name in written {
            edit.replace(name, new);
        }
        edit.insert(new, written);
        edit
    }

    /// Gives a key that is there the vendor's lines, or takes it away.
    fn replace(&mut self, name: &Name, new: &Text<'_>) {
        let Some(here) = self.current.places.get(name) else {
            return;
        };
        let theirs = new.places.get(name).map_or(&[][..], Vec::as_slice);
        for (index, &place) in here.iter().enumerate() {
            // The last place takes what is left.
            let is_last = index + 1 == here.len();
            let end = if is_last { theirs.len() } else { index + 1 };
            let taken = theirs.get(index..end.max(index)).unwrap_or_default();
            let lines = taken.iter().flat_map(|&place| new.line(place)).collect();
            self.instead.insert(place, lines);
        }
    }

    /// Puts the vendor's new keys behind those that they stand behind in the vendor's file.
    fn insert(&mut self, new: &Text<'_>, written: &BTreeSet<&Name>) {
        let mut section = BString::default();
        let mut spot = None;
        let mut header = None;
        for (place, part) in new.items.iter().enumerate() {
            let name = match &part.what {
                What::Header(name) => {
                    (section, spot, header) = (name.clone(), None, Some(place));
                    continue;
                }
                What::Assignment(name, _) => name,
                What::Filler | What::Comment => continue,
            };
            let theirs = new.places.get(name).map_or(&[][..], Vec::as_slice);
            if let Some(here) = self.current.places.get(name) {
                let last = here.last().copied().unwrap_or_default();
                spot = Some(Spot::Before(last + 1));
            } else if written.contains(name) && theirs.first() == Some(&place) {
                let at = spot
                    .or_else(|| self.current.end_of(&section).map(Spot::Before))
                    .unwrap_or_else(|| self.begin(header.map(|place| new.line(place))));
                spot = Some(at);
                let lines = theirs.iter().flat_map(|&place| new.line(place));
                self.put(at, lines.collect());
            }
        }
    }

    /// Begins a section behind one blank line.
    fn begin(&mut self, header: Option<Vec<u8>>) -> Spot {
        let is_first = self.behind.is_empty() && self.current.bytes.trim_ascii().is_empty();
        if !is_first {
            self.behind.push(b'\n');
        }
        self.behind.extend(header.unwrap_or_default());
        Spot::Behind
    }

    fn put(&mut self, spot: Spot, line: Vec<u8>) {
        match spot {
            Spot::Before(place) => self.before.entry(place).or_default().extend(line),
            Spot::Behind => self.behind.extend(line),
        }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = Vec::with_capacity(self.current.bytes.len());
        let add = |text: &mut Vec<u8>, lines: &[u8]| {
            if !lines.is_empty() && !text.is_empty() && !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            text.extend_from_slice(lines);
        };
        for (place, part) in self.current.items.iter().enumerate() {
            if let Some(lines) = self.before.get(&place) {
                add(&mut text, lines);
            }
            match self.instead.get(&place) {
                Some(lines) => add(&mut text, lines),
                None => text.extend_from_slice(
                    self.current
                        .bytes
                        .get(part.span.clone())
                        .unwrap_or_default(),
                ),
            }
        }
        if let Some(lines) = self.before.get(&self.current.items.len()) {
            add(&mut text, lines);
        }
        add(&mut text, &self.behind);
        text
    }
}
