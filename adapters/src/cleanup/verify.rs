//! The marker is about the deployment that is booted, or it goes: so that a unit which waits for its absence runs, also
//! where a deploy process forgot to remove it, or a power cut brought it back.

use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{FRAGMENT_LIMIT, Root};

use super::found::Found;
use super::marker::MarkerState;
use super::standing::Standing;
use super::{Cleanup, STALE};
use crate::commit::{Batch, Step};
use crate::jobs::write;
use crate::runner::put;

/// What became of a marker.
#[derive(Debug)]
pub enum Verified {
    /// Nothing tells which deployment is booted, so nobody knows what it ought to say.
    Unknown,
    /// It is about the deployment that is booted, which that of this root is not.
    OfTheBooted,
    /// There was none.
    Absent,
    /// It is right, and stays.
    Kept,
    /// The same, and something was given up, which is to be told at each boot: by the cleanup, for which it is noted here.
    Degraded {
        /// That file.
        note: PathBuf,
    },
    /// It was stale, and went.
    Removed,
    /// It is stale and cannot be removed, so it is noted that the cleanup is to run all the same.
    Stale {
        /// That file.
        note: PathBuf,
        /// Why not.
        why: Finding,
    },
}

/// What is said of a marker that could not be removed or written.
pub(super) const STALE_MARKER: &str = "is stale";

/// What became of a marker that was to go.
#[derive(Debug)]
pub struct Armed {
    /// Its file.
    pub marker: PathBuf,
    /// Whether it was there.
    pub was_there: bool,
}

impl Cleanup {
    /// Removes a marker that is stale. It runs early at boot, where a failure has the boot count as not healthy, and where
    /// that is counted, the system goes back to the deployment before. Nothing is gained by that: so what somebody has to
    /// look after is told by the cleanup, which runs once the boot is healthy.
    ///
    /// # Errors
    /// It could neither be removed nor be noted that it is stale.
    pub fn verify(&self, root: &Root, standing: &Standing) -> Result<Verified, Finding> {
        if !standing.is_booted {
            return Ok(Verified::OfTheBooted);
        }
        match standing.state {
            MarkerState::Unknown => Ok(Verified::Unknown),
            MarkerState::Absent => Ok(Verified::Absent),
            MarkerState::Current(_) if standing.progress.is_degraded() => {
                write(
                    root,
                    &note(root, standing, "is right, and a task was given up"),
                )?;
                let note = STALE.into();
                Ok(Verified::Degraded { note })
            }
            MarkerState::Current(_) => Ok(Verified::Kept),
            MarkerState::OfAnother(_)
            | MarkerState::OtherTasks(_)
            | MarkerState::Untrue(_)
            | MarkerState::Foreign => {
                let Err(why) = self.arm(root) else {
                    return Ok(Verified::Removed);
                };
                write(root, &note(root, standing, STALE_MARKER))?;
                let why = why.code.warning(&why.path, why.message);
                let note = STALE.into();
                Ok(Verified::Stale { note, why })
            }
        }
    }

    /// Removes the marker, whatever it says and whatever is booted: whoever deploys has something to be cleaned. Returns
    /// its file, and whether that was there.
    ///
    /// # Errors
    /// It could not be removed.
    pub fn arm(&self, root: &Root) -> Result<Armed, Finding> {
        let (marker, found) = self.marker(root)?;
        if let Some(obstacle) = found.obstacle(&marker) {
            return Err(obstacle);
        }
        let path = marker.clone();
        let step = match found {
            Found::Text(expected) => Step::Take { path, expected },
            Found::Foreign => Step::Unlink(path),
            Found::Nothing | Found::Directory => {
                return Ok(Armed {
                    marker,
                    was_there: false,
                });
            }
        };
        write(root, &vec![step].into())?;
        Ok(Armed {
            marker,
            was_there: true,
        })
    }
}

/// What notes that the cleanup is to run, be there a marker or not.
pub(super) fn note(root: &Root, standing: &Standing, what: &str) -> Batch {
    if standing.is_noted {
        return Batch::default();
    }
    noted(root, &format!("{} {what}", standing.marker.display()))
}

fn noted(root: &Root, why: &str) -> Batch {
    let note = put(root, Path::new(STALE), None, format!("{why}\n").into());
    vec![note].into()
}

/// Notes that the cleanup is to run and to say what is wrong, where nobody can tell how things stand: for a unit that is too
/// early to fail.
///
/// # Errors
/// It cannot be written.
pub fn have_it_told(root: &Root, why: &Finding) -> Result<PathBuf, Finding> {
    let is_there = matches!(root.read(Path::new(STALE), FRAGMENT_LIMIT), Ok(Some(_)));
    if !is_there {
        write(root, &noted(root, &why.to_string()))?;
    }
    Ok(STALE.into())
}
