//! What each kind of step leaves, whoever writes meanwhile and wherever the run is killed.
#![expect(
    clippy::disallowed_methods,
    reason = "a root is a directory of the test's"
)]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Level;
use overlay_resolver::root::Root;
use tempfile::TempDir;

use super::{Access, Batch, NewTree, Notice, Outcome, Step, commit, commit_until};

fn root() -> (TempDir, Root) {
    let place = tempfile::tempdir().unwrap();
    let root = Root::open(place.path()).unwrap();
    (place, root)
}

fn replace(path: &str, expected: Option<&str>, content: &str) -> Step {
    Step::Replace {
        path: path.into(),
        expected: expected.map(Into::into),
        content: content.into(),
    }
}

fn link(expected: Option<&str>, to: &str) -> Step {
    Step::Link {
        path: "/link".into(),
        expected: expected.map(PathBuf::from),
        to: to.into(),
    }
}

fn exactly(mode: u32) -> Access {
    Access::Exactly { mode, owner: None }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn what_is_unlinked_is_one_name() {
    let (place, root) = root();
    let unlink = || commit(&root, &vec![Step::Unlink("/name".into())].into()).outcome;
    let name = place.path().join("name");
    fs::write(place.path().join("mine"), "mine").unwrap();
    symlink("mine", &name).unwrap();
    assert_eq!(unlink().unwrap(), Outcome::Done);
    assert!(name.symlink_metadata().is_err() && place.path().join("mine").exists());
    assert_eq!(unlink().unwrap(), Outcome::Done);
    // Somebody's directory may have come there meanwhile.
    fs::create_dir_all(name.join("x")).unwrap();
    assert!(unlink().is_err());
    assert!(name.join("x").exists());
}

#[test]
fn a_mode_that_is_said_holds_whatever_was_there() {
    for (before, access, after) in [
        (None, Access::Kept, 0o644),
        (None, Access::OwnerOnly, 0o600),
        (None, exactly(0o640), 0o640),
        (Some(0o664), Access::Kept, 0o664),
        (Some(0o664), Access::OwnerOnly, 0o600),
        (Some(0o664), exactly(0o600), 0o600),
        (Some(0o600), exactly(0o644), 0o644),
    ] {
        let (place, root) = root();
        let path = place.path().join("file");
        if let Some(mode) = before {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        }
        let batch = Batch {
            steps: vec![replace("/file", before.map(|_| "old"), "new")],
            access: [("/file".into(), access)].into(),
        };
        assert_eq!(commit(&root, &batch).outcome.unwrap(), Outcome::Done);
        assert_eq!(mode(&path), after, "{before:?} {access:?}");
    }
}

#[test]
fn an_owner_that_is_said_gets_it() {
    let (place, root) = root();
    let own = fs::metadata(place.path()).unwrap();
    // Who is not root can give files to nobody else.
    let is_root = own.uid() == 0;
    let owner = if is_root {
        (12, 34)
    } else {
        (own.uid(), own.gid())
    };
    let access = Access::Exactly {
        mode: 0o600,
        owner: Some(owner),
    };
    for expected in [None, Some("first")] {
        let content = expected.map_or("first", |_| "second");
        let batch = Batch {
            steps: vec![replace("/file", expected, content)],
            access: [("/file".into(), access)].into(),
        };
        assert_eq!(commit(&root, &batch).outcome.unwrap(), Outcome::Done);
        let found = fs::metadata(place.path().join("file")).unwrap();
        assert_eq!((found.uid(), found.gid()), owner, "{content}");
    }
}

/// An access list that lets user 1234 read, as the kernel has it.
fn list_of_another() -> Vec<u8> {
    let entries: [(u16, u16, u32); 5] = [
        (1, 6, u32::MAX),
        (2, 4, 1234),
        (4, 4, u32::MAX),
        (16, 4, u32::MAX),
        (32, 4, u32::MAX),
    ];
    let entries = entries.map(|(tag, may, id)| {
        let parts: [&[u8]; 3] = [&tag.to_le_bytes(), &may.to_le_bytes(), &id.to_le_bytes()];
        parts.concat()
    });
    [2_u32.to_le_bytes().to_vec(), entries.concat()].concat()
}

#[test]
fn an_access_list_does_not_give_back_what_a_mode_takes() {
    for (access, after) in [
        (Access::Kept, 0o644),
        (Access::OwnerOnly, 0o600),
        (exactly(0o600), 0o600),
    ] {
        let (place, root) = root();
        let path = place.path().join("file");
        fs::write(&path, "old").unwrap();
        let list = "system.posix_acl_access";
        let flags = rustix::fs::XattrFlags::empty();
        if let Err(error) = rustix::fs::setxattr(&path, list, &list_of_another(), flags) {
            // As for the peers: the gate tries it, whatever a machine may lack.
            let is_gate = std::env::var_os("OVERLAYCTL_REQUIRE_PEERS").is_some();
            assert!(!is_gate, "no access lists here: {error}");
            return;
        }
        let batch = Batch {
            steps: vec![replace("/file", Some("old"), "new")],
            access: [("/file".into(), access)].into(),
        };
        assert_eq!(commit(&root, &batch).outcome.unwrap(), Outcome::Done);
        assert_eq!(mode(&path), after, "{access:?}");
        let mut left = Vec::with_capacity(256);
        let left = rustix::fs::getxattr(&path, list, rustix::buffer::spare_capacity(&mut left));
        assert_eq!(left.is_ok(), access == Access::Kept, "{access:?}");
    }
}

#[test]
fn a_link_leads_where_it_is_to_unless_somebody_changed_it() {
    for (found, expected, outcome, left) in [
        (None, None, Outcome::Done, "new"),
        (Some("old"), Some("old"), Outcome::Done, "new"),
        (Some("theirs"), Some("old"), Outcome::Raced, "theirs"),
        (Some("theirs"), None, Outcome::Raced, "theirs"),
    ] {
        let (place, root) = root();
        let path = place.path().join("link");
        if let Some(found) = found {
            symlink(found, &path).unwrap();
        }
        let batch = Batch::from(vec![link(expected, "new")]);
        assert_eq!(commit(&root, &batch).outcome.unwrap(), outcome, "{found:?}");
        assert_eq!(fs::read_link(&path).unwrap(), Path::new(left), "{found:?}");
        let names = fs::read_dir(place.path()).unwrap().count();
        assert!(outcome == Outcome::Raced || names == 1, "{found:?}");
    }
}

#[test]
fn a_file_in_the_place_of_a_link_is_somebody_s() {
    let (place, root) = root();
    fs::write(place.path().join("link"), "theirs").unwrap();
    let batch = Batch::from(vec![link(Some("old"), "new")]);
    assert_eq!(commit(&root, &batch).outcome.unwrap(), Outcome::Raced);
    let left = fs::read_to_string(place.path().join("link")).unwrap();
    assert_eq!(left, "theirs");
}

/// What a consumer finds: a directory of files that it must find whole, a link to it, a file, and a program that
/// is told. Each run plans from what there is.
struct Consumer {
    place: TempDir,
    root: Root,
}

impl Consumer {
    fn new() -> Self {
        let (place, root) = root();
        fs::write(place.path().join("file"), "old").unwrap();
        symlink("nowhere", place.path().join("link")).unwrap();
        Self { place, root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn batch(&self) -> Batch {
        let before = fs::read(self.path("intent")).ok();
        let is_told = before.is_none() && self.told() > 0;
        let mut steps = Vec::new();
        if !self.path("view").exists() {
            steps.push(Step::Create(NewTree {
                path: "/view".into(),
                directories: vec!["sub".into()],
                files: vec![("a".into(), b"a".into()), ("sub/b".into(), b"b".into())],
                links: vec![("sub/c".into(), "../a".into())],
            }));
        }
        let file = fs::read_to_string(self.path("file")).unwrap();
        steps.extend((file != "new").then(|| replace("/file", Some(&file), "new")));
        let to = fs::read_link(self.path("link")).unwrap();
        let to = to.to_str().unwrap();
        steps.extend((to != "view").then(|| link(Some(to), "view")));
        if steps.is_empty() && is_told {
            return Batch::default();
        }
        let intend = Step::Intend {
            path: "/intent".into(),
            before,
            content: b"unfinished".into(),
        };
        steps.insert(0, intend);
        steps.push(Step::Tell(self.notice()));
        steps.push(Step::Remove("/intent".into()));
        let access = [
            ("/view", exactly(0o700)),
            ("/view/a", exactly(0o600)),
            ("/view/sub/b", exactly(0o640)),
        ];
        Batch {
            steps,
            access: access.map(|(path, access)| (path.into(), access)).into(),
        }
    }

    /// It notes what it finds when it is told.
    fn notice(&self) -> Notice {
        let script = "cd \"$1\" && cat link/a link/sub/b link/sub/c file >> told && echo >> told";
        let place = self.place.path().to_str().unwrap();
        let arguments = ["-c", script, "sh", place].map(str::to_owned);
        Notice {
            program: "/bin/sh".into(),
            arguments: arguments.into(),
        }
    }

    fn heard(&self) -> String {
        fs::read_to_string(self.path("told")).unwrap_or_default()
    }

    fn told(&self) -> usize {
        self.heard().lines().count()
    }

    fn assert_whole(&self, after: &str) {
        assert_eq!(
            fs::read_to_string(self.path("file")).unwrap(),
            "new",
            "{after}"
        );
        assert_eq!(fs::read_link(self.path("link")).unwrap(), Path::new("view"));
        assert!(self.heard().lines().all(|line| line == "abanew"), "{after}");
        assert!(self.told() > 0, "{after}: nobody was told");
        for (name, expected) in [("view", 0o700), ("view/a", 0o600), ("view/sub/b", 0o640)] {
            assert_eq!(mode(&self.path(name)), expected, "{after}: {name}");
        }
        let names = fs::read_dir(self.place.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.sort();
        assert_eq!(names, ["file", "link", "told", "view"], "{after}");
    }
}

#[test]
fn killed_between_any_two_steps_the_next_run_ends_the_same() {
    let steps = Consumer::new().batch().steps.len();
    assert_eq!(steps, 6);
    for first in 0..=steps {
        for second in 0..=steps {
            let consumer = Consumer::new();
            let after = format!("killed after {first}, then after {second}");
            for killed_after in [first, second] {
                let batch = consumer.batch();
                let ended = commit_until(&consumer.root, &batch, killed_after);
                assert!(ended.outcome.is_ok(), "{after}");
                // What is there, is there whole; and nobody is told of what is not.
                let view = consumer.path("view");
                assert!(!view.exists() || view.join("sub/c").exists(), "{after}");
                assert!(
                    consumer.heard().lines().all(|line| line == "abanew"),
                    "{after}"
                );
            }
            let last = commit(&consumer.root, &consumer.batch());
            assert!(last.outcome.is_ok(), "{after}");
            consumer.assert_whole(&after);
            assert_eq!(consumer.batch(), Batch::default(), "{after}");
        }
    }
}

#[test]
fn nobody_is_told_of_what_failed_or_was_overtaken() {
    let consumer = Consumer::new();
    let mut batch = consumer.batch();
    fs::write(consumer.path("file"), "theirs").unwrap();
    let ended = commit(&consumer.root, &batch);
    assert_eq!(ended.outcome.unwrap(), Outcome::Raced);
    assert_eq!(consumer.told(), 0);
    let last = batch.steps.len() - 2;
    batch
        .steps
        .insert(last, replace("/no/such/directory", None, ""));
    let ended = commit(&consumer.root, &batch);
    assert!(ended.outcome.is_err());
    assert_eq!(consumer.told(), 0);
}

/// By whatever name: a program of the host would look at the host's files.
#[test]
fn nobody_is_told_of_what_changes_in_another_root() {
    let (place, other) = root();
    let told = |root: &Root| Notice::new(root, "/bin/false".into(), Vec::new());
    let refused = told(&other).unwrap_err();
    assert_eq!(
        (refused.code.name(), refused.level),
        ("not-told", Level::Info)
    );
    symlink("/", place.path().join("link")).unwrap();
    let link = place.path().join("link");
    for path in [Path::new("/"), Path::new("/proc/self/root"), &link] {
        let told = told(&Root::open(path).unwrap());
        assert!(told.is_ok(), "{}", path.display());
    }
}

#[test]
fn who_could_not_be_told_is_an_error_and_the_intent_stays() {
    let (place, root) = root();
    let notice = Notice {
        program: "/bin/false".into(),
        arguments: Vec::new(),
    };
    let intend = Step::Intend {
        path: "/intent".into(),
        before: None,
        content: b"unfinished".into(),
    };
    let steps = vec![
        intend,
        replace("/file", None, "new"),
        Step::Tell(notice),
        Step::Remove("/intent".into()),
    ];
    let ended = commit(&root, &Batch::from(steps));
    assert_eq!(ended.done, 2);
    let [failure] = &ended.outcome.unwrap_err()[..] else {
        panic!("one step failed");
    };
    let message = "cannot tell /bin/false: it ended with exit status: 1";
    assert_eq!(failure.error.to_string(), message);
    assert!(place.path().join("file").exists());
    assert!(place.path().join("intent").exists());
}
