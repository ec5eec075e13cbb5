//! What the assignments of a key come to, item by item.

use std::borrow::Cow;

use bstr::ByteSlice as _;
use hashbrown::HashMap;
use smallvec::SmallVec;

use super::Assignment;
use crate::format::Node;
use crate::schema::{KeyKind, Merge, OnEmpty, Operator, Split};

/// One item of a value, and where it comes from.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Item<'d> {
    /// The item; of a value with a type, that value in the notation of TOML.
    pub value: Cow<'d, [u8]>,
    /// The assignment that brought it.
    pub from: Assignment<'d>,
    /// The item with its type, where the format gives it one.
    pub(crate) node: Option<&'d Node>,
}

/// The items of one key, as its assignments are read one after the other: those of lists follow each
/// other, a set has each once, a map has one of each variable. What stands below another header of a
/// section that repeats is another item's, and counts for itself.
#[derive(Debug)]
pub(crate) struct Items<'d> {
    kind: Option<KeyKind>,
    /// In order; none where one is gone.
    found: SmallVec<[Option<Item<'d>>; 1]>,
    /// Where the items of sets and maps are.
    places: HashMap<Identity, usize, foldhash::fast::RandomState>,
    /// What took an item of a set away that is not there any more.
    takers: HashMap<Identity, Assignment<'d>, foldhash::fast::RandomState>,
    /// What was to take items of a set away, none of which were there.
    idle: Vec<Assignment<'d>>,
    count: usize,
}

/// The header that an item stands below, and the item, or its variable.
type Identity = (u32, Vec<u8>);

impl<'d> Items<'d> {
    fn new(kind: Option<KeyKind>) -> Self {
        Self {
            kind,
            found: SmallVec::new(),
            places: HashMap::default(),
            takers: HashMap::default(),
            idle: Vec::new(),
            count: 0,
        }
    }

    /// What these assignments come to, if they are those that count.
    pub(crate) fn of(kind: Option<KeyKind>, applied: &[Assignment<'d>]) -> Self {
        let mut items = Self::new(kind);
        for assignment in applied {
            items.read(*assignment);
        }
        items
    }

    /// Reads an assignment that counts; returns the items that it takes away or gives anew. Who gives an
    /// item of a set anew changes nothing, so it stays that of the first.
    pub(crate) fn read(&mut self, from: Assignment<'d>) -> Vec<Item<'d>> {
        let mut known = Vec::new();
        if !self.has_identities() {
            // Of many keys, this is most of the way to what they come to: nothing is collected.
            from.each_item(self.kind, &mut |item| self.push(item));
            return known;
        }
        let is_set = self.kind.is_some_and(|kind| kind.merge == Merge::Set);
        let removes = is_set && from.operator() == Operator::Remove;
        for item in from.items(self.kind) {
            let Some(identity) = self.identity(&item) else {
                self.push(item);
                continue;
            };
            if is_set
                && !removes
                && let Some(first) = self.at(&identity)
            {
                known.push(first.clone());
                continue;
            }
            let taken = self.take(&identity);
            if !removes {
                self.takers.remove(&identity);
                self.places.insert(identity, self.found.len());
                self.push(item);
            } else if taken.is_some() {
                self.takers.insert(identity, from);
            }
            known.extend(taken);
        }
        if removes && known.is_empty() {
            self.idle.push(from);
        }
        known
    }

    fn push(&mut self, item: Item<'d>) {
        self.found.push(Some(item));
        self.count += 1;
    }

    fn at(&self, identity: &Identity) -> Option<&Item<'d>> {
        self.found[*self.places.get(identity)?].as_ref()
    }

    fn take(&mut self, identity: &Identity) -> Option<Item<'d>> {
        let place = self.places.remove(identity)?;
        let item = self.found[place].take()?;
        self.count -= 1;
        Some(item)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count
    }

    /// What gives the first item that `from` brought, or took it away.
    pub(crate) fn in_place_of(&self, from: Assignment<'d>) -> Option<Assignment<'d>> {
        let item = from.items(self.kind).into_iter().next()?;
        let identity = self.identity(&item)?;
        let giver = self.at(&identity).map(|item| item.from);
        giver.or_else(|| self.takers.get(&identity).copied())
    }

    /// What was to take items of a set away, none of which were there.
    pub(crate) fn idle(&self) -> &[Assignment<'d>] {
        &self.idle
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Item<'d>> {
        self.found.iter().flatten()
    }

    /// Whether two items may be the same.
    fn has_identities(&self) -> bool {
        let merge = self.kind.map(|kind| kind.merge);
        matches!(merge, Some(Merge::Set | Merge::Map))
    }

    /// By what two items are told to be the same; none for a list, which may repeat one.
    fn identity(&self, item: &Item<'d>) -> Option<Identity> {
        let name = match self.kind?.merge {
            Merge::Set => item.value.to_vec(),
            Merge::Map => variable(&item.value).to_vec(),
            Merge::Last | Merge::First | Merge::Append => return None,
        };
        Some((item.from.header(), name))
    }
}

impl<'d> Assignment<'d> {
    /// What it says, its key being of this kind. Lists that add up are their elements, so that it makes no
    /// difference in which of the files an element stands.
    fn each_item(self, kind: Option<KeyKind>, sink: &mut impl FnMut(Item<'d>)) {
        let typed = |node: &'d Node| Item {
            value: Cow::Owned(node.to_string().into_bytes()),
            node: Some(node),
            from: self,
        };
        let text = |value| Item {
            value,
            node: None,
            from: self,
        };
        match (self.node(), kind) {
            (Some(Node::Array(elements)), _) if self.adds_up(kind) => {
                elements.iter().map(typed).for_each(sink);
            }
            (Some(node), _) => sink(typed(node)),
            (None, Some(kind)) if self.record().is_empty() && kind.empty != OnEmpty::Value => {}
            (None, Some(kind)) if kind.split != Split::None => {
                let items = kind.split.items(self.value().as_bytes());
                items.into_iter().map(text).for_each(sink);
            }
            (None, _) => sink(text(Cow::Borrowed(self.value()))),
        }
    }

    fn items(self, kind: Option<KeyKind>) -> Vec<Item<'d>> {
        let mut items = Vec::new();
        self.each_item(kind, &mut |item| items.push(item));
        items
    }

    fn adds_up(&self, kind: Option<KeyKind>) -> bool {
        self.view.ledger.adds_up(self.row(), kind)
    }
}

/// What a key of this kind is where these of its assignments count. Of values with types only the rules
/// and the values tell whether they are a list, and an empty one is as good as any other.
pub(crate) fn kind_of(kind: Option<KeyKind>, applied: &[Assignment<'_>]) -> Option<KeyKind> {
    let kind = kind?;
    let Some(last) = applied.last().filter(|last| last.node().is_some()) else {
        return Some(kind);
    };
    Some(KeyKind {
        merge: if last.adds_up(Some(kind)) {
            Merge::Append
        } else {
            kind.merge
        },
        split: Split::None,
        empty: OnEmpty::Value,
    })
}

/// Whether what is of this kind is known to be a list.
pub(crate) fn is_list(kind: Option<KeyKind>) -> bool {
    kind.is_some_and(|kind| {
        kind.split != Split::None || !matches!(kind.merge, Merge::Last | Merge::First)
    })
}

impl<'d> IntoIterator for Items<'d> {
    type Item = Item<'d>;
    type IntoIter = std::iter::Flatten<smallvec::IntoIter<[Option<Item<'d>>; 1]>>;

    fn into_iter(self) -> Self::IntoIter {
        self.found.into_iter().flatten()
    }
}

/// The name before the `=` of an item of a map.
fn variable(item: &[u8]) -> &[u8] {
    item.split_once_str("=").map_or(item, |(name, _)| name)
}
