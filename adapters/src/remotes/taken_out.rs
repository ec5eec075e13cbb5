//! The vendor's certificates that the owner took out of a keyring: they stay out, whatever becomes of it, until they
//! are given back.
//!
//! A keyring from which some are missing and which has others was edited: what is missing is written down in the
//! group of the remote, so that it is known still when nothing is left of the keyring. One that is gone as a whole, with
//! nothing written down, was lost.

use std::collections::BTreeSet;

use super::keyring::{fingerprints, listed};
use super::keys::Keys;
use super::notes::TAKEN_OUT;
use super::remote::Remote;
use super::repository::Repository;
use crate::keyed::draft::Draft;
use crate::keyed::store::Store;
use crate::keyed::subject::Subject;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::{Matter, Operation, Verification};

/// Those that are written down.
pub(super) fn noted(store: &impl Store, name: &str) -> BTreeSet<Fingerprint> {
    listed(store, name, TAKEN_OUT)
}

/// Those that are missing: of what is written down, and, where others are there, of what the vendor brought.
pub(super) fn missing(
    actual: &Keyring,
    baseline: &BTreeSet<Fingerprint>,
    noted: &BTreeSet<Fingerprint>,
) -> BTreeSet<Fingerprint> {
    let brought = baseline.iter().filter(|_| !actual.is_empty());
    let missing = noted.iter().chain(brought);
    let missing = missing.filter(|one| actual.get(one).is_none());
    missing.cloned().collect()
}

/// The same of a remote, as it is found.
pub(super) fn missing_from<T: Repository>(
    draft: &Draft<'_, T>,
    name: &str,
    actual: &Keyring,
) -> BTreeSet<Fingerprint> {
    let baseline = brought(draft, name, actual);
    missing(actual, &baseline, &noted(&draft.before, name))
}

/// What the vendor brought for a remote, without what we took out ourselves while it was gone.
pub(super) fn brought<T: Repository>(
    draft: &Draft<'_, T>,
    name: &str,
    actual: &Keyring,
) -> BTreeSet<Fingerprint> {
    let mut brought = fingerprints(&draft.before, name);
    if draft.target.is_back(&draft.before, name) {
        brought.retain(|one| actual.get(one).is_some());
    }
    brought
}

/// Those that the owner gives back to the vendor, who has them still.
pub(super) fn given_back<T: Repository>(
    subject: &Subject<'_, '_, T>,
    remote: &Remote,
    actual: &Keyring,
) -> BTreeSet<Fingerprint> {
    let missing = missing_from(subject.draft, subject.name, actual).into_iter();
    let wanted = missing.filter(|one| remote.keyring.get(one).is_some());
    wanted.filter(|one| subject.is_reverted(one)).collect()
}

/// A keyring with certificates that come back, and all else as it was.
pub(super) fn with_those(
    actual: Keyring,
    back: &BTreeSet<Fingerprint>,
    subject: &Subject<'_, '_, impl Repository>,
    remote: &Remote,
) -> Keys {
    let store = &subject.draft.before;
    let mut keys = Keys {
        vendors: fingerprints(store, subject.name),
        taken_out: &missing_from(subject.draft, subject.name, &actual) - back,
        keyring: actual,
        ..Keys::default()
    };
    for certificate in back.iter().filter_map(|one| remote.keyring.get(one)) {
        if keys.keyring.merge(certificate) {
            let change = (Operation::AddCertificate, certificate.fingerprint().clone());
            keys.changes.push(change);
        }
    }
    keys
}

/// Tells of those that the vendor has still; and of a remote that nothing is left to verify with, what to do.
pub(super) fn tell<T: Repository>(
    subject: &mut Subject<'_, '_, T>,
    remote: &Remote,
    keys: &Keys,
    needed: bool,
) {
    let still_wanted = keys.taken_out.iter();
    let still_wanted: Vec<_> = still_wanted
        .filter(|one| remote.keyring.get(one).is_some())
        .collect();
    for one in &still_wanted {
        subject.note_taken_out(one.to_string(), T::KEYRING_KEY);
    }
    if let Some(first) = still_wanted
        .first()
        .filter(|_| needed && keys.keyring.is_empty())
    {
        let name = subject.name;
        let path = subject.draft.target.keyring(name);
        let how = Verification::NothingLeft(first.to_string());
        let name = name.into();
        let matter = Matter::Verification { name, how };
        subject.draft.remarks.push(matter.at(path, None));
    }
}
