//! What is done with the entries of an adapter: they are planned and written, or they are run. All else is the same.

use std::any::Any;

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
    /// They are run, by a command of their own.
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

    /// Whether a run with this request is about it: what is run is so only where that is asked for.
    pub(crate) fn is_asked_for(&self, name: &str, request: &Request) -> bool {
        match (self, &request.errand) {
            (_, Some(errand)) => errand.adapter == name,
            (Self::Written(_), None) => true,
            (Self::Run(_), None) => false,
        }
    }

    /// Whether its entries are written.
    pub(crate) fn is_written(&self) -> bool {
        matches!(self, Self::Written(_))
    }

    /// The adapter whose entries are run, if it is of this type.
    pub(crate) fn runner<T: Runner>(&self) -> Option<&T> {
        match self {
            Self::Written(_) => None,
            Self::Run(runner) => (&**runner as &dyn Any).downcast_ref(),
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
