//! The vendor's keys: beside its file, brought to where the deployment keeps them and merged there by
//! certificate; or named by their path, as long as that exists.

use std::fs;
use std::os::unix::fs::symlink;

use super::Case;
use super::world::{URL, World, plain, remote};
use crate::flatpak::bench::Key;

pub(super) const CASES: &[Case] = &[
    ("keys: brought, rotated and withdrawn", rotated),
    ("keys: the owner's stay", owners),
    (
        "keys: what equals the vendor's at adoption is the vendor's",
        adopted,
    ),
    ("keys: gone with the remote that was deleted", deleted),
    ("keys: armored ones and broken ones", armored),
    (
        "keys: the last is not withdrawn, and none is told",
        last_one,
    ),
    (
        "keys: an override of the file leaves the vendor's keys",
        overridden,
    ),
    ("keys: the highest keyring of a name counts", layered),
    ("keys: a mask takes them away", masked),
    ("keys: a mask in the place of the keyring", masked_in_place),
    ("keys: a keyring that is a symlink elsewhere stays", linked),
    (
        "keys: an image without the keyring changes nothing",
        missing_once,
    ),
    ("keys: by path, while it exists", by_path),
    (
        "keys: a symlink leads to another remote's",
        linked_to_anothers,
    ),
    ("keys: the repository's keyring comes first", preferred),
    ("keys: ostree verifies with them", verifies),
    (
        "keys: gpg-verify is on by itself, gpg-verify-summary off",
        defaults,
    ),
    (
        "keys: what is off by itself is nobody's edit",
        off_by_itself,
    ),
];

fn signed(name: &str) -> String {
    remote(name, &[("url", URL), ("gpg-verify", "true")])
}

fn keyring(world: &World<'_>, name: &str, keys: &[&Key]) {
    keyring_in(world, "usr/lib", name, keys);
}

fn keyring_in(world: &World<'_>, layer: &str, name: &str, keys: &[&Key]) {
    let bytes: Vec<u8> = keys
        .iter()
        .flat_map(|key| key.certificate.clone())
        .collect();
    world.write(
        &format!("{layer}/ostree/remotes.d/{name}.trustedkeys.gpg"),
        bytes,
    );
}

fn path(world: &World<'_>, name: &str) -> std::path::PathBuf {
    world.path(&format!("etc/ostree/remotes.d/{name}.trustedkeys.gpg"))
}

#[track_caller]
fn assert_keys(world: &World<'_>, name: &str, keys: &[&Key]) {
    let found = world
        .bench
        .readers
        .certificates(&path(world, name))
        .expect("gpg reads it");
    let found: Vec<_> = found.into_iter().map(|c| c.fingerprint).collect();
    let mut expected: Vec<_> = keys.iter().map(|key| key.fingerprint.clone()).collect();
    expected.sort();
    assert_eq!(found, expected, "keyring of {name}");
}

fn rotated(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    world.sync_to("v", "applied");
    assert_keys(world, "v", &[&keys.vendor]);
    world.assert_settled();
    keyring(world, "v", &[&keys.vendor, &keys.stranger]);
    world.sync_to("v", "updated");
    assert_keys(world, "v", &[&keys.vendor, &keys.stranger]);
    keyring(world, "v", &[&keys.stranger]);
    world.sync();
    assert_keys(world, "v", &[&keys.stranger]);
    world.assert_settled();
    world.withdraw("v");
    world.sync_to("v", "removed");
    assert!(!path(world, "v").exists());
}

fn owners(world: &World<'_>) {
    let keys = world.keys();
    with_owners_key(world);
    keyring(world, "v", &[&keys.stranger]);
    world.sync();
    assert_keys(world, "v", &[&keys.owner, &keys.stranger]);
}

/// The vendor's remote, to whose keyring the owner has added a key.
fn with_owners_key(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    world.sync();
    let both = [&keys.vendor, &keys.owner].map(|key| key.certificate.clone());
    fs::write(path(world, "v"), both.concat()).expect("the owner adds a key");
}

/// A machine with history: a script put the remote and its keyring there.
fn adopted(world: &World<'_>) {
    let keys = world.keys();
    world.owner("v", signed("v"));
    let both = [
        keys.vendor.certificate.clone(),
        keys.owner.certificate.clone(),
    ]
    .concat();
    world.write("etc/ostree/remotes.d/v.trustedkeys.gpg", both);
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    world.sync_to("v", "adopted");
    world.assert_settled();
    keyring(world, "v", &[&keys.stranger]);
    world.sync();
    assert_keys(world, "v", &[&keys.owner, &keys.stranger]);
    world.assert_settled();
}

fn deleted(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    world.vendor("w", signed("w"));
    keyring(world, "w", &[&keys.vendor]);
    world.sync();
    let both = [
        keys.vendor.certificate.clone(),
        keys.owner.certificate.clone(),
    ]
    .concat();
    fs::write(path(world, "w"), both).expect("the owner adds a key");
    world.ostree(&["remote", "delete", "v"]);
    world.ostree(&["remote", "delete", "w"]);
    assert!(path(world, "v").exists(), "ostree leaves it behind");
    world.sync_to("v", "deleted");
    assert!(!path(world, "v").exists());
    // The owner's next remote of that name is not to trust the vendor's.
    assert_keys(world, "w", &[&keys.owner]);
    world.assert_settled();
}

fn armored(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    world.write(
        "usr/lib/ostree/remotes.d/v.trustedkeys.asc",
        &keys.vendor.armored,
    );
    world.vendor("w", signed("w"));
    world.write(
        "usr/lib/ostree/remotes.d/w.trustedkeys.gpg",
        "no keyring at all",
    );
    let report = world.sync_fails();
    report.assert_finds("error", "usr/lib/ostree/remotes.d/w.trustedkeys.gpg");
    assert_keys(world, "v", &[&keys.vendor]);
    world.assert_remotes(&[("v", URL)]);
}

fn last_one(world: &World<'_>) {
    let keys = world.keys();
    // Nothing is said of gpg-verify: ostree verifies.
    world.vendor("v", remote("v", &[("url", URL)]));
    keyring(world, "v", &[&keys.vendor]);
    let report = world.sync_to("v", "applied");
    assert!(!report.finds("warning", "v.conf"), "{report:#?}");
    world.remove("usr/lib/ostree/remotes.d/v.trustedkeys.gpg");
    world
        .sync()
        .assert_finds("warning", "usr/lib/ostree/remotes.d/v.conf");
    assert_keys(world, "v", &[&keys.vendor]);
    world.write(
        "usr/share/ostree/trusted.gpg.d/key.gpg",
        &keys.owner.certificate,
    );
    assert!(!world.sync().finds("warning", "v.conf"));
}

fn overridden(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor, &keys.owner]);
    world.sync();
    let other = remote(
        "v",
        &[("url", "http://127.0.0.1:9/run"), ("gpg-verify", "true")],
    );
    world.write("run/ostree/remotes.d/v.conf", other);
    world.write(
        "etc/ostree/remotes.d/v.conf.d/50-mine.conf",
        remote("v", &[("proxy", "mine")]),
    );
    world.sync_to("v", "updated");
    world.assert_remotes(&[("v", "http://127.0.0.1:9/run")]);
    assert_keys(world, "v", &[&keys.vendor, &keys.owner]);
    keyring(world, "v", &[&keys.stranger]);
    world.sync_to("v", "updated");
    assert_keys(world, "v", &[&keys.stranger]);
    world.assert_settled();
}

fn layered(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    keyring_in(world, "run", "v", &[&keys.stranger]);
    world.sync_to("v", "applied");
    assert_keys(world, "v", &[&keys.stranger]);
    // What a good file hides is not held against it.
    world.write("usr/lib/ostree/remotes.d/v.trustedkeys.gpg", "no keyring");
    let report = world.sync_to("v", "applied");
    assert!(report.findings.is_empty(), "{report:#?}");
    // Another name is another file.
    world.write(
        "usr/lib/ostree/remotes.d/v.trustedkeys.asc",
        &keys.owner.armored,
    );
    world.sync_to("v", "updated");
    assert_keys(world, "v", &[&keys.owner, &keys.stranger]);
    world.remove("run/ostree/remotes.d/v.trustedkeys.gpg");
    world
        .sync_fails()
        .assert_finds("error", "usr/lib/ostree/remotes.d/v.trustedkeys.gpg");
    assert_keys(world, "v", &[&keys.owner, &keys.stranger]);
    world.write("run/ostree/remotes.d/v.trustedkeys.gpg", "");
    world.sync_to("v", "updated");
    assert_keys(world, "v", &[&keys.owner]);
    world.assert_settled();
}

fn masked(world: &World<'_>) {
    let keys = world.keys();
    for name in ["v", "w"] {
        world.vendor(name, signed(name));
        keyring(world, name, &[&keys.vendor]);
    }
    world.sync();
    fs::write(
        path(world, "w"),
        [
            keys.vendor.certificate.clone(),
            keys.owner.certificate.clone(),
        ]
        .concat(),
    )
    .expect("the owner adds a key");
    for name in ["v", "w"] {
        world.link(
            &format!("run/ostree/remotes.d/{name}.trustedkeys.gpg"),
            "/dev/null",
        );
    }
    let report = world.sync_to("v", "updated");
    report.assert_finds("warning", "usr/lib/ostree/remotes.d/v.conf");
    assert!(!path(world, "v").exists());
    assert_keys(world, "w", &[&keys.owner]);
    world.assert_settled();
    for name in ["v", "w"] {
        world.remove(&format!("run/ostree/remotes.d/{name}.trustedkeys.gpg"));
    }
    world.sync();
    assert_keys(world, "v", &[&keys.vendor]);
    assert_keys(world, "w", &[&keys.vendor, &keys.owner]);
}

fn masked_in_place(world: &World<'_>) {
    let keys = world.keys();
    for name in ["v", "w"] {
        world.vendor(name, signed(name));
        keyring(world, name, &[&keys.vendor]);
    }
    world.sync();
    fs::write(path(world, "v"), "").expect("the owner masks it");
    fs::remove_file(path(world, "w")).expect("a keyring");
    world.link("etc/ostree/remotes.d/w.trustedkeys.gpg", "/dev/null");
    world.sync_to("w", "applied");
    world.assert_settled();
    for name in ["v", "w"] {
        keyring(world, name, &[&keys.stranger]);
    }
    world.assert_settled();
    world.withdraw("v");
    world.sync_to("v", "removed");
    for name in ["v", "w"] {
        assert!(fs::read(path(world, name)).is_ok_and(|text| text.is_empty()));
        fs::remove_file(path(world, name)).expect("a mask");
    }
    world.sync_to("w", "updated");
    assert_keys(world, "w", &[&keys.stranger]);
}

fn linked(world: &World<'_>) {
    let keys = world.keys();
    let file = "usr/share/keys/owner.gpg";
    world.write(file, &keys.owner.certificate);
    world.owner("v", signed("v"));
    world.link(
        "etc/ostree/remotes.d/v.trustedkeys.gpg",
        "/usr/share/keys/owner.gpg",
    );
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    let report = world.sync_to("v", "adopted");
    report.assert_finds("warning", "etc/ostree/remotes.d/v.trustedkeys.gpg");
    world.assert_settled();
    assert_eq!(
        fs::read(world.path(file)).ok(),
        Some(keys.owner.certificate.clone())
    );
    assert!(path(world, "v").is_symlink());
}

/// Once rolled back to, an image from before the keyring must not make the key the owner's.
fn missing_once(world: &World<'_>) {
    let keys = world.keys();
    with_owners_key(world);
    world.remove("usr/lib/ostree/remotes.d/v.trustedkeys.gpg");
    world.sync_to("v", "applied");
    assert_keys(world, "v", &[&keys.vendor, &keys.owner]);
    world.assert_settled();
    keyring(world, "v", &[&keys.stranger]);
    world.sync_to("v", "updated");
    assert_keys(world, "v", &[&keys.owner, &keys.stranger]);
}

fn by_path(world: &World<'_>) {
    let text = remote(
        "v",
        &[
            ("url", URL),
            ("gpgkeypath", "/usr/share/keys/one.asc;/etc/keys"),
        ],
    );
    world.vendor("v", text);
    world.write("etc/keys/two.asc", &world.keys().vendor.armored);
    let report = world.sync_to("v", "applied");
    report.assert_finds("warning", "usr/lib/ostree/remotes.d/v.conf");
    world.assert_group("v", &[("gpgkeypath", "/etc/keys"), ("url", URL)]);
    world.write("usr/share/keys/one.asc", &world.keys().vendor.armored);
    world.sync_to("v", "updated");
    world.assert_group(
        "v",
        &[
            ("gpgkeypath", "/usr/share/keys/one.asc;/etc/keys"),
            ("url", URL),
        ],
    );
    fs::remove_dir_all(world.path("etc/keys")).expect("removed");
    fs::remove_dir_all(world.path("usr/share/keys")).expect("removed");
    world.sync_to("v", "updated");
    world.assert_group("v", &[("url", URL)]);
}

/// What is trusted for one remote does not come to be for the other.
fn linked_to_anothers(world: &World<'_>) {
    let keys = world.keys();
    for (name, key) in [("v", &keys.vendor), ("other", &keys.stranger)] {
        world.vendor(name, signed(name));
        keyring(world, name, &[key]);
    }
    world.sync();
    fs::remove_file(path(world, "v")).expect("removed");
    for name in ["v", "new"] {
        symlink("other.trustedkeys.gpg", path(world, name)).expect("a link");
    }
    world.vendor("new", signed("new"));
    for name in ["v", "new"] {
        keyring(world, name, &[&keys.owner]);
    }
    let report = world.sync_fails();
    report.assert_finds("warning", "etc/ostree/remotes.d/v.trustedkeys.gpg");
    report.assert_finds("error", "etc/ostree/remotes.d/new.trustedkeys.gpg");
    assert_keys(world, "other", &[&keys.stranger]);
    world.assert_settled();
    fs::remove_file(path(world, "new")).expect("removed");
    world.sync_to("new", "applied");
    assert_keys(world, "new", &[&keys.owner]);
    assert!(path(world, "v").is_symlink());
}

fn preferred(world: &World<'_>) {
    let keys = world.keys();
    world.vendor("v", signed("v"));
    keyring(world, "v", &[&keys.vendor]);
    world.sync();
    world.write("ostree/repo/v.trustedkeys.gpg", &keys.owner.certificate);
    let report = world.sync();
    report.assert_finds("warning", "ostree/repo/v.trustedkeys.gpg");
    world.assert_remotes(&[("v", URL)]);
}

/// The signed repository of the run, pulled by the real ostree through the machine's remote.
fn verifies(world: &World<'_>) {
    let keys = world.keys();
    let repository = world.bench.repository();
    let text = remote("v", &[("url", &repository.url()), ("gpg-verify", "true")]);
    world.vendor("v", &text);
    keyring(world, "v", &[&keys.stranger]);
    world.sync();
    let app = "app/org.test.App/x86_64/stable";
    let refs = world.ostree(&["remote", "refs", "v"]);
    let app = refs
        .lines()
        .find(|line| line.contains("app/"))
        .map_or(app, |line| line.trim_start_matches("v:"));
    let pull = ["pull", "--commit-metadata-only", "v", app];
    let refused = world.ostree_fails(&pull);
    assert!(
        refused.contains("public key not found") || refused.contains("GPG"),
        "{refused}"
    );
    keyring(world, "v", &[&keys.stranger, &keys.vendor]);
    world.sync();
    world.ostree(&pull);
    world.vendor("v", plain("v", URL));
    world.sync();
    world.assert_remotes(&[("v", URL)]);
}

/// What a key means that is not there is the consumer's to say.
fn defaults(world: &World<'_>) {
    let url = world.bench.repository().url();
    world.write(
        "etc/ostree/remotes.d/v.trustedkeys.gpg",
        &world.keys().stranger.certificate,
    );
    let refs = ["remote", "refs", "v"];
    let pull = [
        "pull",
        "--commit-metadata-only",
        "v",
        "app/org.test.App/x86_64/stable",
    ];
    world.owner("v", remote("v", &[("url", &url)]));
    world.ostree(&refs);
    let refused = world.ostree_fails(&pull);
    assert!(refused.contains("public key not found"), "{refused}");
    let off = [("url", url.as_str()), ("gpg-verify", "false")];
    world.owner("v", remote("v", &off));
    world.ostree(&pull);
    let summary = [&off[..], &[("gpg-verify-summary", "true")]].concat();
    world.owner("v", remote("v", &summary));
    let refused = world.ostree_fails(&refs);
    assert!(refused.contains("public key not found"), "{refused}");
}

/// A remote that a script made says nothing of what is off by itself; that is nobody's edit.
fn off_by_itself(world: &World<'_>) {
    let off = [("url", URL), ("gpg-verify", "false")];
    world.owner("v", remote("v", &off));
    let wanted = [&off[..], &[("gpg-verify-summary", "false")]].concat();
    world.vendor("v", remote("v", &wanted));
    world.sync_to("v", "adopted");
    world.sync_to("v", "applied");
    world.vendor(
        "v",
        remote("v", &[&off[..], &[("gpg-verify-summary", "true")]].concat()),
    );
    world.sync_to("v", "updated");
    world.assert_group(
        "v",
        &[
            ("gpg-verify", "false"),
            ("gpg-verify-summary", "true"),
            ("url", URL),
        ],
    );
}
