//! What is remembered of the names of remotes, beside what is there of them.

use std::collections::BTreeSet;

use super::memory::{Memory, State};
use super::store::Remotes;
use crate::keyed::store::Store as _;
use crate::openpgp::Fingerprint;
use crate::remotes::{KEYRING_BASELINE, fingerprints};

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
