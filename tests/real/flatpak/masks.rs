//! Rule 3: `/etc` beats `/usr`, masks work and end, and what cannot be read is neither a mask nor a
//! withdrawal.

use std::fs;

use super::Case;
use super::world::{URL, World, bytes, flatpakrepo, titled};

pub(super) const CASES: &[Case] = &[
    ("rule 3, case 39: /etc wins over /usr", etc_wins),
    ("rule 3: a drop-in in /etc overrides one key", drop_in),
    ("rule 3, case 40: an empty file masks", empty_file),
    ("rule 3, case 40: a link to /dev/null masks", dev_null),
    (
        "rule 3, case 40: a dangling link is unusable, not a mask",
        dangling_link,
    ),
    (
        "rule 3, case 41: a mask removes what was applied",
        mask_removes,
    ),
    (
        "rule 3: a mask removes what the owner had edited",
        mask_removes_edited,
    ),
    ("rule 3: unmasked, the entry comes back", unmask_restores),
    (
        "rule 3: a masked entry is masked whole, drop-ins included",
        masked_whole,
    ),
    (
        "rule 3: a mask of somebody else's remote is only reported",
        mask_of_foreign,
    ),
    (
        "rule 3: what cannot be read leaves the applied remote alone",
        unreadable,
    ),
];

fn etc_wins(world: &World<'_>) {
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "vendor"), ("Comment", "vendor")]),
    );
    world.admin("flathub", titled("admin"));
    world.sync();
    world.assert_remotes(&["flathub"]);
    world.assert_value("flathub", "xa.title", "admin");
    world.assert_value("flathub", "xa.comment", "");
    world.unmask("flathub");
    world.sync();
    world.assert_value("flathub", "xa.title", "vendor");
}

fn drop_in(world: &World<'_>) {
    let override_path = "etc/flatpak/remotes.d/flathub.flatpakrepo.d/50-title.conf";
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "vendor"), ("Comment", "vendor")]),
    );
    world.write(override_path, "[Flatpak Repo]\nTitle=admin\n");
    world.sync();
    world.assert_remotes(&["flathub"]);
    world.assert_value("flathub", "xa.title", "admin");
    world.assert_value("flathub", "xa.comment", "vendor");
    world.remove(override_path);
    world.sync();
    world.assert_value("flathub", "xa.title", "vendor");
}

/// The mask keeps `flathub` away, and flatpak stumbles over neither it nor the vendor's file.
#[track_caller]
fn assert_masked(world: &World<'_>) {
    world.sync().assert_state("flathub", "masked");
    world.assert_remotes(&["other"]);
    world.flatpak(&["list"]);
    world.assert_settled();
}

fn empty_file(world: &World<'_>) {
    world.vendor("flathub", titled("vendor"));
    world.vendor("other", titled("other"));
    world.mask("flathub");
    assert_masked(world);
}

fn dev_null(world: &World<'_>) {
    let mask = "etc/flatpak/remotes.d/flathub.flatpakrepo";
    for target in ["/dev/null", "../../../dev/null"] {
        let world = world.another();
        world.vendor("flathub", titled("vendor"));
        world.vendor("other", titled("other"));
        world.link(mask, target);
        assert_masked(&world);
    }
}

fn dangling_link(world: &World<'_>) {
    let link = "etc/flatpak/remotes.d/flathub.flatpakrepo";
    world.vendor("flathub", titled("vendor"));
    world.vendor("other", titled("other"));
    world.link(link, "no-such-file");
    let report = world.sync_fails();
    report.assert_state("flathub", "failed");
    report.assert_finds("error", link);
    world.assert_remotes(&["other"]);
    world.remove(link);
    world.sync().assert_state("flathub", "applied");
    world.assert_remotes(&["flathub", "other"]);
}

fn mask_removes(world: &World<'_>) {
    let key = world.keys().vendor.base64();
    world.vendor("flathub", flatpakrepo(&[("Url", URL), ("GPGKey", &key)]));
    world.vendor("other", titled("other"));
    world.sync();
    world.assert_remotes(&["flathub", "other"]);
    world.mask("flathub");
    let report = world.sync();
    assert!(
        ["masked", "removed"].contains(&report.state("flathub")),
        "{report:#?}"
    );
    assert_masked(world);
    assert!(!world.keyring("flathub").exists(), "the keyring stayed");
}

fn mask_removes_edited(world: &World<'_>) {
    world.vendor("flathub", titled("vendor"));
    world.vendor("other", titled("other"));
    world.sync();
    world.flatpak(&["remote-modify", "--title=Mine", "flathub"]);
    world.mask("flathub");
    world.sync();
    assert_masked(world);
}

fn unmask_restores(world: &World<'_>) {
    let key = world.keys().vendor.base64();
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "vendor"), ("GPGKey", &key)]),
    );
    world.vendor("later", titled("later"));
    world.sync();
    let group = world.group("flathub");
    world.mask("flathub");
    world.mask("later");
    world.sync();
    world.unmask("flathub");
    world.unmask("later");
    world.sync();
    world.assert_remotes(&["flathub", "later"]);
    assert_eq!(world.group("flathub"), group);
    world.assert_keys("flathub", &[&world.keys().vendor]);
}

fn masked_whole(world: &World<'_>) {
    world.vendor("flathub", titled("vendor"));
    world.vendor("other", titled("other"));
    for layer in ["usr/share", "etc"] {
        let path = format!("{layer}/flatpak/remotes.d/flathub.flatpakrepo.d/50-url.conf");
        world.write(&path, format!("[Flatpak Repo]\nUrl={URL}\nTitle=drop-in\n"));
    }
    world.mask("flathub");
    assert_masked(world);
}

fn mask_of_foreign(world: &World<'_>) {
    world.flatpak(&[
        "remote-add",
        "--no-gpg-verify",
        "flathub",
        "http://127.0.0.1:9/own",
    ]);
    let group = world.group("flathub");
    world.vendor("flathub", titled("vendor"));
    world.mask("flathub");
    world.sync();
    world.assert_remotes(&["flathub"]);
    assert_eq!(world.group("flathub"), group);
}

fn unreadable(world: &World<'_>) {
    let path = "etc/flatpak/remotes.d/flathub.flatpakrepo";
    let key = world.keys().vendor.base64();
    world.vendor(
        "flathub",
        flatpakrepo(&[("Url", URL), ("Title", "vendor"), ("GPGKey", &key)]),
    );
    world.sync();
    let (config, keyring) = (bytes(&world.config()), bytes(&world.keyring("flathub")));
    let break_it: [(&str, &dyn Fn()); 6] = [
        ("dangling link", &|| world.link(path, "no-such-file")),
        ("link to itself", &|| {
            world.link(path, "flathub.flatpakrepo");
        }),
        ("directory", &|| {
            fs::create_dir_all(world.path(path)).expect("a directory");
        }),
        ("only a comment", &|| world.write(path, "# nothing here\n")),
        ("junk", &|| world.write(path, "junk\n")),
        ("no Url", &|| world.write(path, "[Flatpak Repo]\nTitle=x\n")),
    ];
    for (what, make) in break_it {
        make();
        let report = world.sync_fails();
        report.assert_finds("error", path);
        report.assert_state("flathub", "failed");
        assert_eq!(bytes(&world.config()), config, "{what}: the config changed");
        assert_eq!(
            bytes(&world.keyring("flathub")),
            keyring,
            "{what}: the keyring changed"
        );
        world.assert_remotes(&["flathub"]);
        let path = world.path(path);
        fs::remove_file(&path)
            .or_else(|_| fs::remove_dir(&path))
            .expect("repaired");
    }
    world.sync();
}
