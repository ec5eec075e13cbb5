//! `list`: the files of a configuration path over all layers, and which of them count.

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
    reading: &Reading,
) -> Result<Output, Failure> {
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve();
    Ok(Output::of_files(
        cli,
        &resolved,
        || json::files(&subject, &resolved).print(),
        || render::files(&resolved),
    ))
}
