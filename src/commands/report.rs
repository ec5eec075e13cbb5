//! `sync`, `status`, `restore` and `adopt`: the same plan, shown or carried out.

use std::collections::BTreeSet;

use overlay_adapters::report::{EntryReport, Report, Request};
use overlay_adapters::{Adapters, Scope, Scopes, System};

use super::{Failure, Output};
use crate::cli::{Cli, ScopeWord, Writing};
use crate::render::Tense;
use crate::select::Selection;
use crate::{Exit, json, render};

pub(super) fn sync(
    cli: &Cli,
    system: &System,
    dry_run: bool,
    writing: &Writing,
) -> Result<Output, Failure> {
    let request = request(system, writing)?;
    if dry_run {
        let report = Adapters::open(system.root()).plan(&request);
        let exit = exit(&report, report.pending);
        return Ok(show(cli, system, &report, Tense::Planned, exit));
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
    let selection = Selection::new(entries)?;
    let request = request(system, writing)?;
    let mut report = Adapters::open(system.root()).plan(&request);
    selection.must_match(report.entries.iter())?;
    report.entries.retain(|entry| selection.matches(entry));
    let exit = exit(&report, check && report.pending);
    Ok(show(cli, system, &report, Tense::Status, exit))
}

pub(super) fn restore(
    cli: &Cli,
    system: &System,
    entries: &[String],
    writing: &Writing,
) -> Result<Output, Failure> {
    let request = request(system, writing)?;
    let restore = whole(system, entries, &request)?;
    Ok(carry_out(cli, system, &Request { restore, ..request }))
}

pub(super) fn adopt(
    cli: &Cli,
    system: &System,
    entries: &[String],
    writing: &Writing,
) -> Result<Output, Failure> {
    let request = request(system, writing)?;
    let adopt = whole(system, entries, &request)?;
    Ok(carry_out(cli, system, &Request { adopt, ..request }))
}

/// What may be written: what the owner says, else what is usual for such a tree.
fn request(system: &System, writing: &Writing) -> Result<Request, Failure> {
    let asked = writing.scope.iter().flat_map(|word| match word {
        ScopeWord::All => Scope::ALL.to_vec(),
        ScopeWord::One(scope) => vec![*scope],
    });
    let asked: Vec<_> = asked.collect();
    if let Some(scope) = asked.iter().find(|scope| !system.allows(**scope)) {
        return Err(Failure::ScopeRefused {
            scope: *scope,
            why: system.why_left(*scope),
        });
    }
    let scopes = if asked.is_empty() {
        system.usual_scopes()
    } else {
        Scopes::from_iter(asked)
    };
    Ok(Request {
        scopes,
        ..Request::default()
    })
}

/// The full names of the entries that are meant: those that can be deleted or adopted whole.
fn whole(
    system: &System,
    entries: &[String],
    request: &Request,
) -> Result<BTreeSet<String>, Failure> {
    let selection = Selection::new(entries)?;
    let report = Adapters::open(system.root()).plan(request);
    let whole = || report.entries.iter().filter(|entry| entry.whole);
    selection.must_match(whole())?;
    selection.must_be_plain(whole())?;
    Ok(whole()
        .filter(|entry| selection.matches(entry))
        .map(EntryReport::full_name)
        .collect())
}

fn carry_out(cli: &Cli, system: &System, request: &Request) -> Output {
    let report = Adapters::open(system.root()).sync(request);
    let exit = exit(&report, false);
    show(cli, system, &report, Tense::Done, exit)
}

/// A failure outweighs pending changes: it needs somebody, they need only a run.
fn exit(report: &Report, pending: bool) -> Exit {
    match (report.failed(), pending) {
        (true, _) => Exit::Failed,
        (false, true) => Exit::Pending,
        (false, false) => Exit::Fine,
    }
}

fn show(cli: &Cli, system: &System, report: &Report, tense: Tense, exit: Exit) -> Output {
    if cli.json {
        return Output {
            exit,
            ..Output::new(json::report(report, system))
        };
    }
    Output {
        messages: render::findings(&report.findings),
        exit,
        ..Output::new(render::report(report, tense) + &render::left(report, system))
    }
}
