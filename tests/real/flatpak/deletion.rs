//! Rules 1 and 2: new entries appear by themselves, and what the owner deleted stays deleted.

use super::Case;
use super::world::{URL, World, flatpakrepo, titled, with_overlay};

pub(super) const CASES: &[Case] = &[
    ("rule 1, cases 1, 55: entries appear", entries_appear),
    (
        "rule 1, case 2: a machine without any installation",
        no_installation,
    ),
    ("rule 1, case 57: a second run writes nothing", second_run),
    (
        "rule 1: a dry run and a check write nothing and say that changes are pending",
        pending,
    ),
    ("rule 1: every layer is read", every_layer),
    ("rule 2, case 3: remote-delete persists", deletion_persists),
    ("rule 2: over an edit of the vendor", vendor_edits),
    ("rule 2: over a withdrawal and return", withdrawn_and_back),
    ("rule 2: over a rename", renamed),
    (
        "rule 2: what the owner changed goes along with a rename",
        renamed_with_edits,
    ),
    (
        "rule 2: over a rename, deletion and rollback",
        renamed_and_rolled_back,
    ),
    (
        "rule 2: of an own remote made while the entry was withdrawn",
        own_while_withdrawn,
    ),
    ("rule 2: over mask and unmask", masked_and_unmasked),
    (
        "rule 2: over rollback and upgrade of the image",
        rollback_and_upgrade,
    ),
    (
        "rule 2, case 4: of the owner's own remote of the same name",
        own_remote,
    ),
    (
        "rule 2: recorded by an older mechanism's stamp",
        older_stamp,
    ),
    (
        "rule 2: by such a stamp also where the entry was masked or broken first",
        older_stamp_seen_late,
    ),
    (
        "rule 2: restored under one name, it is so under the other image's",
        restored_under_another_name,
    ),
    ("rule 2: until the owner restores the entry", restored),
];

/// Ships `flathub`, applies it and lets the owner delete it.
fn deleted(world: &World<'_>) {
    world.vendor("flathub", titled("first"));
    world.sync().assert_state("flathub", "applied");
    world.flatpak(&["remote-delete", "flathub"]);
}

/// Neither sync nor flatpak's own import brings `flathub` back.
#[track_caller]
fn assert_stays_deleted(world: &World<'_>) {
    world.assert_remotes(&[]);
    world.sync().assert_state("flathub", "deleted");
    world.assert_remotes(&[]);
    world.assert_settled();
    assert!(!world.keyring("flathub").exists(), "a keyring came back");
}

fn entries_appear(world: &World<'_>) {
    let pairs = [
        ("Url", URL),
        ("Title", "Vendor Apps"),
        ("Comment", "One line"),
        ("Description", "Many\\nlines"),
        ("Icon", "https://example.org/logo.svg"),
        ("Homepage", "https://example.org/"),
    ];
    world.vendor("flathub", flatpakrepo(&pairs));
    world.vendor("fedora", titled("Fedora"));
    let report = world.sync();
    report.assert_state("flathub", "applied");
    report.assert_state("fedora", "applied");
    world.assert_remotes(&["fedora", "flathub"]);
    let expected = [
        ("gpg-verify", "false"),
        ("gpg-verify-summary", "false"),
        ("url", URL),
        ("xa.comment", "One line"),
        ("xa.description", "Many\\nlines"),
        ("xa.homepage", "https://example.org/"),
        ("xa.icon", "https://example.org/logo.svg"),
        ("xa.title", "Vendor Apps"),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(
        world
            .native_group("flathub")
            .into_iter()
            .collect::<Vec<_>>(),
        expected
    );
}

fn no_installation(world: &World<'_>) {
    world.admin("flathub", titled("Flathub"));
    assert!(!world.path("var").exists());
    world.sync().assert_state("flathub", "applied");
    world.flatpak(&["list"]);
    world.flatpak(&["remote-modify", "--title=Mine", "flathub"]);
    assert_eq!(world.remotes()["flathub"].title, "Mine");
}

fn second_run(world: &World<'_>) {
    let key = world.keys().vendor.base64();
    world.vendor("signed", flatpakrepo(&[("Url", URL), ("GPGKey", &key)]));
    world.vendor("plain", titled("Plain"));
    world.vendor("masked", titled("Masked"));
    world.mask("masked");
    world.sync();
    world.assert_settled();
    world.assert_remotes(&["plain", "signed"]);
    world.assert_settled();
}

fn pending(world: &World<'_>) {
    world.vendor("flathub", titled("Flathub"));
    let before = world.snapshot();
    world.report(&["sync", "--dry-run"]).assert_code(3);
    world.report(&["status", "--check"]).assert_code(3);
    world.report(&["status"]).assert_code(0);
    assert_eq!(before, world.snapshot(), "only sync writes");
    world.sync();
    world.report(&["sync", "--dry-run"]).assert_code(0);
    world.report(&["status", "--check"]).assert_code(0);
}

fn every_layer(world: &World<'_>) {
    let layers = [
        "usr/share",
        "usr/lib",
        "usr/local/share",
        "usr/local/lib",
        "run",
        "etc",
    ];
    for layer in layers {
        let name = layer.replace('/', "-");
        world.write(
            &format!("{layer}/flatpak/remotes.d/{name}.flatpakrepo"),
            titled(layer),
        );
        world.write(
            &format!("{layer}/flatpak/remotes.d/all.flatpakrepo"),
            titled(layer),
        );
        world.sync();
        let remotes = world.remotes();
        assert_eq!(remotes[&name].title, layer);
        assert_eq!(remotes["all"].title, layer, "a higher layer wins");
    }
}

fn deletion_persists(world: &World<'_>) {
    deleted(world);
    assert_stays_deleted(world);
    assert_stays_deleted(world);
}

fn vendor_edits(world: &World<'_>) {
    deleted(world);
    let key = world.keys().vendor.base64();
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", "http://127.0.0.1:9/elsewhere"), ("GPGKey", &key)]),
    );
    assert_stays_deleted(world);
}

fn withdrawn_and_back(world: &World<'_>) {
    deleted(world);
    world.withdraw("flathub");
    world.sync();
    world.assert_remotes(&[]);
    world.vendor("flathub", titled("second"));
    assert_stays_deleted(world);
}

fn renamed(world: &World<'_>) {
    deleted(world);
    world.withdraw("flathub");
    world.vendor(
        "flathub-apps",
        with_overlay(&titled("renamed"), "FormerNames=flathub;"),
    );
    world.sync().assert_state("flathub-apps", "deleted");
    world.assert_remotes(&[]);
    world.sync();
    world.assert_remotes(&[]);
}

fn renamed_and_rolled_back(world: &World<'_>) {
    let old_image = |world: &World<'_>| world.vendor("flathub", titled("old"));
    let new_image = |world: &World<'_>| {
        let text = with_overlay(&titled("new"), "FormerNames=flathub;");
        world.vendor("flathub-apps", text);
    };
    old_image(world);
    world.sync();
    world.withdraw("flathub");
    new_image(world);
    world.sync();
    world.assert_remotes(&["flathub-apps"]);
    world.flatpak(&["remote-delete", "flathub-apps"]);
    world.sync();
    world.withdraw("flathub-apps");
    old_image(world);
    world.sync().assert_state("flathub", "deleted");
    world.assert_remotes(&[]);
    world.withdraw("flathub");
    new_image(world);
    world.sync().assert_state("flathub-apps", "deleted");
    world.assert_remotes(&[]);
    assert_eq!(world.report(&["restore", "flathub-apps"]).code, 0);
    world.assert_remotes(&["flathub-apps"]);
    world.assert_settled();
}

fn renamed_with_edits(world: &World<'_>) {
    let keys = world.keys();
    let entry = |title: &str, overlay: &str| {
        let text = flatpakrepo(&[
            ("Url", URL),
            ("Title", title),
            ("Homepage", "https://vendor"),
            ("Subset", "vendors"),
            ("GPGKey", &keys.vendor.base64()),
        ]);
        with_overlay(&text, overlay)
    };
    world.vendor("old", entry("old", ""));
    world.sync();
    let file = world.root.with_extension("gpg");
    std::fs::write(&file, &keys.owner.certificate).expect("a certificate");
    let import = format!("--gpg-import={}", file.display());
    world.flatpak(&["remote-modify", "--title=Mine", "--prio=7", &import, "old"]);
    world.edit_config(|text| text.replace("xa.subset=vendors\n", ""));
    world.sync().assert_state("old", "edited");
    world.withdraw("old");
    world.vendor("new", entry("new", "FormerNames=old;"));
    world.sync();
    world.assert_remotes(&["new"]);
    for (key, value) in [
        ("xa.title", "Mine"),
        ("xa.title-is-set", "true"),
        ("xa.prio", "7"),
        ("xa.subset", ""),
        ("xa.homepage", "https://vendor"),
    ] {
        world.assert_value("new", key, value);
    }
    world.assert_keys("new", &[&keys.owner, &keys.vendor]);
    world.assert_settled();
}

fn own_while_withdrawn(world: &World<'_>) {
    world.vendor("flathub", titled("first"));
    world.sync();
    world.withdraw("flathub");
    world.sync();
    world.flatpak(&[
        "remote-add",
        "--no-gpg-verify",
        "flathub",
        "http://127.0.0.1:9/own",
    ]);
    world.sync();
    world.flatpak(&["remote-delete", "flathub"]);
    world.vendor("flathub", titled("second"));
    world.sync().assert_state("flathub", "deleted");
    world.assert_remotes(&[]);
}

fn masked_and_unmasked(world: &World<'_>) {
    deleted(world);
    world.mask("flathub");
    world.sync();
    world.assert_remotes(&[]);
    world.unmask("flathub");
    assert_stays_deleted(world);
}

fn rollback_and_upgrade(world: &World<'_>) {
    let old_image = |world: &World<'_>| {
        world.vendor("kept", titled("old"));
        world.withdraw("flathub");
    };
    let new_image = |world: &World<'_>| {
        world.vendor("kept", titled("new"));
        world.vendor("flathub", titled("new"));
    };
    new_image(world);
    world.sync();
    world.flatpak(&["remote-delete", "flathub"]);
    for _ in 0..2 {
        old_image(world);
        world.sync();
        world.assert_remotes(&["kept"]);
        world.assert_value("kept", "xa.title", "old");
        new_image(world);
        world.sync().assert_state("flathub", "deleted");
        world.assert_remotes(&["kept"]);
        world.assert_value("kept", "xa.title", "new");
    }
}

fn own_remote(world: &World<'_>) {
    let own = "http://127.0.0.1:9/own";
    world.flatpak(&[
        "remote-add",
        "--no-gpg-verify",
        "--title=Own",
        "flathub",
        own,
    ]);
    let group = world.group("flathub");
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "Vendor"), ("Comment", "Vendor")]),
    );
    world.sync().assert_state("flathub", "foreign");
    assert_eq!(
        world.group("flathub"),
        group,
        "the owner's remote was touched"
    );
    world.assert_remotes(&["flathub"]);
    world.flatpak(&["remote-delete", "flathub"]);
    assert_stays_deleted(world);
}

fn older_stamp(world: &World<'_>) {
    let entry = |stamp| with_overlay(&titled("Fedora"), &format!("DeletedIf={stamp}"));
    world.write("var/lib/flatpak/.fedora-initialized", "");
    world.vendor("fedora", entry("/var/lib/flatpak/.fedora-initialized"));
    world.vendor("other", entry("/var/lib/no-such-stamp"));
    world.sync().assert_state("fedora", "deleted");
    world.assert_remotes(&["other"]);
    world.remove("var/lib/flatpak/.fedora-initialized");
    world.sync().assert_state("fedora", "deleted");
    world.assert_remotes(&["other"]);
}

fn older_stamp_seen_late(world: &World<'_>) {
    let stamp = "/var/lib/flatpak/.fedora-initialized";
    let entry = |overlay: &str| with_overlay(&titled("Fedora"), overlay);
    let sound = entry(&format!("DeletedIf={stamp}"));
    world.write(stamp, "");
    world.vendor("masked", &sound);
    world.mask("masked");
    world.vendor("broken", "junk\n");
    world.vendor("there", titled("Fedora"));
    world.sync_fails();
    // What was there, whatever became of it since, no stamp of before deletes.
    world.vendor("there", &sound);
    world.mask("there");
    world.sync_fails();
    world.vendor("broken", &sound);
    for name in ["masked", "there"] {
        world.unmask(name);
    }
    let report = world.sync();
    report.assert_state("masked", "deleted");
    report.assert_state("broken", "deleted");
    world.assert_remotes(&["there"]);
    world.assert_settled();
    world.report(&["restore", "masked"]).assert_code(0);
    world.mask("masked");
    world.sync();
    world.unmask("masked");
    world.sync();
    world.assert_remotes(&["masked", "there"]);
}

fn restored_under_another_name(world: &World<'_>) {
    let stamp = "/var/lib/flatpak/.fedora-initialized";
    world.write(stamp, "");
    let image = |version: u8| {
        let overlay = format!("DeletedIf={stamp}");
        match version {
            1 => world.vendor("old", with_overlay(&titled("one"), &overlay)),
            _ => world.vendor(
                "new",
                with_overlay(&titled("two"), &(overlay + "\nFormerNames=old;")),
            ),
        }
    };
    let names = |version: u8| {
        if version == 1 {
            ["old", "new"]
        } else {
            ["new", "old"]
        }
    };
    for first in [1, 2] {
        let [name, _] = names(first);
        image(first);
        world.sync().assert_state(name, "deleted");
        world.report(&["restore", name]).assert_code(0);
        world.assert_remotes(&[name]);
        // The other image, and back.
        for version in [3 - first, first] {
            let [name, other] = names(version);
            world.withdraw(other);
            image(version);
            world.sync().assert_state(name, "applied");
            world.assert_remotes(&[name]);
            world.assert_settled();
        }
        world.withdraw(name);
        world.sync();
        // As if the machine were another.
        std::fs::remove_dir_all(world.path("var/lib/flatpak/repo")).expect("wiped");
    }
}

fn restored(world: &World<'_>) {
    deleted(world);
    world.vendor("flathub", titled("second"));
    world.sync();
    world.report(&["restore", "flathub"]).assert_code(0);
    world.assert_remotes(&["flathub"]);
    world.assert_value("flathub", "xa.title", "second");
    world.assert_settled();
    world.flatpak(&["remote-delete", "flathub"]);
    assert_stays_deleted(world);
}
