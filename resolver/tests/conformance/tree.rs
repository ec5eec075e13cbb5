//! Trees as real directories.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};
use serde::Deserialize;
use tempfile::TempDir;

/// What stands at a path.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Node {
    /// A file with this text.
    Text(String),
    /// Something else.
    Other(Other),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Other {
    /// A symlink with this text.
    Link(String),
    /// A file of these bytes.
    Bytes(Vec<u8>),
    /// An empty directory.
    Dir(True),
    /// A FIFO.
    Fifo(True),
}

/// What says only that something is so: `dir = true`.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "bool")]
pub(crate) struct True;

impl TryFrom<bool> for True {
    type Error = &'static str;

    fn try_from(is: bool) -> Result<Self, Self::Error> {
        is.then_some(Self).ok_or("expected `true`, found `false`")
    }
}

/// A tree on disk. What is to lie outside of it has a path that begins with `../`.
#[derive(Debug)]
pub(crate) struct Made {
    _directory: TempDir,
    path: PathBuf,
}

impl Made {
    pub(crate) fn new(tree: &BTreeMap<String, Node>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Below a symlink, what is seen from the host's root would have another name.
        let path = directory.path().canonicalize().unwrap().join("root");
        let made = Self {
            _directory: directory,
            path,
        };
        fs::create_dir(&made.path).unwrap();
        for (path, node) in tree {
            made.make(path, node);
        }
        made
    }

    fn make(&self, path: &str, node: &Node) {
        let path = self.path.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        match node {
            Node::Text(text) => fs::write(path, text).unwrap(),
            Node::Other(Other::Link(text)) => symlink(self.fill_in(text), path).unwrap(),
            Node::Other(Other::Bytes(bytes)) => fs::write(path, bytes).unwrap(),
            Node::Other(Other::Dir(True)) => fs::create_dir_all(path).unwrap(),
            Node::Other(Other::Fifo(True)) => mkfifoat(CWD, path, Mode::from(0o600)).unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The text with the root's path for `{root}`.
    pub(crate) fn fill_in(&self, text: &str) -> String {
        text.replace("{root}", self.path.to_str().unwrap())
    }

    /// A path as the table writes it: seen from the tree, without a slash before it.
    pub(crate) fn name<'p>(&self, path: &'p Path) -> &'p str {
        let path = path.strip_prefix(&self.path).unwrap_or(path);
        path.strip_prefix("/").unwrap_or(path).to_str().unwrap()
    }
}
