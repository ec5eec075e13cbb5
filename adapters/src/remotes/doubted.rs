//! What a run that died left in a keyring: certificates that are neither the vendor's nor the owner's.

use std::collections::BTreeSet;

use super::keyring::{fingerprints, put};
use super::repository::Repository;
use crate::keyed::draft::Beside;
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::Operation;

/// Takes certificates out that a dead run had brought, or had left to be taken out: they are neither
/// the vendor's nor the owner's.
pub(super) fn distrust<T: Repository>(
    subject: &mut Subject<'_, '_, T>,
    certificates: &BTreeSet<Fingerprint>,
) {
    let draft = &mut *subject.draft;
    let path = draft.target.keyring(subject.name);
    let Some(bytes) = draft.observed.files.get(&path) else {
        return;
    };
    let Ok(mut keyring) = Keyring::parse(bytes) else {
        return;
    };
    let is_as_we_wrote_it = keyring.to_bytes() == *bytes;
    let vendors = fingerprints(&draft.before, subject.name);
    let strangers = certificates.difference(&vendors);
    let gone: Vec<_> = strangers
        .filter(|stranger| keyring.remove(stranger))
        .collect();
    // Who imports the very same certificate into a keyring makes it theirs, and gpg writes it otherwise.
    let is_owners = draft.store.has(subject.name) && !is_as_we_wrote_it;
    if gone.is_empty() || draft.obsolete.contains_key(&path) || keyring.is_empty() && is_owners {
        return;
    }
    if keyring.is_empty() {
        subject.forget([path]);
        return;
    }
    subject.beside(gone.into_iter().map(|fingerprint| Beside {
        operation: Operation::RemoveCertificate,
        subject: fingerprint.to_string(),
        path: path.clone(),
    }));
    put(subject, keyring.to_bytes(), None);
}
