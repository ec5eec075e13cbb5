//! `show`: what the files come to, key by key.

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
    origin: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let mut reader = resolver(root, Some(path), reading)?;
    if cli.json {
        // Text is about values: what hidden files say is not among them.
        reader = reader.with_history();
    }
    let asked = configuration(&reader, path)?;
    let resolved = Resolved::of_existing(&asked, reading);
    let mut output = Output::of_files(
        cli.json,
        &resolved,
        || {
            json::files(&asked, &resolved)
                .with_assignments(&resolved)
                .with_effective(&resolved)
                .print()
        },
        || render::show(&asked, &resolved, origin),
    );
    if !cli.json && render::has_multi_valued(&resolved) {
        output.messages.append(&render::multi_valued_note());
    }
    if !cli.json
        && let Some(note) = render::ignored_note(&resolved)
    {
        output.messages.append(&note);
    }
    Ok(output)
}
