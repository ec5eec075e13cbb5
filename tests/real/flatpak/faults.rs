//! A sync that is killed before each of its system calls, or that has each of them fail once.
//!
//! Whatever happens, the real flatpak accepts the repository, no remote is verified without a key
//! that gpg can read, and the next undisturbed run makes every byte what it would have been.

use std::fs;

use super::bench::{Key, base64};
use super::world::{URL, World, bytes, flatpakrepo, with_overlay};
use crate::faults::{Aftermath, Campaign, Happens, copy_of};
use crate::machine::Machine;
use crate::peers;

/// The cases of this file.
pub(super) const CASES: &[super::Case] = &[
    (
        "case 42: killed or failing anywhere, a first sync",
        |world| {
            campaign(world, 1, |_, _| {}, [first, second, third]);
        },
    ),
    (
        "cases 42, 58: killed or failing anywhere, an update",
        |world| campaign(world, 8, synced, [first, second, third]),
    ),
];

fn signed(title: &str, keys: &[&Key]) -> String {
    let certificates: Vec<_> = keys.iter().map(|key| key.certificate.clone()).collect();
    let key = base64(&certificates.concat());
    flatpakrepo(&[("Url", URL), ("Title", title), ("GPGKey", &key)])
}

fn at(url: &str) -> String {
    flatpakrepo(&[("Url", url)])
}

// Of each kind of change there is one remote, in three images.

fn first(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("rotated", signed("One", &[&keys.expired]));
    world.vendor("united", signed("One", &[&keys.vendor]));
    world.vendor("signed", at(URL));
    world.vendor("unsigned", signed("One", &[&keys.vendor]));
    world.vendor("moved", at(URL));
    world.vendor("to-oci", signed("One", &[&keys.vendor]));
    world.vendor("from-oci", at("oci+https://127.0.0.1:9"));
    world.vendor("masked", signed("One", &[&keys.vendor]));
    world.vendor("withdrawn", signed("One", &[&keys.vendor]));
    world.vendor("former", signed("One", &[&keys.vendor]));
    world.vendor("filtered", at(URL));
}

fn second(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("rotated", signed("Two", &[&keys.vendor]));
    world.vendor("united", signed("Two", &[&keys.vendor, &keys.stranger]));
    world.vendor("signed", signed("Two", &[&keys.vendor]));
    world.vendor("unsigned", at(URL));
    world.vendor("moved", at("http://127.0.0.1:9/moved"));
    world.vendor("to-oci", at("oci+https://127.0.0.1:9"));
    world.vendor("from-oci", signed("Two", &[&keys.vendor]));
    world.vendor("masked", signed("One", &[&keys.vendor]));
    world.write("run/flatpak/remotes.d/masked.flatpakrepo", "");
    let renamed = signed("Two", &[&keys.vendor]);
    world.vendor("renamed", with_overlay(&renamed, "FormerNames=former"));
    world.write("usr/share/filter", "deny *\n");
    let filter = [("Url", URL), ("Filter", "/usr/share/filter")];
    world.vendor("filtered", flatpakrepo(&filter));
    world.vendor("new", signed("Two", &[&keys.vendor]));
    let collection = "[Collection]\nRemote=united\nCollectionID=org.test.Two\n";
    world.write("usr/share/flatpak/collections.d/united.conf", collection);
}

fn third(world: &World<'_>) {
    let keys = world.keys();
    for name in [
        "rotated",
        "united",
        "signed",
        "unsigned",
        "new",
        "withdrawn",
    ] {
        world.vendor(name, signed("Three", &[&keys.stranger]));
    }
    for name in ["moved", "to-oci", "from-oci", "filtered"] {
        world.vendor(name, at("http://127.0.0.1:9/third"));
    }
    world.vendor("masked", signed("Three", &[&keys.vendor]));
}

/// The first image was booted, and flatpak has been used.
fn synced(world: &World<'_>, first: Image) {
    first(world);
    world.sync();
    let mut keys = bytes(&world.keyring("united"));
    keys.extend(&world.keys().owner.certificate);
    world.write(&keyring("united"), keys);
    for name in [
        "rotated",
        "united",
        "moved",
        "to-oci",
        "from-oci",
        "withdrawn",
    ] {
        for file in [
            format!("repo/tmp/cache/summaries/{name}.idx"),
            format!("appstream/{name}/x86_64/list"),
            format!("oci/{name}.index.gz"),
        ] {
            world.write(&format!("var/lib/flatpak/{file}"), "downloaded");
        }
    }
}

/// What an image ships.
type Image = fn(&World<'_>);

fn campaign(world: &World<'_>, stride: usize, prepare: fn(&World<'_>, Image), images: [Image; 3]) {
    // The files are the same for every flatpak; the oldest has the fewest excuses.
    if world.flatpak.is_at_least([1, 16]) {
        return;
    }
    let [first, second, third] = images;
    let boot = |machine: &Machine, image: Image| {
        for layer in ["usr", "run"] {
            let _ = fs::remove_dir_all(machine.path(layer));
        }
        image(&world.on(Machine {
            root: machine.root.clone(),
        }));
    };
    prepare(world, first);
    boot(world, second);
    let rolled_back = |machine: &Machine| boot(machine, first);
    let next = |machine: &Machine| boot(machine, third);
    let deleted = |machine: &Machine| delete(machine);
    let deleted_and_back = |machine: &Machine| {
        delete(machine);
        boot(machine, first);
    };
    let added_and_back = |machine: &Machine| {
        add(world, machine);
        boot(machine, first);
    };
    let added_and_next = |machine: &Machine| {
        add(world, machine);
        boot(machine, third);
    };
    let aftermaths: [Happens<'_>; 6] = [
        ("a rollback", &rolled_back),
        ("the next image", &next),
        ("the owner deletes", &deleted),
        ("the owner deletes, and a rollback", &deleted_and_back),
        ("the owner adds, and a rollback", &added_and_back),
        ("the owner adds, and the next image", &added_and_next),
    ];
    let aftermaths = aftermaths.map(|(name, happens)| Aftermath { name, happens });
    Campaign {
        machine: world,
        another: &|| Machine::new(&world.bench.place()),
        command: &["sync"],
        written: &["var"],
        stride,
        has_history: world.config().exists(),
        assert_sound: &|victim, point| assert_sound(world, victim, point),
        aftermaths: &aftermaths,
        // All of them change in one rename.
        entry: |_| String::new(),
    }
    .run();
}

/// Those that the owner deletes, or adds another of the name.
const OWNED: [&str; 4] = ["rotated", "new", "withdrawn", "renamed"];

/// What `flatpak remote-delete` does.
fn delete(machine: &Machine) {
    for name in OWNED {
        let config = machine.path(CONFIG);
        let text = fs::read_to_string(&config).unwrap_or_default();
        if let Some((before, after)) = text.split_once(&format!("[remote \"{name}\"]\n")) {
            let next = after.find("\n[").map_or("", |at| &after[at + 1..]);
            fs::write(config, format!("{before}{next}")).expect("written");
            let _ = fs::remove_file(machine.path(&keyring(name)));
        }
    }
}

/// What `flatpak remote-add --gpg-import` does, which adds to the keyring that it finds.
fn add(world: &World<'_>, machine: &Machine) {
    delete(machine);
    for name in OWNED {
        let config = machine.path(CONFIG);
        if let Ok(text) = fs::read_to_string(&config) {
            let group = format!("\n[remote \"{name}\"]\nurl=http://owner/\ngpg-verify=true\n");
            fs::write(config, text + &group).expect("written");
            let mut keys = bytes(&machine.path(&keyring(name)));
            keys.extend(&world.keys().owner.certificate);
            machine.write(&keyring(name), keys);
        }
    }
}

const CONFIG: &str = "var/lib/flatpak/repo/config";

fn keyring(name: &str) -> String {
    format!("var/lib/flatpak/repo/{name}.trustedkeys.gpg")
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
