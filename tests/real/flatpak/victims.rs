//! What the file system refuses hurts its own entry and no other; what decides over all hurts all that have
//! something to do.

use std::fs;

use super::Case;
use super::bench::base64;
use super::world::{URL, World, flatpakrepo};
use crate::ostree::victims::while_immutable;

pub(super) const CASES: &[Case] = &[
    ("one failure, one victim: an immutable keyring", keyring),
    (
        "one failure, one victim: an immutable configuration",
        configuration,
    ),
    ("one failure, one victim: an immutable cache", cache),
];

const OTHER: &str = "http://127.0.0.1:9/other";
const CONFIG: &str = "var/lib/flatpak/repo/config";

fn signed(world: &World<'_>, key: &[u8]) {
    let text = flatpakrepo(&[("Url", URL), ("GPGKey", &base64(key))]);
    world.vendor("signed", text);
}

fn plain(world: &World<'_>, url: &str) {
    world.vendor("plain", flatpakrepo(&[("Url", url)]));
}

fn keyring(world: &World<'_>) {
    signed(world, &world.keys().expired.certificate);
    plain(world, URL);
    world.sync();
    signed(world, &world.keys().vendor.certificate);
    plain(world, OTHER);
    let keyring = world.path("var/lib/flatpak/repo/signed.trustedkeys.gpg");
    let before = fs::read(&keyring).expect("a keyring");
    while_immutable(&keyring, || {
        let report = world.sync_fails();
        report.assert_state("signed", "failed");
        report.assert_state("plain", "updated");
        report.assert_finds("error", "signed.trustedkeys.gpg");
    });
    assert_eq!(fs::read(&keyring).expect("a keyring"), before);
    let listed = world.flatpak(&["remotes", "--columns=name,url"]);
    assert!(listed.contains(OTHER), "{listed}");
    world.sync();
    assert_ne!(fs::read(&keyring).expect("a keyring"), before);
    world.assert_settled();
}

fn configuration(world: &World<'_>) {
    signed(world, &world.keys().expired.certificate);
    plain(world, URL);
    world.sync();
    plain(world, OTHER);
    let before = fs::read(world.path(CONFIG)).expect("a configuration");
    while_immutable(&world.path(CONFIG), || {
        let report = world.sync_fails();
        report.assert_state("signed", "applied");
        report.assert_state("plain", "failed");
        report.assert_finds("error", "repo/config");
    });
    assert_eq!(
        fs::read(world.path(CONFIG)).expect("a configuration"),
        before
    );
    world.sync();
    world.assert_settled();
}

fn cache(world: &World<'_>) {
    plain(world, URL);
    world.vendor("other", flatpakrepo(&[("Url", URL)]));
    world.sync();
    plain(world, OTHER);
    world.vendor("other", flatpakrepo(&[("Url", OTHER)]));
    let summary = "var/lib/flatpak/repo/tmp/cache/summaries/plain.idx";
    world.write(summary, "old");
    while_immutable(&world.path(summary), || {
        let report = world.sync_fails();
        report.assert_state("plain", "failed");
        report.assert_state("other", "updated");
        assert!(world.path(summary).exists());
    });
    // What was left to do is done.
    world.sync();
    assert!(!world.path(summary).exists());
    world.assert_settled();
}
