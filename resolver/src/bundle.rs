//! Product bundles: what one product adds to an image that many share.
//!
//! A bundle is a tree of the shape of a system extension (systemd-sysext(8)): its `usr/lib` and `usr/share` are layers
//! directly above those of the image, and below `/usr/local`. Which are chosen, and whether they fit, is for others to
//! say; here a tree [has](crate::root::Root::with_bundles) them.
//!
//! Inside a bundle its own top is the root of all symlinks: an absolute one begins there and `..` stops there, as where
//! it is mounted. So none leads out of it, but for the mask `/dev/null`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::finding::Finding;
use crate::rules::Layer;

/// The name of what is chosen where nobody can tell what that is: it may be any bundle.
pub const UNTOLD: &str = "?";

/// The bases of a bundle that are layers.
const BASES: [&str; 2] = ["/usr/lib", "/usr/share"];

/// A bundle that is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    name: Arc<str>,
    tree: Result<Arc<Path>, Arc<Finding>>,
}

impl Bundle {
    /// The bundle of this name whose tree is at `place`: as seen inside the root, without symlinks.
    pub fn at(name: &str, place: impl Into<PathBuf>) -> Self {
        let place: PathBuf = place.into();
        Self {
            name: name.into(),
            tree: Ok(Path::new("/").join(place).into()),
        }
    }

    /// One that is chosen and of which nothing is read, for this reason: it is missing, or does not fit. That is among
    /// the [findings](crate::Configuration::findings) of every configuration path.
    pub fn refused(name: &str, why: Finding) -> Self {
        Self {
            name: name.into(),
            tree: Err(why.into()),
        }
    }

    /// Whether nobody can tell which bundle is chosen.
    pub fn is_untold(&self) -> bool {
        self.name() == UNTOLD
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where its tree is, as seen inside the root; none of one that is refused.
    pub fn place(&self) -> Option<&Path> {
        self.tree.as_deref().ok()
    }

    /// Why nothing of it is read.
    pub fn refusal(&self) -> Option<&Finding> {
        self.tree.as_ref().err().map(|why| &**why)
    }

    /// The layer that it adds above one of the image.
    fn layer_above(&self, base: &Path) -> Option<Layer> {
        let place = self.place()?;
        let below = in_usr(base)?;
        Some(Layer::of_bundle(&self.name, place.join(below)))
    }
}

/// A base of the image as it is below the top of a bundle; none of one that no bundle has.
fn in_usr(base: &Path) -> Option<PathBuf> {
    // Where /usr is not merged, or is called so nevertheless.
    let base = match base.strip_prefix("/lib") {
        Ok(below) => Path::new("/usr/lib").join(below),
        Err(_) => base.to_owned(),
    };
    let is_there = BASES.iter().any(|known| base.starts_with(known));
    is_there.then(|| base.strip_prefix("/").unwrap_or(&base).to_owned())
}

/// These layers with those of the bundles between the image's and all others, a later bundle above an earlier one.
pub(crate) fn stacked(layers: &[Layer], bundles: &[Bundle]) -> Vec<Layer> {
    let is_done = layers.iter().any(|layer| layer.bundle().is_some());
    let last = layers
        .iter()
        .rposition(|layer| in_usr(layer.base()).is_some());
    let Some(last) = last.filter(|_| !is_done) else {
        return layers.to_vec();
    };
    let (images, above) = layers.split_at(last + 1);
    let of = |bundle| {
        let layers = images.iter();
        layers.filter_map(move |layer| Bundle::layer_above(bundle, layer.base()))
    };
    let mut stacked = images.to_vec();
    for layer in bundles.iter().flat_map(of) {
        if !stacked.contains(&layer) {
            stacked.push(layer);
        }
    }
    stacked.extend_from_slice(above);
    stacked
}

/// The bundle that a place without symlinks is in, relative to the root: its top, relative as well.
pub(crate) fn top_of<'b>(bundles: &'b [Bundle], place: &Path) -> Option<&'b Path> {
    let tops = bundles.iter().filter_map(|bundle| bundle.place());
    let mut tops = tops.map(|top| top.strip_prefix("/").unwrap_or(top));
    tops.find(|top| place.starts_with(top))
}

/// What a path of a bundle, absolute and without symlinks, is called in an image that the bundle is mounted over.
pub(crate) fn in_image(bundles: &[Bundle], path: &Path) -> Option<PathBuf> {
    let inside = path.strip_prefix("/").ok()?;
    let below = inside.strip_prefix(top_of(bundles, inside)?).ok()?;
    let path = Path::new("/").join(below);
    in_usr(&path).map(|_| path)
}

#[cfg(test)]
mod tests;
