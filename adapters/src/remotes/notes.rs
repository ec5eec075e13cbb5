//! How the notes of a remote are called.

use super::collection::KEY;
use crate::keyed::store::{Notes, Place};

/// The note that lists the certificates which the vendor brought.
pub(crate) const KEYRING_BASELINE: &str = "x-overlayctl.remotes.keyring";

/// The note that lists those of them which the owner took out.
pub(crate) const TAKEN_OUT: &str = "x-overlayctl.taken-out";

/// The note that has the mode which a file had before it became its owner's alone, in octal.
pub(crate) const MODE: &str = "x-overlayctl.mode";

/// Where what the entries of `collections.d` gave is noted.
pub(crate) const OF_COLLECTIONS: Place = Place {
    note: "x-overlayctl.collections.baseline",
    bundles: "x-overlayctl.collections-bundles",
    older: Some("x-overlayctl.collections."),
    only: Some(KEY),
};

/// The notes of a remote.
pub(crate) const NOTES: Notes = Notes {
    management: "x-overlayctl.remotes",
    baseline: Place {
        note: "x-overlayctl.remotes.baseline",
        bundles: "x-overlayctl.bundles",
        older: Some("x-overlayctl.remotes."),
        only: None,
    },
    others: &[OF_COLLECTIONS],
    hidden: "x-overlayctl.hidden",
    facets: &[KEYRING_BASELINE, TAKEN_OUT, MODE],
};
