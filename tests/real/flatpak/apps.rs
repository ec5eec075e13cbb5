//! Rules 5 and 6 with an app that is really installed, from a signed repository, through a remote
//! that sync created.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::Case;
use super::bench::{Key, Repository};
use super::world::{World, flatpakrepo, titled};

pub(super) const CASES: &[Case] = &[
    (
        "rules 1, 5: an app is installed and updated through a remote of sync's",
        installed,
    ),
    (
        "rule 5: a repository signed by another key is refused",
        wrong_key,
    ),
    (
        "rule 5: updates work again when the image extends an expired key",
        expired_key,
    ),
    (
        "rule 6, case 47: withdrawn, a remote in use is kept and hidden",
        withdrawn_in_use,
    ),
    (
        "rule 6: what was hidden for the apps' sake is shown when it is the owner's",
        withdrawn_and_edited,
    ),
    (
        "rule 6, case 41: masked, a remote in use is kept and hidden until it is free",
        masked_in_use,
    ),
    (
        "rule 6: an appstream branch alone does not keep a remote",
        appstream_only,
    ),
    (
        "rule 6: a removal leaves what remote-delete leaves",
        removal,
    ),
];

const UPDATE: [&str; 3] = ["update", "--assumeyes", "--noninteractive"];

fn entry(repository: &Repository, key: &Key) -> String {
    flatpakrepo(&[
        ("Url", &repository.url()),
        ("Title", "Test"),
        ("GPGKey", &key.base64()),
    ])
}

/// A machine with the test app, from `flathub`.
fn with_app(world: &World<'_>) -> Repository {
    let repository = world.repository();
    world.vendor("flathub", entry(&repository, &world.keys().vendor));
    world.sync();
    world.install_from("flathub");
    repository
}

fn installed(world: &World<'_>) {
    let (keys, repository) = (world.keys(), with_app(world));
    assert!(world.installed_app().contains("first"));
    repository.publish("second", keys, &keys.vendor);
    world.flatpak(&UPDATE);
    assert!(world.installed_app().contains("second"));
    world.assert_settled();
}

fn wrong_key(world: &World<'_>) {
    let repository = world.repository();
    world.vendor("flathub", entry(&repository, &world.keys().stranger));
    world.sync();
    let install = [
        "install",
        "--assumeyes",
        "--noninteractive",
        "flathub",
        Repository::APP,
    ];
    let message = world.flatpak_fails(&install);
    assert!(
        message.contains("public key not found") || message.contains("GPG"),
        "{message}"
    );
}

fn expired_key(world: &World<'_>) {
    let (keys, repository) = (world.keys(), world.repository());
    repository.publish("first", keys, &keys.extended);
    world.vendor("flathub", entry(&repository, &keys.expired));
    world.sync();
    // The app came when the certificate was still good.
    world.flatpak(&["remote-modify", "--no-gpg-verify", "flathub"]);
    world.install_from("flathub");
    world.flatpak(&["remote-modify", "--gpg-verify", "flathub"]);
    repository.publish("second", keys, &keys.extended);
    let _ = world.flatpak.run(&world.root, &UPDATE);
    assert!(
        world.installed_app().contains("first"),
        "an expired key must not verify"
    );
    world.vendor("flathub", entry(&repository, &keys.extended));
    world.sync();
    world.flatpak(&UPDATE);
    assert!(world.installed_app().contains("second"));
}

/// `flathub` is there for the app's sake, but nobody is offered anything from it.
#[track_caller]
fn assert_kept(world: &World<'_>) {
    let report = world.sync();
    report.assert_state("flathub", "kept");
    assert!(world.remotes()["flathub"].options.contains("no-enumerate"));
    world.assert_settled();
}

fn withdrawn_in_use(world: &World<'_>) {
    let (keys, repository) = (world.keys(), with_app(world));
    world.withdraw("flathub");
    assert_kept(world);
    repository.publish("second", keys, &keys.vendor);
    world.flatpak(&UPDATE);
    assert!(
        world.installed_app().contains("second"),
        "it still gets updates"
    );
    world.vendor("flathub", entry(&repository, &keys.vendor));
    world.sync();
    assert!(
        !world.remotes()["flathub"].options.contains("no-enumerate"),
        "it is offered again"
    );
}

fn withdrawn_and_edited(world: &World<'_>) {
    let repository = with_app(world);
    world.withdraw("flathub");
    assert_kept(world);
    world.flatpak(&["remote-modify", "--title=Mine", "flathub"]);
    world.sync().assert_state("flathub", "released");
    let hidden = || world.remotes()["flathub"].options.contains("no-enumerate");
    assert!(!hidden(), "it is the owner's, who did not hide it");
    world.assert_settled();
    // What the owner hid stays so, whatever becomes of the entry.
    world.flatpak(&["remote-modify", "--no-enumerate", "flathub"]);
    world.assert_settled();
    world.vendor("flathub", entry(&repository, &world.keys().vendor));
    world.sync().assert_state("flathub", "edited");
    assert!(hidden());
    world.mask("flathub");
    assert_kept(world);
    world.unmask("flathub");
    world.sync();
    assert!(hidden());
}

fn masked_in_use(world: &World<'_>) {
    let repository = with_app(world);
    world.mask("flathub");
    assert_kept(world);
    world.unmask("flathub");
    world.sync();
    assert!(
        !world.remotes()["flathub"].options.contains("no-enumerate"),
        "it is offered again"
    );
    world.mask("flathub");
    assert_kept(world);
    world.flatpak(&[
        "uninstall",
        "--assumeyes",
        "--noninteractive",
        Repository::APP,
    ]);
    world.flatpak(&[
        "uninstall",
        "--assumeyes",
        "--noninteractive",
        Repository::RUNTIME,
    ]);
    world.sync();
    world.assert_remotes(&[]);
    drop(repository);
}

fn appstream_only(world: &World<'_>) {
    let repository = world.repository();
    world.vendor("flathub", entry(&repository, &world.keys().vendor));
    world.sync();
    world.flatpak(&["update", "--appstream", "flathub"]);
    assert!(
        world
            .path("var/lib/flatpak/repo/refs/remotes/flathub")
            .exists()
    );
    world.withdraw("flathub");
    world.sync().assert_state("flathub", "removed");
    world.assert_remotes(&[]);
}

/// The files of the installation, apart from objects, which wait for the next prune, and from the
/// stamp whose time tells software centres to look again.
fn files(world: &World<'_>) -> BTreeSet<PathBuf> {
    let installation = world.path("var/lib/flatpak");
    walkdir::WalkDir::new(&installation)
        .into_iter()
        .map(|entry| entry.expect("readable"))
        .filter(|entry| !entry.file_type().is_dir())
        .filter_map(|entry| Some(entry.path().strip_prefix(&installation).ok()?.to_owned()))
        .filter(|path| !path.starts_with("repo/objects") && !path.ends_with(".changed"))
        .collect()
}

fn removal(world: &World<'_>) {
    let deleted = world.another();
    for world in [world, &deleted] {
        let repository = world.repository();
        world.vendor("other", titled("other"));
        world.vendor("flathub", entry(&repository, &world.keys().vendor));
        world.sync();
        world.flatpak(&["update", "--appstream", "flathub"]);
        world.flatpak(&["remote-ls", "flathub"]);
    }
    deleted.flatpak(&["remote-delete", "flathub"]);
    world.withdraw("flathub");
    world.sync();
    world.assert_remotes(&["other"]);
    assert_eq!(files(world), files(&deleted));
}
