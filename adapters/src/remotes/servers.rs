//! Certificates that a server sent of its own accord, and that its consumer imported: neither the vendor's nor the
//! owner's. A remote is verified with them all the same, so they are told until the vendor ships them or they are taken
//! out; and they stay when the vendor's own change, for the server may sign with them by now.

use std::collections::BTreeSet;

use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;

use super::keyring::fingerprints;
use super::keys::Keys;
use super::repository::Repository;
use super::verification::{is_verified, needs_keys};
use crate::code;
use crate::keyed::draft::Draft;
use crate::keyed::management::Management;
use crate::keyed::store::Store;
use crate::keyed::subject::Subject;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::{Operation, Wish};

/// Those in the keyring of a remote that follows the vendor and is verified.
fn alone<T: Repository>(
    target: &T,
    store: &T::Store,
    name: &str,
    keyring: &Keyring,
) -> BTreeSet<Fingerprint> {
    let follows = Management::of(store, name).is_some_and(Management::follows);
    if !follows || !is_verified(|key| store.get(name, key)) {
        return BTreeSet::new();
    }
    let vendors = fingerprints(store, name);
    &target.servers_keys(store, name, keyring) - &vendors
}

/// Whether so many certificates are all that the remote has to be verified with.
fn are_needed(store: &impl Store, name: &str, keyring: &Keyring, count: usize) -> bool {
    count == keyring.len() && needs_keys(|key| store.get(name, key))
}

/// What there is to say of them.
pub(crate) fn findings<T: Repository>(
    target: &T,
    store: &T::Store,
    name: &str,
    keyring: &Keyring,
) -> Vec<Finding> {
    let place = target.keyring(name);
    let is_last = are_needed(store, name, keyring, 1);
    let alone = alone(target, store, name, keyring).into_iter();
    alone
        .map(|one| code::SERVERS_KEY.warning(&*place, message(name, &one, is_last)))
        .collect()
}

fn message(name: &str, one: &Fingerprint, is_last: bool) -> String {
    let name = escape(name.as_bytes());
    let (too, until) = if is_last {
        let until = format!(
            "it stays, for {name} is verified with nothing else: once it has another (`flatpak remote-modify --gpg-import=FILE {name}`), "
        );
        ("", until)
    } else {
        (" too", "it stays when the vendor's change; ".to_owned())
    };
    format!(
        "{name} is verified with the certificate {one}{too}, which its server sent and the vendor does not ship: {until}`overlayctl revert {name} {one}` takes it out"
    )
}

/// What the owner asks by name to be as the vendor has it.
fn named<'a, T: Repository>(draft: &Draft<'a, T>, name: &str) -> &'a BTreeSet<String> {
    static NONE: BTreeSet<String> = BTreeSet::new();
    match draft.wish(name) {
        Some(Wish::Revert(named)) => named,
        _ => &NONE,
    }
}

/// Says that the keyring, as it will be, has some. One that its owner wanted out is an error.
pub(super) fn tell<T: Repository>(subject: &mut Subject<'_, '_, T>, keyring: &Keyring) {
    let name = subject.name;
    let draft = &subject.draft;
    let place = draft.target.keyring(name);
    let alone = alone(draft.target, &draft.store, name, keyring);
    let named = named(draft, name);
    let left = alone.iter().filter(|one| named.contains(&one.to_string()));
    let is_last = are_needed(&draft.store, name, keyring, left.count().max(1));
    for one in alone {
        let message = message(name, &one, is_last);
        let finding = if named.contains(&one.to_string()) {
            code::SERVERS_KEY.error(&*place, message)
        } else {
            code::SERVERS_KEY.warning(&*place, message)
        };
        subject.draft.findings.push(finding);
        subject.note_servers(one.to_string(), T::KEYRING_KEY);
    }
}

/// Takes those out of a keyring that the owner names. The last one stays that the remote is verified with.
pub(super) fn take_out<T: Repository>(subject: &Subject<'_, '_, T>, keys: &mut Keys) {
    let draft = &subject.draft;
    let name = subject.name;
    let named = named(draft, name);
    let mut gone = alone(draft.target, &draft.before, name, &keys.keyring);
    gone.retain(|one| named.contains(&one.to_string()));
    if are_needed(&draft.store, name, &keys.keyring, gone.len()) {
        return;
    }
    for one in gone {
        keys.keyring.remove(&one);
        keys.changes.push((Operation::RemoveCertificate, one));
    }
}
