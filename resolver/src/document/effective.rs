//! What a document comes to: the values that its consumer ends with.

mod lines;

use std::borrow::Cow;

use bstr::BStr;
use indexmap::IndexSet;
use smallvec::SmallVec;

pub use self::lines::Line;
use super::items::kind_of;
use super::{Assignment, Document, Items, Key, State};
use crate::format::Node;
use crate::ledger::{KeyId, SectionId};
use crate::scan::Fragment;
use crate::scan::State::{Masked, Shadowed};
use crate::schema::{KeyKind, Merge, Split};

/// Assignments of a key that count; mostly it is one.
pub(super) type Counting<'d> = SmallVec<[Assignment<'d>; 1]>;

/// A section that has values; of a section that repeats ([`Schema::is_repeated`]), what stands below
/// one header.
///
/// [`Schema::is_repeated`]: crate::schema::Schema::is_repeated
#[derive(Debug, Clone)]
pub struct Part<'d> {
    /// The section, or the dotted path of tables; empty for none.
    pub section: &'d BStr,
    /// Which of the headers of this name it is, counted from 1, where each begins an item of its own;
    /// else none.
    pub number: Option<usize>,
    /// The values, in the order in which their keys first appear in the section, or below the header.
    pub values: Vec<Effective<'d>>,
}

/// What one key comes to.
#[derive(Debug, Clone)]
pub struct Effective<'d> {
    /// The key.
    pub key: Key<'d>,
    /// What is known of it; none if nobody can tell what repeated assignments come to.
    pub kind: Option<KeyKind>,
    /// The value item by item: one for a scalar. A list without an item is an emptied one whose default
    /// does not come back.
    pub items: Vec<Item<'d>>,
    /// The assignments that count.
    pub(crate) applied: Counting<'d>,
}

/// One item of a value, and where it comes from.
#[derive(Debug, Clone)]
pub struct Item<'d> {
    /// The item; of a value with a type, that value in the notation of TOML.
    pub value: Cow<'d, [u8]>,
    /// The assignment that brought it.
    pub from: Assignment<'d>,
    /// The item with its type, where the format gives it one.
    pub(crate) node: Option<&'d Node>,
}

/// In which order sections and keys stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// As the consumer first meets them.
    AsMet,
    /// In byte order.
    ByName,
}

impl Document {
    /// The values that the consumer ends with, section by section: lists with their items, without
    /// what empties them, and without what the consumer ignores ([`Key::unknown`]). Nothing where it
    /// loads nothing.
    ///
    /// Sections and keys stand in the order in which the consumer first meets them, the section without a
    /// name first. Where
    /// every header begins an item of its own, so does every header that has a value here: systemd-networkd
    /// makes one object of a header's file and line, so no two of them merge
    /// (systemd: networkd-util.c `network_config_section_new()`).
    ///
    /// ```
    /// # use overlay_resolver::{Catalog, Resolver, Tree};
    /// let path = "systemd/system/a.service";
    /// let document = Resolver::new(Tree::default())
    ///     .rules(Catalog::built_in().rules(path.as_ref()).unwrap())
    ///     .with("/usr/lib/systemd/system/a.service", "[Service]\nExecStart=/bin/a\n")
    ///     .with("/etc/systemd/system/a.service.d/b.conf", "[Service]\nExecStart=\nExecStart=/bin/b\n")
    ///     .resolve(path).unwrap();
    /// let exec_start = &document.effective()[0].values[0];
    /// let items: Vec<_> = exec_start.items.iter().map(|item| &*item.value).collect();
    /// assert_eq!(items, [b"/bin/b"]);
    /// assert_eq!(exec_start.items[0].from.line(), 3);
    /// ```
    pub fn effective(&self) -> Vec<Part<'_>> {
        self.parts().collect()
    }

    /// The same, part by part: of many keys, what each comes to takes more memory than the files.
    pub fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        self.parts_in(Order::AsMet)
    }

    /// The same in byte order of sections and keys, which does not depend on the files that say it.
    pub(super) fn parts_by_name(&self) -> impl Iterator<Item = Part<'_>> {
        self.parts_in(Order::ByName)
    }

    /// The same value by value, each with the number of its part.
    pub(super) fn values_by_name(&self) -> impl Iterator<Item = (Option<usize>, Effective<'_>)> {
        let sections = self.sections(Order::ByName);
        sections.flat_map(|keys| values(keys, Order::ByName))
    }

    fn parts_in(&self, order: Order) -> impl Iterator<Item = Part<'_>> {
        let parts = self.sections(order).map(move |keys| {
            let mut parts = Vec::<Part<'_>>::new();
            for (number, value) in values(keys, order) {
                match parts.last_mut() {
                    Some(part) if part.number == number => part.values.push(value),
                    _ => parts.push(Part {
                        section: value.key.section(),
                        number,
                        values: vec![value],
                    }),
                }
            }
            parts
        });
        parts.flatten()
    }

    /// The keys of each section that may have a value.
    fn sections(&self, order: Order) -> impl Iterator<Item = Vec<Key<'_>>> {
        let section = |key: &KeyId| self.ledger.key_name(*key).0;
        let mut keys = self.keys_by_section();
        if order == Order::ByName {
            let sections = keys.chunk_by_mut(|a, b| section(a) == section(b));
            let mut sections: Vec<_> = sections.collect();
            sections.sort_by_key(|keys| self.ledger.section_name(section(&keys[0])));
            for keys in &mut sections {
                keys.sort_by_key(|key| self.ledger.key_name(*key).1);
            }
            keys = sections.concat();
        }
        let mut start = 0;
        std::iter::from_fn(move || {
            let mut rest = keys[start..].chunk_by(|a, b| section(a) == section(b));
            let keys = rest.next()?;
            start += keys.len();
            let keys = keys.iter().map(|&key| Key::new(self.view(), key));
            Some(keys.collect())
        })
    }

    /// The keys that may have a value, section by section.
    fn keys_by_section(&self) -> Vec<KeyId> {
        if !self.loads() {
            return Vec::new();
        }
        let mut met = IndexSet::<SectionId, foldhash::fast::RandomState>::default();
        let mut keys = Vec::new();
        for id in self.keys_as_met() {
            let key = Key::new(self.view(), id);
            // A section has its place even if its consumer does not know the first key.
            let (rank, _) = met.insert_full(key.section_id());
            if key.unknown().is_none() {
                keys.push((!key.section().is_empty(), rank, id));
            }
        }
        keys.sort_by_key(|&(is_named, rank, _)| (is_named, rank));
        keys.into_iter().map(|(.., id)| id).collect()
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

impl Effective<'_> {
    /// Whether it is known to be a list, of however many items.
    pub fn is_list(&self) -> bool {
        self.kind.is_some_and(|kind| {
            kind.split != Split::None || !matches!(kind.merge, Merge::Last | Merge::First)
        })
    }
}

/// What these keys of a section come to, one after the other. Where every header begins an item, they come
/// header by header, each with its number.
fn values(
    keys: Vec<Key<'_>>,
    order: Order,
) -> Box<dyn Iterator<Item = (Option<usize>, Effective<'_>)> + '_> {
    let is_below_header = |key: &Key<'_>| key.last().is_some_and(|last| last.header() > 0);
    let is_repeated = keys.iter().any(is_below_header);
    let values = keys.into_iter().flat_map(Key::effective);
    if !is_repeated {
        return Box::new(values.map(|value| (None, value)));
    }
    let mut values: Vec<_> = values.collect();
    // Where the keys of another header first appear says nothing here.
    values.sort_by_key(|value| value.applied.first().map(Assignment::number));
    let mut number = 0;
    let mut last = None;
    let numbered = values.into_iter().map(|value| {
        let header = value.applied.first().map(Assignment::header);
        if header != last {
            (number, last) = (number + 1, header);
        }
        (Some(number), value)
    });
    let mut numbered: Vec<_> = numbered.collect();
    if order == Order::ByName {
        numbered.sort_by_key(|(number, value)| (*number, value.key.name()));
    }
    Box::new(numbered.into_iter())
}

impl<'d> Key<'d> {
    /// What it comes to, if anything: below each of the headers that begin an item, or in all.
    fn effective(self) -> SmallVec<[Effective<'d>; 1]> {
        let known = self.kind_in_item().copied();
        let counting = self.counting();
        let groups = counting.chunk_by(|a, b| a.header() == b.header());
        let values = groups.map(|applied| Effective {
            key: self,
            kind: kind_of(known, applied),
            items: Items::of(known, applied).into_iter().collect(),
            applied: applied.into(),
        });
        values
            .filter(|value| {
                !value.items.is_empty() || value.kind.is_some_and(KeyKind::stands_when_empty)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::{Resolver, Tree};

    /// Files that are hidden have no say in the order, whether or not they are read.
    #[test]
    fn keys_stand_as_they_are_met() {
        let resolver = Resolver::new(Tree::default())
            .with("/usr/lib/x.d/a.conf", "[S]\nlow=1\nb=1\na=1\n[R]\nc=1\n")
            .with("/etc/x.d/a.conf", "[T]\nd=1\n[R]\nc=2\n[S]\na=2\nb=2\n");
        let shown = |resolver: Resolver| {
            let document = resolver.resolve("x.d").unwrap();
            let parts = document.effective().into_iter();
            let keys = parts.flat_map(|part| part.values);
            let name = |key: &super::Effective<'_>| key.key.name().to_string();
            keys.map(|key| name(&key)).collect::<Vec<_>>()
        };
        assert_eq!(shown(resolver.clone()), ["d", "c", "a", "b"]);
        assert_eq!(shown(resolver.with_history()), ["d", "c", "a", "b"]);
    }
}
