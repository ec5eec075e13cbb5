#![doc = include_str!("../README.md")]
//!
//! # The modules
//!
//! ```text
//! layers ──discover──▶ files ──scan──▶ entries ──merge──▶ documents ──▶ a type of yours, explain, lint, why
//! ```
//!
//! [`Resolver`] does all of it. [`root`] and the first arrow read; everything after them is pure. Nothing here
//! knows what the configuration is for, and nothing writes.
//!
//! | for | see |
//! |---|---|
//! | a program that wants its configuration | [`Resolver`], [`Document::deserialize`], [`typed`] |
//! | every assignment with its origin and fate | [`Document`], [`document`] |
//! | which program's rules hold for a path | [`configuration`], [`catalog`] |
//! | how consumers differ, and rules of one's own | [`rules`], [`schema`]; [`reference`](mod@reference) has every field of their files |
//! | what became of a file | [`account`] |
//! | what is wrong | [`finding`] |
//! | what a file or a line does, how files differ, what is odd, what there is | [`inspect`] |
//! | files and entries before they are merged | [`root`], [`tree`], [`scan`] |
//! | texts | [`format`](mod@format), `keyfile` (a feature), [`escape`](mod@escape) |
//!
//! What is read and may get more to it is `#[non_exhaustive]`. Not so the enums of which a program has something to say
//! in every case ([`Account`], [`Basis`], [`root::Content`], …): that there is one more is for its compiler to tell.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(all(feature = "inspect", feature = "keyfile")),
    allow(
        dead_code,
        unreachable_pub,
        reason = "some of it answers questions only, or is for who writes keyfiles"
    )
)]

pub mod account;
pub mod bundle;
pub mod catalog;
pub mod configuration;
mod debug;
mod discover;
pub mod document;
pub mod escape;
#[cfg(feature = "figment")]
mod figment;
pub mod finding;
pub mod format;
#[cfg(test)]
mod hostile;
#[cfg(feature = "inspect")]
pub mod inspect;
#[cfg(feature = "keyfile")]
pub mod keyfile;
#[cfg(not(feature = "keyfile"))]
mod keyfile;
mod ledger;
mod merge;
mod numbered;
mod owner;
mod resolver;
pub mod root;
pub mod rules;
pub mod scan;
pub mod schema;
pub mod tree;
pub mod typed;
mod view;

/// Names and values are bytes that are mostly text: they compare with a `str`, and print.
pub use bstr::{BStr, BString};

pub use self::account::Account;
pub use self::catalog::Catalog;
pub use self::configuration::{Basis, Collection, Configuration, PathError};
pub use self::document::{Assignment, Document, Explanation, Key};
pub use self::finding::{Finding, Level};
pub use self::resolver::Resolver;
pub use self::root::{Root, RootError};
pub use self::rules::{Layer, Rules};
pub use self::schema::Schema;
pub use self::tree::Tree;
pub use self::typed::{DeserializeError, Located};

#[doc = include_str!("../MIGRATION.md")]
pub mod migration {}

#[doc = include_str!("../RULES.md")]
#[doc = include_str!("../schemas/README.md")]
pub mod reference {}

/// What is resolved in one thread may be asked in others.
const _: () = {
    const fn is_shared<T: Send + Sync>() {}
    is_shared::<Resolver>();
    is_shared::<Configuration>();
    is_shared::<Document>();
    is_shared::<Collection>();
    is_shared::<Key<'_>>();
    is_shared::<Assignment<'_>>();
    is_shared::<Explanation<'_>>();
    is_shared::<Finding>();
    is_shared::<DeserializeError>();
    is_shared::<Catalog>();
    is_shared::<Rules>();
    is_shared::<root::Dir>();
};

/// What was resolved can be kept beside what is resolved later.
const _: () = {
    const fn is_kept<T: Clone>() {}
    is_kept::<Document>();
    is_kept::<Collection>();
    is_kept::<scan::Scan>();
};
