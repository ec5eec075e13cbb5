//! Formats that nest keys: a value may stand where another file has a table, and the other way round.

use std::collections::BTreeMap;

use super::Merging;
use crate::document::{Decoded, Fate};
use crate::format::Node;

/// The assignments that count, by their dotted path.
pub(super) type Paths = BTreeMap<Vec<u8>, u32>;

/// The dotted path of a key.
pub(super) fn path(section: &[u8], key: &[u8]) -> Vec<u8> {
    if section.is_empty() {
        return key.to_vec();
    }
    [section, b".", key].concat()
}

impl Merging<'_> {
    /// Lets the assignment `new` at `path` replace what stands above and below it. An empty table
    /// replaces nothing: tables are merged.
    pub(super) fn nest(&mut self, new: u32, path: &[u8]) {
        for above in ancestors(path) {
            if let Some(above) = self.paths.remove(above) {
                self.beat(Some(above), Fate::Superseded(new));
            }
        }
        // `.` is followed by `/`, so this is all that begins with the path and a dot.
        let [from, to] = [b".", b"/"].map(|end| [path, end].concat());
        let below = self.paths.range(from..to);
        let below: Vec<_> = below.map(|(path, at)| (path.clone(), *at)).collect();
        let is_empty_table = matches!(self.node(new), Some(Node::Table(keys)) if keys.is_empty());
        if is_empty_table && let Some((_, below)) = below.first() {
            self.beat(Some(new), Fate::Superseded(*below));
            return;
        }
        for (path, below) in below {
            self.paths.remove(&path);
            self.beat(Some(below), Fate::Superseded(new));
        }
        self.paths.insert(path.into(), new);
    }

    /// Whether a list adds to the one before, by the rules.
    pub(super) fn adds_to_list(&self, previous: Option<u32>, new: u32) -> bool {
        let is_list = |index: u32| matches!(self.node(index), Some(Node::Array(_)));
        let counts = |index| self.fate(Some(index)) == Some(Fate::Applied);
        self.rules.append_lists
            && is_list(new)
            && previous.is_some_and(|previous| is_list(previous) && counts(previous))
    }

    fn node(&self, index: u32) -> Option<&Node> {
        match &self.document.ledger.get(index as usize)?.value {
            Decoded::Node(node) => Some(node),
            Decoded::AsWritten | Decoded::Text(_) => None,
        }
    }
}

/// The paths of the tables that a dotted path leads through; dots in quotes separate nothing.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quote = None;
    let mut escaped = false;
    path.iter().enumerate().filter_map(move |(at, &byte)| {
        match (quote, byte) {
            _ if escaped => escaped = false,
            (Some(b'"'), b'\\') => escaped = true,
            (Some(open), close) if open == close => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'.') => return path.get(..at),
            _ => {}
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use bstr::BStr;

    use super::*;

    #[test]
    fn dots_in_quotes_separate_nothing() {
        for (path, expected) in [
            ("a", &[][..]),
            ("a.b.c", &["a", "a.b"]),
            (r#"a."b.c".d"#, &["a", r#"a."b.c""#]),
            (r#""a\".b".c"#, &[r#""a\".b""#]),
            ("'a.\".b'.c", &["'a.\".b'"]),
        ] {
            let found: Vec<_> = ancestors(path.as_bytes()).map(BStr::new).collect();
            assert_eq!(found, expected, "{path}");
        }
    }
}
