//! One assignment: where it stands, what it says where that is not as written, and what became of it.

use std::ops::Range;

use super::{KeyId, ProblemId, Row};
use crate::format::{Node, Value};
use crate::scan::FileId;
use crate::schema::Operator;

/// One row. Offsets are into the text of its file.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) key: KeyId,
    pub(crate) file: FileId,
    pub(crate) first_line: u32,
    pub(crate) last_line: u32,
    pub(crate) span: Range<u32>,
    pub(crate) raw: Range<u32>,
    /// Which header it stands below, counted over all files from 1, if its section repeats; else 0.
    pub(crate) header: u32,
    pub(crate) operator: Operator,
    /// Whether its key is an older name of the one that it counts for, or short for several.
    pub(crate) is_renamed: bool,
    /// Whether it counts and changes nothing: it takes away what is not there, or resets what has no value.
    pub(crate) is_idle: bool,
    /// What it says; none if that is what is written.
    pub(crate) value: Option<Box<Decoded>>,
    pub(crate) fate: Fate,
    /// The assignment of the same key that its consumer reads before this one.
    pub(crate) previous: Option<Row>,
}

/// A value that is not as written: most are, and have no bytes of their own.
#[derive(Debug, Clone)]
pub(crate) enum Decoded {
    Text(Box<[u8]>),
    Node(Node),
}

/// What became of an assignment, and the row, file or problem that did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Applied,
    Superseded(Row),
    Reset(Row),
    Shadowed(FileId),
    Masked(FileId),
    Invalid(ProblemId),
    /// Nothing is loaded at all.
    NotLoaded,
}

impl Record {
    /// Whether its value is empty, as the consumer reads it.
    pub(crate) fn is_empty(&self) -> bool {
        match self.value.as_deref() {
            None => self.raw.is_empty(),
            Some(Decoded::Text(text)) => text.is_empty(),
            Some(Decoded::Node(_)) => false,
        }
    }

    /// Whether its value is a list, as the format tells.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.node(), Some(Node::Array(_)))
    }

    /// The value with its type, where the format gives it one.
    pub(crate) fn node(&self) -> Option<&Node> {
        match self.value.as_deref() {
            Some(Decoded::Node(node)) => Some(node),
            Some(Decoded::Text(_)) | None => None,
        }
    }
}

/// Whether `value` is what stands at `raw` of `text`. It mostly is that very slice, whose bytes then
/// need no look.
fn is_at(text: &[u8], raw: &Range<usize>, value: &[u8]) -> bool {
    let raw = &text[raw.clone()];
    raw.as_ptr_range() == value.as_ptr_range() || raw == value
}

impl Decoded {
    /// The value that a format read from `text`, whose bytes are at `raw`; none if it is as written.
    pub(crate) fn new(text: &[u8], raw: &Range<usize>, value: &Value<'_>) -> Option<Box<Self>> {
        match value {
            Value::Text(value) if is_at(text, raw, value) => None,
            Value::Text(value) => Some(Self::Text((**value).into()).into()),
            Value::Typed(node) => Some(Self::Node(node.clone()).into()),
        }
    }
}
