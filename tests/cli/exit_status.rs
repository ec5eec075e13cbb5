//! 0 in order, 1 something failed, 2 wrong usage, 3 changes are pending.

use crate::image::Image;

#[test]
fn in_order_is_0() {
    let image = Image::new();
    for arguments in [
        &["sync"][..],
        &["sync"],
        &["status"],
        &["status", "--check"],
        &["sync", "--dry-run"],
    ] {
        assert_eq!(image.exit_status(arguments), 0, "{arguments:?}");
    }
}

#[test]
fn something_failed_is_1_and_the_rest_is_done() {
    let image = Image::new();
    image.write(
        "etc/flatpak/remotes.d/broken.flatpakrepo",
        "[Flatpak Repo]\nTitle=No Url\n",
    );
    for arguments in [
        &["sync"][..],
        &["sync"],
        &["status"],
        &["status", "--check"],
        &["sync", "--dry-run"],
    ] {
        assert_eq!(image.exit_status(arguments), 1, "{arguments:?}");
    }
    image.edit("[remote \"plain\"]", "[remote \"plain\"]");
}

#[test]
fn a_question_that_can_be_answered_is_0() {
    let image = crate::files::image();
    let file = "/etc/systemd/journald.conf.d/10-mine.conf";
    // Of the last two no file is there, but systemd would read one.
    for path in [
        "systemd/journald.conf",
        "sysctl.d",
        "systemd/coredump.conf",
        "environment.d",
    ] {
        for command in ["list", "cat", "show", "explain", "digest", "watch-list"] {
            assert_eq!(image.exit_status(&[command, path]), 0, "{command} {path}");
        }
    }
    assert_eq!(image.exit_status(&["watch-list", "no/such.conf"]), 0);
    for file in [
        file,
        "/etc/systemd/journald.conf.d/10-mine.conf:2",
        "/etc/sysctl.d/90-router.conf",
    ] {
        assert_eq!(image.exit_status(&["why", file]), 0, "{file}");
    }
}

#[test]
fn a_question_that_cannot_be_answered_is_1() {
    let image = crate::files::image();
    image
        .write("etc/systemd/journald.conf.d/80-bad.conf", "[junk\n")
        .write("broken.toml", "layer = 1\n");
    let broken = image.path("broken.toml");
    let broken = broken.to_str().expect("UTF-8");
    for command in ["list", "cat", "show", "explain", "digest", "watch-list"] {
        for arguments in [
            &["systemd/journald.conf"][..],
            &["sysctl.d", "--rules", "nonsense"],
            &["sysctl.d", "--rules", broken],
            &["sysctl.d", "--with", "/etc/x=/nowhere/x"],
        ] {
            let arguments = [&[command], arguments].concat();
            assert_eq!(image.exit_status(&arguments), 1, "{arguments:?}");
        }
    }
    for arguments in [
        &["why", "/etc/systemd/journald.conf.d/80-bad.conf"][..],
        &["why", "/etc/systemd/journald.conf.d/10-mine.conf:99"],
        &["why", "/no/such/file"],
        &["why", "/etc"],
        &["explain", "sysctl.d", "nonsense"],
        &["explain", "nonsense"],
    ] {
        assert_eq!(image.exit_status(arguments), 1, "{arguments:?}");
    }
}

#[test]
fn a_path_that_nobody_has_is_1() {
    let image = crate::files::image();
    for command in ["list", "cat", "show", "explain", "digest"] {
        let text = image.shown(&[command, "no/such.conf"]);
        assert!(text.contains("no layer has it; looked for "), "{text}");
        assert!(text.contains("/etc/no/such.conf"), "{text}");
        assert!(text.ends_with("[exit status 1]"), "{text}");
    }
    image.write("etc/mine.conf", "a=1\n");
    let without = ["show", "mine.conf", "--without", "/etc/mine.conf"];
    assert_eq!(image.exit_status(&without), 0);
}

/// What the consumer passes over to read on is a warning, for every command.
#[test]
fn the_level_of_a_line_is_what_its_consumer_makes_of_it() {
    for (line, expected) in [("junk", 0), ("[junk", 1)] {
        let image = crate::files::image();
        let text = format!("[Journal]\n{line}\n");
        image.write("etc/systemd/journald.conf.d/80-bad.conf", &text);
        for command in ["list", "cat", "show", "explain", "digest", "check"] {
            let status = image.exit_status(&[command, "systemd/journald.conf"]);
            assert_eq!(status, expected, "{command} {line}");
        }
    }
}

/// It is not read, so nobody can tell what it says.
#[test]
fn a_file_beyond_the_limit_is_1_for_every_command() {
    let image = crate::files::image();
    let text = "#".repeat((1 << 24) + 1);
    image.write("etc/systemd/journald.conf.d/80-large.conf", &text);
    for command in ["list", "show", "digest", "check"] {
        let status = image.exit_status(&[command, "systemd/journald.conf"]);
        assert_eq!(status, 1, "{command}");
    }
}

#[test]
fn wrong_usage_is_2() {
    let image = Image::new();
    for arguments in [
        &[][..],
        &["frobnicate"],
        &["sync", "--force"],
        &["explain"],
        &["why"],
        &["show"],
        &["list", "a", "b"],
        &["show", "a", "--with", "no-file"],
        &["restore"],
    ] {
        assert_eq!(image.exit_status(arguments), 2, "{arguments:?}");
    }
}

#[test]
fn pending_changes_are_3_where_asked() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["status"]), 0);
    assert_eq!(image.exit_status(&["status", "--check"]), 3);
    assert_eq!(image.exit_status(&["sync", "--dry-run"]), 3);
    assert!(!image.path("var").exists(), "neither of them writes");
}

#[test]
fn a_root_that_is_not_there_is_1() {
    let image = Image::new();
    assert_eq!(
        image.exit_status(&["--root", "/nowhere", "sync"]),
        2,
        "--root given twice"
    );
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_overlayctl"))
        .args(["--root", "/nowhere", "sync"])
        .output()
        .expect("overlayctl runs");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_reader_that_went_away_is_no_error_of_ours() {
    let image = Image::new();
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_overlayctl"))
        .arg("--root")
        .arg(image.path(""))
        .arg("sync")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("overlayctl runs");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// The arguments that commands share do not take the place of what a command says of itself.
#[test]
fn each_command_says_what_it_does() {
    let image = Image::new();
    let commands = [
        "sync", "restore", "adopt", "release", "revert", "list", "check", "explain",
    ];
    let said = commands.map(|command| {
        let help = image.shown(&[command, "--help"]);
        help.lines().nth(1).expect("a sentence").to_owned()
    });
    let different: std::collections::BTreeSet<_> = said.iter().collect();
    assert_eq!(different.len(), commands.len(), "{said:?}");
}
