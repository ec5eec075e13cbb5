//! `why`: what effect a file has, or why it has none.

use std::collections::BTreeSet;

use overlay_adapters::Adapters;
use overlay_resolver::Configuration;
use overlay_resolver::account::{Account, Unread};
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::why::{Line, line};
use overlay_resolver::root::Root;
use overlay_resolver::tree::Tree;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::file::File;
use crate::output::Output;
use crate::reading::Reading;
use crate::render::Answer;
use crate::resolved::Resolved;
use crate::{json, render};

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    file: &str,
    reading: &Reading,
) -> Result<Output, Failure> {
    let adapters = Adapters::open(root);
    let resolver = reading.apply(adapters.resolver())?.with_history();
    let file = File::new(&resolver, &adapters, file, &cli.root)?;
    let owners = match resolver.owners(&file.path) {
        Ok(owners) => owners,
        Err(why) => {
            let account = Account::Unread(why);
            return Ok(if cli.json {
                Output::new(json::nobody(&file, &account))
            } else {
                Output::new(render::nobody(&file, &account))
            });
        }
    };
    let found: Vec<_> = owners
        .iter()
        .map(|owner| (owner, Resolved::of(owner)))
        .collect();
    let answers: Vec<_> = found
        .iter()
        .map(|(owner, resolved)| answer(resolver.tree(), &file, owner, resolved))
        .collect();
    if let [
        Answer {
            line: Some(Line::Beyond(lines)),
            ..
        },
        ..,
    ] = answers.as_slice()
    {
        return Err(Failure::NoSuchLine {
            path: file.path,
            lines: *lines,
        });
    }
    if file.is_directory && answers.iter().all(|answer| answer.part.is_none()) {
        return Err(Failure::IsDirectory(file.path));
    }
    let findings: BTreeSet<_> = found
        .iter()
        .flat_map(|(_, resolved)| &resolved.findings)
        .collect();
    // What keeps it from counting is told, too: it is why the other commands fail.
    let reasons: Vec<_> = answers
        .iter()
        .flat_map(|answer| answer.account.by())
        .collect();
    let is_own = |finding: &&Finding| {
        let place = (finding.path.as_path(), finding.line);
        file.found_as(resolver.tree(), std::iter::once(finding.path.as_path()))
            .is_some()
            && (file.line.is_none() || finding.line.is_none() || finding.line == file.line)
            || reasons.iter().any(|by| (by.path, by.line) == place)
    };
    let findings: Vec<_> = findings.into_iter().filter(is_own).cloned().collect();
    let exit = Exit::of_findings(&findings);
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::why(&file, &answers, &findings))
        });
    }
    let sources: Vec<_> = found
        .iter()
        .flat_map(|(_, resolved)| &resolved.documents)
        .collect();
    Ok(Output {
        messages: render::diagnostics(&findings, &sources),
        exit,
        ..Output::new(render::why(&file, &answers))
    })
}

/// What the file does to the documents of a configuration.
fn answer<'d>(
    tree: &Tree,
    file: &File,
    configuration: &'d Configuration,
    resolved: &'d Resolved,
) -> Answer<'d> {
    let found = resolved.documents.iter().find_map(|document| {
        let fragments = &document.entry().fragments;
        let path = file.found_as(
            tree,
            fragments.iter().map(|fragment| fragment.path.as_path()),
        )?;
        let fragment = fragments.iter().find(|fragment| fragment.path == path)?;
        Some((document, fragment, document.account(path)?))
    });
    let rules = configuration.rules();
    let Some((document, fragment, account)) = found else {
        return Answer {
            configuration,
            part: None,
            account: Account::Unread(Unread::by(rules, &file.path, configuration.path())),
            line: None,
        };
    };
    let format = document.entry().format(rules);
    let of_line = |number| line(document, &fragment.path, format, number);
    Answer {
        configuration,
        part: Some((document, fragment.role)),
        account,
        line: file.line.and_then(of_line),
    }
}
