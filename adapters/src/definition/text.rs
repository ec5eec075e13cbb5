//! The text of a definition: what the layers come to, or one that overlayctl is built with.

use overlay_resolver::Document;
use overlay_resolver::typed::DeserializeError;
use serde::de::value::{Error, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// What defines an adapter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Text<'t> {
    /// Files of layers.
    Merged(&'t Document),
    /// The text of a definition that overlayctl is built with, which has nothing over it.
    BuiltIn(&'static str),
}

impl Text<'_> {
    /// What it says.
    ///
    /// # Errors
    /// A value is not what its field wants, or something is missing.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, DeserializeError> {
        match self {
            Self::Merged(document) => document.deserialize(),
            Self::BuiltIn(text) => Ok(plain(text).expect("the tests read each of them")),
        }
    }
}

/// What a text says of which each line is empty, a comment, or a key with a string or a list of strings, none of
/// which has a quotation mark. So the built-in ones are written, and this costs a run nothing.
fn plain<T: DeserializeOwned>(text: &'static str) -> Result<T, Error> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once(" = "));
    T::deserialize(MapDeserializer::new(
        pairs.map(|(key, value)| (key, Value(value))),
    ))
}

/// A value as it is written.
#[derive(Clone, Copy)]
struct Value(&'static str);

impl IntoDeserializer<'_, Error> for Value {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Value {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let mut strings = self.0.split('"').skip(1).step_by(2);
        if self.0.starts_with('[') {
            visitor.visit_seq(SeqDeserializer::new(strings))
        } else {
            visitor.visit_str(strings.next().unwrap_or(self.0))
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
