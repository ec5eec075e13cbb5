//! Names in open directories.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use overlay_resolver::root::{Dir, Root};
use rustix::fs::{AtFlags, FileType, RenameFlags};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::remove::remove_all;

/// A name in an open directory, and how messages call it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) dir: Rc<Dir>,
    pub(super) name: OsString,
    pub(super) path: PathBuf,
}

/// The directories that a commit writes into, each opened once: more steps may wait to be carried out than a
/// process may have files open.
///
/// No symlink leads there that neither root nor the owner of the root's top made ([`Root::for_writing`]): who owns a
/// target, or a part of one, would else say what root writes and removes elsewhere.
pub(super) struct Directories {
    pub(super) root: Root,
    opened: RefCell<BTreeMap<PathBuf, Rc<Dir>>>,
}

impl Directories {
    pub(super) fn of(root: &Root) -> Self {
        Self {
            root: root.for_writing(),
            opened: RefCell::default(),
        }
    }

    /// Where the content of `path` lies: at the end of its symlinks, inside the root.
    pub(super) fn of_content(&self, path: &Path) -> Result<Place, CommitError> {
        self.of_end(path)?.ok_or_else(|| no_directory(path))
    }

    /// The same; none if its directory does not exist.
    pub(super) fn of_end(&self, path: &Path) -> Result<Option<Place>, CommitError> {
        let target = Path::new("/").join(self.root.chase(path).doing("follow", path)?);
        self.of_name(&target)
    }

    /// Where the name `path` itself lies; none if its directory does not exist.
    pub(super) fn of_name(&self, path: &Path) -> Result<Option<Place>, CommitError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(CommitError::new("write", path, Errno::ISDIR));
        };
        let dir = self.open(parent)?;
        Ok(dir.map(|dir| Place {
            dir,
            name: name.into(),
            path: path.into(),
        }))
    }

    fn open(&self, path: &Path) -> Result<Option<Rc<Dir>>, CommitError> {
        let mut opened = self.opened.borrow_mut();
        if let Some(dir) = opened.get(path) {
            return Ok(Some(Rc::clone(dir)));
        }
        let dir = self.root.dir(path).doing("open", path)?.map(Rc::new);
        opened.extend(dir.clone().map(|dir| (path.to_owned(), dir)));
        Ok(dir)
    }
}

impl Place {
    /// Makes what was renamed or removed in the directory durable.
    pub(super) fn sync(&self) -> Result<(), CommitError> {
        rustix::fs::fsync(&*self.dir).doing("sync the directory of", &self.path)
    }

    pub(super) fn rename(&self, from: &OsStr, to: &OsStr, flags: RenameFlags) -> Result<(), Errno> {
        rustix::fs::renameat_with(&*self.dir, from, &*self.dir, to, flags)
    }

    pub(super) fn unlink(&self, name: &OsStr) -> Result<(), Errno> {
        match rustix::fs::unlinkat(&*self.dir, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Makes room for what is about to get one of our own names, be it a directory that is in the way.
    pub(super) fn clear(&self, name: &OsStr) -> Result<(), Errno> {
        remove_all(self.dir.as_fd(), name)
    }

    /// What is under a name, itself; none if it is not there.
    pub(super) fn kind(&self, name: &OsStr) -> Result<Option<FileType>, Errno> {
        match rustix::fs::statat(&*self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Why nothing can be written to a path.
pub(super) fn no_directory(path: &Path) -> CommitError {
    CommitError::new("open the directory of", path, Errno::NOENT)
}
