//! The marker is about the deployment that is booted, or it goes: so that a unit which waits for its absence runs, also
//! where a deploy process forgot to remove it, or a power cut brought it back.

use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

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
        /// Why not.
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
        let (marker, text) = self.marker(root)?;
        let Some(expected) = text else {
            return Ok(Armed {
                marker,
                was_there: false,
            });
        };
        let take = Step::Take {
            path: marker.clone(),
            expected,
        };
        write(root, &vec![take].into())?;
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
