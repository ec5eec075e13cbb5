//! What a target of remotes has to answer, so that the engine can work on it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use bstr::BStr;

use super::Subject;
use super::remote::Remote;
use crate::reconcile::Marks;
use crate::report::{Dependent, Foreign};

/// The remotes of a target and what is remembered of their names, in memory: as found, or as they are
/// to be.
pub(crate) trait Store: Clone + PartialEq + std::fmt::Debug {
    /// The names of all remotes.
    fn remotes(&self) -> Vec<&str>;

    /// Whether there is such a remote.
    fn has_remote(&self, name: &str) -> bool;

    /// The keys and raw values of a remote; of a repeated key the last one counts.
    fn pairs(&self, name: &str) -> Vec<(&BStr, &BStr)>;

    /// The raw value of a remote's key.
    fn get(&self, name: &str, key: &str) -> Option<&BStr>;

    /// Sets a remote's key to a raw value, or takes the key away. A remote begins with its first key.
    fn put(&mut self, name: &str, key: &str, value: Option<&BStr>);

    /// Takes a remote away.
    fn remove(&mut self, name: &str);

    /// Brings a remote that others made to where ours are.
    fn take_over(&mut self, _name: &str) {}

    /// The names of remotes that are not there and of which something may have to be cleaned up.
    fn remembered(&self) -> Vec<&str>;

    /// What is remembered of a name.
    fn marks(&self, name: &str) -> Marks;

    /// What is to be remembered, by name.
    fn memory(&self) -> BTreeMap<String, Remembered>;

    /// What was remembered when it was read.
    fn memory_found(&self) -> BTreeMap<String, Remembered> {
        self.memory()
    }

    /// Remembers marks for a name. Offered is never taken back.
    fn mark(&mut self, name: &str, marks: Marks);

    /// What the vendor called a remote later, as far as that was seen.
    fn later_name(&self, name: &str) -> Option<&str>;

    /// Remembers that the vendor calls a remote otherwise now: an older image may not know.
    fn rename(&mut self, name: &str, later: &str);
}

/// What is remembered of a name, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// The word for its marks.
    pub(crate) mark: Option<&'static str>,
    /// What the vendor called the remote later.
    pub(crate) later: Option<String>,
}

/// When a remote that others made is taken under management.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adoption {
    /// Where it is what the layers define, without being asked.
    Unasked,
    /// Only when the owner asks for it.
    Asked,
    /// Never: it is out of reach.
    Never,
}

/// Where remotes are brought to, and what is particular about it.
pub(crate) trait Target: Sized {
    /// How its remotes are held.
    type Store: Store;

    /// What depends on remotes that must stay.
    const DEPENDENT: Dependent;

    /// The key that hides a remote from browsing, where there is such a thing.
    const HIDDEN: Option<&'static str> = None;

    /// The name that its remotes are reported under, such as `flatpak-remotes`.
    fn remotes(&self) -> &str;

    /// The name that collection IDs are reported under.
    fn collections(&self) -> &str;

    /// The file that a remote stands in, or would.
    fn place(&self, store: &Self::Store, name: &str) -> PathBuf;

    /// The file in which a name is remembered.
    fn memory(&self, name: &str) -> PathBuf;

    /// The keyring of a remote.
    fn keyring(&self, name: &str) -> PathBuf;

    /// All that there can be of a remote beside its group.
    fn residue(&self, name: &str) -> Vec<PathBuf>;

    /// What of that may go while the remote stays: what a server sends again, and what it does not use.
    fn expendable(&self, _store: &Self::Store, _name: &str) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Where a run writes down what it is about to do.
    fn intent(&self) -> PathBuf;

    /// Whether the target's own convention marks a value as the owner's.
    fn is_owners(&self, _store: &Self::Store, _name: &str, _key: &str) -> bool {
        false
    }

    /// The key that is such a mark for another.
    fn mark_of(&self, _key: &str) -> Option<String> {
        None
    }

    /// Whether a server may set a key in a way that looks like an owner's edit.
    fn may_be_servers(&self, _key: &str) -> bool {
        false
    }

    /// Whether a key is such a mark and says nothing of its own.
    fn is_mark(&self, _key: &str) -> bool {
        false
    }

    /// Whether a server refreshes a key, so that a difference need not be the owner's.
    fn is_refreshed(&self, _key: &str) -> bool {
        false
    }

    /// Whether a key that we did not write is a server's.
    fn is_servers(&self, key: &str) -> bool {
        self.is_refreshed(key)
    }

    /// Whether adoption fills in a key that is missing.
    fn is_filled(&self, _key: &str) -> bool {
        true
    }

    /// Whether a remote that others made may be adopted.
    fn adoption(&self, _store: &Self::Store, _name: &str) -> Adoption {
        Adoption::Unasked
    }

    /// Whether a remote stands where nothing is ever written.
    fn is_never_written(&self, _store: &Self::Store, _name: &str) -> bool {
        false
    }

    /// Why a remote that others made is not touched.
    fn foreign(&self, _store: &Self::Store, _name: &str) -> Foreign {
        Foreign::OtherUrl
    }

    /// A remote was created or adopted: what belongs beside it?
    fn placed(_subject: &mut Subject<'_, '_, Self>, _remote: &Remote) {}

    /// A remote was reconciled: what has to follow?
    fn updated(_subject: &mut Subject<'_, '_, Self>, _remote: &Remote) {}
}
