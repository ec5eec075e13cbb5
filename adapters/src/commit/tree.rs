//! Whole directories: made aside and renamed.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use overlay_resolver::root::Root;
use rustix::fs::{Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

use super::access::{Access, AccessOf};
use super::error::{CommitError, Doing as _};
use super::names::staged_name;
use super::outcome::Outcome;
use super::place::{Directories, Place};
use super::remove::{open, remove_all};
use super::stage;

/// A directory that is to appear with all its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NewTree {
    /// Where, inside the root.
    pub(crate) path: PathBuf,
    /// The directories in it, parents first, relative to `path`.
    pub(crate) directories: Vec<PathBuf>,
    /// The files in it and in those, relative to `path`.
    pub(crate) files: Vec<(PathBuf, Vec<u8>)>,
    /// The symlinks, the same, with what they say.
    pub(crate) links: Vec<(PathBuf, PathBuf)>,
}

/// A [`NewTree`] on disk under its staged name.
pub(super) struct StagedTree {
    place: Place,
    name: OsString,
}

impl NewTree {
    pub(super) fn stage(
        &self,
        root: &Directories,
        access: &AccessOf,
    ) -> Result<StagedTree, CommitError> {
        if let Some(parent) = self.path.parent() {
            make_directories(&root.root, parent)?;
        }
        let place = root.of_content(&self.path)?;
        let name = staged_name(&place.name);
        let staged = StagedTree { place, name };
        match self.write(&staged, access) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.discard();
                Err(error)
            }
        }
    }

    fn write(&self, staged: &StagedTree, access: &AccessOf) -> Result<(), CommitError> {
        let parent = &*staged.place.dir;
        remove_all(parent.as_fd(), &staged.name).doing("replace the staged copy of", &self.path)?;
        (|| {
            let access_of = |name: &Path| Access::of(&self.path.join(name), access);
            let own = Access::of(&self.path, access);
            make(parent, Path::new(&staged.name), own)?;
            let top = open(parent, &staged.name)?;
            for directory in &self.directories {
                let (dir, name) = parent_in(&top, directory)?;
                make(&dir, name, access_of(directory))?;
            }
            for (file, content) in &self.files {
                let (dir, name) = parent_in(&top, file)?;
                stage::write_new(&dir, name, content, access_of(file))?;
            }
            for (link, to) in &self.links {
                let (dir, name) = parent_in(&top, link)?;
                rustix::fs::symlinkat(to, &dir, name)?;
            }
            for directory in self.directories.iter().rev() {
                let (dir, name) = parent_in(&top, directory)?;
                rustix::fs::fsync(open(&dir, name.as_os_str())?)?;
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

/// The directory in a new tree that a name of it is in, and its name there. The tree may belong to a user already, who
/// could put a symlink in the place of a directory of it: none is followed.
fn parent_in<'p>(top: &OwnedFd, path: &'p Path) -> Result<(OwnedFd, &'p Path), Errno> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Errno::ISDIR);
    };
    let parent = match parent.as_os_str() {
        here if here.is_empty() => Path::new("."),
        _ => parent,
    };
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let dir = rustix::fs::openat2(top, parent, flags, Mode::empty(), inside)?;
    Ok((dir, Path::new(name)))
}

/// Removes what is at `place`, be it a file or a whole directory. Symlinks are removed, not followed.
pub(super) fn remove(place: &Place) -> Result<(), CommitError> {
    remove_all(place.dir.as_fd(), &place.name).doing("remove", &place.path)
}

/// Makes a directory and its parents, inside the root. What exists stays as it is.
pub(super) fn make_directories(root: &Root, path: &Path) -> Result<(), CommitError> {
    let directories = Directories::of(root);
    let mut made = PathBuf::from("/");
    for component in path.components() {
        let Component::Normal(name) = component else {
            continue;
        };
        let next = made.join(name);
        if directories.root.dir(&next).doing("open", &next)?.is_none() {
            let place = directories
                .of_name(&next)?
                .ok_or_else(|| CommitError::new("create", &next, Errno::NOENT))?;
            make(&*place.dir, Path::new(&place.name), Access::Kept).doing("create", &next)?;
            place.sync()?;
        }
        made = next;
    }
    Ok(())
}

/// Makes one directory, whatever the umask; one that is there already is fine.
fn make(parent: impl AsFd, path: &Path, access: Access) -> Result<(), Errno> {
    match rustix::fs::mkdirat(&parent, path, Mode::RWXU) {
        Ok(()) => access.give_directory(&parent, &open(&parent, path.as_os_str())?),
        Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error),
    }
}
