//! Our reading of `.flatpakrepo` files against flatpak's own import of the same files.
//!
//! One difference is meant: a key that is used but cannot be decoded makes overlayctl refuse the
//! file, while flatpak drops the key without a word. The generator makes no such file where flatpak
//! would go on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Case;
use super::generator::{accepted, suspicious};
use super::world::World;
use crate::how_many;
use crate::peers::Certificate;
use crate::random::Random;

pub(super) const CASES: &[Case] = &[
    (
        "differential: generated files give the group and keyring flatpak imports",
        same_import,
    ),
    (
        "differential: files that flatpak refuses are refused",
        same_refusals,
    ),
];

/// How many files a thorough trial has.
const ACCEPTED: usize = 240;
const SUSPICIOUS: usize = 60;

/// The keys of a group in the order of the file, and the keyring beside it.
type Import = (Vec<(String, String)>, Vec<Certificate>);

fn import(world: &World<'_>) -> BTreeMap<String, Import> {
    let mut imports: BTreeMap<String, Import> = BTreeMap::new();
    let read = world
        .bench
        .readers
        .assignments(&world.config())
        .expect("GLib reads the config");
    for (group, key, value) in read {
        let name = group
            .strip_prefix("remote \"")
            .and_then(|group| group.strip_suffix('"'));
        if let Some(name) = name.filter(|_| !key.starts_with("x-overlayctl.")) {
            imports
                .entry(name.to_owned())
                .or_default()
                .0
                .push((key, value));
        }
    }
    for (name, import) in &mut imports {
        import.1 = world
            .bench
            .readers
            .certificates(&world.keyring(name))
            .expect("gpg reads the keyring");
    }
    imports
}

fn same_import(world: &World<'_>) {
    let theirs = world.another();
    let all = how_many(ACCEPTED);
    let mut random = Random::new(0x5eed);
    let mut files = BTreeMap::new();
    for number in 0..all {
        let text = accepted(
            &mut random,
            world.keys(),
            world.flatpak.is_at_least([1, 18]),
        );
        let name = format!("remote-{number:03}");
        world.vendor(&name, &text);
        theirs.admin(&name, &text);
        files.insert(name, text);
    }
    theirs.remotes();
    let report = world.report(&["sync"]);
    let (ours, theirs) = (import(world), import(&theirs));
    let mut differences = String::new();
    for (name, text) in &files {
        if ours.get(name) != theirs.get(name) {
            let (ours, theirs) = (ours.get(name), theirs.get(name));
            let _ = writeln!(
                differences,
                "{name}:\n{text}\nours:   {ours:?}\ntheirs: {theirs:?}\n"
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
    report.assert_code(0);
    assert_eq!(theirs.len(), all, "flatpak imported all of them");
}

fn same_refusals(world: &World<'_>) {
    let mut random = Random::new(0xbad);
    let all = how_many(SUSPICIOUS);
    let mut files = BTreeMap::new();
    for number in 0..all {
        let text = suspicious(&mut random, world.keys());
        let name = format!("remote-{number:02}");
        world.vendor(&name, &text);
        files.insert(name, text);
    }
    // One bad file stops flatpak's import altogether, so each has a machine of its own.
    let accepts = |text: &Vec<u8>| {
        let world = world.another();
        world.admin("alone", text);
        world
            .flatpak
            .remotes(&world.root)
            .is_ok_and(|remotes| remotes.contains_key("alone"))
    };
    let report = world.report(&["sync"]);
    let mut differences = String::new();
    let mut refused = 0;
    for (name, text) in &files {
        let (ours, theirs) = (report.state(name) == "applied", accepts(text));
        refused += usize::from(!theirs);
        if ours != theirs {
            let text = String::from_utf8_lossy(text);
            let _ = writeln!(
                differences,
                "{name}: accepted by us {ours}, by flatpak {theirs}:\n{text}\n"
            );
        }
    }
    assert!(differences.is_empty(), "{differences}");
    assert!(
        refused > all / 3 && refused < all,
        "{refused} refused: too one-sided"
    );
}
