//! A text of any format, as sections of lines that are changed one by one. Everything else stays byte for
//! byte: the text is somebody's file, with comments, blank lines and an order of its own.
//!
//! What the lines are, a [`Format`] of the resolver says; how a new one is written, whoever has it written.
//! A text may have a million lines, and thousands of them may change: no change looks at the other lines.
//! Pure: bytes in, bytes out.

mod section;

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use bstr::{BStr, BString, ByteSlice as _};
use foldhash::fast::RandomState;
use overlay_resolver::format::{Format, Item, Kind, Value};

use self::section::Section;

/// A text taken apart.
///
/// A plan is made on a copy and compared with what was found: a copy shares all sections that it does
/// not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// In the order of the file. The first is what stands above all headers.
    sections: Vec<Arc<Section>>,
    /// Which of them are those of a name: more than one if it is begun again.
    places: Arc<HashMap<BString, Vec<usize>, RandomState>>,
}

/// Where a line stands, whatever else is changed; not in a section that is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    part: usize,
    line: usize,
}

/// A line, or several that belong together; of nested tables, a value or what stands between two.
#[derive(Debug)]
pub(crate) struct Line<'t> {
    /// All of its bytes.
    pub(crate) text: &'t BStr,
    /// The section that it stands in; empty for none.
    pub(crate) section: &'t BStr,
    /// What it assigns, unless it is a header, a comment or blank.
    pub(crate) pair: Option<Pair<'t>>,
}

/// An assignment, as it is written and as it is read.
#[derive(Debug, Clone)]
pub(crate) struct Pair<'t> {
    /// All of its bytes.
    pub(crate) text: &'t BStr,
    /// Where in them the value is written.
    pub(crate) written: Range<usize>,
    pub(crate) key: &'t BStr,
    pub(crate) value: &'t BStr,
}

impl Text {
    /// Takes a text apart. One that its consumer refuses is refused here too, with the line.
    pub(crate) fn read(format: &dyn Format, text: &[u8]) -> Result<Self, (usize, String)> {
        let mut read = Self::default();
        let mut refused = None;
        let mut end = 0;
        format.read(text, &mut |item| {
            if end < item.span.start {
                read.last().push(&text[end..item.span.start]);
            }
            end = item.span.end;
            if let Err(why) = read.take(text, item) {
                refused.get_or_insert(why);
            }
        });
        if end < text.len() {
            read.last().push(&text[end..]);
        }
        refused.map_or(Ok(read), Err)
    }

    fn take(&mut self, text: &[u8], item: Item<'_>) -> Result<(), (usize, String)> {
        let whole = text[item.span.clone()].as_bstr();
        match item.kind {
            Kind::Blank | Kind::Comment => self.last().push(whole),
            Kind::Section(name) => self.push_section(&name, whole),
            Kind::Assignment(pair) => {
                // Nested tables have no headers.
                if self.last().name != *pair.section {
                    self.push_section(&pair.section, b"");
                }
                let value = match pair.value {
                    Value::Text(text) => text,
                    Value::Typed(node) => Cow::Owned(node.to_string().into()),
                };
                self.last().push_pair(&Pair {
                    text: whole,
                    written: pair.raw.start - item.span.start..pair.raw.end - item.span.start,
                    key: pair.key.as_bstr(),
                    value: value.as_bstr(),
                });
            }
            Kind::Problem(problem) => return Err((*item.lines.start(), problem.message)),
        }
        Ok(())
    }

    /// The whole text.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        bstr::concat(self.sections.iter().flat_map(|section| section.texts()))
    }

    /// All lines, in order.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.sections.iter().flat_map(|section| section.lines())
    }

    /// The sections, each as often as it is begun: its name and its header.
    pub(crate) fn sections(&self) -> impl Iterator<Item = (&BStr, &BStr)> {
        let sections = self.sections.iter();
        sections.filter_map(|section| Some((section.name.as_bstr(), section.header()?)))
    }

    /// Whether there is a section of this name. One without a name, above all headers, there always is.
    pub(crate) fn has_section(&self, name: &BStr) -> bool {
        self.places.contains_key(name)
    }

    /// The assignments of a section, in order.
    pub(crate) fn pairs(&self, section: &BStr) -> impl Iterator<Item = Pair<'_>> {
        let parts = self.parts(section).iter();
        parts.flat_map(|&part| self.sections[part].pairs())
    }

    /// All that assigns a key, the last first.
    pub(crate) fn find(
        &self,
        section: &BStr,
        key: &BStr,
    ) -> impl Iterator<Item = (Place, Pair<'_>)> {
        self.parts(section).iter().rev().flat_map(move |&part| {
            let section = &self.sections[part];
            let lines = section.find(key);
            lines.filter_map(move |line| Some((Place { part, line }, section.pair(line)?)))
        })
    }

    /// Writes `pair` in the place of another one of its key.
    pub(crate) fn replace(&mut self, place: Place, pair: &Pair<'_>) {
        self.part(place.part).replace(place.line, pair);
    }

    /// Puts `pair` behind the last one of its key, or, if its key is new to the section, behind any.
    pub(crate) fn put_behind(&mut self, place: Place, pair: &Pair<'_>) -> Place {
        let line = self.part(place.part).put_behind(place.line, pair);
        Place { line, ..place }
    }

    /// Puts `pair`, whose key is new, behind all others of a section that is there, and before the
    /// comments that follow them.
    pub(crate) fn add(&mut self, section: &BStr, pair: &Pair<'_>) -> Option<Place> {
        let part = *self.parts(section).last()?;
        let line = self.sections[part].end();
        Some(self.put_behind(Place { part, line }, pair))
    }

    /// Leaves the first `count` assignments of a key in each part of its section.
    pub(crate) fn truncate(&mut self, section: &BStr, key: &BStr, count: usize) {
        for part in self.parts(section).to_vec() {
            for _ in count..self.sections[part].find(key).count() {
                self.part(part).pop(key);
            }
        }
    }

    /// Begins a section behind one blank line at the end of the text.
    pub(crate) fn begin(&mut self, name: &BStr, header: &BStr) {
        let filled = self
            .sections
            .iter()
            .rposition(|section| !section.is_empty());
        if let Some(last) = filled {
            self.part(last).end_last_line();
            if !self.sections[last].ends_blank() {
                self.part(last).push(b"\n");
            }
        }
        self.push_section(name, header);
    }

    /// Puts a comment behind all else.
    pub(crate) fn push(&mut self, comment: &BStr) {
        let mut sections = self.sections.iter();
        if let Some(last) = sections.rposition(|section| !section.is_empty()) {
            self.part(last).end_last_line();
        }
        self.last().push(comment);
    }

    /// Takes a section away with its pairs and the blank lines between; comments after its last pair
    /// are taken for those of the next section and stay.
    pub(crate) fn remove(&mut self, section: &BStr) {
        if !self.has_section(section) {
            return;
        }
        let parts = Arc::make_mut(&mut self.places).remove(section);
        for part in parts.into_iter().flatten() {
            self.part(part).clear();
        }
        for section in self.sections.iter_mut().rev() {
            if section.ends_blank() {
                Arc::make_mut(section).trim();
            }
            if !section.is_empty() {
                break;
            }
        }
    }

    fn parts(&self, section: &BStr) -> &[usize] {
        self.places.get(section).map_or(&[], Vec::as_slice)
    }

    fn part(&mut self, part: usize) -> &mut Section {
        Arc::make_mut(&mut self.sections[part])
    }

    fn last(&mut self) -> &mut Section {
        self.part(self.sections.len() - 1)
    }

    fn push_section(&mut self, name: &[u8], header: &[u8]) {
        let places = Arc::make_mut(&mut self.places);
        match places.get_mut(name.as_bstr()) {
            Some(parts) => parts.push(self.sections.len()),
            None => drop(places.insert(name.into(), vec![self.sections.len()])),
        }
        if let Some(last) = self.sections.last_mut().and_then(Arc::get_mut) {
            last.shrink();
        }
        self.sections.push(Arc::new(Section::new(name, header)));
    }
}

impl Default for Text {
    fn default() -> Self {
        let mut text = Self {
            sections: Vec::new(),
            places: Arc::default(),
        };
        text.push_section(b"", b"");
        text
    }
}

#[cfg(test)]
mod tests;
