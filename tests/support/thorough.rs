//! How much a long test tries: in the gate all that it can (`OVERLAYCTL_THOROUGH=1`), in a plain `cargo test` a part.
#![allow(dead_code, reason = "each test takes what it needs of it")]

use std::hash::{BuildHasher as _, RandomState};
use std::sync::OnceLock;

/// Whether the long tests try all that they can.
pub(crate) fn is_thorough() -> bool {
    static THOROUGH: OnceLock<bool> = OnceLock::new();
    *THOROUGH
        .get_or_init(|| std::env::var_os("OVERLAYCTL_THOROUGH").is_some_and(|value| value == "1"))
}

/// How many of `all` are tried: in a plain run one in `part`, but something.
pub(crate) fn one_in(part: usize, all: usize) -> usize {
    if is_thorough() {
        all
    } else {
        all.div_ceil(part)
    }
}

/// So many of them, evenly spread; in a plain run others each time.
pub(crate) fn some_of<T>(part: usize, all: &[T]) -> impl Iterator<Item = &T> {
    let step = if is_thorough() {
        1
    } else {
        part.clamp(1, all.len().max(1))
    };
    let first = RandomState::new().hash_one(step) % u64::try_from(step).expect("a step");
    let first = usize::try_from(first).expect("less than a step");
    all.iter().skip(first).step_by(step)
}
