//! `diff`: where files differ from those below them, and where two consumers would disagree.

use std::path::{Path, PathBuf};

use overlay_resolver::delta::{Difference, delta};
use overlay_resolver::disagreement::{Disagreements, Side, disagreements};
use overlay_resolver::root::Root;
use overlay_resolver::{Configuration, Document};

use super::{Failure, Output};
use crate::cli::Cli;
use crate::reading::{Reading, by_rules};
use crate::resolved::{Resolved, configuration, configuration_at, exit, plain, resolver};
use crate::survey::{self, Survey};
use crate::{Exit, json, render};

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

/// The differences of one document; those that there are.
#[derive(Debug)]
pub(crate) struct Delta<'d> {
    pub(crate) configuration: &'d Configuration,
    pub(crate) document: &'d Document,
    pub(crate) differences: Vec<Difference<'d>>,
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
    let survey = Survey::new(&resolver, path)?;
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
    let exit = match exit(&survey.findings) {
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
        messages: survey.messages(),
        exit,
        ..Output::new(render::differences(&deltas, options.text))
    })
}

/// What two consumers make of one document.
#[derive(Debug)]
pub(crate) struct Comparison<'d> {
    /// The configuration path of the document.
    pub(crate) path: PathBuf,
    pub(crate) disagreements: Disagreements<'d>,
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
    let paths = match path {
        Some(path) => vec![configuration(&resolver, path)?.path().to_owned()],
        None => survey::paths(&resolver).0,
    };
    let [first, second] = rules.map(|rules| by_rules(resolver.clone(), rules));
    let sides = [first?, second?];
    let pair = |path: &PathBuf| {
        sides.each_ref().map(|resolver| {
            let configuration = configuration_at(resolver, path.clone());
            let found = Resolved::of(&configuration);
            (configuration, found)
        })
    };
    let pairs: Vec<_> = paths.iter().map(pair).collect();
    // What a program sees that has no such document.
    let nothing = Document::default();
    let comparisons: Vec<_> = pairs
        .iter()
        .flat_map(|pair| compare(pair, &nothing))
        .collect();
    let agree = comparisons.iter().all(|pair| pair.disagreements.is_empty());
    let exit = if agree { Exit::Fine } else { Exit::Pending };
    let names = pairs.first().map_or_else(
        || rules.map(Clone::clone),
        |pair| [0, 1].map(|side| name(pair, side)),
    );
    let output = if cli.json {
        Output::new(json::disagreements(&names, &comparisons))
    } else {
        Output::new(render::disagreements(&names, &comparisons))
    };
    Ok(Output { exit, ..output })
}

type Pair = [(Configuration, Resolved); 2];

fn name(pair: &Pair, side: usize) -> String {
    let side = pair.get(side);
    side.map_or_else(String::new, |(side, _)| side.rules().name.clone())
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
