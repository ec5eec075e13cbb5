//! What came of a batch.

use super::error::CommitError;

/// How a batch ended of which no step failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All steps were carried out.
    Done,
    /// Somebody else wrote one of the targets since the plan was made. Theirs is in place: plan again.
    Raced,
}

/// What came of a batch.
#[derive(Debug)]
pub(crate) struct Ended {
    /// How many of its steps were carried out, the first of them.
    pub(crate) done: usize,
    /// How it ended. All that could not be staged is among the failures; of what is staged, nothing is
    /// carried out behind the first that fails, but what is fixed in its place behind that is among them, too.
    pub(crate) outcome: Result<Outcome, Vec<Failure>>,
}

/// A step that could not be carried out, or not even staged.
#[derive(Debug)]
pub(crate) struct Failure {
    /// Which one of the batch.
    pub(crate) step: usize,
    /// Why.
    pub(crate) error: CommitError,
}
