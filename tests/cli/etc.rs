//! `etc`: what it says of a merge, how it ends, what it writes.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use insta::assert_snapshot;
use serde_json::Value;

use crate::image::Image;
use crate::json::{is_valid, parsed};

const TREES: [&str; 6] = ["--old", "/old", "--current", "/etc", "--new", "/usr/etc"];

/// The arguments of a command on the three trees.
fn etc<'a>(command: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["etc", command], &TREES[..], more].concat()
}

/// An owner's `/etc` with every kind of change, and a new vendor's.
fn image() -> Image {
    let image = Image::new();
    let [old, current, new] = ["old", "etc", "usr/etc"];
    for (path, texts) in [
        (
            "systemd/journald.conf",
            [
                "[Journal]\nStorage=auto\nCompress=yes\nSeal=yes\n",
                "# mine\n[Journal]\nStorage=volatile\nCompress=yes\nSeal=no\n",
                "[Journal]\nStorage=persistent\nCompress=no\nSeal=yes\nAudit=no\n",
            ],
        ),
        (
            "systemd/logind.conf.d/10.conf",
            [
                "[Login]\nNAutoVTs=6\nRemoveIPC=yes\n",
                "[Login]\nNAutoVTs=2\nRemoveIPC=yes\n",
                "[Login]\nNAutoVTs=6\nRemoveIPC=no\n",
            ],
        ),
        (
            "app/plain.ini",
            ["a=1\nb=1\n", "a=USER\nb=1\n", "a=1\nb=2\nc=2\n"],
        ),
        ("motd", ["Welcome\n", "Hello\n", "Good day\n"]),
        ("mine.toml", ["a = 1\n", "a = 1\nb = 1\n", "a = 2\n"]),
        ("edited", ["1\n", "2\n", "1\n"]),
        ("updated", ["1\n", "1\n", "2\n"]),
        ("agreed", ["1\n", "2\n", "2\n"]),
        ("deleted", ["1\n", "", "1\n"]),
        ("deleted-too", ["1\n", "", "2\n"]),
        ("withdrawn", ["1\n", "1\n", ""]),
        ("withdrawn-edited", ["1\n", "2\n", ""]),
        ("added", ["", "1\n", ""]),
        ("new", ["", "", "1\n"]),
        ("became-directory", ["1\n", "2\n", ""]),
        ("became-directory/x", ["", "", "1\n"]),
        ("became-file/x", ["1\n", "2\n", ""]),
        ("became-file", ["", "", "1\n"]),
        ("mode", ["1\n", "1\n", "2\n"]),
    ] {
        for (side, text) in [old, current, new].into_iter().zip(texts) {
            if !text.is_empty() {
                image.write(&format!("{side}/{path}"), text);
            }
        }
    }
    let strict = fs::Permissions::from_mode(0o600);
    fs::set_permissions(image.path("etc/mode"), strict).expect("a mode");
    fs::remove_dir_all(image.path("etc/flatpak")).unwrap_or_default();
    symlink("/nowhere", image.path("etc/link")).expect("a link");
    image
}

#[test]
fn diff_shows_what_the_owner_changed_and_what_becomes_of_it() {
    assert_snapshot!(image().shown(&etc("diff", &[])));
}

#[test]
fn merge_shows_what_the_vendor_changed_too() {
    let image = image();
    assert_snapshot!(image.shown(&etc("merge", &["--check"])));
    assert!(!image.path("out").exists());
}

#[test]
fn merge_writes_the_tree_in_one_piece() {
    let image = image();
    let before = fs::read_to_string(image.path("etc/systemd/journald.conf")).expect("a file");
    assert_eq!(image.exit_status(&etc("merge", &["--out", "/out"])), 0);
    let read = |path: &str| fs::read_to_string(image.path(path)).expect("a file");
    assert_eq!(
        read("out/systemd/journald.conf"),
        "# mine\n[Journal]\nStorage=volatile\nCompress=no\nSeal=no\nAudit=no\n"
    );
    assert_eq!(read("out/app/plain.ini"), "a=USER\nb=2\nc=2\n");
    assert_eq!(read("out/became-directory.overlayctl-save"), "2\n");
    assert_eq!(read("out/became-file.overlayctl-save/x"), "2\n");
    assert_eq!(
        read("etc/systemd/journald.conf"),
        before,
        "the trees are only read"
    );
    let mode = fs::metadata(image.path("out/mode"))
        .expect("a file")
        .permissions()
        .mode();
    assert_eq!((read("out/mode").as_str(), mode & 0o777), ("2\n", 0o600));
    let link = fs::read_link(image.path("out/link")).expect("a link");
    assert_eq!(link.to_str(), Some("/nowhere"));
    assert_eq!(leftovers(&image), 0);

    // What was merged follows from the new tree, so that nothing is left to be done.
    let again = [
        "etc",
        "merge",
        "--old",
        "/usr/etc",
        "--current",
        "/out",
        "--new",
        "/usr/etc",
        "--out",
        "/again",
    ];
    assert_eq!(image.exit_status(&again), 0);
    let same = std::process::Command::new("diff")
        .args(["--recursive", "--no-dereference"])
        .arg(image.path("out"))
        .arg(image.path("again"))
        .status();
    assert!(same.expect("diff runs").success());
}

fn leftovers(image: &Image) -> usize {
    let members = fs::read_dir(image.path("")).expect("a directory");
    let names = members.map(|member| member.expect("a member").file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with(".#"))
        .count()
}

#[test]
fn what_is_there_is_not_overwritten() {
    let image = image();
    image.write("full/x", "mine").write("file", "mine");
    fs::create_dir(image.path("empty")).expect("a directory");
    symlink("/empty", image.path("link")).expect("a link");
    // A killed run left this.
    image.write(".#empty.overlayctl/x/y", "half");
    for (out, status) in [
        ("/full", 1),
        ("/file", 1),
        ("/link", 1),
        ("/no/such", 1),
        ("/", 1),
        ("/empty", 0),
    ] {
        assert_eq!(
            image.exit_status(&etc("merge", &["--out", out])),
            status,
            "{out}"
        );
    }
    assert_eq!(
        fs::read_to_string(image.path("full/x")).expect("a file"),
        "mine"
    );
    assert_eq!(
        fs::read_to_string(image.path("empty/new")).expect("a file"),
        "1\n"
    );
    assert!(!image.path("empty/x").exists());
    assert_eq!(leftovers(&image), 0);
}

#[test]
fn the_trees_are_only_read() {
    let image = image();
    symlink("etc", image.path("tree")).expect("a link");
    for out in ["/old", "/etc/x", "/usr/etc/../etc/x", "/tree", "/tree/x"] {
        assert_eq!(
            image.exit_status(&etc("merge", &["--out", out])),
            1,
            "{out}"
        );
    }
    assert_snapshot!(
        "out_in_a_tree",
        image.shown(&etc("merge", &["--out", "/tree/x"]))
    );
    assert_eq!(leftovers(&image), 0);
}

#[test]
fn it_ends_as_it_says() {
    let image = image();
    let none = [
        "--old",
        "/old",
        "--current",
        "/nowhere",
        "--new",
        "/usr/etc",
    ];
    let quiet = [
        "--old",
        "/old",
        "--current",
        "/old",
        "--new",
        "/usr/etc",
        "--check",
    ];
    for (arguments, status) in [
        (etc("diff", &[]), 0),
        (etc("diff", &["--check"]), 3),
        (etc("merge", &[]), 0),
        (etc("merge", &["--check", "--out", "/out"]), 3),
        ([&["etc", "merge"], &quiet[..]].concat(), 0),
        ([&["etc", "diff"], &none[..]].concat(), 1),
        (vec!["etc", "diff"], 2),
        (vec!["etc"], 2),
        (etc("diff", &["--out", "/x"]), 2),
    ] {
        assert_eq!(image.exit_status(&arguments), status, "{arguments:?}");
    }
    assert!(image.path("out/new").exists(), "a conflict is no failure");
}

/// Trees that mean harm are read in bounded time and memory, or refused; nothing of theirs is followed.
#[test]
fn hostile_trees() {
    let image = image();
    symlink("/", image.path("etc/root")).expect("a link");
    symlink(".", image.path("etc/loop")).expect("a link");
    let huge = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(image.path("etc/huge"));
    huge.expect("a file")
        .set_len(1 << 40)
        .expect("a sparse file");
    fs::create_dir(image.path("usr/etc/huge")).expect("a directory");
    let fifo = std::process::Command::new("mkfifo")
        .arg(image.path("etc/motd2"))
        .status();
    assert!(fifo.expect("mkfifo runs").success());
    let shown = image.shown(&etc("diff", &[]));
    for line in [
        "A-  root  yours",
        "A-  loop  yours",
        "AA  huge  conflict",
        "A-  motd2  dropped",
    ] {
        assert!(shown.contains(line), "{line} in {shown}");
    }
    assert!(
        shown.contains(
            "warning: /etc/motd2: is a FIFO, a socket or a device, which is not taken over"
        )
    );

    let deep = "d/".repeat(200);
    fs::create_dir_all(image.path("etc").join(&deep)).expect("directories");
    let shown = image.shown(&etc("merge", &["--out", "/out"]));
    assert!(shown.contains("is nested too deeply"), "{shown}");
    assert!(!image.path("out").exists());
}

#[test]
fn the_document_has_the_places_and_follows_the_schema() {
    let image = image();
    let mut last = Value::Null;
    for arguments in [
        etc("diff", &["--json"]),
        etc("merge", &["--json"]),
        etc("merge", &["--json", "--out", "/out"]),
    ] {
        last = parsed(&image.run(&arguments).stdout);
    }
    assert_eq!(last["merge"]["out"], "/out");
    let paths = last["merge"]["paths"].as_array().expect("paths");
    let of = |path: &str| {
        paths
            .iter()
            .find(|found| found["path"] == path)
            .expect("a path")
    };
    assert_eq!(of("became-file")["saved"], "became-file.overlayctl-save");
    let journald = of("systemd/journald.conf");
    assert_eq!(journald["state"], "conflict");
    assert_eq!(journald["code"], "by-rules");
    assert_eq!(of("motd")["code"], "not-plain");
    let keys = journald["keys"].as_array().expect("keys");
    let storage = keys
        .iter()
        .find(|key| key["key"] == "Storage")
        .expect("a key");
    assert_eq!(
        *storage,
        serde_json::json!({
            "section": "Journal",
            "key": "Storage",
            "action": "conflict",
            "old": { "values": ["auto"], "at": "/old/systemd/journald.conf:2" },
            "current": { "values": ["volatile"], "at": "/etc/systemd/journald.conf:3" },
            "new": { "values": ["persistent"], "at": "/usr/etc/systemd/journald.conf:2" },
        })
    );
    let mut bad = last.clone();
    bad["merge"]["paths"][0]["state"] = "splendid".into();
    assert!(!is_valid(&bad));
}

/// Whose rules hold for a file is chosen once: the adapters' directories have theirs here, too.
#[test]
fn a_file_is_read_by_the_rules_that_explain_names() {
    let image = Image::new();
    let definition = "kind='flatpak'\nlayers=['/usr/share','/etc']\nremotes='flatpak/apps.d'\n\
                      collections='c.d'\ninstallation='/i'\n";
    image.write("etc/overlayctl/adapters.d/apps.toml", definition);
    for directory in ["flatpak/remotes.d", "flatpak/apps.d"] {
        let file = format!("{directory}/x.flatpakrepo");
        for (tree, title) in [("old", "A"), ("etc", "B"), ("usr/etc", "A")] {
            let text = format!("[Flatpak Repo]\nTitle={title}\nUrl=https://example.org/\n");
            image.write(&format!("{tree}/{file}"), &text);
        }
        let explained = image.shown(&["explain", &file]);
        let rules = explained.split("read by the rules of ").nth(1);
        let rules = rules.and_then(|rest| rest.lines().next()).expect("rules");
        let told = image.shown(&etc("diff", &[]));
        let of_file = told.split(&file).nth(1).expect("the file");
        let expected = format!("read by the rules of {rules}");
        let first = of_file.lines().take(3).collect::<Vec<_>>().join("\n");
        assert!(first.contains(&expected), "{expected}: {told}");
    }
}
