//! An entry as the layers want it, whatever the file it comes from looks like.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::keyfile::value;

use super::key::KeyName;
use crate::reader::Reader;

/// The group that the consumer of the file ignores, and that holds what its format lacks.
pub(crate) const OVERLAY: &str = "Overlay";

/// The key of [`OVERLAY`] that says what an entry was called before.
pub(crate) const FORMER_NAMES: &str = "FormerNames";

/// The keys of [`OVERLAY`] that say what an entry was before.
pub(crate) const HISTORY_KEYS: [&str; 3] = [FORMER_NAMES, FORMER_VALUES, "DeletedIf"];

const FORMER_VALUES: &str = "FormerValues";

/// An entry as the layers want it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// What the target knows it by, where that is not its name: a UUID.
    pub(crate) identity: Option<String>,
    /// Its keys, in the order in which they are written.
    pub(crate) settings: Vec<Setting>,
    /// `FormerNames=`: what the entry was called before.
    pub(crate) former_names: Vec<String>,
    /// `FormerValues=`: keys with raw values that an earlier vendor file, a script or a server wrote; none of a key that
    /// was not there.
    pub(crate) former_values: BTreeSet<(KeyName<'static>, Option<BString>)>,
    /// `DeletedIf=`: the stamp of an older mechanism.
    pub(crate) deleted_if: Option<PathBuf>,
}

/// One key of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// The key in the target.
    pub(crate) key: KeyName<'static>,
    /// The value as it is written there.
    pub(crate) value: BString,
    /// The section and key of the document that it follows from.
    pub(crate) source: Origin,
}

/// The section and key of a document.
pub(crate) type Origin = (Cow<'static, str>, Cow<'static, str>);

impl AsRef<Self> for Entry {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Entry {
    /// What the target knows it by, under this name.
    pub(crate) fn identity<'e>(&'e self, name: &'e str) -> &'e str {
        self.identity.as_deref().unwrap_or(name)
    }

    /// The wanted raw value of a key.
    pub(crate) fn get<'k>(&self, key: impl Into<KeyName<'k>>) -> Option<&Setting> {
        let key = key.into();
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Whether a value of a key is one that it had before, and nobody's edit.
    pub(crate) fn is_former(&self, key: &KeyName<'_>, value: Option<&BStr>) -> bool {
        let mut former = self.former_values.iter();
        former.any(|(of, former)| of == key && former.as_ref().map(|v| v.as_bstr()) == value)
    }

    /// The keys of which former values are known.
    pub(crate) fn former_keys(&self) -> BTreeSet<&KeyName<'static>> {
        self.former_values.iter().map(|(key, _)| key).collect()
    }

    /// Notes a value, decoded, that a key had before.
    pub(crate) fn add_former_value(&mut self, key: &KeyName<'_>, value: &str) {
        let raw = BString::from(value::encode_string(value));
        self.former_values.insert((key.to_static(), Some(raw)));
    }

    /// Reads what the entry was before.
    pub(crate) fn read_history(&mut self, reader: &mut Reader<'_>) {
        self.former_names = reader.list(OVERLAY, FORMER_NAMES);
        for former in reader.list(OVERLAY, FORMER_VALUES) {
            if let Some((key, value)) = KeyName::of_line(&former) {
                self.add_former_value(&key, value);
            } else {
                let key = KeyName::parse(&former).to_static();
                self.former_values.insert((key, None));
            }
        }
        if let Some(stamp) = reader.string(OVERLAY, "DeletedIf") {
            if stamp.starts_with('/') {
                self.deleted_if = Some(stamp.into());
            } else {
                let message = format!("DeletedIf={stamp}: expected an absolute path");
                reader.error(OVERLAY, "DeletedIf", message);
            }
        }
    }
}
