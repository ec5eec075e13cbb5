//! From what a caller writes to a configuration path.

use std::path::{Component, Path, PathBuf};

use crate::bundle::{self, Bundle};
use crate::catalog::Catalog;
use crate::escape::escape_path;
use crate::root::absolute;
use crate::rules::{Layer, Rules};

/// No layer can have anything at this path, so asking about it is a mistake.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It is empty, or the root.
    #[error("expected a path below every layer, such as myapp/config.d, found {}", shown(.0))]
    NoName(PathBuf),
    /// It begins above the layers.
    #[error("{} leads out of the layers by `..`; write the path below them", escape_path(.0))]
    Leaves(PathBuf),
    /// It is a layer.
    #[error("{} is a layer; write a path below it, such as {}", escape_path(.0), escape_path(&.0.join("myapp/config.d")))]
    Layer(PathBuf),
    /// It begins with the name of a layer, below which there is no such thing.
    #[error(
        "{} would be below every layer, such as {}; write {} or {}",
        escape_path(.path),
        escape_path(&.layer.join(.path)),
        escape_path(.below),
        escape_path(&Path::new("/").join(.path))
    )]
    NamesLayer {
        /// As it was written.
        path: PathBuf,
        /// The layer whose name it begins with.
        layer: PathBuf,
        /// What is behind that.
        below: PathBuf,
    },
    /// It is absolute, and in no layer.
    #[error("{} is in no layer; write a path below one of {}", escape_path(.path), list(.layers))]
    Outside {
        /// As it was written.
        path: PathBuf,
        /// The layers that there are.
        layers: Vec<Layer>,
    },
    /// Its consumer reads each file of it as a document of its own.
    #[error("{} is a directory of documents; ask for its entries, or for one of them", escape_path(.0))]
    Directory(PathBuf),
    /// Each document in it is known by its own name, and read by rules of its own.
    #[error(
        "{} is a directory in which each document is read by rules of its own; ask for one, such as {}",
        escape_path(.path),
        escape_path(.first)
    )]
    Members {
        /// As it was asked for, below every layer.
        path: PathBuf,
        /// The first of them.
        first: PathBuf,
    },
}

impl PathError {
    /// The path that cannot be asked about, as it was written.
    pub fn path(&self) -> &Path {
        match self {
            Self::NoName(path)
            | Self::Leaves(path)
            | Self::Layer(path)
            | Self::NamesLayer { path, .. }
            | Self::Outside { path, .. }
            | Self::Directory(path)
            | Self::Members { path, .. } => path,
        }
    }
}

fn shown(path: &Path) -> String {
    if path.as_os_str().is_empty() {
        return "an empty one".into();
    }
    escape_path(path).to_string()
}

fn list(layers: &[Layer]) -> String {
    let bases = layers
        .iter()
        .map(|layer| escape_path(layer.base()).to_string());
    bases.collect::<Vec<_>>().join(", ")
}

/// The path below every layer that `path` means: as it is where it is relative, else what is below the
/// deepest layer that has it.
pub(crate) fn below_layers(
    path: &Path,
    catalog: &Catalog,
    rules: Option<&Rules>,
    bundles: &[Bundle],
) -> Result<PathBuf, PathError> {
    let usual = Rules::default();
    let layers = &rules.unwrap_or(&usual).layers;
    if path.is_absolute() {
        let plain = absolute(path);
        // The file of a bundle stands for the image's.
        let plain = bundle::in_image(bundles, &plain).unwrap_or(plain);
        return match split(&plain, catalog, layers) {
            Some((_, below)) => Ok(below),
            None if plain.parent().is_none() => Err(PathError::NoName(path.into())),
            None if is_layer(&plain, layers) => Err(PathError::Layer(plain)),
            None => Err(PathError::Outside {
                path: path.into(),
                layers: layers.clone(),
            }),
        };
    }
    let plain = relative(path).ok_or_else(|| PathError::Leaves(path.into()))?;
    if plain.as_os_str().is_empty() {
        return Err(PathError::NoName(path.into()));
    }
    if catalog.knows(&plain) {
        return Ok(plain);
    }
    let rooted = Path::new("/").join(&plain);
    if is_layer(&rooted, layers) {
        return Err(PathError::Layer(rooted));
    }
    match split(&rooted, catalog, layers) {
        Some((layer, below)) => Err(PathError::NamesLayer {
            path: plain,
            layer,
            below,
        }),
        None => Ok(plain),
    }
}

fn is_layer(path: &Path, layers: &[Layer]) -> bool {
    layers.iter().any(|layer| layer.base() == path)
}

/// The deepest layer above an absolute path, be it one of that path's consumer only, and what is below it.
fn split(path: &Path, catalog: &Catalog, layers: &[Layer]) -> Option<(PathBuf, PathBuf)> {
    path.ancestors().skip(1).find_map(|base| {
        let below = path.strip_prefix(base).ok()?;
        let is_known = || {
            let rules = catalog.rules(below);
            rules.is_some_and(|rules| is_layer(base, &rules.layers))
        };
        (is_layer(base, layers) || is_known()).then(|| (base.into(), below.into()))
    })
}

/// A relative path without `..`, by its text; none if that leads above its beginning.
fn relative(path: &Path) -> Option<PathBuf> {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => plain.pop().then_some(())?,
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_match_nothing_says_what_to_write() {
        let catalog = Catalog::built_in();
        let told = |path: &str| match below_layers(Path::new(path), &catalog, None, &[]) {
            Ok(path) => path.to_str().unwrap().to_owned(),
            Err(error) => format!("! {error}"),
        };
        for (path, expected) in [
            ("x.d", "x.d"),
            ("a/./b//x.d/", "a/b/x.d"),
            ("a/../x.d", "x.d"),
            ("/etc/x.d", "x.d"),
            ("/usr/local/lib/a/x.d", "a/x.d"),
            ("/usr/lib/../../etc/x.d", "x.d"),
            ("/etc/etc/x.d", "etc/x.d"),
            // A layer that only its consumer has.
            ("/usr/share/polkit-1/rules.d", "polkit-1/rules.d"),
            ("/lib/netplan", "netplan"),
            (
                "",
                "! expected a path below every layer, such as myapp/config.d, found an empty one",
            ),
            (
                "/",
                "! expected a path below every layer, such as myapp/config.d, found /",
            ),
            (
                ".",
                "! expected a path below every layer, such as myapp/config.d, found .",
            ),
            (
                "a/..",
                "! expected a path below every layer, such as myapp/config.d, found a/..",
            ),
            (
                "../x.d",
                "! ../x.d leads out of the layers by `..`; write the path below them",
            ),
            (
                "a/../../etc/x.d",
                "! a/../../etc/x.d leads out of the layers by `..`; write the path below them",
            ),
            (
                "/etc",
                "! /etc is a layer; write a path below it, such as /etc/myapp/config.d",
            ),
            (
                "usr/lib",
                "! /usr/lib is a layer; write a path below it, such as /usr/lib/myapp/config.d",
            ),
            (
                "etc/x.d",
                "! etc/x.d would be below every layer, such as /etc/etc/x.d; write x.d or /etc/x.d",
            ),
            (
                "usr/lib/a/x.d",
                "! usr/lib/a/x.d would be below every layer, such as /usr/lib/usr/lib/a/x.d; write a/x.d or /usr/lib/a/x.d",
            ),
            (
                "/opt/x.d",
                "! /opt/x.d is in no layer; write a path below one of /usr/lib, /usr/local/lib, /run, /etc",
            ),
            (
                "/etc/../x.d",
                "! /etc/../x.d is in no layer; write a path below one of /usr/lib, /usr/local/lib, /run, /etc",
            ),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }
}
