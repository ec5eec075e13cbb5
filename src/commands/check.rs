//! `check`: what the lints of the resolver find, for people and for CI.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::{format, lint};

use super::{Failure, Output};
use crate::cli::Cli;
use crate::subject::{Known, Reading, Subject, guessed};
use crate::{Exit, json, render, survey};

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
    Output::new(if cli.json {
        json::lints()
    } else {
        render::lints()
    })
}

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    paths: &[PathBuf],
    selection: Selection<'_>,
    strict: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let known = Known::new(root);
    let is_survey = paths.is_empty();
    let paths = if is_survey {
        survey::all_paths(&known, root, reading)?
    } else {
        let members = |path: &PathBuf| members(&known, root, path);
        paths.iter().flat_map(members).collect()
    };
    let mut findings = Vec::new();
    for path in &paths {
        findings.extend(check(&known, root, path, reading, is_survey)?);
    }
    findings.retain(|finding| selection.has(finding));
    // A file may belong to several paths.
    findings.sort();
    findings.dedup();
    let text = if cli.json {
        json::check(&paths, &findings)
    } else {
        render::check(paths.len(), &findings)
    };
    Ok(Output {
        exit: exit(&findings, strict),
        ..Output::new(text)
    })
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
        let is_in = |names: &[String]| names.iter().any(|name| Some(name.as_str()) == finding.code);
        (self.only.is_empty() || is_in(self.only)) && !is_in(self.allow)
    }
}

/// What is found about one path. Of one that nobody asked about by name and whose consumer is not
/// known, only what holds for every consumer.
fn check(
    known: &Known,
    root: &Root,
    path: &Path,
    reading: &Reading,
    is_survey: bool,
) -> Result<Vec<Finding>, Failure> {
    let rules = reading.rules.first().map(String::as_str);
    let subject = Subject::among(known, root, path, reading, rules)?;
    let is_guessed = subject.is_guessed();
    let Subject {
        resolver,
        path,
        is_known,
        ..
    } = subject;
    if is_guessed && !is_survey {
        let findings = resolver.check(path).into_iter();
        return Ok(guessed(findings, |finding| {
            finding.code == Some(lint::BROKEN_LINE)
        }));
    }
    if is_known || !is_survey {
        return Ok(resolver.check(path));
    }
    let rules = Rules {
        format: format::named("opaque"),
        ..resolver.rule_set().clone()
    };
    let mut findings = resolver.rules(rules).check(path);
    findings.retain(|finding| finding.code.is_none_or(lint::holds_for_every_consumer));
    Ok(findings)
}

/// The path itself, or, of a directory whose documents are known each by its name, such as
/// `systemd/system`, those.
fn members(known: &Known, root: &Root, path: &Path) -> Vec<PathBuf> {
    let path = known.configuration_path(path);
    if known.knows(&path) {
        return vec![path];
    }
    let mut members = Vec::new();
    for layer in &Rules::default().layers {
        if let Ok(Some(dir)) = root.dir(&layer.base().join(&path)) {
            let names = dir.names().unwrap_or_default().into_iter();
            let documents = names.map(|name| match name.as_bytes().strip_suffix(b".d") {
                Some(document) => path.join(OsStr::from_bytes(document)),
                None => path.join(name),
            });
            members.extend(documents.filter(|member| known.knows(member)));
        }
    }
    members.sort();
    members.dedup();
    if members.is_empty() {
        members.push(path);
    }
    members
}
