//! What a target of entries has to answer, so that the engine can work on it.

use std::path::PathBuf;

use bstr::BStr;

use super::entry::Entry;
use super::intent::List;
use super::key::KeyName;
use super::store::Store;
use crate::report::Foreign;

/// When an entry that others made is taken under management.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// Where it is what the layers define, without being asked.
    Unasked,
    /// Only when the owner asks for it.
    Asked,
    /// Never: it is out of reach.
    Never,
}

/// Where entries are brought to, and what is particular about it.
pub(crate) trait Target: Sized {
    /// How its entries are held.
    type Store: Store;

    /// What the layers want of an entry: its keys, and what belongs beside them.
    type Wanted: AsRef<Entry>;

    /// What an entry is called in sentences and in the intent, such as `remote`.
    const NOUN: &'static str;

    /// The key that hides an entry from browsing, where there is such a thing.
    const HIDDEN: Option<KeyName<'static>> = None;

    /// The lists that its facets have in the intent.
    const LISTS: &'static [List] = &[];

    /// What is no entry, and gets keys from other sources all the same.
    const NO_ENTRIES: &'static [&'static str] = &[];

    /// Whether an entry may have this name: files are called by it.
    fn is_name(&self, name: &str) -> bool {
        !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0'])
    }

    /// The name that its entries are reported under, such as `flatpak-remotes`.
    fn adapter(&self) -> &str;

    /// The file that an entry stands in, or would.
    fn place(&self, store: &Self::Store, name: &str) -> PathBuf;

    /// The file in which a name is remembered.
    fn memory(&self, name: &str) -> PathBuf;

    /// Where a run writes down what it is about to do.
    fn intent(&self) -> PathBuf;

    /// All that there can be of an entry beside its keys.
    fn residue(&self, _name: &str) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What of that may go while the entry stays: what a server sends again, and what it does not use.
    fn expendable(&self, _store: &Self::Store, _name: &str) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether an entry that others made is the one that the layers define. By its name, it is.
    fn is_same(&self, _store: &Self::Store, _name: &str, _wanted: &Self::Wanted) -> bool {
        true
    }

    /// Whether the target's own convention marks a value as the owner's.
    fn is_owners(&self, _store: &Self::Store, _name: &str, _key: &KeyName<'_>) -> bool {
        false
    }

    /// The key that is such a mark for another.
    fn mark_of(&self, _key: &KeyName<'_>) -> Option<KeyName<'static>> {
        None
    }

    /// Whether a server may set a key in a way that looks like an owner's edit.
    fn may_be_servers(&self, _key: &KeyName<'_>) -> bool {
        false
    }

    /// Whether a key is such a mark and says nothing of its own.
    fn is_mark(&self, _key: &KeyName<'_>) -> bool {
        false
    }

    /// Whether a server refreshes a key, so that a difference need not be the owner's.
    fn is_refreshed(&self, _key: &KeyName<'_>) -> bool {
        false
    }

    /// Whether a key that we did not write is a server's.
    fn is_servers(&self, key: &KeyName<'_>) -> bool {
        self.is_refreshed(key)
    }

    /// Whether adoption fills in a key that is missing, with a value that the layers want.
    fn is_filled(&self, _key: &KeyName<'_>, _value: &BStr) -> bool {
        true
    }

    /// Whether an entry that others made may be adopted.
    fn adoption(&self, _store: &Self::Store, _name: &str) -> Adoption {
        Adoption::Unasked
    }

    /// Whether an entry stands where nothing is ever written.
    fn is_never_written(&self, _store: &Self::Store, _name: &str) -> bool {
        false
    }

    /// Why an entry that others made is not touched.
    fn foreign(&self, _store: &Self::Store, _name: &str) -> Foreign {
        Foreign::Other
    }
}
