//! What a run is asked for.

use std::collections::BTreeMap;

use super::wish::Wish;
use crate::expiry::Moment;
use crate::scope::Scopes;

/// What a run is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// What the owner asks of single entries, as `ADAPTER/NAME`: this is done then and nothing else. Without
    /// any, everything is brought to what follows from the layers and the target.
    pub wishes: BTreeMap<String, Wish>,
    /// What may be written.
    pub scopes: Scopes,
    /// The time that it is: certificates expire.
    pub now: Moment,
}
