//! The unit that runs sync at boot, judged by the real systemd.

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
    ]
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
