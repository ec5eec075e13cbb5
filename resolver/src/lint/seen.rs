//! What scanning and merging found, under the names of lints.

use crate::document::Document;
use crate::finding::{Finding, Level};
use crate::rules::{Name, Rules};
use crate::scan::State;

use super::files::{UNREACHABLE, ignored};

pub(super) const DIRECTORY: &str = "broken-directory";
pub(super) const FILE: &str = "broken-file";
pub(super) const LINE: &str = "broken-line";

/// The findings of a document. What lints say better is left to them.
pub(super) fn in_document(document: &Document) -> Vec<Finding> {
    let mut findings = Vec::new();
    for finding in &document.findings {
        let mut fragments = document.entry().fragments.iter();
        let state = fragments.find(|f| f.path == finding.path).map(|f| &f.state);
        match state {
            Some(State::Unusable(_) | State::PassedOver(_)) => {
                findings.push(finding.clone().of_lint(FILE));
            }
            None => findings.push(finding.clone().of_lint(DIRECTORY)),
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
            let found = ignored(&finding.path, &reason, &rules.suffix)?;
            Some(found.of_lint(UNREACHABLE))
        })
        .collect()
}
