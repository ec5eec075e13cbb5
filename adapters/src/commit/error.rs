//! What a commit says when it cannot go on.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::root::{Reason, Unusable};
use rustix::io::Errno;

/// A step that failed. What was done before it stands; the next run goes on from there.
#[derive(thiserror::Error)]
#[error("cannot {doing} {}: {source}", escape_path(.path))]
pub struct CommitError {
    /// What was being done, as in "cannot … PATH".
    pub doing: &'static str,
    /// To which file, as seen inside the root.
    pub path: PathBuf,
    /// What the system answered.
    pub source: Box<dyn Error + Send + Sync>,
}

/// As it is shown: `main` prints errors by this.
impl fmt::Debug for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl CommitError {
    pub(super) fn new(
        doing: &'static str,
        path: &Path,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing,
            path: path.into(),
            source: source.into(),
        }
    }

    /// Whether it is the device that fails, and not the file: what is on it is not known any more.
    pub fn is_of_device(&self) -> bool {
        let errno = self.source.downcast_ref::<Errno>().copied();
        let by_std = self.source.downcast_ref::<std::io::Error>();
        let by_std = by_std.and_then(Errno::from_io_error);
        let unusable = self.source.downcast_ref::<Unusable>();
        let by_root = unusable.and_then(|unusable| match unusable.reason {
            Reason::Io(errno) => Some(Errno::from_raw_os_error(errno.raw_os_error())),
            _ => None,
        });
        [errno, by_std, by_root].contains(&Some(Errno::IO))
    }
}

/// Says of a result what was being done, and to which file.
pub(super) trait Doing<T> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, CommitError>;
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Doing<T> for Result<T, E> {
    fn doing(self, doing: &'static str, path: &Path) -> Result<T, CommitError> {
        self.map_err(|source| CommitError::new(doing, path, source))
    }
}
