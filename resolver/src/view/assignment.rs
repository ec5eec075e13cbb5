//! One `key = value` of one file: where it stands, what it says, and what the merge made of it.

use std::borrow::Cow;
use std::fmt;
use std::ops::{Range, RangeInclusive};

use bstr::{BStr, ByteSlice as _};

use super::{Key, Place, Refusal, View};
use crate::finding::Finding;
use crate::format::Node;
use crate::ledger::{Decoded, Fate, KeyId, Record, Row};
use crate::scan::{FileId, Fragment};
use crate::schema::{Operator, Unknown};

/// What the merge made of an assignment: its fate in the ledger without the row, file or problem that did it.
/// What is said of an assignment is its [`Outcome`](super::Outcome), which is made of the same fate.
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
    const fn of(fate: Fate) -> Self {
        match fate {
            Fate::Applied => Self::Applied,
            Fate::Superseded(_) => Self::Superseded,
            Fate::Reset(_) => Self::Reset,
            Fate::Shadowed(_) => Self::Shadowed,
            Fate::Masked(_) => Self::Masked,
            Fate::Invalid(_) | Fate::NotLoaded => Self::Invalid,
        }
    }

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

/// One `key = value` of one fragment.
#[derive(Clone, Copy)]
pub struct Assignment<'d> {
    pub(crate) view: View<'d>,
    row: Row,
}

impl<'d> Assignment<'d> {
    pub(super) const fn new(view: View<'d>, row: Row) -> Self {
        Self { view, row }
    }

    /// The file that it stands in: with its layer, where it was found and, for a symlink, where that
    /// leads.
    pub fn fragment(&self) -> &'d Fragment {
        &self.view.entry[self.file()]
    }

    pub(crate) fn record(&self) -> &'d Record {
        &self.view.ledger[self.row]
    }

    /// Its number in the ledger.
    pub(crate) const fn row(&self) -> Row {
        self.row
    }

    /// The number of that file.
    pub(crate) fn file(&self) -> FileId {
        self.record().file
    }

    /// Its number in the ledger.
    pub fn number(&self) -> usize {
        self.row.index()
    }

    /// The section, or the dotted path of tables; empty for none.
    pub fn section(&self) -> &'d BStr {
        self.owner().section()
    }

    /// The key, without `+` and `-` where those are operators.
    pub fn key(&self) -> &'d BStr {
        self.owner().name()
    }

    /// Its key, with all that other assignments say of it.
    pub(crate) fn owner(&self) -> Key<'d> {
        Key::new(self.view, self.record().key)
    }

    /// Which header it stands below, counted over all files from 1, if its section repeats; else 0.
    pub(crate) fn header(&self) -> u32 {
        self.record().header
    }

    /// Whether it replaces, adds or takes away.
    pub fn operator(&self) -> Operator {
        self.record().operator
    }

    /// Its first and last line, counted from 1.
    pub fn lines(&self) -> RangeInclusive<usize> {
        self.record().first_line as usize..=self.record().last_line as usize
    }

    /// Its first line, counted from 1.
    pub fn line(&self) -> usize {
        self.record().first_line as usize
    }

    /// Its bytes in the fragment's text, the line end included.
    pub fn span(&self) -> Range<usize> {
        self.record().span.start as usize..self.record().span.end as usize
    }

    /// The bytes of the value in the fragment's text.
    pub fn raw_span(&self) -> Range<usize> {
        self.record().raw.start as usize..self.record().raw.end as usize
    }

    /// The value as written.
    pub fn raw(&self) -> &'d BStr {
        self.fragment().text[self.raw_span()].as_bstr()
    }

    /// The value as its consumer reads it; of a value with a type, as written.
    pub fn value(&self) -> &'d BStr {
        match self.record().value.as_deref() {
            Some(Decoded::Text(text)) => text.as_bstr(),
            Some(Decoded::Node(_)) | None => self.raw(),
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
        self.record().node()
    }

    /// Whether it is a line that is its own key, without a value (the format `lines`).
    pub fn is_bare(&self) -> bool {
        let line = &self.fragment().text[self.span()];
        line.trim_ascii() == self.key().as_bytes()
    }

    /// Whether it is the effective value, or one of several.
    pub(crate) fn applies(&self) -> bool {
        self.record().fate == Fate::Applied
    }

    /// What the merge made of it, whoever did it: its [outcome](Self::outcome) says that, too, and whether its
    /// consumer knows its name.
    pub fn state(&self) -> State {
        State::of(self.record().fate)
    }

    /// Whether it stands for all of a text that nobody takes apart (the format `opaque`).
    pub(crate) fn is_whole_file(&self) -> bool {
        let text = &self.fragment().text;
        self.key().is_empty() && self.raw_span() == (0..text.len()) && text.contains(&b'\n')
    }

    /// Where it stands.
    pub fn place(&self) -> Place<'d> {
        Place {
            path: &self.fragment().path,
            line: Some(self.line()),
        }
    }

    /// The assignment that beat or reset it.
    pub fn winner(&self) -> Option<Self> {
        match self.record().fate {
            Fate::Superseded(by) | Fate::Reset(by) => Some(self.view.assignment(by)),
            _ => None,
        }
    }

    /// The assignment that counts in the place of one that was beaten or reset, perhaps by others in
    /// between that were beaten in their turn.
    pub fn final_winner(&self) -> Option<Self> {
        self.winner()?;
        Some(self.view.assignment(self.view.ledger.end_of(self.row)))
    }

    /// The assignment of the same key that its consumer reads before it.
    pub fn previous(&self) -> Option<Self> {
        Some(self.view.assignment(self.record().previous?))
    }

    /// The number of its key.
    pub(crate) fn key_id(&self) -> KeyId {
        self.record().key
    }

    /// The problem because of which its consumer does not read it.
    pub(crate) fn spoiled_by(&self) -> Option<&'d Finding> {
        match self.record().fate {
            Fate::Invalid(by) => Some(&self.view.ledger[by]),
            Fate::NotLoaded => match self.view.refusal()? {
                Refusal::Problem(problem) => Some(problem),
                Refusal::File(_) => None,
            },
            _ => None,
        }
    }

    /// Why its consumer ignores it, if it does, whatever its [state](Self::state) is.
    pub fn unknown(&self) -> Option<Unknown> {
        self.owner().unknown()
    }

    /// The key as its file has it, where that is an older name of [`key`](Self::key) or short for it
    /// and others; else that.
    pub fn written_key(&self) -> &'d BStr {
        if !self.record().is_renamed {
            return self.key();
        }
        let line = self.span().start..self.raw_span().start;
        let line = &self.fragment().text[line];
        let name = line.split_once_str("=").map_or(line, |(name, _)| name);
        name.trim_ascii().as_bstr()
    }

    /// What beat, reset, hid or spoiled it.
    pub fn by(&self) -> Option<Place<'d>> {
        self.merged().by()
    }
}

impl fmt::Debug for Assignment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (section, key, value) = (self.section(), self.key(), self.value());
        let state = self.state().word();
        write!(f, "{} [{section}] {key}={value} {state}", self.place())
    }
}
