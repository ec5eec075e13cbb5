//! The keys that may have a value, section by section.

use super::{Document, Key, State};
use crate::ledger::{KeyId, Ledger};
use crate::scan::Fragment;
use crate::scan::State::{Masked, Shadowed};

/// In which order sections and keys stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As the consumer first meets them, the section without a name first.
    AsMet,
    /// In byte order.
    ByName,
}

/// Keys, those of a section next to each other.
#[derive(Debug, Default)]
pub(super) struct Sections {
    keys: Vec<KeyId>,
    /// Where each section ends.
    ends: Vec<usize>,
}

impl Sections {
    /// How many sections there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The keys of a section.
    pub(super) fn keys(&self, section: usize) -> &[KeyId] {
        let start = section.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.keys[start..self.ends[section]]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[KeyId]> {
        (0..self.len()).map(|section| self.keys(section))
    }
}

impl Document {
    /// The keys of each section that may have a value.
    pub(super) fn sections(&self, order: Order) -> Sections {
        if !self.loads() {
            return Sections::default();
        }
        let ledger = &self.ledger;
        let section = |key: KeyId| ledger.section_of(key);
        let mut keys = self.keys_as_met();
        // A section has its place even if its consumer does not know the first key.
        let ranks = match order {
            Order::AsMet => ranks_as_met(ledger, &keys),
            Order::ByName => ledger.section_ranks(),
        };
        keys.retain(|&key| ledger[key].unknown.is_none());
        // Mostly they stand so already. Numbers are compared: names, and where those are kept, are far away.
        keys.sort_by_key(|&key| ranks[section(key).index()]);
        if order == Order::ByName {
            let ranks = ledger.name_ranks();
            for keys in keys.chunk_by_mut(|&a, &b| section(a) == section(b)) {
                keys.sort_unstable_by_key(|&key| ranks[ledger.name_of(key).index()]);
            }
        }
        let mut end = 0;
        let sections = keys.chunk_by(|&a, &b| section(a) == section(b));
        let ends = sections.map(|keys| {
            end += keys.len();
            end
        });
        let ends = ends.collect();
        Sections { keys, ends }
    }

    /// The keys in the order in which the consumer meets them: those of files that are hidden it does not.
    fn keys_as_met(&self) -> Vec<KeyId> {
        let has_text = |file: &Fragment| !file.text.is_empty();
        let is_hidden =
            |file: &Fragment| matches!(file.state, Shadowed(_) | Masked(_)) && has_text(file);
        // Mostly none of those was read, and the ledger has the order.
        if !self.entry.fragments.iter().any(is_hidden) {
            return self.ledger.keys().collect();
        }
        let met = |key: Key<'_>| {
            let mut rows = key.history();
            let read = rows.find(|row| !matches!(row.state(), State::Shadowed | State::Masked))?;
            Some((read.number(), key.id()))
        };
        let mut keys: Vec<_> = self.keys().filter_map(met).collect();
        keys.sort_unstable();
        keys.into_iter().map(|(_, id)| id).collect()
    }
}

/// The place of each section among all, where keys are met in this order: the one without a name is the
/// first.
fn ranks_as_met(ledger: &Ledger, keys: &[KeyId]) -> Vec<usize> {
    const NOT_MET: usize = usize::MAX;
    let mut ranks = vec![NOT_MET; ledger.section_count()];
    for (place, &key) in (1..).zip(keys) {
        let section = ledger.section_of(key);
        let rank = &mut ranks[section.index()];
        if *rank == NOT_MET {
            let is_named = !ledger.section_name(section).is_empty();
            *rank = if is_named { place } else { 0 };
        }
    }
    ranks
}
