//! The questions that the tables ask, answered from what the layers want and the target has.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use bstr::{BStr, ByteSlice as _};

use super::baseline::Baseline;
use super::entry::Entry;
use super::key::KeyName;
use super::management::Management;
use super::store::Store as _;
use super::subject::Subject;
use super::target::{Adoption, Target};
use crate::reconcile::{self, Actual, Key, KeyAction, Marks, Wanted};
use crate::report::{Mask, Wish};
use crate::source::Want;

impl<T: Target> Subject<'_, '_, T> {
    /// A mask of a name that the vendor has since changed still says what the owner wants.
    pub(super) fn mask(&self) -> Option<Mask> {
        let mask = |want: &Want<T::Wanted>, is_former_name| match want {
            Want::Masked(path) => Some(Mask {
                path: path.clone(),
                is_former_name,
            }),
            _ => None,
        };
        mask(&self.layered?.want, false).or_else(|| {
            let formers = &self.entry()?.former_names;
            let mut formers = formers
                .iter()
                .filter_map(|name| self.source.entries.get(name));
            formers.find_map(|former| mask(&former.want, true))
        })
    }

    /// Whether the layers have a value for a key.
    pub(super) fn is_wanted(&self, key: &KeyName<'_>) -> bool {
        let found = self.by_key.binary_search_by(|setting| setting.key.cmp(key));
        found.is_ok()
    }

    /// The keys that the layers say nothing of and that were ours once: by the baseline, or as the vendor
    /// says.
    pub(super) fn withdrawn_keys(&self, entry: &Entry) -> Vec<KeyName<'static>> {
        let of_baseline = self.baseline.values().map(|(key, _)| key);
        let keys: BTreeSet<_> = of_baseline.chain(entry.former_keys()).collect();
        let withdrawn = keys.into_iter().filter(|key| !self.is_wanted(key));
        withdrawn.cloned().collect()
    }

    /// What is remembered of the name, with what the owner or an older mechanism has to say to it.
    pub(super) fn marks(&self) -> Marks {
        let config = &self.draft.before;
        let marks = config.marks(self.name);
        let absent = self.is_absent();
        let is_left_behind = self.management == Some(Management::Succeeded);
        if absent && (self.follows_elsewhere() || is_left_behind && self.former().is_some()) {
            return Marks::WITHHELD;
        }
        if absent && self.draft.wish(self.name) == Some(&Wish::Restore) {
            return if marks.tombstone() || self.inherited_tombstone(marks) {
                Marks::WITHHELD
            } else {
                marks
            };
        }
        if absent && !marks.tombstone() && self.inherited_tombstone(marks) {
            return Marks::OFFERED;
        }
        marks
    }

    /// Whether the owner deleted the entry under a former name, or, by the stamp of an older
    /// mechanism, before any name was offered.
    fn inherited_tombstone(&self, marks: Marks) -> bool {
        let config = &self.draft.before;
        let deleted = |other: &str| config.marks(other).tombstone() && !config.has(other);
        // An image does not know what others call it.
        if self.other_names().into_iter().any(deleted) {
            return true;
        }
        let Some(entry) = self.entry() else {
            return false;
        };
        // A stamp speaks of the time before any of its names was put before the owner.
        let formers = || entry.former_names.iter();
        let is_new = marks.is_new() && formers().all(|former| config.marks(former).is_new());
        let stamp = entry.deleted_if.as_ref();
        formers().any(|former| deleted(former))
            // And not of what is there under a former name.
            || is_new
                && self.former().is_none()
                && stamp.is_some_and(|stamp| self.draft.observed.stamps.contains(stamp))
    }

    /// Whether it is not there. What is left behind of one that comes back under this name is as good as nothing.
    pub(super) fn is_absent(&self) -> bool {
        let comes_back = || {
            self.management == Some(Management::Succeeded)
                && self.wanted == Wanted::Present
                && (self.former().is_some() || self.inherited_tombstone(Marks::OFFERED))
        };
        !self.draft.before.has(self.name) || comes_back()
    }

    pub(super) fn actual(&self) -> Actual {
        let config = &self.draft.before;
        if self.is_absent() {
            return Actual::Absent;
        }
        let in_use = self.draft.observed.in_use.contains_key(self.name);
        if self.wanted == Wanted::Withdrawn && self.is_succeeded() {
            return Actual::Ours {
                left: false,
                pristine: true,
                in_use,
            };
        }
        let asked = self.draft.wish(self.name) == Some(&Wish::Adopt);
        if self.management == Some(Management::Released) {
            return Actual::Theirs {
                same_identity: asked,
            };
        }
        let Some(management) = self.management else {
            let target = self.draft.target;
            let is_same = |wanted| target.is_same(config, self.name, wanted);
            let is_same = self.value().is_some_and(is_same);
            // What another run is to write is nothing to take over in this one.
            let held = asked && self.draft.held(self.name).is_some();
            return Actual::Theirs {
                same_identity: match target.adoption(config, self.name) {
                    Adoption::Unasked => is_same || asked,
                    Adoption::Asked => asked && !held,
                    Adoption::Never => false,
                },
            };
        };
        Actual::Ours {
            left: management == Management::Withdrawn,
            // Only of what was withdrawn it is asked: to answer it takes apart what lies beside.
            pristine: self.wanted == Wanted::Withdrawn
                // A copy that the owner made of one of ours has our marks, but was never offered.
                && self.is_pristine()
                && config.marks(self.name).offered,
            in_use,
        }
    }

    fn is_created(&self) -> bool {
        self.management == Some(Management::Created)
    }

    /// Whether it is as we made it, what a server refreshes aside.
    pub(super) fn is_pristine(&self) -> bool {
        self.is_created()
            && self.is_pristine_beside()
            && !self.baseline.is_lost()
            && !self.draft.before.has_comments(self.name)
            && self.baseline.values().all(|(key, baseline)| {
                let action = reconcile::key(self.key(key, Some(baseline), Some(baseline)));
                matches!(action, KeyAction::Record | KeyAction::Drift)
            })
            && self.additions().is_empty()
    }

    /// The keys that neither we nor a server wrote: the owner's additions.
    pub(super) fn additions(&self) -> Vec<KeyName<'static>> {
        // These are reconciled, and told of, by themselves.
        let former = self.entry().map(Entry::former_keys).unwrap_or_default();
        let pairs = self.draft.before.pairs(self.name);
        let keys = pairs.iter().map(|(key, _)| key);
        keys.filter(|key| {
            let servers = self.draft.target.is_servers(key);
            let ours =
                self.baseline.get(*key).is_some() || former.contains(key) || self.is_wanted(key);
            !(servers && !self.is_owners(key)
                || ours
                || self.is_of_others(key)
                || self.is_hiding(key)
                || self.draft.target.is_mark(key))
        })
        .map(KeyName::to_static)
        .collect()
    }

    /// The keys that only another source gave, and that the owner took away.
    pub(super) fn others_taken_away(&self) -> Vec<KeyName<'static>> {
        let given = self.given.iter().flat_map(Baseline::values);
        let gone = given.map(|(key, _)| key).filter(|key| {
            let is_its_own = self.is_wanted(key) || self.baseline.get(*key).is_some();
            !is_its_own && self.draft.before.get(self.name, *key).is_none()
        });
        gone.cloned().collect()
    }

    /// Whether a key has what only another source gave.
    fn is_of_others(&self, key: &KeyName<'_>) -> bool {
        let actual = self.draft.before.get(self.name, key);
        actual.is_some() && self.given.iter().any(|given| given.get(key) == actual)
    }

    /// Whether the target's own convention marks a value as the owner's.
    pub(super) fn is_owners(&self, key: &KeyName<'_>) -> bool {
        let draft = &self.draft;
        draft.target.is_owners(&draft.before, self.name, key)
    }

    /// Whether the owner gives a key, or what lies beside the keys, back to the vendor.
    pub(crate) fn is_reverted(&self, what: impl fmt::Display) -> bool {
        let wish = self.draft.wish(self.name);
        wish.is_some_and(|wish| wish.reverts(&what.to_string()))
    }

    /// The file that it stands in, or would.
    pub(crate) fn place(&self) -> PathBuf {
        let draft = &self.draft;
        draft.target.place(&draft.before, self.name)
    }

    pub(super) fn key<'k>(
        &'k self,
        key: &KeyName<'_>,
        baseline: Option<&'k BStr>,
        desired: Option<&'k BStr>,
    ) -> Key<'k> {
        let config = &self.draft.before;
        let actual = config.get(self.name, key);
        // What others of ours set is not there as far as this source is concerned.
        let of_others = baseline.is_none() && self.is_of_others(key) || self.is_hiding(key);
        let actual = actual.filter(|_| !of_others);
        // What somebody wrote of whom the vendor says so is not the owner's.
        let reverted = self.is_reverted(key);
        let owners = self.is_owners(key) && !reverted;
        let entry = self.entry().filter(|_| !owners);
        let former = reverted || entry.is_some_and(|entry| entry.is_former(key, actual));
        Key {
            baseline: (if former { actual } else { baseline }).map(|v| v.as_bytes()),
            actual: actual.map(|v| v.as_bytes()),
            desired: desired.map(|v| v.as_bytes()),
            owners,
            refreshed: self.draft.target.is_refreshed(key),
            lost: self.baseline.is_lost() && !former,
        }
    }
}
