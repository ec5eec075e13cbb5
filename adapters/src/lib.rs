//! Brings layered configuration to its targets: reconcile, plan and commit, and a module a target.
//!
//! ```text
//! layers ──scan, merge──▶ desired ─┐
//!                                  ├─reconcile─▶ plan ──commit──▶ target
//! target ──▶ actual + baseline ────┘
//! ```
//!
//! [`reconcile`] holds the rules and touches nothing; [`commit`] is the only place that writes. Entries
//! of keys, whoever reads them, are in [`keyed`], what is particular about remotes in [`remotes`]; what a target is and what is particular about it is in its
//! own module: [`flatpak`] and `ostree`. Which adapters there are is data: [`definition`].
//! By the rule of a key alone, [`etc`] merges whole trees.

pub mod adapter;
pub mod cleanup;
pub mod code;
pub mod commit;
#[cfg(test)]
mod death;
pub mod definition;
pub mod deployment;
mod editor;
pub mod etc;
#[cfg(test)]
mod exampled;
pub mod expiry;
pub mod flatpak;
mod jobs;
pub mod keyed;
mod launch;
mod observer;
mod obstacles;
pub mod openpgp;
mod ostree;
mod paths;
mod plan;
mod planner;
mod proc;
mod process;
mod reader;
pub mod reconcile;
mod registry;
pub mod remotes;
pub mod report;
mod route;
mod run;
mod runner;
pub mod scope;
pub mod source;
pub mod system;
#[cfg(test)]
mod tasksd;
mod text;
#[cfg(test)]
#[path = "../../tests/support/thorough.rs"]
mod thorough;
mod work;

pub use self::adapter::{Adapter, Adapters, EntryPath};
pub use self::route::SourcePath;
pub use self::scope::{Scope, Scopes};
pub use self::system::System;
