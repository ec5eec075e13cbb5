//! What one key comes to: one value, a list, or what nobody knows to be which.

use serde::de::{Deserializer, Expected, Visitor};

use super::access::{sequence, too_many};
use super::error::Part;
use super::located::{self, Fields};
use super::{DeserializeError, Leaf, Number, Values};
use crate::format::{Node, Value};

impl<'de> Values<'de> {
    /// The value, where one is wanted.
    fn one(&'de self, expected: &dyn Expected) -> Result<&'de Leaf<'de>, DeserializeError> {
        match self.number {
            Number::List if self.items.len() != 1 => {
                Err(too_many(self.items.len(), "items", expected))
            }
            _ => Ok(self.chief()),
        }
    }

    /// The items, where a list is wanted. None for a value that has its own elements, or none.
    fn list(&'de self) -> Result<Option<&'de [Leaf<'de>]>, DeserializeError> {
        let is_text = |leaf: &Leaf<'_>| leaf.value.text().is_some();
        match self.number {
            Number::List => Ok(Some(&self.items)),
            Number::One | Number::Unknown if !is_text(&self.last) => Ok(None),
            Number::One | Number::Unknown => match self.items.iter().find(|item| is_empty(item)) {
                None => Ok(Some(&self.items)),
                Some(empty) => Err(DeserializeError::new(
                    "is empty, and nothing says whether that empties a list: a schema does (`append`)"
                        .into(),
                )
                .at(&empty.origin, Part::Value)),
            },
        }
    }
}

fn is_empty(leaf: &Leaf<'_>) -> bool {
    leaf.value.text().is_some_and(<[u8]>::is_empty)
}

/// Leaves it to the value.
macro_rules! one {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            self.one(&visitor)?.$method($($argument,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Values<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match (self.number, &*self.items) {
            (Number::List, items) | (Number::Unknown, items @ [_, _, ..]) => {
                sequence(items.iter(), visitor)
            }
            _ => self.chief().deserialize_any(visitor),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self.list()? {
            Some(items) => sequence(items.iter(), visitor),
            None => self.chief().deserialize_seq(visitor),
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

    /// `Option<Vec<_>>` is a list, so it is not yet known how many are wanted.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match (self.number, &self.last.value) {
            (Number::One, Value::Typed(Node::Null)) => visitor.visit_none(),
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
            return visitor.visit_map(Fields::new(self, &self.chief().origin));
        }
        self.one(&visitor)?
            .deserialize_struct(name, fields, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    one! {
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
    }
}
