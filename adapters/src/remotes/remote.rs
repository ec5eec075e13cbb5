//! A remote as the layers want it, whatever the file it comes from looks like.

use std::collections::BTreeSet;
use std::ops::{Deref, DerefMut};

use bstr::ByteSlice as _;

use super::verification::needs_keys;
use crate::keyed::entry::{self, Entry, OVERLAY};
use crate::openpgp::{Fingerprint, Keyring};
use crate::reader::Reader;

/// A remote as the layers want it: a group of keys, and the certificates that come with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The keys of its group, and what it was before.
    pub(crate) entry: Entry,
    /// The certificates that come with it.
    pub(crate) keyring: Keyring,
    /// Whether a mask says that none come. Where nothing says it, it may be an accident.
    pub(crate) is_keyring_masked: bool,
    /// `FormerCertificates=`: those that the vendor once gave, whoever imported them.
    pub(crate) former_certificates: BTreeSet<Fingerprint>,
}

/// The keys of [`OVERLAY`] that say what a remote was before.
pub(crate) const HISTORY_KEYS: [&str; 5] = {
    let [names, values, stamp] = entry::HISTORY_KEYS;
    [names, FORMER_URLS, values, FORMER_CERTIFICATES, stamp]
};

/// The URLs that an earlier vendor file, a script or a server's redirect wrote.
const FORMER_URLS: &str = "FormerUrls";

const FORMER_CERTIFICATES: &str = "FormerCertificates";

impl Remote {
    /// Reads what the remote was before.
    pub(crate) fn read_history(&mut self, reader: &mut Reader<'_>) {
        self.entry.read_history(reader);
        for url in reader.list(OVERLAY, FORMER_URLS) {
            self.entry.add_former_value(&"url".into(), &url);
        }
        for text in reader.list(OVERLAY, FORMER_CERTIFICATES) {
            match text.parse() {
                Ok(fingerprint) => {
                    self.former_certificates.insert(fingerprint);
                }
                Err(error) => {
                    let message = format!("{FORMER_CERTIFICATES}={text}: {error}");
                    reader.error(OVERLAY, FORMER_CERTIFICATES, message);
                }
            }
        }
    }

    /// Whether its signatures are verified with its keyring.
    pub(crate) fn needs_keys(&self) -> bool {
        needs_keys(|key| self.get(key).map(|setting| setting.value.as_bstr()))
    }
}

impl AsRef<Entry> for Remote {
    fn as_ref(&self) -> &Entry {
        &self.entry
    }
}

impl Deref for Remote {
    type Target = Entry;

    fn deref(&self) -> &Entry {
        &self.entry
    }
}

impl DerefMut for Remote {
    fn deref_mut(&mut self) -> &mut Entry {
        &mut self.entry
    }
}
