//! The paths that a definition names, each checked where it is read: what is wrong with one has its file and line.

use std::path::{Component, Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::rules::Layer;
use serde::Deserialize;

/// A path inside the root: absolute, without `..`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub(crate) struct InRoot(pub(crate) PathBuf);

/// A configuration path: below every layer, relative, without `..`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub(crate) struct BelowLayers(pub(crate) PathBuf);

/// A layer, by its directory inside the root.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PathBuf")]
pub(crate) struct LayerAt(pub(crate) Layer);

impl TryFrom<PathBuf> for InRoot {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        let is_right = is_plain(&path) && path.is_absolute();
        is_right
            .then(|| Self(path.clone()))
            .ok_or_else(|| expected("an absolute", &path))
    }
}

impl TryFrom<PathBuf> for BelowLayers {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        let is_right = is_plain(&path) && path.is_relative();
        is_right
            .then(|| Self(path.clone()))
            .ok_or_else(|| expected("a relative", &path))
    }
}

impl TryFrom<PathBuf> for LayerAt {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        let layer = Layer::new(InRoot::try_from(path)?.0);
        layer.map(Self).map_err(|error| error.to_string())
    }
}

fn is_plain(path: &Path) -> bool {
    let fits = |part| matches!(part, Component::Normal(_) | Component::RootDir);
    path.components().all(fits) && path.file_name().is_some()
}

fn expected(kind: &str, path: &Path) -> String {
    format!("{}: expected {kind} path without `..`", escape_path(path))
}
