//! A remote as the layers want it, whatever the file it comes from looks like.

use std::ops::{Deref, DerefMut};

use bstr::ByteSlice as _;

use super::verification::needs_keys;
use crate::keyed::entry::Entry;
use crate::openpgp::Keyring;

/// A remote as the layers want it: a group of keys, and the certificates that come with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    /// The keys of its group, and what it was before.
    pub entry: Entry,
    /// The certificates that come with it.
    pub keyring: Keyring,
    /// Whether a mask says that none come. Where nothing says it, it may be an accident.
    pub is_keyring_masked: bool,
}

impl Remote {
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
