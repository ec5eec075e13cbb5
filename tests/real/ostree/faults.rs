//! Runs that are killed before each of their system calls, or that have each of them fail once: the real
//! ostree works with whatever is left, and the next run ends where an undisturbed one does.

use std::fs;
use std::path::Path;

use super::Case;
use super::world::{Machine, URL, World, plain, remote};
use crate::faults::{Aftermath, Campaign, Happens, copy_of};

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
            let target = "etc/ostree/remotes.d/signed.trustedkeys.gpg";
            let mut keys = fs::read(world.path(target)).expect("a keyring");
            keys.extend(&world.keys().owner.certificate);
            world.write(target, keys);
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
    let rolled_back = |machine: &Machine| boot(world, machine, "One");
    let next = |machine: &Machine| boot(world, machine, "Three");
    let deleted = |machine: &Machine| delete(machine);
    let deleted_and_back = |machine: &Machine| {
        delete(machine);
        boot(world, machine, "One");
    };
    let added_and_back = |machine: &Machine| {
        delete(machine);
        add(machine);
        boot(world, machine, "One");
    };
    let aftermaths: [Happens<'_>; 5] = [
        ("a rollback", &rolled_back),
        ("the next image", &next),
        ("the owner deletes", &deleted),
        ("the owner deletes, and a rollback", &deleted_and_back),
        ("the owner adds, and a rollback", &added_and_back),
    ];
    Campaign {
        machine: world,
        another: &|| Machine::new(&world.bench.place()),
        command,
        written: &["etc", "ostree/repo/config"],
        stride,
        has_history: command == ["sync"] && world.conf("signed").exists(),
        assert_sound: &|victim, point| assert_sound(world, victim, point),
        aftermaths: &aftermaths.map(|(name, happens)| Aftermath { name, happens }),
        entry,
    }
    .run();
}

/// Another image comes, which ships one remote less or more and another key.
fn boot(world: &World<'_>, machine: &Machine, image: &str) {
    for layer in ["usr/lib/ostree", "run/ostree"] {
        let _ = fs::remove_dir_all(machine.path(layer));
    }
    let keys = world.keys();
    let (certificate, shipped): (_, &[&str]) = match image {
        "One" => (
            &keys.expired.certificate,
            &["masked", "withdrawn", "deleted", "moved"],
        ),
        _ => (
            &keys.stranger.certificate,
            &["plain", "new", "withdrawn", "moved"],
        ),
    };
    machine.write("usr/lib/ostree/remotes.d/signed.conf", signed());
    let keyring = "usr/lib/ostree/remotes.d/signed.trustedkeys.gpg";
    machine.write(keyring, certificate);
    for name in shipped {
        let path = format!("usr/lib/ostree/remotes.d/{name}.conf");
        machine.write(&path, plain(name, URL));
    }
}

/// Those that the owner deletes, or adds another of the name.
const OWNED: [&str; 4] = ["signed", "new", "withdrawn", "plain"];

fn conf(name: &str) -> String {
    format!("etc/ostree/remotes.d/{name}.conf")
}

/// What `ostree remote delete` does, which leaves the keyring beside the file.
fn delete(machine: &Machine) {
    for name in OWNED {
        let _ = fs::remove_file(machine.path(&conf(name)));
    }
    delete_moved(machine);
}

/// It is in one place or the other. While it is on its way, nobody sees it, and so nobody deletes it before the next
/// run has brought it.
fn delete_moved(machine: &Machine) {
    let own = machine.path(&conf("moved"));
    let config = machine.path("ostree/repo/config");
    let group = "[remote \"moved\"]\n";
    let text = fs::read_to_string(&config).unwrap_or_default();
    let staged = machine.path("etc/ostree/remotes.d/.#moved.conf.overlayctl");
    if let Some((before, after)) = text.split_once(group) {
        let next = after.find("\n[").map_or("", |at| &after[at + 1..]);
        fs::write(config, format!("{before}{next}")).expect("written");
    } else if !own.exists() && staged.exists() {
        machine.report(&["sync"]);
        fs::remove_file(own).expect("the remote has arrived");
    } else {
        let _ = fs::remove_file(own);
    }
}

fn add(machine: &Machine) {
    for name in OWNED {
        machine.write(&conf(name), remote(name, &[("url", "http://owner/")]));
    }
}

/// The name of a remote whose files these are.
fn entry(path: &Path) -> String {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.and_then(|name| name.trim_start_matches(".#").split('.').next());
    // One moves out of the repository's configuration.
    let name = name.filter(|name| *name != "config").unwrap_or("moved");
    name.to_owned()
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
