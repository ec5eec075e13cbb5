//! The lints of `check`: the resolver's, and what the adapters know of their files.

use overlay_resolver::inspect::lint::{LINTS, Lint};

/// All of them, by name.
pub(crate) fn all() -> Vec<&'static Lint> {
    let mut all: Vec<_> = LINTS
        .iter()
        .chain(&overlay_adapters::adapter::LINTS)
        .collect();
    all.sort_by_key(|lint| lint.code.name());
    all
}
