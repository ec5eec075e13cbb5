//! Whole directories: made aside and renamed, removed name by name.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use overlay_resolver::root::Root;
use rustix::fs::{AtFlags, Dir as DirStream, FileType, Mode, OFlags, RawMode, RenameFlags};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::stage::Readers;
use super::{Directories, Outcome, Place, stage, staged_name};

const DIRECTORY_MODE: RawMode = 0o755;

/// A directory that is to appear with all its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewTree {
    /// Where, inside the root.
    pub path: PathBuf,
    /// The directories in it, parents first, relative to `path`.
    pub directories: Vec<PathBuf>,
    /// The files directly in it.
    pub files: Vec<(PathBuf, Vec<u8>)>,
}

/// A [`NewTree`] on disk under its staged name.
pub(super) struct StagedTree {
    place: Place,
    name: OsString,
}

impl NewTree {
    pub(super) fn stage(
        &self,
        root: &Directories<'_>,
        private: &BTreeSet<PathBuf>,
    ) -> Result<StagedTree, CommitError> {
        if let Some(parent) = self.path.parent() {
            make_directories(root.root, parent)?;
        }
        let place = root.of_content(&self.path)?;
        let name = staged_name(&place.name);
        let staged = StagedTree { place, name };
        match self.write(&staged, private) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.discard();
                Err(error)
            }
        }
    }

    fn write(&self, staged: &StagedTree, private: &BTreeSet<PathBuf>) -> Result<(), CommitError> {
        let parent = &*staged.place.dir;
        remove_all(parent.as_fd(), &staged.name).doing("replace the staged copy of", &self.path)?;
        (|| {
            make(parent, Path::new(&staged.name))?;
            let top = open(parent, &staged.name)?;
            for directory in &self.directories {
                make(&top, directory)?;
            }
            for (name, content) in &self.files {
                let readers = Readers::of(&self.path.join(name), private);
                stage::write_new(&top, name, content, readers)?;
            }
            for directory in self.directories.iter().rev() {
                rustix::fs::fsync(open(&top, directory.as_os_str())?)?;
            }
            rustix::fs::fsync(&top)
        })()
        .doing("stage", &self.path)
    }
}

impl StagedTree {
    pub(super) fn put_in_place(self) -> Result<Outcome, CommitError> {
        let Place { path, name, .. } = &self.place;
        match self.place.rename(&self.name, name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST | Errno::NOTEMPTY) => return Ok(Outcome::Raced),
            // Without the flag, a directory that is not empty stops the rename all the same.
            Err(Errno::INVAL | Errno::NOSYS) => {
                match self.place.rename(&self.name, name, RenameFlags::empty()) {
                    Err(Errno::EXIST | Errno::NOTEMPTY) => return Ok(Outcome::Raced),
                    other => other.doing("create", path)?,
                }
            }
            other => other.doing("create", path)?,
        }
        self.place.sync()?;
        Ok(Outcome::Done)
    }

    pub(super) fn discard(self) {
        remove_all(self.place.dir.as_fd(), &self.name).unwrap_or_default();
    }
}

/// Removes what is at `place`, be it a file or a whole directory. Symlinks are removed, not followed.
pub(super) fn remove(place: &Place) -> Result<(), CommitError> {
    remove_all(place.dir.as_fd(), &place.name).doing("remove", &place.path)
}

/// The same of a name in an open directory.
///
/// Neither by recursion nor with a descriptor for each level, whatever the depth: what is below a directory
/// in the tree is moved up to its top before the directory goes. To remove it where it is would take the longer
/// the deeper it is, where the kernel makes a path of it first.
pub(super) fn remove_all(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => return Ok(()),
        Err(Errno::ISDIR) => {}
        Err(error) => return Err(error),
    }
    let top = open(parent, name)?;
    let mut moved = 0;
    loop {
        let directories = unlink_files(&top)?;
        if directories.is_empty() {
            return remove_empty(parent, name);
        }
        for directory in directories {
            let dir = open(&top, &directory)?;
            for below in unlink_files(&dir)? {
                move_up(&dir, &below, &top, &mut moved)?;
            }
            remove_empty(top.as_fd(), &directory)?;
        }
    }
}

fn move_up(from: &OwnedFd, name: &OsStr, top: &OwnedFd, moved: &mut u64) -> Result<(), Errno> {
    loop {
        let to = moved.to_string();
        *moved += 1;
        match rustix::fs::renameat(from, name, top, &to) {
            // Names of the tree itself may be numbers, too.
            Err(Errno::EXIST | Errno::NOTEMPTY) => {}
            other => return other,
        }
    }
}

/// Removes what is no directory. Returns the names of those that are not empty.
fn unlink_files(dir: &OwnedFd) -> Result<Vec<OsString>, Errno> {
    let mut directories = Vec::new();
    for entry in DirStream::read_from(dir)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let unlinked = match entry.file_type() {
            FileType::Directory => Err(Errno::ISDIR),
            _ => stage::unlink_file(dir, name),
        };
        match unlinked {
            Ok(()) => {}
            Err(Errno::ISDIR) => match remove_empty(dir.as_fd(), name) {
                Ok(()) => {}
                Err(Errno::NOTEMPTY | Errno::EXIST) => directories.push(name.to_owned()),
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        }
    }
    Ok(directories)
}

fn remove_empty(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

/// Makes a directory and its parents, inside the root. What exists stays as it is.
pub(super) fn make_directories(root: &Root, path: &Path) -> Result<(), CommitError> {
    let mut made = PathBuf::from("/");
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        let next = made.join(name);
        if root.dir(&next).doing("open", &next)?.is_none() {
            let place = Directories::of(root)
                .of_name(&next)?
                .ok_or_else(|| CommitError::new("create", &next, Errno::NOENT))?;
            make(&*place.dir, Path::new(&place.name)).doing("create", &next)?;
            place.sync()?;
        }
        made = next;
    }
    Ok(())
}

/// Makes one directory, whatever the umask; one that is there already is fine.
fn make(parent: impl AsFd, path: &Path) -> Result<(), Errno> {
    match rustix::fs::mkdirat(&parent, path, Mode::from_raw_mode(DIRECTORY_MODE)) {
        Ok(()) => {
            let made = open(&parent, path.as_os_str())?;
            stage::inherit_owner(&parent, &made)?;
            rustix::fs::fchmod(made, Mode::from_raw_mode(DIRECTORY_MODE))
        }
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}

fn open(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}
