//! `sync`, `status`, `restore` and `adopt`: the same plan, shown or carried out.

use std::collections::BTreeSet;

use overlay_adapters::Adapters;
use overlay_adapters::report::{EntryReport, Report, Request};
use overlay_resolver::root::Root;

use super::{Failure, Output};
use crate::cli::Cli;
use crate::render::Tense;
use crate::select::Selection;
use crate::{Exit, json, render};

pub(super) fn sync(cli: &Cli, root: &Root, dry_run: bool) -> Output {
    if dry_run {
        let report = plan(root);
        let exit = exit(&report, report.pending);
        return show(cli, &report, Tense::Planned, exit);
    }
    carry_out(cli, root, &Request::default())
}

pub(super) fn status(
    cli: &Cli,
    root: &Root,
    check: bool,
    entries: &[String],
) -> Result<Output, Failure> {
    let selection = Selection::new(entries)?;
    let mut report = plan(root);
    selection.must_match(report.entries.iter())?;
    report.entries.retain(|entry| selection.matches(entry));
    let exit = exit(&report, check && report.pending);
    Ok(show(cli, &report, Tense::Status, exit))
}

pub(super) fn restore(cli: &Cli, root: &Root, entries: &[String]) -> Result<Output, Failure> {
    let request = Request {
        restore: whole(root, entries)?,
        ..Request::default()
    };
    Ok(carry_out(cli, root, &request))
}

pub(super) fn adopt(cli: &Cli, root: &Root, entries: &[String]) -> Result<Output, Failure> {
    let request = Request {
        adopt: whole(root, entries)?,
        ..Request::default()
    };
    Ok(carry_out(cli, root, &request))
}

/// The full names of the entries that are meant: those that can be deleted or adopted whole.
fn whole(root: &Root, entries: &[String]) -> Result<BTreeSet<String>, Failure> {
    let selection = Selection::new(entries)?;
    let report = plan(root);
    let whole = || report.entries.iter().filter(|entry| entry.whole);
    selection.must_match(whole())?;
    selection.must_be_plain(whole())?;
    Ok(whole()
        .filter(|entry| selection.matches(entry))
        .map(EntryReport::full_name)
        .collect())
}

fn plan(root: &Root) -> Report {
    Adapters::open(root).plan(&Request::default())
}

fn carry_out(cli: &Cli, root: &Root, request: &Request) -> Output {
    let report = Adapters::open(root).sync(request);
    let exit = exit(&report, false);
    show(cli, &report, Tense::Done, exit)
}

/// A failure outweighs pending changes: it needs somebody, they need only a run.
fn exit(report: &Report, pending: bool) -> Exit {
    match (report.failed(), pending) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Fine,
    }
}

fn show(cli: &Cli, report: &Report, tense: Tense, exit: Exit) -> Output {
    if cli.json {
        return Output {
            exit,
            ..Output::new(json::report(report))
        };
    }
    Output {
        messages: render::findings(&report.findings),
        exit,
        ..Output::new(render::report(report, tense))
    }
}
