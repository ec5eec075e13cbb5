//! What a document comes to: the values that its consumer ends with.

mod lines;

use std::borrow::Cow;

use bstr::BStr;
use indexmap::IndexMap;
use smallvec::SmallVec;

pub use self::lines::Line;
use super::items::kind_of;
use super::{Assignment, Document, Items, Key, State};
use crate::format::Node;
use crate::ledger::SectionId;
use crate::scan::Fragment;
use crate::scan::State::{Masked, Shadowed};
use crate::schema::{KeyKind, Merge, Split};

type Map<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;
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
        self.sections().into_iter().flat_map(|keys| parts(&keys))
    }

    /// The same in byte order of sections and keys, which does not depend on the files that say it.
    pub(super) fn parts_by_name(&self) -> impl Iterator<Item = Part<'_>> {
        let mut sections = self.sections();
        sections.sort_unstable_by_key(|keys| keys.first().map(Key::section));
        let parts = sections.into_iter().flat_map(|mut keys| {
            keys.sort_unstable_by_key(Key::name);
            parts(&keys)
        });
        parts.map(|mut part| {
            // Below a header of its own, the order was that of the lines.
            part.values.sort_by_key(|value| value.key.name());
            part
        })
    }

    /// The keys that may have a value, section by section. One without any keeps its place.
    fn sections(&self) -> Vec<Vec<Key<'_>>> {
        if !self.loads() {
            return Vec::new();
        }
        let mut sections = Map::<SectionId, Vec<Key<'_>>>::default();
        for key in self.keys_as_met() {
            let keys = sections.entry(key.section_id()).or_default();
            if key.unknown().is_none() {
                keys.push(key);
            }
        }
        let mut sections: Vec<_> = sections.into_values().collect();
        sections.sort_by_key(|keys| keys.first().is_some_and(|key| !key.section().is_empty()));
        sections
    }

    /// The keys in the order in which the consumer meets them: those of files that are hidden it does not.
    fn keys_as_met(&self) -> Vec<Key<'_>> {
        let has_text = |file: &Fragment| !file.text.is_empty();
        let is_hidden =
            |file: &Fragment| matches!(file.state, Shadowed(_) | Masked(_)) && has_text(file);
        // Mostly none of those was read, and the ledger has the order.
        if !self.entry.fragments.iter().any(is_hidden) {
            return self.keys().collect();
        }
        let met = |key: Key<'_>| {
            let mut rows = key.history();
            let read = rows.find(|row| !matches!(row.state(), State::Shadowed | State::Masked))?;
            Some(read.number())
        };
        let mut keys: Vec<_> = self
            .keys()
            .filter_map(|key| Some((met(key)?, key)))
            .collect();
        keys.sort_unstable_by_key(|(met, _)| *met);
        keys.into_iter().map(|(_, key)| key).collect()
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

/// What these keys of a section come to: one part, or one for each of its headers that begins an item.
fn parts<'d>(keys: &[Key<'d>]) -> Vec<Part<'d>> {
    let mut values = Vec::with_capacity(keys.len());
    for key in keys {
        key.effective(&mut values);
    }
    // Of a section whose headers begin items, those are numbered from 1; else it is 0.
    let header = |value: &Effective<'_>| value.applied.first().map_or(0, Assignment::header);
    let is_repeated = values.iter().any(|value| header(value) > 0);
    // Where the keys of another header first appear says nothing here.
    if is_repeated {
        values.sort_by_key(|value| value.applied.first().map(Assignment::number));
    }
    let mut parts = Vec::new();
    // From the last header on, so that no value is moved more than once.
    while let Some((section, last)) = values.last().map(|v| (v.key.section(), header(v))) {
        let start = values.partition_point(|value| header(value) < last);
        parts.push(Part {
            section,
            number: None,
            values: values.split_off(start),
        });
    }
    parts.reverse();
    if is_repeated {
        for (number, part) in (1..).zip(&mut parts) {
            part.number = Some(number);
        }
    }
    parts
}

impl<'d> Key<'d> {
    /// Adds what it comes to, if anything: below each of the headers that begin an item, or in all.
    fn effective(self, values: &mut Vec<Effective<'d>>) {
        let known = self.kind_in_item().copied();
        let counting = self.counting();
        for applied in counting.chunk_by(|a, b| a.header() == b.header()) {
            let kind = kind_of(known, applied);
            let items: Vec<_> = Items::of(known, applied).into_iter().collect();
            if !items.is_empty() || kind.is_some_and(KeyKind::stands_when_empty) {
                values.push(Effective {
                    key: self,
                    kind,
                    items,
                    applied: applied.into(),
                });
            }
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
