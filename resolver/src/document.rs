//! The merged document: every assignment of an entry, in order, with its origin and its fate.
//!
//! The ledger is not a report about the merge, it is the merge: what a program reads and what
//! [`explain`](Document::explain) says come from the same rows, so they cannot disagree.

mod digest;
mod effective;
mod explain;
mod index;
mod items;
mod key;
mod named;
mod names;
mod read;
mod snapshot;
mod switch;

use std::borrow::Cow;
use std::fmt;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bstr::{BStr, ByteSlice as _};

pub use self::effective::{Effective, Item, Line, Part};
pub use self::explain::{Explanation, Outcome};
pub(crate) use self::items::Items;
pub use self::key::Key;
pub(crate) use self::names::Names;
pub use self::snapshot::Snapshot;
use crate::escape::escape_path;
use crate::finding::{Finding, Level};
use crate::format::{Format, Node, Value};
use crate::merge::Rule;
use crate::scan::{self, Entry, Fragment, Status};
use crate::schema::{KeyKind, Operator, Unknown};

/// An entry, merged.
#[derive(Debug, Default)]
#[must_use = "it only tells"]
pub struct Document {
    pub(crate) entry: Entry,
    pub(crate) sections: Names<()>,
    /// In the scope of their section's number.
    pub(crate) keys: Names<Slot>,
    pub(crate) ledger: Vec<Record>,
    pub(crate) problems: Vec<Finding>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) searched: Arc<[PathBuf]>,
    /// A problem because of which the consumer loads nothing.
    pub(crate) fatal: Option<usize>,
    /// The problem at which the consumer stops, and the file that has it.
    pub(crate) ended: Option<(usize, usize)>,
    /// How the files are read.
    pub(crate) format: Option<&'static dyn Format>,
    pub(crate) is_nested: bool,
    /// Whether lists with types add up over files, by the rules.
    pub(crate) append_lists: bool,
    pub(crate) index: OnceLock<index::Index>,
}

/// What is known of a key during and after the merge.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) rule: Rule,
    /// In a section that repeats, what holds among the assignments below one header.
    pub(crate) in_item: Option<KeyKind>,
    /// Why the consumer ignores it.
    pub(crate) unknown: Option<Unknown>,
    /// The latest assignment that its consumer reads; the others follow by [`Record::previous`].
    pub(crate) last: Option<u32>,
}

/// One row of the ledger. Offsets are into the fragment's text, which is at most 16 MiB long.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) key: u32,
    pub(crate) fragment: u32,
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
    pub(crate) span: Range<u32>,
    pub(crate) raw: Range<u32>,
    /// Which header it stands below, counted over all files from 1, if its section repeats; else 0.
    pub(crate) header: u32,
    pub(crate) operator: Operator,
    /// Whether its key is an older name of the one that it counts for, or short for several.
    pub(crate) is_renamed: bool,
    pub(crate) value: Decoded,
    pub(crate) fate: Fate,
    /// The assignment of the same key that its consumer reads before this one.
    pub(crate) previous: Option<u32>,
}

/// A value, not stored twice where it is as written.
#[derive(Debug)]
pub(crate) enum Decoded {
    AsWritten,
    Text(Box<[u8]>),
    Node(Box<Node>),
}

/// What became of an assignment, and the row, fragment or problem that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Applied,
    Superseded(u32),
    Reset(u32),
    Shadowed(u32),
    Masked(u32),
    Invalid(u32),
    /// Nothing is loaded at all.
    NotLoaded,
}

/// What became of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// It is the effective value, or one of several.
    Applied,
    /// A later assignment beats it.
    Superseded,
    /// A later assignment empties the list that it adds to.
    Reset,
    /// Its file is hidden by one of the same name in a higher layer.
    Shadowed,
    /// Its file is masked.
    Masked,
    /// Its consumer does not read it, because of a problem in its file, or because it loads nothing.
    Invalid,
}

impl State {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Superseded => "superseded",
            Self::Reset => "reset",
            Self::Shadowed => "shadowed",
            Self::Masked => "masked",
            Self::Invalid => "invalid",
        }
    }
}

/// A place in a file of the root. Displays as `/etc/x.conf:3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'d> {
    /// The file, as it was found.
    pub path: &'d Path,
    /// The line, counted from 1; none for the file as a whole.
    pub line: Option<usize>,
}

impl<'d> Place<'d> {
    pub(crate) fn of(finding: &'d Finding) -> Self {
        let (path, line) = (&finding.path, finding.line);
        Self { path, line }
    }

    /// A file as a whole.
    pub(crate) fn file(fragment: &'d Fragment) -> Self {
        let path = &fragment.path;
        Self { path, line: None }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape_path(self.path).fmt(f)?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Why a consumer loads nothing at all. Displays as the reason, without the [place](Self::place).
#[derive(Debug, Clone, Copy)]
pub enum Refusal<'d> {
    /// This file cannot be used.
    File(&'d Fragment),
    /// This line cannot be read.
    Problem(&'d Finding),
}

impl<'d> Refusal<'d> {
    /// The file and line because of which.
    pub fn place(&self) -> Place<'d> {
        match self {
            Self::File(file) => Place::file(file),
            Self::Problem(problem) => Place::of(problem),
        }
    }
}

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file) => match &file.state {
                scan::State::Unusable(why) => why.fmt(f),
                state => unreachable!("a file that is {state:?} keeps nothing from loading"),
            },
            Self::Problem(problem) => f.write_str(&problem.message),
        }
    }
}

/// One `key = value` of one fragment.
#[derive(Clone, Copy)]
pub struct Assignment<'d> {
    document: &'d Document,
    index: u32,
    record: &'d Record,
    fragment: &'d Fragment,
}

impl Document {
    /// The files.
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Every assignment, in the order in which the consumer meets them; those in files that are
    /// hidden stand where they would have been met.
    pub fn assignments(&self) -> impl DoubleEndedIterator<Item = Assignment<'_>> {
        let rows = u32::try_from(self.ledger.len()).unwrap_or(u32::MAX);
        (0..rows).filter_map(|index| self.assignment(index))
    }

    /// Those of the file with this index among [`Entry::fragments`].
    pub(crate) fn assignments_of(&self, file: usize) -> impl Iterator<Item = Assignment<'_>> {
        // The files are merged one after the other.
        let start = |file| {
            self.ledger
                .partition_point(|row| (row.fragment as usize) < file)
        };
        let rows = (0..).take(start(file + 1)).skip(start(file));
        rows.filter_map(|index| self.assignment(index))
    }

    fn assignment(&self, index: u32) -> Option<Assignment<'_>> {
        let record = self.ledger.get(index as usize)?;
        Some(Assignment {
            document: self,
            index,
            record,
            fragment: self.entry.fragments.get(record.fragment as usize)?,
        })
    }

    /// The section of the key with this number.
    pub(crate) fn section_of(&self, key: u32) -> &BStr {
        let section = self.keys.name(key).map(|(section, _)| section);
        let name = section.and_then(|section| self.sections.name(section));
        name.map(|(_, name)| name).unwrap_or_default()
    }

    /// The keys, in the order in which they first appear.
    pub fn keys(&self) -> impl Iterator<Item = Key<'_>> {
        (0..).map_while(|number| Key::new(self, number))
    }

    /// A key, if any fragment assigns it.
    pub fn key(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Key<'_>> {
        let section = self.sections.find(0, section.as_ref())?;
        Key::new(self, self.keys.find(section, key.as_ref())?)
    }

    /// The effective assignment of a key, the last one where there are several.
    pub fn get(&self, section: impl AsRef<[u8]>, key: impl AsRef<[u8]>) -> Option<Assignment<'_>> {
        self.key(section, key)?.last()
    }

    /// The effective assignments of a section, in order.
    pub fn section<'d>(&'d self, section: &'d str) -> impl Iterator<Item = Assignment<'d>> {
        self.assignments()
            .filter(move |a| a.state() == State::Applied && a.section() == section)
    }

    /// What went wrong and what is worth knowing, files first, then lines.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(&self.problems)
    }

    /// The lines that cannot be read.
    pub fn problems(&self) -> &[Finding] {
        &self.problems
    }

    /// Whether nothing found stands in the way of trusting the document.
    pub fn is_sound(&self) -> bool {
        self.findings().all(|finding| finding.level != Level::Error)
    }

    /// The problem because of which the consumer loads nothing.
    pub(crate) fn fatal(&self) -> Option<&Finding> {
        self.problems.get(self.fatal?)
    }

    /// The problem at which the consumer stops, and the index of the file that has it.
    pub(crate) fn ended(&self) -> Option<(&Finding, usize)> {
        let (problem, file) = self.ended?;
        Some((self.problems.get(problem)?, file))
    }

    /// Because of what the consumer loads nothing at all. None where it loads, and where it misses a
    /// main file.
    pub fn not_loaded_by(&self) -> Option<Place<'_>> {
        self.refusal().map(|refusal| refusal.place())
    }

    /// Why the consumer loads nothing at all; none where it loads, and where it misses a main file.
    pub fn refusal(&self) -> Option<Refusal<'_>> {
        if let Status::Refused(by) = self.entry.status {
            return Some(Refusal::File(&self.entry.fragments[by]));
        }
        self.fatal().map(Refusal::Problem)
    }

    /// Whether the consumer would load anything at all.
    pub fn loads(&self) -> bool {
        self.fatal.is_none() && !matches!(self.entry.status, Status::Refused(_) | Status::Headless)
    }

    /// Every path that could have changed the result, absent ones included, in byte order: what a
    /// daemon watches and a build depends on.
    ///
    /// Directories and main files are named as they were looked for. Where symlinks are on the way to
    /// them, or a file is one, each link of the chain is named, too, and where the last one leads, there
    /// or not. The directories above all of these are not.
    pub fn watched(&self) -> Vec<&Path> {
        let searched = self.searched.iter().map(PathBuf::as_path);
        // An ignored file is one by its name, which is its directory's affair.
        let fragments = self.entry.fragments.iter();
        let read = fragments.filter(|f| !matches!(f.state, scan::State::Ignored(_)));
        let files = read.flat_map(|fragment| {
            // What a symlink leads to can change without the symlink.
            let trail = fragment.link.iter().flat_map(|link| &link.trail);
            std::iter::once(&*fragment.path).chain(trail.map(PathBuf::as_path))
        });
        let mut watched: Vec<_> = searched.chain(files).collect();
        watched.sort_unstable_by_key(|path| path.as_os_str());
        watched.dedup();
        watched
    }
}

impl<'d> Assignment<'d> {
    /// The file that it stands in: with its layer, where it was found and, for a symlink, where that
    /// leads.
    pub fn fragment(&self) -> &'d Fragment {
        self.fragment
    }

    /// The index of its file in [`Entry::fragments`].
    pub fn fragment_index(&self) -> usize {
        self.record.fragment as usize
    }

    /// Its number in the ledger.
    pub fn number(&self) -> usize {
        self.index as usize
    }

    /// The section, or the dotted path of tables; empty for none.
    pub fn section(&self) -> &'d BStr {
        self.document.section_of(self.record.key)
    }

    /// The key, without `+` and `-` where those are operators.
    pub fn key(&self) -> &'d BStr {
        let name = self.document.keys.name(self.record.key);
        name.map(|(_, name)| name).unwrap_or_default()
    }

    /// Which header it stands below, counted over all files from 1, if its section repeats; else 0.
    pub(crate) fn header(&self) -> u32 {
        self.record.header
    }

    /// Whether it replaces, adds or takes away.
    pub fn operator(&self) -> Operator {
        self.record.operator
    }

    /// Its first and last line, counted from 1.
    pub fn lines(&self) -> RangeInclusive<usize> {
        self.record.first_line as usize..=self.record.last_line as usize
    }

    /// Its first line, counted from 1.
    pub fn line(&self) -> usize {
        self.record.first_line as usize
    }

    /// Its bytes in the fragment's text, the line end included.
    pub fn span(&self) -> Range<usize> {
        self.record.span.start as usize..self.record.span.end as usize
    }

    /// The bytes of the value in the fragment's text.
    pub fn raw_span(&self) -> Range<usize> {
        self.record.raw.start as usize..self.record.raw.end as usize
    }

    /// The value as written.
    pub fn raw(&self) -> &'d BStr {
        let text = self.fragment.text.get(self.raw_span());
        text.unwrap_or_default().as_bstr()
    }

    /// The value as its consumer reads it; of a value with a type, as written.
    pub fn value(&self) -> &'d BStr {
        match &self.record.value {
            Decoded::Text(text) => text.as_bstr(),
            Decoded::AsWritten | Decoded::Node(_) => self.raw(),
        }
    }

    /// The value as its consumer reads it; of a value with a type that value, in the notation of
    /// TOML, wherever its parts stand in the file.
    pub fn shown(&self) -> Cow<'d, [u8]> {
        match self.node() {
            Some(node) => Cow::Owned(node.to_string().into_bytes()),
            None => Cow::Borrowed(self.value().as_bytes()),
        }
    }

    /// The value with its type, where the format gives it one.
    pub fn node(&self) -> Option<&'d Node> {
        match &self.record.value {
            Decoded::Node(node) => Some(node),
            Decoded::AsWritten | Decoded::Text(_) => None,
        }
    }

    /// Whether it is a line that is its own key, without a value (the format `lines`).
    pub fn is_bare(&self) -> bool {
        let line = self.fragment.text.get(self.span()).unwrap_or_default();
        line.trim_ascii() == self.key().as_bytes()
    }

    /// What became of it.
    pub fn state(&self) -> State {
        match self.record.fate {
            Fate::Applied => State::Applied,
            Fate::Superseded(_) => State::Superseded,
            Fate::Reset(_) => State::Reset,
            Fate::Shadowed(_) => State::Shadowed,
            Fate::Masked(_) => State::Masked,
            Fate::Invalid(_) | Fate::NotLoaded => State::Invalid,
        }
    }

    /// Whether it stands for all of a text that nobody takes apart (the format `opaque`).
    pub(crate) fn is_whole_file(&self) -> bool {
        let text = &self.fragment.text;
        self.key().is_empty() && self.raw_span() == (0..text.len()) && text.contains(&b'\n')
    }

    /// Where it stands.
    pub fn place(&self) -> Place<'d> {
        Place {
            path: &self.fragment.path,
            line: Some(self.line()),
        }
    }

    /// The assignment that beat or reset it.
    pub fn winner(&self) -> Option<Self> {
        match self.record.fate {
            Fate::Superseded(by) | Fate::Reset(by) => self.document.assignment(by),
            _ => None,
        }
    }

    /// The assignment that counts in the place of one that was beaten or reset, perhaps by others in
    /// between that were beaten in their turn.
    pub fn final_winner(&self) -> Option<Self> {
        self.winner()?;
        self.document
            .assignment(self.document.index().end_of(self.index)?)
    }

    /// The assignment of the same key that its consumer reads before it.
    pub fn previous(&self) -> Option<Self> {
        self.document.assignment(self.record.previous?)
    }

    /// The number of its key among [`Document::keys`].
    pub(crate) fn key_number(&self) -> usize {
        self.record.key as usize
    }

    /// The problem because of which its consumer does not read it.
    pub fn spoiled_by(&self) -> Option<&'d Finding> {
        match self.record.fate {
            Fate::Invalid(by) => self.document.problems.get(by as usize),
            Fate::NotLoaded => self.document.problems.get(self.document.fatal?),
            _ => None,
        }
    }

    /// Why its consumer ignores it, if it does, whatever its [state](Self::state) is.
    pub fn unknown(&self) -> Option<Unknown> {
        self.document.keys.get(self.record.key)?.unknown
    }

    /// The key as its file has it, where that is an older name of [`key`](Self::key) or short for it
    /// and others; else that.
    pub fn written_key(&self) -> &'d BStr {
        if !self.record.is_renamed {
            return self.key();
        }
        let line = self.span().start..self.raw_span().start;
        let line = self.fragment.text.get(line).unwrap_or_default();
        let name = line.split(|byte| *byte == b'=').next();
        name.unwrap_or_default().trim_ascii().as_bstr()
    }

    /// What beat, reset, hid or spoiled it.
    pub fn by(&self) -> Option<Place<'d>> {
        match self.record.fate {
            Fate::Applied => None,
            Fate::Superseded(_) | Fate::Reset(_) => self.winner().map(|by| by.place()),
            Fate::Shadowed(by) | Fate::Masked(by) => {
                let by = self.document.entry.fragments.get(by as usize)?;
                Some(Place::file(by))
            }
            Fate::Invalid(_) => self.spoiled_by().map(Place::of),
            Fate::NotLoaded => self.document.not_loaded_by(),
        }
    }
}

impl fmt::Debug for Assignment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, key, value) = (self.section(), self.key(), self.value());
        let state = self.state().word();
        write!(f, "{} [{section}] {key}={value} {state}", self.place())
    }
}

impl Record {
    /// Whether its value is empty, as the consumer reads it.
    pub(crate) fn is_empty(&self) -> bool {
        match &self.value {
            Decoded::AsWritten => self.raw.is_empty(),
            Decoded::Text(text) => text.is_empty(),
            Decoded::Node(_) => false,
        }
    }
}

/// Whether `value` is what stands at `raw` of `text`. It mostly is that very slice, whose bytes then
/// need no look.
fn is_at(text: &[u8], raw: &Range<usize>, value: &[u8]) -> bool {
    text.get(raw.clone())
        .is_some_and(|raw| raw.as_ptr_range() == value.as_ptr_range() || raw == value)
}

impl Decoded {
    /// The value that a format read from `text`, whose bytes are at `raw`.
    pub(crate) fn new(text: &[u8], raw: &Range<usize>, value: Value<'_>) -> Self {
        match value {
            Value::Text(value) if is_at(text, raw, &value) => Self::AsWritten,
            Value::Text(value) => Self::Text(value.into_owned().into()),
            Value::Typed(node) => Self::Node(node.into()),
        }
    }
}
