//! Laws of growth: four times as much takes four times the processor's time where it is in proportion, sixteen times
//! where it is quadratic. The time of this thread is counted, so that a busy machine tells the same.

#[path = "thorough.rs"]
mod thorough;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Between the four of what is in proportion and the sixteen of what is quadratic, nearer to the four: a part
/// that is quadratic may be small yet.
const BOUND: u32 = 6;

/// Four times as much as `size` takes no more than in proportion, for each part that is timed. A plain run looks at less.
#[track_caller]
pub(crate) fn in_proportion(size: usize, parts: impl Fn(usize) -> Vec<(&'static str, Duration)>) {
    let size = thorough::one_in(4, size);
    let mut worst = Vec::new();
    // What else the machine does can disturb one attempt.
    for _ in 0..3 {
        // The first run pays for what is loaded once.
        let (_, small, large) = (parts(size / 8), parts(size), parts(4 * size));
        let both = small.into_iter().zip(large);
        worst = both
            .filter(|((_, small), (_, large))| *large >= *small * BOUND)
            .collect();
        if worst.is_empty() {
            return;
        }
    }
    panic!("not in proportion, of so much and of four times as much: {worst:#?}");
}

/// The processor's time that something takes in this thread.
pub(crate) fn time(what: impl FnOnce()) -> Duration {
    let now = || Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).expect("a time");
    let start = now();
    what();
    now().checked_sub(start).expect("a clock that goes on")
}
