//! An entry that the vendor calls otherwise now: all that is remembered of it under the former name goes along, whatever
//! had become of it there. So it does on the way back, to an image that knows the former name only.
//!
//! What is installed from the former name cannot: flatpak writes the name of the remote into what it
//! deploys. So a former remote that is in use stays beside the new one, hidden, until nothing is. It is nothing but
//! that then: whatever comes back under its name takes over from the new one.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;

use super::baseline::Baseline;
use super::draft::Draft;
use super::entry::Entry;
use super::key::KeyName;
use super::management::Management;
use super::names;
use super::store::Store;
use super::subject::Subject;
use super::target::{Adoption, Target};
use crate::reconcile::Wanted;
use crate::report::Wish;
use crate::source::Want;

impl<'d, T: Target> Subject<'d, '_, T> {
    /// What else the entry is called.
    pub(super) fn other_names(&self) -> Vec<&str> {
        let formers = self.entry().map_or(&[][..], |entry| &entry.former_names);
        names::others(&self.draft.before, self.source, self.name, formers)
    }

    /// The other name under which the entry is there, if it takes over from that.
    pub(crate) fn former(&self) -> Option<&str> {
        self.entry()?;
        let others = self.other_names().into_iter();
        let mut others = others.filter(|other| self.draft.before.has(other));
        others.find(|other| self.takes_over(other))
    }

    /// What its owner took from the vendor is handed back by them alone. What others made has to be the same, and is
    /// nobody else's; what an entry that has taken over left behind is nothing.
    fn takes_over(&self, other: &str) -> bool {
        match self.management_of(other) {
            Some(Management::Succeeded) => false,
            Some(Management::Released) => self.draft.wish(self.name) == Some(&Wish::Adopt),
            Some(_) => true,
            None => {
                let (target, before) = (self.draft.target, &self.draft.before);
                let formers = self.entry().map(|entry| &entry.former_names);
                let is_named =
                    formers.is_some_and(|formers| formers.iter().any(|one| one == other));
                let is_same = |wanted| target.is_same(before, other, wanted);
                is_named
                    && target.adoption(before, other) == Adoption::Unasked
                    && self.value().is_some_and(is_same)
            }
        }
    }

    /// How an entry is managed. A copy that the owner made of one has its notes, but was never offered.
    fn management_of(&self, name: &str) -> Option<Management> {
        let before = &self.draft.before;
        Management::of(before, name).filter(|_| before.marks(name).offered)
    }

    /// Whether an entry is there under another name, where it follows the vendor: then nobody deleted it.
    pub(super) fn follows_elsewhere(&self) -> bool {
        let management = self.former().and_then(|former| self.management_of(former));
        management.is_some_and(Management::follows)
    }

    /// Whether the owner took it from the vendor under another name: it is theirs under any.
    pub(super) fn is_released_elsewhere(&self) -> bool {
        let before = &self.draft.before;
        let is_asked = self.draft.wish(self.name) == Some(&Wish::Adopt);
        let is_released = |other: &&str| {
            before.has(other) && self.management_of(other) == Some(Management::Released)
        };
        !is_asked
            && !before.has(self.name)
            && !before.marks(self.name).tombstone()
            && self.entry().is_some()
            && self.other_names().iter().any(is_released)
    }

    /// How the entry is managed that takes over from another name.
    pub(super) fn inherited_management(&self, former: &str) -> Management {
        match self.management_of(former) {
            Some(Management::Created) => Management::Created,
            _ => Management::Adopted,
        }
    }

    /// Whether others made what it takes over from.
    pub(crate) fn is_others(&self, former: &str) -> bool {
        self.management_of(former).is_none()
    }

    /// What the owner did to the keys under that name, as raw values; none for a key that they took away.
    pub(super) fn edits_of(
        &self,
        former: &str,
        entry: &Entry,
    ) -> BTreeMap<KeyName<'static>, Option<BString>> {
        let before = &self.draft.before;
        let target = self.draft.target;
        let is_others = self.is_others(former);
        let baseline = Baseline::read(before, former, T::Store::NOTES.baseline);
        let pairs = before.pairs(former);
        let there = pairs.iter().map(|(key, _)| key);
        let known = baseline.values().map(|(key, _)| key);
        // Of what others made, some is not filled in.
        let left_out = entry.settings.iter().filter(|setting| {
            is_others
                && before.get(former, &setting.key).is_none()
                && !target.is_filled(&setting.key, setting.value.as_bstr())
        });
        let left_out = left_out.map(|setting| &setting.key);
        let mut edits = BTreeMap::new();
        for key in known.chain(there).chain(left_out) {
            let value = before.get(former, key);
            let vendors = if is_others {
                entry.get(key).map(|setting| setting.value.as_bstr())
            } else {
                baseline.get(key)
            };
            let is_owners = target.is_owners(before, former, key);
            let is_vendors = value == vendors || entry.is_former(key, value);
            let is_servers = target.is_servers(key) && !(is_others && entry.get(key).is_some())
                || !is_others && target.may_be_servers(key) && vendors.is_none();
            let is_edit = is_owners || target.is_mark(key) || !is_vendors && !is_servers;
            if is_edit && !self.is_hidden_by_us_as(former, key) {
                edits.insert(key.to_static(), value.map(BStr::to_owned));
            }
        }
        edits
    }

    /// What stands in the way of an entry that is to take over from this one, which the vendor withdrew: until that
    /// works, this one stays. It is known from the start, or since that entry was to be made in this run. An entry that
    /// cannot be read is held to be one only if its lines say so: else one broken file would keep all that was ever
    /// withdrawn. Nothing of the owner's is lost by that: what they edited is left to them, and hands all over whenever
    /// the new name works.
    pub(super) fn successors_obstacle(&self) -> Option<Finding> {
        let is_withdrawn = self.wanted == Wanted::Withdrawn && !self.source.has(self.name);
        if !is_withdrawn || !self.management.is_some_and(Management::follows) {
            return None;
        }
        let Draft {
            observed,
            before,
            unmade,
            ..
        } = &*self.draft;
        let source = self.source;
        let mut entries = source.entries.iter();
        entries.find_map(|(name, layered)| {
            if before.has(name) || before.marks(name).tombstone() {
                return None;
            }
            let (formers, finding) = match &layered.want {
                Want::Unresolved(finding) => (&layered.former_names, finding),
                Want::Present(wanted) => {
                    let finding = observed.broken.get(name).or_else(|| unmade.get(name))?;
                    (&wanted.as_ref().former_names, finding)
                }
                Want::Masked(_) | Want::Headless => return None,
            };
            let others = names::others(before, source, name, formers);
            let is_one = others.contains(&self.name);
            is_one.then(|| self.waits(name, finding))
        })
    }

    /// Why it stays, and until when.
    fn waits(&self, successor: &str, why: &Finding) -> Finding {
        let mut finding = why.clone();
        finding.message = format!(
            "{}; {} stays as it is until this is mended, since {} takes over from it; or mask {}",
            why.message,
            escape(self.name.as_bytes()),
            escape(successor.as_bytes()),
            escape(successor.as_bytes())
        );
        finding
    }

    /// What stands in the way of the entry that this one takes over from: as long as that has to stay, this one waits,
    /// so that it is never there under both names.
    pub(super) fn formers_obstacle(&self) -> Option<&'d Finding> {
        let former = self.former().filter(|_| self.is_absent())?;
        self.draft.observed.broken.get(former)
    }

    /// What the vendor calls it now, if an entry of that name has taken over from it, in this run or before.
    pub(super) fn new_name(&self) -> Option<&str> {
        let mut formers = self.draft.formers.iter();
        let new = formers.find(|(_, former)| *former == self.name);
        let new = new.map(|(name, _)| name.as_str());
        let is_succeeded = self.management == Some(Management::Succeeded);
        let later = || self.draft.before.later_name(self.name);
        new.or_else(|| later().filter(|_| is_succeeded))
    }

    /// Whether another entry has taken over from this one, in this run or before.
    pub(super) fn is_succeeded(&self) -> bool {
        let mut formers = self.draft.formers.values();
        self.management == Some(Management::Succeeded) || formers.any(|former| former == self.name)
    }
}
