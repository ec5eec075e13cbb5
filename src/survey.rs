//! What a command is about that takes a configuration path or, without one, all of the tree.

use std::path::{Path, PathBuf};

use overlay_resolver::finding::{Finding, code};
use overlay_resolver::inspect::survey::survey;
use overlay_resolver::{Configuration, Document, Resolver};

use crate::failure::Failure;
use crate::resolved::{Resolved, configurations};

/// Configuration paths, each with what its files come to.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) found: Vec<(Configuration, Resolved)>,
    /// What is wrong with any of them, and with the search.
    pub(crate) findings: Vec<Finding>,
}

/// Every configuration path of the tree that has something to tell, and what is wrong with the search.
pub(crate) fn paths(resolver: &Resolver) -> (Vec<PathBuf>, Vec<Finding>) {
    let survey = survey(resolver.tree(), resolver.catalog());
    let paths = survey.paths.into_iter().map(|found| found.path);
    (paths.collect(), survey.findings)
}

/// The same, and all that is known by name, whether or not it has anything to tell.
pub(crate) fn all_paths(resolver: &Resolver) -> (Vec<PathBuf>, Vec<Finding>) {
    let (mut paths, findings) = paths(resolver);
    paths.extend(resolver.catalog().paths());
    paths.sort();
    paths.dedup();
    (paths, findings)
}

/// What a search of the tree for differences passes over, whatever it finds.
pub(crate) fn passed_over() -> Finding {
    code::NOT_SEARCHED.info(
        "/",
        "not looked at: files without drop-ins whose program is not known, directories of vendors' data, and \
         what is more than three directories deep; `overlayctl diff PATH` of such a file tells",
    )
}

impl Survey {
    /// The path that is named, or all of the tree.
    pub(crate) fn new(resolver: &Resolver, path: Option<&Path>) -> Result<Self, Failure> {
        if let Some(path) = path {
            return Ok(Self::of(configurations(resolver, path)?));
        }
        let (paths, findings) = paths(resolver);
        let mut survey = Self {
            findings,
            ..Self::default()
        };
        for path in paths {
            let found = resolver.configuration_at(path);
            let outcome = Resolved::unasked(&found);
            survey.add(found, outcome);
        }
        survey.findings.sort();
        survey.findings.dedup();
        Ok(survey)
    }

    /// These, which somebody asked for.
    pub(crate) fn of(named: Vec<Configuration>) -> Self {
        let mut survey = Self::default();
        for one in named {
            let outcome = Resolved::of(&one);
            survey.add(one, outcome);
        }
        survey.findings.sort();
        survey.findings.dedup();
        survey
    }

    fn add(&mut self, found: Configuration, resolved: Resolved) {
        self.findings.extend_from_slice(&resolved.findings);
        self.found.push((found, resolved));
    }

    /// Its documents, each with the configuration that it is of.
    pub(crate) fn documents(&self) -> impl Iterator<Item = (&Configuration, &Document)> {
        self.found.iter().flat_map(|(found, resolved)| {
            let documents = resolved.documents.iter();
            documents.map(move |document| (found, document))
        })
    }

    /// The documents, to show the lines of findings from.
    pub(crate) fn sources(&self) -> Vec<&Document> {
        self.documents().map(|(_, document)| document).collect()
    }
}

/// The same configuration, of whose files only the names are taken to mean something.
pub(crate) fn opaque(found: Configuration) -> Configuration {
    let rules = found.rules().clone().into_builder().format("opaque");
    let rules = rules.build();
    found.read_by(rules.expect("no schema takes apart what is not read"))
}
