//! `sync` and `status`: the same plan, carried out or shown.

use overlay_adapters::report::Request;
use overlay_adapters::{Adapters, System};

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::How;
use crate::select::Selection;
use crate::told::Told;
use crate::writing::Writing;
use crate::{json, render};

pub(super) fn sync(
    cli: &Cli,
    system: &System,
    dry_run: bool,
    writing: &Writing,
) -> Result<Output, Failure> {
    let request = writing.request(system)?;
    if dry_run {
        let report = Adapters::open(system.root()).plan(&request);
        return Ok(show(cli, system, &report.into(), true, How::Sync));
    }
    Ok(carry_out(cli, system, &request))
}

pub(super) fn status(
    cli: &Cli,
    system: &System,
    check: bool,
    entries: &[String],
    writing: &Writing,
) -> Result<Output, Failure> {
    let selection = Selection::new(entries);
    let request = writing.request(system)?;
    let mut report = Adapters::open(system.root()).plan(&request);
    selection.must_match(report.entries.iter(), &report.left)?;
    selection.narrow(&mut report);
    Ok(show(cli, system, &report.into(), check, How::Sync))
}

fn carry_out(cli: &Cli, system: &System, request: &Request) -> Output {
    let report = Adapters::open(system.root()).sync(request);
    show(cli, system, &report.into(), true, How::Sync)
}

/// The same report as text or as a document, with the status that both stand for.
pub(super) fn show(cli: &Cli, system: &System, told: &Told, check: bool, how: How) -> Output {
    let exit = Exit::of_report(&told.report, check);
    if cli.json {
        return Output {
            exit,
            ..Output::new(json::report(told, system))
        };
    }
    let mut text = render::report(&told.report, how);
    text.append(&render::left(&told.report, system));
    Output {
        messages: render::findings(&told.findings),
        exit,
        ..Output::new(text)
    }
}
