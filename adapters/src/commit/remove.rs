//! What goes, be it a file or a whole directory, name by name.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;

use rustix::fs::{AtFlags, Dir as DirStream, FileType, Mode, OFlags};
use rustix::io::Errno;

/// Removes a name in an open directory, be it a file or a whole directory. Symlinks are removed, not followed.
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
            _ => unlink_file(dir, name),
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

/// Removes a name that is not a directory; one that is gone already is fine.
pub(super) fn unlink_file(dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

/// Opens a directory in another.
pub(super) fn open(parent: impl AsFd, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(parent, name, flags, Mode::empty())
}
