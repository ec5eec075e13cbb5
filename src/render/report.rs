//! Text about adapters: one line an entry, and below it all that a run would change.

use std::collections::BTreeSet;
use std::fmt;

use bstr::ByteSlice as _;
use overlay_adapters::report::KeyAction;
use overlay_adapters::report::{
    ByEntry, Change, Decision, EntryReport, KeyReport, Operation, Report,
};
use overlay_resolver::escape::escape;

use super::decision::words;
use super::explain;
use super::files::file;
use super::style::{BOLD, shortened};
use crate::text::{Text, say, styled};

/// Every entry, with what is to be changed of it; then what is to be changed besides, and how that is done.
pub(crate) fn report(report: &Report, how: How) -> Text {
    let names: Vec<_> = report
        .entries
        .iter()
        .map(|entry| shown(&entry.full_name()))
        .collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut text = Text::new();
    let by_entry = report.by_entry();
    for (name, entry) in names.iter().zip(&report.entries) {
        line(&mut text, &format!("{name:width$}"), &by_entry, entry);
        pending_of(&mut text, &by_entry, entry);
    }
    besides(&mut text, report);
    // One that failed as a whole has an error to tell, and no entries.
    if report.entries.is_empty() && report.left.is_empty() && !report.failed() {
        text.push_str("no entries: no layer has any, and the target has none of ours\n");
    }
    note_pending(&mut text, report, how);
    text
}

/// A name as it may be shown: that of a file can have any character.
fn shown(name: &str) -> String {
    escape(name.as_bytes()).to_string()
}

/// Every entry with its files, and for every key the winner, the losers and what becomes of it.
pub(crate) fn explanation(report: &Report) -> Text {
    let mut text = Text::new();
    let by_entry = report.by_entry();
    for entry in &report.entries {
        text.gap();
        let name = styled!("{BOLD}{}{BOLD:#}", shown(&entry.full_name()));
        line(&mut text, &name, &by_entry, entry);
        for document in entry.documents() {
            for (fragment, account) in document.accounts() {
                text.push_str("  ");
                file(&mut text, fragment, &account);
            }
        }
        pending_of(&mut text, &by_entry, entry);
        for key in &entry.keys {
            explain_key(&mut text, entry, key);
        }
    }
    besides(&mut text, report);
    if !report.pending.is_empty() {
        text.end_line();
    }
    note_pending(&mut text, report, How::Sync);
    text
}

/// What carries out the changes that are pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// A sync.
    Sync,
    /// What was asked for, which is a dry run now. A sync would not do it.
    Again,
}

fn note_pending(text: &mut Text, report: &Report, how: How) {
    let how = match how {
        How::Sync => "`overlayctl sync`",
        How::Again => "this without `--dry-run`",
    };
    if !report.pending.is_empty() {
        say!(text, "changes are pending; {how} makes them");
    }
}

fn line(text: &mut Text, name: &dyn fmt::Display, by_entry: &ByEntry<'_>, entry: &EntryReport) {
    let (style, words) = words(entry, by_entry.state_of(entry));
    let also = also_updated(by_entry, entry);
    say!(text, "{name}  {style}{words}{also}{style:#}");
}

/// What a run wrote to an entry of which it is told what it left: nothing that was there goes untold.
fn also_updated(by_entry: &ByEntry<'_>, entry: &EntryReport) -> String {
    let tells_what_was_left = matches!(
        entry.decision,
        Decision::Adopted { .. } | Decision::Edited { .. } | Decision::Conflict { .. }
    );
    let done = by_entry.done(entry).iter();
    let done = done.filter(|change| match change.operation {
        Operation::Set => change.from.is_some(),
        Operation::Unset
        | Operation::AddCertificate
        | Operation::UpdateCertificate
        | Operation::RemoveCertificate
        | Operation::WriteFile
        | Operation::Narrow
        | Operation::Widen => true,
        _ => false,
    });
    let updated: Vec<_> = done
        .filter(|_| tells_what_was_left)
        .map(|change| shown(&change.subject))
        .collect();
    match updated.as_slice() {
        [] => String::new(),
        updated => format!("; updated: {}", updated.join(", ")),
    }
}

fn pending_of(text: &mut Text, by_entry: &ByEntry<'_>, entry: &EntryReport) {
    for change in by_entry.pending(entry) {
        planned(text, change);
    }
}

/// What belongs to no entry that is shown.
fn besides(text: &mut Text, report: &Report) {
    let entries = report.entries.iter();
    let entries: BTreeSet<_> = entries.map(|entry| (&entry.adapter, &entry.name)).collect();
    let of_an_entry = |change: &Change| {
        let name = change.entry.as_ref();
        name.is_some_and(|name| entries.contains(&(&change.adapter, name)))
    };
    let mut heading = String::new();
    let pending = report.pending.iter();
    for change in pending.filter(|change| !of_an_entry(change)) {
        let name = shown(&change.full_name());
        if name != heading {
            say!(text, "{name}");
            heading = name;
        }
        planned(text, change);
    }
}

fn planned(text: &mut Text, change: &Change) {
    let (subject, noun) = (shown(&change.subject), change.noun);
    let value = |value: &Option<bstr::BString>| {
        value
            .as_ref()
            .map_or_else(|| "nothing".into(), |value| shortened(value.as_bstr()))
    };
    let (from, to) = (value(&change.from), value(&change.to));
    let words = match change.operation {
        Operation::Create => format!("create the {noun} {subject}"),
        Operation::Remove => format!("remove the {noun} {subject}"),
        Operation::Adopt => format!("adopt the {noun} {subject}"),
        Operation::Release => format!("release the {noun} {subject}"),
        Operation::Move => format!("move the {noun} {subject} from {from} to {to}"),
        Operation::Set if change.from.is_none() => format!("set {subject}={to}"),
        Operation::Set => format!("set {subject}={to} (was {from})"),
        Operation::Unset => format!("unset {subject} (was {from})"),
        Operation::Record => format!("record {subject}={to} as the vendor's"),
        Operation::Forget if change.from.is_none() => {
            format!("forget what was recorded of {subject}")
        }
        Operation::Forget => format!("forget that {subject}={from} is the vendor's"),
        Operation::AddCertificate => format!("add the certificate {subject}"),
        Operation::UpdateCertificate => format!("update the certificate {subject}"),
        Operation::RemoveCertificate => format!("remove the certificate {subject}"),
        Operation::RecordCertificate => format!("record the certificate {subject} as the vendor's"),
        Operation::ForgetCertificate => {
            format!("forget that the certificate {subject} is the vendor's")
        }
        Operation::LeaveCertificate => {
            format!("remember that you took the certificate {subject} out")
        }
        Operation::RecordBundles if change.to.is_none() => {
            format!("record that nothing of {subject} is of a bundle")
        }
        Operation::RecordBundles => {
            format!("record that {subject} has something of the bundle {to}")
        }
        Operation::Mark if change.from.is_none() => format!("remember {subject} as {to}"),
        Operation::Mark => format!("remember {subject} as {to} (was {from})"),
        Operation::Rename => format!("remember that {subject} is called {to} now"),
        Operation::WriteFile => format!("write {subject}"),
        Operation::Narrow => format!("make {subject} readable by its owner alone"),
        Operation::Widen => format!("give {subject} back the mode that it had"),
        Operation::Clean => format!("clean up {subject}"),
        Operation::Run => format!("run {subject}"),
    };
    say!(text, "    {words}");
}

fn explain_key(text: &mut Text, entry: &EntryReport, key: &KeyReport) {
    let value = |value: Option<&bstr::BString>| {
        value.map_or_else(|| "none".into(), |value| shortened(value.as_bstr()))
    };
    text.end_line();
    say!(text, "  {BOLD}{}{BOLD:#}", key.key);
    if let Some(source) = entry.source_of(key) {
        explain::outcomes(text, &source.explain());
    }
    let sides = [
        ("layers", &key.desired),
        ("baseline", &key.baseline),
        ("target", &key.actual),
    ];
    // Of an entry that is masked, deleted or broken, nothing is compared.
    let is_compared = key.action.is_some() || sides.iter().any(|(_, side)| side.is_some());
    for (label, side) in sides.into_iter().filter(|_| is_compared) {
        say!(text, "    {label:8}  {}", value(side.as_ref()));
    }
    say!(text, "    {:8}  {}", "sync", verdict(key));
}

fn verdict(key: &KeyReport) -> &'static str {
    match (key.action, &key.desired) {
        (None, _) => "does not look at it",
        (Some(KeyAction::Record), desired) if key.baseline != *desired => {
            "records it as the vendor's: the target is as the layers want it"
        }
        (Some(KeyAction::Record), _) => "has nothing to do: the target is as the layers want it",
        (Some(KeyAction::Write), Some(_)) => "writes what the layers say",
        (Some(KeyAction::Write), None) => "takes the key away, as the layers have no more of it",
        (Some(KeyAction::Keep { conflict: false }), _) if key.actual.is_none() => {
            "leaves it away: you took it away"
        }
        (Some(KeyAction::Keep { conflict: false }), _) if key.is_unclear => {
            "keeps it: you set it, or the server"
        }
        (Some(KeyAction::Keep { conflict: false }), _) => "keeps it: it is yours",
        (Some(KeyAction::Keep { conflict: true }), _) if key.is_unclear => {
            "keeps it: you set it, or the server, though the vendor changed it too"
        }
        (Some(KeyAction::Keep { conflict: true }), _) => {
            "keeps it: it is yours, though the vendor changed it too"
        }
        (Some(KeyAction::Drift), None) => {
            "keeps it: a server sent it, and the vendor has nothing of it"
        }
        (Some(KeyAction::Drift), _) => {
            "keeps it: servers refresh it, and the vendor has not changed it"
        }
    }
}

#[cfg(test)]
mod tests {
    use overlay_adapters::code;

    use super::*;

    #[test]
    fn what_failed_as_a_whole_is_not_said_to_be_nothing() {
        let mut nothing = Report::default();
        assert!(
            report(&nothing, How::Sync)
                .as_str()
                .starts_with("no entries")
        );
        nothing
            .findings
            .push(code::UNREADABLE.error("/etc", "cannot be written"));
        assert!(report(&nothing, How::Sync).is_empty());
    }
}
