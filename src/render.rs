//! Text for people: one line an entry, aligned, states in words, colour only on a terminal (anstream
//! takes it out elsewhere).

mod check;
mod diagnostics;
mod diff;
mod etc;
mod explain;
mod files;
mod why;

use std::fmt::Write as _;
use std::path::Path;

use anstyle::{AnsiColor, Style};
use bstr::{BStr, ByteSlice as _};
use overlay_adapters::System;
use overlay_adapters::reconcile::KeyAction;
use overlay_adapters::report::{Change, EntryReport, KeyReport, Operation, Report, State};
use overlay_resolver::escape::{escape_path, escape_text};
use overlay_resolver::finding::{Finding, Level};

pub(crate) use self::check::{check, lints};
pub(crate) use self::diagnostics::diagnostics;
pub(crate) use self::diff::{differences, disagreements, survey};
pub(crate) use self::etc::{etc, written};
pub(crate) use self::explain::{explain, has_multi_valued, ignored_note, multi_valued_note};
use self::files::file;
pub(crate) use self::files::{cat, files, show};
pub(crate) use self::why::{Answer, nobody, why};

const GOOD: Style = AnsiColor::Green.on_default();
const NOTABLE: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const FAINT: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// The longest value shown whole; a signing key has thousands of bytes.
const LONGEST_VALUE: usize = 72;

/// Whether what a report tells is done, is yet to be done, or is how things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tense {
    Done,
    Planned,
    Status,
}

/// One line an entry; planned changes below their entry.
pub(crate) fn report(report: &Report, tense: Tense) -> String {
    let names: Vec<_> = report.entries.iter().map(EntryReport::full_name).collect();
    let width = names.iter().map(String::len).max().unwrap_or_default();
    let mut text = String::new();
    for (name, entry) in names.iter().zip(&report.entries) {
        line(&mut text, &format!("{name:width$}"), entry, tense);
        if tense == Tense::Planned {
            entry
                .changes
                .iter()
                .for_each(|change| planned(&mut text, change));
        }
    }
    // One that failed as a whole has an error to tell, and no entries.
    if report.entries.is_empty() && report.left.is_empty() && !report.failed() {
        text.push_str("no entries: no layer has any, and the target has none of ours\n");
    }
    if report.pending && tense != Tense::Done {
        text.push_str("changes are pending; `overlayctl sync` makes them\n");
    }
    text
}

/// What another run has to do, and why.
pub(crate) fn left(report: &Report, system: &System) -> String {
    let mut text = String::new();
    for left in &report.left {
        let _ = write!(
            text,
            "{NOTABLE}left for the boot{NOTABLE:#}: {}, which writes {}: {}",
            left.adapter,
            escape_path(&left.target),
            system.why_left(left.scope)
        );
        let _ = if system.allows(left.scope) {
            writeln!(text, " (`--scope {}` writes it now)", left.scope)
        } else {
            writeln!(text)
        };
    }
    text
}

fn line(text: &mut String, name: &str, entry: &EntryReport, tense: Tense) {
    let (style, words) = words(entry, tense);
    let _ = writeln!(text, "{name}  {style}{words}{style:#}");
}

/// The state in words, with what makes it so.
fn words(entry: &EntryReport, tense: Tense) -> (Style, String) {
    let reason = &entry.reason;
    if tense != Tense::Done && !entry.changes.is_empty() {
        match entry.state {
            State::Applied => return (NOTABLE, format!("not applied yet, {reason}")),
            State::Updated => return (NOTABLE, format!("not up to date: {reason}")),
            State::Removed => return (NOTABLE, format!("not removed yet: {reason}")),
            _ => {}
        }
    }
    match entry.state {
        State::Applied => (GOOD, format!("applied, {reason}")),
        State::Updated => (GOOD, format!("updated: {reason}")),
        State::Adopted => (GOOD, format!("adopted: {reason}")),
        State::Edited => (NOTABLE, format!("edited by you: {reason}")),
        State::Conflict => (NOTABLE, format!("conflict: {reason}")),
        State::Masked => (NOTABLE, reason.clone()),
        State::Deleted => (NOTABLE, format!("deleted by you; {reason}")),
        State::Kept => (NOTABLE, format!("kept: {reason}")),
        State::Removed => (NOTABLE, format!("removed: {reason}")),
        State::Released => (NOTABLE, format!("released: {reason}")),
        State::Foreign => (NOTABLE, format!("not touched: {reason}")),
        State::Waiting => (NOTABLE, format!("left for the boot: {reason}")),
        State::Failed => (BAD, format!("failed: {reason}")),
    }
}

fn planned(text: &mut String, change: &Change) {
    let subject = &change.subject;
    let value = |value: &Option<bstr::BString>| {
        value
            .as_ref()
            .map_or_else(|| "nothing".into(), |value| shortened(value.as_bstr()))
    };
    let words = match change.operation {
        Operation::Create => format!("create the remote {subject}"),
        Operation::Remove => format!("remove the remote {subject}"),
        Operation::Set if change.from.is_none() => format!("set {subject}={}", value(&change.to)),
        Operation::Set => format!(
            "set {subject}={} (was {})",
            value(&change.to),
            value(&change.from)
        ),
        Operation::Unset => format!("unset {subject} (was {})", value(&change.from)),
        Operation::AddCertificate => format!("add the certificate {subject}"),
        Operation::UpdateCertificate => format!("update the certificate {subject}"),
        Operation::RemoveCertificate => format!("remove the certificate {subject}"),
        Operation::WriteFile => format!("write {subject}"),
        Operation::Clean => format!("clean up {subject}"),
    };
    let _ = writeln!(text, "    {words}");
}

/// What went wrong or looks wrong, for standard error.
pub(crate) fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let style = match finding.level {
            Level::Error => BAD,
            Level::Warning => NOTABLE,
            Level::Info => continue,
        };
        let _ = writeln!(text, "{style}{}{style:#}: {finding}", finding.level);
    }
    text
}

/// Why a command did nothing, for standard error.
pub(crate) fn failure(message: &str) -> String {
    format!("{BAD}error{BAD:#}: {message}\n")
}

/// Other people's text without what a terminal would obey.
pub(crate) fn harmless(text: &[u8]) -> Vec<u8> {
    let lines = text.split(|&byte| byte == b'\n');
    let shown: Vec<String> = lines.map(|line| escape_text(line).to_string()).collect();
    shown.join("\n").into_bytes()
}

/// Every entry with its files, and for every key the winner, the losers and what becomes of it.
pub(crate) fn explanation(report: &Report) -> String {
    let mut text = String::new();
    for entry in &report.entries {
        if !text.is_empty() {
            text.push('\n');
        }
        line(
            &mut text,
            &format!("{BOLD}{}{BOLD:#}", entry.full_name()),
            entry,
            Tense::Status,
        );
        if let Some(document) = &entry.layered {
            for (fragment, account) in document.accounts() {
                text.push_str("  ");
                file(&mut text, fragment, &account);
            }
        }
        for key in &entry.keys {
            explain_key(&mut text, entry, key);
        }
    }
    text
}

fn explain_key(text: &mut String, entry: &EntryReport, key: &KeyReport) {
    let value = |value: Option<&bstr::BString>| {
        value.map_or_else(|| "none".into(), |value| shortened(value.as_bstr()))
    };
    let _ = writeln!(text, "\n  {BOLD}{}{BOLD:#}", key.key);
    if let Some(source) = crate::json::source(entry, key) {
        explain::outcomes(text, &source.explain());
    }
    for (label, side) in [
        ("layers", &key.desired),
        ("baseline", &key.baseline),
        ("target", &key.actual),
    ] {
        let _ = writeln!(text, "    {label:8}  {}", value(side.as_ref()));
    }
    let _ = writeln!(text, "    {:8}  {}", "sync", verdict(key));
}

fn verdict(key: &KeyReport) -> &'static str {
    match (key.action, &key.desired) {
        (None, _) => "does not look at it",
        (Some(KeyAction::Record), _) => "has nothing to do: the target is as the layers want it",
        (Some(KeyAction::Write), Some(_)) => "writes what the layers say",
        (Some(KeyAction::Write), None) => "takes the key away, as the layers have no more of it",
        (Some(KeyAction::Keep { conflict: false }), _) => "keeps it: it is yours",
        (Some(KeyAction::Keep { conflict: true }), _) => {
            "keeps it: it is yours, though the vendor changed it too"
        }
        (Some(KeyAction::Drift), _) => {
            "keeps it: the server refreshed it, the vendor has not changed"
        }
    }
}

fn shortened(value: &BStr) -> String {
    if value.len() <= LONGEST_VALUE {
        return escape_text(value).to_string();
    }
    let start = value.get(..LONGEST_VALUE - 24).unwrap_or_default();
    format!("{}… ({} bytes)", escape_text(start), value.len())
}

/// What `demo` made and did, and what to try next.
pub(crate) fn demo(dir: &Path, vendor: [&str; 3], synced: &str) -> String {
    let dir = escape_path(dir);
    let mut text = format!("An image in {dir}, whose vendor ships\n");
    for path in vendor {
        let _ = writeln!(text, "  /{path}");
    }
    let _ = write!(
        text,
        "\n$ overlayctl --root {dir} sync\n{synced}\n\
         That is {dir}/var/lib/flatpak/repo/config now. Try next\n\
         \n  override a key, as the machine's owner:\n    \
         mkdir {dir}/etc/flatpak/remotes.d/flathub.flatpakrepo.d\n    \
         printf '[Flatpak Repo]\\nTitle=My apps\\n' > {dir}/etc/flatpak/remotes.d/flathub.flatpakrepo.d/50-title.conf\n    \
         overlayctl --root {dir} sync --dry-run\n    \
         overlayctl --root {dir} explain flathub Title\n\
         \n  mask an entry:\n    \
         touch {dir}/etc/flatpak/remotes.d/fedora.flatpakrepo\n    \
         overlayctl --root {dir} sync\n\
         \n  delete one with flatpak, where it is installed, and see that it stays gone:\n    \
         FLATPAK_SYSTEM_DIR={dir}/var/lib/flatpak flatpak --system remote-delete flathub\n    \
         overlayctl --root {dir} sync\n"
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_as_a_whole_is_not_said_to_be_nothing() {
        let mut nothing = Report::default();
        assert!(report(&nothing, Tense::Done).starts_with("no entries"));
        nothing
            .findings
            .push(Finding::error("/etc", "cannot be written"));
        assert_eq!(report(&nothing, Tense::Done), "");
    }
}
