//! `digest` and `watch-list`: what a build and a daemon want to know about a configuration path.

use std::fmt::Write as _;
use std::path::Path;

use overlay_resolver::escape::escape_path;
use overlay_resolver::root::Root;

use super::{Failure, Output};
use crate::cli::Cli;
use crate::json;
use crate::subject::{Reading, Subject};

pub(super) fn digest(
    cli: &Cli,
    root: &Root,
    path: &Path,
    reading: &Reading,
) -> Result<Output, Failure> {
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve_existing();
    Ok(Output::of_files(
        cli,
        &resolved,
        || {
            json::files(&subject, &resolved)
                .with_digests(&resolved)
                .print()
        },
        || {
            let mut text = String::new();
            for document in &resolved.documents {
                let path = subject.path_of(document);
                let _ = writeln!(text, "{}  {}", document.digest(), escape_path(&path));
            }
            text
        },
    ))
}

pub(super) fn watch_list(
    cli: &Cli,
    root: &Root,
    path: &Path,
    reading: &Reading,
) -> Result<Output, Failure> {
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve();
    let watched = resolved.watched();
    Ok(Output::of_files(
        cli,
        &resolved,
        || {
            json::files(&subject, &resolved)
                .with_watched(&watched)
                .print()
        },
        || {
            let lines = watched
                .iter()
                .map(|path| format!("{}\n", escape_path(path)));
            lines.collect::<String>()
        },
    ))
}
