//! Why a command could not do its work at all.

use std::path::{Path, PathBuf};

use overlay_adapters::CommitError;
use overlay_adapters::Scope;
use overlay_adapters::WhyLeft;
use overlay_adapters::code::{OUT_OF_SCOPE, UNREADABLE, WRITE_FAILED};
use overlay_adapters::etc::SideError;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::{Code, Finding};
use overlay_resolver::root::RootError;
use overlay_resolver::{PathError, Rules};

use crate::code;
use crate::render::why_left;

/// Why a command could not do its work at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Root(#[from] RootError),
    #[error(transparent)]
    Side(#[from] SideError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("{0}")]
    Finding(Box<Finding>),
    #[error(
        "no rule set is named `{name}`; there are {}, or name a TOML file by a path with a `/`",
        Rules::names().collect::<Vec<_>>().join(", ")
    )]
    NoSuchRules { name: String },
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error(
        "no entry matches `{pattern}`; {}{}",
        known_entries(known),
        and_left(left)
    )]
    NoSuchEntry {
        pattern: String,
        known: Vec<String>,
        /// The adapters whose entries were not looked at.
        left: Vec<String>,
    },
    #[error("`{name}` may be {}; say which", meant.join(" or "))]
    Ambiguous { name: String, meant: Vec<String> },
    #[error("no key `{key}` in {entry}{}", known_keys(known, state.as_deref()))]
    NoSuchKey {
        entry: String,
        key: String,
        known: Vec<String>,
        /// What the entry is, where it has no keys: those that are known are its files'.
        state: Option<String>,
    },
    #[error("{} does not exist inside the root", escape_path(.0))]
    NoSuchFile(PathBuf),
    #[error(
        "{} is what {adapter} writes, no file of a layer; `overlayctl explain '{adapter}/*'` says where its values come from",
        escape_path(path)
    )]
    IsTarget { path: PathBuf, adapter: String },
    #[error("{} is a directory; name a file in it", escape_path(.0))]
    IsDirectory(PathBuf),
    #[error("{} has {lines} lines only", escape_path(path))]
    NoSuchLine { path: PathBuf, lines: usize },
    #[error("{} has no line 0: lines are counted from 1", escape_path(.0))]
    LineZero(PathBuf),
    #[error("--scope {scope} is refused: {}; it is left to the next boot", why_left(*why))]
    ScopeRefused { scope: Scope, why: WhyLeft },
    #[error("OVERLAYCTL_NOW={0}: expected seconds since the epoch")]
    NoTime(String),
    #[error("the bundle `{}` is not chosen, so nothing can be without it; `overlayctl bundles` says which are", escape(name.as_bytes()))]
    NotChosen { name: String },
    #[error("--rules is given {0} times; two are compared")]
    ManyRules(usize),
    #[error("{} is not empty; name a directory that does not exist yet", .0.display())]
    NotEmpty(PathBuf),
    #[error("cannot write {}: {source}", .path.display())]
    Write {
        path: PathBuf,
        source: std::io::Error,
    },
}

fn known_entries(known: &[String]) -> String {
    match known {
        [] => "there are none".into(),
        known => format!("there are {}", known.join(", ")),
    }
}

fn known_keys(known: &[String], state: Option<&str>) -> String {
    let known = known.join(", ");
    match state {
        None => format!("; its keys are {known}"),
        Some(state) if known.is_empty() => format!(" ({state}), nor in its files"),
        Some(state) => format!(" ({state}), nor in its files, which assign {known}"),
    }
}

fn and_left(left: &[String]) -> String {
    match left {
        [] => String::new(),
        left => format!(
            "; those of {} are left for the boot, `--scope` takes them in",
            left.join(" and ")
        ),
    }
}

impl Failure {
    /// The code of its finding.
    const fn code(&self) -> Code {
        match self {
            Self::Finding(finding) => finding.code,
            Self::Root(_) | Self::Side(_) | Self::Read { .. } => UNREADABLE,
            Self::Commit(_) | Self::Write { .. } => WRITE_FAILED,
            Self::NoSuchRules { .. }
            | Self::NotChosen { .. }
            | Self::NoSuchEntry { .. }
            | Self::NoSuchKey { .. }
            | Self::NoSuchFile(_)
            | Self::NoSuchLine { .. }
            | Self::LineZero(_) => code::NOT_FOUND,
            Self::Ambiguous { .. } => code::AMBIGUOUS,
            Self::ScopeRefused { .. } => OUT_OF_SCOPE,
            Self::Path(_)
            | Self::IsTarget { .. }
            | Self::IsDirectory(_)
            | Self::ManyRules(_)
            | Self::NoTime(_)
            | Self::NotEmpty(_) => code::BAD_REQUEST,
        }
    }

    /// What it is about; the root where that is no file and no path.
    fn path(&self) -> &Path {
        match self {
            Self::Path(error) => error.path(),
            Self::Read { path, .. }
            | Self::NoSuchFile(path)
            | Self::IsTarget { path, .. }
            | Self::IsDirectory(path)
            | Self::NoSuchLine { path, .. }
            | Self::LineZero(path)
            | Self::NotEmpty(path)
            | Self::Write { path, .. } => path,
            Self::Finding(finding) => &finding.path,
            Self::NoSuchEntry { pattern, .. } => Path::new(pattern),
            Self::Root(_)
            | Self::Side(_)
            | Self::Commit(_)
            | Self::NoSuchRules { .. }
            | Self::Ambiguous { .. }
            | Self::NotChosen { .. }
            | Self::NoSuchKey { .. }
            | Self::ScopeRefused { .. }
            | Self::NoTime(_)
            | Self::ManyRules(_) => Path::new("/"),
        }
    }

    /// The same, as what was found.
    pub(crate) fn finding(&self) -> Finding {
        match self {
            Self::Finding(finding) => (**finding).clone(),
            failure => failure.code().error(failure.path(), failure.to_string()),
        }
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::Finding(Box::new(finding))
    }
}
