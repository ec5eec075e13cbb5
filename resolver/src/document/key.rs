//! One key and all that its assignments come to.

use std::borrow::Cow;
use std::collections::HashSet;

use bstr::{BStr, ByteSlice as _};
use indexmap::IndexSet;

use super::{Assignment, Document, Slot, State};
use crate::merge::{Rule, resets};
use crate::schema::{KeyKind, Merge, OnEmpty, Operator};

/// One key of a [`Document`].
#[derive(Debug, Clone, Copy)]
pub struct Key<'d> {
    document: &'d Document,
    number: u32,
    name: &'d BStr,
    slot: &'d Slot,
}

impl<'d> Key<'d> {
    pub(super) fn new(document: &'d Document, number: u32) -> Option<Self> {
        Some(Self {
            document,
            number,
            name: document.keys.name(number)?.1,
            slot: document.keys.get(number)?,
        })
    }

    /// The section, or the dotted path of tables; empty for none.
    pub fn section(&self) -> &'d BStr {
        self.document.section_of(self.number)
    }

    /// Its name.
    pub fn name(&self) -> &'d BStr {
        self.name
    }

    /// Every assignment, those that do not count included, in ledger order.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = Assignment<'d>> {
        let number = self.number;
        self.document
            .assignments()
            .filter(move |assignment| assignment.record.key == number)
    }

    /// The assignments that count, in order: one for a scalar, any number for a list.
    pub fn applied(&self) -> Vec<Assignment<'d>> {
        let mut applied: Vec<_> = self.read_backwards().collect();
        applied.retain(|assignment| assignment.state() == State::Applied);
        applied.reverse();
        applied
    }

    /// The last assignment that counts.
    pub fn last(&self) -> Option<Assignment<'d>> {
        self.read_backwards()
            .find(|assignment| assignment.state() == State::Applied)
    }

    /// All that the consumer reads, the last first.
    fn read_backwards(&self) -> impl Iterator<Item = Assignment<'d>> {
        let document = self.document;
        let first = self.slot.last.and_then(|last| document.assignment(last));
        std::iter::successors(first, |assignment| {
            document.assignment(assignment.record.previous?)
        })
    }

    /// What is known of it; none if nobody can tell what repeated assignments come to.
    pub fn kind(&self) -> Option<&'d KeyKind> {
        match &self.slot.rule {
            Rule::Kind(kind) => Some(kind),
            Rule::Unknown | Rule::Libeconf => None,
        }
    }

    /// Whether it has several assignments and nothing says what they come to: the last, or a list.
    pub fn is_multi_valued(&self) -> bool {
        matches!(self.slot.rule, Rule::Unknown) && self.applied().len() > 1
    }

    /// What the assignments come to, item by item; of an unknown key, every value.
    ///
    /// A scalar has one item, or none if it was reset. A value with a type is an item, in the notation of TOML.
    pub fn items(&self) -> Vec<Cow<'d, [u8]>> {
        self.items_of(&self.applied())
    }

    /// What these of its assignments come to, if they are those that count.
    pub(crate) fn items_of(&self, applied: &[Assignment<'d>]) -> Vec<Cow<'d, [u8]>> {
        let Some(kind) = self.kind() else {
            return applied.iter().map(Assignment::shown).collect();
        };
        let read = applied
            .iter()
            .filter(|a| !a.value().is_empty() || kind.empty == OnEmpty::Value);
        let of = |assignment: &Assignment<'d>| match assignment.node() {
            Some(_) => vec![assignment.shown()],
            None => kind.split.items(assignment.value().as_bytes()),
        };
        match kind.merge {
            Merge::Last | Merge::First | Merge::Append => read.flat_map(of).collect(),
            Merge::Map => last_of_each(read.flat_map(of).collect()),
            Merge::Set => {
                let mut items = IndexSet::<_, foldhash::fast::RandomState>::default();
                for assignment in read {
                    if assignment.operator() == Operator::Remove {
                        let gone: HashSet<_> = of(assignment).into_iter().collect();
                        items.retain(|item| !gone.contains(item));
                    } else {
                        items.extend(of(assignment));
                    }
                }
                items.into_iter().collect()
            }
        }
    }

    /// Which of these of its assignments would count if the consumer read them and no others. (Lists
    /// that rules append are taken for replaced.)
    pub(crate) fn counting(
        &self,
        read: impl Iterator<Item = Assignment<'d>>,
    ) -> Vec<Assignment<'d>> {
        let mut counting = Vec::<Assignment<'d>>::new();
        let mut has_lower = false;
        for new in read {
            let is_empty = new.record.is_empty();
            let kind = match &self.slot.rule {
                Rule::Kind(kind) => kind,
                Rule::Unknown => {
                    counting.push(new);
                    continue;
                }
                Rule::Libeconf => {
                    let own = counting.first().map(Assignment::fragment_index)
                        == Some(new.fragment_index());
                    if !own || has_lower {
                        has_lower |= !counting.is_empty();
                        counting = vec![new];
                    }
                    continue;
                }
            };
            match kind.merge {
                Merge::Last if is_empty && kind.empty == OnEmpty::Ignored => {}
                Merge::First if !counting.is_empty() => {}
                Merge::Last => counting = vec![new],
                Merge::Append | Merge::Map if is_empty && resets(*kind) => counting = vec![new],
                Merge::Set if new.operator() == Operator::Set => counting = vec![new],
                Merge::First | Merge::Append | Merge::Map | Merge::Set => counting.push(new),
            }
        }
        counting
    }
}

/// Of the items of a map, the last of every variable, in their order.
fn last_of_each(items: Vec<Cow<'_, [u8]>>) -> Vec<Cow<'_, [u8]>> {
    let mut seen = HashSet::new();
    let mut last: Vec<_> = items
        .into_iter()
        .rev()
        .filter(|item| seen.insert(variable(item).to_vec()))
        .collect();
    last.reverse();
    last
}

/// The name before the `=` of an item of a map.
pub(crate) fn variable(item: &[u8]) -> &[u8] {
    item.split_once_str("=").map_or(item, |(name, _)| name)
}
