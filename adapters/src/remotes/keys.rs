//! The signing keys of a remote: its keyring reconciled certificate by certificate.
//!
//! Certificates are told apart by their fingerprints. What the vendor brought is remembered beside
//! the remote (`x-overlayctl.remotes.keyring`), so the owner's imports, and what a server brought,
//! are never taken for the vendor's.

use std::collections::BTreeSet;

use crate::openpgp::{Fingerprint, Keyring};
use crate::report::Operation;

/// A keyring before and after.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// What it is to hold.
    pub(super) keyring: Keyring,
    /// What it holds until the remote is as it is to be: with those that go, if any do.
    pub(super) union: Option<Keyring>,
    /// Which of those the vendor brought.
    pub(super) vendors: BTreeSet<Fingerprint>,
    /// How that differs from what is there.
    pub(super) changes: Vec<(Operation, Fingerprint)>,
}

/// What is known of a keyring and its certificates.
pub(super) struct Known<'a> {
    /// What is there.
    pub(super) actual: Keyring,
    /// What the vendor brought, by the baseline.
    pub(super) baseline: &'a BTreeSet<Fingerprint>,
    /// What a run that was interrupted was bringing.
    pub(super) interrupted: &'a BTreeSet<Fingerprint>,
}

impl Known<'_> {
    /// Reconciles the keyring with what the vendor wants in it.
    ///
    /// With `needed` (signatures are verified) it is never left empty: if all would go, all stay and
    /// are the vendor's still.
    pub(super) fn reconcile(self, desired: &Keyring, needed: bool) -> Keys {
        let was_empty = self.actual.is_empty();
        let mut keys = Keys {
            keyring: self.actual,
            ..Keys::default()
        };
        for certificate in desired.iter() {
            let fingerprint = certificate.fingerprint();
            let known = keys.keyring.get(fingerprint).is_some();
            let brought = self.baseline.contains(fingerprint);
            // One that the vendor had brought and that is gone was taken out by the owner.
            let taken_out = brought && !known && !was_empty;
            if !taken_out && keys.keyring.merge(certificate) {
                let operation = if known {
                    Operation::UpdateCertificate
                } else {
                    Operation::AddCertificate
                };
                keys.changes.push((operation, fingerprint.clone()));
            }
            if brought || !known || self.interrupted.contains(fingerprint) {
                keys.vendors.insert(fingerprint.clone());
            }
        }
        let ours = self.baseline.union(self.interrupted);
        let gone: BTreeSet<_> = ours
            .filter(|fingerprint| desired.get(fingerprint).is_none())
            .filter(|fingerprint| keys.keyring.get(fingerprint).is_some())
            .collect();
        if needed && gone.len() == keys.keyring.len() {
            keys.vendors.extend(gone.into_iter().cloned());
            return keys;
        }
        if !gone.is_empty() {
            keys.union = Some(keys.keyring.clone());
        }
        for fingerprint in gone {
            keys.keyring.remove(fingerprint);
            let change = (Operation::RemoveCertificate, fingerprint.clone());
            keys.changes.push(change);
        }
        keys
    }
}
