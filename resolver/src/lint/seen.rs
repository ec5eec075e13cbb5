//! What scanning and merging found, under the names of lints.

use std::collections::HashMap;

use crate::document::Document;
use crate::finding::{Finding, Level};
use crate::rules::{Name, Rules};
use crate::scan::State;

use super::files::{UNREACHABLE, ignored};
use super::is_owners;

pub(super) const DIRECTORY: &str = "broken-directory";
pub(super) const FILE: &str = "broken-file";
pub(super) const SWITCH: &str = "switched-file";
/// The lint of lines that their consumer refuses.
pub const LINE: &str = "broken-line";

/// The findings of a document. What lints say better is left to them.
pub(super) fn in_document(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    let fragments = document.entry().fragments.iter();
    let states: HashMap<_, _> = fragments.map(|f| (&f.path, &f.state)).collect();
    for finding in &document.findings {
        match states.get(&finding.path) {
            Some(State::Unusable(_) | State::PassedOver(_)) => {
                findings.push(finding.clone().of_lint(FILE));
            }
            None => findings.push(finding.clone().of_lint(DIRECTORY)),
            // Of a file that is read, only this is told with a line.
            Some(_) if finding.line.is_some() => findings.push(finding.clone().of_lint(SWITCH)),
            Some(_) => {}
        }
    }
    let lines = document.problems().iter();
    findings.extend(lines.map(|finding| finding.clone().of_lint(LINE)));
    findings
}

/// The findings of a directory that belong to no document: directories that cannot be listed, and
/// files that are ignored.
pub(super) fn in_directory(rules: &Rules, findings: Vec<Finding>) -> Vec<Finding> {
    findings
        .into_iter()
        .filter_map(|finding| {
            if finding.level != Level::Info {
                return Some(finding.of_lint(DIRECTORY));
            }
            let Name::Ignored(reason) = rules.classify(finding.path.file_name()?) else {
                return None;
            };
            let layer = rules.layer_of(&finding.path)?;
            let found = ignored(
                &finding.path,
                &reason,
                &rules.suffix,
                is_owners(rules, layer),
            )?;
            Some(found.of_lint(UNREACHABLE))
        })
        .collect()
}
