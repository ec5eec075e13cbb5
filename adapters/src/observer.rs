//! What looks at the files of a target and at those beside a layer's: each directory is opened and listed
//! once, and what is not in its listing costs no system call.
//!
//! One observer serves one plan: it sees each directory as it was at the first look. What changes
//! meanwhile is found by the commit, which compares what it displaces with what was read.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Content, Dir, FRAGMENT_LIMIT, MemberKind, Root, Unusable};
use rustix::fs::{AtFlags, RawMode};
use rustix::io::Errno;

use crate::code;

/// The largest file that is read: a configuration with some ten thousand remotes.
pub(crate) const LIMIT: usize = FRAGMENT_LIMIT;

/// The most directories that are held open; entries may name stamps in any number of them.
const HELD: usize = 64;

/// What looks.
#[derive(Debug)]
pub(crate) struct Observer<'r> {
    root: &'r Root,
    directories: RefCell<BTreeMap<PathBuf, Listed>>,
}

/// A directory that was looked into; none where there is none.
type Listed = Result<Option<Rc<Listing>>, Unusable>;

/// A directory with what it holds.
#[derive(Debug)]
pub(crate) struct Listing {
    dir: Dir,
    members: BTreeMap<OsString, MemberKind>,
}

impl Listing {
    /// The names in it, in byte order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &OsStr> {
        self.members.keys().map(OsString::as_os_str)
    }

    /// The directory itself.
    pub(crate) fn dir(&self) -> &Dir {
        &self.dir
    }
}

impl<'r> Observer<'r> {
    /// One that has not looked yet.
    pub(crate) fn new(root: &'r Root) -> Self {
        Self {
            root,
            directories: RefCell::default(),
        }
    }

    /// The root that it looks into.
    pub(crate) fn root(&self) -> &'r Root {
        self.root
    }

    /// A directory with what it holds; none if nothing has this path.
    pub(crate) fn listing(&self, path: &Path) -> Listed {
        let mut directories = self.directories.borrow_mut();
        if let Some(known) = directories.get(path) {
            return known.clone();
        }
        let listed = list(self.root, path);
        if directories.len() < HELD {
            directories.insert(path.to_owned(), listed.clone());
        }
        listed
    }

    /// What the listing of its directory says that a path is, itself; none if it is not there.
    pub(crate) fn kind(&self, path: &Path) -> Result<Option<MemberKind>, Unusable> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Some(MemberKind::Directory));
        };
        let listing = self.listing(parent)?;
        Ok(listing.and_then(|listing| listing.members.get(name).copied()))
    }

    /// Where a symlink leads inside the root, if it is one and leads somewhere.
    pub(crate) fn link(&self, path: &Path) -> Option<PathBuf> {
        let (parent, name) = (path.parent()?, path.file_name()?);
        match self.kind(path) {
            Ok(Some(MemberKind::Symlink | MemberKind::Unknown)) => {}
            _ => return None,
        }
        let end = self.root.chase(path).ok()?;
        let itself = self.root.chase(parent).ok()?.join(name);
        (end != itself).then(|| Path::new("/").join(end))
    }

    /// Whether there is anything under this name; a dangling symlink is something.
    pub(crate) fn has(&self, path: &Path) -> Result<bool, Unusable> {
        self.kind(path).map(|kind| kind.is_some())
    }

    /// Whether a file or directory is there, by symlinks or not.
    pub(crate) fn exists(&self, path: &Path) -> bool {
        match self.kind(path) {
            Ok(Some(MemberKind::File | MemberKind::Directory)) => true,
            Ok(None) => false,
            _ => {
                matches!(self.root.dir(path), Ok(Some(_)))
                    || matches!(self.root.read(path, LIMIT), Ok(Some(_)))
            }
        }
    }

    /// The bytes of a regular file, as [`Root::read`] reads it; none if nothing has this path.
    pub(crate) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, Unusable> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.root.read(path, LIMIT);
        };
        let Some(listing) = self.listing(parent)? else {
            return Ok(None);
        };
        match listing.members.get(name) {
            None => Ok(None),
            Some(MemberKind::File) => match listing.dir.content(name) {
                // Nobody else has it, unless a link leads here, too.
                Content::File(bytes) => Ok(Some(Arc::unwrap_or_clone(bytes))),
                Content::Mask(_) => Ok(Some(Vec::new())),
                Content::Unusable(why) => Err(*why),
            },
            // Only the way from the top tells where a symlink leads, and what is wrong with the rest.
            Some(_) => self.root.read(path, LIMIT),
        }
    }
}

/// Whether everybody may read a file: it, and the directories on the way to it inside the root. Not so of one that is gone.
///
/// # Errors
/// It cannot be told.
pub(crate) fn is_for_all(root: &Root, path: &Path) -> Result<bool, Finding> {
    let end = root.chase(path).map_err(|why| untold(path, why))?;
    let end = Path::new("/").join(end);
    let directories = end.ancestors().skip(1).map(|directory| (directory, 0o001));
    for (path, what) in [(&*end, 0o004)].into_iter().chain(directories) {
        let may = path.parent().is_none()
            || mode_of(root, path)?.is_some_and(|mode: RawMode| mode & what != 0);
        if !may {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The mode of what is at a path, without its type: of a symlink, that itself. None where nothing is.
///
/// # Errors
/// It cannot be told.
pub(crate) fn mode_of(root: &Root, path: &Path) -> Result<Option<RawMode>, Finding> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(None);
    };
    let Some(dir) = root.dir(parent).map_err(|why| untold(path, why))? else {
        return Ok(None);
    };
    match rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat.st_mode & 0o7777)),
        Err(Errno::NOENT) => Ok(None),
        Err(why) => Err(untold(path, why)),
    }
}

fn untold(path: &Path, why: impl Display) -> Finding {
    code::UNREADABLE.error(path, format!("cannot tell who may read it: {why}"))
}

fn list(root: &Root, path: &Path) -> Listed {
    let Some(dir) = root.dir(path)? else {
        return Ok(None);
    };
    let members = dir.members()?.into_iter();
    let members = members.map(|member| (member.name, member.kind)).collect();
    Ok(Some(Rc::new(Listing { dir, members })))
}
