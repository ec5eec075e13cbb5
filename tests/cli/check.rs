//! `check`: what it says, how it ends, and its document.

use std::fs;

use insta::assert_snapshot;
use overlay_resolver::inspect::lint::LINTS;
use overlay_resolver::inspect::survey::DIRECTORIES_LIMIT;

use crate::image::Image;
use crate::json::parsed;
use crate::thorough::some_of;

const RULES: &str = "repeated = 'last'\nformat = 'gkeyfile'\n";

/// An image with something for most lints.
fn image() -> Image {
    let image = Image::new();
    for (path, text) in [
        ("rules.toml", RULES),
        ("usr/lib/app/app.conf", "[Server]\nPort=80\nName=a\n"),
        ("etc/app/app.conf", "[Server]\nTimeout=5\nName=mine\n"),
        ("etc/app/60-stray.conf", "[Server]\nPort=1\n"),
        (
            "usr/lib/app/app.conf.d/50-vendor.conf",
            "[Server]\nPort=443\nTimeout=9\nHost=a\n",
        ),
        ("usr/lib/app/app.conf.d/40-more.conf", "[Log]\nLevel=1\n"),
        ("etc/app/app.conf.d/40-more.conf", ""),
        ("etc/app/app.conf.d/10-early.conf", "[Server]\nPort=1\n"),
        (
            "etc/app/app.conf.d/9-late.conf",
            "[Server]\nPort=8443\nHost=a\n",
        ),
        ("etc/app/app.conf.d/70-twice.conf", "[Log]\nTo=a\nTo=b\n"),
        ("etc/app/app.conf.d/typo.cnof", "[Log]\n"),
        (
            "etc/systemd/journald.conf.d/60-typo.conf",
            "[Journal]\nStorag=none\n[Service]\nStorage=none\n",
        ),
        ("etc/app/app.conf.d/80-nothing.conf", ""),
        ("etc/app/app.conf.d/90-bad.conf", "[Log]\nFile=x\njunk\n"),
    ] {
        image.write(path, text);
    }
    image
}

fn check(image: &Image, more: &[&str]) -> String {
    let rules = image.path("rules.toml").display().to_string();
    let usual = ["check", "app/app.conf", "--rules", &rules];
    image.shown(&[&usual, more].concat())
}

#[test]
fn every_finding_names_its_lint() {
    let image = image();
    assert_snapshot!("check", check(&image, &[]));
    assert_snapshot!(
        "check_keys",
        image.shown(&["check", "/etc/systemd/journald.conf"])
    );
    assert_snapshot!(
        "check_only",
        check(&image, &["--only", "same-value", "--only", "loses-always"])
    );
}

#[test]
fn nothing_found_is_said() {
    assert_snapshot!("check_clean", Image::new().shown(&["check"]));
}

#[test]
fn the_lints_are_listed() {
    assert_snapshot!("check_list", Image::new().shown(&["check", "--list"]));
}

#[test]
fn errors_fail_and_warnings_do_where_asked() {
    let image = image();
    let rules = image.path("rules.toml").display().to_string();
    for (arguments, expected) in [
        (&[][..], 1),
        (&["--allow", "broken-line"], 0),
        (&["--allow", "broken-line", "--strict"], 1),
        (&["--only", "locale-order"], 0),
        (&["--only", "locale-order", "--strict"], 1),
        (&["--only", "same-value", "--strict"], 0),
        (&["--only", "no-such-lint"], 2),
    ] {
        let usual = ["check", "app/app.conf", "--rules", &rules];
        let status = image.exit_status(&[&usual, arguments].concat());
        assert_eq!(status, expected, "{arguments:?}");
    }
}

#[test]
fn what_if_is_checked_too() {
    let image = image();
    let good = image.path("good.conf").display().to_string();
    image.write("good.conf", "[Log]\nFile=x\n");
    let with = format!("/etc/app/app.conf.d/90-bad.conf={good}");
    let shown = check(&image, &["--with", &with, "--only", "broken-line"]);
    assert!(shown.contains("nothing found"), "{shown}");
}

#[test]
fn without_a_path_all_are_looked_at() {
    let image = Image::new();
    image
        .write("etc/flatpak/remotes.d/typo.flatpakrepo", "")
        // Nobody knows how these are read: only what holds for all is said.
        .write("etc/unknown.d/script", "#!/bin/sh\n")
        .write("etc/unknown.d/x.conf", "[[[ junk\n")
        .write("etc/unknown.d/mask.conf", "");
    assert_snapshot!("check_all", image.shown(&["check"]));
}

#[test]
fn a_directory_is_its_documents() {
    let image = Image::new();
    for (path, text) in [
        ("usr/lib/systemd/network/80-a.network", "[Match]\nName=a\n"),
        ("etc/systemd/network/80-a.network", "[Match]\nNam=a\n"),
        ("etc/systemd/network/README", "hello\n"),
        ("usr/lib/plain/a", "k=1\n"),
        ("etc/plain/a", "k=1\n"),
    ] {
        image.write(path, text);
    }
    for (path, expected) in [
        (
            "systemd/network",
            "[unknown-key]\n1 warning in 1 configuration path\n",
        ),
        ("plain", "[same-value]\n1 note in 1 configuration path\n"),
    ] {
        let shown = image.shown(&["check", path]);
        assert!(shown.contains(expected), "{shown}");
    }
}

#[test]
fn the_document_has_the_names() {
    let image = image();
    let rules = image.path("rules.toml").display().to_string();
    let arguments = ["--json", "check", "app/app.conf", "--rules", &rules];
    let output = image.run(&arguments);
    let document = parsed(&output.stdout);
    assert_eq!(document["checked"][0], "app/app.conf");
    let findings = document["findings"].as_array().expect("a list");
    assert!(!findings.is_empty());
    assert!(findings.iter().all(|finding| finding["code"].is_string()));
}

#[test]
fn the_document_of_the_lints() {
    let output = Image::new().run(&["--json", "check", "--list"]);
    let document = parsed(&output.stdout);
    assert_eq!(
        document["lints"].as_array().map(Vec::len),
        Some(LINTS.len() + overlay_adapters::adapter::LINTS.len())
    );
}

#[test]
fn what_was_not_searched_is_an_error_of_every_command_that_searches() {
    let image = Image::in_memory();
    image.write("etc/app/x.conf.d/1.conf", "a=b\n");
    for number in 0..=DIRECTORIES_LIMIT {
        let path = image.path(&format!("etc/many/{number:05}"));
        fs::create_dir_all(path).expect("a directory");
    }
    let told =
        format!("not searched, nor is what comes after it in this layer: {DIRECTORIES_LIMIT}");
    let commands = [
        &["list"][..],
        &["diff", "--json"],
        &["check", "--only", "mask-of-nothing"],
        &["diff", "--rules", "systemd", "--rules", "uapi6"],
    ];
    for command in some_of(4, &commands) {
        let text = image.shown(command);
        assert!(text.contains(&told), "{text}");
        assert!(text.ends_with("[exit status 1]"), "{text}");
    }
}

/// flatpak imports what is passed over here for the dot in front of its name.
#[test]
fn names_that_are_none_are_told_by_every_command_alike() {
    use std::os::unix::ffi::OsStrExt as _;

    let image = Image::new();
    let vendor = "usr/share/flatpak/remotes.d";
    let text = "[Flatpak Repo]\nUrl=https://example.org/\n";
    let not_utf8 =
        std::path::Path::new(vendor).join(std::ffi::OsStr::from_bytes(b"\xff.flatpakrepo"));
    fs::create_dir_all(image.path(vendor)).expect("a directory");
    fs::write(image.path("").join(&not_utf8), text).expect("a file");
    // flatpak reads what this is to hide, and stumbles over the mask itself.
    for (layer, text) in [("usr/share", text), ("etc", "")] {
        let name = std::ffi::OsStr::from_bytes(b"\xfe.flatpakrepo");
        let directory = image.path(&format!("{layer}/flatpak/remotes.d"));
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(directory.join(name), text).expect("a file");
    }
    for name in [".x", "with space", ".y\u{1b}"] {
        image.write(&format!("{vendor}/{name}.flatpakrepo"), text);
    }
    // Of these flatpak imports none.
    image.write("usr/lib/flatpak/remotes.d/.z.flatpakrepo", text);
    image.write(&format!("{vendor}/.x.flatpakrepo~"), text);
    image.write(&format!("{vendor}/.dir.flatpakrepo/x"), text);
    for (name, end) in [("lock", "me@host.1"), ("null", "/dev/null")] {
        let link = image.path(vendor).join(format!(".{name}.flatpakrepo"));
        std::os::unix::fs::symlink(end, link).expect("a link");
    }
    let told = |command: &[&str]| {
        let json = image.run(&[command, &["--json"]].concat()).stdout;
        let json: serde_json::Value = serde_json::from_slice(&json).expect("JSON");
        let findings = json["findings"].as_array().expect("findings").iter();
        let mut told: Vec<_> = findings
            .filter(|finding| finding["code"] == "bad-name")
            .map(|f| format!("{}: {}: {}", f["level"], f["path"], f["message"]))
            .collect();
        told.sort();
        told
    };
    let check = told(&["check", "flatpak/remotes.d"]);
    insta::assert_snapshot!("names", check.join("\n"));
    for command in [
        &["check"][..],
        &["status"],
        &["sync", "--dry-run"],
        &["sync"],
        &["status"],
    ] {
        assert_eq!(told(command), check, "{command:?}");
    }
    // Without the other lint, which passes it over.
    let hidden = "flatpak/remotes.d/.x.flatpakrepo";
    assert!(
        !image
            .shown(&["check"])
            .contains(&format!("{hidden}: is never read"))
    );
}
