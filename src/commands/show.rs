//! `show`: what the files come to, key by key.

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
    origin: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve_existing();
    let mut output = Output::of_files(
        cli,
        &resolved,
        || {
            json::files(&subject, &resolved)
                .with_assignments(&resolved)
                .with_effective(&resolved)
                .print()
        },
        || render::show(&subject, &resolved, origin),
    );
    if !cli.json && render::has_multi_valued(&resolved) {
        output.messages.push_str(&render::multi_valued_note());
    }
    if !cli.json
        && let Some(note) = render::ignored_note(&resolved)
    {
        output.messages.push_str(&note);
    }
    Ok(output)
}
