//! What the file system refuses hurts its own entry and no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Case;
use super::world::{URL, World, plain, remote, state_of};
use crate::machine::{Report, report_of};

pub(super) const CASES: &[Case] = &[
    ("one failure, one victim: an immutable file", immutable),
    (
        "one failure, one victim: an immutable keyring",
        immutable_keyring,
    ),
    (
        "one failure, one victim: a file that is mounted read-only",
        mounted,
    ),
    (
        "one failure, one victim: what is remembered, immutable",
        remembered,
    ),
    (
        "one failure, one victim: a place where nothing can be written",
        nothing,
    ),
    ("private: a value that root alone may read", private),
];

const OTHER: &str = "http://127.0.0.1:9/other";
const STATE: &str = "etc/overlayctl/state/ostree-remotes";

/// Runs something while a file cannot be changed by anybody; `None` where the file system knows no such thing.
pub(crate) fn while_immutable<T>(path: &Path, run: impl FnOnce() -> T) -> Option<T> {
    while_all_immutable(&[path.to_owned()], run)
}

/// The same of several files.
pub(crate) fn while_all_immutable<T>(paths: &[PathBuf], run: impl FnOnce() -> T) -> Option<T> {
    let change = |how| Command::new("chattr").arg(how).args(paths).status();
    let is_set = change("+i").expect("chattr runs").success();
    let result = is_set.then(run);
    assert!(!is_set || change("-i").expect("chattr runs").success());
    result
}

fn three(world: &World<'_>, url: &str) {
    for name in ["a", "b", "c"] {
        world.vendor(name, plain(name, url));
    }
}

fn assert_others(world: &World<'_>, report: &Report) {
    report.assert_code(1);
    report.assert_finds("error", "etc/ostree/remotes.d/b.conf");
    for (name, state) in [("a", "updated"), ("b", "failed"), ("c", "updated")] {
        assert_eq!(state_of(report, name), state, "{name} in {report:#?}");
    }
    world.assert_remotes(&[("a", OTHER), ("b", URL), ("c", OTHER)]);
}

fn immutable(world: &World<'_>) {
    three(world, URL);
    world.sync();
    three(world, OTHER);
    while_immutable(&world.conf("b"), || {
        assert_others(world, &world.report(&["sync"]));
        assert_eq!(world.report(&["sync"]).code, 1, "still");
    });
    world.sync();
    world.assert_remotes(&[("a", OTHER), ("b", OTHER), ("c", OTHER)]);
    world.assert_settled();
    // Nor does one that is to go hold the others.
    world.withdraw("b");
    three_but_b(world, URL);
    while_immutable(&world.conf("b"), || {
        let report = world.sync_fails();
        assert_eq!(state_of(&report, "b"), "failed");
        world.assert_remotes(&[("a", URL), ("b", OTHER), ("c", URL)]);
    });
    world.sync();
    world.assert_remotes(&[("a", URL), ("c", URL)]);
    world.assert_settled();
}

fn three_but_b(world: &World<'_>, url: &str) {
    for name in ["a", "c"] {
        world.vendor(name, plain(name, url));
    }
}

fn remembered(world: &World<'_>) {
    three(world, URL);
    world.sync();
    world.withdraw("b");
    three_but_b(world, OTHER);
    let memory = world.path(&format!("{STATE}/b.state"));
    while_immutable(&memory, || {
        let report = world.sync_fails();
        report.assert_finds("error", "b.state");
        assert_eq!(state_of(&report, "b"), "failed");
        world.assert_remotes(&[("a", OTHER), ("b", URL), ("c", OTHER)]);
    });
    world.sync();
    world.assert_remotes(&[("a", OTHER), ("c", OTHER)]);
    world.assert_settled();
}

/// Without an intent no step is safe, so none is made; what has nothing to do does not fail.
fn nothing(world: &World<'_>) {
    three(world, URL);
    world.sync();
    world.vendor("b", plain("b", OTHER));
    while_immutable(&world.path(STATE), || {
        let report = world.sync_fails();
        for (name, state) in [("a", "applied"), ("b", "failed"), ("c", "applied")] {
            assert_eq!(state_of(&report, name), state, "{name} in {report:#?}");
        }
        world.assert_remotes(&[("a", URL), ("b", URL), ("c", URL)]);
    });
    world.sync();
    world.assert_remotes(&[("a", URL), ("b", OTHER), ("c", URL)]);
    world.assert_settled();
}

fn immutable_keyring(world: &World<'_>) {
    let signed = remote("signed", &[("url", URL), ("gpg-verify", "true")]);
    let shipped = "usr/lib/ostree/remotes.d/signed.trustedkeys.gpg";
    world.vendor("signed", &signed);
    world.write(shipped, &world.keys().expired.certificate);
    world.vendor("a", plain("a", URL));
    world.sync();
    world.write(shipped, &world.keys().vendor.certificate);
    world.vendor("a", plain("a", OTHER));
    let keyring = world.path("etc/ostree/remotes.d/signed.trustedkeys.gpg");
    let before = fs::read(&keyring).expect("a keyring");
    while_immutable(&keyring, || {
        let report = world.sync_fails();
        report.assert_finds("error", "signed.trustedkeys.gpg");
        assert_eq!(state_of(&report, "signed"), "failed");
        assert_eq!(state_of(&report, "a"), "updated");
    });
    assert_eq!(fs::read(&keyring).expect("a keyring"), before);
    world.sync();
    assert_ne!(fs::read(&keyring).expect("a keyring"), before);
    world.assert_settled();
}

fn mounted(world: &World<'_>) {
    const MOUNT: &str =
        r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@""#;
    three(world, URL);
    world.sync();
    three(world, OTHER);
    let command = world.overlayctl(&["sync"]);
    let mut unshare = Command::new("unshare");
    unshare
        .args(["--mount", "sh", "-c", MOUNT, "mounted"])
        .arg(world.conf("b"));
    unshare.arg(command.get_program()).args(command.get_args());
    assert_others(world, &report_of(&unshare.output().expect("unshare runs")));
    world.sync();
    world.assert_remotes(&[("a", OTHER), ("b", OTHER), ("c", OTHER)]);
    world.assert_settled();
}

/// ostree's daemons run as root, so the file of a remote may be as narrow as what it comes from.
fn private(world: &World<'_>) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |name: &str| {
        let meta = fs::metadata(world.conf(name)).expect("a file");
        meta.permissions().mode() & 0o777
    };
    for name in ["open", "closed"] {
        world.vendor(name, plain(name, URL));
    }
    let drop_in = "etc/ostree/remotes.d/closed.conf.d/50-secret.conf";
    let secret = |word: &str| format!("[remote \"closed\"]\nproxy=http://me:{word}@127.0.0.1:9/\n");
    world.write(drop_in, secret("one"));
    let narrow = fs::Permissions::from_mode(0o600);
    fs::set_permissions(world.path(drop_in), narrow.clone()).expect("owned");
    world.sync();
    assert_eq!((mode("open"), mode("closed")), (0o644, 0o600));
    world.assert_remotes(&[("closed", URL), ("open", URL)]);
    // One that everybody could read is not any more.
    world.write(
        "etc/ostree/remotes.d/open.conf.d/50-secret.conf",
        "[remote \"open\"]\nproxy=http://you@127.0.0.1:9/\n",
    );
    fs::set_permissions(
        world.path("etc/ostree/remotes.d/open.conf.d/50-secret.conf"),
        narrow,
    )
    .expect("owned");
    world.write(drop_in, secret("two"));
    world.sync();
    assert_eq!((mode("open"), mode("closed")), (0o600, 0o600));
    world.assert_settled();
    // Nor one whose source is made narrow after the file was written, of which nothing else changes.
    world.vendor("late", plain("late", URL));
    let drop_in = "etc/ostree/remotes.d/late.conf.d/50-secret.conf";
    world.write(
        drop_in,
        "[remote \"late\"]\nproxy=http://late@127.0.0.1:9/\n",
    );
    world.sync();
    assert_eq!(mode("late"), 0o644);
    let narrow = fs::Permissions::from_mode(0o600);
    fs::set_permissions(world.path(drop_in), narrow).expect("owned");
    assert_ne!(
        world.report(&["status", "--check"]).code,
        0,
        "it is pending"
    );
    world.sync();
    assert_eq!(mode("late"), 0o600);
    world.assert_settled();
}
