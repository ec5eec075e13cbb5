//! An entry as the layers want it, whatever the file it comes from looks like.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::{BStr, BString};
use overlay_resolver::keyfile::value;

use crate::reader::Reader;

/// The group that the consumer of the file ignores, and that holds what its format lacks.
pub const OVERLAY: &str = "Overlay";

/// The key of [`OVERLAY`] that says what an entry was called before.
pub(crate) const FORMER_NAMES: &str = "FormerNames";

/// The keys of [`OVERLAY`] that say what an entry was before.
pub(crate) const HISTORY_KEYS: [&str; 4] =
    [FORMER_NAMES, "FormerUrls", "FormerValues", "DeletedIf"];

/// An entry as the layers want it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// Its keys, in the order in which they are written.
    pub settings: Vec<Setting>,
    /// `FormerNames=`: what the entry was called before.
    pub former_names: Vec<String>,
    /// `FormerUrls=` and `FormerValues=`: keys with raw values that an earlier vendor file, a script or a
    /// server wrote; none of a key that was not there.
    pub former_values: BTreeSet<(String, Option<BString>)>,
    /// `DeletedIf=`: the stamp of an older mechanism.
    pub deleted_if: Option<PathBuf>,
}

/// One key of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The key in the target: its name, or `[SECTION]NAME` where an entry has sections.
    pub key: Cow<'static, str>,
    /// The value as it is written there.
    pub value: BString,
    /// The section and key of the document that it follows from.
    pub source: Origin,
}

/// The section and key of a document.
pub type Origin = (Cow<'static, str>, Cow<'static, str>);

impl AsRef<Self> for Entry {
    fn as_ref(&self) -> &Self {
        self
    }
}

impl Entry {
    /// The wanted raw value of a key.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.key == key)
    }

    /// Whether a value of a key is one that it had before, and nobody's edit.
    pub(crate) fn is_former(&self, key: &str, value: Option<&BStr>) -> bool {
        // Most entries have none, and this is asked of each key.
        !self.former_values.is_empty()
            && self
                .former_values
                .contains(&(key.to_owned(), value.map(BStr::to_owned)))
    }

    /// The keys of which former values are known.
    pub(crate) fn former_keys(&self) -> BTreeSet<&str> {
        self.former_values
            .iter()
            .map(|(key, _)| key.as_str())
            .collect()
    }

    /// Reads what the entry was before.
    pub(crate) fn read_history(&mut self, reader: &mut Reader<'_>) {
        self.former_names = reader.list(OVERLAY, FORMER_NAMES);
        let raw = |text: &str| Some(BString::from(value::encode_string(text)));
        let urls = reader.list(OVERLAY, "FormerUrls");
        let urls = urls.iter().map(|url| ("url".to_owned(), raw(url)));
        let values = reader.list(OVERLAY, "FormerValues");
        let values = values.iter().map(|former| match former.split_once('=') {
            Some((key, value)) => (key.to_owned(), raw(value)),
            None => (former.clone(), None),
        });
        self.former_values = urls.chain(values).collect();
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
