//! The ways through a [`Tree`](super::Tree): its tables, and the assignments of a key.

use std::slice;

use bstr::BString;
use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::Part;
use super::located::{self, Fields};
use super::node::Typed;
use super::text::Text;
use super::{DeserializeError, Entry, Leaf, Table, since_reset};
use crate::format::{Node, Value};

/// A table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level<'de>(pub(super) &'de Table<'de>);

impl<'de> Deserializer<'de> for Level<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_map(Entries::of(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
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
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if name == located::NAME {
            return Err(DeserializeError::custom(
                "a table may come from several places, so it has none of its own",
            ));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self.0.entries() {
            [_] => visitor.visit_enum(MapAccessDeserializer::new(Entries::of(self.0))),
            _ => Err(not_a_variant()),
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

pub(super) fn not_a_variant() -> DeserializeError {
    DeserializeError::invalid_value(
        Unexpected::Map,
        &"a table of one key, which names the variant",
    )
}

/// The entries of a table, one after the other.
struct Entries<'de> {
    rest: slice::Iter<'de, (BString, Entry<'de>)>,
    value: Option<(&'de BString, &'de Entry<'de>)>,
}

impl<'de> Entries<'de> {
    fn of(table: &'de Table<'de>) -> Self {
        Self {
            rest: table.entries().iter(),
            value: None,
        }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some((name, entry)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((name, entry));
        seed.deserialize(Text(name))
            .map(Some)
            .map_err(|error| error.in_entry(name, entry, Part::Key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        let (name, entry) = self
            .value
            .take()
            .ok_or_else(|| DeserializeError::custom("a value was asked for before its key"))?;
        let read = match entry {
            Entry::Table(table) => seed.deserialize(Level(table)),
            Entry::Key(leaves) => match leaves.last() {
                Some(last) => seed.deserialize(Assignments { all: leaves, last }),
                None => return Err(DeserializeError::custom("a key without an assignment")),
            },
        };
        read.map_err(|error| error.in_entry(name, entry, Part::Value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The assignments of one key.
#[derive(Debug, Clone, Copy)]
struct Assignments<'de> {
    all: &'de [Leaf<'de>],
    last: &'de Leaf<'de>,
}

impl<'de> Assignments<'de> {
    fn one(leaf: &'de Leaf<'de>) -> Self {
        Self {
            all: slice::from_ref(leaf),
            last: leaf,
        }
    }
}

/// Leaves it to the last assignment.
macro_rules! last {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            match &self.last.value {
                Value::Text(text) => Text(text).$method($($argument,)* visitor),
                Value::Typed(node) => Typed::new(node, &self.last.origin).$method($($argument,)* visitor),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Assignments<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match (&self.last.value, self.all) {
            (Value::Text(_), [_, _, ..]) => self.deserialize_seq(visitor),
            (Value::Text(text), _) => Text(text).deserialize_any(visitor),
            (Value::Typed(node), _) => Typed::new(node, &self.last.origin).deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.last.value {
            Value::Text(_) => {
                let mut elements = Elements(since_reset(self.all).iter());
                let count = elements.0.len();
                let value = visitor.visit_seq(&mut elements)?;
                match elements.0.next() {
                    None => Ok(value),
                    Some(_) => Err(DeserializeError::invalid_length(
                        count,
                        &"fewer assignments",
                    )),
                }
            }
            Value::Typed(node) => Typed::new(node, &self.last.origin).deserialize_seq(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.last.value {
            Value::Typed(Node::Null) => visitor.visit_none(),
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
        if name == located::NAME {
            return visitor.visit_map(Fields::new(self, &self.last.origin));
        }
        match &self.last.value {
            Value::Text(text) => Text(text).deserialize_struct(name, fields, visitor),
            Value::Typed(node) => {
                Typed::new(node, &self.last.origin).deserialize_struct(name, fields, visitor)
            }
        }
    }

    last! {
        deserialize_bool()
        deserialize_i8()
        deserialize_i16()
        deserialize_i32()
        deserialize_i64()
        deserialize_i128()
        deserialize_u8()
        deserialize_u16()
        deserialize_u32()
        deserialize_u64()
        deserialize_u128()
        deserialize_f32()
        deserialize_f64()
        deserialize_char()
        deserialize_str()
        deserialize_string()
        deserialize_bytes()
        deserialize_byte_buf()
        deserialize_unit()
        deserialize_unit_struct(name: &'static str)
        deserialize_map()
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
        deserialize_identifier()
        deserialize_ignored_any()
    }
}

/// Assignments as the elements of a list.
struct Elements<'de>(slice::Iter<'de, Leaf<'de>>);

impl<'de> SeqAccess<'de> for Elements<'de> {
    type Error = DeserializeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Self::Error> {
        let Some(leaf) = self.0.next() else {
            return Ok(None);
        };
        seed.deserialize(Assignments::one(leaf))
            .map(Some)
            .map_err(|error| error.at(&leaf.origin, Part::Value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}
