//! `diff`: where files differ from those below them, and where two consumers would disagree.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use overlay_adapters::System;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::delta::{Difference, delta};
use overlay_resolver::inspect::disagreement::{Side, disagreements};
use overlay_resolver::root::Root;
use overlay_resolver::{Configuration, Document, Resolver};

use super::READ_TOTAL;
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

/// Which bundles are chosen besides, and which are not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    pub(super) with: &'a [String],
    pub(super) without: &'a [String],
}

impl Change<'_> {
    pub(super) const fn is_none(self) -> bool {
        self.with.is_empty() && self.without.is_empty()
    }
}

impl fmt::Display for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = |word, names: &[String]| {
            let names = names.iter().map(|name| escape(name.as_bytes()).to_string());
            let names = names.collect::<Vec<_>>().join(", ");
            (!names.is_empty()).then(|| format!("{word} {names}"))
        };
        let parts = [each("with", self.with), each("without", self.without)];
        let parts: Vec<_> = parts.into_iter().flatten().collect();
        f.write_str(&parts.join(" and "))
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
    let [first, second] = rules.map(|rules| by_rules(resolver.clone(), rules));
    let sides = [first?, second?];
    let search = vec![&resolver];
    let asked = Asked {
        search,
        sides: &sides,
        path,
        names: None,
    };
    compared(cli, asked, true)
}

/// What choosing other bundles would change.
pub(super) fn bundles(
    cli: &Cli,
    system: System,
    path: Option<&Path>,
    change: Change<'_>,
    check: bool,
    reading: &Reading,
) -> Result<Output, Failure> {
    let chosen = system.bundles().iter().map(|chosen| chosen.name.clone());
    let mut names: Vec<_> = chosen.collect();
    for name in change.without {
        if !names.contains(name) {
            return Err(Failure::NotChosen { name: name.clone() });
        }
    }
    names.retain(|name| !change.without.contains(name) && !change.with.contains(name));
    names.extend_from_slice(change.with);
    let now = system.root().clone().for_one_run(READ_TOTAL);
    let then = system.with_exactly(&names);
    let then = then.root().clone().for_one_run(READ_TOTAL);
    let read = |root| {
        reading
            .in_tree(plain(root, path))
            .map(Resolver::with_history)
    };
    let sides = [read(&now)?, read(&then)?];
    let asked = Asked {
        search: sides.iter().collect(),
        sides: &sides,
        path,
        names: Some(["as it is".into(), change.to_string()]),
    };
    compared(cli, asked, check)
}

/// Two readings of the same paths.
struct Asked<'a> {
    /// Where the paths are looked for, if none is named.
    search: Vec<&'a Resolver>,
    sides: &'a [Resolver; 2],
    path: Option<&'a Path>,
    /// What the sides are called; where nobody says so, by their rules.
    names: Option<[String; 2]>,
}

impl Asked<'_> {
    /// The paths, and what is wrong with the search.
    fn paths(&self) -> Result<(Vec<PathBuf>, Vec<Finding>), Failure> {
        let (mut paths, mut findings) = (Vec::new(), Vec::new());
        for resolver in &self.search {
            if let Some(path) = self.path {
                let named = configurations(resolver, path)?;
                paths.extend(named.iter().map(|one| one.path().to_owned()));
            } else {
                let (found, problems) = survey::paths(resolver);
                paths.extend(found);
                findings.extend(problems);
            }
        }
        paths.sort();
        paths.dedup();
        Ok((paths, findings))
    }
}

fn compared(cli: &Cli, asked: Asked<'_>, check: bool) -> Result<Output, Failure> {
    let (paths, mut findings) = asked.paths()?;
    let passed_over = asked.path.is_none().then(survey::passed_over);
    findings.extend(passed_over.clone());
    let read = |resolver: &Resolver, at: &PathBuf| {
        let configuration = resolver.configuration_at(at.clone());
        let found = match asked.path {
            Some(_) => Resolved::of(&configuration),
            None => Resolved::unasked(&configuration),
        };
        (configuration, found)
    };
    let pairs: Vec<Pair> = paths
        .iter()
        .map(|path| asked.sides.each_ref().map(|side| read(side, path)))
        .collect();
    // What a program sees that has no such document.
    let nothing = Document::default();
    let comparisons: Vec<_> = pairs
        .iter()
        .flat_map(|pair| compare(pair, &nothing))
        .collect();
    let is_of_bundles = asked.names.is_some();
    let names = asked.names.or_else(|| pairs.first().map(rules_of));
    let names = names.unwrap_or_default();
    let sides = names.each_ref().map(|name| {
        if is_of_bundles {
            name.clone()
        } else {
            format!("by the rules {name}")
        }
    });
    findings.extend(pairs.iter().flat_map(|pair| findings_of(pair, &sides)));
    findings.sort();
    findings.dedup();
    let agree = comparisons.iter().all(|pair| pair.disagreements.is_empty());
    let exit = match Exit::of_findings(&findings) {
        Exit::Fine if !agree && check => Exit::Pending,
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
    let verbs = if is_of_bundles {
        render::Verbs::OF_CHOICES
    } else {
        render::Verbs::OF_CONSUMERS
    };
    Ok(Output {
        messages: render::diagnostics(&findings, &sources),
        exit,
        ..Output::new(render::disagreements(
            &names,
            &comparisons,
            passed_over.as_ref(),
            verbs,
        ))
    })
}

/// A configuration path, as either consumer reads it.
type Pair = [(Configuration, Resolved); 2];

fn rules_of(pair: &Pair) -> [String; 2] {
    pair.each_ref()
        .map(|(side, _)| side.rules().name().to_owned())
}

/// What is found on either side; of what is only on one, on which.
fn findings_of(pair: &Pair, names: &[String; 2]) -> Vec<Finding> {
    let [first, second] = pair.each_ref().map(|(_, found)| &found.findings);
    let [of_first, of_second] = names;
    let own = |own: &[Finding], other: &[Finding], side: &str| -> Vec<_> {
        let told = own.iter().map(|finding| {
            let mut told = finding.clone();
            if !other.contains(finding) {
                let _ = write!(told.message, " ({side})");
            }
            told
        });
        told.collect()
    };
    [own(first, second, of_first), own(second, first, of_second)].concat()
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
