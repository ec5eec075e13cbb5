//! A document as a value of a type of yours.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::{Assignment, Decoded, Document, Key};
use crate::finding::Level;
use crate::format::Value;
use crate::schema::{Merge, Split};
use crate::typed::{DeserializeError, Leaf, Origin, Tree};

impl Document {
    /// Reads the document as a `T`, whose fields say how text is read ([`typed`](crate::typed)).
    ///
    /// # Errors
    /// A value is not what its field wants, or something is missing. Also where the document has an
    /// error among its findings, since what it should be is not known then; whoever knows better
    /// takes [`deserialize_anyway`](Self::deserialize_anyway).
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        let error = self
            .findings()
            .find(|finding| finding.level == Level::Error);
        match error {
            Some(finding) => {
                let of_path = |fragment: &&super::Fragment| fragment.path == finding.path;
                let file = self.entry.fragments.iter().find(of_path);
                let text = file.map_or(&[][..], |file| &file.text);
                Err(DeserializeError::of_finding(finding, text))
            }
            None => self.deserialize_anyway(),
        }
    }

    /// The same, from what could be read.
    ///
    /// # Errors
    /// A value is not what its field wants, or something is missing.
    pub fn deserialize_anyway<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        self.tree().deserialize()
    }

    /// The assignments that count, as tables in tables.
    pub(crate) fn tree(&self) -> Tree<'_> {
        let files = self.entry.effective().map(|file| file.path.clone());
        let mut tree = Tree::new(files);
        for key in self.keys() {
            for leaf in key.leaves() {
                tree.insert(key.section(), key.name(), self.is_nested, leaf);
            }
        }
        tree
    }
}

impl<'d> Key<'d> {
    /// What it comes to, item by item where the schema says what an item is.
    fn leaves(&self) -> Vec<Leaf<'d>> {
        let applied = self.applied();
        let Some(last) = applied.last().copied() else {
            return Vec::new();
        };
        let in_items = self.kind().is_some_and(|kind| {
            kind.split != Split::None || matches!(kind.merge, Merge::Set | Merge::Map)
        });
        if !in_items {
            return applied.iter().map(|a| a.leaf(a.decoded())).collect();
        }
        // Each item is an element, at the place of the assignment that brought it.
        let items = self.read(&applied);
        let mut leaves: Vec<_> = items
            .iter()
            .map(|item| match item.from.node() {
                Some(_) => item.from.leaf(item.from.decoded()),
                None => item.from.leaf(Value::Text(item.value.clone())),
            })
            .collect();
        // An emptied list is an empty list, not an absent one.
        if leaves.is_empty() {
            leaves.push(last.leaf(last.decoded()));
        }
        leaves
    }
}

impl<'d> Assignment<'d> {
    fn leaf(&self, value: Value<'d>) -> Leaf<'d> {
        let fragment = self.fragment();
        Leaf {
            value,
            origin: Origin {
                path: &fragment.path,
                line: self.line(),
                last_line: *self.lines().end(),
                text: &fragment.text,
                start: self.span().start,
                raw: self.raw_span(),
            },
        }
    }

    /// The value as its consumer reads it, with its type if the format gives it one.
    pub fn decoded(&self) -> Value<'d> {
        match &self.record.value {
            Decoded::Node(node) => Value::Typed((**node).clone()),
            Decoded::Text(text) => Value::Text(Cow::Borrowed(text)),
            Decoded::AsWritten => Value::plain(self.raw()),
        }
    }
}
