//! What a command is about that takes a configuration path or, without one, all of the tree.

use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::{Document, format};

use crate::commands::Failure;
use crate::render;
use crate::subject::{Known, Reading, Resolved, Subject, tree};

/// Configuration paths, each with what its files come to.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) found: Vec<(Subject, Resolved)>,
    /// What is wrong with any of them, and with the search.
    pub(crate) findings: Vec<Finding>,
}

/// Every configuration path of the tree that has something to tell.
pub(crate) fn paths(
    root: &Root,
    reading: &Reading,
) -> Result<(Vec<PathBuf>, Vec<Finding>), Failure> {
    search(&Known::new(root), reading)
}

/// The same, and all that is known by name, whether or not it has anything to tell.
pub(crate) fn all_paths(known: &Known, reading: &Reading) -> Result<Vec<PathBuf>, Failure> {
    let (mut paths, _) = search(known, reading)?;
    paths.extend(known.paths());
    paths.sort();
    paths.dedup();
    Ok(paths)
}

fn search(known: &Known, reading: &Reading) -> Result<(Vec<PathBuf>, Vec<Finding>), Failure> {
    let sources: Vec<_> = known
        .sources
        .iter()
        .map(|source| (source.path.clone(), source.rules.clone()))
        .collect();
    let tree = tree(known, reading)?;
    let survey = overlay_resolver::survey::survey(&tree, &known.catalog, &sources);
    let paths = survey.paths.into_iter().map(|found| found.path);
    Ok((paths.collect(), survey.findings))
}

impl Survey {
    /// The path that is named, or all of the tree, read by these rules or by those of their consumers.
    pub(crate) fn new(
        root: &Root,
        path: Option<&Path>,
        reading: &Reading,
        rules: Option<&str>,
    ) -> Result<Self, Failure> {
        let known = Known::new(root);
        let mut survey = Self::default();
        if let Some(path) = path {
            let subject = Subject::among(&known, path, reading, rules)?;
            let resolved = subject.resolve();
            survey.add(subject, resolved);
            return Ok(survey);
        }
        let (paths, findings) = search(&known, reading)?;
        survey.findings = findings;
        for path in paths {
            let subject = Subject::among(&known, &path, reading, rules)?;
            let (subject, resolved) = guessed(subject, rules.is_some());
            survey.add(subject, resolved);
        }
        survey.findings.sort();
        survey.findings.dedup();
        Ok(survey)
    }

    fn add(&mut self, subject: Subject, resolved: Resolved) {
        self.findings.extend_from_slice(&resolved.findings);
        self.found.push((subject, resolved));
    }

    /// What is wrong, for people.
    pub(crate) fn messages(&self) -> String {
        let sources: Vec<_> = self.documents().map(|(_, document)| document).collect();
        render::diagnostics(&self.findings, &sources)
    }

    /// Its documents, each with the subject that it is of.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&Subject, &Document)> {
        self.found.iter().flat_map(|(subject, resolved)| {
            let documents = resolved.documents.iter();
            documents.map(move |document| (subject, document))
        })
    }
}

/// What a subject comes to that nobody asked for by name. In what format the files of an unknown consumer
/// are is a guess there, and a file that does not fit it says that the guess is wrong.
fn guessed(subject: Subject, is_named: bool) -> (Subject, Resolved) {
    let resolved = subject.resolve();
    let fits = |document: &Document| document.problems().is_empty();
    if subject.is_known || is_named || resolved.documents.iter().all(fits) {
        return (subject, resolved);
    }
    let rules = Rules {
        format: format::named("opaque"),
        ..subject.resolver.rule_set().clone()
    };
    let subject = Subject {
        resolver: subject.resolver.clone().rules(rules),
        ..subject
    };
    let resolved = subject.resolve();
    (subject, resolved)
}
