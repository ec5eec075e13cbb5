//! What a document comes to: the values that its consumer ends with.

mod lines;

use bstr::BStr;

pub use self::lines::Line;
use super::Document;
use super::sections::Order;
use crate::ledger::KeyId;
use crate::schema::KeyKind;
use crate::view::{Assignment, Counting, Item, Items, Key, is_list, kind_of};

/// A section that has values; of a section that repeats ([`Schema::is_repeated`]), what stands below
/// one header.
///
/// [`Schema::is_repeated`]: crate::schema::Schema::is_repeated
#[derive(Debug, Clone)]
#[non_exhaustive]
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
#[non_exhaustive]
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

/// The same as it is read: few of those who go through all values keep them.
pub(super) struct Value<'v, 'd> {
    pub(super) key: Key<'d>,
    kind: Option<KeyKind>,
    pub(super) items: &'v Items<'d>,
    applied: &'v [Assignment<'d>],
}

impl Value<'_, '_> {
    /// Whether it is an array of which each element is an item.
    pub(super) fn is_array(&self) -> bool {
        self.key.is_array(self.applied)
    }
}

impl<'d> From<&Value<'_, 'd>> for Effective<'d> {
    fn from(value: &Value<'_, 'd>) -> Self {
        Self {
            key: value.key,
            kind: value.kind,
            items: value.items.iter().cloned().collect(),
            applied: value.applied.into(),
        }
    }
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

    /// Hands over the same value by value, each with the number of its part.
    pub(super) fn values_by_name<'d>(
        &'d self,
        mut sink: impl FnMut(Option<usize>, &Value<'_, 'd>),
    ) {
        for keys in self.sections(Order::ByName).iter() {
            self.values(keys, Order::ByName, &mut sink);
        }
    }

    fn parts_in(&self, order: Order) -> impl Iterator<Item = Part<'_>> {
        let sections = self.sections(order);
        let parts = (0..sections.len()).map(move |section| {
            let mut parts = Vec::<Part<'_>>::new();
            self.values(
                sections.keys(section),
                order,
                &mut |number, value| match parts.last_mut() {
                    Some(part) if part.number == number => part.values.push(value.into()),
                    _ => parts.push(Part {
                        section: value.key.section(),
                        number,
                        values: vec![value.into()],
                    }),
                },
            );
            parts
        });
        parts.flatten()
    }

    /// Hands over what these keys of a section come to, one after the other. Where every header begins an
    /// item, they come header by header, each with its number.
    fn values<'d>(
        &'d self,
        keys: &[KeyId],
        order: Order,
        sink: &mut impl FnMut(Option<usize>, &Value<'_, 'd>),
    ) {
        let keys = keys.iter().map(|&key| Key::new(self.view(), key));
        let is_below_header = |key: Key<'_>| key.last().is_some_and(|last| last.header() > 0);
        if !keys.clone().any(is_below_header) {
            return keys.for_each(|key| key.values(&mut |value| sink(None, value)));
        }
        let mut counting = Vec::<(Key<'d>, Counting<'d>)>::new();
        keys.for_each(|key| {
            key.values(&mut |value| counting.push((key, value.applied.into())));
        });
        // Where the keys of another header first appear says nothing here.
        counting.sort_by_key(|(_, applied)| applied[0].number());
        let mut number = 0;
        let mut last = None;
        let numbered = counting.into_iter().map(|(key, applied)| {
            let header = applied[0].header();
            if last.replace(header) != Some(header) {
                number += 1;
            }
            (number, key, applied)
        });
        let mut numbered: Vec<_> = numbered.collect();
        if order == Order::ByName {
            numbered.sort_by_key(|(number, key, _)| (*number, key.name()));
        }
        for (number, key, applied) in numbered {
            key.value(&applied, &mut |value| sink(Some(number), value));
        }
    }
}

impl Effective<'_> {
    /// Whether it is known to be a list, of however many items.
    pub fn is_list(&self) -> bool {
        is_list(self.kind)
    }
}

impl<'d> Key<'d> {
    /// Hands over what it comes to, if anything: below each of the headers that begin an item, or in all.
    fn values(self, sink: &mut impl FnMut(&Value<'_, 'd>)) {
        let counting = self.counting();
        for applied in counting.chunk_by(|a, b| a.header() == b.header()) {
            self.value(applied, sink);
        }
    }

    /// Hands over what these of its assignments come to, if anything.
    fn value(self, applied: &[Assignment<'d>], sink: &mut impl FnMut(&Value<'_, 'd>)) {
        let known = self.kind_in_item().copied();
        let kind = kind_of(known, applied);
        let items = Items::of(known, applied);
        if items.len() > 0 || kind.is_some_and(KeyKind::stands_when_empty) {
            sink(&Value {
                key: self,
                kind,
                items: &items,
                applied,
            });
        }
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
