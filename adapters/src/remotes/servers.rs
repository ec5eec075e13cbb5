//! Certificates that a server sent of its own accord, and that its consumer imported: neither the vendor's nor the
//! owner's. A remote is verified with them all the same, so they are told until the vendor ships them or they are taken
//! out; and they stay when the vendor's own change, for the server may sign with them by now.

use std::collections::BTreeSet;
use std::path::Path;

use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;

use super::keyring::fingerprints;
use super::keys::Keys;
use super::repository::Repository;
use super::verification::needs_keys;
use crate::code;
use crate::keyed::management::Management;
use crate::keyed::store::Store as _;
use crate::keyed::subject::Subject;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::{Operation, Wish};

/// Those in the keyring of a remote that follows the vendor.
fn alone<T: Repository>(
    target: &T,
    store: &T::Store,
    name: &str,
    keyring: &Keyring,
) -> BTreeSet<Fingerprint> {
    if !Management::of(store, name).is_some_and(Management::follows) {
        return BTreeSet::new();
    }
    let vendors = fingerprints(store, name);
    &target.servers_keys(store, name, keyring) - &vendors
}

/// What there is to say of them.
pub(crate) fn findings<T: Repository>(
    target: &T,
    store: &T::Store,
    name: &str,
    keyring: &Keyring,
) -> Vec<Finding> {
    let place = target.keyring(name);
    let alone = alone(target, store, name, keyring).into_iter();
    alone.map(|one| finding(name, &place, &one)).collect()
}

fn finding(name: &str, place: &Path, one: &Fingerprint) -> Finding {
    let name = escape(name.as_bytes());
    let message = format!(
        "{name} is verified with the certificate {one} too, which its server sent and the vendor does not ship: it stays when the vendor's change; `overlayctl revert {name} {one}` takes it out"
    );
    code::SERVERS_KEY.warning(place, message)
}

/// Says that the keyring, as it will be, has some.
pub(super) fn tell<T: Repository>(subject: &mut Subject<'_, '_, T>, keyring: &Keyring) {
    let name = subject.name;
    let draft = &subject.draft;
    let place = draft.target.keyring(name);
    for one in alone(draft.target, &draft.store, name, keyring) {
        subject.draft.findings.push(finding(name, &place, &one));
        subject.note_servers(one.to_string(), T::KEYRING_KEY);
    }
}

/// Takes those out of a keyring that the owner names. The last one stays that the remote is verified with.
pub(super) fn take_out<T: Repository>(subject: &Subject<'_, '_, T>, keys: &mut Keys) {
    let draft = &subject.draft;
    let name = subject.name;
    let Some(Wish::Revert(named)) = draft.wish(name) else {
        return;
    };
    let mut gone = alone(draft.target, &draft.before, name, &keys.keyring);
    gone.retain(|one| named.contains(&one.to_string()));
    let needed = needs_keys(|key| draft.store.get(name, key));
    if needed && gone.len() == keys.keyring.len() {
        return;
    }
    for one in gone {
        keys.keyring.remove(&one);
        keys.changes.push((Operation::RemoveCertificate, one));
    }
}
