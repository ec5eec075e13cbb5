//! The command line as its users see it: what it prints, how it ends, what its JSON looks like. Needs
//! nothing but the binary.
#![allow(
    clippy::disallowed_methods,
    reason = "an image is a directory of the host, made by the test"
)]

mod adapters;
mod adoption;
mod agree;
mod answers;
mod bundles;
mod certificates;
mod check;
mod cleanup;
mod diff;
mod documents;
mod etc;
mod exit_status;
mod expiry;
mod files;
mod handed_on;
mod image;
mod json;
mod library;
mod remembered;
mod renames;
mod scopes;
mod size;
mod terminal;
mod text;
#[path = "../support/thorough.rs"]
mod thorough;
mod told;
mod user;
mod victims;
mod wishes;
