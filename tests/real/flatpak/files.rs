//! Rule 7: a bad vendor file hurts itself alone: the others are applied, the error says where and
//! why, and flatpak keeps working.

use std::fmt::Write as _;

use super::Case;
use super::world::{URL, World, bytes, flatpakrepo, titled};

pub(super) const CASES: &[Case] = &[
    (
        "rule 7, cases 6, 56: bad files hurt themselves alone",
        bad_files,
    ),
    (
        "rule 7: a bad file that was good leaves what it was",
        good_turned_bad,
    ),
    ("rule 7: a repaired file is applied", repaired),
    (
        "rule 7: a stamp or keyring that cannot be read hurts its remote alone",
        bad_surroundings,
    ),
    (
        "rule 7: a group that stands twice hurts its remote alone",
        group_twice,
    ),
    ("rule 7: what is too large hurts itself alone", too_large),
    ("rule 7, case 53: invalid names do no harm", invalid_names),
    (
        "rule 7, case 53: a hidden name that flatpak imports is told",
        hidden_names,
    ),
    ("rule 7, case 56: CRLF is read, as GLib does", crlf),
    (
        "rule 7, case 56: what GLib never decodes may be in any encoding",
        foreign_encoding,
    ),
];

fn too_large(world: &World<'_>) {
    world.vendor("giant", titled("one"));
    world.vendor("other", titled("one"));
    world.sync();
    let comment = "x".repeat(8 << 20);
    let giant = flatpakrepo(&[("Url", URL), ("Title", "two"), ("Comment", &comment)]);
    for name in ["giant", "more", "most"] {
        world.vendor(name, &giant);
    }
    world.vendor("other", titled("two"));
    let report = world.sync_fails();
    report.assert_state("giant", "failed");
    report.assert_finds("error", "giant.flatpakrepo");
    world.assert_remotes(&["giant", "other"]);
    world.assert_value("giant", "xa.title", "one");
    world.assert_value("other", "xa.title", "two");
}

fn group_twice(world: &World<'_>) {
    for name in ["ours", "other"] {
        world.vendor(name, titled("one"));
    }
    world.sync();
    let twice = |name: &str| format!("\n[remote \"{name}\"]\nxa.prio=3\n");
    world.edit_config(|text| text + &twice("theirs") + &twice("ours") + &twice("theirs"));
    for name in ["ours", "other", "new"] {
        world.vendor(name, titled("two"));
    }
    let report = world.sync_fails();
    report.assert_state("ours", "failed");
    report.assert_finds("error", "repo/config");
    for (name, title) in [("ours", "one"), ("other", "two"), ("new", "two")] {
        world.assert_value(name, "xa.title", title);
    }
    world.edit_config(|text| text.replacen(&twice("ours"), "", 1));
    world.sync().assert_state("ours", "updated");
}

/// Name, contents and the line the error is on, where there is one.
fn bad() -> Vec<(&'static str, Vec<u8>, Option<u64>)> {
    let with = |line: &str| {
        [
            flatpakrepo(&[("Url", URL)]).as_bytes(),
            line.as_bytes(),
            b"\n",
        ]
        .concat()
    };
    vec![
        ("no-url", b"[Flatpak Repo]\nTitle=x\n".to_vec(), None),
        ("no-group", b"[Other]\nUrl=x\n".to_vec(), None),
        (
            "key-before-group",
            b"Url=x\n[Flatpak Repo]\n".to_vec(),
            Some(1),
        ),
        ("version", with("Version=2"), Some(3)),
        ("junk", with("junk"), Some(3)),
        ("semicolon-comment", with("; no comment"), Some(3)),
        ("broken-group", with("[Broken"), Some(3)),
        ("short-key", with("GPGKey=AAAA"), Some(3)),
        (
            "corrupted-key",
            with(&format!("GPGKey={}", "A".repeat(400))),
            Some(3),
        ),
        (
            "collection-without-key",
            with("CollectionID=org.example.C"),
            Some(3),
        ),
        (
            "latin1",
            with("Comment=x").replace_byte(b'x', 0xe9),
            Some(3),
        ),
        (
            "byte-order-mark",
            [b"\xef\xbb\xbf", with("").as_slice()].concat(),
            Some(1),
        ),
        ("url-escape", b"[Flatpak Repo]\nUrl=\\q\n".to_vec(), Some(2)),
    ]
}

trait ReplaceByte {
    fn replace_byte(self, from: u8, to: u8) -> Self;
}

impl ReplaceByte for Vec<u8> {
    fn replace_byte(mut self, from: u8, to: u8) -> Self {
        self.iter_mut()
            .filter(|byte| **byte == from)
            .for_each(|byte| *byte = to);
        self
    }
}

fn bad_files(world: &World<'_>) {
    world.vendor("good", titled("good"));
    world.admin("also-good", titled("good"));
    for (name, text, _) in bad() {
        world.admin(name, &text);
        world.vendor(&format!("vendor-{name}"), &text);
    }
    let report = world.sync_fails();
    let mut wrong = String::new();
    for (name, _, line) in bad() {
        for (layer, name) in [
            ("etc", name.to_owned()),
            ("usr/share", format!("vendor-{name}")),
        ] {
            let path = format!("{layer}/flatpak/remotes.d/{name}.flatpakrepo");
            let error = report
                .findings
                .iter()
                .find(|found| found.level == "error" && found.path.ends_with(&path));
            let fits = error.is_some_and(|error| error.line == line && !error.message.is_empty());
            if report.state(&name) != "failed" || !fits {
                let _ = writeln!(
                    wrong,
                    "{name}: {}, line {line:?} expected: {error:?}",
                    report.state(&name)
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    world.assert_remotes(&["also-good", "good"]);
    world.flatpak(&["list"]);
    assert_eq!(world.sync_fails().state("good"), "applied");
    assert!(bad().iter().all(|(name, ..)| !world.keyring(name).exists()));
}

fn good_turned_bad(world: &World<'_>) {
    let key = world.keys().vendor.base64();
    world.vendor("flathub", flatpakrepo(&[("Url", URL), ("GPGKey", &key)]));
    world.vendor("other", titled("one"));
    world.sync();
    let (group, keyring) = (world.group("flathub"), bytes(&world.keyring("flathub")));
    for (name, text, _) in bad() {
        world.vendor("flathub", text);
        world.vendor("other", titled(name));
        world.sync_fails().assert_state("flathub", "failed");
        assert_eq!(world.group("flathub"), group, "{name}");
        assert_eq!(bytes(&world.keyring("flathub")), keyring, "{name}");
        world.assert_value("other", "xa.title", name);
        world.assert_remotes(&["flathub", "other"]);
    }
}

fn repaired(world: &World<'_>) {
    world.vendor("flathub", "junk\n");
    world.sync_fails();
    world.assert_remotes(&[]);
    world.vendor("flathub", titled("repaired"));
    world.sync().assert_state("flathub", "applied");
    world.assert_remotes(&["flathub"]);
    world.flatpak(&["remote-delete", "flathub"]);
    world.vendor("flathub", "junk\n");
    world.sync_fails();
    world.vendor("flathub", titled("repaired"));
    world.sync().assert_state("flathub", "deleted");
    world.assert_remotes(&[]);
}

fn invalid_names(world: &World<'_>) {
    let names = [
        "with space",
        "q\"uote",
        "a;b",
        "-dash",
        "back\\slash",
        "[x]",
        "ti~lde",
        "a=b",
        "ümlaut",
    ];
    for name in names {
        world.admin(name, titled("invalid"));
        world.vendor(&format!("{name}~"), titled("invalid"));
    }
    world.vendor("good", titled("good"));
    let report = world.sync_fails();
    for name in names {
        report.assert_finds("error", &format!("{name}.flatpakrepo"));
    }
    world.assert_remotes(&["good"]);
    world.flatpak(&["remote-modify", "--title=Mine", "good"]);
    world.assert_remotes(&["good"]);
    world.sync_fails();
    world.assert_value("good", "xa.title", "Mine");
}

fn hidden_names(world: &World<'_>) {
    let names = [".hidden", ".#lock", ".back~", ".link", ".null", ".gone"];
    let files = |world: &World<'_>| {
        for name in &names[..3] {
            world.admin(name, titled("hidden"));
        }
        world.write("etc/elsewhere", titled("hidden"));
        for (name, end) in [
            (".link", "../../elsewhere"),
            (".null", "/dev/null"),
            (".gone", "gone"),
        ] {
            world.link(&format!("etc/flatpak/remotes.d/{name}.flatpakrepo"), end);
        }
    };
    files(world);
    world.vendor("good", titled("good"));
    let report = world.sync();
    let theirs = world.another();
    files(&theirs);
    let imported = theirs.remotes();
    for name in names {
        let is_told = report.finds("warning", &format!("{name}.flatpakrepo"));
        assert_eq!(
            is_told,
            imported.contains_key(name),
            "{name} in {report:#?}"
        );
    }
    assert_eq!(imported.len(), 4, "{imported:?}");
}

fn crlf(world: &World<'_>) {
    let text = flatpakrepo(&[("Url", URL), ("Title", "DOS"), ("NoDeps", "true")]);
    world.vendor("flathub", text.replace('\n', "\r\n"));
    world.sync();
    world.assert_value("flathub", "url", URL);
    world.assert_value("flathub", "xa.title", "DOS");
    world.assert_value("flathub", "xa.nodeps", "true");
}

fn foreign_encoding(world: &World<'_>) {
    let text = [
        titled("good").as_bytes(),
        b"# caf\xe9\nUnknown=caf\xe9\n[Other]\nTitle=caf\xe9\n",
    ]
    .concat();
    world.vendor("flathub", text);
    world.sync().assert_state("flathub", "applied");
    world.assert_value("flathub", "xa.title", "good");
}

fn bad_surroundings(world: &World<'_>) {
    world.write("etc/a-file", "not a directory");
    let text = super::world::with_overlay(&titled("stamp"), "DeletedIf=/etc/a-file/stamp");
    world.vendor("stamped", text);
    world.vendor("keyless", titled("one"));
    world.sync();
    world.link(
        "var/lib/flatpak/repo/keyless.trustedkeys.gpg",
        "nowhere.gpg",
    );
    world.vendor("keyless", titled("two"));
    world.vendor("new", titled("one"));
    let report = world.sync_fails();
    report.assert_state("keyless", "failed");
    report.assert_state("new", "applied");
    world.assert_remotes(&["keyless", "new", "stamped"]);
}
