//! An entry that the vendor calls otherwise now: what its owner did under the former name goes along. So it does on the
//! way back, to an image that knows the former name only.
//!
//! What is installed from the former name cannot: flatpak writes the name of the remote into what it
//! deploys. So a former remote that is in use stays beside the new one, hidden, until nothing is.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::finding::Finding;

use super::baseline::Baseline;
use super::entry::Entry;
use super::management::Management;
use super::store::Store;
use super::subject::Subject;
use super::target::Target;
use crate::reconcile::Marks;
use crate::source::Want;

impl<'d, T: Target> Subject<'d, '_, T> {
    /// The name that the entry had before, if the owner's doings under it go along.
    pub(super) fn former(&self) -> Option<String> {
        let before = &self.draft.before;
        let mut others = other_names(before, self.name, self.entry()?);
        let former = others.find(|name| {
            !self.source.entries.contains_key(*name)
                && Management::of(before, name) == Some(Management::Created)
        });
        former.map(str::to_owned)
    }

    /// What the owner did to the keys under that name, as raw values; none for a key that they took away.
    pub(super) fn edits_of(&self, former: &str) -> BTreeMap<String, Option<BString>> {
        let before = &self.draft.before;
        let baseline = Baseline::read(before, former, T::Store::NOTES.baseline);
        let target = self.draft.target;
        let taken_away = baseline.values().map(|(key, _)| key);
        let pairs = before.pairs(former);
        let there = pairs.iter().filter_map(|(key, _)| key.to_str().ok());
        let mut edits = BTreeMap::new();
        for key in taken_away.chain(there) {
            let value = before.get(former, key);
            let owners = target.is_owners(before, former, key);
            let untouched = value == baseline.get(key);
            let others =
                target.is_servers(key) || target.may_be_servers(key) && baseline.get(key).is_none();
            if owners || target.is_mark(key) || !untouched && !others {
                edits.insert(key.to_owned(), value.map(BStr::to_owned));
            }
        }
        edits
    }

    /// What stands in the way of the entry that is to take over what the owner did to this one: until that is made,
    /// this one stays. One that nobody touched goes, and is made anew when it can be.
    pub(super) fn successors_obstacle(&self) -> Option<&'d Finding> {
        let broken = &self.draft.observed.broken;
        let is_untouched = || self.edits_of(self.name).is_empty() && self.is_pristine_beside();
        if self.layered.is_some() || broken.is_empty() || is_untouched() {
            return None;
        }
        broken.iter().find_map(|(name, finding)| {
            let layered = self.source.entries.get(name)?;
            let Want::Present(wanted) = &layered.want else {
                return None;
            };
            let mut others = other_names(&self.draft.before, name, wanted.as_ref());
            others.any(|other| other == self.name).then_some(finding)
        })
    }

    /// What stands in the way of the entry that this one takes over from: as long as that has to stay, this one waits,
    /// so that it is never there under both names.
    pub(super) fn formers_obstacle(&self) -> Option<&'d Finding> {
        let is_there = self.draft.before.has(self.name);
        let former = self.former().filter(|_| !is_there)?;
        self.draft.observed.broken.get(&former)
    }

    /// Whether this run makes an entry that takes over what the owner did to this one.
    pub(super) fn is_succeeded(&self) -> bool {
        let before = &self.draft.before;
        self.source.entries.iter().any(|(name, layered)| {
            let Want::Present(wanted) = &layered.want else {
                return false;
            };
            let is_made = !before.has(name) && before.marks(name) != Marks::OFFERED;
            is_made && other_names(before, name, wanted.as_ref()).any(|other| other == self.name)
        })
    }
}

/// What else an entry was called: its former names, and the one that an image had for it which was rolled back.
fn other_names<'n>(
    before: &'n impl Store,
    name: &str,
    entry: &'n Entry,
) -> impl Iterator<Item = &'n str> {
    let formers = entry.former_names.iter().map(String::as_str);
    formers.chain(before.later_name(name))
}
