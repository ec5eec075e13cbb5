//! The rules that hold for every adapter, with ostree's remotes: new entries appear, deletions persist,
//! edits stay key by key, vendor changes flow, masks work and end.

use std::fs;
use std::process::Command;

use super::Case;
use super::world::{Machine, URL, World, edit, plain, remote, state_of};
use crate::peers;

pub(super) const CASES: &[Case] = &[
    ("rule 1: entries appear in every layer", entries_appear),
    ("rule 1, case 57: a second run writes nothing", second_run),
    ("rule 1: a machine without any repository", no_repository),
    ("rule 2, case 28: remote delete persists", deletion_persists),
    ("cases 26, 28: added again, deleted again", as_its_own),
    ("rule 2: over a rename", renamed),
    (
        "rule 2: recorded by an older mechanism's stamp",
        older_stamp,
    ),
    ("rule 2: until the target is wiped", wiped),
    ("rule 2: by a # before each line", commented_out),
    ("rule 3, case 40: masks where the target stands", masks),
    (
        "rule 3: a mask is no deletion, and a deletion no mask",
        mask_and_deletion,
    ),
    ("rule 3: a mask in another layer", mask_elsewhere),
    (
        "rule 4: edits stay key by key, vendor changes flow",
        edits_and_changes,
    ),
    ("rule 4: drop-ins of the owner", drop_ins),
    ("rule 5: withdrawn by the vendor", withdrawn),
    (
        "rule 5: what its owner noted in a file of ours is not lost with it",
        comments_stay,
    ),
    ("rule 5: a deployment follows it", followed),
    ("rule 6: a remote of the owner's", foreign),
    ("case 50: a deployment that is not booted", not_booted),
];

const SECOND: &str = "http://127.0.0.1:9/second";

fn applied(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "applied");
    world.assert_remotes(&[("v", URL)]);
}

fn entries_appear(world: &World<'_>) {
    for layer in [
        "usr/share",
        "usr/lib",
        "usr/local/share",
        "usr/local/lib",
        "run",
    ] {
        let name = layer.replace('/', "-");
        let url = format!("http://127.0.0.1:9/{name}");
        for remote in [name.as_str(), "all"] {
            let path = format!("{layer}/ostree/remotes.d/{remote}.conf");
            world.write(&path, plain(remote, &url));
        }
        world.sync_to(&name, "applied");
        assert_eq!(world.ostree(&["remote", "show-url", &name]).trim(), url);
        assert_eq!(world.ostree(&["remote", "show-url", "all"]).trim(), url);
    }
    world.assert_group(
        "run",
        &[("gpg-verify", "false"), ("url", "http://127.0.0.1:9/run")],
    );
    world.assert_settled();
}

fn second_run(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    world.vendor("masked", plain("masked", URL));
    world.owner("masked", "");
    world.report(&["sync", "--dry-run"]).assert_code(3);
    world.sync();
    world.assert_settled();
    world.report(&["status", "--check"]).assert_code(0);
    world.assert_remotes(&[("v", URL)]);
    world.assert_settled();
}

fn no_repository(world: &World<'_>) {
    fs::remove_dir_all(world.path("ostree/repo")).expect("removed");
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "applied");
    world.assert_group("v", &[("gpg-verify", "false"), ("url", URL)]);
    world.assert_settled();
}

#[track_caller]
fn assert_stays_deleted(world: &World<'_>, name: &str) {
    for _ in 0..2 {
        world.sync_to(name, "deleted");
        world.assert_remotes(&[]);
        world.assert_settled();
    }
}

fn deletion_persists(world: &World<'_>) {
    applied(world);
    world.ostree(&["remote", "delete", "v"]);
    assert_stays_deleted(world, "v");
    world.vendor("v", plain("v", SECOND));
    assert_stays_deleted(world, "v");
    world.withdraw("v");
    world.sync();
    world.vendor("v", plain("v", URL));
    assert_stays_deleted(world, "v");
    world.report(&["restore", "v"]).assert_code(0);
    world.assert_remotes(&[("v", URL)]);
    world.assert_settled();
    world.ostree(&["remote", "delete", "v"]);
    world.ostree(&["remote", "add", "--no-gpg-verify", "v", SECOND]);
    world.sync_to("v", "foreign");
    world.assert_remotes(&[("v", SECOND)]);
    world.ostree(&["remote", "delete", "v"]);
    assert_stays_deleted(world, "v");
}

/// What `ostree remote` refuses and keeps of a remote that came from here is as for its own.
fn as_its_own(world: &World<'_>) {
    applied(world);
    let add = ["remote", "add", "--no-gpg-verify"];
    let twice = world.ostree_fails(&[&add[..], &["v", SECOND]].concat());
    assert!(twice.contains("already exists"), "{twice}");
    world.ostree(&[&add[..], &["--if-not-exists", "v", SECOND]].concat());
    world.assert_remotes(&[("v", URL)]);
    world.ostree_fails(&["remote", "delete", "w"]);
    world.ostree(&["remote", "delete", "--if-exists", "w"]);
    world.assert_settled();
    world.ostree(&[&add[..], &["own", SECOND]].concat());
    world.assert_settled();
    world.assert_remotes(&[("own", SECOND), ("v", URL)]);
}

fn renamed(world: &World<'_>) {
    applied(world);
    world.ostree(&["remote", "delete", "v"]);
    world.withdraw("v");
    let later = plain("later", URL) + "[Overlay]\nFormerNames=v;\n";
    world.vendor("later", &later);
    world.sync_to("later", "deleted");
    world.assert_remotes(&[]);
    // Back to the image that calls it otherwise, and forward again.
    world.withdraw("later");
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "deleted");
    world.withdraw("v");
    world.vendor("later", &later);
    assert_stays_deleted(world, "later");
}

fn older_stamp(world: &World<'_>) {
    let entry =
        |name: &str, stamp: &str| plain(name, URL) + &format!("[Overlay]\nDeletedIf={stamp}\n");
    world.write("var/lib/.initialized", "");
    world.vendor("old", entry("old", "/var/lib/.initialized"));
    world.vendor("new", entry("new", "/var/lib/.no-such-stamp"));
    world.sync_to("old", "deleted");
    world.assert_remotes(&[("new", URL)]);
    world.remove("var/lib/.initialized");
    world.sync_to("old", "deleted");
    world.assert_remotes(&[("new", URL)]);
}

fn wiped(world: &World<'_>) {
    applied(world);
    world.vendor("other", plain("other", URL));
    world.sync();
    world.ostree(&["remote", "delete", "v"]);
    world.sync_to("v", "deleted");
    fs::remove_dir_all(world.path("etc/ostree")).expect("wiped");
    world.sync_to("v", "applied");
    world.assert_remotes(&[("other", URL), ("v", URL)]);
    world.assert_settled();
}

fn masks(world: &World<'_>) {
    applied(world);
    for mask in ["an empty file", "a link"] {
        fs::remove_file(world.conf("v")).expect("the owner masks");
        if mask == "a link" {
            world.link("etc/ostree/remotes.d/v.conf", "/dev/null");
        } else {
            world.owner("v", "");
        }
        world.sync_to("v", "masked");
        world.assert_remotes(&[]);
        world.assert_settled();
        world.vendor("v", plain("v", SECOND));
        world.sync_to("v", "masked");
        world.remove("etc/ostree/remotes.d/v.conf");
        world.sync_to("v", "applied");
        world.assert_remotes(&[("v", SECOND)]);
        world.assert_settled();
    }
}

fn mask_and_deletion(world: &World<'_>) {
    applied(world);
    world.ostree(&["remote", "delete", "v"]);
    world.sync_to("v", "deleted");
    world.owner("v", "");
    world.sync_to("v", "masked");
    world.assert_remotes(&[]);
    world.remove("etc/ostree/remotes.d/v.conf");
    assert_stays_deleted(world, "v");
}

fn mask_elsewhere(world: &World<'_>) {
    applied(world);
    world.write("usr/local/lib/ostree/remotes.d/v.conf", "");
    world.sync_to("v", "masked");
    world.assert_remotes(&[]);
    assert!(!world.conf("v").exists());
    world.assert_settled();
    world.remove("usr/local/lib/ostree/remotes.d/v.conf");
    world.sync_to("v", "applied");
    world.assert_remotes(&[("v", URL)]);
}

fn edits_and_changes(world: &World<'_>) {
    let version = |url: &str, proxy: &str| {
        remote(
            "v",
            &[("url", url), ("gpg-verify", "false"), ("proxy", proxy)],
        )
    };
    world.vendor("v", version(URL, "http://proxy/1"));
    world.sync_to("v", "applied");
    edit(
        &world.conf("v"),
        "\nurl=",
        "\n# my mirror\nurl=http://mirror/#",
    );
    let mine = format!("http://mirror/#{URL}");
    world.vendor("v", version(URL, "http://proxy/2"));
    world.sync_to("v", "edited");
    world.assert_group(
        "v",
        &[
            ("gpg-verify", "false"),
            ("proxy", "http://proxy/2"),
            ("url", &mine),
        ],
    );
    world.vendor("v", version(SECOND, "http://proxy/3"));
    let report = world.sync_to("v", "conflict");
    report.assert_finds("warning", "usr/lib/ostree/remotes.d/v.conf");
    world.assert_group(
        "v",
        &[
            ("gpg-verify", "false"),
            ("proxy", "http://proxy/3"),
            ("url", &mine),
        ],
    );
    world.assert_remotes(&[("v", &mine)]);
    let text = fs::read_to_string(world.conf("v")).expect("a file");
    assert!(text.contains("# my mirror\n"), "a comment was lost: {text}");
    world.vendor("v", plain("v", SECOND));
    world.sync();
    world.assert_group("v", &[("gpg-verify", "false"), ("url", &mine)]);
    world.assert_settled();
}

fn commented_out(world: &World<'_>) {
    applied(world);
    world.vendor("new", plain("new", URL));
    let text = fs::read_to_string(world.conf("v")).expect("a file");
    let disabled = format!("# {}", text.replace('\n', "\n# "));
    let theirs = "# not this one\n\n";
    for (name, text) in [
        ("v", disabled.as_str()),
        ("new", theirs),
        ("notes", theirs),
        ("blank", "\n"),
    ] {
        world.owner(name, text);
    }
    for version in [URL, SECOND] {
        world.vendor("v", plain("v", version));
        let report = world.sync_to("v", "deleted");
        assert_eq!(state_of(&report, "new"), "deleted");
        world.assert_remotes(&[]);
        world.assert_settled();
    }
    let held = |name: &str| fs::read_to_string(world.conf(name)).expect("the owner's file");
    for (name, text) in [
        ("v", disabled.as_str()),
        ("new", theirs),
        ("notes", theirs),
        ("blank", "\n"),
    ] {
        assert_eq!(held(name), text, "{name}.conf");
    }
    // The way back, and what is commented stays.
    world.report(&["restore", "new"]).assert_code(0);
    world.assert_remotes(&[("new", URL)]);
    assert!(held("new").starts_with(theirs), "{}", held("new"));
    // Without the marks before the lines it is the owner's remote again, and goes on where it was.
    world.owner("v", &text);
    world.sync_to("v", "updated");
    world.assert_remotes(&[("new", URL), ("v", SECOND)]);
    // What is ours goes, its file too.
    world.withdraw("v");
    world.sync_to("v", "removed");
    assert!(!world.conf("v").exists());
    world.assert_settled();
}

fn drop_ins(world: &World<'_>) {
    applied(world);
    world.write(
        "etc/ostree/remotes.d/v.conf.d/50-mine.conf",
        remote("v", &[("url", SECOND)]),
    );
    world.sync_to("v", "updated");
    world.assert_remotes(&[("v", SECOND)]);
    world.assert_settled();
    world.remove("etc/ostree/remotes.d/v.conf.d/50-mine.conf");
    world.sync_to("v", "updated");
    world.assert_remotes(&[("v", URL)]);
}

fn withdrawn(world: &World<'_>) {
    applied(world);
    world.vendor("edited", plain("edited", URL));
    world.sync();
    edit(&world.conf("edited"), "url=", "tls-permissive=true\nurl=");
    world.withdraw("v");
    world.withdraw("edited");
    let report = world.sync();
    assert_eq!(state_of(&report, "v"), "removed");
    assert_eq!(state_of(&report, "edited"), "released");
    world.assert_remotes(&[("edited", URL)]);
    assert!(!world.conf("v").exists());
    world.assert_settled();
    // By a rollback, it may be: the next upgrade brings it back.
    world.vendor("v", plain("v", SECOND));
    world.sync_to("v", "applied");
    world.assert_remotes(&[("edited", URL), ("v", SECOND)]);
}

/// A comment is an edit: what is withdrawn is its owner's then, and what gets another name has it there.
fn comments_stay(world: &World<'_>) {
    applied(world);
    world.vendor("w", plain("w", URL));
    world.sync();
    for (name, from, to) in [
        ("v", "[remote", "# asked for by Ann\n[remote"),
        ("w", "url=", "# see ticket 5\nurl="),
    ] {
        edit(&world.conf(name), from, to);
    }
    world.assert_settled();
    let comment = |name: &str| {
        let text = fs::read_to_string(world.conf(name)).unwrap_or_default();
        let mut lines = text.lines();
        lines.find(|line| line.starts_with('#')).map(str::to_owned)
    };
    world.withdraw("w");
    assert_eq!(state_of(&world.sync(), "w"), "released");
    assert_eq!(comment("w").as_deref(), Some("# see ticket 5"));
    world.withdraw("v");
    let later = plain("later", URL) + "[Overlay]\nFormerNames=v;\n";
    world.vendor("later", later);
    world.sync_to("later", "applied");
    world.assert_remotes(&[("later", URL), ("w", URL)]);
    assert_eq!(comment("later").as_deref(), Some("# asked for by Ann"));
    assert!(!world.conf("v").exists());
    world.assert_settled();
    // One that is adopted out of a file of another name.
    world.vendor("other", plain("other", URL));
    let theirs = "# mine\n".to_owned() + &plain("other", URL);
    world.owner("misnamed", theirs);
    world.report(&["adopt", "ostree-remotes/other"]);
    assert_eq!(comment("other").as_deref(), Some("# mine"));
    assert!(!world.conf("misnamed").exists());
    world.assert_settled();
}

fn followed(world: &World<'_>) {
    applied(world);
    let origin = "ostree/deploy/os/deploy/0123.0.origin";
    world.write(origin, "[origin]\nrefspec=v:os/stable\n");
    world.withdraw("v");
    let report = world.sync_to("v", "kept");
    report.assert_finds("warning", "etc/ostree/remotes.d/v.conf");
    world.assert_remotes(&[("v", URL)]);
    world.assert_settled();
    world.write(origin, "[origin]\nrefspec=other:os/stable\n");
    world.sync_to("v", "removed");
    world.assert_remotes(&[]);
}

fn foreign(world: &World<'_>) {
    world.ostree(&["remote", "add", "--no-gpg-verify", "v", SECOND]);
    let before = fs::read(world.conf("v")).expect("ostree wrote it");
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "foreign");
    assert_eq!(fs::read(world.conf("v")).expect("still there"), before);
    world.assert_remotes(&[("v", SECOND)]);
    world.ostree(&["remote", "delete", "v"]);
    assert_stays_deleted(world, "v");
}

/// A deployment that ostree made: its own `/etc`, its empty `/sysroot`, and a `/usr` that is not to be
/// written.
fn not_booted(world: &World<'_>) {
    let place = world.root.with_extension("sysroot");
    let sysroot = place.display().to_string();
    let tree = world.root.with_extension("tree");
    for (path, text) in [
        ("usr/lib/modules/6.1/vmlinuz", "kernel"),
        ("usr/lib/modules/6.1/initramfs.img", "initramfs"),
        ("usr/lib/os-release", "ID=test\n"),
        ("usr/etc/passwd", "root:x:0:0::/root:/bin/sh\n"),
        ("usr/lib/ostree/remotes.d/v.conf", &plain("v", URL)),
        ("ostree-is-a-link", ""),
    ] {
        let path = tree.join(path);
        fs::create_dir_all(path.parent().expect("below")).expect("parents");
        fs::write(path, text).expect("a file");
    }
    for directory in ["sysroot", "var"] {
        fs::create_dir(tree.join(directory)).expect("a directory");
    }
    std::os::unix::fs::symlink("sysroot/ostree", tree.join("ostree")).expect("a link");
    let ostree = |arguments: &[&str]| {
        peers::read(Command::new("ostree").args(arguments)).expect("ostree of the host")
    };
    fs::create_dir(&place).expect("a directory");
    ostree(&["admin", "init-fs", &sysroot]);
    let admin = format!("--sysroot={sysroot}");
    ostree(&["admin", "os-init", &admin, "testos"]);
    let repo = format!("--repo={sysroot}/ostree/repo");
    let commit = [
        "commit",
        &repo,
        "--branch=os/test",
        &tree.display().to_string(),
    ]
    .map(str::to_owned);
    ostree(&commit.each_ref().map(String::as_str));
    ostree(&["admin", "deploy", &admin, "--os=testos", "os/test"]);
    let deployments = place.join("ostree/deploy/testos/deploy");
    let deployment = fs::read_dir(&deployments)
        .expect("readable")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.is_dir())
        .expect("a deployment");

    let deployed = world.on(Machine {
        root: deployment.clone(),
    });
    deployed.sync_to("v", "applied");
    deployed.assert_group("v", &[("gpg-verify", "false"), ("url", URL)]);
    assert!(
        !fs::read_to_string(place.join("ostree/repo/config"))
            .expect("a file")
            .contains("remote")
    );
    // As it will be seen once it is booted.
    let booted = world.on(Machine::new(&world.bench.place()));
    for directory in ["var", "usr"] {
        fs::create_dir(booted.path(directory)).expect("a directory");
    }
    let copy = |from: &std::path::Path, to: &str| {
        let to = booted.path(to);
        peers::read(Command::new("cp").arg("--archive").arg(from).arg(to)).expect("copied");
    };
    copy(&deployment.join("etc"), "etc");
    copy(&place.join("ostree"), "ostree");
    fs::create_dir(booted.path("sysroot")).expect("a directory");
    booted.assert_remotes(&[("v", URL)]);
    // The deployment directory is immutable: ostree's own way of removing it.
    ostree(&["admin", "undeploy", &admin, "0"]);
}
