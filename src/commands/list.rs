//! `list`: the files of a configuration path over all layers, and which of them count.

use std::path::Path;

use overlay_resolver::root::Root;

use super::{Failure, Output};
use crate::cli::Cli;
use crate::subject::{Reading, Subject, exit};
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
    let subject = Subject::new(root, path, reading)?;
    let resolved = subject.resolve_existing();
    Ok(Output::of_files(
        cli,
        &resolved,
        || json::files(&subject, &resolved).print(),
        || render::files(&resolved),
    ))
}

/// All configuration paths that have something to tell.
fn all(cli: &Cli, root: &Root, reading: &Reading) -> Result<Output, Failure> {
    let rules = reading.rules.first().map(String::as_str);
    let survey = Survey::new(root, None, reading, rules)?;
    let exit = exit(&survey.findings);
    Ok(if cli.json {
        Output {
            exit,
            ..Output::new(json::survey(&survey))
        }
    } else {
        Output {
            messages: survey.messages(),
            exit,
            ..Output::new(render::survey(&survey))
        }
    })
}
