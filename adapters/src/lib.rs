//! Brings layered configuration to its targets: reconcile, plan and commit, and a module a target.
//!
//! ```text
//! layers ──scan, merge──▶ desired ─┐
//!                                  ├─reconcile─▶ plan ──commit──▶ target
//! target ──▶ actual + baseline ────┘
//! ```
//!
//! [`reconcile`] holds the rules and touches nothing; [`commit`] is the only place that writes. What
//! a target is, how it is read and how the rules apply to it is in its module: [`flatpak`]. By the rule of
//! a key alone, [`etc`] merges whole trees.

pub mod commit;
pub mod definition;
pub mod editor;
pub mod etc;
pub mod flatpak;
pub mod openpgp;
pub mod reconcile;
pub mod report;
