//! `bundles`: which product bundles are chosen, by whom, whether each fits, and what it brings.

use std::path::{Path, PathBuf};

use overlay_adapters::System;
use overlay_adapters::bundles::Chosen;
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::survey::survey;
use overlay_resolver::root::Root;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::output::Output;
use crate::resolved::plain;
use crate::{json, render};

/// What there is to say of the bundles of a tree.
#[derive(Debug)]
pub(crate) struct Told<'t> {
    /// Those that are chosen, the lowest first, each with the configuration paths that it has files of.
    pub(crate) chosen: Vec<(&'t Chosen, Vec<PathBuf>)>,
    /// The names of the others that are there.
    pub(crate) others: Vec<String>,
    pub(crate) findings: Vec<Finding>,
}

pub(super) fn run(cli: &Cli, system: &System, root: &Root) -> Output {
    let bundles = system.bundles();
    let resolver = plain(root, None);
    let found = survey(resolver.tree(), resolver.catalog());
    let brought = |place: &Path| {
        let paths = found.paths.iter();
        let paths = paths.filter(|one| one.at.iter().any(|file| file.starts_with(place)));
        paths.map(|one| one.path.clone()).collect()
    };
    let chosen = bundles.iter().map(|chosen| {
        let brought = chosen.tree.as_ref().map(|place| brought(place));
        (chosen, brought.unwrap_or_default())
    });
    let mut findings: Vec<_> = bundles.findings().chain(&found.findings).cloned().collect();
    let others = bundles.not_chosen(root).unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    let told = Told {
        chosen: chosen.collect(),
        others,
        findings,
    };
    let exit = Exit::of_findings(&told.findings);
    if cli.json {
        return Output {
            exit,
            ..Output::new(json::bundles(&told))
        };
    }
    Output {
        messages: render::findings(&told.findings),
        exit,
        ..Output::new(render::bundles(&told))
    }
}
