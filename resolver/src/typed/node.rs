//! A value that has its type from its format.

use serde::de::value::{
    BorrowedStrDeserializer, MapAccessDeserializer, MapDeserializer, SeqDeserializer,
};
use serde::de::{Deserializer, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::access::not_a_variant;
use super::located::{self, Fields};
use super::text::Text;
use super::{DeserializeError, Origin};
use crate::format::Node;

/// A value of TOML or JSON, or a part of one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Typed<'de> {
    node: &'de Node,
    /// Where the whole assignment stands.
    origin: &'de Origin<'de>,
}

impl<'de> Typed<'de> {
    pub(super) fn new(node: &'de Node, origin: &'de Origin<'de>) -> Self {
        Self { node, origin }
    }

    fn entries(
        self,
        entries: &'de [(String, Node)],
    ) -> MapDeserializer<'de, impl Iterator<Item = (Text<'de>, Self)>, DeserializeError> {
        MapDeserializer::new(
            entries
                .iter()
                .map(move |(key, node)| (Text(key.as_bytes()), Self::new(node, self.origin))),
        )
    }
}

impl<'de> Deserializer<'de> for Typed<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.node {
            Node::Null => visitor.visit_unit(),
            Node::Boolean(boolean) => visitor.visit_bool(*boolean),
            // Most visitors do not know 128 bits.
            Node::Integer(integer) => match (i64::try_from(*integer), u64::try_from(*integer)) {
                (Ok(integer), _) => visitor.visit_i64(integer),
                (_, Ok(integer)) => visitor.visit_u64(integer),
                _ => visitor.visit_i128(*integer),
            },
            Node::Float(float) => visitor.visit_f64(*float),
            Node::String(text) | Node::Datetime(text) => visitor.visit_borrowed_str(text),
            Node::Array(elements) => {
                let elements = elements.iter().map(|node| Self::new(node, self.origin));
                let mut sequence = SeqDeserializer::new(elements);
                let value = visitor.visit_seq(&mut sequence)?;
                sequence.end()?;
                Ok(value)
            }
            Node::Table(entries) => visitor.visit_map(self.entries(entries)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.node {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match (self.node, fields) {
            _ if name == located::NAME => visitor.visit_map(Fields::new(self, self.origin)),
            // So the crate `toml` asks for its own type of dates.
            (Node::Datetime(text), [field]) if name == "$__toml_private_Datetime" => {
                let field = BorrowedStrDeserializer::new(field);
                let text = Text(text.as_bytes());
                visitor.visit_map(MapDeserializer::new(std::iter::once((field, text))))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.node {
            Node::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Node::Table(entries) if entries.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(self.entries(entries)))
            }
            Node::Table(_) => Err(not_a_variant()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Typed<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
