//! What an adapter is whose entries are written: how it plans.

use overlay_resolver::root::Root;

use crate::obstacles::Obstacles;
use crate::plan::Plan;
use crate::report::Request;
use crate::route::Route;

/// What the adapters of one kind have to know how to do whose entries are written. All reading is done when a plan is
/// made.
pub(crate) trait Planner: Route {
    /// What is to be done, with what stands in the way left as it is.
    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan;
}
