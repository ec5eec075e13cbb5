//! Brings layered configuration to its targets: reconcile, plan and commit, and a module a target.
//!
//! ```text
//! layers ──scan, merge──▶ desired ─┐
//!                                  ├─reconcile─▶ plan ──commit──▶ target
//! target ──▶ actual + baseline ────┘
//! ```
//!
//! `reconcile` holds the rules and touches nothing; `commit` is the only place that writes. Entries of keys,
//! whoever reads them, are in `keyed`, what is particular about remotes in `remotes`; what a target is and what is
//! particular about it is in its own module. Which adapters there are is data: [`definition`]. By the rule of a key
//! alone, [`etc`] merges whole trees.
//!
//! A command needs [`Adapters`], and what they hand out: a [`Report`](report::Report).

pub mod adapter;
pub mod bundles;
pub mod cleanup;
pub mod code;
mod commit;
#[cfg(test)]
mod death;
pub mod definition;
mod deployment;
mod editor;
pub mod etc;
#[cfg(test)]
mod exampled;
mod expiry;
mod flatpak;
mod interrupt;
mod job;
mod jobs;
mod keyed;
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
mod reconcile;
mod registry;
mod remotes;
pub mod report;
mod route;
mod run;
mod runner;
mod scope;
mod source;
mod system;
#[cfg(test)]
mod tasksd;
mod text;
#[cfg(test)]
#[path = "../../tests/support/thorough.rs"]
mod thorough;
mod work;

pub use self::adapter::{Adapter, Adapters, EntryPath};
pub use self::commit::CommitError;
pub use self::deployment::Deployment;
pub use self::interrupt::is_asked as is_asked_to_end;
pub use self::route::SourcePath;
pub use self::scope::{NoScope, Scope, Scopes};
pub use self::system::{System, WhyLeft};
