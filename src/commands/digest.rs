//! `digest` and `watch-list`: what a build and a daemon want to know about a configuration path.

use std::path::Path;

use overlay_resolver::escape::escape_path;
use overlay_resolver::root::Root;

use crate::cli::Cli;
use crate::failure::Failure;
use crate::json;
use crate::output::Output;
use crate::reading::Reading;
use crate::resolved::{Resolved, configuration, resolver};
use crate::text::{Text, say};

pub(super) fn digest(
    cli: &Cli,
    root: &Root,
    path: &Path,
    reading: &Reading,
) -> Result<Output, Failure> {
    let asked = configuration(&resolver(root, Some(path), reading)?, path)?;
    let resolved = Resolved::of_existing(&asked, reading);
    Ok(Output::of_files(
        cli.json,
        &resolved,
        || {
            json::files(&asked, &resolved)
                .with_digests(&resolved)
                .print()
        },
        || {
            let mut text = Text::new();
            for document in &resolved.documents {
                let path = asked.path_of(document);
                say!(text, "{}  {}", document.digest(), escape_path(&path));
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
    let asked = configuration(&resolver(root, Some(path), reading)?, path)?;
    let resolved = Resolved::of(&asked);
    let watched = resolved.watched();
    Ok(Output::of_files(
        cli.json,
        &resolved,
        || {
            json::files(&asked, &resolved)
                .with_watched(&watched)
                .print()
        },
        || {
            let mut text = Text::new();
            for path in &watched {
                say!(text, "{}", escape_path(path));
            }
            text
        },
    ))
}
