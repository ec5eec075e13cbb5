//! The marker is about the deployment that is booted, or it goes: so that a unit which waits for its absence runs, also
//! where a deploy process forgot to remove it, or a power cut brought it back.

use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use super::found::Found;
use super::marker::MarkerState;
use super::standing::Standing;
use super::{Cleanup, STALE};
use crate::commit::Step;
use crate::jobs::write;
use crate::runner::put;

/// What became of a marker.
#[derive(Debug)]
pub enum Verified {
    /// Nothing tells which deployment is booted, so nobody knows what it ought to say.
    Unknown,
    /// There was none.
    Absent,
    /// It is right, and stays.
    Kept,
    /// It was stale, and went.
    Removed,
    /// It is stale and cannot be removed. Another file says so.
    Stale {
        /// That file.
        note: PathBuf,
        /// Why not: an error, if somebody has to look after it.
        why: Finding,
    },
}

/// What became of a marker that was to go.
#[derive(Debug)]
pub struct Armed {
    /// Its file.
    pub marker: PathBuf,
    /// Whether it was there.
    pub was_there: bool,
}

impl Cleanup {
    /// Removes a marker that is stale.
    ///
    /// # Errors
    /// It could neither be removed nor be noted that it is stale.
    pub fn verify(&self, root: &Root, standing: &Standing) -> Result<Verified, Finding> {
        match standing.state {
            MarkerState::Unknown => Ok(Verified::Unknown),
            MarkerState::Absent => Ok(Verified::Absent),
            MarkerState::Current(_) => Ok(Verified::Kept),
            MarkerState::OfAnother(_) | MarkerState::OtherTasks(_) | MarkerState::Foreign => {
                let Err(why) = self.arm(root) else {
                    return Ok(Verified::Removed);
                };
                note(root, standing)?;
                let why = match standing.obstacle() {
                    Some(obstacle) => obstacle,
                    // A sysroot may be read-only for good, and all that follows is done without the marker.
                    None => why.code.warning(&why.path, why.message),
                };
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
            Found::Foreign => Step::Remove(path),
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

fn note(root: &Root, standing: &Standing) -> Result<(), Finding> {
    if standing.is_known_stale {
        return Ok(());
    }
    let content = format!("{} is stale\n", standing.marker.display());
    let note = put(root, Path::new(STALE), None, content.into());
    write(root, &vec![note].into())
}
