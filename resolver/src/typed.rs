//! Typed use of merged configuration, through serde: the type that is asked for is the schema.
//!
//! What a keyfile says is text, so a field's type decides how it is read:
//!
//! | field | text |
//! |---|---|
//! | `bool` | `1`, `yes`, `y`, `true`, `t`, `on` or `0`, `no`, `n`, `false`, `f`, `off`, in upper or lower case |
//! | a number | what [`FromStr`](std::str::FromStr) of its type takes |
//! | `String`, `char`, an enum of plain variants | the text, which has to be UTF-8 |
//! | bytes (such as `serde_bytes`) | the text, whatever it is |
//! | `Vec<T>`, a set, a tuple | one element an assignment; an empty assignment drops those before it |
//! | `Option<T>` | `Some`, if the key is there; an empty value is a value |
//! | [`Located<T>`] | the value and its place |
//!
//! Of several assignments, a field that is no list takes the last. The values of TOML and JSON have
//! types of their own and are read as those formats read them; a list is one assignment there.
//!
//! Every error names the file and the line of the value that it is about, and shows that line
//! ([`DeserializeError::excerpt`]). Behind `#[serde(flatten)]` and in untagged enums serde asks for
//! "anything": text stays text there, repeated assignments are a list, and [`Located`] does not work.

mod access;
mod error;
mod located;
mod node;
mod text;

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::BString;
use serde::Deserialize;

pub use self::error::DeserializeError;
pub use self::located::Located;
use crate::format::{Node, Value, path};

/// The applied assignments of an entry, as tables in tables; a keyfile's sections are the one level.
#[derive(Debug, Default)]
pub(crate) struct Tree<'d> {
    files: Vec<PathBuf>,
    root: Table<'d>,
}

/// One assignment.
#[derive(Debug)]
pub(crate) struct Leaf<'d> {
    pub(crate) value: Value<'d>,
    pub(crate) origin: Origin<'d>,
}

/// Where an assignment stands.
#[derive(Debug, Clone)]
pub(crate) struct Origin<'d> {
    pub(crate) path: &'d Path,
    /// Its lines, counted from 1.
    pub(crate) line: usize,
    pub(crate) last_line: usize,
    /// The whole file.
    pub(crate) text: &'d [u8],
    /// The byte of the text at which it begins, as its [`Item`](crate::format::Item) has it.
    pub(crate) start: usize,
    /// The bytes of its value, as its [`Pair`](crate::format::Pair) has them.
    pub(crate) raw: Range<usize>,
}

/// The first line of an assignment.
pub(crate) struct Source<'d> {
    pub(crate) text: &'d [u8],
    /// The byte at which the assignment begins.
    pub(crate) key: usize,
    /// The value's bytes, as far as they stand there.
    pub(crate) value: Range<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Table<'d> {
    entries: Vec<(BString, Entry<'d>)>,
    places: HashMap<BString, usize>,
}

#[derive(Debug)]
pub(crate) enum Entry<'d> {
    Table(Table<'d>),
    /// The assignments of one key, at least one, in order.
    Key(Vec<Leaf<'d>>),
}

impl<'d> Tree<'d> {
    /// An empty tree. `files` are those that were read, lowest first, whether or not they say
    /// anything: they are named where something is missing.
    pub(crate) fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self {
            files: files.into_iter().collect(),
            root: Table::default(),
        }
    }

    /// Adds an assignment that applies, behind those of the same key that apply before it.
    ///
    /// `nested`: section and key are dotted paths ([`path`]). A value replaces a table at its place,
    /// and a table a value; only an empty table leaves another as it is.
    pub(crate) fn insert(&mut self, section: &[u8], key: &[u8], nested: bool, leaf: Leaf<'d>) {
        let names = |name: &[u8]| -> Vec<BString> {
            let split = str::from_utf8(name).ok().filter(|_| nested);
            match split.and_then(path::split) {
                Some(segments) => segments.into_iter().map(BString::from).collect(),
                None if name.is_empty() => Vec::new(),
                None => vec![name.into()],
            }
        };
        let mut table = &mut self.root;
        for name in names(section) {
            table = table.descend(name);
        }
        let key = match names(key).pop() {
            Some(key) if nested => key,
            _ => key.into(),
        };
        table.assign(key, leaf);
    }

    /// Reads the tree as a `T`.
    pub(crate) fn deserialize<'t, T: Deserialize<'t>>(&'t self) -> Result<T, DeserializeError> {
        T::deserialize(access::Level(&self.root)).map_err(|error| error.in_files(&self.files))
    }

    #[cfg(feature = "figment")]
    pub(crate) fn root(&self) -> &Table<'d> {
        &self.root
    }
}

impl<'d> Table<'d> {
    /// The table `name` in this one.
    fn descend(&mut self, name: BString) -> &mut Self {
        let entry = self.entry(name, || Entry::Table(Self::default()));
        if let Entry::Key(_) = entry {
            *entry = Entry::Table(Self::default());
        }
        match entry {
            Entry::Table(table) => table,
            Entry::Key(_) => unreachable!("it was just replaced"),
        }
    }

    fn assign(&mut self, key: BString, leaf: Leaf<'d>) {
        match self.entry(key, || Entry::Key(Vec::new())) {
            Entry::Key(leaves) => leaves.push(leaf),
            Entry::Table(_) if matches!(&leaf.value, Value::Typed(Node::Table(new)) if new.is_empty()) =>
                {}
            entry @ Entry::Table(_) => *entry = Entry::Key(vec![leaf]),
        }
    }

    fn entry(&mut self, name: BString, new: impl FnOnce() -> Entry<'d>) -> &mut Entry<'d> {
        let at = *self.places.entry(name).or_insert_with_key(|name| {
            self.entries.push((name.clone(), new()));
            self.entries.len() - 1
        });
        &mut self.entries[at].1
    }

    pub(crate) fn entries(&self) -> &[(BString, Entry<'d>)] {
        &self.entries
    }
}

impl<'d> Entry<'d> {
    /// The assignment that counts for all, or that a table begins with.
    fn chief(&self) -> Option<&Leaf<'d>> {
        match self {
            Self::Key(leaves) => leaves.last(),
            Self::Table(table) => table.entries.iter().find_map(|(_, entry)| entry.chief()),
        }
    }
}

/// The assignments that a list is made of: those since the last empty one (systemd: conf-parser.c
/// `config_parse_strv()`).
pub(crate) fn since_reset<'t, 'd>(leaves: &'t [Leaf<'d>]) -> &'t [Leaf<'d>] {
    let is_empty = |leaf: &Leaf<'_>| leaf.value.text().is_some_and(<[u8]>::is_empty);
    let start = leaves.iter().rposition(is_empty).map_or(0, |at| at + 1);
    leaves.get(start..).unwrap_or_default()
}

impl<'d> Origin<'d> {
    /// The line where it begins. Only errors look for it: it may be as long as the file.
    pub(crate) fn source(&self) -> Source<'d> {
        let start = self.start.min(self.text.len());
        let (before, after) = self.text.split_at(start);
        let begin = before
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |at| at + 1);
        let length = after
            .iter()
            .position(|&byte| byte == b'\n')
            .unwrap_or(after.len());
        let text = self
            .text
            .get(begin..start + length)
            .unwrap_or_default()
            .trim_ascii_end();
        let end = text.len();
        let blanks = after.len() - after.trim_ascii_start().len();
        let key = (start + blanks - begin).min(end);
        let value =
            self.raw.start.saturating_sub(begin)..self.raw.end.saturating_sub(begin).min(end);
        Source {
            text,
            key,
            // A value that begins on a later line is shown by its key.
            value: if value.start <= value.end {
                value
            } else {
                key..end
            },
        }
    }
}
