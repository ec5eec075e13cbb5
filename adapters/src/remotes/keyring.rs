//! What a remote has beside its group: first of all its keyring.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::{BString, ByteSlice as _};
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::draft::Beside;
use super::keys::{Keys, Known};
use super::target::{Store, Target};
use super::{KEYRING_BASELINE, Remote, Subject};
use crate::openpgp::{Fingerprint, Keyring};

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
    pub(super) fn update_keyring(&mut self, remote: &Remote) -> Result<(), Finding> {
        let path = self.draft.target.keyring(self.name);
        let bytes = self
            .draft
            .observed
            .files
            .get(&path)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let actual = match Keyring::parse(bytes) {
            Ok(actual) => actual,
            // One that holds no key verifies nothing; the vendor's make it whole again.
            Err(_) if bytes.is_empty() => Keyring::default(),
            Err(error) => {
                let finding = Finding::error(
                    path,
                    format!(
                        "{error}; the remote {} stays as it is until this file is mended or moved away",
                        self.name
                    ),
                );
                self.draft.findings.push(finding.clone());
                return Err(finding);
            }
        };
        let baseline = fingerprints(&self.draft.before, self.name);
        let empty = BTreeSet::new();
        let wants = remote.needs_keys();
        let has = self
            .draft
            .before
            .get(self.name, "gpg-verify")
            .is_none_or(|value| value == "true");
        let untouched =
            self.baseline.get("gpg-verify") == self.draft.before.get(self.name, "gpg-verify");
        let keys = Known {
            actual,
            baseline: &baseline,
            interrupted: self
                .draft
                .observed
                .interrupted
                .get(self.name)
                .unwrap_or(&empty),
        }
        .reconcile(&remote.keyring, wants || (has && !untouched));
        self.write_keys(&keys);
        Ok(())
    }

    /// Puts the keyring and its baseline into the draft.
    pub(super) fn write_keys(&mut self, keys: &Keys) {
        let path = self.draft.target.keyring(self.name);
        for (operation, fingerprint) in &keys.changes {
            self.draft.beside.push(Beside {
                remote: self.name.into(),
                operation: *operation,
                subject: fingerprint.to_string(),
                path: path.clone(),
            });
        }
        if keys.keyring.is_empty() {
            if self.draft.observed.files.contains_key(&path) {
                self.draft.obsolete.insert(path, self.name.into());
            }
        } else if !keys.changes.is_empty() {
            self.draft.files.insert(path, keys.keyring.to_bytes());
        }
        let list = BString::from(value::encode_list(
            keys.vendors.iter().map(ToString::to_string),
        ));
        let list = (!keys.vendors.is_empty()).then_some(list.as_bstr());
        self.draft.store.put(self.name, KEYRING_BASELINE, list);
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
