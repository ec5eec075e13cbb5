//! What scanning and merging found. Where a lint says it better, it is left to that.

use super::files::ignored;
use super::{Look, named};
use crate::document::Document;
use crate::finding::{Finding, code};
use crate::rules::{Name, Rules};

/// The findings of a document.
pub(super) fn in_document(document: &Document) -> Vec<Finding> {
    let findings = document.findings();
    findings
        .filter(|finding| is_told(finding))
        .cloned()
        .collect()
}

/// The findings of a directory that belong to no document: directories that cannot be listed, and
/// files that are ignored.
pub(super) fn in_directory(rules: &Rules, findings: Vec<Finding>) -> Vec<Finding> {
    let told = findings.into_iter().filter_map(|finding| {
        if finding.code == code::UNREACHABLE_FILE {
            unreachable(rules, &finding)
        } else {
            is_told(&finding).then_some(finding)
        }
    });
    told.collect()
}

/// Whether the finding is told as it was found.
fn is_told(finding: &Finding) -> bool {
    let lint = named(finding.code.name());
    lint.is_some_and(|lint| matches!(lint.look, Look::Seen))
}

/// What to say of a file that is ignored because of its name.
fn unreachable(rules: &Rules, finding: &Finding) -> Option<Finding> {
    let Name::Ignored(reason) = rules.classify(finding.path.file_name()?) else {
        return None;
    };
    let layer = rules.layer_of(&finding.path)?;
    let is_owners = rules.is_owners(layer);
    ignored(&finding.path, &reason, &rules.suffix, is_owners)
}
