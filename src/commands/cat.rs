//! `cat`: the files that count, each with its name.

use std::path::Path;

use overlay_resolver::root::Root;

use super::{Failure, Output};
use crate::cli::Cli;
use crate::subject::{Reading, Subject};
use crate::{json, render};

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    path: &Path,
    tldr: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve_existing();
    let output = Output::of_files(
        cli,
        &resolved,
        || json::files(&subject, &resolved).print(),
        || render::cat(&subject, &resolved, tldr),
    );
    Ok(Output {
        verbatim: !cli.json,
        ..output
    })
}
