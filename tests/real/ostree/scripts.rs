//! `docs/replacing-scripts.md`: what it says of ostree's remotes, on machines with a history.

use super::Case;
use super::world::{World, remote};
use crate::documents;

pub(super) const CASES: &[Case] = &[
    ("docs: a remote from the installer, in /etc", installed),
    (
        "docs: a remote from the installer, in the repository",
        in_config,
    ),
    ("docs: Endless's system remote", endless),
];

fn install(world: &World<'_>, section: &str) {
    for (path, text) in documents::files(section) {
        world.write(path, text);
    }
}

const IOT: &str = "https://ostree.fedoraproject.org/iot";
const OLD: &str = "https://dl.fedoraproject.org/iot/repo/";

fn installed(world: &World<'_>) {
    let keys = [
        ("url", OLD),
        ("gpg-verify", "true"),
        ("gpgkeypath", "/etc/pki/rpm-gpg/"),
    ];
    world.owner("fedora-iot", remote("fedora-iot", &keys));
    world.write("etc/pki/rpm-gpg/key", &world.keys().vendor.armored);
    install(world, "An ostree remote from the installer");
    world.sync_to("fedora-iot", "adopted");
    world.assert_remotes(&[("fedora-iot", IOT)]);
    let group = world.group("fedora-iot");
    assert!(
        group.iter().any(|(key, _)| key == "contenturl"),
        "{group:?}"
    );
    world.assert_settled();
    let (path, text) = documents::files("An ostree remote from the installer")[0];
    world.write(path, text.replace("/iot\n", "/iot2\n"));
    world.sync_to("fedora-iot", "updated");
    world.assert_remotes(&[("fedora-iot", "https://ostree.fedoraproject.org/iot2")]);
}

fn in_config(world: &World<'_>) {
    world.in_config(&remote(
        "fedora-iot",
        &[("url", OLD), ("gpg-verify", "true")],
    ));
    world.write("etc/pki/rpm-gpg/key", &world.keys().vendor.armored);
    install(world, "An ostree remote from the installer");
    world.sync_to("fedora-iot", "foreign");
    world.assert_remotes(&[("fedora-iot", OLD)]);
    world.report(&["adopt", "fedora-iot"]).assert_code(0);
    world.assert_remotes(&[("fedora-iot", IOT)]);
    world.assert_settled();
}

fn endless(world: &World<'_>) {
    let old = "https://endless:secret@ostree.endlessm.com/ostree/eos-amd64";
    world.owner(
        "eos",
        remote("eos", &[("url", old), ("gpg-verify", "false")]),
    );
    install(world, "Endless");
    world.sync_to("eos", "adopted");
    world.assert_remotes(&[("eos", "https://ostree.endlessm.com/ostree/eos-amd64")]);
    world.assert_settled();
}
