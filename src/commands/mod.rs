//! One file a verb. A command reads and acts through the libraries and returns what to print.

mod cat;
mod check;
mod demo;
pub(crate) mod diff;
mod digest;
mod etc;
mod explain;
mod list;
mod report;
mod show;
mod why;
mod wish;

use std::path::{Path, PathBuf};

use overlay_adapters::code::{OUT_OF_SCOPE, UNREADABLE, WRITE_FAILED};
use overlay_adapters::commit::CommitError;
use overlay_adapters::etc::SideError;
use overlay_adapters::report::Wish;
use overlay_adapters::{Scope, System};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Code, Finding};
use overlay_resolver::root::RootError;
use overlay_resolver::{PathError, Rules};

use crate::Exit;
use crate::cli::{Cli, Command};
use crate::json::Json;
use crate::resolved::Resolved;
use crate::text::Text;
use crate::{code, json, render};

/// What a command has to say.
#[derive(Debug)]
pub(crate) struct Output {
    /// For standard output.
    pub(crate) content: Content,
    /// For standard error.
    pub(crate) messages: Text,
    /// How it ended.
    pub(crate) exit: Exit,
}

/// What standard output gets. Nothing else is ever printed.
#[derive(Debug)]
pub(crate) enum Content {
    /// Lines for people.
    Text(Text),
    /// A document for programs.
    Json(Json),
    /// Other people's files: their bytes, but not a terminal's commands.
    Files(Vec<u8>),
}

impl From<Text> for Content {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Json> for Content {
    fn from(document: Json) -> Self {
        Self::Json(document)
    }
}

impl From<Vec<u8>> for Content {
    fn from(files: Vec<u8>) -> Self {
        Self::Files(files)
    }
}

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
    #[error("{0}")]
    Pattern(globset::Error),
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
    #[error("no key `{key}` in {entry}; its keys are {}", known.join(", "))]
    NoSuchKey {
        entry: String,
        key: String,
        known: Vec<String>,
    },
    #[error("no file assigns `{key}` in {}; {}", escape_path(path), near(known))]
    NobodyAssigns {
        path: PathBuf,
        key: String,
        /// Keys of a similar name.
        known: Vec<String>,
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
    #[error("--scope {scope} is refused: {why}; it is left to the next boot")]
    ScopeRefused { scope: Scope, why: &'static str },
    #[error("OVERLAYCTL_NOW={0}: expected seconds since the epoch")]
    NoTime(String),
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

fn and_left(left: &[String]) -> String {
    match left {
        [] => String::new(),
        left => format!(
            "; those of {} are left for the boot, `--scope` takes them in",
            left.join(" and ")
        ),
    }
}

fn near(known: &[String]) -> String {
    match known {
        [] => "`overlayctl explain` without a key shows those that are assigned".into(),
        known => format!("did you mean {}?", known.join(", ")),
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
            | Self::NoSuchEntry { .. }
            | Self::NoSuchKey { .. }
            | Self::NobodyAssigns { .. }
            | Self::NoSuchFile(_)
            | Self::NoSuchLine { .. }
            | Self::LineZero(_) => code::NOT_FOUND,
            Self::Ambiguous { .. } => code::AMBIGUOUS,
            Self::ScopeRefused { .. } => OUT_OF_SCOPE,
            Self::Path(_)
            | Self::Pattern(_)
            | Self::IsTarget { .. }
            | Self::IsDirectory(_)
            | Self::ManyRules(_)
            | Self::NoTime(_)
            | Self::NotEmpty(_) => code::BAD_REQUEST,
        }
    }
}

impl Failure {
    /// What it is about; the root where that is no file and no path.
    fn path(&self) -> &Path {
        match self {
            Self::Path(error) => error.path(),
            Self::Read { path, .. }
            | Self::NobodyAssigns { path, .. }
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
            | Self::Pattern(_)
            | Self::Ambiguous { .. }
            | Self::NoSuchKey { .. }
            | Self::ScopeRefused { .. }
            | Self::NoTime(_)
            | Self::ManyRules(_) => Path::new("/"),
        }
    }
}

impl Failure {
    /// The same, as what was found.
    fn finding(&self) -> Finding {
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

impl Output {
    pub(crate) fn new(content: impl Into<Content>) -> Self {
        Self {
            content: content.into(),
            messages: Text::new(),
            exit: Exit::Fine,
        }
    }

    /// What a command about files has to say: a document where one was asked for, else text with the
    /// findings beside it.
    pub(crate) fn of_files<T: Into<Content>>(
        cli: &Cli,
        resolved: &Resolved,
        json: impl FnOnce() -> Json,
        text: impl FnOnce() -> T,
    ) -> Self {
        let exit = resolved.exit();
        if cli.json {
            return Self {
                exit,
                ..Self::new(json())
            };
        }
        Self {
            messages: render::diagnostics(&resolved.findings, &resolved.sources()),
            exit,
            ..Self::new(text())
        }
    }

    /// A command that failed as a whole still prints a document where one was asked for.
    pub(crate) fn of_failure(cli: &Cli, failure: &Failure) -> Self {
        let content = if cli.json {
            Content::Json(json::failure(&failure.finding()))
        } else {
            Content::Text(Text::new())
        };
        Self {
            messages: render::failure(&failure.to_string()),
            exit: match failure {
                Failure::ManyRules(_) => Exit::Usage,
                _ => Exit::Failed,
            },
            ..Self::new(content)
        }
    }
}

/// How many bytes the commands about files take apart in all: fifty times what a distribution has. Files of
/// hostile size or number end here, each with an error, and not with the machine's memory.
const READ_TOTAL: usize = 1 << 28;

/// Runs the command that the arguments ask for.
pub(crate) fn run(cli: &Cli) -> Result<Output, Failure> {
    if let Command::Demo { dir } = &cli.command {
        return demo::run(cli, dir);
    }
    if let Command::Check { list: true, .. } = &cli.command {
        return Ok(check::list(cli));
    }
    let system = System::open(&cli.root)?;
    let root = &system.root().clone().for_one_run(READ_TOTAL);
    match &cli.command {
        Command::Sync { dry_run, writing } => report::sync(cli, &system, *dry_run, writing),
        Command::Status {
            check,
            entries,
            writing,
        } => report::status(cli, &system, *check, entries, writing),
        Command::List { path, reading } => list::run(cli, root, path.as_deref(), reading),
        Command::Diff {
            path,
            text,
            check,
            reading,
        } => {
            let options = diff::Options {
                text: *text,
                check: *check,
            };
            diff::run(cli, root, path.as_deref(), options, reading)
        }
        Command::Cat {
            path,
            tldr,
            reading,
        } => cat::run(cli, root, path, *tldr, reading),
        Command::Show {
            path,
            origin,
            reading,
        } => show::run(cli, root, path, *origin, reading),
        Command::Digest { path, reading } => digest::digest(cli, root, path, reading),
        Command::WatchList { path, reading } => digest::watch_list(cli, root, path, reading),
        Command::Check {
            paths,
            strict,
            only,
            allow,
            reading,
            list: _,
        } => {
            let selection = check::Selection { only, allow };
            check::run(cli, root, paths, selection, *strict, reading)
        }
        Command::Explain {
            subject,
            key,
            reading,
            writing,
        } => {
            let asked = explain::Question {
                subject,
                key: key.as_deref(),
                reading,
            };
            explain::run(cli, &system, asked, writing)
        }
        Command::Why { file, reading } => why::run(cli, root, file, reading),
        Command::Etc { command } => etc::run(cli, root, command),
        Command::Restore { meant } => wish::each(cli, &system, meant, &Wish::Restore),
        Command::Adopt { meant } => wish::each(cli, &system, meant, &Wish::Adopt),
        Command::Release { meant } => wish::each(cli, &system, meant, &Wish::Release),
        Command::Revert {
            entry,
            key,
            dry_run,
            writing,
        } => wish::revert(cli, &system, entry, key.as_deref(), *dry_run, writing),
        Command::Demo { dir } => demo::run(cli, dir),
    }
}
