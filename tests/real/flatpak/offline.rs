//! Rule 10: a root is a root: links end inside it, nothing outside is read or written, and a root
//! that cannot be written is left whole.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Case;
use super::world::{World, bytes, report_of, titled};

pub(super) const CASES: &[Case] = &[
    (
        "rule 10, case 49: absolute links end inside the root",
        absolute_links,
    ),
    (
        "rule 10, case 49: a link with .. does not climb out of the root",
        climbing_link,
    ),
    (
        "rule 10: nothing outside the root is opened",
        nothing_outside,
    ),
    (
        "rule 10, case 58: a read-only root is left whole",
        read_only,
    ),
    (
        "rule 10, case 59: a config that is a link",
        config_is_a_link,
    ),
    ("rule 10: litter of a killed flatpak is no obstacle", litter),
];

/// A directory outside the root, with one file in it.
fn outside(world: &World<'_>) -> PathBuf {
    let outside = world.root.with_extension("outside");
    fs::create_dir(&outside).expect("a directory");
    fs::write(outside.join("canary"), "here").expect("a file");
    outside
}

#[track_caller]
fn assert_untouched(outside: &Path) {
    let names: Vec<_> = fs::read_dir(outside)
        .expect("readable")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    assert_eq!(names, ["canary"], "sync wrote outside the root");
}

/// The remotes of an installation elsewhere in the root.
fn remotes_in(world: &World<'_>, installation: &str) -> Vec<String> {
    let config = world.path(installation).join("repo/config");
    let groups = world.bench.readers.groups(&config).expect("GLib reads it");
    groups
        .into_keys()
        .filter(|group| group.starts_with("remote"))
        .collect()
}

fn absolute_links(world: &World<'_>) {
    let outside = outside(world);
    fs::create_dir_all(world.path("srv/flatpak")).expect("a directory");
    world.link("var/lib/flatpak", "/srv/flatpak");
    world.write("opt/vendor/flathub.flatpakrepo", titled("vendor"));
    world.link("usr/share/flatpak/remotes.d", "/opt/vendor");
    world.write("opt/single", titled("single"));
    world.link("etc/flatpak/remotes.d/single.flatpakrepo", "/opt/single");
    world.sync();
    assert_eq!(
        remotes_in(world, "srv/flatpak"),
        ["remote \"flathub\"", "remote \"single\""]
    );
    // The same link, but now it means a directory that exists outside only.
    fs::remove_file(world.path("var/lib/flatpak")).expect("the link");
    world.link("var/lib/flatpak", &outside.display().to_string());
    let report = world.report(&["sync"]);
    assert!([0, 1].contains(&report.code));
    assert_untouched(&outside);
}

fn climbing_link(world: &World<'_>) {
    let outside = outside(world);
    let climb = format!(
        "{}{}",
        "../".repeat(20),
        outside.display().to_string().trim_start_matches('/')
    );
    world.link("var/lib/flatpak", &climb);
    fs::write(outside.join("flathub.flatpakrepo"), titled("outside")).expect("a file");
    world.link("usr/share/flatpak/remotes.d", &climb);
    let report = world.report(&["sync"]);
    assert_eq!(
        report.state("flathub"),
        "-",
        "a file outside the root was read"
    );
    fs::remove_file(outside.join("flathub.flatpakrepo")).expect("the file");
    assert_untouched(&outside);
}

/// From the moment it holds the root, every path is inside it.
fn nothing_outside(world: &World<'_>) {
    world.vendor("flathub", titled("vendor"));
    world.mask("masked");
    let log = world.root.with_extension("strace");
    let sync = world.overlayctl(&["sync"]);
    let mut strace = Command::new("strace");
    strace
        .args([
            "--follow-forks",
            "--decode-fds=path",
            "--trace=%file",
            "--output",
        ])
        .arg(&log);
    strace.arg(sync.get_program()).args(sync.get_args());
    report_of(&strace.output().expect("strace runs")).assert_code(0);
    let trace = fs::read_to_string(&log).expect("a trace");
    let root = world.root.display().to_string();
    let holds_root = |line: &&str| line.contains(&format!("<{root}>"));
    let from_root: Vec<&str> = trace.lines().skip_while(|line| !holds_root(line)).collect();
    assert!(
        from_root.len() > 10,
        "the trace is too short to prove anything:\n{trace}"
    );
    for line in from_root {
        let outside = line
            .split('<')
            .skip(1)
            .filter(|path| path.starts_with('/') && !path.starts_with(&root));
        let relative_to_cwd = line.contains("AT_FDCWD") && !line.contains(&format!("\"{root}"));
        let outside = outside
            .filter(|_| relative_to_cwd || !line.contains("AT_FDCWD"))
            .count();
        assert_eq!(outside, 0, "outside the root: {line}");
    }
}

fn read_only(world: &World<'_>) {
    const MOUNT: &str =
        r#"mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@""#;
    let read_only = |arguments: &[&str]| {
        let command = world.overlayctl(arguments);
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "sh", "-c", MOUNT, "read-only"])
            .arg(&world.root);
        unshare.arg(command.get_program()).args(command.get_args());
        report_of(&unshare.output().expect("unshare runs"))
    };
    world.vendor("flathub", titled("one"));
    read_only(&["sync"]).assert_code(1);
    assert!(!world.path("var").exists());
    world.sync();
    read_only(&["sync"]).assert_code(0);
    world.vendor("flathub", titled("two"));
    let before = world.snapshot();
    let report = read_only(&["sync"]);
    report.assert_code(1);
    assert!(
        report
            .findings
            .iter()
            .any(|finding| finding.level == "error")
    );
    assert_eq!(before, world.snapshot());
    read_only(&["sync", "--dry-run"]).assert_code(3);
}

/// Whether it is followed or refused: nothing is lost and nothing outside the root is written.
fn config_is_a_link(world: &World<'_>) {
    world.vendor("one", titled("one"));
    world.sync();
    let real = world.path("var/lib/flatpak/config.real");
    fs::rename(world.config(), &real).expect("moved");
    world.link("var/lib/flatpak/repo/config", "../config.real");
    world.vendor("two", titled("two"));
    let before = bytes(&real);
    let report = world.report(&["sync"]);
    match report.code {
        0 => world.assert_remotes(&["one", "two"]),
        code => {
            assert_eq!(code, 1);
            report.assert_finds("error", "var/lib/flatpak/repo/config");
            assert_eq!(bytes(&real), before);
        }
    }
    let outside = outside(world);
    fs::copy(&real, outside.join("config")).expect("copied");
    fs::remove_file(world.config()).expect("the link or a file");
    world.link(
        "var/lib/flatpak/repo/config",
        &outside.join("config").display().to_string(),
    );
    world.vendor("three", titled("three"));
    let before = bytes(&outside.join("config"));
    world.report(&["sync"]);
    assert_eq!(
        bytes(&outside.join("config")),
        before,
        "written outside the root"
    );
}

fn litter(world: &World<'_>) {
    world.vendor("flathub", titled("one"));
    world.sync();
    world.write("var/lib/flatpak/repo/tmp.ABCDEF", "half a config");
    world.write("var/lib/flatpak/repo/flathub.trustedkeys.gpg", "");
    world.vendor("flathub", titled("two"));
    world.sync();
    world.assert_value("flathub", "xa.title", "two");
}
