//! `explain`: why an entry is what it is.

use overlay_adapters::report::{EntryReport, KeyReport, Report, Request};
use overlay_resolver::root::Root;

use super::{Failure, Output, adapter};
use crate::cli::Cli;
use crate::select::{Selection, full_name};
use crate::{Exit, json, render};

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    pattern: &str,
    key: Option<&str>,
) -> Result<Output, Failure> {
    let selection = Selection::new(&[pattern.to_owned()])?;
    let mut report =
        adapter(root)?.map_or_else(Report::default, |flatpak| flatpak.plan(&Request::default()));
    selection.must_match(report.entries.iter())?;
    report.entries.retain(|entry| selection.matches(entry));
    report.findings.retain(|finding| {
        report.entries.iter().any(|entry| {
            entry
                .layered
                .as_ref()
                .is_some_and(|document| document.entry().has_file(&finding.path))
        })
    });
    if let Some(key) = key {
        only(&mut report.entries, key)?;
    }
    let text = if cli.json {
        json::explanation(&report)
    } else {
        render::explanation(&report)
    };
    Ok(Output {
        messages: if cli.json {
            String::new()
        } else {
            render::findings(&report.findings)
        },
        exit: if report.failed() {
            Exit::Failed
        } else {
            Exit::Fine
        },
        ..Output::new(text)
    })
}

/// Leaves of every entry only the key of this name, and of the entries those that have it.
fn only(entries: &mut Vec<EntryReport>, key: &str) -> Result<(), Failure> {
    let is_meant = |report: &KeyReport| {
        report.key.eq_ignore_ascii_case(key)
            || report
                .source
                .is_some_and(|(_, source)| source.eq_ignore_ascii_case(key))
    };
    let failure = entries.first().map(|entry| Failure::NoSuchKey {
        entry: full_name(entry),
        key: key.into(),
        known: entry.keys.iter().map(|report| report.key.clone()).collect(),
    });
    entries.retain_mut(|entry| {
        entry.keys.retain(is_meant);
        !entry.keys.is_empty()
    });
    match (entries.is_empty(), failure) {
        (true, Some(failure)) => Err(failure),
        _ => Ok(()),
    }
}
