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

/// The layers, lowest first, by their directories inside the root.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<PathBuf>")]
pub(crate) struct LayersAt(pub(crate) Vec<Layer>);

impl TryFrom<PathBuf> for InRoot {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        plain("an absolute", path, Path::is_absolute).map(Self)
    }
}

impl TryFrom<PathBuf> for BelowLayers {
    type Error = String;

    fn try_from(path: PathBuf) -> Result<Self, String> {
        plain("a relative", path, Path::is_relative).map(Self)
    }
}

impl TryFrom<Vec<PathBuf>> for LayersAt {
    type Error = String;

    fn try_from(paths: Vec<PathBuf>) -> Result<Self, String> {
        let paths = paths.into_iter().map(InRoot::try_from);
        let paths = paths
            .map(|path| Ok(path?.0))
            .collect::<Result<Vec<_>, String>>()?;
        Layer::all(paths)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

/// The path, if it names something, has no `..` and begins as it has to.
fn plain(kind: &str, path: PathBuf, begins: fn(&Path) -> bool) -> Result<PathBuf, String> {
    let fits = |part| matches!(part, Component::Normal(_) | Component::RootDir);
    if path.components().all(fits) && path.file_name().is_some() && begins(&path) {
        return Ok(path);
    }
    Err(format!(
        "{}: expected {kind} path without `..`",
        escape_path(&path)
    ))
}
