//! Carries out a plan: the only place that writes.
//!
//! Everything is staged beside its target first and put in place afterwards, step by step, in the
//! order of the batch; the caller orders the steps so that the target is sound after each of them.
//! A file is swapped with its successor (`RENAME_EXCHANGE`) and what was displaced is looked at: if
//! it is not what the plan was made from, somebody else wrote, theirs is put back, and the caller
//! plans again. A run that is killed leaves staged files under names that [`staged_name`] tells; they
//! disturb nobody, and the next run replaces or removes them, once it has looked whether they are what
//! the dead run had displaced (`displaced`).

mod assemble;
mod displaced;
mod error;
#[cfg(test)]
mod hostile;
mod lock;
mod stage;
mod tree;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use overlay_resolver::root::{Dir, Root};
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Timespec, Timestamps};
use rustix::io::Errno;

pub(crate) use assemble::{Member, Source, assemble, open as open_below};
pub use displaced::is_saved;
pub use error::CommitError;
use error::Doing as _;
pub use lock::Lock;
use stage::{Readers, Staged};
pub use tree::NewTree;

/// What is to be written, in this order. Paths are inside the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// The steps; none means that there is nothing to do.
    pub steps: Vec<Step>,
    /// The files that only their owner is to read, as far as they are written.
    pub private: BTreeSet<PathBuf>,
}

impl From<Vec<Step>> for Batch {
    fn from(steps: Vec<Step>) -> Self {
        Self {
            steps,
            private: BTreeSet::new(),
        }
    }
}

/// One change of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Writes down what the following steps are about to do, before the first of them is even staged.
    Intend {
        /// The file.
        path: PathBuf,
        /// What it holds, if there is one: that of a run which was killed.
        before: Option<Vec<u8>>,
        /// What it is to hold.
        content: Vec<u8>,
    },
    /// Puts a new directory in place, whole or not at all.
    Create(NewTree),
    /// Gives a file this content.
    Replace {
        /// The file; if it is a symlink, what it leads to inside the root.
        path: PathBuf,
        /// The content that the plan was made from; none if the file did not exist.
        expected: Option<Vec<u8>>,
        /// The content it gets.
        content: Vec<u8>,
    },
    /// Takes a file or a whole directory away; one that is gone already is fine.
    Remove(PathBuf),
    /// Takes a file away that still has this content.
    Take {
        /// The file itself, be it a symlink.
        path: PathBuf,
        /// The content that the plan was made from.
        expected: Vec<u8>,
    },
    /// Sets the times of a file to now, making it if it is not there: a signal to those who watch it.
    Touch(PathBuf),
}

impl Step {
    /// The file or directory that it is about.
    pub fn path(&self) -> &Path {
        match self {
            Self::Create(tree) => &tree.path,
            Self::Intend { path, .. }
            | Self::Replace { path, .. }
            | Self::Remove(path)
            | Self::Take { path, .. }
            | Self::Touch(path) => path,
        }
    }
}

/// How a batch ended of which no step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All steps were carried out.
    Done,
    /// Somebody else wrote one of the targets since the plan was made. Theirs is in place: plan again.
    Raced,
}

/// The name under which a new `name` waits beside it.
pub fn staged_name(name: &OsStr) -> OsString {
    let mut staged = OsString::from(".#");
    staged.push(name);
    staged.push(".overlayctl");
    staged
}

/// The file that waits to get the name `path`, or was displaced from it, be that a symlink to elsewhere.
pub(crate) fn staged_for(root: &Root, path: &Path) -> Option<PathBuf> {
    let end = Path::new("/").join(root.chase(path).ok()?);
    let name = staged_name(end.file_name()?);
    Some(end.with_file_name(name))
}

/// The name of the note beside `name` that it is about to be replaced, or taken away.
pub(crate) fn noted_name(name: &OsStr) -> OsString {
    displaced::note_name(name)
}

/// Whether a name is that of something staged, whole or not: what a run that was killed leaves.
pub fn is_staged(name: &OsStr) -> bool {
    displaced::target_of(name).is_some()
}

/// What is staged for `path`, be that a symlink to elsewhere, with what waits to be.
pub(crate) fn left_staged(root: &Root, path: &Path) -> Vec<PathBuf> {
    let Ok(end) = root.chase(path) else {
        return Vec::new();
    };
    let end = Path::new("/").join(end);
    let Some(name) = end.file_name() else {
        return Vec::new();
    };
    let staged = staged_name(name);
    let names = [
        stage::partial_name(&staged),
        displaced::note_name(name),
        staged,
    ];
    let paths = names.map(|name| end.with_file_name(name)).into_iter();
    paths
        .filter(|path| matches!(root.read(path, 0), Err(_) | Ok(Some(_))))
        .collect()
}

/// Whether a dead run displaced what was at `path`: gave it another content, or took it away. `was_there` tells what
/// was there from what was to come instead.
///
/// # Errors
/// It cannot be told: its directory is not there, since it is mounted later, or cannot be read.
pub(crate) fn has_displaced(
    root: &Root,
    path: &Path,
    was_there: impl Fn(&[u8]) -> bool,
) -> Result<bool, CommitError> {
    let place = Directories::of(root).of_content(path)?;
    displaced::is_displaced(&place, was_there)
}

/// What came of a batch.
#[derive(Debug)]
pub struct Ended {
    /// How many of its steps were carried out, the first of them.
    pub done: usize,
    /// How it ended. All that could not be staged is among the failures; of what is staged, nothing is
    /// carried out behind the first that fails.
    pub outcome: Result<Outcome, Vec<Failure>>,
}

/// A step that could not be carried out, or not even staged.
#[derive(Debug)]
pub struct Failure {
    /// Which one of the batch.
    pub step: usize,
    /// Why.
    pub error: CommitError,
}

/// Carries out a batch.
pub fn commit(root: &Root, batch: &Batch) -> Ended {
    commit_until(root, batch, batch.steps.len())
}

/// Stages all of a batch and carries out its first steps, as a run that is killed then does.
pub(crate) fn commit_until(root: &Root, batch: &Batch, killed_after: usize) -> Ended {
    let unbegun = |outcome| Ended { done: 0, outcome };
    let root = &Directories::of(root);
    let ready = match stage_all(root, batch) {
        Ok(Some(ready)) => ready,
        Ok(None) => return unbegun(Ok(Outcome::Raced)),
        Err(failures) => return unbegun(Err(failures)),
    };
    let mut done = 0;
    for step in ready.into_iter().take(killed_after) {
        let outcome = match step.carry_out(root) {
            Ok(Outcome::Done) => {
                done += 1;
                continue;
            }
            Ok(Outcome::Raced) => Ok(Outcome::Raced),
            Err(error) => Err(vec![Failure { step: done, error }]),
        };
        return Ended { done, outcome };
    }
    let outcome = Ok(Outcome::Done);
    Ended { done, outcome }
}

/// Stages all steps; none if that brought back what another program wrote.
///
/// The intent comes first: what the plan saw of a dead run is in it, and may be gone once that is mended. All is
/// mended before anything else is staged, which would replace what a dead run displaced.
fn stage_all<'b>(
    root: &Directories<'_>,
    batch: &'b Batch,
) -> Result<Option<Vec<Ready<'b>>>, Vec<Failure>> {
    let mut staging = Staging {
        root,
        private: &batch.private,
        ready: Vec::new(),
        failures: Vec::new(),
    };
    let (intent, rest) = match batch.steps.split_first() {
        Some((intent @ Step::Intend { .. }, rest)) => (Some(intent), rest),
        _ => (None, batch.steps.as_slice()),
    };
    let steps = || rest.iter().enumerate();
    let first = usize::from(intent.is_some());
    if let Some(intent) = intent {
        staging.stage(0, intent);
    }
    let mut outcome = Outcome::Done;
    // Without it, nobody could tell what else was staged, and for what.
    if staging.failures.is_empty() {
        for (step, what) in steps() {
            match recover(root, what) {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Raced) => outcome = Outcome::Raced,
                Err(error) => staging.fail(first + step, error),
            }
        }
    }
    if staging.failures.is_empty() && outcome == Outcome::Done {
        let mut later = Later::default();
        for (step, what) in steps() {
            if later.is(what) {
                staging.ready.push(Ready::Later(what, &batch.private));
            } else {
                staging.stage(first + step, what);
            }
        }
    }
    if staging.failures.is_empty() && outcome == Outcome::Done {
        return Ok(Some(staging.ready));
    }
    discard(staging.ready);
    if staging.failures.is_empty() {
        Ok(None)
    } else {
        Err(staging.failures)
    }
}

/// Forgets what was staged, of which nothing is in place yet. The intent goes last, so that it covers what is left
/// until then.
fn discard(ready: Vec<Ready<'_>>) {
    // Beside the intent of a dead run, what is staged may tell what became of that.
    if !matches!(ready.first(), Some(Ready::Intent(_, true))) {
        ready.into_iter().rev().for_each(Ready::discard);
    }
}

/// Steps being staged.
struct Staging<'r, 'b> {
    root: &'r Directories<'r>,
    private: &'b BTreeSet<PathBuf>,
    ready: Vec<Ready<'b>>,
    failures: Vec<Failure>,
}

impl<'b> Staging<'_, 'b> {
    fn stage(&mut self, step: usize, what: &'b Step) {
        match Ready::prepare(self.root, what, self.private) {
            Ok(prepared) => self.ready.push(prepared),
            Err(error) => self.fail(step, error),
        }
    }

    fn fail(&mut self, step: usize, error: CommitError) {
        self.failures.push(Failure { step, error });
    }
}

/// Tells the steps that can be staged only when those before them are carried out.
#[derive(Default)]
struct Later<'b> {
    made: BTreeSet<&'b Path>,
    replaced: BTreeSet<&'b Path>,
}

impl<'b> Later<'b> {
    fn is(&mut self, step: &'b Step) -> bool {
        match step {
            Step::Create(tree) => {
                self.made.insert(&tree.path);
                false
            }
            Step::Replace { path, .. } => {
                let is_second = !self.replaced.insert(path);
                is_second
                    || path
                        .parent()
                        .is_some_and(|parent| self.made.contains(parent))
            }
            _ => false,
        }
    }
}

/// Mends what a dead run left of its write to the file that a step is about.
fn recover(root: &Directories<'_>, step: &Step) -> Result<Outcome, CommitError> {
    let place = match step {
        Step::Replace { path, .. } => root.of_end(path)?,
        Step::Take { path, .. } => root.of_name(path)?,
        Step::Remove(path) => match path.file_name().and_then(displaced::target_of) {
            Some(target) => root.of_name(&path.with_file_name(target))?,
            None => None,
        },
        Step::Intend { .. } | Step::Create(_) | Step::Touch(_) => None,
    };
    place.map_or(Ok(Outcome::Done), |place| displaced::recover(&place))
}

/// A step whose new content is on disk already.
enum Ready<'a> {
    /// It is in place already; whether it was there before.
    Intent(Place, bool),
    /// The second content of a file, or the first in a new directory: it can be staged when those are in place.
    Later(&'a Step, &'a BTreeSet<PathBuf>),
    Tree(tree::StagedTree),
    File(Staged),
    Remove(&'a Path),
    Take(Option<Place>, &'a [u8]),
    Touch(&'a Path),
}

impl<'a> Ready<'a> {
    fn prepare(
        root: &Directories<'_>,
        step: &'a Step,
        private: &BTreeSet<PathBuf>,
    ) -> Result<Self, CommitError> {
        let reader = Readers::of(step.path(), private);
        Ok(match step {
            Step::Intend {
                path,
                before,
                content,
            } => {
                let place = root.of_content(path)?;
                let place = Staged::new(place, None, content, Readers::All)?.put_over()?;
                Self::Intent(place, before.is_some())
            }
            Step::Create(new) => Self::Tree(new.stage(root, private)?),
            Step::Replace {
                path,
                expected,
                content,
            } => {
                let place = root.of_content(path)?;
                Self::File(Staged::new(place, expected.as_deref(), content, reader)?)
            }
            Step::Remove(path) => Self::Remove(path),
            Step::Take { path, expected } => {
                let place = root.of_name(path)?;
                let noted = place
                    .as_ref()
                    .map(|place| stage::note_taking(place, expected));
                noted.transpose()?;
                Self::Take(place, expected)
            }
            Step::Touch(path) => Self::Touch(path),
        })
    }

    fn carry_out(self, root: &Directories<'_>) -> Result<Outcome, CommitError> {
        match self {
            Self::Later(step, private) => Self::prepare(root, step, private)?.carry_out(root),
            Self::Tree(tree) => tree.put_in_place(),
            Self::File(staged) => staged.put_in_place(),
            Self::Remove(path) => {
                if let Some(place) = root.of_name(path)? {
                    tree::remove(&place)?;
                    place.sync()?;
                }
                Ok(Outcome::Done)
            }
            Self::Take(Some(place), expected) => stage::take(root.root, &place, expected),
            Self::Intent(..) | Self::Take(None, _) => Ok(Outcome::Done),
            Self::Touch(path) => touch(root, path).map(|()| Outcome::Done),
        }
    }

    fn discard(self) {
        match self {
            Self::Intent(place, false) => place.unlink(&place.name).unwrap_or_default(),
            Self::Tree(tree) => tree.discard(),
            Self::File(staged) => staged.discard(),
            // What is left of it, the next run removes.
            Self::Take(Some(place), _) => displaced::Note::remove(&place).unwrap_or_default(),
            Self::Intent(_, true)
            | Self::Later(..)
            | Self::Remove(_)
            | Self::Take(None, _)
            | Self::Touch(_) => {}
        }
    }
}

/// A name in an open directory, and how messages call it.
#[derive(Debug, Clone)]
struct Place {
    dir: Rc<Dir>,
    name: OsString,
    path: PathBuf,
}

/// The directories that a commit writes into, each opened once: more steps may wait to be carried out than a
/// process may have files open.
struct Directories<'r> {
    root: &'r Root,
    opened: RefCell<BTreeMap<PathBuf, Rc<Dir>>>,
}

impl<'r> Directories<'r> {
    fn of(root: &'r Root) -> Self {
        Self {
            root,
            opened: RefCell::default(),
        }
    }

    /// Where the content of `path` lies: at the end of its symlinks, inside the root.
    fn of_content(&self, path: &Path) -> Result<Place, CommitError> {
        self.of_end(path)?
            .ok_or_else(|| CommitError::new("open the directory of", path, Errno::NOENT))
    }

    /// The same; none if its directory does not exist.
    fn of_end(&self, path: &Path) -> Result<Option<Place>, CommitError> {
        let target = Path::new("/").join(self.root.chase(path).doing("follow", path)?);
        self.of_name(&target)
    }

    /// Where the name `path` itself lies; none if its directory does not exist.
    fn of_name(&self, path: &Path) -> Result<Option<Place>, CommitError> {
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
    fn sync(&self) -> Result<(), CommitError> {
        rustix::fs::fsync(&*self.dir).doing("sync the directory of", &self.path)
    }

    fn rename(&self, from: &OsStr, to: &OsStr, flags: RenameFlags) -> Result<(), Errno> {
        rustix::fs::renameat_with(&*self.dir, from, &*self.dir, to, flags)
    }

    fn unlink(&self, name: &OsStr) -> Result<(), Errno> {
        match rustix::fs::unlinkat(&*self.dir, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            other => other,
        }
    }

    /// Makes room for what is about to get one of our own names, be it a directory that is in the way.
    fn clear(&self, name: &OsStr) -> Result<(), Errno> {
        tree::remove_all(self.dir.as_fd(), name)
    }

    /// What is under a name, itself; none if it is not there.
    fn kind(&self, name: &OsStr) -> Result<Option<FileType>, Errno> {
        match rustix::fs::statat(&*self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(FileType::from_raw_mode(stat.st_mode))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The mode of a new file, whatever the umask.
const TOUCHED_MODE: Mode = Mode::from_raw_mode(0o644);

/// What is there and no regular file is left alone: its times tell nobody anything, and opening it can have
/// effects.
fn touch(root: &Directories<'_>, path: &Path) -> Result<(), CommitError> {
    let Some(place) = root.of_name(path)? else {
        return Ok(());
    };
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    let new = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(&*place.dir, &place.name, new, TOUCHED_MODE) {
        Ok(file) => stage::inherit_owner(&*place.dir, &file)
            .and_then(|()| rustix::fs::fchmod(&file, TOUCHED_MODE)),
        Err(Errno::EXIST) => place.kind(&place.name).and_then(|kind| match kind {
            Some(FileType::RegularFile) => {
                rustix::fs::utimensat(&*place.dir, &place.name, &times, AtFlags::SYMLINK_NOFOLLOW)
            }
            _ => Ok(()),
        }),
        Err(error) => Err(error),
    }
    .doing("touch", path)
}
