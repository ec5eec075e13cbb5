//! Steps that are staged: all of their new content is on disk before the first of them is carried out.

use std::collections::BTreeSet;
use std::path::Path;

use super::access::{Access, AccessOf};
use super::error::{CommitError, Doing as _};
use super::outcome::{Failure, Outcome};
use super::place::{Directories, Place, no_directory};
use super::stage::{New, Staged};
use super::step::{Batch, Notice, Step};
use super::{displaced, names, signal, stage, tree};

/// Stages all steps; none if that brought back what another program wrote.
///
/// The intent comes first: what the plan saw of a dead run is in it, and may be gone once that is mended. All is
/// mended before anything else is staged, which would replace what a dead run displaced.
pub(super) fn stage_all<'b>(
    root: &Directories,
    batch: &'b Batch,
) -> Result<Option<Vec<Ready<'b>>>, Vec<Failure>> {
    let mut staging = Staging {
        root,
        access: &batch.access,
        ready: Vec::new(),
        failures: Vec::new(),
    };
    let (intent, rest) = match batch.steps.split_first() {
        Some((intent @ Step::Intend { .. }, rest)) => (Some(intent), rest),
        _ => (None, batch.steps.as_slice()),
    };
    let mut later = Later::default();
    let steps: Vec<_> = rest.iter().map(|step| (step, later.is(step))).collect();
    let steps = || steps.iter().copied().enumerate();
    let first = usize::from(intent.is_some());
    if let Some(intent) = intent {
        staging.stage(0, intent);
    }
    let mut outcome = Outcome::Done;
    // Without it, nobody could tell what else was staged, and for what.
    if staging.failures.is_empty() {
        for (step, (what, _)) in steps().filter(|(_, (_, is_later))| !is_later) {
            match recover(root, what) {
                Ok(Outcome::Done) => {}
                Ok(Outcome::Raced) => outcome = Outcome::Raced,
                Err(error) => staging.fail(first + step, error),
            }
        }
    }
    if staging.failures.is_empty() && outcome == Outcome::Done {
        for (step, (what, is_later)) in steps() {
            if is_later {
                staging.ready.push(Ready::Later(what, &batch.access));
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
    root: &'r Directories,
    access: &'b AccessOf,
    ready: Vec<Ready<'b>>,
    failures: Vec<Failure>,
}

impl<'b> Staging<'_, 'b> {
    fn stage(&mut self, step: usize, what: &'b Step) {
        match Ready::prepare(self.root, what, self.access) {
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
    /// Or removed.
    replaced: BTreeSet<&'b Path>,
}

impl<'b> Later<'b> {
    fn is(&mut self, step: &'b Step) -> bool {
        match step {
            Step::Create(tree) => {
                self.made.insert(&tree.path);
                false
            }
            // What it leads to, if it is a symlink, is not the place of what comes after it.
            Step::Remove(path) | Step::Unlink(path) => {
                self.replaced.insert(path);
                false
            }
            Step::Replace { path, .. } | Step::Link { path, .. } => {
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
fn recover(root: &Directories, step: &Step) -> Result<Outcome, CommitError> {
    let place = match step {
        Step::Replace { path, .. } => root.of_end(path)?,
        Step::Link { path, .. } | Step::Take { path, .. } => root.of_name(path)?,
        Step::Remove(path) => match path.file_name().and_then(names::target_of) {
            Some(target) => root.of_name(&path.with_file_name(target))?,
            None => None,
        },
        Step::Intend { .. }
        | Step::Create(_)
        | Step::Unlink(_)
        | Step::Touch(_)
        | Step::Tell(_) => None,
    };
    place.map_or(Ok(Outcome::Done), |place| displaced::recover(&place))
}

/// A step whose new content is on disk already.
pub(super) enum Ready<'a> {
    /// It is in place already; whether it was there before.
    Intent(Place, bool),
    /// The second content of a file, or the first in a new directory: it can be staged when those are in place.
    Later(&'a Step, &'a AccessOf),
    Tree(tree::StagedTree),
    File(Staged),
    Remove(&'a Path),
    Unlink(&'a Path),
    Take(Option<Place>, &'a [u8]),
    Touch(&'a Path),
    Tell(&'a Notice),
}

impl<'a> Ready<'a> {
    fn prepare(root: &Directories, step: &'a Step, access: &AccessOf) -> Result<Self, CommitError> {
        let own = Access::of(step.path(), access);
        Ok(match step {
            Step::Intend {
                path,
                before,
                content,
            } => {
                let place = root.of_content(path)?;
                let place =
                    Staged::new(place, None, New::File(content), Access::Kept)?.put_over()?;
                Self::Intent(place, before.is_some())
            }
            Step::Create(new) => Self::Tree(new.stage(root, access)?),
            Step::Replace {
                path,
                expected,
                content,
            } => {
                let place = root.of_content(path)?;
                let expected = expected.as_deref().map(New::File);
                Self::File(Staged::new(place, expected, New::File(content), own)?)
            }
            Step::Link { path, expected, to } => {
                let place = root.of_name(path)?;
                let place = place.ok_or_else(|| no_directory(path))?;
                let expected = expected.as_deref().map(New::Link);
                Self::File(Staged::new(place, expected, New::Link(to), own)?)
            }
            Step::Remove(path) => Self::Remove(path),
            Step::Unlink(path) => Self::Unlink(path),
            Step::Take { path, expected } => {
                let place = root.of_name(path)?;
                let noted = place
                    .as_ref()
                    .map(|place| stage::note_taking(place, expected));
                noted.transpose()?;
                Self::Take(place, expected)
            }
            Step::Touch(path) => Self::Touch(path),
            Step::Tell(notice) => Self::Tell(notice),
        })
    }

    pub(super) fn carry_out(self, root: &Directories) -> Result<Outcome, CommitError> {
        match self {
            Self::Later(step, access) => Self::prepare(root, step, access)?.carry_out(root),
            Self::Tree(tree) => tree.put_in_place(),
            Self::File(staged) => staged.put_in_place(),
            Self::Remove(path) => {
                if let Some(place) = root.of_name(path)? {
                    tree::remove(&place)?;
                    place.sync()?;
                }
                Ok(Outcome::Done)
            }
            Self::Unlink(path) => {
                if let Some(place) = root.of_name(path)? {
                    place.unlink(&place.name).doing("remove", &place.path)?;
                    place.sync()?;
                }
                Ok(Outcome::Done)
            }
            Self::Take(Some(place), expected) => stage::take(&root.root, &place, expected),
            Self::Intent(..) | Self::Take(None, _) => Ok(Outcome::Done),
            Self::Touch(path) => signal::touch(root, path).map(|()| Outcome::Done),
            Self::Tell(notice) => signal::tell(notice).map(|()| Outcome::Done),
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
            | Self::Unlink(_)
            | Self::Take(None, _)
            | Self::Touch(_)
            | Self::Tell(_) => {}
        }
    }
}
