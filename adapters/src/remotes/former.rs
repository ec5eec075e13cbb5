//! A remote that the vendor calls otherwise now: what its owner did under the former name goes along.
//!
//! What is installed from the former name cannot: flatpak writes the name of the remote into what it
//! deploys. So a former remote that is in use stays beside the new one, hidden, until nothing is.

use std::collections::BTreeMap;

use bstr::{BStr, BString, ByteSlice as _};

use super::baseline::{Baseline, OF_REMOTES};
use super::management::Management;
use super::target::{Store, Target};
use super::{Subject, fingerprints};
use crate::openpgp::Keyring;
use crate::reconcile::Marks;
use crate::source::Want;

/// What goes along.
#[derive(Debug, Default)]
pub(super) struct Carried {
    /// The owner's keys with their raw values; none for a key that they took away.
    pub(super) edits: BTreeMap<String, Option<BString>>,
    /// The certificates that they imported.
    pub(super) certificates: Keyring,
}

impl<T: Target> Subject<'_, '_, T> {
    /// What the owner did to the remote under the name that it had before.
    pub(super) fn carried(&self) -> Carried {
        let formers = self.remote().map(|remote| &remote.former_names);
        let former = formers.into_iter().flatten().find(|name| {
            !self.source.entries.contains_key(*name)
                && Management::of(&self.draft.before, name) == Some(Management::Created)
        });
        former.map_or_else(Carried::default, |former| Carried {
            edits: self.edits_of(former),
            certificates: self.imported_for(former),
        })
    }

    fn edits_of(&self, former: &str) -> BTreeMap<String, Option<BString>> {
        let before = &self.draft.before;
        let baseline = Baseline::read(before, former, OF_REMOTES);
        let target = self.draft.target;
        let taken_away = baseline.values().map(|(key, _)| key);
        let there = before.pairs(former).into_iter();
        let there = there.filter_map(|(key, _)| key.to_str().ok());
        let mut edits = BTreeMap::new();
        for key in taken_away.chain(there) {
            let value = before.get(former, key);
            let owners = target.is_owners(before, former, key);
            let untouched = value == baseline.get(key);
            let others = key.starts_with("x-overlayctl.")
                || target.is_servers(key)
                || target.may_be_servers(key) && baseline.get(key).is_none();
            if owners || target.is_mark(key) || !untouched && !others {
                edits.insert(key.to_owned(), value.map(BStr::to_owned));
            }
        }
        edits
    }

    fn imported_for(&self, former: &str) -> Keyring {
        let vendors = fingerprints(&self.draft.before, former);
        let path = self.draft.target.keyring(former);
        let file = self.draft.observed.files.get(&path);
        let mut keyring = file
            .and_then(|bytes| Keyring::parse(bytes).ok())
            .unwrap_or_default();
        for fingerprint in &vendors {
            keyring.remove(fingerprint);
        }
        keyring
    }

    /// Whether this run makes a remote that takes over what the owner did to this one.
    pub(super) fn is_succeeded(&self) -> bool {
        let before = &self.draft.before;
        self.source.entries.iter().any(|(name, layered)| {
            let Want::Present(remote) = &layered.want else {
                return false;
            };
            let is_made = !before.has_remote(name) && before.marks(name) != Marks::OFFERED;
            is_made && remote.former_names.iter().any(|former| former == self.name)
        })
    }
}
