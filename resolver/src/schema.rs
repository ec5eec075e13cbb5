//! What the keys of a configuration file are: how repeated assignments combine, what a list is made
//! of, and what an empty value does. Facts about the consumer, which no syntax tells.
//!
//! A schema is a TOML file, described in `resolver/schemas/README.md`. Some are built in; the same
//! form serves for files of one's own.
//!
//! ```
//! use overlay_resolver::schema::{Merge, OnEmpty, Schema};
//!
//! let unit = Schema::named("systemd/unit").unwrap();
//! let kind = unit.kind(b"Service", b"ExecStart").unwrap();
//! assert_eq!((kind.merge, kind.empty), (Merge::Append, OnEmpty::Reset));
//! let kind = unit.kind(b"Unit", b"After").unwrap();
//! assert_eq!(kind.split.items(b"a.target  b.target").len(), 2);
//! assert_eq!(kind.empty, OnEmpty::Ignored);
//! ```

mod builtin;
mod read;
mod split;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use serde::Deserialize;

pub use self::builtin::names;
pub(crate) use self::read::SchemaFile;

/// How the assignments of one key combine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Merge {
    /// The last assignment is the value.
    Last,
    /// The first assignment is the value.
    First,
    /// Every assignment adds its items.
    Append,
    /// Every item is `NAME=VALUE`; the last of a name is its value.
    Map,
    /// `KEY+=` adds items that are not there yet, `KEY-=` takes items away, `KEY=` replaces them all.
    Set,
}

/// What separates the items of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Split {
    /// Nothing: the value is one item.
    None,
    /// Blanks; quotes keep together and do not belong to the item.
    Words,
    /// Blanks; quotes are ordinary.
    Blanks,
    /// Commas.
    Commas,
    /// Semicolons.
    Semicolons,
    /// Colons.
    Colons,
    /// Commas and semicolons, as in the lists of devices of `NetworkManager`.
    Specs,
}

/// What an empty value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnEmpty {
    /// The key is as if it had never been assigned.
    Reset,
    /// What was assigned before is gone, and the empty list stands: no default takes its place.
    Clear,
    /// It is a value like any other.
    Value,
    /// It changes nothing.
    Ignored,
}

/// What a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct KeyKind {
    /// How its assignments combine.
    pub merge: Merge,
    /// What separates the items of a value.
    pub split: Split,
    /// What an empty value does.
    pub empty: OnEmpty,
}

impl KeyKind {
    /// Whether its values are texts that are taken apart, which says nothing of values that have types.
    pub const fn is_of_text(&self) -> bool {
        !matches!(self.split, Split::None) || matches!(self.merge, Merge::Map | Merge::Set)
    }

    /// Whether an emptied list stands: no default takes its place.
    pub(crate) const fn stands_when_empty(self) -> bool {
        matches!(self.empty, OnEmpty::Clear | OnEmpty::Value)
    }
}

/// What an assignment does to a key that knows `KEY+=` and `KEY-=` ([`Merge::Set`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operator {
    /// `KEY=`: what was assigned before is replaced; every assignment of the other kinds is one.
    Set,
    /// `KEY+=`: the items are added.
    Add,
    /// `KEY-=`: the items are taken away.
    Remove,
}

impl Operator {
    /// How it is written, between the key and the `=`.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Set => "",
            Self::Add => "+",
            Self::Remove => "-",
        }
    }
}

/// What is wrong with a key of a kind that [takes text apart](KeyKind::is_of_text), or of a section that
/// repeats, where the format gives values types.
pub(crate) const NOT_TEXT: &str = "its schema takes text apart, and values of this format have types: use the kind \
                                   `append`, which adds lists up element by element, or leave the key out";

/// All assignments stand: the honest answer where it takes more than the key to tell.
const EACH: KeyKind = KeyKind {
    merge: Merge::Append,
    split: Split::None,
    empty: OnEmpty::Value,
};

/// Why a consumer ignores an assignment: its name says nothing to it ([`Schema::unknown`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Unknown {
    /// It does not know the section.
    Section,
    /// It does not know the key in this section.
    Key,
    /// The name begins with `X-`: it is for whoever wants to keep something there.
    Private,
}

impl Unknown {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Section => "unknown-section",
            Self::Key => "unknown-key",
            Self::Private => "private",
        }
    }
}

type Bytes = Box<[u8]>;

/// The keys of one consumer's files.
#[derive(Debug, Clone, Default)]
pub struct Schema {
    ignores_unknown: bool,
    groups: Vec<Group>,
    /// The groups of a section that is written out.
    exact: HashMap<Bytes, Vec<usize>>,
    /// The groups of all sections that begin alike.
    prefixes: Vec<(Bytes, usize)>,
}

/// What one table says about the sections that its name stands for.
#[derive(Debug, Clone, Default)]
struct Group {
    keys: HashMap<Bytes, KeyKind>,
    aliases: HashMap<Bytes, Bytes>,
    together: Vec<Vec<Bytes>>,
    sets: HashMap<Bytes, Vec<Bytes>>,
    repeated: bool,
}

impl Schema {
    /// What a key is, as far as that is known.
    ///
    /// In a section that repeats ([`Schema::is_repeated`]) the same key of another item is another
    /// value, so that all assignments stand; [`Schema::kind_in_item`] says what holds in one item.
    pub fn kind(&self, section: &[u8], key: &[u8]) -> Option<&KeyKind> {
        let mut repeated = false;
        let mut kind = None;
        for group in self.groups(section) {
            repeated |= group.repeated;
            kind = kind.or_else(|| group.keys.get(key));
        }
        kind.map(|kind| if repeated { &EACH } else { kind })
    }

    /// What a key is among the assignments below one header.
    pub fn kind_in_item(&self, section: &[u8], key: &[u8]) -> Option<&KeyKind> {
        self.groups(section).find_map(|group| group.keys.get(key))
    }

    /// The key that an assignment is about and what it does to it, with the key's kind:
    /// `plugins+` is `plugins`, to which something is added.
    pub(crate) fn resolve_key<'k>(
        &'k self,
        section: &[u8],
        key: &'k [u8],
    ) -> (&'k [u8], Operator, Option<&'k KeyKind>) {
        let operator = match key.last() {
            Some(b'+') => Operator::Add,
            Some(b'-') => Operator::Remove,
            _ => Operator::Set,
        };
        if operator != Operator::Set
            && let Some((_, base)) = key.split_last()
            && let Some(kind) = self.kind(section, base)
            && kind.merge == Merge::Set
        {
            return (self.canonical(section, base), operator, Some(kind));
        }
        let kind = self.kind(section, key);
        (self.canonical(section, key), Operator::Set, kind)
    }

    /// The name under which a key is documented: an older name of the same setting is only another
    /// spelling, and the last assignment of either counts.
    pub(crate) fn canonical<'k>(&'k self, section: &[u8], key: &'k [u8]) -> &'k [u8] {
        self.groups(section)
            .find_map(|group| group.aliases.get(key))
            .map_or(key, |name| name)
    }

    /// The keys that make one list with this one, itself among them: an empty assignment to any of
    /// them empties all. None for a key that stands alone.
    pub fn together(&self, section: &[u8], key: &[u8]) -> impl Iterator<Item = &[u8]> {
        let key = self.canonical(section, key);
        self.groups(section)
            .flat_map(|group| &group.together)
            .find(|keys| keys.iter().any(|known| **known == *key))
            .into_iter()
            .flatten()
            .map(|key| &**key)
    }

    /// The keys that an assignment to this one sets, where it is short for several: `TimeoutSec=` of a
    /// service. None for a key that stands for itself.
    pub fn sets(&self, section: &[u8], key: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.groups(section)
            .find_map(|group| group.sets.get(key))
            .into_iter()
            .flatten()
            .map(|key| &**key)
    }

    /// Why the consumer ignores what is assigned to this key, if it does. None as well where nobody
    /// says that it ignores what is not listed.
    ///
    /// Names that begin with `X-` are for others (systemd: conf-parser.c `parse_line()` and
    /// `next_assignment()`).
    pub fn unknown(&self, section: &[u8], key: &[u8]) -> Option<Unknown> {
        if !self.ignores_unknown {
            return None;
        }
        let mut groups = self.groups(section).peekable();
        let is_section = groups.peek().is_some();
        if is_section && groups.any(|group| group.keys.contains_key(key)) {
            return None;
        }
        Some(match is_section {
            _ if [section, key].iter().any(|name| name.starts_with(b"X-")) => Unknown::Private,
            true => Unknown::Key,
            false => Unknown::Section,
        })
    }

    /// The keys of a section and what each is among the assignments below one header, in no order.
    /// A key that an extended schema knows too may come again.
    pub fn keys(&self, section: &[u8]) -> impl Iterator<Item = (&[u8], &KeyKind)> {
        self.groups(section)
            .flat_map(|group| &group.keys)
            .map(|(key, kind)| (&**key, kind))
    }

    /// A key whose values are texts that are taken apart ([`KeyKind::is_of_text`]), with its section
    /// (what it begins with, where it stands for several): the first by name.
    pub(crate) fn of_text(&self) -> Option<(&[u8], &[u8])> {
        let exact = self.exact.iter();
        let exact = exact.flat_map(|(name, groups)| groups.iter().map(move |group| (name, group)));
        let all = exact.chain(self.prefixes.iter().map(|(name, group)| (name, group)));
        let keys = all.flat_map(|(section, &group)| {
            let keys = self.groups.get(group).map(|group| &group.keys);
            keys.into_iter().flatten().map(move |key| (section, key))
        });
        keys.filter(|(_, (_, kind))| kind.is_of_text())
            .map(|(section, (key, _))| (&**section, &**key))
            .min()
    }

    /// Whether every header of this section begins a new item, such as `[Address]` in a `.network`
    /// file: the assignments below one header then say nothing about those below another.
    pub fn is_repeated(&self, section: &[u8]) -> bool {
        self.groups(section).any(|group| group.repeated)
    }

    /// Whether nothing is known of any key.
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Whether the section is known at all.
    pub fn has_section(&self, section: &[u8]) -> bool {
        self.groups(section).next().is_some()
    }

    /// The sections that are named in full, in byte order.
    pub fn sections(&self) -> Vec<&[u8]> {
        let mut sections: Vec<&[u8]> = self.exact.keys().map(|name| &**name).collect();
        sections.sort_unstable();
        sections
    }

    /// What is said about a section: by name first, then by how it begins.
    fn groups(&self, section: &[u8]) -> impl Iterator<Item = &Group> {
        let named = self.exact.get(section).into_iter().flatten();
        let alike = self.prefixes.iter();
        let alike = alike.filter(|(prefix, _)| section.starts_with(prefix));
        named
            .chain(alike.map(|(_, group)| group))
            .filter_map(|&index| self.groups.get(index))
    }
}
