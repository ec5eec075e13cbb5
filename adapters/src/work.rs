//! What is done with the entries of an adapter: they are planned and written, or they are run. All else is the same.

use overlay_resolver::root::Root;

use crate::jobs::Jobs;
use crate::planner::Planner;
use crate::report::{Report, Request};
use crate::route::Route;
use crate::run::Run;
use crate::runner::Runner;

/// An adapter, by what is done with its entries.
#[derive(Debug)]
pub(crate) enum Work {
    /// They are written.
    Written(Box<dyn Planner>),
    /// They are run.
    #[cfg_attr(not(test), expect(dead_code, reason = "the next adapters run things"))]
    Run(Box<dyn Runner>),
}

impl Work {
    /// What it reads and writes.
    pub(crate) fn route(&self) -> &dyn Route {
        match self {
            Self::Written(planner) => &**planner,
            Self::Run(runner) => &**runner,
        }
    }

    /// Whether it would run programs of the running system for another root, which it does not.
    pub(crate) fn is_elsewhere(&self, root: &Root) -> bool {
        match self {
            Self::Written(_) => false,
            Self::Run(runner) => !runner.runs_for(root),
        }
    }

    /// What a run would do. Writes and runs nothing.
    pub(crate) fn plan(&self, root: &Root, request: &Request) -> Report {
        match self {
            Self::Written(planner) => Run::new(root, &**planner, request).plan().report,
            Self::Run(runner) => Jobs::new(root, &**runner, request).plan(),
        }
    }

    /// Does it.
    pub(crate) fn carry_out(&self, root: &Root, request: &Request) -> Report {
        match self {
            Self::Written(planner) => Run::new(root, &**planner, request).carry_out(),
            Self::Run(runner) => Jobs::new(root, &**runner, request).carry_out(),
        }
    }
}
