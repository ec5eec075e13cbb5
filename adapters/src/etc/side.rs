//! One of the three trees: what is in it, held by its descriptor.
//!
//! Nothing is followed: a symlink is what it says, and every path is opened below the descriptor of
//! the tree without one on the way. Directories are listed one at a time, so that no depth holds more
//! than one of them open.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::root::{Dir, Kind as Special, Root, Unusable};
use rustix::fs::{AtFlags, FileType, OFlags, RawDir, Stat};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use crate::commit::open_below as open;

/// The longest path in a tree; openat2(2) takes 4096 bytes with the end.
const PATH_LIMIT: usize = 4000;

/// How deep directories may be nested: whoever removes the result holds each level open.
const DEPTH_LIMIT: usize = 128;

/// The most names that a tree may have, so that a hostile one cannot fill the memory.
const NAMES_LIMIT: usize = 1 << 20;

/// Everything in a tree by its path; the tree itself is the empty one.
pub type Nodes = BTreeMap<PathBuf, Node>;

/// What a path is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Whose it is and who may do what.
    pub attributes: Attributes,
    /// What it is.
    pub kind: Kind,
}

/// What ostree compares of a file besides its content; times and extended attributes it does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The permission bits; 0 for a symlink, which has none.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// What something in a tree is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File(Content),
    /// A symlink and what it says.
    Link(PathBuf),
    /// A directory.
    Directory,
    /// A FIFO, a socket or a device.
    Special(Special),
}

/// What distinguishes a file's content from that of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Content {
    /// In bytes.
    pub size: u64,
    /// Read only where another side has a file of this path and size.
    pub digest: Option<[u8; 32]>,
}

impl Node {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// Its content, if it is a regular file.
    pub fn content(&self) -> Option<Content> {
        match self.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }

    /// Whether both are files, both symlinks or both directories.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.kind) == std::mem::discriminant(&other.kind)
    }
}

/// Why the trees cannot be merged at all.
#[derive(thiserror::Error)]
pub enum SideError {
    /// It does not exist inside the root, or is no directory.
    #[error("cannot open {}: {why}", escape_path(path))]
    Open {
        /// The tree.
        path: PathBuf,
        /// What is wrong with it.
        why: Box<Unusable>,
    },
    /// It does not exist inside the root.
    #[error("{} does not exist inside the root", escape_path(.0))]
    Absent(PathBuf),
    /// Something in it cannot be looked at.
    #[error("cannot read {}: {errno}", escape_path(path))]
    Read {
        /// The file or directory.
        path: PathBuf,
        /// What the kernel says.
        errno: Errno,
    },
    /// Something in it is nested too deeply.
    #[error(
        "{} is nested too deeply: {DEPTH_LIMIT} levels and paths of {PATH_LIMIT} bytes are read",
        escape_path(.0)
    )]
    Deep(PathBuf),
    /// The result would be in it.
    #[error("{} is in {}, which is only read", escape_path(out), escape_path(side))]
    Within {
        /// Where the result was to be.
        out: PathBuf,
        /// The tree.
        side: PathBuf,
    },
    /// There is too much in it.
    #[error("{} holds more than {NAMES_LIMIT} names", escape_path(.0))]
    Large(PathBuf),
}

/// As it is shown: `main` prints errors by this.
impl fmt::Debug for SideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One of the three trees.
pub struct Side {
    dir: Dir,
    path: PathBuf,
    /// What is in it.
    pub nodes: Nodes,
}

impl fmt::Debug for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Side")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Side {
    /// Reads what is in the tree at `path` inside `root`, but no file's content.
    pub(super) fn open(root: &Root, path: &Path) -> Result<Self, SideError> {
        let dir = match root.dir(path) {
            Ok(Some(dir)) => dir,
            Ok(None) => return Err(SideError::Absent(path.into())),
            Err(why) => {
                let (path, why) = (path.into(), Box::new(why));
                return Err(SideError::Open { path, why });
            }
        };
        let mut side = Self {
            dir,
            path: path.into(),
            nodes: Nodes::new(),
        };
        side.walk()?;
        Ok(side)
    }

    /// Where it is inside the root.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where something in it is inside the root.
    pub fn path_of(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() {
            self.path.clone()
        } else {
            self.path.join(path)
        }
    }

    /// The descriptor.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.dir.as_fd()
    }

    fn walk(&mut self) -> Result<(), SideError> {
        let top =
            rustix::fs::fstat(self.fd()).map_err(|errno| self.failed(Path::new(""), errno))?;
        self.nodes.insert(
            PathBuf::new(),
            Node {
                attributes: attributes(&top),
                kind: Kind::Directory,
            },
        );
        let mut pending = vec![PathBuf::new()];
        while let Some(directory) = pending.pop() {
            for (name, node) in self.list(&directory)? {
                let path = directory.join(name);
                let is_long = path.as_os_str().len() > PATH_LIMIT;
                if is_long || path.components().count() > DEPTH_LIMIT {
                    return Err(SideError::Deep(self.path_of(&directory)));
                }
                if self.nodes.len() > NAMES_LIMIT {
                    return Err(SideError::Large(self.path.clone()));
                }
                if node.is_directory() {
                    pending.push(path.clone());
                }
                self.nodes.insert(path, node);
            }
        }
        Ok(())
    }

    fn list(&self, directory: &Path) -> Result<Vec<(PathBuf, Node)>, SideError> {
        let failed = |errno| self.failed(directory, errno);
        let fd = open(self.fd(), directory, OFlags::DIRECTORY).map_err(failed)?;
        let mut buffer = Vec::with_capacity(32 << 10);
        let mut listing = RawDir::new(&fd, buffer.spare_capacity_mut());
        let mut found = Vec::new();
        while let Some(member) = listing.next() {
            let member = member.map_err(failed)?;
            let name = OsStr::from_bytes(member.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            match look(&fd, name) {
                Ok(node) => found.push((name.into(), node)),
                // Removed since it was listed.
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(self.failed(&directory.join(name), errno)),
            }
            if found.len() > NAMES_LIMIT {
                return Err(SideError::Large(self.path.clone()));
            }
        }
        Ok(found)
    }

    /// Opens a regular file.
    pub(super) fn open_file(&self, path: &Path) -> Result<OwnedFd, SideError> {
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = open(self.fd(), path, flags).and_then(|file| {
            let kind = FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode);
            (kind == FileType::RegularFile)
                .then_some(file)
                .ok_or(Errno::STALE)
        });
        opened.map_err(|errno| self.failed(path, errno))
    }

    /// The bytes of a file of up to `limit` bytes; none if it is larger.
    pub(super) fn read(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, SideError> {
        let file = self.open_file(path)?;
        let mut bytes = Vec::new();
        let whole = chunks(&file, |chunk| {
            bytes.extend_from_slice(chunk);
            bytes.len() <= limit
        });
        let whole = whole.map_err(|errno| self.failed(path, errno))?;
        Ok(whole.then_some(bytes))
    }

    fn digest(&self, path: &Path) -> Result<[u8; 32], SideError> {
        let file = self.open_file(path)?;
        let mut hash = Sha256::new();
        chunks(&file, |chunk| {
            hash.update(chunk);
            true
        })
        .map_err(|errno| self.failed(path, errno))?;
        Ok(hash.finalize().into())
    }

    fn failed(&self, path: &Path, errno: Errno) -> SideError {
        SideError::Read {
            path: self.path_of(path),
            errno,
        }
    }
}

/// Reads the files that are there on two sides in one size: only they can be the same.
pub(super) fn digest(sides: &mut [Side; 3]) -> Result<(), SideError> {
    let bytes = |side: &Side, path: &Path| Some(side.nodes.get(path)?.content()?.size);
    for index in 0..3 {
        let mut found = Vec::new();
        let (before, rest) = sides.split_at(index);
        let Some((side, after)) = rest.split_first() else {
            continue;
        };
        for (path, node) in &side.nodes {
            let Some(content) = node.content() else {
                continue;
            };
            let mut others = before.iter().chain(after);
            if others.any(|other| bytes(other, path) == Some(content.size)) {
                found.push((path.clone(), side.digest(path)?));
            }
        }
        let Some(side) = sides.get_mut(index) else {
            continue;
        };
        for (path, digest) in found {
            if let Some(Kind::File(content)) = side.nodes.get_mut(&path).map(|node| &mut node.kind)
            {
                content.digest = Some(digest);
            }
        }
    }
    Ok(())
}

fn look(directory: &OwnedFd, name: &OsStr) -> Result<Node, Errno> {
    let stat = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let attributes = attributes(&stat);
    let (attributes, kind) = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {
            let size = u64::try_from(stat.st_size).map_err(|_| Errno::OVERFLOW)?;
            (attributes, Kind::File(Content { size, digest: None }))
        }
        FileType::Directory => (attributes, Kind::Directory),
        FileType::Symlink => {
            let text = rustix::fs::readlinkat(directory, name, Vec::new())?;
            let target = OsStr::from_bytes(text.to_bytes()).into();
            (
                Attributes {
                    mode: 0,
                    ..attributes
                },
                Kind::Link(target),
            )
        }
        other => (attributes, Kind::Special(special(other))),
    };
    Ok(Node { attributes, kind })
}

fn special(kind: FileType) -> Special {
    match kind {
        FileType::Fifo => Special::Fifo,
        FileType::Socket => Special::Socket,
        FileType::BlockDevice => Special::BlockDevice,
        FileType::CharacterDevice => Special::CharacterDevice,
        FileType::Directory => Special::Directory,
        FileType::RegularFile | FileType::Symlink | FileType::Unknown => Special::Unknown,
    }
}

fn attributes(stat: &Stat) -> Attributes {
    Attributes {
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
    }
}

/// Hands over a file piece by piece until `more` says no; whether it came to the end.
pub(super) fn chunks(file: &OwnedFd, mut more: impl FnMut(&[u8]) -> bool) -> Result<bool, Errno> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let count = rustix::io::retry_on_intr(|| rustix::io::read(file, buffer.as_mut_slice()))?;
        match buffer.get(..count) {
            None | Some([]) => return Ok(true),
            Some(chunk) if more(chunk) => {}
            Some(_) => return Ok(false),
        }
    }
}
