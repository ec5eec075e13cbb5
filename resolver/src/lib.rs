//! Layered configuration: discovery, masks, drop-ins and key-level merge, with the origin of every value.
//!
//! ```text
//! layers ──discover──▶ files ──scan──▶ entries ──merge──▶ documents
//! ```
//!
//! [`Resolver`] is the way in. [`root`] and [`discover`] read; everything after them is pure. Nothing
//! here knows what the configuration is for, and nothing writes.
#![forbid(unsafe_code)]

pub mod catalog;
pub mod discover;
pub mod document;
pub mod escape;
#[cfg(feature = "figment")]
mod figment;
pub mod finding;
pub mod format;
pub mod keyfile;
pub mod lint;
pub mod merge;
mod resolver;
pub mod root;
pub mod rules;
pub mod scan;
pub mod schema;
pub mod tree;
pub mod typed;
pub mod why;

pub use self::document::{Assignment, Document, Explanation, Key};
pub use self::resolver::{Collection, Resolver};
pub use self::rules::Rules;
