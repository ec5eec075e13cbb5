//! Deployments that are not booted: each has its own `/etc`, all share `/var` and the repository, and what
//! is true of one of them says nothing of what the owner did in another.
//!
//! The host's ostree deploys and undeploys; the ostree under trial sees a deployment as if it were booted.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::world::{Machine, Report, URL, World, plain, state_of};
use crate::machine::report_of;
use crate::peers;
use crate::sysroot::{Sysroot, put, unlock};

/// The cases of this file.
pub(super) const CASES: &[super::Case] = &[
    (
        "an image that was synced while it was built, deployed",
        built,
    ),
    (
        "a deployment that is not booted gets its /etc, and its remote",
        unbooted,
    ),
    ("upgrade, rollback, upgrade is a fixed point", fixed_point),
    (
        "what the owner deleted stays gone over upgrade and rollback",
        deleted,
    ),
    (
        "the repository's remotes are seen from a deployment",
        repository,
    ),
    (
        "flatpak's remotes, which all deployments share, over a rollback",
        shared,
    ),
    (
        "the deployment that runs is /, by whatever path it is named",
        running,
    ),
];

const SOURCE: &str = "usr/lib/ostree/remotes.d/vendor.conf";
const FLATPAK: &str = "usr/share/flatpak/remotes.d/apps.flatpakrepo";

/// A deployment, as overlayctl is pointed at it.
fn machine(deployment: &Path) -> Machine {
    Machine {
        root: deployment.to_owned(),
    }
}

/// The tree of the next deployment ships a file, or does not.
fn ship(sysroot: &Sysroot, path: &str, text: Option<&str>) {
    let path = sysroot.path("tree").join(path);
    match text {
        Some(text) => {
            fs::create_dir_all(path.parent().expect("below the tree")).expect("parents");
            fs::write(path, text).expect("a file");
        }
        None => fs::remove_file(path).expect("a file to remove"),
    }
}

/// The remotes that the ostree under trial sees once the deployment is booted.
#[track_caller]
fn seen(world: &World<'_>, sysroot: &Sysroot, deployment: &Path) -> Vec<String> {
    let name = deployment.file_name().expect("a deployment's name");
    let root = world.root.join("booted").join(name);
    if !root.exists() {
        fs::create_dir_all(&root).expect("a directory");
        for (at, target) in [
            ("etc", deployment.join("etc")),
            ("ostree", sysroot.root().join("ostree")),
            ("sysroot", sysroot.root()),
            ("var", sysroot.var()),
        ] {
            symlink(target, root.join(at)).expect("a link");
        }
    }
    world.on(Machine { root }).listed().expect("ostree works")
}

/// What `ostree admin config-diff` says was added or changed below `/etc` of the newest deployment.
fn changed(sysroot: &Sysroot) -> BTreeSet<String> {
    sysroot.config_diff().into_keys().collect()
}

#[track_caller]
fn synced(deployment: &Path, scope: &[&str], name: &str, state: &str) -> Report {
    let report = machine(deployment).report(&[&["sync"], scope].concat());
    report.assert_code(0);
    assert_eq!(
        report.state_in("ostree-remotes", name),
        state,
        "{report:#?}"
    );
    report
}

fn unbooted(world: &World<'_>) {
    let sysroot = Sysroot::new();
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    ship(
        &sysroot,
        FLATPAK,
        Some("[Flatpak Repo]\nUrl=http://127.0.0.1:9/apps\n"),
    );
    let deployment = sysroot.deploy().expect("a deployment");
    let config = sysroot.root().join("ostree/repo/config");
    let before = fs::read(&config).expect("a configuration");
    synced(&deployment, &[], "vendor", "applied");
    assert_eq!(seen(world, &sysroot, &deployment), ["vendor"]);
    let changed = changed(&sysroot);
    assert!(
        changed.contains("ostree/remotes.d/vendor.conf"),
        "{changed:?}"
    );
    assert_eq!(fs::read(&config).expect("a configuration"), before);
    assert!(
        !sysroot.var().join("lib/flatpak").exists(),
        "the running system's"
    );
    machine(&deployment).assert_settled();
}

/// `RUN overlayctl sync` in the build of the next image, whose `/etc` becomes `/usr/etc`.
fn build(sysroot: &Sysroot) {
    let tree = sysroot.path("tree");
    if !tree.join("ostree").is_symlink() {
        symlink("sysroot/ostree", tree.join("ostree")).expect("a link");
    }
    fs::rename(tree.join("usr/etc"), tree.join("etc")).expect("a build's /etc");
    machine(&tree).sync();
    assert!(
        !tree.join("var/lib").exists(),
        "it reaches no updated system"
    );
    fs::rename(tree.join("etc"), tree.join("usr/etc")).expect("the image's /etc");
}

fn built(world: &World<'_>) {
    let sysroot = Sysroot::new();
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    build(&sysroot);
    let first = sysroot.deploy().expect("v1");
    assert_eq!(seen(world, &sysroot, &first), ["vendor"], "without a run");
    synced(&first, &[], "vendor", "applied");
    assert_eq!(changed(&sysroot), BTreeSet::new(), "as the image has it");

    // Untouched, it follows the next image by ostree's own merge.
    let moved = "http://127.0.0.1:9/moved";
    ship(&sysroot, SOURCE, Some(&plain("vendor", moved)));
    build(&sysroot);
    let second = sysroot.deploy().expect("v2");
    synced(&second, &[], "vendor", "applied");
    assert!(
        fs::read_to_string(second.join("etc/ostree/remotes.d/vendor.conf"))
            .is_ok_and(|text| text.contains(moved))
    );

    // Deleted, it stays gone, although the image after that brings it again.
    fs::remove_file(second.join("etc/ostree/remotes.d/vendor.conf")).expect("the owner deletes it");
    synced(&second, &[], "vendor", "deleted");
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    build(&sysroot);
    let third = sysroot.deploy().expect("v3");
    assert_eq!(seen(world, &sysroot, &third), [""; 0]);
    synced(&third, &[], "vendor", "deleted");
    assert_eq!(seen(world, &sysroot, &third), [""; 0]);
}

fn fixed_point(world: &World<'_>) {
    let sysroot = Sysroot::new();
    let first = sysroot.deploy().expect("v1");
    synced(&first, &[], "vendor", "-");
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    let second = sysroot.deploy().expect("v2");
    synced(&second, &[], "vendor", "applied");
    assert_eq!(seen(world, &sysroot, &second), ["vendor"]);

    // Back in v1, where the vendor ships nothing, the owner has deleted nothing.
    sysroot.roll_back();
    synced(&first, &[], "vendor", "-");
    assert_eq!(seen(world, &sysroot, &first), [""; 0]);
    assert_eq!(changed(&sysroot), BTreeSet::new(), "a fixed point");

    let again = sysroot.deploy().expect("v2 again");
    synced(&again, &[], "vendor", "applied");
    assert_eq!(seen(world, &sysroot, &again), ["vendor"]);
}

fn deleted(world: &World<'_>) {
    let sysroot = Sysroot::new();
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    let first = sysroot.deploy().expect("v1");
    synced(&first, &[], "vendor", "applied");
    fs::remove_file(first.join("etc/ostree/remotes.d/vendor.conf")).expect("the owner deletes it");
    synced(&first, &[], "vendor", "deleted");

    ship(
        &sysroot,
        SOURCE,
        Some(&plain("vendor", "http://127.0.0.1:9/moved")),
    );
    let second = sysroot.deploy().expect("v2");
    synced(&second, &[], "vendor", "deleted");
    assert_eq!(seen(world, &sysroot, &second), [""; 0]);
    // In v2 the owner wants it after all; v1 is as it was left.
    let restored = machine(&second).report(&["restore", "vendor"]);
    restored.assert_code(0);
    assert_eq!(seen(world, &sysroot, &second), ["vendor"]);
    sysroot.roll_back();
    synced(&first, &[], "vendor", "deleted");
    assert_eq!(seen(world, &sysroot, &first), [""; 0]);
}

fn repository(world: &World<'_>) {
    let sysroot = Sysroot::new();
    ship(&sysroot, SOURCE, Some(&plain("vendor", URL)));
    let deployment = sysroot.deploy().expect("a deployment");
    // Offline, ostree itself writes to the repository (reference: mixing the two makes duplicates).
    let repo = format!("--repo={}", sysroot.root().join("ostree/repo").display());
    peers::read(Command::new("ostree").args([
        &repo,
        "remote",
        "add",
        "--no-gpg-verify",
        "vendor",
        "http://127.0.0.1:9/by-hand",
    ]))
    .expect("a remote");
    synced(&deployment, &[], "vendor", "foreign");
    assert_eq!(seen(world, &sysroot, &deployment), ["vendor"]);

    let refused = machine(&deployment).report(&["adopt", "vendor"]);
    refused.assert_code(1);
    let adopted = machine(&deployment).report(&["adopt", "vendor", "--scope", "all"]);
    adopted.assert_code(0);
    assert_eq!(seen(world, &sysroot, &deployment), ["vendor"]);
    let left = peers::read(Command::new("ostree").args([&repo, "remote", "list"]));
    assert_eq!(left.as_deref(), Ok(""), "it left the repository");
}

/// The remotes of the shared installation, as the host's flatpak lists them.
#[track_caller]
fn flatpaks(sysroot: &Sysroot) -> String {
    peers::read(
        Command::new("flatpak")
            .env("FLATPAK_SYSTEM_DIR", sysroot.var().join("lib/flatpak"))
            .args(["remotes", "--system", "--columns=name"]),
    )
    .expect("flatpak works")
    .trim()
    .to_owned()
}

fn shared(_world: &World<'_>) {
    let sysroot = Sysroot::new();
    put(&sysroot.vendor(), "keep", "f644 v1");
    let first = sysroot.deploy().expect("v1");
    ship(
        &sysroot,
        FLATPAK,
        Some("[Flatpak Repo]\nUrl=http://127.0.0.1:9/apps\n"),
    );
    let second = sysroot.deploy().expect("v2");
    let sync = |deployment: &PathBuf, state: &str| {
        let report = machine(deployment).report(&["sync", "--scope", "all"]);
        report.assert_code(0);
        report.assert_state("apps", state);
    };
    sync(&second, "applied");
    assert_eq!(flatpaks(&sysroot), "apps");
    // In v1 the vendor does not ship it: withdrawn, not deleted by the owner.
    sync(&first, "removed");
    assert_eq!(flatpaks(&sysroot), "");
    sync(&second, "applied");
    assert_eq!(flatpaks(&sysroot), "apps");

    peers::read(
        Command::new("flatpak")
            .env("FLATPAK_SYSTEM_DIR", sysroot.var().join("lib/flatpak"))
            .args(["remote-delete", "--system", "--force", "apps"]),
    )
    .expect("the owner deletes it");
    sync(&second, "deleted");
    sync(&first, "-");
    sync(&second, "deleted");
    assert_eq!(flatpaks(&sysroot), "");
}

/// What a booted system has under one name only: the deployment's own /etc as /etc.
const BOOT: &str = r#"
mount --bind "$1/etc" /etc &&
mount -t tmpfs none /run &&
mkdir -p /run/ostree/remotes.d &&
printf '[remote "live"]\nurl=x\ngpg-verify=false\n' > /run/ostree/remotes.d/live.conf &&
exec "$2" --root "$1" --json sync --scope etc
"#;

fn running(_world: &World<'_>) {
    let sysroot = Sysroot::new();
    let deployment = sysroot.deploy().expect("a deployment");
    let output = Command::new("unshare")
        .args(["--mount", "sh", "-c", BOOT, "sh"])
        .arg(&deployment)
        .arg(env!("CARGO_BIN_EXE_overlayctl"))
        .output()
        .expect("unshare runs");
    let report = report_of(&output);
    report.assert_code(0);
    assert_eq!(state_of(&report, "live"), "applied");
    assert!(deployment.join("etc/ostree/remotes.d/live.conf").is_file());

    // What only says that it is ours is not taken for ours.
    unlock(&deployment);
    fs::remove_dir_all(deployment.join("etc")).expect("removed");
    symlink("/etc", deployment.join("etc")).expect("a link");
    let output = machine(&deployment).overlayctl(&["status"]).output();
    assert_eq!(output.expect("overlayctl runs").status.code(), Some(1));
}
