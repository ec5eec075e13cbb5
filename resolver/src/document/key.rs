//! One key and all that its assignments come to.

use std::borrow::Cow;

use bstr::BStr;

use super::effective::by_header;
use super::{Assignment, Document, Items, Slot, State};
use crate::merge::{Rule, resets};
use crate::schema::{KeyKind, Merge, OnEmpty, Operator, Unknown};

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

    pub(super) fn document(&self) -> &'d Document {
        self.document
    }

    /// The section, or the dotted path of tables; empty for none.
    pub fn section(&self) -> &'d BStr {
        self.document.section_of(self.number)
    }

    /// The number of its section, by their first appearance.
    pub(super) fn section_number(&self) -> u32 {
        let name = self.document.keys.name(self.number);
        name.map(|(section, _)| section).unwrap_or_default()
    }

    /// Its name.
    pub fn name(&self) -> &'d BStr {
        self.name
    }

    /// Every assignment, those that do not count included, in ledger order.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = Assignment<'d>> {
        let document = self.document;
        let rows = document.index().rows_of(self.number).iter();
        rows.filter_map(|&row| document.assignment(row))
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
    ///
    /// In a section that repeats all assignments stand ([`Schema::kind`](crate::schema::Schema::kind)).
    pub fn kind(&self) -> Option<&'d KeyKind> {
        match &self.slot.rule {
            Rule::Kind(kind) => Some(kind),
            Rule::Unknown | Rule::Libeconf => None,
        }
    }

    /// What is known of it among the assignments below one header of a section that repeats; of other
    /// sections, what is known of it.
    pub fn kind_in_item(&self) -> Option<&'d KeyKind> {
        self.slot.in_item.as_ref().or_else(|| self.kind())
    }

    /// Why the consumer ignores it, if it does; assignments of such a key have no effect, whatever
    /// their state is.
    pub fn unknown(&self) -> Option<Unknown> {
        self.slot.unknown
    }

    /// Whether it has several assignments (below one header) and nothing says what they come to: the last,
    /// or a list.
    pub fn is_multi_valued(&self) -> bool {
        let applied = if self.is_unsaid() {
            self.applied()
        } else {
            Vec::new()
        };
        applied
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.header() == b.header()))
    }

    /// Whether nothing says what several assignments come to.
    pub(super) fn is_unsaid(&self) -> bool {
        matches!(self.slot.rule, Rule::Unknown)
            && self.slot.in_item.is_none()
            && self.slot.unknown.is_none()
    }

    /// What the assignments come to, item by item; of an unknown key, every value.
    ///
    /// A scalar has one item, or none if it was reset. A value with a type is an item, in the notation of TOML.
    pub fn items(&self) -> Vec<Cow<'d, [u8]>> {
        self.items_of(&self.applied())
    }

    /// What these of its assignments come to, if they are those that count.
    pub(crate) fn items_of(&self, applied: &[Assignment<'d>]) -> Vec<Cow<'d, [u8]>> {
        let items = self.read(applied).into_iter();
        items.map(|item| item.value).collect()
    }

    /// The same, with where each item comes from.
    pub(crate) fn read(&self, applied: &[Assignment<'d>]) -> Items<'d> {
        Items::of(self.kind_in_item().copied(), applied)
    }

    /// Which of these of its assignments would count if the consumer read them and no others. (Lists
    /// that rules append are taken for replaced.)
    pub(crate) fn counting(
        &self,
        read: impl Iterator<Item = Assignment<'d>>,
    ) -> Vec<Assignment<'d>> {
        let groups = by_header(read).into_iter();
        groups
            .flat_map(|(_, group)| self.counting_of(group))
            .collect()
    }

    fn counting_of(&self, read: Vec<Assignment<'d>>) -> Vec<Assignment<'d>> {
        let mut counting = Vec::<Assignment<'d>>::new();
        let mut has_lower = false;
        for new in read {
            let is_empty = new.record.is_empty();
            let kind = match (self.kind_in_item(), &self.slot.rule) {
                (Some(kind), _) => kind,
                (None, Rule::Libeconf) => {
                    let own = counting.first().map(Assignment::fragment_index)
                        == Some(new.fragment_index());
                    if !own || has_lower {
                        has_lower |= !counting.is_empty();
                        counting = vec![new];
                    }
                    continue;
                }
                (None, _) => {
                    counting.push(new);
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
