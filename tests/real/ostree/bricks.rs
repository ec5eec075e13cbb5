//! ostree refuses every command while a remote is defined twice or a file of remotes is garbage. Nothing
//! that sync does may bring it there, and where it is there already, sync says so and changes nothing.

use std::fs;
use std::process::Command;

use super::Case;
use super::world::{URL, World, edit, plain, state_of};
use crate::machine::{bytes, report_of};

pub(super) const CASES: &[Case] = &[
    (
        "case 51: the name is in the repository's configuration",
        in_config,
    ),
    ("case 51: the name is in another file", in_another_file),
    (
        "what is remembered and cannot be read hurts its remote alone",
        state_unreadable,
    ),
    ("case 51: the name is in the parent repository", in_parent),
    ("case 51: defined twice by others afterwards", defined_twice),
    ("case 52: a file with two remotes", two_remotes),
    (
        "case 52: a file of another remote takes the place",
        place_taken,
    ),
    (
        "never brick: a file that is a symlink to another elsewhere",
        linked,
    ),
    ("case 53: names that ostree refuses", invalid_names),
    (
        "never brick: the repository is on a read-only file system",
        read_only_repository,
    ),
    ("never brick: garbage in the target", garbage),
    (
        "never brick: garbage in the repository's configuration",
        garbage_config,
    ),
    ("never brick: vendor files that cannot be used", bad_vendor),
    (
        "never brick: what ostree does not read there is no obstacle",
        harmless,
    ),
];

const OTHER: &str = "http://127.0.0.1:9/other";

fn in_config(world: &World<'_>) {
    for url in [URL, OTHER] {
        let world = &world.on(super::world::Machine::new(&world.bench.place()));
        for directory in ["etc", "sysroot", "var"] {
            fs::create_dir(world.path(directory)).expect("a directory");
        }
        world.write("ostree/repo/config", "[core]\nrepo_version=1\nmode=bare\n");
        for directory in ["objects", "tmp", "refs/heads", "refs/remotes", "state"] {
            fs::create_dir_all(world.path("ostree/repo").join(directory)).expect("a directory");
        }
        world.in_config(&plain("v", url));
        world.vendor("v", plain("v", URL));
        let report = world.sync_to("v", "foreign");
        assert!(!report.finds("error", "config"), "{report:#?}");
        world.assert_remotes(&[("v", url)]);
        assert!(!world.conf("v").exists());
        world.assert_settled();
    }
}

fn state_unreadable(world: &World<'_>) {
    for name in ["a", "b"] {
        world.vendor(name, plain(name, URL));
    }
    world.sync();
    let state = |name: &str| format!("etc/overlayctl/state/ostree-remotes/{name}.state");
    world.write(&state("a"), "");
    world.write(&state("gone"), "junk\n");
    world.vendor("c", plain("c", URL));
    for name in ["a", "b"] {
        world.vendor(name, plain(name, OTHER));
    }
    let report = world.sync_fails();
    for (name, is) in [("a", "failed"), ("b", "updated"), ("c", "applied")] {
        assert_eq!(state_of(&report, name), is, "{name} in {report:#?}");
    }
    report.assert_finds("error", "a.state");
    report.assert_finds("error", "gone.state");
    world.assert_remotes(&[("a", URL), ("b", OTHER), ("c", URL)]);
    assert_eq!(bytes(&world.path(&state("a"))), b"");
    for name in ["a", "gone"] {
        world.remove(&state(name));
    }
    world.sync_to("a", "updated");
    world.assert_settled();
}

fn in_another_file(world: &World<'_>) {
    world.owner("mine", plain("v", OTHER));
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "foreign");
    world.assert_remotes(&[("v", OTHER)]);
    assert!(!world.conf("v").exists());
    world.assert_settled();
}

fn in_parent(world: &World<'_>) {
    world.write(
        "var/parent/config",
        format!(
            "[core]\nrepo_version=1\nmode=archive-z2\n\n{}",
            plain("v", OTHER)
        ),
    );
    for directory in ["objects", "tmp", "refs/heads", "refs/remotes", "state"] {
        fs::create_dir_all(world.path("var/parent").join(directory)).expect("a directory");
    }
    edit(&world.config(), "[core]\n", "[core]\nparent=/var/parent\n");
    world.vendor("v", plain("v", URL));
    world.sync_to("v", "foreign");
    assert!(!world.conf("v").exists());
    world.report(&["adopt", "v"]);
    assert!(!world.conf("v").exists());
    world.assert_settled();
    world.vendor("w", plain("w", URL));
    world.sync_to("w", "applied");
    world.ostree(&["remote", "list"]);
}

fn defined_twice(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    world.vendor("w", plain("w", URL));
    world.sync();
    world.in_config(&plain("v", OTHER));
    assert!(
        world
            .ostree_fails(&["remote", "list"])
            .contains("Multiple specifications")
    );
    world.vendor("v", plain("v", OTHER));
    let before = fs::read(world.conf("v")).expect("a file");
    let report = world.sync_fails();
    assert_eq!(state_of(&report, "v"), "failed");
    let finding = report
        .findings
        .iter()
        .find(|finding| finding.level == "error");
    let finding = finding.expect("an error");
    assert!(
        finding.path.ends_with("remotes.d/v.conf")
            && finding.message.contains("/ostree/repo/config"),
        "both places are named: {finding:?}"
    );
    assert_eq!(fs::read(world.conf("v")).expect("still there"), before);
    fs::remove_file(world.conf("v")).expect("the owner decides");
    world.sync_to("v", "foreign");
    world.assert_remotes(&[("v", OTHER), ("w", URL)]);
}

fn two_remotes(world: &World<'_>) {
    world.owner("many", plain("one", OTHER) + &plain("two", OTHER));
    world.vendor("one", plain("one", URL));
    let report = world.sync_to("one", "foreign");
    report.assert_finds("warning", "remotes.d/many.conf");
    world.assert_remotes(&[("one", OTHER), ("two", OTHER)]);
    // The owner puts a second remote into a file of ours: it stays when ours goes.
    world.vendor("ours", plain("ours", URL));
    world.sync_to("ours", "applied");
    let text = fs::read_to_string(world.conf("ours")).expect("a file");
    world.owner("ours", text + &plain("guest", OTHER));
    world.write("usr/local/lib/ostree/remotes.d/ours.conf", "");
    world.sync_to("ours", "masked");
    world.assert_remotes(&[("guest", OTHER), ("one", OTHER), ("two", OTHER)]);
}

fn place_taken(world: &World<'_>) {
    world.owner("v", plain("guest", OTHER));
    world.vendor("v", plain("v", URL));
    let report = world.sync_fails();
    assert_eq!(state_of(&report, "v"), "failed");
    report.assert_finds("error", "etc/ostree/remotes.d/v.conf");
    world.assert_remotes(&[("guest", OTHER)]);
    fs::rename(world.conf("v"), world.conf("guest")).expect("the owner names it right");
    world.sync_to("v", "applied");
    world.assert_remotes(&[("guest", OTHER), ("v", URL)]);
}

fn linked(world: &World<'_>) {
    world.write("var/site.conf", plain("v", OTHER));
    fs::create_dir_all(world.path("etc/ostree/remotes.d")).expect("a directory");
    std::os::unix::fs::symlink("/var/site.conf", world.conf("v")).expect("a link");
    world.assert_remotes(&[("v", OTHER)]);
    for url in [OTHER, URL] {
        world.vendor("v", plain("v", url));
        world.sync_to("v", "foreign");
        world.report(&["adopt", "v"]).assert_code(1);
        world.assert_remotes(&[("v", OTHER)]);
        assert_eq!(
            bytes(&world.path("var/site.conf")),
            plain("v", OTHER).as_bytes()
        );
        world.assert_settled();
    }
    // What ostree deletes is the symlink, and that is a deletion like any other.
    world.ostree(&["remote", "delete", "v"]);
    world.sync_to("v", "deleted");
    world.report(&["restore", "v"]).assert_code(0);
    world.assert_remotes(&[("v", URL)]);
    assert!(!world.conf("v").is_symlink());
}

fn invalid_names(world: &World<'_>) {
    for name in ["-dash", "with space", "q\"uote", "a;b"] {
        world.vendor(name, plain(name, URL));
    }
    world.vendor("good", plain("good", URL));
    let report = world.sync_fails();
    assert_eq!(state_of(&report, "-dash"), "failed");
    world.assert_remotes(&[("good", URL)]);
}

/// `/sysroot` is mounted so on Fedora's ostree systems: the remotes come all the same.
fn read_only_repository(world: &World<'_>) {
    const MOUNT: &str =
        r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@""#;
    let read_only = |arguments: &[&str]| {
        let command = world.overlayctl(arguments);
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "sh", "-c", MOUNT, "read-only"])
            .arg(world.path("ostree"));
        unshare.arg(command.get_program()).args(command.get_args());
        report_of(&unshare.output().expect("unshare runs"))
    };
    world.in_config(&plain("old", OTHER));
    let config = fs::read(world.config()).expect("a file");
    world.vendor("v", plain("v", URL));
    world.vendor("old", plain("old", URL));
    read_only(&["sync"]).assert_code(0);
    read_only(&["adopt", "old"]).assert_code(1);
    world.assert_remotes(&[("old", OTHER), ("v", URL)]);
    world.write(
        "usr/lib/ostree/collections.d/self.conf",
        "[Collection]\nRepository=true\nCollectionID=org.example.Os\n",
    );
    world.vendor("v", plain("v", OTHER));
    let report = read_only(&["sync"]);
    report.assert_code(1);
    report.assert_finds("error", "ostree/repo/config");
    world.assert_remotes(&[("old", OTHER), ("v", OTHER)]);
    assert_eq!(fs::read(world.config()).expect("a file"), config);
    world.sync();
    world.report(&["adopt", "old"]).assert_code(0);
    world.assert_remotes(&[("old", OTHER), ("v", OTHER)]);
    assert!(world.conf("old").exists());
}

fn garbage(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    world.sync();
    world.owner("junk", "junk\n");
    world.ostree_fails(&["remote", "list"]);
    world.vendor("v", plain("v", OTHER));
    // What it names may be defined there once it is mended.
    world.owner("junk", plain("w", OTHER) + "junk\n");
    world.vendor("w", plain("w", URL));
    let report = world.sync_fails();
    report.assert_finds("error", "etc/ostree/remotes.d/junk.conf");
    assert_eq!(state_of(&report, "v"), "updated");
    assert_eq!(state_of(&report, "w"), "failed");
    assert!(!world.conf("w").exists());
    world.owner("junk", plain("w", OTHER));
    world.sync_to("w", "foreign");
    world.assert_remotes(&[("v", OTHER), ("w", OTHER)]);
    world.remove("etc/ostree/remotes.d/junk.conf");
    world.sync_to("w", "deleted");
}

fn garbage_config(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    let sound = fs::read(world.config()).expect("a file");
    fs::write(world.config(), "junk\n").expect("written");
    let before = world.snapshot();
    world
        .sync_fails()
        .assert_finds("error", "ostree/repo/config");
    assert_eq!(before, world.snapshot());
    fs::write(world.config(), sound).expect("written");
    world.sync_to("v", "applied");
    world.assert_remotes(&[("v", URL)]);
}

fn bad_vendor(world: &World<'_>) {
    world.vendor("good", plain("good", URL));
    for (name, text) in [
        ("junk", "junk\n".to_owned()),
        ("nameless", plain("other", URL)),
        ("two", plain("two", URL) + &plain("three", URL)),
        ("nourl", "[remote \"nourl\"]\ngpg-verify=false\n".to_owned()),
        ("bool", plain("bool", URL).replace("=false", "=maybe")),
        (
            "ours",
            plain("ours", URL) + "x-overlayctl.remotes=created\n",
        ),
    ] {
        world.vendor(name, text);
    }
    let report = world.sync_fails();
    for name in ["junk", "nameless", "two", "nourl", "bool", "ours"] {
        assert_eq!(state_of(&report, name), "failed", "{name} in {report:#?}");
        report.assert_finds("error", &format!("usr/lib/ostree/remotes.d/{name}.conf"));
    }
    world.assert_remotes(&[("good", URL)]);
    // One that was sound before stays as it was.
    world.vendor("good", "junk\n");
    world.sync_fails();
    world.assert_remotes(&[("good", URL)]);
}

fn harmless(world: &World<'_>) {
    world.vendor("v", plain("v", URL));
    world.owner("empty", "");
    world.owner("comment", "# nothing yet\n");
    world.link("etc/ostree/remotes.d/dangling.conf", "/nowhere");
    fs::create_dir_all(world.conf("directory")).expect("a directory");
    world.write("etc/ostree/remotes.d/notes.txt", "junk");
    world.owner(".hidden", plain("hidden", OTHER));
    let report = world.report(&["sync"]);
    assert_eq!(state_of(&report, "v"), "applied", "{report:#?}");
    world.assert_remotes(&[("hidden", OTHER), ("v", URL)]);
}
