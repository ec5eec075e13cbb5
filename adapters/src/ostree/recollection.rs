//! What is remembered of the names of remotes, beside what is there of them.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice as _};

use super::memory::{Memory, State};
use super::store::Remotes;
use crate::keyed::intent::Recollection;
use crate::keyed::store::Store as _;
use crate::openpgp::Fingerprint;
use crate::remotes::{KEYRING_BASELINE, fingerprints};

/// What a run that was killed left of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// What its file says, true or not; empty where there is none.
    pub(super) text: BString,
    /// Whether it is on its way.
    pub(super) is_under_way: bool,
    /// What is remembered of it apart from that.
    pub(super) known: Option<Memory>,
}

fn text(memory: &Memory) -> BString {
    memory.to_bytes().into()
}

impl Remotes {
    pub(super) fn remember(&mut self, name: &str, memory: Memory) {
        let later = memory.later.clone();
        self.set_later_name(name, None);
        self.memories.insert(name.into(), memory);
        self.set_later_name(name, later);
    }

    pub(super) fn set_later_name(&mut self, name: &str, later: Option<String>) {
        let Some(memory) = self.memories.get_mut(name) else {
            return;
        };
        if let Some(old) = memory.later.take()
            && let Some(names) = self.earlier.get_mut(&old)
        {
            names.remove(name);
            // Stores that remember the same are equal.
            if names.is_empty() {
                self.earlier.remove(&old);
            }
        }
        if let Some(later) = &later {
            let names = self.earlier.entry(later.clone()).or_default();
            names.insert(name.into());
        }
        memory.later = later;
    }

    /// What is to be remembered. A name that was offered, is not there and was not withheld by us was
    /// deleted.
    pub(super) fn memories(&self) -> impl Iterator<Item = (&str, Memory)> {
        self.memories.iter().map(|(name, memory)| {
            let mut memory = memory.clone();
            if self.unknown.contains(name) {
                return (name.as_str(), memory);
            }
            let present = self.has(name);
            if memory.state == State::Offered && !present {
                memory.state = State::Deleted;
            }
            if memory.state == State::Deleted && present {
                memory.state = State::Offered;
            }
            if self.note(name, KEYRING_BASELINE).is_some() {
                memory.keyring = fingerprints(self, name);
            } else if present {
                memory.keyring.clear();
            }
            (name.as_str(), memory)
        })
    }

    /// The certificates that we brought for a remote, as it was when it was ours.
    pub(super) fn brought(&self, name: &str) -> Option<&BTreeSet<Fingerprint>> {
        self.memories.get(name).map(|memory| &memory.keyring)
    }

    /// What is remembered of a name, as it was when we last looked.
    pub(super) fn known(&self, name: &str) -> Option<&Memory> {
        self.memories.get(name)
    }

    /// What a name is to be remembered as, whatever its file says.
    pub(super) fn recollect(&mut self, name: &str, memory: Option<Memory>) {
        self.set_later_name(name, None);
        self.memories.remove(name);
        if let Some(memory) = memory {
            self.remember(name, memory);
        }
    }

    /// Notes of a name what a dead run left of it.
    pub(super) fn note_unfinished(&mut self, name: &str, unfinished: Unfinished) {
        self.unfinished.insert(name.into(), unfinished);
    }

    /// What may turn out not to have come true: that a remote is absent which is taken away only then, and whatever a dead
    /// run had to do with.
    pub(super) fn doubtful(&self, wanted: &Self) -> BTreeMap<String, Recollection> {
        let memories: BTreeMap<_, _> = wanted.memories().collect();
        let is_taken = |name: &str, memory: &Memory| {
            let is_news = self.memories.get(name) != Some(memory);
            memory.state == State::Withheld && is_news && self.has(name)
        };
        let taken = memories.iter();
        let taken = taken.filter(|(name, memory)| is_taken(name, memory));
        let names = taken.map(|(name, _)| *name);
        let names: BTreeSet<&str> = names
            .chain(self.unfinished.keys().map(String::as_str))
            .collect();
        let doubtful = names.into_iter().map(|name| {
            let will_be = memories.get(name).map(text);
            (name.to_owned(), self.recollection(name, will_be))
        });
        doubtful.collect()
    }

    fn recollection(&self, name: &str, will_be: Option<BString>) -> Recollection {
        let unfinished = self.unfinished.get(name);
        let was = match unfinished {
            Some(unfinished) if unfinished.is_under_way => unfinished.known.clone(),
            _ => self.as_it_stands(name),
        };
        let was = was.as_ref().map(text);
        let found = unfinished.map(|unfinished| unfinished.text.clone());
        Recollection {
            found: found
                .filter(|found| was.as_ref().map_or(b"".into(), |was| was.as_bstr()) != *found),
            was,
            will_be,
        }
    }

    /// What is to be remembered of a name as long as nothing becomes of the remote: of one that is there, what we brought,
    /// and that whoever deletes it is its owner.
    fn as_it_stands(&self, name: &str) -> Option<Memory> {
        let mut memory = self.memories.get(name)?.clone();
        if self.has(name) && !self.unknown.contains(name) {
            memory.state = State::Offered;
            memory.unseen = false;
            memory.keyring = fingerprints(self, name);
        }
        Some(memory)
    }

    /// Whether a remote is there again that its owner had deleted.
    pub(super) fn is_back(&self, name: &str) -> bool {
        let memory = self.memories.get(name);
        self.has(name) && memory.is_some_and(|memory| memory.state == State::Deleted)
    }

    /// Forgets what the vendor called a remote later.
    pub(super) fn forget_later_name(&mut self, name: &str) {
        self.set_later_name(name, None);
    }

    /// Forgets the certificates that we brought for a remote.
    pub(super) fn forget_keyring(&mut self, name: &str) {
        if let Some(memory) = self.memories.get_mut(name) {
            memory.keyring.clear();
        }
    }
}
