//! Which configuration paths a tree has: every directory of drop-ins below the layers, and every file
//! whose consumer the catalog knows.
//!
//! Nobody has to say where to look. `X.d` beside a file `X` of any layer is `X`'s, and so is the `X.d`
//! of an `X` that is known; other directories stand for themselves. What has nothing to tell is left
//! out: a file that only its vendor's layer has, without drop-ins, and a directory in which nothing
//! counts or which its consumer does not read.
//!
//! ```
//! use overlay_resolver::catalog::Catalog;
//! use overlay_resolver::inspect::survey::survey;
//! use overlay_resolver::tree::Tree;
//!
//! let tree = Tree::default()
//!     .with("/usr/lib/systemd/journald.conf".as_ref(), "[Journal]\n")
//!     .with("/usr/lib/systemd/logind.conf".as_ref(), "[Login]\n")
//!     .with("/etc/systemd/journald.conf.d/50-mine.conf".as_ref(), "[Journal]\nSeal=no\n");
//! let survey = survey(&tree, &Catalog::built_in());
//! assert_eq!(survey.paths.len(), 1);
//! assert_eq!(survey.paths[0].path, "systemd/journald.conf".as_ref() as &std::path::Path);
//! ```
//!
//! It reads names only, stays in the root and ends: three levels deep, at most [`DIRECTORIES_LIMIT`]
//! directories below each layer, and each of them once, however many links lead to it. What was not searched
//! is an error among the findings. A directory is not entered by way of a symlink that leads into a layer,
//! because it is met there anyway; so with a merged `/usr` nothing is found twice.

mod assess;
mod walk;

use std::path::PathBuf;

use crate::catalog::Catalog;
use crate::finding::Finding;
use crate::rules::Rules;
use crate::tree::Tree;

pub use self::walk::{DIRECTORIES_LIMIT, NOT_CONFIGURATION};

/// The configuration paths of a tree.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Survey {
    /// One each, in byte order.
    pub paths: Vec<Surveyed>,
    /// Errors: what was not searched, because it cannot be listed or because there is too much. Notes:
    /// what was searched under another name.
    pub findings: Vec<Finding>,
}

/// A configuration path of a tree.
#[derive(Debug)]
#[non_exhaustive]
pub struct Surveyed {
    /// Below every layer.
    pub path: PathBuf,
    /// How it was found.
    pub how: How,
    /// What was found: its files and directories, as seen inside the root, lowest layer first.
    pub at: Vec<PathBuf>,
    /// The rules of its consumer; those of UAPI.6 where that is not known.
    pub rules: Rules,
}

/// How a configuration path was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum How {
    /// It was added to the catalog.
    Source,
    /// The catalog knows its consumer.
    Known,
    /// It is a file that has a directory of drop-ins beside it, in whatever layer.
    DropIns,
    /// It is a directory whose name ends in `.d`.
    Directory,
}

impl How {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Known => "known",
            Self::DropIns => "drop-ins",
            Self::Directory => "directory",
        }
    }

    /// Whether it is known how its consumer reads it.
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Source | Self::Known)
    }
}

/// Searches a tree, also for what was added to the catalog.
pub fn survey(tree: &Tree, catalog: &Catalog) -> Survey {
    survey_up_to(tree, catalog, DIRECTORIES_LIMIT)
}

fn survey_up_to(tree: &Tree, catalog: &Catalog, limit: usize) -> Survey {
    let mut sighted = walk::walk(tree, catalog, limit);
    sighted.findings.sort();
    Survey {
        paths: assess::assess(tree, catalog, &sighted),
        findings: sighted.findings,
    }
}

#[cfg(test)]
mod tests;
