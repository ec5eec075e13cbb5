//! Remotes, whoever reads them: entries of keys with a keyring each, and the collection IDs that others give them.
//!
//! What flatpak and ostree call a remote is the same thing: a named group of keys, and a keyring. What becomes of
//! it is decided by [`keyed`](crate::keyed); here is what is particular about remotes.

pub(crate) mod collection;
pub(crate) mod collections;
mod doubted;
pub(crate) mod exchanged;
pub(crate) mod group;
mod handed_on;
pub(crate) mod keyring;
mod keys;
pub(crate) mod name;
mod notes;
mod remote;
pub(crate) mod repository;
pub(crate) mod servers;
pub(crate) mod sources;
mod taken_out;
mod unverified;
pub(crate) mod verification;

pub(crate) use self::keyring::fingerprints;
pub(crate) use self::notes::{KEYRING_BASELINE, MODE, NOTES};
pub(crate) use self::remote::HISTORY_KEYS;
pub(crate) use self::remote::Remote;
