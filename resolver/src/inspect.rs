//! What asks questions about configuration: nothing that resolves it needs any of this.
//!
//! | question | see |
//! |---|---|
//! | what does a file, or one line of it, do? | [`why`] |
//! | where does a file differ from those below it? | [`delta`](mod@delta) |
//! | where would two consumers of the same files disagree? | [`disagreement`] |
//! | what works and was probably not meant? | [`lint`] |
//! | which configuration paths does a tree have? | [`survey`](mod@survey) |

pub mod delta;
pub mod disagreement;
pub mod lint;
pub mod survey;
pub mod why;
