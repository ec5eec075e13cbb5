//! The ways through a [`Tree`](super::Tree): its tables, and the assignments of a key.

use std::slice;

use bstr::BString;
use serde::de::value::{MapAccessDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;

use super::error::Part;
use super::located;
use super::text::Text;
use super::{DeserializeError, Entry, Table};

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
            Entry::Tables(tables) => seed.deserialize(Headers(tables)),
            Entry::Key(values) => seed.deserialize(values),
        };
        read.map_err(|error| error.in_entry(name, entry, Part::Value))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The tables below the headers of a section that repeats.
#[derive(Debug, Clone, Copy)]
struct Headers<'de>(&'de [Table<'de>]);

impl<'de> Headers<'de> {
    /// The one, where one is wanted.
    fn one(self, expected: &dyn Expected) -> Result<Level<'de>, DeserializeError> {
        match self.0 {
            [table] => Ok(Level(table)),
            tables => Err(too_many(tables.len(), "headers", expected)),
        }
    }
}

impl<'de> Deserializer<'de> for Headers<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        sequence(self.0.iter().map(Level), visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.one(&visitor)?.deserialize_map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        let table = self.one(&visitor)?;
        table.deserialize_struct(name, fields, visitor)
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

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct enum identifier
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Level<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// All of a list, of which the visitor must not leave anything.
pub(super) fn sequence<'de, D, V>(
    elements: impl ExactSizeIterator<Item = D>,
    visitor: V,
) -> Result<V::Value, DeserializeError>
where
    D: IntoDeserializer<'de, DeserializeError>,
    V: Visitor<'de>,
{
    let mut elements = SeqDeserializer::new(elements);
    let value = visitor.visit_seq(&mut elements)?;
    elements.end()?;
    Ok(value)
}

pub(super) fn too_many(count: usize, what: &str, expected: &dyn Expected) -> DeserializeError {
    DeserializeError::new(format!("has {count} {what}, expected one: {expected}"))
}
