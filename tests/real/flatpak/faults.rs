//! A sync that is killed before each of its system calls, or that has each of them fail once.
//!
//! Whatever happens, the real flatpak accepts the repository, no remote is verified without a key
//! that gpg can read, and the next undisturbed run makes every byte what it would have been.

use std::fs;

use super::bench::Key;
use super::world::{URL, World, flatpakrepo};
use crate::faults::{Campaign, copy_of};
use crate::machine::Machine;
use crate::peers;

/// The cases of this file.
pub(super) const CASES: &[super::Case] = &[
    (
        "case 42: killed or failing anywhere, a first sync",
        |world| {
            campaign(world, 1, |world| {
                world.vendor("signed", signed("One", &world.keys().vendor));
                world.vendor("plain", flatpakrepo(&[("Url", URL)]));
                world.mask("masked");
            });
        },
    ),
    (
        "cases 42, 58: killed or failing anywhere, an update",
        |world| {
            campaign(world, 8, |world| {
                let keys = world.keys();
                world.vendor("rotated", signed("One", &keys.expired));
                world.vendor("masked", signed("One", &keys.vendor));
                world.vendor("withdrawn", flatpakrepo(&[("Url", URL)]));
                world.sync();
                world.vendor("rotated", signed("Two", &keys.vendor));
                world.vendor("new", signed("Two", &keys.vendor));
                world.mask("masked");
                world.withdraw("withdrawn");
            });
        },
    ),
];

fn signed(title: &str, key: &Key) -> String {
    flatpakrepo(&[("Url", URL), ("Title", title), ("GPGKey", &key.base64())])
}

fn campaign(world: &World<'_>, stride: usize, prepare: fn(&World<'_>)) {
    // The files are the same for every flatpak; the oldest has the fewest excuses.
    if world.flatpak.is_at_least([1, 16]) {
        return;
    }
    prepare(world);
    Campaign {
        machine: world,
        another: &|| Machine::new(&world.bench.place()),
        command: &["sync"],
        written: &["var"],
        stride,
        kills_everywhere: true,
        assert_sound: &|victim, point| assert_sound(world, victim, point),
    }
    .run();
}

/// flatpak can work with what was left, and verifies nothing with a key that is not there.
fn assert_sound(world: &World<'_>, victim: &Machine, point: &str) {
    let probe = world.another();
    copy_of(victim, &probe);
    if !probe.config().exists() {
        return;
    }
    let remotes = world.flatpak.remotes(&probe.root);
    let remotes = remotes.unwrap_or_else(|error| panic!("after {point}: {error}"));
    for name in remotes.keys() {
        if probe
            .group(name)
            .get("gpg-verify")
            .is_some_and(|verify| verify == "true")
        {
            let certificates = probe.bench.readers.certificates(&probe.keyring(name));
            let certificates =
                certificates.unwrap_or_else(|error| panic!("after {point}: {error}"));
            assert!(
                !certificates.is_empty(),
                "after {point} {name} is verified without a key"
            );
        }
    }
    peers::ostree_remotes(&probe.root).unwrap_or_else(|error| panic!("after {point}: {error}"));
    fs::remove_dir_all(&probe.root).expect("a root to remove");
}
