//! A whole tree in memory: what the layers of a root hold, written below a directory to be read.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use overlay_resolver::escape::escape;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};

/// Symlinks that are followed before a path counts as a loop, as in Linux.
const LINKS: usize = 40;

/// What stands at a path.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Node {
    File(String),
    /// A symlink with this target.
    Link(String),
    /// Another name of the file at this path.
    SameAs(String),
    Directory,
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place<'t> {
    Text(&'t str),
    Directory,
    /// `/dev/null`, whether or not the root has one.
    Null,
    Missing,
    /// It goes on below something that is no directory.
    Blocked,
    Loop,
}

/// A root's files by path, without the leading slash.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tree {
    nodes: BTreeMap<String, Node>,
    /// Whether overlayctl sees a `/dev/null`. Images of systems have none, and yet what runs in them
    /// does.
    pub(crate) has_dev: bool,
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self {
            nodes: BTreeMap::new(),
            has_dev: true,
        }
    }

    /// Puts `node` at `path`, unless the path is taken or leads through something that is no
    /// directory.
    pub(crate) fn put(&mut self, path: impl Into<String>, node: Node) {
        let path = path.into();
        let taken = self.nodes.contains_key(&path) || self.is_parent(&path);
        let leads_through = |parent: &str| {
            let parent = self.nodes.get(parent);
            parent.is_some_and(|node| *node != Node::Directory)
        };
        if !taken && !parents(&path).any(leads_through) {
            self.nodes.insert(path, node);
        }
    }

    pub(crate) fn with(mut self, path: &str, node: Node) -> Self {
        self.put(path, node);
        self
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.with(path, Node::File(text.to_owned()))
    }

    /// The root's paths and what stands there.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (&**path, node))
    }

    /// Whether other nodes are below `path`.
    fn is_parent(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let mut after = self.nodes.range(below.clone()..);
        after
            .next()
            .is_some_and(|(other, _)| other.starts_with(&below))
    }

    /// Makes the tree below `root`, an empty directory.
    pub(crate) fn write(&self, root: &Path) {
        if self.has_dev {
            make_dev(root);
        }
        let (later, first): (Vec<_>, Vec<_>) = self
            .nodes()
            .partition(|(_, node)| matches!(node, Node::SameAs(_)));
        for (path, node) in first.into_iter().chain(later) {
            let place = root.join(path);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            match node {
                Node::File(text) => fs::write(place, text).unwrap(),
                Node::Link(target) => symlink(target, place).unwrap(),
                Node::SameAs(other) => fs::hard_link(root.join(other), place).unwrap(),
                Node::Directory => fs::create_dir_all(place).unwrap(),
            }
        }
    }

    /// Adds what every running system has.
    pub(crate) fn complete(&self, root: &Path) {
        if !self.has_dev {
            make_dev(root);
        }
    }

    /// What `path` leads to where this tree is the root.
    pub(crate) fn place(&self, path: &str) -> Place<'_> {
        match self.resolve(path) {
            None => Place::Loop,
            Some(real) => self.stands_at(&real),
        }
    }

    fn stands_at(&self, real: &str) -> Place<'_> {
        match self.nodes.get(real) {
            Some(Node::File(text)) => Place::Text(text),
            Some(Node::SameAs(other)) => self.stands_at(other),
            Some(Node::Directory) => Place::Directory,
            _ if real == "dev/null" => Place::Null,
            _ if parents(real).any(|parent| parent == "dev/null" || self.is_file(parent)) => {
                Place::Blocked
            }
            _ if real.is_empty() || self.is_parent(real) => Place::Directory,
            _ => Place::Missing,
        }
    }

    pub(crate) fn is_file(&self, path: &str) -> bool {
        matches!(self.nodes.get(path), Some(Node::File(_) | Node::SameAs(_)))
    }

    /// `path` without symlinks; none where they lead round in a circle.
    pub(crate) fn resolve(&self, path: &str) -> Option<String> {
        let mut left: Vec<String> = components(path);
        let mut real: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = left.pop() {
            if name == ".." {
                real.pop();
                continue;
            }
            real.push(name);
            if let Some(Node::Link(target)) = self.nodes.get(&real.join("/")) {
                links += 1;
                if links > LINKS {
                    return None;
                }
                real.pop();
                if target.starts_with('/') {
                    real.clear();
                }
                left.extend(components(target));
            }
        }
        Some(real.join("/"))
    }
}

/// The components of a path, the last one first.
fn components(path: &str) -> Vec<String> {
    let names = path
        .split('/')
        .rev()
        .filter(|name| !name.is_empty() && *name != ".");
    names.map(str::to_owned).collect()
}

/// The directories above `path`, the nearest first.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(path.rsplit_once('/'), |(parent, _)| parent.rsplit_once('/'))
        .map(|(parent, _)| parent)
}

fn make_dev(root: &Path) {
    fs::create_dir(root.join("dev")).unwrap();
    let mode = Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::WGRP | Mode::ROTH | Mode::WOTH;
    let null = root.join("dev/null");
    mknodat(CWD, null, FileType::CharacterDevice, mode, makedev(1, 3)).unwrap();
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(text) if text.is_empty() => f.write_str("empty"),
            Self::File(text) => write!(f, "`{}`", escape(text.as_bytes())),
            Self::Link(target) => write!(f, "-> {target}"),
            Self::SameAs(other) => write!(f, "= {other}"),
            Self::Directory => f.write_str("a directory"),
        }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.has_dev {
            writeln!(f, "  (no /dev)")?;
        }
        self.nodes()
            .try_for_each(|(path, node)| writeln!(f, "  /{path:<34} {node:?}"))
    }
}
