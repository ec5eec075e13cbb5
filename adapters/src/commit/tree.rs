//! Whole directories: made aside and renamed.

use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::{Component, Path, PathBuf};

use overlay_resolver::root::Root;
use rustix::fs::{Mode, RenameFlags};
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
pub struct NewTree {
    /// Where, inside the root.
    pub path: PathBuf,
    /// The directories in it, parents first, relative to `path`.
    pub directories: Vec<PathBuf>,
    /// The files in it and in those, relative to `path`.
    pub files: Vec<(PathBuf, Vec<u8>)>,
    /// The symlinks, the same, with what they say.
    pub links: Vec<(PathBuf, PathBuf)>,
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
        access: &AccessOf,
    ) -> Result<StagedTree, CommitError> {
        if let Some(parent) = self.path.parent() {
            make_directories(root.root, parent)?;
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
                make(&top, directory, access_of(directory))?;
            }
            for (name, content) in &self.files {
                stage::write_new(&top, name, content, access_of(name))?;
            }
            for (name, to) in &self.links {
                rustix::fs::symlinkat(to, &top, name)?;
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
