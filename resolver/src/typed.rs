//! Typed use of merged configuration, through serde: the type that is asked for is the schema.
//!
//! What is read is what [`Document::effective`] has, key by key and item by item, so that a program, `show`
//! and `explain` cannot come to different results.
//!
//! What a keyfile says is text, so a field's type decides how it is read:
//!
//! | field | text |
//! |---|---|
//! | `bool` | `1`, `yes`, `y`, `true`, `t`, `on` or `0`, `no`, `n`, `false`, `f`, `off`, in upper or lower case |
//! | a number | what [`FromStr`](std::str::FromStr) of its type takes |
//! | `String`, `char`, an enum of plain variants | the text, which has to be UTF-8 |
//! | bytes (such as `serde_bytes`) | the text, whatever it is |
//! | `Vec<T>`, a set, a tuple | one element an item |
//! | `Option<T>` | `Some`, if the key is there; an empty value is a value |
//! | [`Located<T>`] | the value and its place |
//! | a `Vec` of structs | the headers of a section that repeats, one by one |
//!
//! # Several values
//!
//! What a key that is assigned again comes to is a fact about the key. **Where the schema or the rules say
//! it, that holds**, whatever the type: the one value that counts, or the list with all its items, from
//! whichever files they come. A list is a single value only if it has one item; else to ask for one is an error.
//!
//! **Where nobody says it** ([`Key::is_multi_valued`]) the type does, as systemd's manuals have it for drop-ins:
//! a list takes every value, in order, and a single value is the last. So `explain` calls the last one
//! "counts" and those before it "counts in a list only". Whether an empty value would empty the list no type
//! tells, so it is an error in a list; a schema tells (`append`: it does).
//!
//! Values of TOML and JSON have types of their own and are read as those formats read them. A list is one
//! value there, which a higher file replaces, unless the rules (`append-lists`) or the schema (`append`) add
//! them up.
//!
//! Every error names the file and the line of the value that it is about, and shows that line
//! ([`DeserializeError::excerpt`]). Behind `#[serde(flatten)]` and in untagged enums serde asks for
//! "anything": text stays text there, several values are a list, and [`Located`] does not work.
//!
//! [`Document::effective`]: crate::Document::effective
//! [`Key::is_multi_valued`]: crate::Key::is_multi_valued

mod access;
mod error;
mod leaf;
mod located;
mod node;
mod text;
mod values;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use serde::Deserialize;

pub use self::error::DeserializeError;
use self::error::Part;
pub use self::located::Located;
use crate::format::{Value, path};

/// What a document comes to, as tables in tables; a keyfile's sections are the one level.
#[derive(Debug, Default)]
pub(crate) struct Tree<'d> {
    files: Vec<PathBuf>,
    root: Table<'d>,
}

/// One item of a value.
#[derive(Debug)]
pub(crate) struct Leaf<'d> {
    pub(crate) value: Value<'d>,
    pub(crate) origin: Origin<'d>,
}

/// What one key comes to.
#[derive(Debug)]
pub(crate) struct Values<'d> {
    pub(crate) number: Number,
    /// None of a list that was emptied.
    pub(crate) items: Vec<Leaf<'d>>,
    /// The last assignment that counts.
    pub(crate) last: Leaf<'d>,
}

/// How many values a key has, whatever it has here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    /// One.
    One,
    /// A list of them.
    List,
    /// Nobody knows.
    Unknown,
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
    /// What stands below each of the headers of a section that repeats, at least one.
    Tables(Vec<Table<'d>>),
    Key(Values<'d>),
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

    /// The table of a section, or below the header of one that has this number.
    ///
    /// # Errors
    /// A value has its name.
    pub(crate) fn table(
        &mut self,
        section: &[u8],
        nested: bool,
        number: Option<usize>,
    ) -> Result<&mut Table<'d>, DeserializeError> {
        let mut table = &mut self.root;
        let mut names = names(section, nested).into_iter().peekable();
        while let Some(name) = names.next() {
            table = match number.filter(|_| names.peek().is_none()) {
                Some(number) => table.header(&name, number)?,
                None => table.descend(&name)?,
            };
        }
        Ok(table)
    }

    /// Reads the tree as a `T`.
    pub(crate) fn deserialize<'t, T: Deserialize<'t>>(&'t self) -> Result<T, DeserializeError> {
        T::deserialize(access::Level(&self.root)).map_err(|error| error.in_files(&self.files))
    }
}

/// What a name consists of: of a format that nests, the segments of a dotted path ([`path`]).
fn names(name: &[u8], nested: bool) -> Vec<BString> {
    let split = str::from_utf8(name).ok().filter(|_| nested);
    match split.and_then(path::split) {
        Some(segments) => segments.into_iter().map(BString::from).collect(),
        None if name.is_empty() => Vec::new(),
        None => vec![name.into()],
    }
}

impl<'d> Table<'d> {
    /// The table `name` in this one.
    fn descend(&mut self, name: &BString) -> Result<&mut Self, DeserializeError> {
        match self.entry(name.clone(), || Entry::Table(Self::default())) {
            Entry::Table(table) => Ok(table),
            taken => Err(taken.is_two(name)),
        }
    }

    /// The table below the header `name` of this number, counted from 1.
    fn header(&mut self, name: &BString, number: usize) -> Result<&mut Self, DeserializeError> {
        match self.entry(name.clone(), || Entry::Tables(Vec::new())) {
            Entry::Tables(tables) => {
                tables.resize_with(number.max(tables.len()), Self::default);
                Ok(&mut tables[number - 1])
            }
            taken => Err(taken.is_two(name)),
        }
    }

    /// Adds a key.
    ///
    /// # Errors
    /// A table has its name.
    pub(crate) fn assign(
        &mut self,
        key: &[u8],
        nested: bool,
        values: Values<'d>,
    ) -> Result<(), DeserializeError> {
        let key = match names(key, nested).pop() {
            Some(key) => key,
            None => key.into(),
        };
        let new = Entry::Key(values);
        if self.places.contains_key(&key) {
            return Err(new.is_two(&key));
        }
        self.entry(key, || new);
        Ok(())
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

    fn first(&self) -> Option<&Origin<'d>> {
        self.entries.iter().find_map(|(_, entry)| entry.place())
    }
}

impl<'d> Entry<'d> {
    /// Where it stands: its last value, or the first that is in it.
    fn place(&self) -> Option<&Origin<'d>> {
        match self {
            Self::Key(values) => Some(&values.chief().origin),
            Self::Table(table) => table.first(),
            Self::Tables(tables) => tables.iter().find_map(Table::first),
        }
    }

    /// The error that this has the name of something else. (Tables that the format itself nests give way to
    /// values, and the other way round; a key above all headers and a section do not.)
    fn is_two(&self, name: &BString) -> DeserializeError {
        DeserializeError::new(
            "is a key and a section, and one name can be read as one thing only".into(),
        )
        .in_entry(name, self, Part::Key)
    }
}

impl<'d> Values<'d> {
    /// The item that is the value, if there is to be one.
    fn chief(&self) -> &Leaf<'d> {
        self.items.last().unwrap_or(&self.last)
    }
}

impl<'d> Origin<'d> {
    /// The line where it begins. Only errors look for it: it may be as long as the file.
    pub(crate) fn source(&self) -> Source<'d> {
        let (before, after) = self.text.split_at(self.start);
        let begin = before.rfind_byte(b'\n').map_or(0, |at| at + 1);
        let length = after.find_byte(b'\n').unwrap_or(after.len());
        let text = self.text[begin..self.start + length].trim_ascii_end();
        let end = begin + text.len();
        // What is on other lines is cut off.
        let column = |at: usize| at.clamp(begin, end) - begin;
        let blanks = after.len() - after.trim_ascii_start().len();
        let key = column(self.start + blanks);
        Source {
            text,
            key,
            // A value that begins on a later line is shown by its key.
            value: if self.raw.start <= end {
                column(self.raw.start)..column(self.raw.end)
            } else {
                key..column(end)
            },
        }
    }
}
