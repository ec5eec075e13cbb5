//! What the assignments of a key come to, item by item.

use std::borrow::Cow;
use std::collections::HashMap;

use bstr::ByteSlice as _;

use super::{Assignment, Key};
use crate::schema::{KeyKind, Merge, OnEmpty, Operator};

/// One item, with the assignment that it comes from.
#[derive(Debug, Clone)]
pub(crate) struct Item<'d> {
    pub(crate) value: Cow<'d, [u8]>,
    pub(crate) assignment: Assignment<'d>,
}

/// The items of one key, as its assignments are read one after the other: those of lists follow each
/// other, a set has each once, a map has one of each variable.
#[derive(Debug)]
pub(crate) struct Items<'d> {
    kind: Option<KeyKind>,
    /// In order; none where one is gone.
    found: Vec<Option<Item<'d>>>,
    /// Where the items of sets and maps are: by the item, or by its variable.
    places: HashMap<Vec<u8>, usize>,
    count: usize,
}

impl<'d> Items<'d> {
    pub(crate) fn new(key: Key<'d>) -> Self {
        Self {
            kind: key.kind().copied(),
            found: Vec::new(),
            places: HashMap::new(),
            count: 0,
        }
    }

    /// Reads an assignment that counts; returns the items in whose places it puts others, or none.
    pub(crate) fn read(&mut self, assignment: Assignment<'d>) -> Vec<Item<'d>> {
        let mut gone = Vec::new();
        let is_set = self.is_set();
        let removes = is_set && assignment.operator() == Operator::Remove;
        for value in self.items_in(assignment) {
            let item = Item { value, assignment };
            let Some(identity) = self.identity(&item.value) else {
                self.found.push(Some(item));
                self.count += 1;
                continue;
            };
            if is_set && !removes {
                gone.extend(self.join(identity, item));
                continue;
            }
            let known = self.places.remove(&identity);
            let slot = known.and_then(|place| self.found.get_mut(place));
            if let Some(known) = slot.and_then(Option::take) {
                self.count -= 1;
                gone.push(known);
            }
            if !removes {
                gone.extend(self.join(identity, item));
            }
        }
        gone
    }

    /// Adds an item; one that is there already keeps its place, and is returned.
    fn join(&mut self, identity: Vec<u8>, item: Item<'d>) -> Option<Item<'d>> {
        let place = *self.places.entry(identity).or_insert(self.found.len());
        let known = self.found.get_mut(place).and_then(Option::take);
        match self.found.get_mut(place) {
            Some(slot) => *slot = Some(item),
            None => self.found.push(Some(item)),
        }
        self.count += usize::from(known.is_none());
        known
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// The item that is in the place of the first one that `assignment` brought.
    pub(crate) fn in_place_of(&self, assignment: Assignment<'d>) -> Option<&Item<'d>> {
        let items = self.items_in(assignment);
        let identity = self.identity(items.first()?)?;
        self.found.get(*self.places.get(&identity)?)?.as_ref()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Item<'d>> {
        self.found.iter().flatten()
    }

    /// What one assignment says.
    fn items_in(&self, assignment: Assignment<'d>) -> Vec<Cow<'d, [u8]>> {
        match &self.kind {
            Some(kind) if assignment.value().is_empty() && kind.empty != OnEmpty::Value => {
                Vec::new()
            }
            Some(kind) if assignment.node().is_none() => {
                kind.split.items(assignment.value().as_bytes())
            }
            _ => vec![assignment.shown()],
        }
    }

    fn is_set(&self) -> bool {
        self.kind.is_some_and(|kind| kind.merge == Merge::Set)
    }

    /// By what two items are told to be the same; none for a list, which may repeat one.
    fn identity(&self, item: &[u8]) -> Option<Vec<u8>> {
        match self.kind?.merge {
            Merge::Set => Some(item.to_vec()),
            Merge::Map => Some(variable(item).to_vec()),
            Merge::Last | Merge::First | Merge::Append => None,
        }
    }
}

/// The name before the `=` of an item of a map.
fn variable(item: &[u8]) -> &[u8] {
    item.split_once_str("=").map_or(item, |(name, _)| name)
}
