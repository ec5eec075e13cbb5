//! `list`: the files of a configuration path over all layers, and which of them count.

use std::path::Path;

use overlay_resolver::PathError;
use overlay_resolver::root::Root;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reading::Reading;
use crate::resolved::{Resolved, configuration, resolver};
use crate::survey::Survey;
use crate::{json, render};

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    path: Option<&Path>,
    reading: &Reading,
) -> Result<Output, Failure> {
    let Some(path) = path else {
        return all(cli, root, reading);
    };
    let with_history = resolver(root, Some(path), reading)?.with_history();
    let asked = match configuration(&with_history, path) {
        Err(Failure::Path(PathError::Members { path, .. })) => {
            return Ok(several(cli, &Survey::of(with_history.members(&path))));
        }
        found => found?,
    };
    let resolved = Resolved::of_existing(&asked, reading);
    Ok(Output::of_files(
        cli.json,
        &resolved,
        || json::files(&asked, &resolved).print(),
        || render::files(&resolved),
    ))
}

/// All configuration paths that have something to tell.
fn all(cli: &Cli, root: &Root, reading: &Reading) -> Result<Output, Failure> {
    let resolver = resolver(root, None, reading)?.with_history();
    Ok(several(cli, &Survey::new(&resolver, None)?))
}

fn several(cli: &Cli, survey: &Survey) -> Output {
    let exit = Exit::of_findings(&survey.findings);
    if cli.json {
        Output {
            exit,
            ..Output::new(json::survey(survey))
        }
    } else {
        Output {
            messages: render::diagnostics(&survey.findings, &survey.sources()),
            exit,
            ..Output::new(render::survey(survey))
        }
    }
}
