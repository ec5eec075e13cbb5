//! One file: staged beside its target, then swapped with it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{AtFlags, Gid, Mode, OFlags, RawMode, RenameFlags, Uid, XattrFlags};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::{Outcome, Place, staged_name};

/// What a new file gets; a replaced one keeps its own. libostree writes 0644 too.
const NEW_FILE_MODE: RawMode = 0o644;

/// A file's new content, on disk under [`staged_name`].
pub(super) struct Staged {
    place: Place,
    name: OsString,
}

impl Staged {
    /// Writes `content` beside `place`, durably, with the mode, owner and extended attributes of the
    /// file it will replace.
    pub(super) fn new(place: Place, replaces: bool, content: &[u8]) -> Result<Self, CommitError> {
        let staged = Self {
            name: staged_name(&place.name),
            place,
        };
        match staged.write(replaces, content) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.discard();
                Err(error)
            }
        }
    }

    fn write(&self, replaces: bool, content: &[u8]) -> Result<(), CommitError> {
        let path = &self.place.path;
        let part = partial_name(&self.name);
        // A run that was killed may have left one.
        self.place
            .unlink(&part)
            .doing("replace the staged copy of", path)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&self.place.dir, &part, flags, Mode::from_raw_mode(0o600))
            .doing("stage", path)?;
        write_all(&file, content).doing("stage", path)?;
        if replaces {
            self.copy_metadata(&file)?;
        } else {
            rustix::fs::fchmod(&file, Mode::from_raw_mode(NEW_FILE_MODE)).doing("stage", path)?;
        }
        rustix::fs::fsync(&file).doing("stage", path)?;
        // What a killed run left under the staged name may be all that tells what it had done, so it
        // is replaced by something whole or not at all.
        self.place
            .rename(&part, &self.name, RenameFlags::empty())
            .doing("stage", path)?;
        self.place.sync()
    }

    fn copy_metadata(&self, new: &OwnedFd) -> Result<(), CommitError> {
        let path = &self.place.path;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let old = match rustix::fs::openat(&self.place.dir, &self.place.name, flags, Mode::empty())
        {
            // It vanished, which the swap will notice.
            Err(Errno::NOENT) => return Ok(()),
            other => other.doing("open", path)?,
        };
        let old_stat = rustix::fs::fstat(&old).doing("look at", path)?;
        let new_stat = rustix::fs::fstat(new).doing("look at", path)?;
        if (old_stat.st_uid, old_stat.st_gid) != (new_stat.st_uid, new_stat.st_gid) {
            let (owner, group) = (
                Uid::from_raw(old_stat.st_uid),
                Gid::from_raw(old_stat.st_gid),
            );
            rustix::fs::fchown(new, Some(owner), Some(group)).doing("keep the owner of", path)?;
        }
        rustix::fs::fchmod(new, Mode::from_raw_mode(old_stat.st_mode))
            .doing("keep the mode of", path)?;
        copy_xattrs(&old, new).doing("keep the extended attributes of", path)
    }

    /// Swaps the staged file with its target, which must still hold `expected`.
    pub(super) fn put_in_place(self, expected: Option<&[u8]>) -> Result<Outcome, CommitError> {
        let outcome = match expected {
            Some(expected) => self.swap(expected),
            None => self.link(),
        }?;
        if outcome == Outcome::Done {
            self.place.sync()?;
        }
        Ok(outcome)
    }

    fn swap(&self, expected: &[u8]) -> Result<Outcome, CommitError> {
        let Place { path, name, .. } = &self.place;
        if self.read(name)?.as_deref() != Some(expected) {
            return Ok(Outcome::Raced);
        }
        match self.place.rename(&self.name, name, RenameFlags::EXCHANGE) {
            Ok(()) => {}
            Err(Errno::NOENT) => return Ok(Outcome::Raced),
            // A file system without the exchange leaves the look from just now as the only check.
            Err(Errno::INVAL | Errno::NOSYS) => {
                self.place
                    .rename(&self.name, name, RenameFlags::empty())
                    .doing("replace", path)?;
                return Ok(Outcome::Done);
            }
            Err(error) => return Err(error).doing("replace", path),
        }
        if self.read(&self.name)?.as_deref() == Some(expected) {
            self.place
                .unlink(&self.name)
                .doing("remove the old copy of", path)?;
            return Ok(Outcome::Done);
        }
        self.place
            .rename(&self.name, name, RenameFlags::EXCHANGE)
            .doing("put back what another program wrote to", path)?;
        Ok(Outcome::Raced)
    }

    /// For a file that did not exist: whoever made it in the meantime goes first.
    fn link(&self) -> Result<Outcome, CommitError> {
        let Place { path, name, .. } = &self.place;
        match self.place.rename(&self.name, name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => Ok(Outcome::Raced),
            Err(Errno::INVAL | Errno::NOSYS) if self.read(name)?.is_none() => self
                .place
                .rename(&self.name, name, RenameFlags::empty())
                .doing("create", path)
                .map(|()| Outcome::Done),
            other => other.doing("create", path).map(|()| Outcome::Done),
        }
    }

    fn read(&self, name: &OsStr) -> Result<Option<Vec<u8>>, CommitError> {
        read(&self.place, name)
    }

    /// Forgets the staged file. That it could not be removed is no news: the next run tries again.
    pub(super) fn discard(self) {
        for name in [&partial_name(&self.name), &self.name] {
            self.place.unlink(name).unwrap_or_default();
        }
    }
}

/// What is under a name beside `place`.
fn read(place: &Place, name: &OsStr) -> Result<Option<Vec<u8>>, CommitError> {
    let path = &place.path;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::openat(&place.dir, name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        other => other.doing("read back", path)?,
    };
    let mut content = Vec::new();
    std::io::Read::read_to_end(&mut std::fs::File::from(file), &mut content)
        .doing("read back", path)?;
    Ok(Some(content))
}

/// Takes a file away if it still has `expected`, which is looked at once it is out of reach: what another
/// program wrote meanwhile is put back.
pub(super) fn take(place: &Place, expected: &[u8]) -> Result<Outcome, CommitError> {
    let Place { path, name, .. } = place;
    let aside = staged_name(name);
    match place.rename(name, &aside, RenameFlags::empty()) {
        Ok(()) => {}
        Err(Errno::NOENT) => return Ok(Outcome::Done),
        Err(error) => return Err(error).doing("remove", path),
    }
    // A link has no content of its own; what it leads to stays where it is.
    let content = read(place, &aside).unwrap_or_default();
    if content.is_none_or(|content| content == expected) {
        place.unlink(&aside).doing("remove", path)?;
        place.sync()?;
        return Ok(Outcome::Done);
    }
    match place.rename(&aside, name, RenameFlags::NOREPLACE) {
        Ok(()) | Err(Errno::EXIST) => Ok(Outcome::Raced),
        Err(error) => Err(error).doing("put back what another program wrote to", path),
    }
}

/// The name of a staged file that is still being written.
fn partial_name(staged: &OsStr) -> OsString {
    let mut part = staged.to_owned();
    part.push("~");
    part
}

pub(super) fn write_all(file: &OwnedFd, mut content: &[u8]) -> Result<(), Errno> {
    while !content.is_empty() {
        match rustix::io::write(file, content) {
            Ok(written) => content = content.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Copies labels, ACLs and whatever else stands in extended attributes.
pub(super) fn copy_xattrs(old: &OwnedFd, new: &OwnedFd) -> Result<(), Errno> {
    // The kernel's limits for the list and for one value.
    const LIMIT: usize = 64 * 1024;
    let mut names = Vec::with_capacity(LIMIT);
    match rustix::fs::flistxattr(old, rustix::buffer::spare_capacity(&mut names)) {
        Err(Errno::NOTSUP) => return Ok(()),
        other => other?,
    };
    for name in names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
    {
        let mut value = Vec::with_capacity(LIMIT);
        match rustix::fs::fgetxattr(old, name, rustix::buffer::spare_capacity(&mut value)) {
            Err(Errno::NODATA) => continue,
            other => other?,
        };
        match rustix::fs::fsetxattr(new, name, &value, XattrFlags::empty()) {
            // A label that the file system or an unprivileged user may not set is what a new file
            // there gets anyway.
            Err(Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => {}
            other => other?,
        }
    }
    Ok(())
}

/// Writes a new file and makes its content durable.
pub(super) fn write_new(dir: &OwnedFd, name: &Path, content: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(NEW_FILE_MODE))?;
    rustix::fs::fchmod(&file, Mode::from_raw_mode(NEW_FILE_MODE))?;
    write_all(&file, content)?;
    rustix::fs::fsync(&file)
}

/// Removes a name that is not a directory; one that is gone already is fine.
pub(super) fn unlink_file(dir: &OwnedFd, name: &OsStr) -> Result<(), Errno> {
    match rustix::fs::unlinkat(dir, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "a root is a directory of the test's"
    )]

    use std::fs;

    use overlay_resolver::root::Root;

    use crate::commit::{Batch, Outcome, Step, commit};

    #[test]
    fn only_what_was_read_is_taken() {
        for (found, outcome, left) in [
            (Some("as read"), Outcome::Done, None),
            (Some("written since"), Outcome::Raced, Some("written since")),
            (None, Outcome::Done, None),
        ] {
            let place = tempfile::tempdir().unwrap();
            let path = place.path().join("file");
            if let Some(found) = found {
                fs::write(&path, found).unwrap();
            }
            let take = Step::Take {
                path: "/file".into(),
                expected: b"as read".to_vec(),
            };
            let batch = Batch { steps: vec![take] };
            let root = Root::open(place.path()).unwrap();
            assert_eq!(commit(&root, &batch).unwrap(), outcome, "{found:?}");
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), left, "{found:?}");
            assert_eq!(
                fs::read_dir(place.path()).unwrap().count(),
                usize::from(left.is_some()),
                "nothing stays aside"
            );
        }
    }
}
