//! A value that is text: the type that is asked for says how to read it.

use std::str::FromStr;

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{Deserializer, Error as _, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::DeserializeError;
use super::error::short;
use crate::escape::escape;

/// One text, as it stands behind the `=`, or as the name of a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'de>(pub(super) &'de [u8]);

impl<'de> Text<'de> {
    fn utf8(self) -> Result<&'de str, DeserializeError> {
        str::from_utf8(self.0).map_err(|_| {
            let found = short(&escape(self.0).to_string());
            DeserializeError::new(format!("expected UTF-8, found other bytes in `{found}`"))
        })
    }

    fn parse<T: FromStr>(self, expected: &dyn Expected) -> Result<T, DeserializeError> {
        let text = self.0.trim_ascii();
        let parsed = str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.unfit(expected))
    }

    /// As systemd reads it (parse-util.c `parse_boolean()`).
    fn boolean(self, expected: &dyn Expected) -> Result<bool, DeserializeError> {
        let text = self.0.trim_ascii();
        let is_one_of = |words: &[&str]| {
            let mut words = words.iter();
            words.any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
        };
        if is_one_of(&["1", "yes", "y", "true", "t", "on"]) {
            Ok(true)
        } else if is_one_of(&["0", "no", "n", "false", "f", "off"]) {
            Ok(false)
        } else {
            Err(self.unfit(expected))
        }
    }

    fn unfit(self, expected: &dyn Expected) -> DeserializeError {
        DeserializeError::invalid_value(
            Unexpected::Str(&short(&String::from_utf8_lossy(self.0))),
            expected,
        )
    }
}

macro_rules! parsed {
    ($($deserialize:ident $visit:ident)*) => {$(
        fn $deserialize<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let value = self.parse(&visitor)?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = DeserializeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match str::from_utf8(self.0) {
            Ok(text) => visitor.visit_borrowed_str(text),
            // Whoever takes no bytes wants text.
            Err(_) => visitor
                .visit_borrowed_bytes(self.0)
                .or_else(|error| self.utf8().and(Err(error))),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let value = self.boolean(&visitor)?;
        visitor.visit_bool(value)
    }

    parsed! {
        deserialize_i8 visit_i8
        deserialize_i16 visit_i16
        deserialize_i32 visit_i32
        deserialize_i64 visit_i64
        deserialize_i128 visit_i128
        deserialize_u8 visit_u8
        deserialize_u16 visit_u16
        deserialize_u32 visit_u32
        deserialize_u64 visit_u64
        deserialize_u128 visit_u128
        deserialize_f32 visit_f32
        deserialize_f64 visit_f64
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_str(self.utf8()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_bytes(self.0)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_borrowed_bytes(self.0)
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

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(BorrowedStrDeserializer::new(self.utf8()?))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

impl<'de> IntoDeserializer<'de, DeserializeError> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}
