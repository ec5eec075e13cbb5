//! Follows symlinks by their text, one component at a time, and says where they end.
//!
//! What openat2(2) cannot tell: where a dangling symlink leads (a link to `/dev/null` masks in an
//! image that has no `/dev` too) and which target to name in a message. The same as `chase()` of
//! systemd (`src/basic/chase.c`): `..` stops at the root, and what follows the first component that
//! does not exist is kept as text, unless it has a `..`.
//!
//! Each component is [looked at](Look) by itself: in a real tree it is opened inside the root with
//! `O_PATH`, so that neither a race nor a device node can do harm, and nothing is opened for reading
//! here; a tree with virtual files over it looks at those first.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{
    FileType, OFlags, PROC_SUPER_MAGIC, Stat, fstat, fstatfs, major, minor, readlinkat,
};
use rustix::io::Errno;

use super::open::READ;
use super::unusable::{Kind, MAX_LINKS, Reason, Unusable};
use super::{Root, Text};
use crate::bundle::{self, Bundle};

/// A tree whose names can be looked at one by one.
pub(crate) trait Look {
    /// What `path` is, itself; no component above its last one is a symlink. It is relative to the root.
    fn look(&self, path: &Path) -> Result<Seen, Reason>;

    /// What is at the end of `path`, if one look tells: no symlink is on the way, and none at its end.
    fn look_at_once(&self, path: &Path) -> Option<Seen>;

    /// The bundles, out of which no symlink leads.
    fn bundles(&self) -> &[Bundle];
}

/// What a name is, itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// Nothing has it.
    Absent,
    /// A symlink with this text.
    Link(PathBuf),
    /// The character device 1:3.
    NullDevice,
    /// Anything else.
    Other(FileType),
}

impl Look for Root {
    fn look(&self, path: &Path) -> Result<Seen, Reason> {
        let fd = match self.open_plain(path, OFlags::PATH | OFlags::NOFOLLOW) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(Seen::Absent),
            Err(Errno::NOTDIR) => return Err(Reason::NotADirectory),
            Err(Errno::LOOP) => return Err(Reason::Changed),
            Err(errno) => return Err(Reason::errno(errno)),
        };
        let stat = fstat(&fd).map_err(Reason::errno)?;
        match Seen::from(&stat) {
            Seen::Other(FileType::Symlink) => {
                self.trusts(&stat)?;
                if fstatfs(&fd).map_err(Reason::errno)?.f_type == PROC_SUPER_MAGIC {
                    return Err(Reason::MagicLink);
                }
                let text = readlinkat(&fd, "", Vec::new()).map_err(Reason::errno)?;
                Ok(Seen::Link(OsStr::from_bytes(text.to_bytes()).into()))
            }
            seen => Ok(seen),
        }
    }

    fn look_at_once(&self, path: &Path) -> Option<Seen> {
        match self.open_plain(path, OFlags::PATH) {
            Ok(fd) => fstat(&fd).ok().map(|stat| Seen::from(&stat)),
            Err(Errno::NOENT) => Some(Seen::Absent),
            Err(_) => None,
        }
    }

    fn bundles(&self) -> &[Bundle] {
        self.bundles()
    }
}

impl From<&Stat> for Seen {
    fn from(stat: &Stat) -> Self {
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::CharacterDevice if (major(stat.st_rdev), minor(stat.st_rdev)) == (1, 3) => {
                Self::NullDevice
            }
            other => Self::Other(other),
        }
    }
}

/// Where a path ends.
pub(crate) struct Place {
    /// Relative to the root, without symlinks and `..`.
    pub(crate) path: PathBuf,
    /// What is there.
    pub(crate) end: End,
    /// Whether a symlink was followed.
    linked: bool,
}

/// What is at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
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
    pub(crate) fn unusable(&self, reason: Reason) -> Unusable {
        Unusable::at(&self.path, self.linked, reason)
    }

    /// Whether this is the null device: by its name, whether or not it exists, or by its number.
    pub(crate) fn is_dev_null(&self) -> bool {
        self.end == End::NullDevice || self.path == Path::new("dev/null")
    }

    /// Whether there is a directory here.
    pub(crate) fn is_directory(&self) -> bool {
        self.end == DIRECTORY
    }

    /// The same place if it is a directory; `None` if nothing has the path.
    pub(crate) fn directory(self) -> Result<Option<Self>, Unusable> {
        match self.end {
            End::Absent => Ok(None),
            End::Dangling => Err(self.unusable(Reason::Missing)),
            DIRECTORY => Ok(Some(self)),
            End::Exists(_) | End::NullDevice => Err(self.unusable(Reason::NotADirectory)),
        }
    }

    /// Why there is no regular file here, if there is none.
    pub(crate) fn no_file(&self) -> Option<Unusable> {
        let reason = match self.end {
            End::Exists(FileType::RegularFile) => return None,
            End::Exists(other) => Reason::NotAFile(Kind::of(other)),
            End::NullDevice => Reason::NotAFile(Kind::CharacterDevice),
            End::Absent | End::Dangling => Reason::Missing,
        };
        Some(self.unusable(reason))
    }

    /// Reads the regular file here. Opens nothing else: opening a device can have effects.
    pub(crate) fn read(&self, root: &Root) -> Result<Text, Unusable> {
        self.read_by(root, |file| root.text(&file))
    }

    /// The same, read in this way.
    pub(super) fn read_by<T>(
        &self,
        root: &Root,
        read: impl FnOnce(OwnedFd) -> Result<T, Reason>,
    ) -> Result<T, Unusable> {
        if let Some(why) = self.no_file() {
            return Err(why);
        }
        let read = self.open(root).and_then(read);
        read.map_err(|reason| self.unusable(reason))
    }

    fn open(&self, root: &Root) -> Result<OwnedFd, Reason> {
        root.open_plain(&self.path, READ)
            .map_err(|errno| match errno {
                Errno::NOENT => Reason::Vanished,
                Errno::LOOP | Errno::NOTDIR => Reason::Changed,
                errno => Reason::errno(errno),
            })
    }
}

/// Follows `path` from the top of the root.
///
/// What decides where it leads is added to `trail`: each symlink on the way, each directory that one enters
/// and leaves again by `..`, and, where there is a symlink, the end, as seen inside the root.
pub(crate) fn walk(
    tree: &dyn Look,
    path: &Path,
    trail: &mut Vec<PathBuf>,
) -> Result<Place, Unusable> {
    // Most paths have no symlink on the way, and a walk costs three system calls for each component.
    if let Some(place) = at_once(tree, path) {
        return Ok(place);
    }
    let mut walk = Walk::new(tree, Path::new(""), trail);
    walk.push(path, false);
    walk.run()
}

/// The end of a path without symlinks and `..`, in one look.
fn at_once(tree: &dyn Look, path: &Path) -> Option<Place> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => return None,
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    let end = match tree.look_at_once(&plain)? {
        Seen::Absent => End::Absent,
        Seen::NullDevice => End::NullDevice,
        Seen::Other(kind) => End::Exists(kind),
        Seen::Link(_) => return None,
    };
    Some(Place {
        path: plain,
        end,
        linked: false,
    })
}

/// Follows the `text` of a symlink that lies in `directory`, itself a path without symlinks.
pub(crate) fn walk_link(
    tree: &dyn Look,
    directory: &Path,
    text: &Path,
    trail: &mut Vec<PathBuf>,
) -> Result<Place, Unusable> {
    let mut walk = Walk::new(tree, directory, trail);
    walk.links = 1;
    walk.push(text, true);
    walk.run()
}

struct Walk<'w> {
    tree: &'w dyn Look,
    trail: &'w mut Vec<PathBuf>,
    /// The part that is resolved, relative to the root, and what is there.
    done: PathBuf,
    end: End,
    /// The part that is not, last component first.
    todo: Vec<Step>,
    /// How many symlinks were followed, and the directory that the last one is in.
    links: usize,
    base: PathBuf,
}

struct Step {
    name: OsString,
    by_link: bool,
}

const DIRECTORY: End = End::Exists(FileType::Directory);

impl<'w> Walk<'w> {
    fn new(tree: &'w dyn Look, directory: &Path, trail: &'w mut Vec<PathBuf>) -> Self {
        Self {
            tree,
            trail,
            done: directory.into(),
            end: DIRECTORY,
            todo: Vec::new(),
            links: 0,
            base: directory.into(),
        }
    }

    fn run(mut self) -> Result<Place, Unusable> {
        while let Some(step) = self.todo.pop() {
            let went = if step.name == ".." {
                self.leave(step.by_link)
            } else {
                self.enter(step)
            };
            if let Err((at, reason)) = went {
                self.note(&at);
                return Err(Unusable::at(&at, self.links > 0, reason));
            }
        }
        let done = std::mem::take(&mut self.done);
        self.note(&done);
        Ok(Place {
            linked: self.links > 0,
            end: self.end,
            path: done,
        })
    }

    /// Without a symlink, a path decides for itself.
    fn note(&mut self, path: &Path) {
        if self.links > 0 {
            self.trail.push(Path::new("/").join(path));
        }
    }

    /// Puts the components of `path` before what is left to do.
    fn push(&mut self, path: &Path, by_link: bool) {
        if path.has_root() {
            // A mask is one wherever it is.
            let is_mask = path == Path::new("/dev/null");
            let top = self.bundle().filter(|_| by_link && !is_mask);
            self.done = top.map(Path::to_owned).unwrap_or_default();
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

    /// The top of the bundle that the resolved part is in: what the symlinks there begin at, and do not leave.
    fn bundle(&self) -> Option<&'w Path> {
        bundle::top_of(self.tree.bundles(), &self.done)
    }

    /// One directory up; at the top of the root, nowhere.
    fn leave(&mut self, by_link: bool) -> Result<(), (PathBuf, Reason)> {
        if self.end != DIRECTORY {
            return Err((self.done.clone(), Reason::NotADirectory));
        }
        // It has to be a directory all the same; the one that the symlink is in is.
        if !self.base.starts_with(&self.done) {
            let left = self.done.clone();
            self.note(&left);
        }
        let is_top = by_link && self.bundle() == Some(&*self.done);
        if !is_top {
            self.done.pop();
        }
        Ok(())
    }

    /// One component down, or on along a symlink.
    fn enter(&mut self, step: Step) -> Result<(), (PathBuf, Reason)> {
        if self.end != DIRECTORY {
            return Err((self.done.clone(), Reason::NotADirectory));
        }
        let next = self.done.join(&step.name);
        match self.tree.look(&next) {
            Ok(Seen::Absent) => return self.stop(step),
            Ok(Seen::Link(text)) => return self.follow(next, &text),
            Ok(Seen::NullDevice) => self.end = End::NullDevice,
            Ok(Seen::Other(kind)) => self.end = End::Exists(kind),
            Err(reason) => return Err((next, reason)),
        }
        self.done = next;
        Ok(())
    }

    fn follow(&mut self, at: PathBuf, text: &Path) -> Result<(), (PathBuf, Reason)> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err((at, Reason::Loop));
        }
        self.note(&at);
        let directory = at.parent().expect("a link is in a directory");
        directory.clone_into(&mut self.base);
        self.push(text, true);
        Ok(())
    }

    /// Nothing has this name, so the rest can only be taken as text.
    fn stop(&mut self, missing: Step) -> Result<(), (PathBuf, Reason)> {
        self.end = if missing.by_link {
            End::Dangling
        } else {
            End::Absent
        };
        self.done.push(missing.name);
        if self.todo.iter().any(|step| step.name == "..") {
            return Err((self.done.clone(), Reason::Missing));
        }
        while let Some(step) = self.todo.pop() {
            self.done.push(step.name);
        }
        Ok(())
    }
}
