//! The questions that the tables ask, answered from what the layers want and the target has.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::{BStr, ByteSlice as _};

use super::management::Management;
use super::target::{Adoption, Store, Target};
use super::{HIDDEN_BY_US, Remote, Subject, fingerprints};
use crate::openpgp::{Certificate, Fingerprint, Keyring};
use crate::reconcile::{self, Actual, Key, KeyAction, Marks, Wanted};
use crate::report::{Mask, Wish};
use crate::source::Want;

impl<'d, T: Target> Subject<'d, '_, T> {
    pub(super) fn remote(&self) -> Option<&'d Remote> {
        match &self.layered?.want {
            Want::Present(remote) => Some(remote),
            _ => None,
        }
    }

    /// A mask of a name that the vendor has since changed still says what the owner wants.
    pub(super) fn mask(&self) -> Option<Mask> {
        let mask = |want: &Want<Remote>, is_former_name| match want {
            Want::Masked(path) => Some(Mask {
                path: path.clone(),
                is_former_name,
            }),
            _ => None,
        };
        mask(&self.layered?.want, false).or_else(|| {
            let formers = &self.remote()?.former_names;
            let mut formers = formers
                .iter()
                .filter_map(|name| self.source.entries.get(name));
            formers.find_map(|former| mask(&former.want, true))
        })
    }

    /// Whether the layers have a value for a key.
    pub(super) fn is_wanted(&self, key: &str) -> bool {
        let found = self
            .by_key
            .binary_search_by_key(&key, |setting| &*setting.key);
        found.is_ok()
    }

    /// The keys that the layers say nothing of and that were ours once: by the baseline, or as the vendor
    /// says.
    pub(super) fn withdrawn_keys(&self, remote: &Remote) -> Vec<String> {
        let of_baseline = self.baseline.values().map(|(key, _)| key);
        let keys: BTreeSet<_> = of_baseline.chain(remote.former_keys()).collect();
        let withdrawn = keys.into_iter().filter(|key| !self.is_wanted(key));
        withdrawn.map(str::to_owned).collect()
    }

    /// What is remembered of the name, with what the owner or an older mechanism has to say to it.
    pub(super) fn marks(&self) -> Marks {
        let config = &self.draft.before;
        let marks = config.marks(self.name);
        let absent = !config.has_remote(self.name);
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

    /// Whether the owner deleted the remote under a former name, or, by the stamp of an older
    /// mechanism, before any name was offered.
    fn inherited_tombstone(&self, marks: Marks) -> bool {
        let config = &self.draft.before;
        let deleted = |other: &str| config.marks(other).tombstone() && !config.has_remote(other);
        // An image from before the rename does not know what it will be called.
        let later = config.later_name(self.name);
        if later.is_some_and(|later| !self.source.entries.contains_key(later) && deleted(later)) {
            return true;
        }
        let Some(remote) = self.remote() else {
            return false;
        };
        // A stamp speaks of the time before any of its names was put before the owner.
        let formers = || remote.former_names.iter();
        let is_new = marks.is_new() && formers().all(|former| config.marks(former).is_new());
        let stamp = remote.deleted_if.as_ref();
        formers().any(|former| deleted(former))
            || is_new && stamp.is_some_and(|stamp| self.draft.observed.stamps.contains(stamp))
    }

    pub(super) fn actual(&self) -> Actual {
        let config = &self.draft.before;
        if !config.has_remote(self.name) {
            return Actual::Absent;
        }
        let asked = self.draft.wish(self.name) == Some(&Wish::Adopt);
        if self.management == Some(Management::Released) {
            return Actual::Theirs {
                same_identity: asked,
            };
        }
        let Some(management) = self.management else {
            let same_url = self.remote().is_some_and(|remote| {
                let url = config.get(self.name, "url");
                let wanted = remote.get("url").map(|setting| setting.value.as_bstr());
                url == wanted || url.is_some() && remote.is_former("url", url)
            });
            // What another run is to write is nothing to take over in this one.
            let held = asked && self.draft.held(self.name).is_some();
            return Actual::Theirs {
                same_identity: match self.draft.target.adoption(config, self.name) {
                    Adoption::Unasked => same_url || asked,
                    Adoption::Asked => asked && !held,
                    Adoption::Never => false,
                },
            };
        };
        Actual::Ours {
            left: management == Management::Withdrawn,
            // Only of what was withdrawn it is asked: to answer it takes the keyring apart.
            pristine: self.wanted == Wanted::Withdrawn
                // A copy that the owner made of one of ours has our marks, but was never offered.
                && (self.is_pristine() || self.is_created() && self.is_succeeded())
                && config.marks(self.name).offered,
            in_use: self.draft.observed.in_use.contains(self.name),
        }
    }

    fn is_created(&self) -> bool {
        self.management == Some(Management::Created)
    }

    /// Whether it is as we made it, what a server refreshes aside.
    pub(super) fn is_pristine(&self) -> bool {
        let config = &self.draft.before;
        let created = self.is_created();
        let vendors = fingerprints(config, self.name);
        // One that a dead run had left to go, or brought too early, is nobody's: it goes with the remote.
        let dead_runs = |fingerprint: &Fingerprint| {
            let intent = self.draft.observed.intent.of(self.name);
            intent.is_some_and(|traces| traces.certificates.contains(fingerprint))
        };
        let only_vendors_keys = self
            .draft
            .observed
            .files
            .get(&self.draft.target.keyring(self.name))
            .is_none_or(|bytes| {
                Keyring::parse(bytes).is_ok_and(|ring| {
                    let mut certificates = ring.iter().map(Certificate::fingerprint);
                    certificates.all(|known| vendors.contains(known) || dead_runs(known))
                })
            });
        created
            && only_vendors_keys
            && !self.baseline.is_lost()
            && self.baseline.values().all(|(key, baseline)| {
                let action = reconcile::key(self.key(key, Some(baseline), Some(baseline)));
                matches!(action, KeyAction::Record | KeyAction::Drift)
            })
            && self.additions().is_empty()
    }

    /// The keys that neither we nor a server wrote: the owner's additions.
    pub(super) fn additions(&self) -> Vec<String> {
        // These are reconciled, and told of, by themselves.
        let former = self.remote().map(Remote::former_keys).unwrap_or_default();
        self.draft
            .before
            .pairs(self.name)
            .into_iter()
            .filter_map(|(key, _)| key.to_str().ok())
            .filter(|key| {
                let servers = self.draft.target.is_servers(key);
                let ours = key.starts_with("x-overlayctl.")
                    || self.baseline.get(key).is_some()
                    || former.contains(key)
                    || self.is_wanted(key);
                !(servers && !self.is_owners(key)
                    || ours
                    || self.is_of_collections(key)
                    || self.is_hiding(key)
                    || self.draft.target.is_mark(key))
            })
            .map(str::to_owned)
            .collect()
    }

    /// Whether a key has what only `collections.d` gave.
    fn is_of_collections(&self, key: &str) -> bool {
        let before = &self.draft.before;
        let given = self.given.get(key);
        given.is_some() && given == before.get(self.name, key)
    }

    /// Whether it was us who hid the remote from browsing, whatever has become of that.
    pub(super) fn is_hidden_by_us(&self) -> bool {
        self.draft.before.get(self.name, HIDDEN_BY_US).is_some()
    }

    /// Whether a key has nothing but that we hid the remote.
    fn is_hiding(&self, key: &str) -> bool {
        let is_set = || {
            let value = self.draft.before.get(self.name, key);
            value.is_some_and(|value| value == "true")
        };
        T::HIDDEN == Some(key) && self.is_hidden_by_us() && is_set()
    }

    /// Whether the target's own convention marks a value as the owner's.
    pub(super) fn is_owners(&self, key: &str) -> bool {
        let draft = &self.draft;
        draft.target.is_owners(&draft.before, self.name, key)
    }

    /// Whether the owner gives a key back to the vendor.
    pub(super) fn is_reverted(&self, key: &str) -> bool {
        match self.draft.wish(self.name) {
            Some(Wish::Revert(keys)) => keys.is_empty() || keys.contains(key),
            _ => false,
        }
    }

    /// The file that it stands in, or would.
    pub(super) fn place(&self) -> PathBuf {
        let draft = &self.draft;
        draft.target.place(&draft.before, self.name)
    }

    pub(super) fn key<'k>(
        &'k self,
        key: &str,
        baseline: Option<&'k BStr>,
        desired: Option<&'k BStr>,
    ) -> Key<'k> {
        let config = &self.draft.before;
        let actual = config.get(self.name, key);
        // What others of ours set is not there as far as this source is concerned.
        let of_others = baseline.is_none() && self.is_of_collections(key) || self.is_hiding(key);
        let actual = actual.filter(|_| !of_others);
        // What somebody wrote of whom the vendor says so is not the owner's.
        let reverted = self.is_reverted(key);
        let owners = self.is_owners(key) && !reverted;
        let remote = self.remote().filter(|_| !owners);
        let former = reverted || remote.is_some_and(|remote| remote.is_former(key, actual));
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
