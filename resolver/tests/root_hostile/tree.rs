//! The trees of these tests and short words for what their files come to.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use overlay_resolver::root::{Content, Errno, Reason, Root, Unusable};
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tempfile::TempDir;

pub(crate) const CANARY: &[u8] = b"the host's secret\n";
pub(crate) const DIR: &str = "etc/x.d";

/// `root/` is the tree, `outside/` what must stay unseen.
pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new() -> Self {
        let tree = Self(tempfile::tempdir().expect("a temporary directory"));
        tree.file("etc/x.d/plain.conf", "plain");
        fs::create_dir(tree.outside("")).expect("outside");
        fs::write(tree.outside("secret"), CANARY).expect("the canary");
        tree
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join("root").join(path)
    }

    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.0.path().join("outside").join(path)
    }

    pub(crate) fn file(&self, path: &str, text: &str) {
        self.parent(path);
        fs::write(self.path(path), text).expect(path);
    }

    pub(crate) fn link(&self, path: &str, target: impl AsRef<Path>) {
        self.parent(path);
        symlink(target, self.path(path)).expect(path);
    }

    pub(crate) fn parent(&self, path: &str) {
        fs::create_dir_all(self.path(path).parent().expect("a parent")).expect(path);
    }

    /// Makes a device node, or says that this machine does not let us.
    pub(crate) fn device(&self, path: &str, kind: FileType, major: u32, minor: u32) -> bool {
        self.parent(path);
        match mknodat(
            CWD,
            self.path(path),
            kind,
            Mode::from(0o666),
            makedev(major, minor),
        ) {
            Ok(()) => true,
            Err(rustix::io::Errno::PERM) => {
                skipped(&format!("{path}, because making a device node needs root"));
                false
            }
            Err(errno) => panic!("{path}: {errno}"),
        }
    }

    pub(crate) fn root(&self) -> Root {
        Root::open(&self.path("")).expect("the root")
    }

    /// What `name` in `etc/x.d` comes to: asked before and after the directory was listed, because a
    /// listing lets the reader take a shorter way.
    pub(crate) fn content(&self, name: &str) -> Content {
        let root = self.root();
        let dir = root
            .dir(DIR.as_ref())
            .expect("etc/x.d")
            .expect("etc/x.d exists");
        let before = dir.content(name.as_ref());
        dir.names().expect("a listing");
        assert_eq!(dir.content(name.as_ref()), before, "{name}");
        before
    }

    pub(crate) fn link_content(&self, target: impl AsRef<Path>) -> Content {
        let _ = fs::remove_file(self.path("etc/x.d/link"));
        self.link("etc/x.d/link", target);
        self.content("link")
    }
}

pub(crate) fn file(text: &str) -> Content {
    Content::File(text.as_bytes().to_vec().into())
}

pub(crate) fn unusable(reason: Reason) -> Content {
    reason.into()
}

pub(crate) fn leads(target: &str, reason: Reason) -> Content {
    let mut why = Unusable::from(reason);
    why.target = Some(target.into());
    Content::Unusable(why.into())
}

/// What the kernel says.
pub(crate) fn says(errno: rustix::io::Errno) -> Reason {
    Reason::Io(Errno::from_raw_os_error(errno.raw_os_error()))
}

/// Fails instead of hanging.
pub(crate) fn within<T: Send>(limit: Duration, run: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let (done, wait) = mpsc::channel();
        scope.spawn(move || done.send(run()));
        match wait.recv_timeout(limit) {
            Ok(result) => result,
            Err(RecvTimeoutError::Disconnected) => panic!("it failed, see above"),
            Err(RecvTimeoutError::Timeout) => {
                report(&format!("still running after {limit:?}"));
                std::process::abort() // the scope would wait for ever
            }
        }
    })
}

/// Says that a part of a test did not run, and why.
pub(crate) fn skipped(what: &str) {
    report(&format!("not tested: {what}"));
}

#[expect(
    clippy::print_stderr,
    reason = "the test's output is where its reader looks"
)]
fn report(text: &str) {
    eprintln!("{text}");
}
