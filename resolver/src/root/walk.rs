//! Follows symlinks by their text, one component at a time, and says where they end.
//!
//! What openat2(2) cannot tell: where a dangling symlink leads (a link to `/dev/null` masks in an
//! image that has no `/dev` too) and which target to name in a message. The same as `chase()` of
//! systemd (`src/basic/chase.c`): `..` stops at the root, and what follows the first component that
//! does not exist is kept as text, unless it has a `..`.
//!
//! Each component is opened inside the root with `O_PATH`, so that neither a race nor a device node
//! can do harm; nothing is opened for reading here.

use std::ffi::{OsStr, OsString};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{FileType, OFlags, PROC_SUPER_MAGIC, fstat, fstatfs, major, minor, readlinkat};
use rustix::io::Errno;

use super::Inode;
use super::open::{NO_LINKS, READ, open, read_regular};
use super::unusable::{Reason, Unusable};

/// How many symlinks one path may lead through, as in the kernel (`path_resolution(7)`).
pub(super) const MAX_LINKS: usize = 40;

/// Where a path ends.
pub(super) struct Place {
    /// Relative to the root, without symlinks and `..`.
    pub(super) path: PathBuf,
    /// What is there.
    pub(super) end: End,
    /// Whether a symlink was followed.
    linked: bool,
}

/// What is at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Something of this type; never a symlink.
    Exists(FileType),
    /// The character device 1:3.
    NullDevice,
    /// Nothing, as the path itself says.
    Absent,
    /// Nothing, where a symlink leads.
    Dangling,
}

impl Place {
    /// This reason, with the place named in it if a symlink led here.
    pub(super) fn unusable(&self, reason: Reason) -> Unusable {
        Unusable::at(&self.path, self.linked, reason)
    }

    /// Whether this is the null device: by its name, whether or not it exists, or by its number.
    pub(super) fn is_dev_null(&self) -> bool {
        self.end == End::NullDevice || self.path == Path::new("dev/null")
    }

    /// Reads the regular file here. Opens nothing else: opening a device can have effects.
    pub(super) fn read(
        &self,
        root: BorrowedFd<'_>,
        limit: usize,
    ) -> Result<(Vec<u8>, Inode), Unusable> {
        let read = match self.end {
            End::Exists(FileType::RegularFile) => self.open_and_read(root, limit),
            End::Exists(other) => Err(Reason::NotAFile(other.into())),
            End::NullDevice => Err(Reason::NotAFile(FileType::CharacterDevice.into())),
            End::Absent | End::Dangling => Err(Reason::Missing),
        };
        read.map_err(|reason| self.unusable(reason))
    }

    fn open_and_read(
        &self,
        root: BorrowedFd<'_>,
        limit: usize,
    ) -> Result<(Vec<u8>, Inode), Reason> {
        let file = open(root, &self.path, READ, NO_LINKS).map_err(|errno| match errno {
            Errno::NOENT => Reason::Vanished,
            Errno::LOOP | Errno::NOTDIR => Reason::Changed,
            errno => Reason::Io(errno),
        })?;
        read_regular(&file, limit)
    }
}

/// Follows `path` from the top of the root.
pub(super) fn walk(root: BorrowedFd<'_>, path: &Path) -> Result<Place, Unusable> {
    let mut walk = Walk::new(root, Path::new(""));
    walk.push(path, false);
    walk.run()
}

/// Follows the `text` of a symlink that lies in `directory`, itself a path without symlinks.
pub(super) fn walk_link(
    root: BorrowedFd<'_>,
    directory: &Path,
    text: &Path,
) -> Result<Place, Unusable> {
    let mut walk = Walk::new(root, directory);
    walk.links = 1;
    walk.push(text, true);
    walk.run()
}

struct Walk<'r> {
    root: BorrowedFd<'r>,
    /// The part that is resolved, relative to the root, and what is there.
    done: PathBuf,
    end: End,
    /// The part that is not, last component first.
    todo: Vec<Step>,
    /// How many symlinks were followed.
    links: usize,
}

struct Step {
    name: OsString,
    by_link: bool,
}

const DIRECTORY: End = End::Exists(FileType::Directory);

impl<'r> Walk<'r> {
    fn new(root: BorrowedFd<'r>, directory: &Path) -> Self {
        Self {
            root,
            done: directory.into(),
            end: DIRECTORY,
            todo: Vec::new(),
            links: 0,
        }
    }

    fn run(mut self) -> Result<Place, Unusable> {
        while let Some(step) = self.todo.pop() {
            if step.name == ".." {
                self.leave()?;
            } else {
                self.enter(step)?;
            }
        }
        Ok(Place {
            linked: self.links > 0,
            end: self.end,
            path: self.done,
        })
    }

    fn fail<T>(&self, at: &Path, reason: Reason) -> Result<T, Unusable> {
        Err(Unusable::at(at, self.links > 0, reason))
    }

    /// Puts the components of `path` before what is left to do.
    fn push(&mut self, path: &Path, by_link: bool) {
        if path.has_root() {
            self.done.clear();
            self.end = DIRECTORY;
        }
        let steps = path
            .components()
            .rev()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name),
                Component::ParentDir => Some(OsStr::new("..")),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
            });
        self.todo.extend(steps.map(|name| Step {
            name: name.into(),
            by_link,
        }));
    }

    /// One directory up; at the top of the root, nowhere.
    fn leave(&mut self) -> Result<(), Unusable> {
        if self.end != DIRECTORY {
            return self.fail(&self.done, Reason::NotADirectory);
        }
        self.done.pop();
        Ok(())
    }

    /// One component down, or on along a symlink.
    fn enter(&mut self, step: Step) -> Result<(), Unusable> {
        let next = self.done.join(&step.name);
        let fd = match open(self.root, &next, OFlags::PATH | OFlags::NOFOLLOW, NO_LINKS) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return self.stop(step),
            Err(Errno::NOTDIR) => return self.fail(&self.done, Reason::NotADirectory),
            Err(Errno::LOOP) => return self.fail(&next, Reason::Changed),
            Err(errno) => return self.fail(&next, Reason::Io(errno)),
        };
        let stat = fstat(&fd).or_else(|errno| self.fail(&next, Reason::Io(errno)))?;
        let null = (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3);
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Symlink => return self.follow(&fd, &next),
            FileType::CharacterDevice if null => self.end = End::NullDevice,
            other => self.end = End::Exists(other),
        }
        self.done = next;
        Ok(())
    }

    fn follow(&mut self, link: &OwnedFd, at: &Path) -> Result<(), Unusable> {
        let io = |errno| Unusable::at(at, true, Reason::Io(errno));
        if fstatfs(link).map_err(io)?.f_type == PROC_SUPER_MAGIC {
            return self.fail(at, Reason::MagicLink);
        }
        self.links += 1;
        if self.links > MAX_LINKS {
            return self.fail(at, Reason::Loop);
        }
        let text = readlinkat(link, "", Vec::new()).map_err(io)?;
        self.push(Path::new(OsStr::from_bytes(text.to_bytes())), true);
        Ok(())
    }

    /// Nothing has this name, so the rest can only be taken as text.
    fn stop(&mut self, missing: Step) -> Result<(), Unusable> {
        self.end = if missing.by_link {
            End::Dangling
        } else {
            End::Absent
        };
        self.done.push(missing.name);
        if self.todo.iter().any(|step| step.name == "..") {
            return self.fail(&self.done, Reason::Missing);
        }
        while let Some(step) = self.todo.pop() {
            self.done.push(step.name);
        }
        Ok(())
    }
}
