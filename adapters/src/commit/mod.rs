//! Carries out a plan: the only place that writes.
//!
//! Everything is staged beside its target first and put in place afterwards, step by step, in the
//! order of the batch; the caller orders the steps so that the target is sound after each of them.
//! A file is swapped with its successor (`RENAME_EXCHANGE`) and what was displaced is looked at: if
//! it is not what the plan was made from, somebody else wrote, theirs is put back, and the caller
//! plans again. A run that is killed leaves staged files under names that [`staged_name`] tells; they
//! disturb nobody, and the next run replaces or removes them, once it has looked whether they are what
//! the dead run had displaced (`displaced`).

mod access;
mod assemble;
mod displaced;
mod error;
mod fixed;
#[cfg(test)]
mod hostile;
mod lock;
mod names;
mod outcome;
mod place;
mod ready;
mod remove;
mod signal;
mod stage;
mod step;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use overlay_resolver::root::Root;

pub(crate) use self::access::Access;
pub(crate) use self::assemble::{Member, Source, assemble, open as open_below};
pub use self::error::CommitError;
pub(crate) use self::lock::Lock;
pub(crate) use self::names::note_name as noted_name;
use self::names::partial_name;
pub(crate) use self::names::{is_saved, is_staged, staged_name};
pub(crate) use self::outcome::{Ended, Failure, Outcome};
use self::place::Directories;
use self::ready::stage_all;
#[cfg(test)]
pub(crate) use self::step::Notice;
pub(crate) use self::step::{Batch, Step};
pub(crate) use self::tree::NewTree;

/// The file that waits to get the name `path`, or was displaced from it, be that a symlink to elsewhere.
pub(crate) fn staged_for(root: &Root, path: &Path) -> Option<PathBuf> {
    let end = Path::new("/").join(root.for_writing().chase(path).ok()?);
    let name = staged_name(end.file_name()?);
    Some(end.with_file_name(name))
}

/// What is staged for `path`, be that a symlink to elsewhere, with what waits to be.
pub(crate) fn left_staged(root: &Root, path: &Path) -> Vec<PathBuf> {
    let Ok(end) = root.for_writing().chase(path) else {
        return Vec::new();
    };
    let end = Path::new("/").join(end);
    let Some(name) = end.file_name() else {
        return Vec::new();
    };
    let staged = staged_name(name);
    let names = [partial_name(&staged), noted_name(name), staged];
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

/// Whether a dead run that was to take away what is at `path` did not come to that: its note is there, and what it speaks of
/// is not aside.
///
/// # Errors
/// It cannot be told.
pub(crate) fn is_untaken(root: &Root, path: &Path) -> Result<bool, CommitError> {
    let place = Directories::of(root).of_name(path)?;
    place.map_or(Ok(false), |place| displaced::is_untaken(&place))
}

/// Carries out a batch.
pub(crate) fn commit(root: &Root, batch: &Batch) -> Ended {
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
            Err(error) => {
                let first = Failure { step: done, error };
                Err(fixed::failures(root, &batch.steps, first))
            }
        };
        return Ended { done, outcome };
    }
    let outcome = Ok(Outcome::Done);
    Ended { done, outcome }
}
