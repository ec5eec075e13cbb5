//! A machine's files in a directory of the test's, and all of them as a value.
#![expect(
    clippy::disallowed_methods,
    reason = "a root is a directory of the test's"
)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use overlay_resolver::root::Root;
use tempfile::TempDir;

use super::Subject;
use crate::openpgp::Keyring;
use crate::openpgp::testing::Build;

/// Everything below the root, by path.
pub(super) type Tree = BTreeMap<PathBuf, Node>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File(Vec<u8>),
    Link(PathBuf),
}

#[derive(Debug)]
pub(super) struct Machine {
    place: TempDir,
}

impl Default for Machine {
    fn default() -> Self {
        // Where there is no disk to wait for.
        let memory = Path::new("/dev/shm");
        let place = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        Self {
            place: place.expect("a directory"),
        }
    }
}

impl From<&Tree> for Machine {
    fn from(tree: &Tree) -> Self {
        let machine = Self::default();
        for (path, node) in tree {
            let path = machine.path(path);
            match node {
                Node::Directory => fs::create_dir(&path),
                Node::File(text) => fs::write(&path, text),
                Node::Link(end) => symlink(end, &path),
            }
            .expect("parents come first");
        }
        machine
    }
}

impl Machine {
    fn path(&self, path: &Path) -> PathBuf {
        let below = path.strip_prefix("/").unwrap_or(path);
        self.place.path().join(below)
    }

    pub(super) fn root(&self) -> Root {
        Root::open(self.place.path()).expect("a root")
    }

    pub(super) fn make(&self, directory: &Path) {
        fs::create_dir_all(self.path(directory)).expect("a directory");
    }

    pub(super) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = Path::new(path);
        self.make(path.parent().expect("below the root"));
        fs::write(self.path(path), text).expect("a file");
    }

    pub(super) fn link(&self, path: &str, end: &str) {
        self.make(Path::new(path).parent().expect("below the root"));
        symlink(end, self.path(Path::new(path))).expect("a link");
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        self.make(Path::new(to).parent().expect("below the root"));
        fs::rename(self.path(Path::new(from)), self.path(Path::new(to))).expect("renamed");
    }

    /// What is in a file; nothing if there is none.
    pub(super) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(Path::new(path))).unwrap_or_default()
    }

    /// Takes whatever is there away.
    pub(super) fn remove(&self, path: &str) {
        let path = self.path(Path::new(path));
        if path.is_dir() {
            fs::remove_dir_all(path).expect("removed");
        } else if path.symlink_metadata().is_ok() {
            fs::remove_file(path).expect("removed");
        }
    }

    pub(super) fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        self.add(Path::new(""), &mut tree);
        tree
    }

    fn add(&self, below: &Path, tree: &mut Tree) {
        for entry in fs::read_dir(self.path(below)).expect("a directory") {
            let entry = entry.expect("readable");
            let path = below.join(entry.file_name());
            let kind = entry.file_type().expect("a type");
            let node = match () {
                () if kind.is_dir() => Node::Directory,
                () if kind.is_symlink() => Node::Link(fs::read_link(entry.path()).expect("read")),
                () => Node::File(fs::read(entry.path()).expect("read")),
            };
            tree.insert(path.clone(), node);
            if kind.is_dir() {
                self.add(&path, tree);
            }
        }
    }
}

/// How what there is differs from what should be, by entry. An empty directory is nothing, and a cache may be
/// missing.
pub(super) fn difference(
    good: &Tree,
    found: &Tree,
    subject: &Subject,
) -> BTreeMap<String, Vec<String>> {
    let mut differences = BTreeMap::<_, Vec<_>>::new();
    let more = found.keys().filter(|path| !good.contains_key(*path));
    for path in good.keys().chain(more) {
        let lines = |tree: &Tree| match tree.get(path) {
            None | Some(Node::Directory) => None,
            Some(Node::Link(end)) => Some(vec![format!("-> {}", end.display())]),
            Some(Node::File(text)) if path.extension().is_some_and(|end| end == "gpg") => {
                Some(vec![letters(text)])
            }
            Some(Node::File(text)) => Some(statements(&String::from_utf8_lossy(text))),
        };
        let (good, found) = (lines(good), lines(found));
        if good != found && !(found.is_none() && (subject.is_cache)(path)) {
            let only = |these: &Option<Vec<_>>, others: &Option<Vec<_>>| {
                let others = others.clone().unwrap_or_default();
                let these = these.clone().unwrap_or_default().into_iter();
                these
                    .filter(|line| !others.contains(line))
                    .collect::<Vec<_>>()
            };
            let (missing, more) = (only(&good, &found), only(&found, &good));
            let difference = format!("{}: missing {missing:?}, too much {more:?}", path.display());
            let entry = (subject.entry)(path);
            differences.entry(entry).or_default().push(difference);
        }
    }
    differences
}

/// What a keyfile says, line by line: of empty lines, and of the order in a group, nothing follows.
fn statements(text: &str) -> Vec<String> {
    let mut group = "";
    let mut statements = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('[') {
            group = line;
        }
        statements.push(format!("{group} {line}"));
    }
    statements.sort();
    statements
}

/// A certificate, which differs by its letter.
pub(super) fn certificate(letter: u8) -> Vec<u8> {
    let name = char::from(letter).to_string();
    let key = Build::key(letter).user_id(&name).certify(1000, 0);
    key.bytes().to_vec()
}

/// The letters of the certificates in a keyring.
fn letters(keyring: &[u8]) -> String {
    let keyring = Keyring::parse(keyring).expect("a keyring");
    let is_there = |letter: &char| {
        let certificate = Build::key(u8::try_from(*letter).expect("ASCII")).read();
        keyring.get(certificate.fingerprint()).is_some()
    };
    "12345mo".chars().filter(is_there).collect()
}
