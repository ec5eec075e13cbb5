//! One file: staged beside its target, then swapped with it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, RawMode, RenameFlags, Uid, XattrFlags};
use rustix::io::Errno;

use overlay_resolver::root::Root;

use super::displaced::{self, Content, Note, Seen};
use super::error::{CommitError, Doing as _};
use super::{Outcome, Place, staged_name};

/// What a new file gets; a replaced one keeps its own. libostree writes 0644 too.
const NEW_FILE_MODE: RawMode = 0o644;

/// Who may read a file that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// Everybody, unless it is one that was narrower.
    All,
    /// Its owner alone: it holds what others cannot read where it comes from.
    Owner,
}

impl Readers {
    pub(super) fn of(path: &Path, private: &BTreeSet<PathBuf>) -> Self {
        if private.contains(path) {
            Self::Owner
        } else {
            Self::All
        }
    }

    /// A mode, without what others may do.
    fn narrow(self, mode: RawMode) -> Mode {
        Mode::from_raw_mode(match self {
            Self::All => mode,
            Self::Owner => mode & !0o077,
        })
    }
}

/// A file's new content, on disk under [`staged_name`].
pub(super) struct Staged {
    place: Place,
    name: OsString,
    /// What it is to displace; none if there is nothing yet.
    expected: Option<Content>,
    new: Content,
}

impl Staged {
    /// Writes `content` beside `place`, durably, with the mode, owner and extended attributes of the
    /// file it will replace, which must still hold `expected` then.
    pub(super) fn new(
        place: Place,
        expected: Option<&[u8]>,
        content: &[u8],
        readers: Readers,
    ) -> Result<Self, CommitError> {
        let staged = Self {
            name: staged_name(&place.name),
            expected: expected.map(Content::of),
            new: Content::of(content),
            place,
        };
        match staged.write(content, readers) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.abandon();
                Err(error)
            }
        }
    }

    fn write(&self, content: &[u8], readers: Readers) -> Result<(), CommitError> {
        let path = &self.place.path;
        let part = partial_name(&self.name);
        // A run that was killed may have left one.
        self.place
            .clear(&part)
            .doing("replace the staged copy of", path)?;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*self.place.dir, &part, flags, Mode::from_raw_mode(0o600))
            .doing("stage", path)?;
        write_all(&file, content).doing("stage", path)?;
        match &self.expected {
            Some(_) => self.copy_metadata(&file, readers)?,
            None => inherit_owner(&self.place.dir, &file)
                .and_then(|()| rustix::fs::fchmod(&file, readers.narrow(NEW_FILE_MODE)))
                .doing("stage", path)?,
        }
        rustix::fs::fsync(&file).doing("stage", path)?;
        // Before the staged file has its name, so that the note is there whenever that may have been
        // exchanged.
        if let Some(expected) = &self.expected {
            let (expected, new) = (expected.clone(), Some(self.new.clone()));
            let note = Note { expected, new };
            note.leave(&self.place).doing("stage", path)?;
        }
        // What a killed run left under the staged name may be all that tells what it had done, so it
        // is replaced by something whole or not at all. A directory is none of ours.
        if self.place.kind(&self.name).doing("stage", path)? == Some(FileType::Directory) {
            self.place.clear(&self.name).doing("stage", path)?;
        }
        self.place
            .rename(&part, &self.name, RenameFlags::empty())
            .doing("stage", path)?;
        self.place.sync()
    }

    fn copy_metadata(&self, new: &OwnedFd, readers: Readers) -> Result<(), CommitError> {
        let path = &self.place.path;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let old = match rustix::fs::openat(&*self.place.dir, &self.place.name, flags, Mode::empty())
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
        rustix::fs::fchmod(new, readers.narrow(old_stat.st_mode))
            .doing("keep the mode of", path)?;
        copy_xattrs(&old, new).doing("keep the extended attributes of", path)
    }

    /// Puts it in place, whatever is there. Returns where that is.
    pub(super) fn put_over(self) -> Result<Place, CommitError> {
        let Place { path, name, .. } = &self.place;
        self.place
            .rename(&self.name, name, RenameFlags::empty())
            .doing("write", path)?;
        self.place.sync()?;
        Ok(self.place)
    }

    /// Puts the staged file in the place of its target.
    pub(super) fn put_in_place(self) -> Result<Outcome, CommitError> {
        let outcome = match &self.expected {
            Some(expected) => self.swap(expected),
            None => self.link(),
        }?;
        if outcome == Outcome::Done {
            self.place.sync()?;
        }
        Ok(outcome)
    }

    fn swap(&self, expected: &Content) -> Result<Outcome, CommitError> {
        let Place { path, name, .. } = &self.place;
        if !displaced::look(&self.place, name)?.is(expected) {
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
                Note::remove(&self.place).doing("remove the old copy of", path)?;
                return Ok(Outcome::Done);
            }
            Err(error) => return Err(error).doing("replace", path),
        }
        let displaced = self.look_at_displaced()?;
        if displaced.is(expected) {
            self.place
                .unlink(&self.name)
                .and_then(|()| Note::remove(&self.place))
                .doing("remove the old copy of", path)?;
            return Ok(Outcome::Done);
        }
        self.put_back(displaced)?;
        Ok(Outcome::Raced)
    }

    /// Gives what another program wrote its place back. What that displaces is looked at in its turn:
    /// it is ours, or somebody wrote once more, and the last word stays.
    fn put_back(&self, mut displaced: Seen) -> Result<(), CommitError> {
        let Place { path, name, .. } = &self.place;
        let mut in_place = Seen::File(self.new.clone());
        loop {
            match self.place.rename(&self.name, name, RenameFlags::EXCHANGE) {
                Ok(()) => {}
                // Who took the file away meanwhile did so last; what was written before is theirs, too.
                Err(Errno::NOENT) => {
                    displaced::save(&self.place, &self.name)?;
                    break;
                }
                Err(error) => {
                    return Err(error).doing("put back what another program wrote to", path);
                }
            }
            let next = self.look_at_displaced()?;
            if next == in_place {
                break;
            }
            in_place = std::mem::replace(&mut displaced, next);
        }
        // Under the staged name is ours now, or what its own writer has superseded.
        if displaced::look(&self.place, &self.name)? == Seen::Other {
            displaced::save(&self.place, &self.name)?;
        }
        Note::remove(&self.place).doing("remove the old copy of", path)?;
        self.place.sync()
    }

    /// What the exchange brought out. What cannot be read may be anybody's.
    fn look_at_displaced(&self) -> Result<Seen, CommitError> {
        displaced::look(&self.place, &self.name).or_else(|error| {
            self.place
                .rename(&self.name, &self.place.name, RenameFlags::EXCHANGE)
                .doing("put back what another program wrote to", &self.place.path)?;
            Err(error)
        })
    }

    /// For a file that did not exist: whoever made it in the meantime goes first.
    fn link(&self) -> Result<Outcome, CommitError> {
        let Place { path, name, .. } = &self.place;
        match self.place.rename(&self.name, name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => Ok(Outcome::Raced),
            Err(Errno::INVAL | Errno::NOSYS)
                if displaced::look(&self.place, name)? == Seen::Nothing =>
            {
                let renamed = self.place.rename(&self.name, name, RenameFlags::empty());
                renamed.doing("create", path).map(|()| Outcome::Done)
            }
            other => other.doing("create", path).map(|()| Outcome::Done),
        }
    }

    /// Forgets what could not be staged. What a dead run left under the staged name stays with a note.
    fn abandon(&self) {
        self.place
            .unlink(&partial_name(&self.name))
            .unwrap_or_default();
        if self.place.kind(&self.name) == Ok(None) {
            Note::remove(&self.place).unwrap_or_default();
        }
    }

    /// Forgets the staged file. That it could not be removed is no news: the next run tries again.
    pub(super) fn discard(self) {
        for name in [&partial_name(&self.name), &self.name] {
            self.place.unlink(name).unwrap_or_default();
        }
        Note::remove(&self.place).unwrap_or_default();
    }
}

/// Notes what is to be taken away, before it is.
pub(super) fn note_taking(place: &Place, expected: &[u8]) -> Result<(), CommitError> {
    let expected = Content::of(expected);
    let note = Note {
        expected,
        new: None,
    };
    note.leave(place).doing("stage", &place.path)?;
    place.sync()
}

/// Takes a file away if it still has `expected`, which is looked at once it is out of reach: what another
/// program wrote meanwhile is put back.
pub(super) fn take(root: &Root, place: &Place, expected: &[u8]) -> Result<Outcome, CommitError> {
    let Place { path, name, .. } = place;
    let aside = staged_name(name);
    let outcome = match place.rename(name, &aside, RenameFlags::empty()) {
        Ok(()) => drop_taken(root, place, &aside, expected)?,
        Err(Errno::NOENT) => Outcome::Done,
        Err(error) => return Err(error).doing("remove", path),
    };
    Note::remove(place).doing("remove", path)?;
    place.sync()?;
    Ok(outcome)
}

fn drop_taken(
    root: &Root,
    place: &Place,
    aside: &OsStr,
    expected: &[u8],
) -> Result<Outcome, CommitError> {
    let path = &place.path;
    let as_planned = match displaced::look(place, aside)? {
        // A link has no content of its own; what it leads to was read, and stays where it is.
        Seen::Other => matches!(
            root.read(&path.with_file_name(aside), expected.len() + 1),
            Ok(Some(content)) if content == expected
        ),
        seen => seen.is(&Content::of(expected)),
    };
    if as_planned {
        // As long as there is a note and nothing aside, the file is where it was, or somebody else took it away.
        Note::remove(place).doing("remove", path)?;
        place.unlink(aside).doing("remove", path)?;
        return Ok(Outcome::Done);
    }
    if !displaced::put_back(place, aside)? {
        displaced::save(place, aside)?;
    }
    Ok(Outcome::Raced)
}

/// The name of a staged file that is still being written.
pub(super) fn partial_name(staged: &OsStr) -> OsString {
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

/// Gives what is new in a directory the owner of that: an installation of a user's stays theirs.
pub(super) fn inherit_owner(dir: impl AsFd, new: impl AsFd) -> Result<(), Errno> {
    let (dir, own) = (rustix::fs::fstat(dir)?, rustix::fs::fstat(&new)?);
    if dir.st_uid == own.st_uid {
        return Ok(());
    }
    let (owner, group) = (Uid::from_raw(dir.st_uid), Gid::from_raw(dir.st_gid));
    match rustix::fs::fchown(new, Some(owner), Some(group)) {
        // Who is not root makes nothing for others.
        Err(Errno::PERM) => Ok(()),
        other => other,
    }
}

/// Writes a new file and makes its content durable.
pub(super) fn write_new(
    dir: &OwnedFd,
    name: &Path,
    content: &[u8],
    readers: Readers,
) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = readers.narrow(NEW_FILE_MODE);
    let file = rustix::fs::openat(dir, name, flags, mode)?;
    inherit_owner(dir, &file)?;
    rustix::fs::fchmod(&file, mode)?;
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

    use super::*;
    use crate::commit::{Batch, Directories, Step, commit};

    #[test]
    fn of_two_who_write_meanwhile_the_last_one_stays() {
        for (meanwhile, left) in [("new", "theirs"), ("second", "second")] {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("file");
            fs::write(&path, "old").unwrap();
            let root = Root::open(dir.path()).unwrap();
            let place = Directories::of(&root)
                .of_name(Path::new("/file"))
                .unwrap()
                .unwrap();
            let staged = Staged::new(place, Some(b"old"), b"new", Readers::All).unwrap();
            // The exchange has brought out what one of them wrote; what the other writes is in place.
            fs::write(dir.path().join(&staged.name), "theirs").unwrap();
            fs::write(&path, meanwhile).unwrap();
            let displaced = staged.look_at_displaced().unwrap();
            staged.put_back(displaced).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), left);
        }
    }

    #[test]
    fn a_link_that_leads_elsewhere_by_now_is_not_taken() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("mine"), "mine").unwrap();
        std::os::unix::fs::symlink("mine", place.path().join("file")).unwrap();
        let root = Root::open(place.path()).unwrap();
        for (expected, outcome) in [("as read", Outcome::Raced), ("mine", Outcome::Done)] {
            let take = Step::Take {
                path: "/file".into(),
                expected: expected.into(),
            };
            let batch = Batch::from(vec![take]);
            assert_eq!(commit(&root, &batch).outcome.unwrap(), outcome);
            let left = fs::read_link(place.path().join("file")).ok();
            assert_eq!(left.is_some(), outcome == Outcome::Raced);
        }
    }

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
            let batch = Batch::from(vec![take]);
            let root = Root::open(place.path()).unwrap();
            assert_eq!(commit(&root, &batch).outcome.unwrap(), outcome, "{found:?}");
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), left, "{found:?}");
            assert_eq!(
                fs::read_dir(place.path()).unwrap().count(),
                usize::from(left.is_some()),
                "nothing stays aside"
            );
        }
    }
}
