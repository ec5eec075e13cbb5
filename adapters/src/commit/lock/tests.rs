#![expect(
    clippy::disallowed_methods,
    reason = "a root is a directory of the test's"
)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;

use tempfile::TempDir;

use super::*;

struct Machine {
    root: Root,
    place: TempDir,
}

impl Machine {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir(place.path().join("dir")).unwrap();
        let root = Root::open(place.path()).unwrap();
        Self { root, place }
    }

    fn lock(&self, patience: Duration) -> Result<Lock, String> {
        let lock = Lock::within(patience, &self.root, Path::new("/dir"));
        lock.map_err(|error| error.to_string())
    }

    fn dir(&self) -> PathBuf {
        self.place.path().join("dir")
    }

    fn file(&self) -> PathBuf {
        self.dir().join(FILE_NAME)
    }

    fn is_empty(&self) -> bool {
        fs::read_dir(self.dir()).unwrap().next().is_none()
    }
}

/// Holds a lock as others do, until a line is written to it.
fn hold(path: &Path) -> Child {
    let mut holder = Command::new("flock")
        .arg(path)
        .args(["sh", "-c", "echo held; read line"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let told = holder.stdout.take().unwrap();
    BufReader::new(told).read_line(&mut line).unwrap();
    holder
}

fn release(mut holder: Child) {
    holder.stdin.take().unwrap().write_all(b"\n").unwrap();
    holder.wait().unwrap();
}

#[test]
fn it_comes_and_goes() {
    let machine = Machine::new();
    let lock = machine.lock(Duration::ZERO).unwrap();
    let file = fs::metadata(machine.file()).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    drop(lock);
    assert!(machine.is_empty());
}

#[test]
fn who_holds_it_is_told() {
    let machine = Machine::new();
    let lock = machine.lock(Duration::ZERO).unwrap();
    let error = machine.lock(Duration::ZERO).unwrap_err();
    let us = format!(
        "cannot lock /dir/.overlayctl.lock: process {} (`",
        std::process::id()
    );
    assert!(error.starts_with(&us), "{error}");
    drop(lock);
    machine.lock(Duration::ZERO).unwrap();
}

/// Anybody may do that who may look.
#[test]
fn a_lock_on_the_directory_is_nothing_to_us() {
    let machine = Machine::new();
    let holder = hold(&machine.dir());
    machine.lock(Duration::ZERO).unwrap();
    release(holder);
}

#[test]
fn what_a_dead_run_left_is_used() {
    let machine = Machine::new();
    let left = || {
        fs::write(machine.file(), "1 dead").unwrap();
        fs::set_permissions(machine.file(), fs::Permissions::from_mode(0o600)).unwrap();
    };
    left();
    drop(machine.lock(Duration::ZERO).unwrap());
    assert!(machine.is_empty());
    // Locked by who does not write there, it is not known who that is: not to us either.
    left();
    fs::write(machine.file(), "").unwrap();
    let holder = hold(&machine.file());
    let error = machine.lock(Duration::ZERO).unwrap_err();
    assert!(error.contains("another process holds it"), "{error}");
    release(holder);
    drop(machine.lock(Duration::ZERO).unwrap());
    assert!(machine.is_empty());
}

type Kind = (&'static str, fn(&Path));

#[test]
fn what_is_none_of_ours_is_not_locked() {
    let kinds: [Kind; 6] = [
        ("no regular file", |path| {
            symlink("../target", path).unwrap();
        }),
        ("no regular file", |path| symlink(FILE_NAME, path).unwrap()),
        ("no regular file", |path| fs::create_dir(path).unwrap()),
        ("no regular file", |path| {
            drop(UnixListener::bind(path).unwrap());
        }),
        ("others than its owner", |path| {
            fs::write(path, "").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o640)).unwrap();
        }),
        ("another name", |path| {
            fs::write(path, "").unwrap();
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
            fs::hard_link(path, path.with_file_name("other")).unwrap();
        }),
    ];
    for (what, make) in kinds {
        let machine = Machine::new();
        make(&machine.file());
        let before = fs::symlink_metadata(machine.file()).unwrap();
        let error = machine.lock(Duration::ZERO).unwrap_err();
        assert!(
            error.contains(what) && error.contains("remove it"),
            "{error}"
        );
        let after = fs::symlink_metadata(machine.file()).unwrap();
        assert_eq!(before.ctime_nsec(), after.ctime_nsec(), "{what}");
        assert!(!machine.place.path().join("target").exists());
    }
}

#[test]
fn of_another_user() {
    let machine = Machine::new();
    drop(machine.lock(Duration::ZERO).unwrap());
    let stat = |path: &Path| rustix::fs::stat(path).unwrap();
    let directory = stat(&machine.dir());
    fs::write(machine.file(), "").unwrap();
    fs::set_permissions(machine.file(), fs::Permissions::from_mode(0o600)).unwrap();
    let ours = stat(&machine.file());
    assert_eq!(Strange::of(&ours, &directory), None);
    let mut theirs = ours;
    theirs.st_uid += 1;
    assert_eq!(
        Strange::of(&theirs, &directory),
        Some(Strange::Owner(theirs.st_uid))
    );
    // Root works in a user's directory, and he does.
    let mut his = directory;
    his.st_uid = theirs.st_uid;
    assert_eq!(Strange::of(&theirs, &his), None);
    assert_eq!(Strange::of(&ours, &his), None);
}

/// Those who wait find the file gone when they get it.
#[test]
fn one_after_another() {
    let machine = Machine::new();
    let inside = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let _lock = machine.lock(PATIENCE).unwrap();
                    assert!(!inside.swap(true, SeqCst), "two at a time");
                    thread::yield_now();
                    inside.store(false, SeqCst);
                }
            });
        }
    });
    assert!(machine.is_empty());
}

#[test]
fn what_holders_write() {
    for (text, holder) in [
        ("812 overlayctl sync", Some((812, "overlayctl sync"))),
        ("812 ", Some((812, ""))),
        ("812", None),
        ("", None),
        ("x y", None),
        ("-1 y", None),
    ] {
        let holder = holder.map(|(process, command)| (process, command.into()));
        assert_eq!(parse(text.as_bytes()), holder, "{text}");
    }
}
