//! `docs/replacing-scripts.md`: what it says of flatpak's remotes, on machines with a history.

use super::Case;
use super::world::World;
use crate::documents;

pub(super) const CASES: &[Case] = &[
    ("docs: Fedora's one-shot unit, from scratch", fedora),
    (
        "docs: Fedora's one-shot unit, with its history",
        fedora_before,
    ),
    ("docs: Endless's script, with its history", endless),
];

fn install(world: &World<'_>, section: &str) {
    for (path, text) in documents::files(section) {
        world.write(path, text);
    }
}

const REGISTRY: &str = "oci+https://registry.fedoraproject.org";

fn fedora(world: &World<'_>) {
    install(world, "Fedora");
    world.sync();
    let remotes = world.remotes();
    assert_eq!(remotes["fedora"].url, REGISTRY);
    assert!(remotes["fedora-testing"].options.contains("disabled"));
    // A distribution built on this one does not want it.
    let mask = "usr/local/share/flatpak/remotes.d/fedora-testing.flatpakrepo";
    world.write(mask, "");
    world.sync();
    world.assert_remotes(&["fedora"]);
    world.remove(mask);
    world.sync();
    // The owner enables it and deletes the other; both hold, and a change of the image arrives.
    world.flatpak(&["remote-modify", "--enable", "fedora-testing"]);
    world.flatpak(&["remote-delete", "fedora"]);
    let (path, text) = documents::files("Fedora")[1];
    world.write(path, text.replace("(testing)", "(tests)"));
    world.sync();
    let remotes = world.remotes();
    assert!(!remotes.contains_key("fedora"));
    let testing = &remotes["fedora-testing"];
    assert_eq!(testing.title, "Fedora Flatpaks (tests)");
    assert!(!testing.options.contains("disabled"), "{testing:?}");
    // What its owner changed stays with them, whoever of the vendors gives it up.
    world.write(mask, "");
    let report = world.sync();
    report.assert_state("fedora-testing", "released");
    world.assert_remotes(&["fedora-testing"]);
}

/// What the unit ran once.
fn run_unit(world: &World<'_>) {
    let add = ["remote-add", "--if-not-exists", "--no-gpg-verify"];
    world.flatpak(&[&add[..], &["--title=Fedora Flatpaks", "fedora", REGISTRY]].concat());
    let testing = format!("{REGISTRY}#testing");
    world.flatpak(
        &[
            &add[..],
            &[
                "--disable",
                "--title=Fedora Flatpaks (testing)",
                "fedora-testing",
                &testing,
            ],
        ]
        .concat(),
    );
    world.write("var/lib/flatpak/.fedora-initialized", "");
}

fn fedora_before(world: &World<'_>) {
    run_unit(world);
    world.flatpak(&["remote-delete", "fedora"]);
    install(world, "Fedora");
    let report = world.sync();
    report.assert_state("fedora", "deleted");
    report.assert_state("fedora-testing", "adopted");
    let remotes = world.remotes();
    assert_eq!(remotes.keys().collect::<Vec<_>>(), ["fedora-testing"]);
    assert!(remotes["fedora-testing"].options.contains("disabled"));
    world.remove("var/lib/flatpak/.fedora-initialized");
    world.sync();
    assert!(!world.remotes().contains_key("fedora"));
    world.assert_settled();
}

fn endless(world: &World<'_>) {
    let old = "https://endless:secret@ostree.endlessm.com/ostree/eos-apps";
    world.flatpak(&[
        "remote-add",
        "--no-gpg-verify",
        "--title=Mine",
        "eos-apps",
        old,
    ]);
    install(world, "Endless");
    let report = world.sync();
    report.assert_state("eos-apps", "adopted");
    world.assert_value(
        "eos-apps",
        "url",
        "https://ostree.endlessm.com/ostree/eos-apps",
    );
    world.assert_value("eos-apps", "xa.title", "Mine");
    world.assert_value("eos-apps", "collection-id", "com.endlessm.Apps");
    world.remotes();
    world.assert_settled();
    // Deleted, it stays so, as it never did.
    world.flatpak(&["remote-delete", "eos-apps"]);
    world.sync().assert_state("eos-apps", "deleted");
    world.assert_settled();
}
