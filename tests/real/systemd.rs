//! The unit that runs sync at boot, judged by the real systemd; and `cat` beside its `cat-config`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::{Found, read};

/// How exposed the unit may be, in tenths: `systemd-analyze security` calls up to 2.0 "OK".
const EXPOSURE: &str = "--threshold=20";

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trial = |name: &str, run: fn(&PathBuf)| {
        let systemd = read(Command::new("systemd-analyze").arg("--version"));
        not_run.trial(format!("systemd: {name}"), systemd, move |_| {
            let place = TempDir::new().expect("a directory");
            run(&unit(&place));
        })
    };
    vec![
        trial("the unit is sound", |unit| {
            assert_eq!(analyze(&["verify"], unit), Ok(String::new()));
        }),
        trial("the unit is hardened", |unit| {
            analyze(&["security", "--offline=true", EXPOSURE], unit).expect("no more exposed");
        }),
        trial("cat prints what cat-config prints", |_| cat_config()),
    ]
}

/// systemd's own case (TEST-65-ANALYZE): a main file below `/run` with one drop-in.
fn cat_config() {
    let place = TempDir::new().expect("a directory");
    let root = place.path();
    for (path, text) in [
        ("run/test/main.conf", include_str!("../data/tldr/main.conf")),
        (
            "run/test/main.conf.d/override.conf",
            include_str!("../data/tldr/override.conf"),
        ),
    ] {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("parents");
        fs::write(path, text).expect("a file");
    }
    let mut theirs = Command::new("systemd-analyze");
    theirs
        .arg("--root")
        .arg(root)
        .args(["cat-config", "test/main.conf"]);
    let mut ours = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
    ours.arg("--root").arg(root).args(["cat", "test/main.conf"]);
    // 252 names files as the host sees them.
    let theirs = read(&mut theirs)
        .expect("an answer")
        .replace(&*root.to_string_lossy(), "");
    // It ends with status 1: one line of this case is none that systemd could read.
    let ours = ours.output().expect("overlayctl runs").stdout;
    assert_eq!(String::from_utf8_lossy(&ours), theirs);
}

/// The unit with the program where these tests have it.
fn unit(place: &TempDir) -> PathBuf {
    let source = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/data/systemd/overlayctl-sync.service"
    );
    let text = fs::read_to_string(source).expect("the unit");
    assert!(text.contains("/usr/bin/overlayctl"));
    let unit = place.path().join("overlayctl-sync.service");
    let text = text.replace("/usr/bin/overlayctl", env!("CARGO_BIN_EXE_overlayctl"));
    fs::write(&unit, text).expect("a copy");
    unit
}

/// What `systemd-analyze` prints for the unit, if it has nothing against it.
fn analyze(arguments: &[&str], unit: &PathBuf) -> Found<String> {
    read(Command::new("systemd-analyze").args(arguments).arg(unit))
}
