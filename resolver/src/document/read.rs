//! A document as a value of a type of yours.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

use super::{Assignment, Document, Effective, Item};
use crate::format::Value;
use crate::ledger::Decoded;
use crate::typed::{DeserializeError, Leaf, Number, Origin, Tree, Values};

impl Document {
    /// Reads the document as a `T`, whose fields say how text is read ([`typed`](crate::typed)).
    ///
    /// # Errors
    /// A value is not what its field wants, or something is missing. Also where the document is not
    /// [sound](Self::is_sound), since what it should be is not known then; whoever
    /// knows better takes [`deserialize_anyway`](Self::deserialize_anyway).
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, DeserializeError> {
        match self.doubt() {
            Some(finding) => {
                let of_path = |fragment: &&crate::scan::Fragment| fragment.path == finding.path;
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
        self.tree()?.deserialize()
    }

    /// What it comes to, as tables in tables.
    fn tree(&self) -> Result<Tree<'_>, DeserializeError> {
        let files = self.entry.effective().map(|file| file.path.clone());
        let mut tree = Tree::new(files);
        for part in self.parts() {
            let table = tree.table(part.section, self.is_nested(), part.number)?;
            for value in part.values {
                let key = value.key.name();
                if let Some(values) = value.into_values() {
                    table.assign(key, self.is_nested(), values)?;
                }
            }
        }
        Ok(tree)
    }
}

impl<'d> Effective<'d> {
    /// The items, each at the place of the assignment that brought it.
    fn into_values(self) -> Option<Values<'d>> {
        let number = match self.kind {
            _ if self.is_list() => Number::List,
            Some(_) => Number::One,
            None => Number::Unknown,
        };
        let last = self.applied.last()?;
        let last = last.leaf(last.decoded());
        let items = self.items.into_iter();
        let items = items.map(|Item { value, from, node }| {
            from.leaf(match node {
                Some(node) => Value::Typed(node.clone()),
                None => Value::Text(value),
            })
        });
        Some(Values {
            number,
            items: items.collect(),
            last,
        })
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
        match self.record().value.as_deref() {
            Some(Decoded::Node(node)) => Value::Typed(node.clone()),
            Some(Decoded::Text(text)) => Value::Text(Cow::Borrowed(text)),
            None => Value::plain(self.raw()),
        }
    }
}
