//! A text taken apart into what its consumer reads.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bstr::{BString, ByteSlice as _};
use overlay_resolver::format::{Format, Item, Kind, Pair, Value};

use super::{Assigned, Dialect, Name, Unmergeable};

/// A text taken apart.
pub(super) struct Text<'t> {
    pub(super) bytes: &'t [u8],
    pub(super) items: Vec<Part>,
    /// Where each key is assigned.
    pub(super) places: BTreeMap<Name, Vec<usize>>,
    /// Behind which item each section ends: its last assignment, or its header.
    ends: BTreeMap<BString, usize>,
}

/// An item of a text.
pub(super) struct Part {
    pub(super) span: Range<usize>,
    pub(super) line: usize,
    /// Of an assignment, the value as written.
    raw: Range<usize>,
    pub(super) what: What,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    Filler,
    Comment,
    Header(BString),
    Assignment(Name, BString),
}

impl<'t> Text<'t> {
    pub(super) fn read(
        dialect: Dialect,
        text: &'t [u8],
        side: &'static str,
    ) -> Result<Self, Unmergeable> {
        let format = match dialect {
            Dialect::Known(format) => format,
            Dialect::Plain => plain(text, side)?,
        };
        let mut read = Self {
            bytes: text,
            items: Vec::new(),
            places: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        let mut sections = BTreeSet::new();
        let mut problem = None;
        format.read(text, &mut |item| {
            if let Err(found) = read.take(item, side, &mut sections) {
                problem.get_or_insert(found);
            }
        });
        match problem {
            Some(problem) => Err(problem),
            None if matches!(dialect, Dialect::Plain) => read.each_once(side),
            None => Ok(read),
        }
    }

    fn take(
        &mut self,
        item: Item<'_>,
        side: &'static str,
        sections: &mut BTreeSet<BString>,
    ) -> Result<(), Unmergeable> {
        let line = *item.lines.start();
        let mut written = item.span.end..item.span.end;
        let what = match item.kind {
            Kind::Blank => What::Filler,
            Kind::Comment => What::Comment,
            Kind::Section(name) => {
                let section = BString::from(name.into_owned());
                if !sections.insert(section.clone()) {
                    return Err(Unmergeable::Repeated { side, section });
                }
                What::Header(section)
            }
            Kind::Assignment(Pair {
                section,
                key,
                value,
                raw,
            }) => {
                written = raw;
                // Where a line is its own key, its place among the others is what counts.
                let whole = self.bytes.get(item.span.clone()).unwrap_or_default();
                if whole.trim_with(|c| c.is_whitespace() || c == '\0') == &*key || key.is_empty() {
                    return Err(Unmergeable::Format);
                }
                let value = match value {
                    Value::Text(text) => text.into_owned().into(),
                    Value::Typed(node) => node.to_string().into(),
                };
                let name = (section.into_owned().into(), key.into_owned().into());
                What::Assignment(name, value)
            }
            Kind::Problem(problem) => {
                let message = problem.message;
                return Err(Unmergeable::Broken {
                    side,
                    line,
                    message,
                });
            }
        };
        let place = self.items.len();
        match &what {
            What::Assignment(name, _) => {
                self.places.entry(name.clone()).or_default().push(place);
                self.ends.insert(name.0.clone(), place + 1);
            }
            What::Header(section) => {
                self.ends.insert(section.clone(), place + 1);
            }
            What::Filler | What::Comment => {}
        }
        self.items.push(Part {
            span: item.span,
            line,
            raw: written,
            what,
        });
        Ok(())
    }

    /// What an unknown consumer makes of a key that stands there twice, nobody knows.
    fn each_once(self, side: &'static str) -> Result<Self, Unmergeable> {
        let mut repeated = self.places.values().filter_map(|places| places.get(1));
        match repeated.find_map(|&place| self.items.get(place)) {
            Some(part) => Err(Unmergeable::NotPlain {
                side,
                line: part.line,
            }),
            None => Ok(self),
        }
    }

    pub(super) fn assigned(&self, name: &Name) -> Option<Assigned> {
        let parts = self
            .places
            .get(name)?
            .iter()
            .filter_map(|&place| self.items.get(place));
        let mut assigned = Assigned {
            values: Vec::new(),
            line: 0,
        };
        for part in parts {
            if let What::Assignment(_, value) = &part.what {
                assigned.values.push(value.clone());
                assigned.line = part.line;
            }
        }
        Some(assigned)
    }

    /// Where the value of a key stands that is assigned once, and as what.
    pub(super) fn value(&self, name: &Name) -> Option<(Range<usize>, &'t [u8])> {
        let [place] = self.places.get(name)?.as_slice() else {
            return None;
        };
        let raw = self.items.get(*place)?.raw.clone();
        Some((raw.clone(), self.bytes.get(raw)?))
    }

    /// The bytes of an item with a line end.
    pub(super) fn line(&self, place: usize) -> Vec<u8> {
        let span = self.items.get(place).map(|part| part.span.clone());
        let mut line = span
            .and_then(|span| self.bytes.get(span))
            .unwrap_or_default()
            .to_vec();
        if !line.ends_with(b"\n") {
            line.push(b'\n');
        }
        line
    }

    /// Where a key goes that is new to `section`; none if there is no such section.
    pub(super) fn end_of(&self, section: &BString) -> Option<usize> {
        match self.ends.get(section) {
            Some(end) => Some(*end),
            // Before the first header, and before the comment that stands over it.
            None if section.is_empty() => {
                let header = |part: &Part| matches!(part.what, What::Header(_));
                let end = self
                    .items
                    .iter()
                    .position(header)
                    .unwrap_or(self.items.len());
                let above = self.items.get(..end).unwrap_or_default().iter().rev();
                Some(end - above.take_while(|part| part.what == What::Comment).count())
            }
            None => None,
        }
    }
}

/// A text that every consumer of `key=value` reads alike, whoever it is: lines that are blank, comments
/// with `#`, headers, or a plain name, `=` and a value that neither goes on in the next line nor holds
/// half of something quoted. Each key stands there once.
fn plain(text: &[u8], side: &'static str) -> Result<&'static dyn Format, Unmergeable> {
    for (index, line) in text.lines().enumerate() {
        if !is_plain(line.trim_ascii()) {
            return Err(Unmergeable::NotPlain {
                side,
                line: index + 1,
            });
        }
    }
    Ok(overlay_resolver::format::default())
}

pub(super) fn is_plain(line: &[u8]) -> bool {
    match line {
        [] => true,
        [.., b'\\'] => false,
        _ if line
            .iter()
            .any(|&byte| byte.is_ascii_control() && byte != b'\t') =>
        {
            false
        }
        [b'#', ..] => true,
        [b'[', name @ .., b']'] => !name.is_empty() && name.find_byteset(b"[]\"'#").is_none(),
        _ => line.split_once_str("=").is_some_and(|(key, value)| {
            let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
            let key = key.trim_ascii_end();
            let is_half = |quote: u8| value.find_iter(&[quote]).count() % 2 == 1;
            !key.is_empty()
                && key.iter().all(is_part)
                && ![b'"', b'\'', b'`'].map(is_half).contains(&true)
        }),
    }
}
