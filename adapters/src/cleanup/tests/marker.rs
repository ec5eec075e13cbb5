//! What may have the place of the marker, and what it may say that is not so.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use overlay_resolver::root::{FRAGMENT_LIMIT, Root};

use super::super::{Overall, Verified};
use super::{MARKER, Machine};
use crate::adapter::Adapters;
use crate::report::{Errand, Request};

#[test]
fn what_no_run_leaves_in_the_place_of_the_marker_goes() {
    let machine = Machine::new();
    machine.run();
    let whole = machine.marker().unwrap();
    machine.write("mine", "mine");
    let marker = machine.path(MARKER);
    let plant: [(&str, &dyn Fn()); 5] = [
        ("a symlink that leads nowhere", &|| {
            symlink("/nowhere", &marker).unwrap();
        }),
        ("one in a loop", &|| {
            symlink(".ostree-cleaned", &marker).unwrap();
        }),
        ("one to a file", &|| symlink("/mine", &marker).unwrap()),
        ("a socket", &|| {
            drop(std::os::unix::net::UnixListener::bind(&marker).unwrap());
        }),
        ("a file that is too large", &|| {
            let file = fs::File::create(&marker).unwrap();
            file.set_len(FRAGMENT_LIMIT as u64 + 1).unwrap();
        }),
    ];
    for (what, plant) in plant {
        fs::remove_file(&marker).unwrap();
        plant();
        assert_eq!(machine.standing().0, "foreign", "{what}");
        assert!(matches!(machine.verify(), Verified::Removed), "{what}");
        assert!(marker.symlink_metadata().is_err(), "{what}");
        // Also where nothing was verified before.
        plant();
        assert!(machine.run().0, "{what}");
        assert!(marker.symlink_metadata().unwrap().is_file(), "{what}");
        assert_eq!(machine.marker().as_ref(), Some(&whole), "{what}");
        assert_eq!(fs::read(machine.path("mine")).unwrap(), b"mine", "{what}");
    }
}

#[test]
fn a_directory_in_the_place_of_the_marker_stays_and_all_is_done() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path(MARKER).join("x")).unwrap();
    for _ in 0..2 {
        let Verified::Stale { note, why } = machine.verify() else {
            panic!("it is stale");
        };
        assert_eq!(note, Path::new("/run/overlayctl/cleanup-stale"));
        assert!(why.path.ends_with(".ostree-cleaned"), "{why}");
        assert!(machine.path("run/overlayctl/cleanup-stale").exists());
    }
    // It is told at each run, and nothing runs again.
    assert_eq!(machine.run(), (false, "10-a 20-b".into()));
    assert_eq!(machine.run(), (false, String::new()));
    assert!(machine.path(MARKER).join("x").exists());
    fs::remove_dir_all(machine.path(MARKER)).unwrap();
    assert_eq!(machine.run(), (true, String::new()));
    assert_eq!(machine.standing().0, "current");
    assert!(!machine.path("run/overlayctl/cleanup-stale").exists());
}

#[test]
fn a_broken_task_hurts_itself_and_is_no_success() {
    let machine = Machine::new();
    machine.write("etc/overlayctl/cleanup.d/15-x.toml", "command = []\n");
    assert_eq!(machine.run(), (false, "10-a 20-b".into()));
    // What can be read counts: it was cleaned, and no boot does it again.
    assert_eq!(machine.standing(), ("current", Some(true)));
    machine.boot("2");
    assert!(matches!(machine.verify(), Verified::Kept));
    assert_eq!(machine.standing(), ("current", Some(false)));
    assert_eq!(machine.run(), (false, String::new()));
    // Mended, it is a task more.
    machine.task("15-x", "exit 0", "");
    fs::remove_file(machine.path("etc/overlayctl/cleanup.d/15-x.toml")).unwrap();
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, "15-x".into()));
}

#[test]
fn a_task_that_is_run_again_and_fails_is_done_by_the_next_boot() {
    let machine = Machine::new();
    machine.task("10-a", "! [ -e bad ]", "");
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    machine.write("bad", "");
    let again = Errand {
        only: ["10-a".to_owned()].into(),
        again: true,
        ..Errand::default()
    };
    let report = machine.run_with(again);
    assert_eq!(report.entries[0].decision.code(), "run-failed");
    assert_eq!(machine.ran(), "10-a");
    assert_eq!(machine.standing().0, "untrue");
    fs::remove_file(machine.path("bad")).unwrap();
    machine.boot("2");
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, "10-a".into()));
    assert_eq!(machine.standing().0, "current");
}

#[test]
fn the_marker_of_which_something_was_given_up_has_the_cleanup_tell_it() {
    let machine = Machine::new();
    machine.task("10-a", "exit 1", "tries = 1\n");
    assert_eq!(machine.run(), (false, "10-a 20-b".into()));
    for boot in ["2", "3"] {
        machine.boot(boot);
        let _gone = fs::remove_dir_all(machine.path("run/overlayctl"));
        assert!(matches!(machine.verify(), Verified::Degraded { .. }));
        assert!(machine.path("run/overlayctl/cleanup-stale").exists());
        // What the unit runs then, and once.
        assert_eq!(machine.run(), (false, String::new()));
        assert!(!machine.path("run/overlayctl/cleanup-stale").exists());
    }
}

/// As on a file system that is read-only for good.
#[test]
fn a_marker_that_cannot_be_written_costs_a_look_at_each_boot() {
    let machine = Machine::new();
    // Nobody makes a file there, whoever runs this.
    let sysroot = Root::open(Path::new("/proc")).unwrap();
    let root = Root::open(machine.0.path()).unwrap();
    let root = root.with_mount(Path::new("/sysroot"), &sysroot);
    let request = Request {
        errand: Some(Errand {
            adapter: "cleanup".into(),
            ..Errand::default()
        }),
        ..Request::default()
    };
    for ran in ["10-a 20-b", ""] {
        let report = Adapters::open(&root).sync(&request);
        assert!(!report.failed(), "{:#?}", report.findings);
        let told: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
        assert!(told[0].contains("all is done and remembered"), "{told:?}");
        assert_eq!(machine.ran(), ran);
        let adapters = Adapters::open(&root);
        let standing = adapters.cleanup().unwrap().1.standing(&root).unwrap();
        assert_eq!(standing.overall(), Overall::Cleaned);
        assert!(standing.is_noted);
    }
}
