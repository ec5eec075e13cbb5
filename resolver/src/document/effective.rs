//! What a document comes to: the values that its consumer ends with.

mod lines;

use std::borrow::Cow;

use bstr::BStr;
use indexmap::{IndexMap, IndexSet};

pub use self::lines::Line;
use super::items::kind_of;
use super::{Assignment, Document, Items, Key, State};
use crate::format::Node;
use crate::ledger::SectionId;
use crate::scan::Fragment;
use crate::scan::State::{Masked, Shadowed};
use crate::schema::{KeyKind, Merge, Split};

type Map<K, V> = IndexMap<K, V, foldhash::fast::RandomState>;

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
    pub(crate) applied: Vec<Assignment<'d>>,
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
        if !self.loads() {
            return Vec::new();
        }
        let mut parts = Map::<(bool, usize, u32), Part<'_>>::default();
        let mut sections = IndexSet::<SectionId, foldhash::fast::RandomState>::default();
        for key in self.keys_as_met() {
            let (rank, _) = sections.insert_full(key.section_id());
            if key.unknown().is_some() {
                continue;
            }
            for (header, value) in key.effective() {
                let section = key.section();
                let place = (!section.is_empty(), rank, header);
                let part = parts.entry(place).or_insert_with(|| Part {
                    section,
                    number: None,
                    values: Vec::new(),
                });
                part.values.push(value);
            }
        }
        parts.sort_unstable_keys();
        let mut before = None;
        for ((_, section, header), part) in &mut parts {
            let last = before.filter(|(known, _)| known == section);
            let number = last.map_or(1, |(_, number)| number + 1);
            if *header > 0 {
                part.number = Some(number);
                // Where the keys of another header first appear says nothing here.
                let first = |value: &Effective<'_>| value.applied.first().map(Assignment::number);
                part.values.sort_by_key(first);
            }
            before = Some((*section, number));
        }
        parts.into_values().collect()
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

impl<'d> Key<'d> {
    /// What it comes to below each of the headers that begin an item; else all in one, of number 0.
    fn effective(self) -> Vec<(u32, Effective<'d>)> {
        let kind = self.kind_in_item().copied();
        let groups = by_header(self.applied());
        let values = groups.into_iter().map(|(header, applied)| {
            let value = Effective {
                key: self,
                kind: kind_of(kind, &applied),
                items: Items::of(kind, &applied).into_iter().collect(),
                applied,
            };
            (header, value)
        });
        values
            .filter(|(_, value)| {
                !value.items.is_empty() || value.kind.is_some_and(KeyKind::stands_when_empty)
            })
            .collect()
    }
}

/// These assignments of a key, those below one header of a section that repeats together.
fn by_header<'d>(
    assignments: impl IntoIterator<Item = Assignment<'d>>,
) -> Vec<(u32, Vec<Assignment<'d>>)> {
    let mut groups = Vec::<(u32, Vec<Assignment<'d>>)>::new();
    for assignment in assignments {
        let header = assignment.header();
        match groups.last_mut() {
            Some((last, group)) if *last == header => group.push(assignment),
            _ => groups.push((header, vec![assignment])),
        }
    }
    groups
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
