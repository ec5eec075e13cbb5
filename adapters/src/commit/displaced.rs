//! What a write displaced: looked at before it goes, also when the run that displaced it is dead.
//!
//! A file is taken out of its place before anybody can tell whether another program has written it since
//! the plan was made. A note beside it, a symlink that leads nowhere, says by two digests what was
//! expected to be displaced and what was to come instead. So a run that finds `.#NAME.overlayctl` knows
//! whether it is what a dead run had staged, what it had displaced as planned, or what it had displaced
//! and never looked at: that is another program's, and goes back.

use std::ffi::OsStr;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::str::FromStr;

use overlay_resolver::root::{self, Reason};
use rustix::fs::{FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::error::{CommitError, Doing as _};
use super::names::{SAVED, note_name, partial_name, staged_name};
use super::outcome::Outcome;
use super::place::Place;
use crate::observer::LIMIT;

/// What the digest of a symlink begins with.
const LINK: char = '@';

/// The digest of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content(String);

impl Content {
    pub(super) fn of(content: &[u8]) -> Self {
        Self(format!("{:x}", Sha256::digest(content)))
    }

    /// That of a symlink is what it says.
    pub(super) fn of_link(to: &Path) -> Self {
        let Self(digest) = Self::of(to.as_os_str().as_bytes());
        Self(format!("{LINK}{digest}"))
    }

    fn is_of_link(&self) -> bool {
        self.0.starts_with(LINK)
    }
}

/// What is under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    File(Content),
    /// A symlink, a socket, a file too large to be read: nothing that a plan was made from.
    Other,
}

impl Seen {
    pub(super) fn is(&self, content: &Content) -> bool {
        matches!(self, Self::File(seen) if seen == content)
    }
}

/// Looks at what is under a name beside `place`. Nothing but a regular file is opened, and none that is larger
/// than what is read: it is not what was read.
pub(super) fn look(place: &Place, name: &OsStr) -> Result<Seen, CommitError> {
    let path = &place.path;
    match place.kind(name).doing("read back", path)? {
        None => return Ok(Seen::Nothing),
        Some(FileType::RegularFile) => {}
        Some(_) => return Ok(Seen::Other),
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = match rustix::fs::openat(&*place.dir, name, flags | OFlags::NOCTTY, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(Seen::Nothing),
        Err(Errno::LOOP | Errno::NXIO) => return Ok(Seen::Other),
        other => other.doing("read back", path)?,
    };
    let mode = rustix::fs::fstat(&file).doing("read back", path)?.st_mode;
    if FileType::from_raw_mode(mode) != FileType::RegularFile {
        return Ok(Seen::Other);
    }
    let mut content = Vec::new();
    std::fs::File::from(file)
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut content)
        .doing("read back", path)?;
    Ok(match content.len() {
        ..=LIMIT => Seen::File(Content::of(&content)),
        _ => Seen::Other,
    })
}

/// The same where something like `content` is expected: of a symlink, if that is of one.
pub(super) fn look_for(
    place: &Place,
    name: &OsStr,
    content: &Content,
) -> Result<Seen, CommitError> {
    if !content.is_of_link() {
        return look(place, name);
    }
    match rustix::fs::readlinkat(&*place.dir, name, Vec::new()) {
        Ok(to) => {
            let to = OsStr::from_bytes(to.as_bytes());
            Ok(Seen::File(Content::of_link(Path::new(to))))
        }
        Err(Errno::NOENT) => Ok(Seen::Nothing),
        Err(Errno::INVAL) => Ok(Seen::Other),
        Err(error) => Err(error).doing("read back", &place.path),
    }
}

/// What a write expects to displace, and what it puts in its place; nothing, if it only takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) expected: Content,
    pub(super) new: Option<Content>,
}

impl FromStr for Note {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (expected, new) = text.split_once(':').ok_or(())?;
        Ok(Self {
            expected: Content(expected.into()),
            new: (!new.is_empty()).then(|| Content(new.into())),
        })
    }
}

impl Note {
    /// Puts the note beside `place`. Its directory has yet to be synced.
    pub(super) fn leave(&self, place: &Place) -> Result<(), Errno> {
        let name = note_name(&place.name);
        let new = self.new.as_ref().map_or("", |new| &new.0);
        place.clear(&name)?;
        rustix::fs::symlinkat(format!("{}:{new}", self.expected.0), &*place.dir, &name)
    }

    /// The note beside `place`, if a dead run left one that can be read.
    fn find(place: &Place) -> Result<Option<Self>, CommitError> {
        match rustix::fs::readlinkat(&*place.dir, note_name(&place.name), Vec::new()) {
            Ok(text) => Ok(text.to_str().ok().and_then(|text| text.parse().ok())),
            Err(Errno::NOENT | Errno::INVAL) => Ok(None),
            Err(error) => Err(error).doing("look for a dead run beside", &place.path),
        }
    }

    /// Takes the note away again: nothing is displaced.
    pub(super) fn remove(place: &Place) -> Result<(), Errno> {
        place.unlink(&note_name(&place.name))
    }
}

/// Mends what a dead run left of its write to `place`. [`Outcome::Raced`] if that brought back what
/// another program wrote: the plan knows nothing of it.
pub(super) fn recover(place: &Place) -> Result<Outcome, CommitError> {
    let Some(note) = Note::find(place)? else {
        return Ok(Outcome::Done);
    };
    let aside = staged_name(&place.name);
    let displaced = look_for(place, &aside, &note.expected)?;
    let is_new = |seen: &Seen| note.new.as_ref().is_some_and(|new| seen.is(new));
    if displaced == Seen::Nothing && note.new.is_none() {
        // All that tells that nothing was taken away: it goes by a step of its own, once that is written down.
        return Ok(Outcome::Done);
    }
    if displaced == Seen::Nothing || displaced.is(&note.expected) {
        // A note without what was taken away would say that nothing was.
        Note::remove(place)
            .and_then(|()| place.unlink(&aside))
            .doing("remove the old copy of", &place.path)?;
        return Ok(Outcome::Done);
    }
    let present = look_for(place, &place.name, &note.expected)?;
    if is_new(&displaced) || present.is(&note.expected) {
        // The dead run never got to displacing anything: this is its own.
        return Ok(Outcome::Done);
    }
    let back = match (&present, &note.new) {
        (Seen::Nothing, None) => put_back(place, &aside)?,
        (present, _) if is_new(present) => place
            .rename(&aside, &place.name, RenameFlags::EXCHANGE)
            .doing("put back what another program wrote to", &place.path)
            .map(|()| true)?,
        _ => false,
    };
    if !back {
        save(place, &aside)?;
    }
    Note::remove(place).doing("remove the old copy of", &place.path)?;
    place.sync()?;
    Ok(Outcome::Raced)
}

/// Whether a dead run displaced what was at `place`, told by what it left beside. `was_there` knows a content that
/// was displaced from one that waits to come instead.
pub(super) fn is_displaced(
    place: &Place,
    was_there: impl Fn(&[u8]) -> bool,
) -> Result<bool, CommitError> {
    let path = &place.path;
    let aside = staged_name(&place.name);
    let kind = |name: &OsStr| place.kind(name).doing("look beside", path);
    if kind(&partial_name(&aside))?.is_some() {
        return Ok(false);
    }
    if kind(&aside)?.is_none() {
        // The note goes last of what is replaced, and first of what is taken away.
        let note = Note::find(place)?;
        return Ok(note.is_none_or(|note| note.new.is_some()));
    }
    match place.dir.content(&aside) {
        root::Content::File(text) => Ok(was_there(&text)),
        root::Content::Mask(_) => Ok(was_there(b"")),
        root::Content::Unusable(why) if matches!(why.reason, Reason::Io(_)) => {
            Err(*why).doing("look beside", path)
        }
        // No run stages such a thing, so it was displaced.
        root::Content::Unusable(_) => Ok(true),
    }
}

/// Whether what a note beside `place` speaks of was not taken away.
pub(super) fn is_untaken(place: &Place) -> Result<bool, CommitError> {
    let Some(note) = Note::find(place)? else {
        return Ok(false);
    };
    let aside = look_for(place, &staged_name(&place.name), &note.expected)?;
    Ok(note.new.is_some() || !aside.is(&note.expected))
}

/// Gives what was taken away its place back, unless there is something else by now.
pub(super) fn put_back(place: &Place, aside: &OsStr) -> Result<bool, CommitError> {
    match place.rename(aside, &place.name, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(true),
        Err(Errno::EXIST) => Ok(false),
        Err(error) => Err(error).doing("put back what another program wrote to", &place.path),
    }
}

/// Keeps what another program wrote, where something newer has its place: the owner is told of it.
pub(super) fn save(place: &Place, aside: &OsStr) -> Result<(), CommitError> {
    for count in 0.. {
        let mut name = place.name.clone();
        if count > 0 {
            name.push(format!(".{count}"));
        }
        name.push(SAVED);
        match place.rename(aside, &name, RenameFlags::NOREPLACE) {
            Err(Errno::EXIST) => {}
            other => {
                return other.doing("keep what another program wrote to", &place.path);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::disallowed_methods,
        reason = "a root is a directory of the test's"
    )]

    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::symlink;

    use overlay_resolver::root::Root;

    use super::*;
    use crate::commit::place::Directories;
    use crate::commit::{Batch, Step, commit, is_saved};

    /// All names of a directory with what they hold; `->` and its target of a symlink.
    fn held(dir: &Path) -> BTreeMap<String, String> {
        let entries = fs::read_dir(dir).unwrap().map(|entry| {
            let path = entry.unwrap().path();
            let held = match fs::read_link(&path) {
                Ok(target) => format!("-> {}", target.display()),
                Err(_) => fs::read_to_string(&path).unwrap(),
            };
            (path.file_name().unwrap().to_str().unwrap().to_owned(), held)
        });
        entries.collect()
    }

    fn put(path: &Path, text: &str) {
        match text.strip_prefix("-> ") {
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }

    const STAGED: &str = ".#file.overlayctl";
    const SAVED_NAME: &str = "file.overlayctl-save";

    /// What a dead run left of replacing `old` by `new`, or of taking `old` away: what happened, what was to
    /// come, what is under the staged name, what is in the place.
    type Left = (
        &'static str,
        Option<&'static str>,
        Option<&'static str>,
        Option<&'static str>,
    );

    /// And what the next run makes of it: all that there is afterwards.
    type Mended = (Outcome, &'static [(&'static str, &'static str)]);

    const DEAD_RUNS: [(Left, Mended); 11] = [
        (
            ("staged", Some("new"), Some("new"), Some("old")),
            (Outcome::Done, &[("file", "old")]),
        ),
        (
            ("staged an older", Some("new"), Some("older"), Some("old")),
            (Outcome::Done, &[("file", "old")]),
        ),
        (
            ("put in place", Some("new"), Some("old"), Some("new")),
            (Outcome::Done, &[("file", "new")]),
        ),
        (
            ("raced", Some("new"), Some("theirs"), Some("new")),
            (Outcome::Raced, &[(STAGED, "new"), ("file", "theirs")]),
        ),
        (
            ("raced, a link", Some("new"), Some("-> theirs"), Some("new")),
            (Outcome::Raced, &[(STAGED, "new"), ("file", "-> theirs")]),
        ),
        (
            ("raced twice", Some("new"), Some("theirs"), Some("later")),
            (Outcome::Raced, &[("file", "later"), (SAVED_NAME, "theirs")]),
        ),
        (
            ("raced, removed", Some("new"), Some("theirs"), None),
            (Outcome::Raced, &[(SAVED_NAME, "theirs")]),
        ),
        (("taken", None, Some("old"), None), (Outcome::Done, &[])),
        (
            ("taken, raced", None, Some("theirs"), None),
            (Outcome::Raced, &[("file", "theirs")]),
        ),
        (
            ("taken, raced twice", None, Some("theirs"), Some("later")),
            (Outcome::Raced, &[("file", "later"), (SAVED_NAME, "theirs")]),
        ),
        (
            ("not yet taken", None, None, Some("old")),
            (Outcome::Done, &[("file", "old")]),
        ),
    ];

    /// A content, or what a symlink says.
    type Written = (fn(&str) -> Content, fn(&str) -> String);

    const FILE: Written = (|text| Content::of(text.as_bytes()), str::to_owned);
    const SYMLINK: Written = (
        |text| Content::of_link(Path::new(text)),
        |text| format!("-> {}", text.trim_start_matches("-> ")),
    );

    #[test]
    fn what_a_dead_run_displaced_is_looked_at() {
        dead_runs(FILE);
        dead_runs(SYMLINK);
    }

    fn dead_runs((content, written): Written) {
        for ((row, new, aside, present), (outcome, expected)) in DEAD_RUNS {
            let dir = tempfile::tempdir().unwrap();
            let root = Root::open(dir.path()).unwrap();
            let place = Directories::of(&root)
                .of_name(Path::new("/file"))
                .unwrap()
                .unwrap();
            let note = Note {
                expected: content("old"),
                new: new.map(content),
            };
            note.leave(&place).unwrap();
            for (name, text) in [(STAGED, aside), ("file", present)] {
                if let Some(text) = text {
                    put(&dir.path().join(name), &written(text));
                }
            }
            // The leftovers, as the next plan finds them.
            let leftovers = [STAGED, ".#file.overlayctl!"];
            let steps = leftovers.map(|name| Step::Remove(Path::new("/").join(name)));
            let batch = Batch::from(Vec::from(steps));
            assert_eq!(commit(&root, &batch).outcome.unwrap(), outcome, "{row}");
            let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), written(text));
            let expected = expected.iter().map(owned).collect();
            assert_eq!(held(dir.path()), expected, "{row}");
        }
    }

    #[test]
    fn what_was_kept_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::open(dir.path()).unwrap();
        let place = Directories::of(&root)
            .of_name(Path::new("/file"))
            .unwrap()
            .unwrap();
        for text in ["one", "two"] {
            fs::write(dir.path().join("aside"), text).unwrap();
            save(&place, OsStr::new("aside")).unwrap();
        }
        let names = ["file.1.overlayctl-save", "file.overlayctl-save"];
        assert_eq!(held(dir.path()).into_keys().collect::<Vec<_>>(), names);
        assert!(names.iter().all(|name| is_saved(OsStr::new(name))));
    }
}
