//! What a remote has beside its group: the keyring, the copy of its filter, caches.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use super::super::KEYRING_BASELINE;
use super::super::config::RepoConfig;
use super::super::keys::{Keys, Known};
use super::super::observe::fingerprints;
use super::super::repofile::Remote;
use super::{Subject, baseline_key};
use crate::openpgp::Keyring;
use crate::report::{Change, KeyReport, Operation, State};

impl Subject<'_, '_> {
    pub(super) fn update_keyring(&mut self, remote: &Remote) -> Result<(), (State, String)> {
        let path = self.draft.paths.keyring(self.name);
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
                let reason = finding.to_string();
                self.draft.findings.push(finding);
                return Err((State::Failed, reason));
            }
        };
        let baseline = fingerprints(&self.draft.before, self.name);
        let empty = BTreeSet::new();
        let wants = remote
            .get("gpg-verify")
            .is_some_and(|setting| setting.value == "true");
        let has = self
            .draft
            .before
            .get(self.name, "gpg-verify")
            .is_none_or(|value| value == "true");
        let untouched = self
            .draft
            .before
            .get(self.name, &baseline_key("gpg-verify"))
            == self.draft.before.get(self.name, "gpg-verify");
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
        let path = self.draft.paths.keyring(self.name);
        if keys.keyring.is_empty() {
            if self.draft.observed.files.contains_key(&path) {
                self.draft.obsolete.insert(path);
            }
        } else if !keys.changes.is_empty() {
            self.draft.files.insert(path, keys.keyring.to_bytes());
        }
        let list = BString::from(value::encode_list(
            keys.vendors.iter().map(ToString::to_string),
        ));
        let list = (!keys.vendors.is_empty()).then_some(list.as_bstr());
        self.draft.config.put(self.name, KEYRING_BASELINE, list);
        self.changes.extend(keys.changes.iter().cloned());
    }

    /// flatpak falls back to a copy of the filter when the file itself is gone, but makes that copy
    /// only in `remote-modify`.
    pub(super) fn copy_filter(&mut self, remote: &Remote) {
        let Some(setting) = remote.get("xa.filter") else {
            return;
        };
        if self.draft.config.get(self.name, setting.key) != Some(setting.value.as_bstr()) {
            return;
        }
        let Ok(filter) = value::decode_string(&setting.value) else {
            return;
        };
        let path = self.draft.paths.filter_copy(self.name);
        let existing = self.draft.observed.files.get(&path);
        let heading = format!("# backup copy of {filter}, do not edit!\n");
        match self.draft.observed.filters.get(Path::new(&filter)) {
            Some(text) => {
                let copy = [heading.as_bytes(), text].concat();
                if existing != Some(&copy) {
                    let operation = Operation::WriteFile;
                    self.changes
                        .push(Change::new(operation, escape_path(&path).to_string()));
                    self.draft.files.insert(path, copy);
                }
            }
            None if existing.is_none_or(|copy| !copy.starts_with(heading.as_bytes())) => {
                let key = KeyReport {
                    key: setting.key.into(),
                    baseline: None,
                    actual: None,
                    desired: None,
                    source: Some(setting.source),
                    action: None,
                };
                let (place, line) = self.place_of(&key);
                let finding = Finding::warning(
                    place,
                    format!(
                        "Filter={filter}: cannot be read, so flatpak cannot use the remote {}",
                        self.name
                    ),
                );
                self.draft
                    .findings
                    .push(line.into_iter().fold(finding, Finding::at));
            }
            None => {}
        }
    }

    /// OCI remotes are stored differently; what the other kind left is no use to this one.
    pub(super) fn forget_oci(&mut self) {
        let is_oci = |config: &RepoConfig| {
            config
                .get(self.name, "url")
                .is_some_and(|url| url.starts_with(b"oci+"))
        };
        let (was, will_be) = (is_oci(&self.draft.before), is_oci(&self.draft.config));
        if was != will_be {
            self.draft
                .obsolete
                .insert(self.draft.paths.appstream(self.name));
        }
        if was && !will_be {
            self.draft.obsolete.extend(self.draft.paths.oci(self.name));
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
        for path in &residue {
            self.changes
                .push(Change::new(Operation::Clean, escape_path(path).to_string()));
        }
        self.draft.obsolete.extend(residue.iter().cloned());
        residue
    }
}
