//! Formats that nest keys: a value may stand where another file has a table, and the other way round.

use std::collections::{BTreeSet, HashMap};

use bstr::{BString, ByteSlice as _};

use super::Merging;
use crate::format::Node;
use crate::ledger::{Fate, KeyId, Record, Row, SectionId};

/// The tree of all tables and keys, in which the keys that count are marked.
#[derive(Debug)]
pub(super) struct Paths {
    places: Vec<Place>,
    /// Where each section is, by its number.
    sections: HashMap<SectionId, usize>,
}

/// A table or a key, which one file may have for the other.
#[derive(Debug, Default)]
struct Place {
    above: usize,
    /// All that any file has in it.
    children: HashMap<BString, usize>,
    /// Those of them that count, or in which something does.
    live: BTreeSet<usize>,
    /// The key whose assignments count here.
    key: Option<KeyId>,
}

/// The place above all.
const TOP: usize = 0;

impl Default for Paths {
    fn default() -> Self {
        Self {
            places: vec![Place::default()],
            sections: HashMap::new(),
        }
    }
}

impl Paths {
    /// Where a key is. A section is looked for once, however long its name and however many its keys.
    fn place(&mut self, number: SectionId, section: &[u8], name: &[u8]) -> usize {
        let known = self.sections.get(&number).copied();
        let table = known.unwrap_or_else(|| {
            let table = segments(section).fold(TOP, |above, name| self.child(above, name));
            self.sections.insert(number, table);
            table
        });
        segments(name).fold(table, |above, name| self.child(above, name))
    }

    fn child(&mut self, above: usize, name: &[u8]) -> usize {
        let new = self.places.len();
        let table = &mut self.places[above];
        if let Some(known) = table.children.get(name.as_bstr()) {
            return *known;
        }
        table.children.insert(name.into(), new);
        self.places.push(Place {
            above,
            ..Place::default()
        });
        new
    }

    /// What stands above a place, the innermost table first.
    fn above(&self, place: usize) -> impl Iterator<Item = usize> {
        let above = |&place: &usize| Some(self.places[place].above);
        std::iter::successors(Some(place), above)
            .skip(1)
            .take_while(|&place| place != TOP)
    }

    /// A key that counts below a place: the one that came first.
    fn first_below(&self, place: usize) -> Option<KeyId> {
        let mut place = &self.places[place];
        loop {
            place = &self.places[*place.live.first()?];
            if place.key.is_some() {
                return place.key;
            }
        }
    }

    /// Takes away all that counts below a place.
    fn take_below(&mut self, place: usize) -> Vec<KeyId> {
        let mut keys = Vec::new();
        let mut tables = vec![place];
        while let Some(table) = tables.pop() {
            let live = std::mem::take(&mut self.places[table].live);
            for child in live {
                keys.extend(self.places[child].key.take());
                tables.push(child);
            }
        }
        keys
    }

    /// Takes away the key that counts at a place.
    fn take(&mut self, place: usize) -> Option<KeyId> {
        self.places[place].key.take()
    }

    /// Lets a key count.
    fn set(&mut self, place: usize, key: KeyId) {
        self.places[place].key = Some(key);
        let mut child = place;
        while child != TOP {
            let above = self.places[child].above;
            if !self.places[above].live.insert(child) {
                return;
            }
            child = above;
        }
    }
}

impl Merging<'_> {
    /// Lets the assignment `new` of a key replace what stands above and below it. An empty table
    /// replaces nothing: tables are merged.
    pub(super) fn nest(&mut self, new: Row, key: KeyId) {
        let (section, name) = self.ledger.key_name(key);
        let place = (self.paths).place(section, self.ledger.section_name(section), name);
        let tables: Vec<_> = self.paths.above(place).collect();
        for table in tables {
            if let Some(value) = self.paths.take(table) {
                self.beat_key(value, new);
            }
        }
        let node = self.ledger[new].node();
        let is_empty_table = matches!(node, Some(Node::Table(keys)) if keys.is_empty());
        if is_empty_table && let Some(below) = self.paths.first_below(place) {
            if let Some(row) = self.counting(self.ledger[below].last) {
                self.ledger[new].fate = Fate::Superseded(row);
            }
            return;
        }
        for below in self.paths.take_below(place) {
            self.beat_key(below, new);
        }
        self.paths.set(place, key);
    }

    /// Beats all assignments of a key that count: of a list that grew from file to file, several.
    fn beat_key(&mut self, key: KeyId, by: Row) {
        let counting = self.counting(self.ledger[key].last);
        self.beat_all(counting, Fate::Superseded(by));
    }

    /// Whether a list adds to the one before, by the rules.
    pub(super) fn adds_to_list(&self, previous: Option<Row>, new: Row) -> bool {
        let is_list = |record: &Record| record.is_list() && record.fate == Fate::Applied;
        self.ledger.adds_up(new, None)
            && previous.is_some_and(|previous| is_list(&self.ledger[previous]))
    }
}

/// The names that a dotted path consists of, as they are quoted; dots in quotes separate nothing.
fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quote = None;
    let mut escaped = false;
    let is_dot = move |&byte: &u8| {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'.') => return true,
            _ => {}
        }
        false
    };
    path.split(is_dot).filter(move |_| !path.is_empty())
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::*;

    #[test]
    fn dots_in_quotes_separate_nothing() {
        for (path, expected) in [
            ("", &[][..]),
            ("a", &["a"]),
            ("a.b.c", &["a", "b", "c"]),
            (r#"a."b.c".d"#, &["a", r#""b.c""#, "d"]),
            (r#""a\".b".c"#, &[r#""a\".b""#, "c"]),
            ("'a.\".b'.c", &["'a.\".b'", "c"]),
        ] {
            let found: Vec<_> = segments(path.as_bytes()).map(BStr::new).collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
