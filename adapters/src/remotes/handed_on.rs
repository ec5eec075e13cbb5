//! What goes along to the later name of a remote, of the keyring that it had under the former one.

use std::collections::BTreeSet;

use overlay_resolver::finding::Finding;

use super::keyring::fingerprints;
use super::repository::Repository;
use super::taken_out;
use crate::code;
use crate::keyed::draft::Draft;
use crate::keyed::subject::Subject;
use crate::openpgp::{Fingerprint, Keyring};

/// Why a remote cannot take over from another: what its owner imported there, or took out, goes with the keyring, and
/// of one that cannot be understood nobody knows.
pub(super) fn hindrance<T: Repository>(subject: &Subject<'_, '_, T>) -> Option<Finding> {
    let former = subject.former()?;
    let path = subject.draft.target.keyring(former);
    let error = Keyring::parse(subject.draft.observed.files.get(&path)?).err()?;
    let message = format!(
        "{error}; what you imported for {former} goes along to {}, as which the vendor ships it now, once this file is understood: mend it, or move it away",
        subject.name
    );
    Some(code::BROKEN_KEYRING.error(path, message))
}

/// The certificates that the owner imported for a remote.
pub(super) fn imported_for<T: Repository>(draft: &Draft<'_, T>, name: &str) -> Keyring {
    let file = draft.observed.files.get(&draft.target.keyring(name));
    let mut keyring = file
        .and_then(|bytes| Keyring::parse(bytes).ok())
        .unwrap_or_default();
    let vendors = fingerprints(&draft.before, name);
    let servers = draft.target.servers_keys(&draft.before, name, &keyring);
    for fingerprint in vendors.union(&servers) {
        keyring.remove(fingerprint);
    }
    keyring
}

/// The certificates that the owner took out of the keyring of a remote.
pub(super) fn taken_out_of<T: Repository>(
    draft: &Draft<'_, T>,
    name: &str,
) -> BTreeSet<Fingerprint> {
    let file = draft.observed.files.get(&draft.target.keyring(name));
    let keyring = file.and_then(|bytes| Keyring::parse(bytes).ok());
    taken_out::missing_from(draft, name, &keyring.unwrap_or_default())
}
