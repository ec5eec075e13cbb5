//! Keys by number: a section and a name, and what is known of it. Most keys have a name that others have in
//! other sections, so the two are numbers, and cheap to look for.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use super::{KeyId, NameId, SectionId, Slot};
use crate::numbered::Numbered;

/// Up to so many keys of a section are looked for one by one.
const FEW: u32 = 16;

/// Keys, numbered in the order in which they were first met.
///
/// The keys of a section are a chain. Of one that has many, they are found by their hash, too; those of all
/// sections in one table would be as many places in memory that are far from each other: of 80,000 sections with
/// five keys each it took a fifteenth of a merge.
#[derive(Debug, Clone, Default)]
pub(super) struct Keys {
    rows: Vec<Key>,
    /// By the number of the section.
    sections: Vec<Section>,
    /// Those of sections that have many.
    index: Numbered,
    hasher: RandomState,
}

#[derive(Debug, Clone)]
struct Key {
    section: SectionId,
    name: NameId,
    /// The one of its section that was met before it.
    before: Option<KeyId>,
    slot: Slot,
}

#[derive(Debug, Clone, Default)]
struct Section {
    last: Option<KeyId>,
    count: u32,
}

impl Keys {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The number of a key, if it was met.
    pub(super) fn find(&self, section: SectionId, name: NameId) -> Option<KeyId> {
        let is_it = |key: KeyId| {
            let key = &self.rows[key.index()];
            (key.section, key.name) == (section, name)
        };
        if self.sections.get(section.index())?.count <= FEW {
            return self.of(section).find(|&key| is_it(key));
        }
        let hash = self.hasher.hash_one((section, name));
        let found = self.index.find(hash, |number| is_it(KeyId::at(number)));
        found.map(KeyId::at)
    }

    /// The keys of a section, the last first.
    fn of(&self, section: SectionId) -> impl Iterator<Item = KeyId> {
        let last = self.sections[section.index()].last;
        std::iter::successors(last, |key| self.rows[key.index()].before)
    }

    /// The number of a key; of a new one, `slot` says what is known.
    pub(super) fn insert(
        &mut self,
        section: SectionId,
        name: NameId,
        slot: impl FnOnce() -> Slot,
    ) -> KeyId {
        if let Some(key) = self.find(section, name) {
            return key;
        }
        let key = KeyId::at(self.rows.len());
        if self.sections.len() <= section.index() {
            self.sections
                .resize(section.index() + 1, Section::default());
        }
        let of = &mut self.sections[section.index()];
        of.count += 1;
        self.rows.push(Key {
            section,
            name,
            before: of.last.replace(key),
            slot: slot(),
        });
        match of.count {
            0..=FEW => {}
            // Now they are many: those before it have to be found, too.
            count if count == FEW + 1 => {
                let keys: Vec<_> = self.of(section).collect();
                for key in keys {
                    self.index(key);
                }
            }
            _ => self.index(key),
        }
        key
    }

    fn index(&mut self, key: KeyId) {
        let hash = self.hasher.hash_one(self.name(key));
        self.index.insert(hash, key.index());
    }

    /// The section and the name of a key.
    pub(super) fn name(&self, key: KeyId) -> (SectionId, NameId) {
        let key = &self.rows[key.index()];
        (key.section, key.name)
    }

    /// What is known of a key.
    pub(super) fn slot(&self, key: KeyId) -> &Slot {
        &self.rows[key.index()].slot
    }

    /// The same, to be changed.
    pub(super) fn slot_mut(&mut self, key: KeyId) -> &mut Slot {
        &mut self.rows[key.index()].slot
    }
}

#[cfg(test)]
mod tests {
    use super::super::Rule;
    use super::*;

    #[test]
    fn a_name_is_a_key_of_each_section_that_has_it() {
        let mut keys = Keys::default();
        let slot = || Slot {
            rule: Rule::Unknown,
            in_item: None,
            unknown: None,
            last: None,
        };
        // Some sections have few and some have many.
        let pair = |number: usize| {
            let section = if number.is_multiple_of(2) {
                number % 14
            } else {
                number
            };
            (SectionId::at(section), NameId::at(number / 14))
        };
        for number in 0..10_000 {
            let (section, name) = pair(number);
            assert_eq!(keys.insert(section, name, slot).index(), number);
        }
        for number in 0..10_000 {
            let (section, name) = pair(number);
            assert_eq!(keys.insert(section, name, slot).index(), number);
            assert_eq!(keys.name(KeyId::at(number)), (section, name));
        }
        assert_eq!(keys.find(SectionId::at(2), NameId::at(10_000)), None);
        assert_eq!(keys.find(SectionId::at(1), NameId::at(1)), None);
        assert_eq!(keys.find(SectionId::at(10_000), NameId::at(0)), None);
    }
}
