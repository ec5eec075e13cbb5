//! What a commit says when it cannot go on.

use std::error::Error;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;

/// A step that failed. What was done before it stands; the next run goes on from there.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} {}: {source}", escape_path(.path))]
pub struct CommitError {
    /// What was being done, as in "cannot … PATH".
    pub doing: &'static str,
    /// To which file, as seen inside the root.
    pub path: PathBuf,
    /// What the system answered.
    pub source: Box<dyn Error + Send + Sync>,
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
