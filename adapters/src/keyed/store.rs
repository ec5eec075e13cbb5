//! The entries of a target and what is remembered of them, in memory.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bstr::BStr;

use super::intent::Recollection;
use super::key::KeyName;
use crate::reconcile::Marks;

/// The entries of a target and what is remembered of their names, in memory: as found, or as they are
/// to be.
///
/// What we have to remember of an entry that is there are its *notes*. Where they are kept is the store's
/// affair, as long as they come, change and vanish together with the entry.
pub(crate) trait Store: Clone + PartialEq + Debug {
    /// How the notes are called.
    const NOTES: &'static Notes = &Notes::PLAIN;

    /// What the target knows an entry by, and notes of it are bound to: its name, where it has nothing else.
    fn identity<'s>(&'s self, name: &'s str) -> &'s str {
        name
    }

    /// The names of all entries.
    fn names(&self) -> Vec<&str>;

    /// Whether there is such an entry.
    fn has(&self, name: &str) -> bool;

    /// The keys of an entry whose names are text, with their raw values; of a repeated key the last one counts.
    fn pairs(&self, name: &str) -> Vec<Pair<'_>>;

    /// The raw value of an entry's key.
    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr>;

    /// Sets an entry's key to a raw value, or takes the key away. An entry begins with its first key.
    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>);

    /// The notes of an entry.
    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)>;

    /// A note of an entry.
    fn note(&self, name: &str, note: &str) -> Option<&BStr>;

    /// Writes a note down, or takes it away.
    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>);

    /// Takes an entry away, with its notes.
    fn remove(&mut self, name: &str);

    /// Whether its owner wrote something beside its keys that would go with it: comments.
    fn has_comments(&self, _name: &str) -> bool {
        false
    }

    /// An entry that is about to be made takes over such comments of another that is to go.
    fn take_comments(&mut self, _name: &str, _former: &str) {}

    /// Brings an entry that others made to where ours are.
    fn take_over(&mut self, _name: &str) {}

    /// The names of entries that are not there and of which something may have to be cleaned up.
    fn remembered(&self) -> Vec<&str>;

    /// What is remembered of a name.
    fn marks(&self, name: &str) -> Marks;

    /// What is to be remembered, by name.
    fn memory(&self) -> BTreeMap<String, Remembered>;

    /// What was remembered when it was read.
    fn memory_found(&self) -> BTreeMap<String, Remembered> {
        self.memory()
    }

    /// What is remembered of names in files of their own, and may turn out not to have come true, on the way to `wanted`.
    fn recollections(&self, _wanted: &Self) -> BTreeMap<String, Recollection> {
        BTreeMap::new()
    }

    /// Remembers marks for a name. Offered is never taken back.
    fn mark(&mut self, name: &str, marks: Marks);

    /// What the vendor called an entry later, as far as that was seen.
    fn later_name(&self, name: &str) -> Option<&str>;

    /// What the vendor called an entry before, as far as that was seen.
    fn earlier_names(&self, name: &str) -> Vec<&str>;

    /// Remembers that the vendor calls an entry otherwise now: an older image may not know.
    fn rename(&mut self, name: &str, later: &str);
}

/// A key and its raw value.
pub(crate) type Pair<'s> = (KeyName<'s>, &'s BStr);

/// What is remembered of a name, as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remembered {
    /// The word for its marks.
    pub(crate) mark: Option<&'static str>,
    /// What the vendor called the entry later.
    pub(crate) later: Option<String>,
}

/// What notes begin with that stand among an entry's own keys.
pub(crate) const PREFIX: &str = "x-overlayctl.";

/// Whether a key among an entry's own is a note.
pub(crate) fn is_note(key: &BStr) -> bool {
    key.starts_with(PREFIX.as_bytes())
}

/// The names of an entry's notes. Each begins with [`PREFIX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Notes {
    /// How the entry is managed; without it, it is not ours.
    pub(crate) management: &'static str,
    /// What its own source last wrote to it.
    pub(crate) baseline: Place,
    /// The same of other sources that give an entry single keys.
    pub(crate) others: &'static [Place],
    /// That it was us who hid the entry.
    pub(crate) hidden: &'static str,
    /// What goes with the first two, and is a facet's.
    pub(crate) facets: &'static [&'static str],
}

impl Notes {
    /// Those of an entry of which no older version has written any.
    pub(crate) const PLAIN: Self = Self {
        management: "x-overlayctl.managed",
        baseline: Place {
            note: "x-overlayctl.baseline",
            bundles: "x-overlayctl.bundles",
            older: None,
            only: None,
        },
        others: &[],
        hidden: "x-overlayctl.hidden",
        facets: &[],
    };

    /// Where all sources write down what they wrote.
    pub(crate) fn places(&self) -> impl Iterator<Item = Place> {
        [self.baseline]
            .into_iter()
            .chain(self.others.iter().copied())
    }
}

/// Where is noted what one source wrote to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// The note.
    pub(crate) note: &'static str,
    /// The note that names the bundles from which it gave anything.
    pub(crate) bundles: &'static str,
    /// What the notes began with of which older versions had one for each value.
    pub(crate) older: Option<&'static str>,
    /// The only key that the source ever gives.
    pub(crate) only: Option<&'static str>,
}
