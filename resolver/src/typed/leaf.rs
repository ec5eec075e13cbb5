//! One item of a value: a text, or what has its type from its format.

use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::access::sequence;
use super::error::Part;
use super::located::{self, Fields};
use super::node::Typed;
use super::text::Text;
use super::{DeserializeError, Leaf};
use crate::format::{Node, Value};

impl<'de> IntoDeserializer<'de, DeserializeError> for &'de Leaf<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Leaves it to what the item is, and says where it stands.
macro_rules! as_it_is {
    ($($method:ident($($argument:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(
            self,
            $($argument: $type,)*
            visitor: V,
        ) -> Result<V::Value, Self::Error> {
            let read = match &self.value {
                Value::Text(text) => Text(text).$method($($argument,)* visitor),
                Value::Typed(node) => Typed::new(node, &self.origin).$method($($argument,)* visitor),
            };
            read.map_err(|error| error.at(&self.origin, Part::Value))
        }
    )*};
}

impl<'de> Deserializer<'de> for &'de Leaf<'de> {
    type Error = DeserializeError;

    /// An item is a list of itself.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match &self.value {
            Value::Text(_) => sequence(std::iter::once(self), visitor),
            Value::Typed(node) => Typed::new(node, &self.origin).deserialize_seq(visitor),
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
        match &self.value {
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
            return visitor.visit_map(Fields::new(self, &self.origin));
        }
        match &self.value {
            Value::Text(text) => Text(text).deserialize_struct(name, fields, visitor),
            Value::Typed(node) => {
                Typed::new(node, &self.origin).deserialize_struct(name, fields, visitor)
            }
        }
    }

    as_it_is! {
        deserialize_any()
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
