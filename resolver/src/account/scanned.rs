//! What is told of a file by what lies there, before anybody reads what is in it.

use super::Account;
use crate::finding::Finding;
use crate::rules::BrokenFile;
use crate::scan::{Entry, Fragment, Role, Scan, State, Status};

/// Adds to what was scanned what its owner should know of its files; `others` belong to no entry.
pub(crate) fn tell(scan: &mut Scan, others: &[Fragment]) {
    scan.findings.extend(others.iter().filter_map(finding));
    for entry in &mut scan.entries {
        let mut findings = of_entry(entry);
        findings.append(&mut entry.findings);
        entry.findings = findings;
    }
}

fn of_entry(entry: &Entry) -> Vec<Finding> {
    // A file beside the entry that is ignored, such as a copy of it, is told with the entry.
    let is_beside = |f: &&Fragment| f.role == Role::Main && matches!(f.state, State::Ignored(_));
    let files = entry.fragments.iter().filter(|file| !is_beside(file));
    let mut findings: Vec<_> = files.filter_map(finding).collect();
    if entry.status == Status::Headless {
        let headless = Account::Headless(entry.name.as_ref());
        let files = entry.effective();
        findings.extend(files.filter_map(|file| headless.finding(&file.path)));
    }
    findings
}

/// What the owner of a file should know of it, whatever is in it.
fn finding(file: &Fragment) -> Option<Finding> {
    let account = match &file.state {
        State::Unusable(why) => Account::Unusable {
            why,
            costs: if file.fatal {
                BrokenFile::Fatal
            } else {
                BrokenFile::Alone
            },
        },
        State::PassedOver(why) => Account::PassedOver(why),
        State::Ignored(why) => Account::Ignored(why),
        State::Effective
        | State::Shadowed(_)
        | State::Duplicate(_)
        | State::Mask(_)
        | State::Masked(_)
        | State::Unseen => return None,
    };
    account.finding(&file.path)
}
