//! Runs that are killed before each of their system calls, or that have each of them fail once: the real
//! ostree works with whatever is left, and the next run ends where an undisturbed one does.

use std::fs;

use super::Case;
use super::world::{Machine, URL, World, plain, remote};
use crate::faults::{Campaign, copy_of};

pub(super) const CASES: &[Case] = &[
    (
        "case 42: killed or failing anywhere, a first sync",
        |world| {
            campaign(world, &["sync"], 4, |world| {
                world.vendor("signed", signed());
                keyring(world, &world.keys().vendor.certificate);
                world.vendor("plain", plain("plain", URL));
                world.vendor("masked", plain("masked", URL));
                world.write("run/ostree/remotes.d/masked.conf", "");
            });
        },
    ),
    ("case 42: killed or failing anywhere, an update", |world| {
        campaign(world, &["sync"], 16, |world| {
            world.vendor("signed", signed());
            keyring(world, &world.keys().expired.certificate);
            for name in ["masked", "withdrawn", "deleted"] {
                world.vendor(name, plain(name, URL));
            }
            world.sync();
            world.vendor("new", plain("new", URL));
            keyring(world, &world.keys().vendor.certificate);
            world.write("run/ostree/remotes.d/masked.conf", "");
            world.withdraw("withdrawn");
            world.ostree(&["remote", "delete", "deleted"]);
        });
    }),
    (
        "case 42: killed or failing anywhere, an adoption",
        |world| {
            campaign(world, &["adopt", "moved"], 16, |world| {
                let keys = [
                    ("url", "http://mine/"),
                    ("gpg-verify", "false"),
                    ("proxy", "mine"),
                ];
                world.in_config(&remote("moved", &keys));
                world.vendor("moved", plain("moved", URL));
                world.vendor("other", plain("other", URL));
                world.sync();
            });
        },
    ),
];

fn signed() -> String {
    remote("signed", &[("url", URL), ("gpg-verify", "true")])
}

fn keyring(world: &World<'_>, certificate: &[u8]) {
    world.write(
        "usr/lib/ostree/remotes.d/signed.trustedkeys.gpg",
        certificate,
    );
}

fn campaign(world: &World<'_>, command: &[&str], stride: usize, prepare: fn(&World<'_>)) {
    // The files are the same for every ostree; one is enough.
    if !world.ostree.is_host() {
        return;
    }
    prepare(world);
    Campaign {
        machine: world,
        another: &|| Machine::new(&world.bench.place()),
        command,
        written: &["etc", "ostree/repo/config"],
        stride,
        kills_everywhere: false,
        assert_sound: &|victim, point| assert_sound(world, victim, point),
    }
    .run();
}

/// ostree works, and verifies nothing with a key that is not there.
fn assert_sound(world: &World<'_>, victim: &Machine, point: &str) {
    let probe = Machine::new(&world.bench.place());
    copy_of(victim, &probe);
    let root = probe.root.clone();
    let probe = world.on(probe);
    let listed = probe
        .listed()
        .unwrap_or_else(|error| panic!("after {point}: {error}"));
    if listed.iter().any(|name| name == "signed") {
        let keyring = probe.path("etc/ostree/remotes.d/signed.trustedkeys.gpg");
        let certificates = probe.bench.readers.certificates(&keyring);
        let certificates = certificates.unwrap_or_else(|error| panic!("after {point}: {error}"));
        assert!(
            !certificates.is_empty(),
            "after {point} signed is verified without a key"
        );
    }
    fs::remove_dir_all(root).expect("a root to remove");
}
