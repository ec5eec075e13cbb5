//! `diff`: where files differ from those below them, and where two consumers would disagree.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::delta::{Difference, delta};
use overlay_resolver::inspect::disagreement::{Side, disagreements};
use overlay_resolver::root::Root;
use overlay_resolver::{Configuration, Document, Resolver};

use crate::cli::Cli;
use crate::comparison::{Comparison, Delta};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::reading::{Reading, by_rules};
use crate::resolved::{Resolved, configurations, plain, resolver};
use crate::survey::{self, Survey};
use crate::{json, render};

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Lines, too.
    pub(super) text: bool,
    /// A status that tells.
    pub(super) check: bool,
}

pub(super) fn run(
    cli: &Cli,
    root: &Root,
    path: Option<&Path>,
    options: Options,
    reading: &Reading,
) -> Result<Output, Failure> {
    match reading.rules.as_slice() {
        [] | [_] => layers(cli, root, path, options, reading),
        [first, second] => consumers(cli, root, path, reading, [first, second]),
        rules => Err(Failure::ManyRules(rules.len())),
    }
}

/// Where the layers differ.
fn layers(
    cli: &Cli,
    root: &Root,
    path: Option<&Path>,
    options: Options,
    reading: &Reading,
) -> Result<Output, Failure> {
    let resolver = resolver(root, path, reading)?.with_history();
    let mut survey = Survey::new(&resolver, path)?;
    let passed_over = path.is_none().then(survey::passed_over);
    survey.findings.extend(passed_over.clone());
    let deltas: Vec<_> = survey
        .documents()
        .map(|(configuration, document)| Delta {
            configuration,
            document,
            differences: delta(document, configuration.rules()),
        })
        .collect();
    let differs = deltas
        .iter()
        .flat_map(|delta| &delta.differences)
        .any(Difference::is_notable);
    let exit = match Exit::of_findings(&survey.findings) {
        Exit::Fine if differs && options.check => Exit::Pending,
        exit => exit,
    };
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::differences(&survey, &deltas))
        });
    }
    Ok(Output {
        messages: render::diagnostics(&survey.findings, &survey.sources()),
        exit,
        ..Output::new(render::differences(
            &deltas,
            options.text,
            passed_over.as_ref(),
        ))
    })
}

/// Where two consumers of the same files disagree.
fn consumers(
    cli: &Cli,
    root: &Root,
    path: Option<&Path>,
    reading: &Reading,
    rules: [&String; 2],
) -> Result<Output, Failure> {
    let resolver = reading.in_tree(plain(root, path))?.with_history();
    let (paths, mut findings) = match path {
        Some(path) => {
            let named = configurations(&resolver, path)?;
            let paths = named.iter().map(|one| one.path().to_owned());
            (paths.collect(), Vec::new())
        }
        None => survey::paths(&resolver),
    };
    let passed_over = path.is_none().then(survey::passed_over);
    findings.extend(passed_over.clone());
    let [first, second] = rules.map(|rules| by_rules(resolver.clone(), rules));
    let sides = [first?, second?];
    let read = |resolver: &Resolver, at: &PathBuf| {
        let configuration = resolver.configuration_at(at.clone());
        let found = match path {
            Some(_) => Resolved::of(&configuration),
            None => Resolved::unasked(&configuration),
        };
        (configuration, found)
    };
    let pairs: Vec<Pair> = paths
        .iter()
        .map(|path| sides.each_ref().map(|side| read(side, path)))
        .collect();
    // What a program sees that has no such document.
    let nothing = Document::default();
    let comparisons: Vec<_> = pairs
        .iter()
        .flat_map(|pair| compare(pair, &nothing))
        .collect();
    let names = pairs
        .first()
        .map_or_else(|| rules.map(Clone::clone), rules_of);
    findings.extend(pairs.iter().flat_map(findings_of));
    findings.sort();
    findings.dedup();
    let agree = comparisons.iter().all(|pair| pair.disagreements.is_empty());
    let exit = match Exit::of_findings(&findings) {
        Exit::Fine if !agree => Exit::Pending,
        exit => exit,
    };
    if cli.json {
        return Ok(Output {
            exit,
            ..Output::new(json::disagreements(&names, &comparisons, &findings))
        });
    }
    let sources: Vec<_> = pairs
        .iter()
        .flatten()
        .flat_map(|(_, found)| found.sources())
        .collect();
    Ok(Output {
        messages: render::diagnostics(&findings, &sources),
        exit,
        ..Output::new(render::disagreements(
            &names,
            &comparisons,
            passed_over.as_ref(),
        ))
    })
}

/// A configuration path, as either consumer reads it.
type Pair = [(Configuration, Resolved); 2];

fn rules_of(pair: &Pair) -> [String; 2] {
    pair.each_ref()
        .map(|(side, _)| side.rules().name().to_owned())
}

/// What either consumer finds; of what only one does, which one.
fn findings_of(pair: &Pair) -> Vec<Finding> {
    let [first, second] = pair.each_ref().map(|(_, found)| &found.findings);
    let [of_first, of_second] = rules_of(pair);
    let own = |own: &[Finding], other: &[Finding], rules: &str| -> Vec<_> {
        let told = own.iter().map(|finding| {
            let mut told = finding.clone();
            if !other.contains(finding) {
                let _ = write!(told.message, " (by the rules {rules})");
            }
            told
        });
        told.collect()
    };
    [
        own(first, second, &of_first),
        own(second, first, &of_second),
    ]
    .concat()
}

/// The documents of both sides, by name.
fn compare<'d>(pair: &'d Pair, nothing: &'d Document) -> Vec<Comparison<'d>> {
    let [(first, ours), (second, theirs)] = pair;
    let mut names: Vec<_> = ours
        .documents
        .iter()
        .chain(&theirs.documents)
        .filter(|document| !document.entry().fragments.is_empty())
        .map(|document| document.entry().name.as_os_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let find = |resolved: &'d Resolved, name| {
        let found = resolved
            .documents
            .iter()
            .find(|document| document.entry().name == name);
        found.unwrap_or(nothing)
    };
    let compare = |name| {
        let documents = [find(ours, name), find(theirs, name)];
        let sides = [first, second].map(Configuration::rules);
        let [a, b] = documents;
        let [of_a, of_b] = sides;
        let path = if first.is_directory() {
            first.path().join(name)
        } else {
            first.path().to_owned()
        };
        Comparison {
            path,
            disagreements: disagreements([
                Side {
                    document: a,
                    rules: of_a,
                },
                Side {
                    document: b,
                    rules: of_b,
                },
            ]),
        }
    };
    names.into_iter().map(compare).collect()
}
