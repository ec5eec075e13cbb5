//! What scanning and merging found, under the names of lints.

use std::collections::HashMap;

use crate::account::Account;
use crate::document::Document;
use crate::finding::{Finding, Level};
use crate::rules::{Name, Rules};

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
    let accounts = document.accounts();
    let by_path: HashMap<_, _> = accounts
        .map(|(file, account)| (&file.path, lint_of(&account)))
        .collect();
    for finding in document.file_findings() {
        let lint = match by_path.get(&finding.path) {
            None => Some(DIRECTORY),
            // Of a file that is read, only this is told with a line.
            Some(None) if finding.line.is_some() => Some(SWITCH),
            Some(lint) => *lint,
        };
        findings.extend(lint.map(|lint| finding.clone().of_lint(lint)));
    }
    let lines = document.problems().iter();
    findings.extend(lines.map(|finding| finding.clone().of_lint(LINE)));
    findings
}

/// The lint under which a file itself is told, if nothing of it is read.
const fn lint_of(account: &Account<'_>) -> Option<&'static str> {
    match account {
        Account::Unusable { .. } | Account::PassedOver(_) => Some(FILE),
        // Lints of their own say more of these: `unreachable-file`, `unread`, `mask-of-nothing`, …
        Account::Ignored(_)
        | Account::Headless(_)
        | Account::Unread(_)
        | Account::Mask { .. }
        | Account::NotLoaded(_)
        | Account::NotReached(_)
        | Account::Invalid { .. }
        | Account::Effective { .. }
        | Account::Superseded { .. }
        | Account::Unknown { .. }
        | Account::Blank(_)
        | Account::Shadowed { .. }
        | Account::Masked(_)
        | Account::Duplicate(_) => None,
    }
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
