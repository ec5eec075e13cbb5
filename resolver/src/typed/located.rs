//! A value that remembers where it comes from.

use std::ffi::OsStr;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IntoDeserializer as _, MapAccess,
    Visitor,
};
use serde::ser::Serializer;

use super::text::Text;
use super::{DeserializeError, Origin};

/// A value, and the file and lines that it was read from.
///
/// It stands for the value in a type that is deserialized from this crate's documents, inside of
/// `Option` and `Vec`, too. A whole section has no single place and cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The file, as seen inside the root (`/etc/…`); empty for a value that is in none.
    pub path: PathBuf,
    /// The first line of the assignment, counted from 1.
    pub line: usize,
    /// The last line of the assignment.
    pub last_line: usize,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// By this name a deserializer knows that the place is asked for, too.
pub(super) const NAME: &str = "$overlay_resolver::Located";
const FIELDS: &[&str] = &["$value", "$path", "$line", "$last_line"];

/// A value that stands in no file, such as a default of a program: its path is empty, its lines are 0.
impl<T> From<T> for Located<T> {
    fn from(value: T) -> Self {
        Self {
            value,
            path: PathBuf::new(),
            line: 0,
            last_line: 0,
        }
    }
}

/// The default value, which stands in no file.
impl<T: Default> Default for Located<T> {
    fn default() -> Self {
        T::default().into()
    }
}

/// The value alone, without its place.
impl<T: Serialize> Serialize for Located<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Located<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(NAME, FIELDS, LocatedVisitor(PhantomData))
    }
}

struct LocatedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LocatedVisitor<T> {
    type Value = Located<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value whose place is known")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        Ok(Located {
            value: field(&mut map, FIELDS[0])?,
            path: field::<_, RawPath>(&mut map, FIELDS[1])?.0,
            line: field(&mut map, FIELDS[2])?,
            last_line: field(&mut map, FIELDS[3])?,
        })
    }
}

/// The next field, which is `name` unless another deserializer is at work.
fn field<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    name: &str,
) -> Result<T, A::Error> {
    match map.next_key::<String>()? {
        Some(key) if key == name => map.next_value(),
        _ => Err(A::Error::custom("the place of this value is not known")),
    }
}

/// A path of any bytes; serde's own has to be UTF-8.
struct RawPath(PathBuf);

impl<'de> Deserialize<'de> for RawPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = RawPath;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<RawPath, E> {
                Ok(RawPath(OsStr::from_bytes(bytes).into()))
            }
        }

        deserializer.deserialize_bytes(Bytes)
    }
}

/// What [`Located`] is read from: the fields, in order.
pub(super) struct Fields<'de, D> {
    value: Option<D>,
    origin: &'de Origin<'de>,
    next: usize,
}

impl<'de, D> Fields<'de, D> {
    pub(super) fn new(value: D, origin: &'de Origin<'de>) -> Self {
        Self {
            value: Some(value),
            origin,
            next: 0,
        }
    }
}

impl<'de, D: Deserializer<'de, Error = DeserializeError>> MapAccess<'de> for Fields<'de, D> {
    type Error = DeserializeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Self::Error> {
        let Some(field) = FIELDS.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        seed.deserialize(BorrowedStrDeserializer::new(field))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Self::Error> {
        match (self.value.take(), self.next) {
            (Some(value), _) => seed.deserialize(value),
            (None, 2) => seed.deserialize(Text(self.origin.path.as_os_str().as_bytes())),
            (None, 3) => seed.deserialize(self.origin.line.into_deserializer()),
            (None, _) => seed.deserialize(self.origin.last_line.into_deserializer()),
        }
    }
}
