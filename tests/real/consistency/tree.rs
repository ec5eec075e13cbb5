//! A tree in memory, with any bytes in its names: written below a directory to be asked about, and shown
//! as a script that makes it again.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::is_unsafe;
use rustix::fs::{CWD, FileType, Mode, mknodat};

/// What stands at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    File(Vec<u8>),
    /// A symlink with this target.
    Link(Vec<u8>),
    /// Another name of the file at this path, if one is there; else an empty file.
    SameAs(PathBuf),
    Directory,
    Fifo,
}

/// A root's files by path, without the leading slash.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(BTreeMap<PathBuf, Node>);

impl Tree {
    /// Puts `node` at `path`, unless the path is taken or leads through something that is no directory.
    pub(super) fn put(&mut self, path: impl Into<PathBuf>, node: Node) {
        let path = path.into();
        let is_parent = || {
            let mut after = self.0.range(path.clone()..);
            after.next().is_some_and(|(at, _)| at.starts_with(&path))
        };
        let leads_through = |parent: &Path| {
            let parent = self.0.get(parent);
            parent.is_some_and(|node| *node != Node::Directory)
        };
        if !is_parent() && !path.ancestors().skip(1).any(leads_through) {
            self.0.insert(path, node);
        }
    }

    pub(super) fn nodes(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.0.iter().map(|(path, node)| (&**path, node))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The same without the nodes of these numbers.
    pub(super) fn without(&self, numbers: std::ops::Range<usize>) -> Self {
        let nodes = self.0.iter().enumerate();
        let kept = nodes.filter(|(number, _)| !numbers.contains(number));
        Self(
            kept.map(|(_, (path, node))| (path.clone(), node.clone()))
                .collect(),
        )
    }

    /// Makes the tree below `root`, an empty directory.
    pub(super) fn write(&self, root: &Path) {
        let (names, first): (Vec<_>, Vec<_>) = self
            .nodes()
            .partition(|(_, node)| matches!(node, Node::SameAs(_)));
        for (path, node) in first.into_iter().chain(names) {
            node.write(root, &root.join(path));
        }
    }
}

impl Node {
    /// Makes it at `place`, in the tree at `root`.
    pub(super) fn write(&self, root: &Path, place: &Path) {
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        match self {
            Self::File(bytes) => fs::write(place, bytes).unwrap(),
            Self::Link(target) => symlink(OsStr::from_bytes(target), place).unwrap(),
            Self::SameAs(other) => {
                if fs::hard_link(root.join(other), place).is_err() {
                    fs::write(place, b"").unwrap();
                }
            }
            Self::Directory => fs::create_dir_all(place).unwrap(),
            Self::Fifo => mknodat(CWD, place, FileType::Fifo, Mode::RUSR, 0).unwrap(),
        }
    }
}

/// Commands for a shell that make the tree in an empty directory.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (path, node) in self.nodes() {
            let place = quoted(path.as_os_str().as_bytes());
            if let Some(parent) = path.parent() {
                write!(f, "mkdir -p {}; ", quoted(parent.as_os_str().as_bytes()))?;
            }
            match node {
                Node::File(bytes) => writeln!(f, "printf %s {} > {place}", quoted(bytes)),
                Node::Link(target) => writeln!(f, "ln -s {} {place}", quoted(target)),
                Node::SameAs(other) => {
                    let other = quoted(other.as_os_str().as_bytes());
                    writeln!(f, "ln {other} {place} || : > {place}")
                }
                Node::Directory => writeln!(f, "mkdir {place}"),
                Node::Fifo => writeln!(f, "mkfifo -m 400 {place}"),
            }?;
        }
        Ok(())
    }
}

/// A word of a shell that stands for these bytes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:@+".contains(c);
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Ok(text) if !text.chars().any(is_unsafe) && !text.contains('\'') => format!("'{text}'"),
        _ => {
            let escaped = bytes.iter().map(|&byte| match byte {
                b'\n' => "\\n".to_owned(),
                b'\'' | b'\\' => format!("\\{}", char::from(byte)),
                b' '..=b'~' => char::from(byte).to_string(),
                byte => format!("\\x{byte:02x}"),
            });
            format!("$'{}'", escaped.collect::<String>())
        }
    }
}
