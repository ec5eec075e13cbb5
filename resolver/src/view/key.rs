//! One key and all that its assignments come to.

use std::borrow::Cow;

use bstr::BStr;
use smallvec::SmallVec;

use super::items::{is_list, kind_of};
use super::{Assignment, Items, View};
use crate::ledger::{KeyId, Rule, SectionId, Slot};
use crate::schema::{KeyKind, Unknown};

/// Assignments of a key that count; mostly it is one.
pub(crate) type Counting<'d> = SmallVec<[Assignment<'d>; 1]>;

/// One key of a [`Document`](crate::Document).
#[derive(Debug, Clone, Copy)]
pub struct Key<'d> {
    view: View<'d>,
    id: KeyId,
}

/// What assignments of a key come to. Two that are equal are the same to whoever reads the values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sum<'d> {
    /// Item by item; of a scalar one, and none where there is no value.
    pub items: Vec<Cow<'d, [u8]>>,
    /// Whether they are the elements of an array, of which each is an item: another value than its only element.
    pub is_array: bool,
}

impl<'d> Sum<'d> {
    /// The same as a file would say it: of an array, one value.
    pub fn values(&self) -> Cow<'_, [Cow<'d, [u8]>]> {
        if !self.is_array {
            return Cow::Borrowed(&self.items);
        }
        let array = [&b"["[..], &self.items.join(&b", "[..]), b"]"].concat();
        Cow::Owned(vec![Cow::Owned(array)])
    }
}

impl<'d> Key<'d> {
    pub(crate) const fn new(view: View<'d>, id: KeyId) -> Self {
        Self { view, id }
    }

    pub(crate) const fn view(&self) -> View<'d> {
        self.view
    }

    fn slot(&self) -> &'d Slot {
        &self.view.ledger[self.id]
    }

    /// The section, or the dotted path of tables; empty for none.
    pub fn section(&self) -> &'d BStr {
        self.view.ledger.section_name(self.section_id())
    }

    /// The number of its section, by their first appearance.
    pub(crate) fn section_id(&self) -> SectionId {
        self.view.ledger.section_of(self.id)
    }

    /// The number of it.
    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> &'d BStr {
        self.view.ledger.key_name(self.id).1
    }

    /// Every assignment, those that do not count included, in ledger order.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = Assignment<'d>> {
        let view = self.view;
        let rows = view.ledger.rows_of_key(self.id).iter();
        rows.map(move |&row| view.assignment(row))
    }

    /// The assignments that count, in order: one for a scalar, any number for a list.
    pub fn applied(&self) -> Vec<Assignment<'d>> {
        self.counting().into_vec()
    }

    /// The same.
    pub(crate) fn counting(&self) -> Counting<'d> {
        // Mostly it is one, and pushed faster than collected.
        let mut applied = Counting::new();
        for assignment in self.read_backwards().filter(Assignment::applies) {
            applied.push(assignment);
        }
        applied.reverse();
        applied
    }

    /// The last assignment that counts.
    pub fn last(&self) -> Option<Assignment<'d>> {
        self.read_backwards().find(Assignment::applies)
    }

    /// All that the consumer reads, the last first.
    fn read_backwards(&self) -> impl Iterator<Item = Assignment<'d>> {
        let view = self.view;
        let first = self.slot().last.map(|last| view.assignment(last));
        std::iter::successors(first, Assignment::previous)
    }

    /// What is known of it; none if nobody can tell what repeated assignments come to.
    ///
    /// In a section that repeats all assignments stand ([`Schema::kind`](crate::schema::Schema::kind)).
    pub fn kind(&self) -> Option<&'d KeyKind> {
        self.slot().kind()
    }

    /// What is known of it among the assignments below one header of a section that repeats; of other
    /// sections, what is known of it.
    pub fn kind_in_item(&self) -> Option<&'d KeyKind> {
        self.slot().kind_in_item()
    }

    /// Why the consumer ignores it, if it does; assignments of such a key have no effect, whatever
    /// their state is.
    pub fn unknown(&self) -> Option<Unknown> {
        self.slot().unknown
    }

    /// Whether it has several assignments (below one header) and nothing says what they come to: the last,
    /// or a list.
    pub fn is_multi_valued(&self) -> bool {
        if !self.is_unsaid() {
            return false;
        }
        let applied = self.counting();
        let mut pairs = applied.windows(2);
        pairs.any(|pair| pair[0].header() == pair[1].header())
    }

    /// Whether nothing says what several assignments come to.
    pub(super) fn is_unsaid(&self) -> bool {
        matches!(self.slot().rule, Rule::Unknown)
            && self.slot().in_item.is_none()
            && self.slot().unknown.is_none()
    }

    /// What the assignments come to, item by item; of an unknown key, every value.
    ///
    /// A scalar has one item, or none if it was reset. A value with a type is an item, in the notation of TOML.
    pub fn items(&self) -> Vec<Cow<'d, [u8]>> {
        self.sum().items
    }

    /// What the assignments come to.
    pub fn sum(&self) -> Sum<'d> {
        self.sum_of(&self.applied())
    }

    /// What these of its assignments come to, if they are those that count.
    pub(crate) fn sum_of(&self, applied: &[Assignment<'d>]) -> Sum<'d> {
        let items = self.read(applied).into_iter();
        Sum {
            items: items.map(|item| item.value).collect(),
            is_array: self.is_array(applied),
        }
    }

    /// Whether these of its assignments come to an array, if they are those that count.
    pub(crate) fn is_array(&self, applied: &[Assignment<'d>]) -> bool {
        let is_typed = applied.last().is_some_and(|last| last.node().is_some());
        is_typed && is_list(kind_of(self.kind_in_item().copied(), applied))
    }

    /// Whether these of its assignments come to a value, if they are those that count: an emptied list
    /// may be one.
    pub(crate) fn has_value(&self, applied: &[Assignment<'d>]) -> bool {
        let last = applied.last();
        self.read(applied).len() > 0 || last.is_some_and(|last| self.stands_empty(*last))
    }

    /// Whether it has a value where this assignment counts last and no item is there.
    pub(crate) fn stands_empty(&self, last: Assignment<'d>) -> bool {
        let kind = kind_of(self.kind_in_item().copied(), &[last]);
        kind.is_some_and(KeyKind::stands_when_empty)
    }

    /// The same, with where each item comes from.
    pub(crate) fn read(&self, applied: &[Assignment<'d>]) -> Items<'d> {
        Items::of(self.kind_in_item().copied(), applied)
    }
}
