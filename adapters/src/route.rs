//! What an adapter reads and what it writes: all that is shared knows of it, whether it plans or runs.

use std::fmt::Debug;
use std::path::PathBuf;

use overlay_resolver::Collection;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;

use crate::expiry::Moment;

/// A configuration path that an adapter reads.
#[derive(Debug, Clone)]
pub struct SourcePath {
    /// Below every layer.
    pub path: PathBuf,
    /// What its entries are reported under, such as `flatpak-remotes`.
    pub adapter: String,
    /// How it is read.
    pub rules: Rules,
    /// Whether an entry of it stands for a whole object, which can be deleted, restored and adopted.
    pub whole: bool,
}

/// Where an adapter brings what from.
pub(crate) trait Route: Debug {
    /// The configuration paths that it reads.
    fn sources(&self) -> Vec<SourcePath>;

    /// What it writes: a file or a directory inside the root.
    fn target(&self) -> PathBuf;

    /// Files of the target that lie where a layer's would, and are none.
    fn among_layers(&self, _root: &Root) -> Vec<PathBuf> {
        Vec::new()
    }

    /// What there is to say at this time of what was found of a source, that only this adapter knows.
    fn check(
        &self,
        _root: &Root,
        _source: &SourcePath,
        _found: &Collection,
        _now: Moment,
    ) -> Vec<Finding> {
        Vec::new()
    }

    /// The directory to hold while writing.
    fn lock(&self) -> PathBuf;
}
