//! The units, as `make install` puts them in their places, judged by the systemd of the host and of newer suites; and `cat`
//! beside its `cat-config`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::libraries::Libraries;
use crate::peers::read;

/// Each service, and how exposed it may be, in tenths: `systemd-analyze security` calls up to 2.0 "OK". Those that make the
/// sysroot writable may mount in a namespace of their own.
const SERVICES: [(&str, &str); 3] = [
    ("overlayctl-sync.service", "--threshold=20"),
    ("overlayctl-cleanup-verify.service", "--threshold=30"),
    ("post-upgrade-cleanup.service", "--threshold=30"),
];

/// What pulls a unit in, on a system where all is enabled, systemd's check of a boot too.
const ENABLED: [(&str, &str); 5] = [
    ("multi-user.target.wants", "overlayctl-sync.service"),
    (
        "multi-user.target.wants",
        "overlayctl-cleanup-verify.service",
    ),
    ("multi-user.target.wants", "post-upgrade-cleanup.service"),
    ("timers.target.wants", "post-upgrade-cleanup.timer"),
    (
        "boot-complete.target.requires",
        "systemd-boot-check-no-failures.service",
    ),
];

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let here = read(Command::new("systemd-analyze").arg("--version"));
    let mut trials = vec![
        not_run.trial(
            "systemd: the services are hardened".into(),
            here.clone(),
            |_| {
                let units = Units::installed();
                for (service, exposure) in SERVICES {
                    let service = units.directory().join(service);
                    let mut analyze = Command::new("systemd-analyze");
                    analyze.args(["security", "--offline=true", exposure]);
                    read(analyze.arg(service)).expect("no more exposed");
                }
            },
        ),
        not_run.trial(
            "systemd: cat prints what cat-config prints".into(),
            here,
            |_| {
                cat_config();
            },
        ),
    ];
    for (suite, libraries) in Libraries::all() {
        let name = format!("systemd: the units are sound together, {suite}");
        trials.push(not_run.trial(name, libraries, |libraries| {
            let units = Units::installed();
            assert_eq!(units.verified(&libraries), "");
            // The unit as one would first write it.
            units.edit(
                "post-upgrade-cleanup.service",
                "DefaultDependencies=no\n",
                "",
            );
            let cycle = units.verified(&libraries);
            assert!(cycle.contains("ordering cycle"), "{cycle}");
        }));
    }
    trials
}

/// The units in a directory of their own, each enabled, with the program where these tests have it.
struct Units(TempDir);

impl Units {
    fn installed() -> Self {
        let place = TempDir::new().expect("a directory");
        let program = env!("CARGO_BIN_EXE_overlayctl");
        let mut make = Command::new("make");
        make.arg("--directory").arg(env!("CARGO_MANIFEST_DIR"));
        make.args(["install", &format!("binary={program}")]);
        make.arg(format!("DESTDIR={}", place.path().display()));
        read(&mut make).expect("it installs");
        let units = Self(place);
        for (service, _) in SERVICES {
            units.edit(service, "/usr/bin/overlayctl", program);
        }
        for (by, unit) in ENABLED {
            let by = units.directory().join(by);
            fs::create_dir_all(&by).expect("a directory");
            symlink(Path::new("..").join(unit), by.join(unit)).expect("a link");
        }
        units
    }

    fn directory(&self) -> PathBuf {
        self.0.path().join("usr/lib/systemd/system")
    }

    fn edit(&self, unit: &str, from: &str, to: &str) {
        let path = self.directory().join(unit);
        let text = fs::read_to_string(&path).expect("a unit");
        assert!(text.contains(from), "{unit}");
        fs::write(path, text.replace(from, to)).expect("an edit");
    }

    /// What a systemd has against them: what its units pull in, and each of them.
    fn verified(&self, libraries: &Libraries) -> String {
        let theirs = libraries.file("/usr/lib/systemd/system");
        let path = format!("{}:{}", self.directory().display(), theirs.display());
        let mut analyze = libraries.command(&libraries.file("/usr/bin/systemd-analyze"));
        analyze.env("SYSTEMD_UNIT_PATH", path);
        analyze.args(["verify", "--man=no", "multi-user.target", "timers.target"]);
        let said = analyze.output().expect("systemd-analyze runs");
        String::from_utf8_lossy(&said.stderr).into_owned()
    }
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
