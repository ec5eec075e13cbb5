//! A layer: a base directory with a rank.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::escape::escape_path;

/// One base directory with a rank: later layers of [`Rules::layers`](super::Rules::layers) win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    base: Arc<Path>,
}

impl Layer {
    /// The layer at `base`, an absolute path as seen inside the root.
    ///
    /// # Errors
    /// Any other path would never match.
    pub fn new(base: impl Into<PathBuf>) -> Result<Self, LayerError> {
        let base = base.into();
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::RootDir);
        let is_absolute = base.is_absolute() && base.components().all(is_plain);
        if !is_absolute || base.as_os_str().as_bytes().contains(&0) {
            return Err(LayerError(base));
        }
        Ok(Self { base: base.into() })
    }

    pub(super) fn usual() -> Vec<Self> {
        let layer = |base: &str| Self {
            base: Path::new(base).into(),
        };
        ["/usr/lib", "/usr/local/lib", "/run", "/etc"]
            .map(layer)
            .into()
    }

    /// The base directory as seen inside the root, such as `/usr/lib`.
    pub fn base(&self) -> &Path {
        &self.base
    }
}

impl From<Layer> for PathBuf {
    fn from(layer: Layer) -> Self {
        layer.base.to_path_buf()
    }
}

/// This path can be no layer.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: expected an absolute path without `..`", escape_path(.0))]
pub struct LayerError(pub PathBuf);
