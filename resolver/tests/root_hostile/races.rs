//! Lookups in a tree that is rearranged meanwhile.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use overlay_resolver::root::{Content, Root};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::tree::{CANARY, DIR, Tree};

/// Calls `swap` in a loop while `look` looks; ends when `look` is content, in 2 seconds at most.
fn race(swap: impl Fn() + Send, mut look: impl FnMut() -> bool) {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                swap();
            }
        });
        let _end = End(over);
        let deadline = Instant::now() + Duration::from_secs(2);
        while !look() && Instant::now() < deadline {}
    });
}

/// Ends a race when it is dropped, so that a failed lookup ends it too.
struct End<'a>(&'a AtomicBool);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn exchange(one: &Path, other: &Path) {
    renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).expect("an exchange");
}

/// What the lookups of a race came to.
#[derive(Default)]
struct Seen {
    good: usize,
    decoy: usize,
    failed: usize,
}

impl Seen {
    fn note(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(b"good") => self.good += 1,
            Some(b"decoy") => self.decoy += 1,
            Some(other) => panic!("read {:?}", String::from_utf8_lossy(other)),
            None => self.failed += 1,
        }
    }

    fn note_content(&mut self, content: &Content) {
        self.note(match content {
            Content::File(bytes) => Some(bytes),
            _ => None,
        });
    }

    fn note_all(&mut self, root: &Root, dir: &str, name: &str) {
        match root.dir(dir.as_ref()) {
            Ok(Some(dir)) => self.note_content(&dir.content(name.as_ref())),
            _ => self.note(None),
        }
        let read = root.read(format!("{dir}/{name}").as_ref(), 1 << 10);
        self.note(read.ok().flatten().as_deref());
    }

    fn total(&self) -> usize {
        self.good + self.decoy + self.failed
    }
}

/// A directory that takes turns with a symlink out of the root.
#[test]
fn race_with_symlinks() {
    let tree = Tree::new();
    tree.file("etc/x.d/a.conf", "good");
    tree.file("outside/a.conf", "decoy"); // what the symlink means inside the root
    fs::write(tree.outside("a.conf"), CANARY).expect("the canary");
    tree.link("etc/swap", "../../outside");
    let swap_directory = || exchange(&tree.path("etc/x.d"), &tree.path("etc/swap"));

    let naive_path = tree.path("etc/x.d/a.conf");
    let mut leaked = false;
    race(swap_directory, || {
        leaked |= fs::read(&naive_path).is_ok_and(|bytes| bytes == CANARY);
        leaked
    });
    assert!(leaked, "the trap works: a naive reader falls into it");

    let root = tree.root();
    let mut seen = Seen::default();
    race(swap_directory, || {
        seen.note_all(&root, DIR, "a.conf");
        seen.total() > 10_000 && seen.good > 100 && seen.decoy > 100
    });
    assert!(
        seen.good > 0 && seen.decoy > 0,
        "{} good, {} decoy",
        seen.good,
        seen.decoy
    );
}

#[test]
fn race_with_a_symlink_for_a_file() {
    let tree = Tree::new();
    tree.file("etc/x.d/a.conf", "good");
    tree.file("outside/secret", "decoy");
    tree.link("etc/swap", "../../../outside/secret");
    let root = tree.root();
    let dir = root
        .dir(DIR.as_ref())
        .expect("etc/x.d")
        .expect("etc/x.d exists");
    dir.names().expect("a listing");
    let mut seen = Seen::default();
    race(
        || exchange(&tree.path("etc/x.d/a.conf"), &tree.path("etc/swap")),
        || {
            seen.note_content(&dir.content("a.conf".as_ref()));
            seen.note_all(&root, DIR, "a.conf");
            seen.total() > 10_000 && seen.good > 100 && seen.decoy > 100
        },
    );
    assert!(
        seen.good > 0 && seen.decoy > 0,
        "{} good, {} decoy",
        seen.good,
        seen.decoy
    );
}

/// A directory that leaves the root while `..` is looked up in it.
#[test]
fn race_with_a_directory_that_leaves() {
    let tree = Tree::new();
    tree.file("etc/deep/sub/file", "");
    tree.file("etc/next/a.conf", "good");
    fs::create_dir(tree.outside("next")).expect("outside/next");
    fs::write(tree.outside("next/a.conf"), CANARY).expect("the canary");
    fs::create_dir(tree.outside("deep")).expect("outside/deep");
    let swap = || exchange(&tree.path("etc/deep"), &tree.outside("deep"));
    let root = tree.root();
    let mut seen = Seen::default();
    race(swap, || {
        seen.note_all(&root, "etc/deep/sub/../../next", "a.conf");
        seen.total() > 10_000 && seen.good > 100
    });
    assert!(seen.good > 0, "{} failed", seen.failed);
}
