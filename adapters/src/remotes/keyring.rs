//! What a remote has beside its group: first of all its keyring.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::draft::{Beside, Draft};
use super::keys::{Keys, Known};
use super::target::{Store, Target};
use super::verification::needs_keys;
use super::{KEYRING_BASELINE, Remote, Subject};
use crate::code;
use crate::expiry::outlook;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::Operation;

/// The certificates that the vendor brought for a remote.
pub(crate) fn fingerprints(store: &impl Store, name: &str) -> BTreeSet<Fingerprint> {
    store
        .get(name, KEYRING_BASELINE)
        .and_then(|raw| value::decode_list(raw.as_bytes()).ok())
        .unwrap_or_default()
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

impl<T: Target> Subject<'_, '_, T> {
    /// The keyring as it is.
    ///
    /// # Errors
    /// One that cannot be read is left alone, and so is its remote.
    pub(super) fn keyring(&mut self) -> Result<Keyring, Finding> {
        let path = self.draft.target.keyring(self.name);
        let Some(bytes) = self.draft.observed.files.get(&path) else {
            return Ok(Keyring::default());
        };
        Keyring::parse(bytes).map_err(|error| {
            let finding = code::BROKEN_KEYRING.error(
                path,
                format!(
                    "{error}; the remote {} stays as it is until this file is mended or moved away",
                    self.name
                ),
            );
            self.draft.findings.push(finding.clone());
            finding
        })
    }

    /// Reconciles the keyring, once it is known how the remote will verify.
    pub(super) fn reconcile_keyring(&mut self, actual: Keyring, remote: &Remote) {
        let draft = &self.draft;
        let intent = draft.observed.intent.of(self.name);
        let none = BTreeSet::new();
        let baseline = fingerprints(&draft.before, self.name);
        // What is staged of a remote on its way speaks of a keyring that may not be there yet.
        let arrives = intent.is_some_and(|traces| traces.moves.is_some());
        let needed = needs_keys(|key| draft.store.get(self.name, key));
        let needed = needed && !remote.is_keyring_masked;
        let keys = Known {
            actual,
            baseline: if arrives { &none } else { &baseline },
            interrupted: intent.map_or(&none, |traces| &traces.certificates),
            adopted: arrives || self.management.is_none(),
        }
        .reconcile(&remote.keyring, needed);
        self.write_keys(&keys);
        self.tell_expiring(&keys.keyring);
    }

    /// Says that the certificates by which the remote will be verified are expired, or soon are.
    pub(super) fn tell_expiring(&mut self, keyring: &Keyring) {
        let draft = &mut *self.draft;
        if needs_keys(|key| draft.store.get(self.name, key)) {
            let path = draft.target.keyring(self.name);
            let now = draft.request.now;
            draft
                .findings
                .extend(outlook(self.name, keyring, &path, now));
        }
    }

    /// Puts the keyring and its baseline into the draft.
    pub(super) fn write_keys(&mut self, keys: &Keys) {
        self.has_keyring = true;
        let path = self.draft.target.keyring(self.name);
        if let Some(end) = self.draft.observed.links.get(&path) {
            let message = format!(
                "is a symlink to {}, which is not written, so the vendor's certificates for {} do not come: put the file itself in its place",
                escape_path(end),
                self.name
            );
            let finding = code::SYMLINK.warning(path, message);
            self.draft
                .findings
                .extend((!keys.changes.is_empty()).then_some(finding));
            return;
        }
        self.beside(keys.changes.iter().map(|(operation, fingerprint)| Beside {
            operation: *operation,
            subject: fingerprint.to_string(),
            path: path.clone(),
        }));
        if keys.keyring.is_empty() {
            if self.draft.observed.files.contains_key(&path) {
                self.draft.obsolete.insert(path, self.name.into());
            }
        } else if !keys.changes.is_empty() {
            let union = keys.union.as_ref().map(Keyring::to_bytes);
            let union = union.map(|union| (path.clone(), union));
            self.draft.unions.extend(union);
            self.draft.files.insert(path, keys.keyring.to_bytes());
        }
        let list = BString::from(value::encode_list(
            keys.vendors.iter().map(ToString::to_string),
        ));
        let list = (!keys.vendors.is_empty()).then_some(list.as_bstr());
        self.draft.store.put(self.name, KEYRING_BASELINE, list);
    }

    /// Mends what a run that died left beside the remote. A keyring that was reconciled is mended by that.
    pub(super) fn settle(&mut self) {
        let draft = &self.draft;
        let Some(beside) = draft.observed.intent.of(self.name) else {
            return;
        };
        if draft.observed.unclear.contains(self.name) {
            return;
        }
        let Draft {
            target,
            observed,
            store,
            ..
        } = draft;
        let keyring = target.keyring(self.name);
        let residue = observed.residue.get(self.name).into_iter().flatten();
        let left: Vec<_> = if store.has_remote(self.name) {
            let expendable = target.expendable(store, self.name);
            residue
                .filter(|path| beside.files.contains(*path) && expendable.contains(path))
                .cloned()
                .collect()
        } else if observed.in_use.contains(self.name) {
            Vec::new()
        } else {
            residue.filter(|path| **path != keyring).cloned().collect()
        };
        self.forget(left);
        if !self.has_keyring {
            self.distrust(&beside.certificates);
        }
    }

    /// Takes certificates out that a dead run had brought, or had left to be taken out: they are neither
    /// the vendor's nor the owner's.
    fn distrust(&mut self, certificates: &BTreeSet<Fingerprint>) {
        let draft = &mut *self.draft;
        let path = draft.target.keyring(self.name);
        let Some(bytes) = draft.observed.files.get(&path) else {
            return;
        };
        let Ok(mut keyring) = Keyring::parse(bytes) else {
            return;
        };
        let is_as_we_wrote_it = keyring.to_bytes() == *bytes;
        let vendors = fingerprints(&draft.before, self.name);
        let strangers = certificates.difference(&vendors);
        let gone: Vec<_> = strangers
            .filter(|stranger| keyring.remove(stranger))
            .collect();
        // Who imports the very same certificate into a keyring makes it theirs, and gpg writes it otherwise.
        let is_owners = draft.store.has_remote(self.name) && !is_as_we_wrote_it;
        if gone.is_empty() || draft.obsolete.contains_key(&path) || keyring.is_empty() && is_owners
        {
            return;
        }
        if keyring.is_empty() {
            self.forget([path]);
            return;
        }
        self.beside(gone.into_iter().map(|fingerprint| Beside {
            operation: Operation::RemoveCertificate,
            subject: fingerprint.to_string(),
            path: path.clone(),
        }));
        self.draft.files.insert(path, keyring.to_bytes());
    }

    /// Notes what is done beside the group of the remote.
    pub(crate) fn beside(&mut self, beside: impl IntoIterator<Item = Beside>) {
        let mut beside = beside.into_iter().peekable();
        if beside.peek().is_some() {
            let known = self.draft.beside.entry(self.name.into());
            known.or_default().extend(beside);
        }
    }

    /// Takes away what there is of a remote beside its group. Returns what that is.
    pub(super) fn clean(&mut self) -> Vec<PathBuf> {
        let observed = self.draft.observed;
        // Refs without a remote may still be somebody's apps.
        if observed.in_use.contains(self.name) {
            return Vec::new();
        }
        let residue = observed.residue.get(self.name).cloned().unwrap_or_default();
        self.forget(residue.iter().cloned());
        residue
    }

    /// Takes away what nothing needs any more.
    pub(crate) fn forget(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let paths = paths.into_iter().map(|path| (path, self.name.to_owned()));
        self.draft.obsolete.extend(paths);
    }
}
