//! What an adapter is to the rest: what it reads, what it writes, and how it plans.

use std::path::PathBuf;

use overlay_resolver::Collection;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;

use crate::expiry::Moment;
use crate::obstacles::Obstacles;
use crate::plan::Plan;
use crate::report::Request;

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

/// What the adapters of one kind have to know how to do. All reading is done when a plan is made.
pub(crate) trait Planner: std::fmt::Debug {
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

    /// What is to be done, with what stands in the way left as it is.
    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan;
}
