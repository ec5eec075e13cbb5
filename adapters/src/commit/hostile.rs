//! What others may have put where a commit reads, writes and removes: nothing of it makes a run wait, end or
//! touch what it does not mean.
#![expect(
    clippy::disallowed_methods,
    reason = "a root is a directory of the test's"
)]

use std::ffi::OsStr;
use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use overlay_resolver::root::Root;
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, openat};
use tempfile::TempDir;

use super::displaced::{Seen, look};
use super::place::Directories;
use super::{Batch, Lock, NewTree, Outcome, Step, commit, remove};
use crate::observer::LIMIT;

/// A root with a directory `dir`.
fn root() -> (TempDir, Root) {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("dir")).unwrap();
    let root = Root::open(place.path()).unwrap();
    (place, root)
}

type Kind = (&'static str, fn(&Path));

/// What is no regular file, each made at a path.
const OTHERS: [Kind; 6] = [
    ("a FIFO", fifo),
    ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ("a symlink", |path| symlink("../target", path).unwrap()),
    ("a symlink to itself", |path| symlink("file", path).unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a tree", |path| {
        fs::create_dir_all(path.join("a/b")).unwrap();
    }),
];

fn fifo(path: &Path) {
    mknodat(CWD, path, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
}

fn batch(steps: impl IntoIterator<Item = Step>) -> Batch {
    Batch {
        steps: steps.into_iter().collect(),
        ..Batch::default()
    }
}

#[track_caller]
fn carry_out(root: &Root, step: Step) {
    let ended = commit(root, &batch([step]));
    assert_eq!(ended.outcome.unwrap(), Outcome::Done);
}

fn dir(at: BorrowedFd<'_>, name: impl rustix::path::Arg) -> OwnedFd {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty()).unwrap()
}

#[test]
fn a_tree_of_any_depth_is_removed() {
    const DEPTH: usize = 50_000;
    // In memory, where there is a place for that.
    let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
    let place = place.unwrap();
    fs::create_dir(place.path().join("dir")).unwrap();
    let mut level = dir(CWD, place.path().join("dir"));
    for _ in 0..DEPTH {
        rustix::fs::mkdirat(&level, "0", Mode::RWXU).unwrap();
        rustix::fs::symlinkat("/", &level, "1").unwrap();
        let next = dir(level.as_fd(), "0");
        level = next;
    }
    fs::write(place.path().join("beside"), "").unwrap();
    let top = dir(CWD, place.path());
    remove::remove_all(top.as_fd(), OsStr::new("dir")).unwrap();
    let left = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["beside"]);
}

#[test]
fn what_was_displaced_is_not_waited_for() {
    let (place, root) = root();
    let path = place.path().join("dir/file");
    let look = || {
        let place = Directories::of(&root).of_name(Path::new("/dir/file"));
        look(&place.unwrap().unwrap(), OsStr::new("file")).unwrap()
    };
    for (what, make) in OTHERS {
        make(&path);
        assert_eq!(look(), Seen::Other, "{what}");
        let dir = fs::File::open(place.path().join("dir")).unwrap();
        remove::remove_all(dir.as_fd(), OsStr::new("file")).unwrap();
    }
    let sparse = fs::File::create(&path).unwrap();
    sparse.set_len(LIMIT as u64).unwrap();
    assert!(matches!(look(), Seen::File(_)));
    sparse.set_len(1 << 40).unwrap();
    assert_eq!(look(), Seen::Other, "too large");
}

#[test]
fn what_is_in_the_way_of_a_staged_file_goes() {
    for name in [
        ".#file.overlayctl",
        ".#file.overlayctl~",
        ".#file.overlayctl!",
    ] {
        for (what, make) in OTHERS {
            let (place, root) = root();
            fs::write(place.path().join("target"), "theirs").unwrap();
            fs::write(place.path().join("dir/file"), "old").unwrap();
            make(&place.path().join("dir").join(name));
            let replace = Step::Replace {
                path: "/dir/file".into(),
                expected: Some("old".into()),
                content: "new".into(),
            };
            carry_out(&root, replace);
            let text = |path: &str| fs::read_to_string(place.path().join(path)).unwrap();
            assert_eq!(text("dir/file"), "new", "{name} was {what}");
            assert_eq!(text("target"), "theirs", "{name} was {what}");
            let left = fs::read_dir(place.path().join("dir")).unwrap().count();
            assert_eq!(left, 1, "{name} was {what}");
        }
    }
}

#[test]
fn only_a_regular_file_is_touched() {
    for (what, make) in OTHERS {
        let (place, root) = root();
        let target = place.path().join("target");
        fs::write(&target, "theirs").unwrap();
        let path = place.path().join("dir/file");
        make(&path);
        let times =
            || [&target, &path].map(|path| fs::symlink_metadata(path).unwrap().ctime_nsec());
        let before = times();
        carry_out(&root, Step::Touch("/dir/file".into()));
        assert_eq!(times(), before, "{what}");
    }
    let (place, root) = root();
    carry_out(&root, Step::Touch("/dir/file".into()));
    let made = fs::metadata(place.path().join("dir/file")).unwrap();
    assert_eq!(made.permissions().mode() & 0o777, 0o644);
    carry_out(&root, Step::Touch("/dir/file".into()));
    let touched = fs::metadata(place.path().join("dir/file")).unwrap();
    assert!(touched.modified().unwrap() > made.modified().unwrap());
}

/// Whoever owns a directory on the way says nothing of what is elsewhere.
#[test]
fn a_symlink_of_somebody_else_leads_nowhere() {
    const USER: u32 = 65534;
    for (user, is_followed) in [(0, true), (USER, false)] {
        let (place, root) = root();
        let link = place.path().join("link");
        symlink("dir", &link).unwrap();
        symlink("dir/keyring", place.path().join("keyring")).unwrap();
        // Only root may give something away.
        if [&link, &place.path().join("keyring")]
            .into_iter()
            .any(|link| lchown(link, Some(user), Some(user)).is_err())
        {
            return;
        }
        for name in ["file", "taken", "removed", "unlinked"] {
            fs::write(place.path().join("dir").join(name), "old").unwrap();
        }
        let path = |name: &str| Path::new("/link").join(name);
        let replace = |path, expected: Option<&str>| Step::Replace {
            path,
            expected: expected.map(Into::into),
            content: "new".into(),
        };
        for step in [
            replace(path("file"), Some("old")),
            replace(path("made"), None),
            replace("/keyring".into(), None),
            Step::Remove(path("removed")),
            Step::Unlink(path("unlinked")),
            Step::Take {
                path: path("taken"),
                expected: "old".into(),
            },
            Step::Touch(path("touched")),
            Step::Link {
                path: path("linked"),
                expected: None,
                to: "/x".into(),
            },
            Step::Create(NewTree {
                path: path("tree/in/it"),
                ..NewTree::default()
            }),
            Step::Intend {
                path: path("intent"),
                before: None,
                content: "new".into(),
            },
        ] {
            let files = || {
                let files = fs::read_dir(place.path().join("dir")).unwrap();
                let files = files.map(|file| file.unwrap().path());
                let files = files.map(|path| (fs::read(&path).ok(), path));
                files.collect::<std::collections::BTreeSet<_>>()
            };
            let before = files();
            let outcome = commit(&root, &batch([step.clone()])).outcome;
            assert_eq!(outcome.is_ok(), is_followed, "{step:?}: {outcome:?}");
            assert_eq!(files() != before, is_followed, "{step:?}");
        }
        assert_eq!(
            Lock::directory(&root, Path::new("/link")).is_ok(),
            is_followed
        );
        assert_eq!(
            Lock::directory(&root, Path::new("/link/new")).is_ok(),
            is_followed
        );
        assert_eq!(place.path().join("dir/new").exists(), is_followed);
    }
}

/// One descriptor for each directory, not one for each step.
#[test]
fn more_steps_than_files_that_may_be_open() {
    let (place, root) = root();
    let steps = (0..100).map(|number| Step::Replace {
        path: format!("/dir/{number}").into(),
        expected: None,
        content: "new".into(),
    });
    let batch = batch(steps);
    let open = || fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let directories = Directories::of(&root);
    let ready = super::stage_all(&directories, &batch).unwrap().unwrap();
    // Other tests of this process open some, too.
    assert!(open() < before + 50);
    for step in ready {
        step.carry_out(&directories).unwrap();
    }
    assert_eq!(fs::read_dir(place.path().join("dir")).unwrap().count(), 100);
}
