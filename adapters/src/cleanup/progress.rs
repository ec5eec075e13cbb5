//! How far the tasks of a deployment are: the one account of that, which a run, `verify` and `status` ask, and by which a
//! marker is right or not.

use overlay_resolver::finding::Finding;

use super::marker::Marker;
use crate::job::Job;
use crate::report::RunDecision;

/// How far a task is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskProgress {
    /// Its name.
    pub name: String,
    /// Whether the deployment is cleaned only once this was done or given up.
    pub is_required: bool,
    /// How often it was tried.
    pub tries: u32,
    /// How often it is.
    pub limit: u32,
    /// What became of it; or why nobody can tell.
    pub decision: Result<RunDecision, Box<Finding>>,
}

impl TaskProgress {
    /// That of one of which it can be told.
    pub(super) fn of(job: &Job) -> Self {
        Self {
            name: job.name.clone(),
            is_required: job.is_required,
            tries: job.known().map_or(0, |mark| mark.tries),
            limit: job.tries,
            decision: Ok(job.decision()),
        }
    }

    /// Whether nothing more is done for this.
    fn is_settled(&self) -> bool {
        let settled = RunDecision::is_settled;
        self.decision.as_ref().is_ok_and(settled)
    }

    fn is_given_up(&self) -> bool {
        matches!(self.decision, Ok(RunDecision::GivenUp { .. }))
    }
}

/// How far all of them are that are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// In the order in which they run.
    pub tasks: Vec<TaskProgress>,
    /// Whether a run came to its end once all that is required was done or given up.
    pub is_recorded: bool,
}

/// How a deployment stands as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overall {
    /// Nothing tells which deployment it is.
    Unknown,
    /// Something required is to be run.
    Due,
    /// Something required failed, and is tried again.
    Failed,
    /// What became of something required cannot be told.
    Unclear,
    /// All that is required was done, or given up.
    GivenUp,
    /// All that is required was done.
    Cleaned,
}

impl Overall {
    /// The code of it in machine output.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Due => "due",
            Self::Failed => "run-failed",
            Self::Unclear => "unclear",
            Self::GivenUp => "given-up",
            Self::Cleaned => "cleaned",
        }
    }
}

impl Progress {
    /// What is required, and is to be run or looked at.
    pub fn open(&self) -> impl Iterator<Item = &TaskProgress> {
        self.required().filter(|task| !task.is_settled())
    }

    /// What is required, and was given up.
    pub fn given_up(&self) -> impl Iterator<Item = &TaskProgress> {
        self.required().filter(|task| task.is_given_up())
    }

    fn required(&self) -> impl Iterator<Item = &TaskProgress> {
        self.tasks.iter().filter(|task| task.is_required)
    }

    /// Whether nothing required is due or to be looked at: the deployment is cleaned then, as far as that goes.
    pub(super) fn is_settled(&self) -> bool {
        self.open().next().is_none()
    }

    /// Whether something required was given up.
    pub(super) fn is_degraded(&self) -> bool {
        self.given_up().next().is_some()
    }

    /// Whether a marker says what is so.
    pub(super) fn bears_out(&self, marker: &Marker) -> bool {
        self.is_recorded && self.is_settled() && marker.is_degraded == self.is_degraded()
    }

    /// How the deployment stands as a whole.
    pub(super) fn overall(&self) -> Overall {
        let is_any = |is_so: fn(&TaskProgress) -> bool| self.open().any(is_so);
        if is_any(|task| task.decision.is_err()) {
            Overall::Unclear
        } else if is_any(|task| matches!(task.decision, Ok(RunDecision::Failed { .. }))) {
            Overall::Failed
        } else if !self.is_settled() || !self.is_recorded {
            Overall::Due
        } else if self.is_degraded() {
            Overall::GivenUp
        } else {
            Overall::Cleaned
        }
    }
}
