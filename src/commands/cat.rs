//! `cat`: the files that count, each with its name.

use std::path::Path;

use overlay_resolver::root::Root;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::output::Output;
use crate::reading::Reading;
use crate::resolved::{Resolved, configuration, resolver};
use crate::{json, render};

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    path: &Path,
    tldr: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let asked = configuration(&resolver(root, Some(path), reading)?, path)?;
    let resolved = Resolved::of_existing(&asked, reading);
    Ok(Output::of_files(
        cli.json,
        &resolved,
        || json::files(&asked, &resolved).print(),
        || render::cat(&asked, &resolved, tldr),
    ))
}
