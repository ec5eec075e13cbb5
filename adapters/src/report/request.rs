//! What a run is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::wish::Wish;
use crate::expiry::Moment;
use crate::scope::Scopes;

/// What a run is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What the owner asks of single entries, as `ADAPTER/NAME`: this is done then and nothing else. Without
    /// any, everything is brought to what follows from the layers and the target.
    pub wishes: BTreeMap<String, Wish>,
    /// What is to be run: this is done then and nothing else. Without it nothing is run.
    pub errand: Option<Errand>,
    /// What may be written.
    pub scopes: Scopes,
    /// The time that it is: certificates expire.
    pub now: Moment,
}

/// What is to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Errand {
    /// The name of the adapter whose entries are run.
    pub adapter: String,
    /// Only these of them; without any, all that are due.
    pub only: BTreeSet<String>,
    /// Whether they are run that were done or given up before.
    pub again: bool,
}

impl Errand {
    /// Whether it is about an entry.
    pub(crate) fn is_about(&self, name: &str) -> bool {
        self.only.is_empty() || self.only.contains(name)
    }
}
