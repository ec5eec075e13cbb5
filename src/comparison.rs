//! What `diff` compares: the layers of one document, or what two consumers make of it.

use std::path::PathBuf;

use overlay_resolver::inspect::delta::Difference;
use overlay_resolver::inspect::disagreement::Disagreements;
use overlay_resolver::{Configuration, Document};

/// The differences of one document; those that there are.
#[derive(Debug)]
pub(crate) struct Delta<'d> {
    pub(crate) configuration: &'d Configuration,
    pub(crate) document: &'d Document,
    pub(crate) differences: Vec<Difference<'d>>,
}

/// What two consumers make of one document.
#[derive(Debug)]
pub(crate) struct Comparison<'d> {
    /// The configuration path of the document.
    pub(crate) path: PathBuf,
    pub(crate) disagreements: Disagreements<'d>,
}
