//! A report of the adapters with all that is told of it, whether as text or as a document.

use std::collections::BTreeMap;

use overlay_adapters::report::{Idle, Report};
use overlay_resolver::finding::Finding;

use crate::render;

/// A report with all that is told of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) report: Report,
    /// What was found, and what there is to say of what was decided, in order.
    pub(crate) findings: Vec<Finding>,
    /// Why nothing was done for an entry, by `ADAPTER/NAME`.
    pub(crate) idle: BTreeMap<String, Idle>,
}

impl Told {
    pub(crate) fn new(report: Report, idle: BTreeMap<String, Idle>) -> Self {
        Self {
            findings: render::told(&report),
            report,
            idle,
        }
    }
}

impl From<Report> for Told {
    fn from(report: Report) -> Self {
        Self::new(report, BTreeMap::new())
    }
}
