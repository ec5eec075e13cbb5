//! One file or symlink: staged beside its target, then swapped with it.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use overlay_resolver::root::Root;

use super::access::Access;
use super::displaced::{self, Content, Note, Seen};
use super::error::{CommitError, Doing as _};
use super::names::{partial_name, staged_name};
use super::outcome::Outcome;
use super::place::Place;

/// What is new under a name.
#[derive(Debug, Clone, Copy)]
pub(super) enum New<'c> {
    /// A file with this content.
    File(&'c [u8]),
    /// A symlink that says this.
    Link(&'c Path),
}

impl New<'_> {
    fn digest(self) -> Content {
        match self {
            Self::File(content) => Content::of(content),
            Self::Link(to) => Content::of_link(to),
        }
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
    /// Writes what is new beside `place`, durably. What it will replace must still be `expected` then; of a
    /// file, its owner, mode and extended attributes go along, as far as `access` says nothing else.
    pub(super) fn new(
        place: Place,
        expected: Option<New<'_>>,
        new: New<'_>,
        access: Access,
    ) -> Result<Self, CommitError> {
        let staged = Self {
            name: staged_name(&place.name),
            expected: expected.map(New::digest),
            new: new.digest(),
            place,
        };
        match staged.write(new, access) {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.abandon();
                Err(error)
            }
        }
    }

    fn write(&self, new: New<'_>, access: Access) -> Result<(), CommitError> {
        let path = &self.place.path;
        let part = partial_name(&self.name);
        // A run that was killed may have left one.
        self.place
            .clear(&part)
            .doing("replace the staged copy of", path)?;
        match new {
            New::File(content) => self.write_file(&part, content, access)?,
            // It is durable with its directory.
            New::Link(to) => {
                rustix::fs::symlinkat(to, &*self.place.dir, &part).doing("stage", path)?;
            }
        }
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

    fn write_file(&self, part: &OsStr, content: &[u8], access: Access) -> Result<(), CommitError> {
        let path = &self.place.path;
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = rustix::fs::openat(&*self.place.dir, part, flags, Mode::from_raw_mode(0o600))
            .doing("stage", path)?;
        write_all(&file, content).doing("stage", path)?;
        match &self.expected {
            Some(_) => access.copy(&self.place, &file)?,
            None => access
                .give_file(&*self.place.dir, &file)
                .doing("stage", path)?,
        }
        rustix::fs::fsync(&file).doing("stage", path)
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
        if !self.look(name)?.is(expected) {
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
        if self.look(&self.name)? == Seen::Other {
            displaced::save(&self.place, &self.name)?;
        }
        Note::remove(&self.place).doing("remove the old copy of", path)?;
        self.place.sync()
    }

    fn look(&self, name: &OsStr) -> Result<Seen, CommitError> {
        displaced::look_for(&self.place, name, &self.new)
    }

    /// What the exchange brought out. What cannot be read may be anybody's.
    fn look_at_displaced(&self) -> Result<Seen, CommitError> {
        self.look(&self.name).or_else(|error| {
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
            Err(Errno::INVAL | Errno::NOSYS) if self.look(name)? == Seen::Nothing => {
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

pub(super) fn write_all(file: &OwnedFd, mut content: &[u8]) -> Result<(), Errno> {
    while !content.is_empty() {
        match rustix::io::write(file, content) {
            Ok(written) => content = &content[written..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes a new file and makes its content durable.
pub(super) fn write_new(
    dir: &OwnedFd,
    name: &Path,
    content: &[u8],
    access: Access,
) -> Result<(), Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(dir, name, flags, Mode::from_raw_mode(0o600))?;
    access.give_file(dir, &file)?;
    write_all(&file, content)?;
    rustix::fs::fsync(&file)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "a root is a directory of the test's"
    )]

    use std::fs;

    use super::*;
    use crate::commit::place::Directories;
    use crate::commit::{Batch, Step, commit};

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
            let staged = Staged::new(
                place,
                Some(New::File(b"old")),
                New::File(b"new"),
                Access::Kept,
            )
            .unwrap();
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
