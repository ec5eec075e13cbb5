//! Layered configuration: discovery, masks, drop-ins and key-level merge, with the origin of every value.
//!
//! ```text
//! layers ──discover──▶ files ──scan──▶ entries ──merge──▶ ledgers of assignments
//! ```
//!
//! [`root`] and [`discover`] read; everything after them is pure. Nothing here knows what the
//! configuration is for, and nothing writes.

pub mod discover;
pub mod escape;
pub mod finding;
pub mod format;
pub mod keyfile;
pub mod merge;
pub mod root;
pub mod rules;
pub mod scan;
pub mod schema;
