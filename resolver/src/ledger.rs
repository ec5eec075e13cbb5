//! The ledger: every assignment of some files of an entry, in the order in which their consumer meets
//! them, each with its fate.
//!
//! The [merge](crate::merge) writes it, a [`Document`](crate::Document) is read off it. A million keys
//! are a size that occurs, so a row has no name and no text of its own: names are kept once, values stay
//! in the text of their file where they are as written.

mod index;
mod keys;
mod names;
mod number;
mod record;

use std::collections::BTreeMap;
use std::ops::{Index, IndexMut};
use std::sync::OnceLock;

use bstr::BStr;

use self::keys::Keys;
use self::names::Names;
pub(crate) use self::number::{KeyId, NameId, ProblemId, Row, SectionId};
pub(crate) use self::record::{Decoded, Fate, Record};
use crate::finding::Finding;
use crate::format::{self, Format};
use crate::scan::FileId;
use crate::schema::{KeyKind, Merge, OnEmpty, Unknown};

/// What a merge has written.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    format: &'static dyn Format,
    append_lists: bool,
    sections: Names,
    /// What keys are called, in whatever section.
    names: Names,
    keys: Keys,
    rows: Vec<Record>,
    problems: Vec<Finding>,
    unloaded: Option<Unloaded>,
    /// The first line of each file that cannot be read, whether or not the file counts.
    broken: BTreeMap<FileId, usize>,
    ended: Option<Ended>,
    index: OnceLock<index::Index>,
}

/// Why the consumer loads nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unloaded {
    /// This file cannot be used.
    File(FileId),
    /// This line cannot be read.
    Problem(ProblemId),
    /// No layer has the main file.
    Headless,
    /// The main file is masked, and with it all.
    Masked,
}

/// Where the consumer stops reading.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) problem: ProblemId,
    /// The file that has it; none after it is read.
    pub(crate) file: FileId,
}

/// How the assignments of a key combine.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// As the schema says, or the rules.
    Kind(KeyKind),
    /// Nobody knows, so all count.
    Unknown,
    /// libeconf's way.
    Libeconf,
}

/// What is known of a key.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    pub(crate) rule: Rule,
    /// In a section that repeats, what holds among the assignments below one header.
    pub(crate) in_item: Option<KeyKind>,
    /// Why the consumer ignores it.
    pub(crate) unknown: Option<Unknown>,
    /// The latest assignment that its consumer reads; the others follow by [`Record::previous`].
    pub(crate) last: Option<Row>,
}

impl Ledger {
    /// An empty one, of so many files that are read by this format, whose lists with types add up or do not.
    pub(crate) fn new(format: &'static dyn Format, append_lists: bool, files: usize) -> Self {
        Self {
            format,
            append_lists,
            sections: Names::default(),
            names: Names::default(),
            keys: Keys::default(),
            // A file mostly has one at least. Large memory is not copied where it grows, but it is until it is large.
            rows: Vec::with_capacity(files),
            problems: Vec::new(),
            unloaded: None,
            broken: BTreeMap::new(),
            ended: None,
            index: OnceLock::new(),
        }
    }

    /// How the files are read.
    pub(crate) fn format(&self) -> &'static dyn Format {
        self.format
    }

    /// All rows, in order.
    pub(crate) fn rows(&self) -> impl DoubleEndedIterator<Item = Row> + ExactSizeIterator + use<> {
        (0..self.rows.len()).map(Row::at)
    }

    /// The rows from this one on; those of files that are merged later come behind it.
    pub(crate) fn rows_from(&self, start: usize) -> impl Iterator<Item = Row> + use<> {
        (start..self.rows.len()).map(Row::at)
    }

    /// The rows of a file of the entry.
    pub(crate) fn rows_of_file(&self, file: FileId) -> impl Iterator<Item = Row> + use<> {
        // Files are merged one after the other.
        let start = self.rows.partition_point(|row| row.file < file);
        let end = self.rows.partition_point(|row| row.file <= file);
        (start..end).map(Row::at)
    }

    /// The rows of a key, in order.
    pub(crate) fn rows_of_key(&self, key: KeyId) -> &[Row] {
        self.index().rows_of(key)
    }

    /// The row that counts in the place of this one in the end; itself if nothing beat it.
    pub(crate) fn end_of(&self, row: Row) -> Row {
        self.index().end_of(row)
    }

    fn index(&self) -> &index::Index {
        self.index.get_or_init(|| index::Index::of(self))
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Writes a row.
    pub(crate) fn push(&mut self, record: Record) {
        self.rows.push(record);
    }

    /// The keys, in the order in which they were first met.
    pub(crate) fn keys(&self) -> impl Iterator<Item = KeyId> + use<> {
        (0..self.keys.len()).map(KeyId::at)
    }

    /// The number of a section.
    pub(crate) fn section(&mut self, name: &[u8]) -> SectionId {
        SectionId::at(self.sections.insert(name))
    }

    /// The number of a key; of a new one, `slot` says what is known, given the name of its section.
    pub(crate) fn key(
        &mut self,
        section: SectionId,
        name: &[u8],
        slot: impl FnOnce(&BStr) -> Slot,
    ) -> KeyId {
        let of = self.sections.name(section.index());
        let name = NameId::at(self.names.insert(name));
        self.keys.insert(section, name, || slot(of))
    }

    /// How many sections there are.
    pub(crate) fn section_count(&self) -> usize {
        self.sections.len()
    }

    /// The number of a section, if a file has it.
    pub(crate) fn find_section(&self, name: &[u8]) -> Option<SectionId> {
        self.sections.find(name).map(SectionId::at)
    }

    /// The number of a key, if a file assigns it.
    pub(crate) fn find_key(&self, section: SectionId, name: &[u8]) -> Option<KeyId> {
        let name = NameId::at(self.names.find(name)?);
        self.keys.find(section, name)
    }

    /// The name of a section.
    pub(crate) fn section_name(&self, section: SectionId) -> &BStr {
        self.sections.name(section.index())
    }

    /// The place of each section among all, in byte order of their names.
    pub(crate) fn section_ranks(&self) -> Vec<usize> {
        self.sections.ranks()
    }

    /// The place of each name of a key among all, in byte order.
    pub(crate) fn name_ranks(&self) -> Vec<usize> {
        self.names.ranks()
    }

    /// The section of a key.
    pub(crate) fn section_of(&self, key: KeyId) -> SectionId {
        self.keys.name(key).0
    }

    /// What a key is called, in whatever section.
    pub(crate) fn name_of(&self, key: KeyId) -> NameId {
        self.keys.name(key).1
    }

    /// The name of a key, and its section.
    pub(crate) fn key_name(&self, key: KeyId) -> (SectionId, &BStr) {
        let (section, name) = self.keys.name(key);
        (section, self.names.name(name.index()))
    }

    /// The lines that cannot be read.
    pub(crate) fn problems(&self) -> &[Finding] {
        &self.problems
    }

    /// The number of the last problem, if there is one.
    pub(crate) fn last_problem(&self) -> Option<ProblemId> {
        let last = self.problems.len().checked_sub(1)?;
        Some(ProblemId::at(last))
    }

    /// Keeps a problem; returns its number.
    pub(crate) fn problem(&mut self, problem: Finding) -> ProblemId {
        let number = ProblemId::at(self.problems.len());
        self.problems.push(problem);
        number
    }

    /// Says that a line of a file cannot be read.
    pub(crate) fn breaks(&mut self, file: FileId, line: usize) {
        self.broken.entry(file).or_insert(line);
    }

    /// The first line of a file of the entry that cannot be read.
    pub(crate) fn broken_line(&self, file: FileId) -> Option<usize> {
        self.broken.get(&file).copied()
    }

    /// Whether a row is a list with a type that adds to those before it, its key being of this kind: by the
    /// schema, or because the rules append lists.
    pub(crate) fn adds_up(&self, row: Row, kind: Option<KeyKind>) -> bool {
        let by_schema = kind.is_some_and(|kind| kind.merge == Merge::Append);
        self[row].is_list() && (self.append_lists || by_schema)
    }

    /// Why the consumer loads nothing; none if it loads what there is.
    pub(crate) fn unloaded(&self) -> Option<Unloaded> {
        self.unloaded
    }

    /// Where the consumer stops.
    pub(crate) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// Says that the consumer loads nothing for this reason, if there was none before.
    pub(crate) fn unload(&mut self, why: Unloaded) {
        self.unloaded.get_or_insert(why);
    }

    /// Says that the consumer reads no file after this one.
    pub(crate) fn end(&mut self, ended: Ended) {
        self.ended = Some(ended);
    }
}

impl Index<Row> for Ledger {
    type Output = Record;

    fn index(&self, row: Row) -> &Record {
        &self.rows[row.index()]
    }
}

impl IndexMut<Row> for Ledger {
    fn index_mut(&mut self, row: Row) -> &mut Record {
        &mut self.rows[row.index()]
    }
}

impl Index<KeyId> for Ledger {
    type Output = Slot;

    fn index(&self, key: KeyId) -> &Slot {
        self.keys.slot(key)
    }
}

impl IndexMut<KeyId> for Ledger {
    fn index_mut(&mut self, key: KeyId) -> &mut Slot {
        self.keys.slot_mut(key)
    }
}

impl Index<ProblemId> for Ledger {
    type Output = Finding;

    fn index(&self, problem: ProblemId) -> &Finding {
        &self.problems[problem.index()]
    }
}

impl Default for Ledger {
    fn default() -> Self {
        Self::new(format::default(), false, 0)
    }
}

impl Slot {
    /// What is known of the key; none if nobody can tell what repeated assignments come to.
    pub(crate) fn kind(&self) -> Option<&KeyKind> {
        match &self.rule {
            Rule::Kind(kind) => Some(kind),
            Rule::Unknown | Rule::Libeconf => None,
        }
    }

    /// What is known of it among the assignments below one header of a section that repeats; of other
    /// sections, what is known of it.
    pub(crate) fn kind_in_item(&self) -> Option<&KeyKind> {
        self.in_item.as_ref().or_else(|| self.kind())
    }
}

/// Whether an empty value takes away what was assigned before.
pub(crate) const fn resets(kind: KeyKind) -> bool {
    matches!(kind.empty, OnEmpty::Reset | OnEmpty::Clear)
}
