//! Trees that mean harm, or are just broken, seen through `Root`.
//!
//! Beside each root lies a canary that nothing may ever read. Where it matters, a naive reader is run
//! first to show that the trap works.

#![allow(clippy::disallowed_methods, reason = "a test makes its trees by path")]

mod files;
mod links;
mod mount;
mod races;
mod tree;
mod unlisted;
