//! What we last wrote to an entry, as one value that a replacement of text cannot get at.
//!
//! An owner edits a target with `sed`, or with an editor's replace-all, and what is remembered stands in
//! the same file. So it is written in an encoding in which no part of a value or of a name can be found,
//! with a checksum over it and the name of the entry: such an edit changes the value alone, or makes the
//! baseline fail its own check, which makes every key the owner's. So does renaming the entry.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as ENCODING;
use bstr::{BStr, BString, ByteSlice as _};
use sha2::{Digest as _, Sha256};

use super::key::KeyName;
use super::store::{Place, Store};

/// How much of a SHA-256 stands before what it is of.
const CHECKSUM: usize = 12;

/// Raw values by key.
type Values = BTreeMap<KeyName<'static>, BString>;

/// What one source last wrote to an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Baseline {
    /// The raw values by key, which copies share. A key that is not there was absent.
    Known(Arc<Values>),
    /// It fails its own check: nobody can tell what was written.
    Lost,
}

impl Default for Baseline {
    fn default() -> Self {
        Self::Known(Arc::default())
    }
}

impl Baseline {
    /// What is noted of an entry.
    pub(crate) fn read(store: &impl Store, name: &str, place: Place) -> Self {
        match store.note(name, place.note) {
            Some(text) => decode(store.identity(name), text)
                .map_or(Self::Lost, |values| Self::Known(values.into())),
            None => Self::Known(older(store, name, place).into()),
        }
    }

    /// Notes it, in place of what older versions left.
    pub(crate) fn write(&self, store: &mut impl Store, name: &str, place: Place) {
        for note in older_notes(store, name, place) {
            store.put_note(name, &note, None);
        }
        match self {
            Self::Known(values) if values.is_empty() => store.put_note(name, place.note, None),
            Self::Known(values) => {
                let text = encode(store.identity(name), values);
                store.put_note(name, place.note, Some(text.as_bytes().as_bstr()));
            }
            Self::Lost => {}
        }
    }

    /// Whether it fails its own check.
    pub(crate) const fn is_lost(&self) -> bool {
        matches!(self, Self::Lost)
    }

    /// The values by key; none where nobody can tell.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&KeyName<'static>, &BStr)> {
        let known = match self {
            Self::Known(values) => Some(&**values),
            Self::Lost => None,
        };
        let values = known.into_iter().flatten();
        values.map(|(key, value)| (key, value.as_bstr()))
    }

    /// What was last written to a key.
    pub(crate) fn get<'b>(&'b self, key: impl Into<KeyName<'b>>) -> Option<&'b BStr> {
        match self {
            Self::Known(values) => found(values, &key.into()).map(|value| value.as_bstr()),
            Self::Lost => None,
        }
    }

    /// Records what is written to a key. One that was lost begins anew with it.
    pub(crate) fn record<'k>(&mut self, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        let key = key.into();
        if self.is_lost() {
            *self = Self::default();
        }
        let Self::Known(values) = self else { return };
        if found(values, &key).map(|known| known.as_bstr()) == value {
            return;
        }
        let values = Arc::make_mut(values);
        match value {
            Some(value) => drop(values.insert(key.to_static(), value.to_owned())),
            None => drop(values.remove(&key.to_static())),
        }
    }
}

/// The value of a key, whose texts are anybody's.
fn found<'v, 'k>(
    values: &'v BTreeMap<KeyName<'k>, BString>,
    key: &KeyName<'k>,
) -> Option<&'v BString> {
    values.get(key)
}

/// Takes what is noted of an entry away.
pub(crate) fn forget(store: &mut impl Store, name: &str, place: Place) {
    Baseline::default().write(store, name, place);
}

/// Whether an entry still has what older versions wrote.
pub(crate) fn is_older(store: &impl Store, name: &str, place: Place) -> bool {
    store.note(name, place.note).is_none() && !older(store, name, place).is_empty()
}

/// The values of older versions, one a key.
fn older<S: Store>(store: &S, name: &str, place: Place) -> Values {
    let Some(prefix) = place.older else {
        return Values::new();
    };
    let others = || S::NOTES.facets.iter().chain([&place.note]);
    let values = store.notes(name).into_iter().filter_map(|(note, value)| {
        let key = note.strip_prefix(prefix.as_bytes())?.to_str().ok()?;
        let is_value = others().all(|other| note != other.as_bytes());
        is_value.then(|| (KeyName::parse(key).to_static(), value.to_owned()))
    });
    values.collect()
}

/// The notes that have them.
fn older_notes<S: Store>(store: &S, name: &str, place: Place) -> Vec<String> {
    let Some(prefix) = place.older else {
        return Vec::new();
    };
    let keys = older(store, name, place).into_keys();
    keys.map(|key| format!("{prefix}{key}")).collect()
}

fn checksum(name: &str, lines: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    hash.update(name);
    hash.update(b"\n");
    hash.update(lines);
    hash.finalize().into_iter().take(CHECKSUM).collect()
}

/// A line for each value, as raw ones have no end of a line.
fn encode(name: &str, values: &Values) -> String {
    let lines = values.iter().map(|(key, value)| {
        let key = key.to_string();
        let line: [&[u8]; 4] = [key.as_bytes(), b"=", value, b"\n"];
        line.concat()
    });
    let lines = lines.collect::<Vec<_>>().concat();
    let mut bytes = checksum(name, &lines);
    bytes.extend(lines);
    ENCODING.encode(bytes)
}

fn decode(name: &str, text: &BStr) -> Option<Values> {
    let bytes = ENCODING.decode(text).ok()?;
    let (sum, lines) = bytes.split_at_checked(CHECKSUM)?;
    if sum != checksum(name, lines) {
        return None;
    }
    let lines = lines.strip_suffix(b"\n")?.split(|&byte| byte == b'\n');
    let pairs = lines.map(|line| {
        // The name of a key has no `=`; that of its section and the value may.
        let start = line.find_byte(b']').filter(|_| line.starts_with(b"["));
        let start = start.unwrap_or(0);
        let end = start + line[start..].find_byte(b'=')?;
        let key = KeyName::parse(line[..end].to_str().ok()?);
        Some((key.to_static(), line[end + 1..].into()))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn values(pairs: &[(String, Vec<u8>)]) -> Values {
        let pairs = pairs.iter();
        pairs
            .map(|(key, value)| (KeyName::parse(key).to_static(), value.clone().into()))
            .collect()
    }

    fn pairs() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
        let value = "[^\r\n\0]{0,20}".prop_map(String::into_bytes);
        prop::collection::vec((r"(\[[a-z=]{1,4}\])?[a-z.-]{1,12}", value), 1..6)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(pairs in pairs(), name in "[a-z]{1,8}") {
            let values = values(&pairs);
            let text = encode(&name, &values);
            prop_assert_eq!(decode(&name, text.as_bytes().as_bstr()), Some(values));
        }

        #[test]
        fn a_replacement_of_text_is_noticed(pairs in pairs(), from in "[A-Za-z0-9]{1,3}", to in "[a-z]{0,3}") {
            let text = encode("flathub", &values(&pairs));
            let edited = text.replace(&from, &to);
            if edited != text {
                prop_assert_eq!(decode("flathub", edited.as_bytes().as_bstr()), None);
            }
        }
    }

    #[test]
    fn no_word_of_a_value_is_in_it() {
        let pairs = [
            ("url".to_owned(), b"https://dl.flathub.org/repo/".to_vec()),
            ("gpg-verify".to_owned(), b"true".to_vec()),
        ];
        let text = encode("flathub", &values(&pairs));
        for word in ["url", "verify", "true", "flathub", "https", "org", "repo"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
    }

    #[test]
    fn a_group_of_another_name_has_none() {
        let text = encode("one", &values(&[("url".into(), b"x".to_vec())]));
        assert_eq!(decode("two", text.as_bytes().as_bstr()), None);
    }
}
