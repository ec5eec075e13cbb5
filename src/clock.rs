//! The time that it is.

use overlay_adapters::report::Moment;

use crate::failure::Failure;

/// What says it in place of the system's clock, in seconds since the epoch: for tests, and for who wants to
/// know what will have expired by then.
const VARIABLE: &str = "OVERLAYCTL_NOW";

/// The time by that variable, else by the system's clock.
pub(crate) fn now() -> Result<Moment, Failure> {
    match std::env::var(VARIABLE) {
        Ok(text) => match text.parse() {
            Ok(seconds) => Ok(Moment(seconds)),
            Err(_) => Err(Failure::NoTime(text)),
        },
        Err(_) => Ok(Moment::default()),
    }
}
