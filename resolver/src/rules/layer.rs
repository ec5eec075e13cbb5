//! A layer: a base directory with a rank.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use crate::escape::escape_path;

/// One base directory with a rank: later layers of [`Rules::layers`](super::Rules::layers) win.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    base: Arc<Path>,
    /// The name of the bundle that it is of.
    bundle: Option<Arc<str>>,
}

impl Layer {
    /// The layer at `base`, an absolute path as seen inside the root.
    ///
    /// # Errors
    /// Any other path would never match, and the root itself has every path in it.
    pub fn new(base: impl Into<PathBuf>) -> Result<Self, LayerError> {
        let base = base.into();
        if base == Path::new("/") {
            return Err(LayerError::Root);
        }
        let is_plain = |part| matches!(part, Component::Normal(_) | Component::RootDir);
        let is_absolute = base.is_absolute() && base.components().all(is_plain);
        if !is_absolute || base.as_os_str().as_bytes().contains(&0) {
            return Err(LayerError::NotAbsolute(base));
        }
        Ok(Self::of_image(base))
    }

    /// The layers at these bases, lowest rank first.
    ///
    /// # Errors
    /// One of them can be none, there is none at all, or one is there twice: of two ranks a file would hide itself.
    pub fn all(
        bases: impl IntoIterator<Item = impl Into<PathBuf>>,
    ) -> Result<Vec<Self>, LayerError> {
        let layers = bases.into_iter().map(Self::new);
        let layers: Vec<_> = layers.collect::<Result<_, _>>()?;
        if layers.is_empty() {
            return Err(LayerError::None);
        }
        match Self::twice(&layers) {
            Some(twice) => Err(LayerError::Twice(twice.base.to_path_buf())),
            None => Ok(layers),
        }
    }

    /// The first that is there twice.
    fn twice(layers: &[Self]) -> Option<&Self> {
        let seen = |(at, layer): &(usize, &Self)| layers[..*at].contains(*layer);
        layers.iter().enumerate().find(seen).map(|(_, layer)| layer)
    }

    pub(super) fn usual() -> Vec<Self> {
        let layer = |base: &str| Self::of_image(base.into());
        ["/usr/lib", "/usr/local/lib", "/run", "/etc"]
            .map(layer)
            .into()
    }

    fn of_image(base: PathBuf) -> Self {
        Self {
            base: base.into(),
            bundle: None,
        }
    }

    /// The layer at this base of the bundle of this name.
    pub(crate) fn of_bundle(name: &Arc<str>, base: PathBuf) -> Self {
        Self {
            base: base.into(),
            bundle: Some(Arc::clone(name)),
        }
    }

    /// The base directory as seen inside the root, such as `/usr/lib`.
    pub fn base(&self) -> &Path {
        &self.base
    }

    /// The name of the [bundle](crate::bundle) that it is of; none of a layer of the rules.
    pub fn bundle(&self) -> Option<&str> {
        self.bundle.as_deref()
    }
}

impl From<Layer> for PathBuf {
    fn from(layer: Layer) -> Self {
        layer.base.to_path_buf()
    }
}

/// These can be no layers.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayerError {
    /// Such a path is in no root.
    #[error("{}: expected an absolute path without `..`", escape_path(.0))]
    NotAbsolute(PathBuf),
    /// The root itself.
    #[error("/: expected a directory below it, such as `/etc`: all paths are in `/`")]
    Root,
    /// There is none.
    #[error("expected at least one, such as `/etc`")]
    None,
    /// This one is there twice.
    #[error("{}: is there twice; leave one of them out", escape_path(.0))]
    Twice(PathBuf),
}
