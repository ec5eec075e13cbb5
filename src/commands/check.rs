//! `check`: what the lints of the resolver find, for people and for CI.

use std::path::PathBuf;

use overlay_adapters::Adapters;
use overlay_resolver::bundle::Bundle;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::inspect::lint;
use overlay_resolver::root::Root;
use overlay_resolver::{Basis, Configuration};

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reading::Reading;
use crate::resolved::{self, plain};
use crate::survey::{all_paths, opaque};
use crate::{clock, json, render};

/// Which lints are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Selection<'a> {
    /// Only these, if there are any.
    pub(super) only: &'a [String],
    /// Not these.
    pub(super) allow: &'a [String],
}

/// The table of lints.
pub(super) fn list(cli: &Cli) -> Output {
    if cli.json {
        Output::new(json::lints())
    } else {
        Output::new(render::lints())
    }
}

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    paths: &[PathBuf],
    selection: Selection<'_>,
    strict: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let resolver = match paths {
        [path] => plain(root, Some(path)),
        _ => plain(root, None),
    };
    let resolver = reading.apply(resolver)?;
    let is_survey = paths.is_empty();
    let mut configurations = Vec::new();
    let mut of_search = Vec::new();
    if is_survey {
        let paths;
        (paths, of_search) = all_paths(&resolver);
        let found = paths.into_iter();
        configurations.extend(found.map(|path| resolver.configuration_at(path)));
    } else {
        for path in paths {
            configurations.extend(resolved::configurations(&resolver, path)?);
        }
    }
    let checked = configurations.iter();
    let mut findings: Vec<_> = checked.flat_map(|one| check(one, is_survey)).collect();
    findings.extend(of_adapters(root, &configurations)?);
    findings.retain(|finding| selection.has(finding));
    // Whichever lints are asked for, none has looked there.
    findings.extend(of_search);
    findings.extend(root.bundles().iter().filter_map(Bundle::refusal).cloned());
    // A file may belong to several paths.
    findings.sort();
    findings.dedup();
    let output = if cli.json {
        Output::new(json::check(&configurations, &findings))
    } else {
        Output::new(render::check(configurations.len(), &findings))
    };
    Ok(Output {
        exit: exit(&findings, strict),
        ..output
    })
}

/// What only an adapter knows of the files that it reads.
fn of_adapters(root: &Root, configurations: &[Configuration]) -> Result<Vec<Finding>, Failure> {
    let is_adapters = |one: &&Configuration| one.name().is_some();
    let read: Vec<_> = configurations.iter().filter(is_adapters).collect();
    if read.is_empty() {
        return Ok(Vec::new());
    }
    let (adapters, now) = (Adapters::open(root), clock::now()?);
    let checked = read.into_iter().flat_map(|one| adapters.check(one, now));
    Ok(checked.collect())
}

fn exit(findings: &[Finding], strict: bool) -> Exit {
    let fails = |finding: &Finding| match finding.level {
        Level::Error => true,
        Level::Warning => strict,
        Level::Info => false,
    };
    if findings.iter().any(fails) {
        Exit::Failed
    } else {
        Exit::Fine
    }
}

impl Selection<'_> {
    fn has(&self, finding: &Finding) -> bool {
        let is_in = |names: &[String]| names.iter().any(|name| finding.code.name() == name);
        (self.only.is_empty() || is_in(self.only)) && !is_in(self.allow)
    }
}

/// What is found about one path. Of one that nobody asked about by name and whose consumer is not
/// known, only what holds for every consumer.
fn check(one: &Configuration, is_survey: bool) -> Vec<Finding> {
    if one.basis() != Basis::Guess || !is_survey {
        return one.check();
    }
    let mut findings = opaque(one.clone()).check();
    findings.retain(|finding| lint::holds_for_every_consumer(finding.code));
    findings
}
