//! What stands behind the `=`.

use std::borrow::Cow;
use std::fmt;

use super::path;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// The value of an assignment, as the consumer reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'t> {
    /// Bytes; what they mean is up to whoever asks. Joined, unquoted and unescaped where the format
    /// does so for every key.
    Text(Cow<'t, [u8]>),
    /// A value whose type the format tells.
    Typed(Node),
}

impl<'t> Value<'t> {
    /// The bytes, unless the format gives the value a type.
    pub fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(text) => Some(text),
            Self::Typed(_) => None,
        }
    }

    /// The bytes `text` as they stand in the file.
    pub const fn plain(text: &'t [u8]) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

/// A value of a structured format (TOML, JSON).
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// JSON's `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// A string.
    String(String),
    /// TOML's dates and times, as written.
    Datetime(String),
    /// A list.
    Array(Vec<Node>),
    /// A table inside an array, or an empty one; its keys in order.
    Table(Vec<(String, Node)>),
}

/// As JSON or TOML has it; a date is a string.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Boolean(boolean) => serializer.serialize_bool(*boolean),
            // Not every serializer has 128 bits.
            Self::Integer(integer) => match (i64::try_from(*integer), u64::try_from(*integer)) {
                (Ok(integer), _) => serializer.serialize_i64(integer),
                (_, Ok(integer)) => serializer.serialize_u64(integer),
                _ => serializer.serialize_i128(*integer),
            },
            Self::Float(float) => serializer.serialize_f64(*float),
            Self::String(text) | Self::Datetime(text) => serializer.serialize_str(text),
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Table(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl fmt::Display for Node {
    /// In the notation of TOML; `null` is that of JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => value.fmt(f),
            Self::Integer(value) => value.fmt(f),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::String(text) => toml::Value::from(text.as_str()).fmt(f),
            Self::Datetime(text) => f.write_str(text),
            Self::Array(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{item}")?;
                }
                f.write_str("]")
            }
            Self::Table(entries) => {
                f.write_str("{")?;
                for (index, (key, item)) in entries.iter().enumerate() {
                    let comma = if index == 0 { " " } else { ", " };
                    write!(f, "{comma}{} = {item}", path::quote(key))?;
                }
                f.write_str(if entries.is_empty() { "}" } else { " }" })
            }
        }
    }
}
