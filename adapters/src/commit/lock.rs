//! Keeps two of our own runs apart.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlay_resolver::root::{Dir, Root};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};

/// How long another run is waited for before giving up. A run takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// An exclusive `flock` on a directory of the target, held until dropped.
///
/// The directory's own descriptor is locked, since making a lock file would be a write.
#[derive(Debug)]
pub struct Lock {
    _dir: Dir,
}

impl Lock {
    /// Locks the directory `path`, making it and its parents if they are not there.
    ///
    /// # Errors
    /// [`Errno::WOULDBLOCK`] as the source if another run has held the lock for ten seconds.
    pub fn directory(root: &Root, path: &Path) -> Result<Self, CommitError> {
        super::tree::make_directories(root, path)?;
        let dir = root
            .dir(path)
            .doing("open", path)?
            .ok_or_else(|| CommitError::new("open", path, Errno::NOENT))?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _dir: dir }),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(error).doing("lock", path),
            }
        }
    }
}
