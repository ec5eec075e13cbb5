//! Files of the owner that lose against what the owner did not expect.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::names::{after, stem, winner_elsewhere};
use super::{Subject, about, is_beaten, pair};
use crate::account::Account;
use crate::document::{Assignment, State as AssignmentState};
use crate::escape::escape_path;
use crate::finding::{Finding, Level, code};
use crate::rules::{DropIns, Order};
use crate::scan::{Fragment, Role, State};

/// Keys of the owner's main file that a drop-in of a lower layer supersedes.
///
/// Drop-ins are merged over the main file, whatever their layers: the rule, and the trap of it
/// (systemd#4940, systemd#2121).
pub(super) fn vendor_beats_admin(subject: &Subject<'_>) -> Vec<Finding> {
    let is_mine = |file: &Fragment| {
        file.role == Role::Main && file.state == State::Effective && subject.is_owners(&file.layer)
    };
    // Once a file, not once a key of it.
    let mine: Vec<_> = subject.fragments().iter().map(is_mine).collect();
    let is_mine = |a: &Assignment<'_>| mine[a.file().index()];
    let mut findings = Vec::new();
    for key in &subject.keys {
        // An earlier one in the file loses anyway.
        let Some(mine) = key
            .iter()
            .rev()
            .find(|a| is_mine(a))
            .filter(|a| is_beaten(a))
        else {
            continue;
        };
        let by = match mine.state() {
            AssignmentState::Reset => mine.winner(),
            _ => mine.final_winner(),
        };
        if let Some(by) = by
            && by.fragment().role == Role::DropIn
            && subject.is_below(&by.fragment().layer, &mine.fragment().layer)
            && by.value() != mine.value()
        {
            findings.push(beaten(subject, mine, &by));
        }
    }
    findings
}

fn beaten(subject: &Subject<'_>, mine: &Assignment<'_>, by: &Assignment<'_>) -> Finding {
    let file = &mine.fragment().path;
    let suffix = &subject.rules.drop_in_suffix;
    let name = after([by.fragment().path.as_path()], &stem(file, suffix), suffix);
    let place = drop_in_directory(&subject.rules.drop_ins, file).join(name);
    let message = format!(
        "{} loses to {} in {}: drop-ins of every layer are merged over the main file; put the key in \
         a drop-in that sorts after that one, such as {}",
        pair(mine),
        pair(by),
        by.place(),
        escape_path(&place)
    );
    about(code::VENDOR_BEATS_ADMIN, Level::Warning, mine, message)
}

/// Where the drop-ins of the main file at `path` lie in its layer.
fn drop_in_directory(drop_ins: &DropIns, path: &Path) -> PathBuf {
    let mut directory = path.as_os_str().to_owned();
    match drop_ins {
        DropIns::Named(name) => return path.with_file_name(name),
        DropIns::None | DropIns::Beside | DropIns::Unit => directory.push(".d"),
    }
    directory.into()
}

/// Drop-ins of the owner of which no key is left, because all are superseded by files that come later
/// ("sorted too early", systemd#13198).
pub(super) fn loses_always(subject: &Subject<'_>) -> Vec<Finding> {
    let is_mine = |f: &Fragment| {
        f.role == Role::DropIn
            && subject.is_owners(&f.layer)
            // The drop-ins of a template or of a prefix are for other units, too.
            && subject.is_its_own(f)
    };
    let files = subject.document.accounts().zip(&subject.files);
    files
        .filter(|((fragment, _), _)| is_mine(fragment))
        .filter_map(|((fragment, account), assignments)| {
            let Account::Superseded { hides, .. } = account else {
                return None;
            };
            let winners = assignments
                .iter()
                .map(|a| winner_elsewhere(a).filter(|_| is_beaten(a)));
            let winners: Vec<_> = winners.collect::<Option<_>>()?;
            let mut pairs = assignments.iter().zip(&winners);
            // Where all say the same, nothing is lost.
            let is_lost = pairs.any(|(mine, winner)| mine.value() != winner.value());
            is_lost.then(|| lost(subject, fragment, &hides, &winners))
        })
        .collect()
}

fn lost(
    subject: &Subject<'_>,
    mine: &Fragment,
    hides: &[&Fragment],
    winners: &[Assignment<'_>],
) -> Finding {
    const NAMED: usize = 3;
    // What it hides may assign more than it does.
    let effect = match hides.last() {
        Some(hidden) => format!("does nothing but replace {}", escape_path(&hidden.path)),
        None => "changes nothing".into(),
    };
    let files: BTreeSet<_> = winners
        .iter()
        .map(|a| a.fragment().path.as_path())
        .collect();
    let shown: Vec<_> = files
        .iter()
        .map(|path| escape_path(path).to_string())
        .collect();
    let mut list = shown[..shown.len().min(NAMED)].join(", ");
    if shown.len() > NAMED {
        list.push_str(", …");
    }
    let suffix = &subject.rules.drop_in_suffix;
    let by_name = subject.rules.drop_in_order == Order::Name
        || winners.iter().all(|a| a.fragment().layer == mine.layer);
    let advice = if by_name {
        let name = after(files.iter().copied(), &stem(&mine.path, suffix), suffix);
        format!("; named {} it would win", escape_path(name.as_ref()))
    } else {
        String::new()
    };
    code::LOSES_ALWAYS.warning(
        &mine.path,
        format!("{effect}: all that it sets is set again by what comes later, {list}{advice}"),
    )
}
