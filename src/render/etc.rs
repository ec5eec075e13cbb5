//! Text about the merge of `/etc`.

use std::path::Path;

use bstr::ByteSlice as _;
use overlay_adapters::etc::keys::{Assigned, KeyReport};
use overlay_adapters::etc::{Change, Merge, Note, Outcome, State};
use overlay_adapters::report::KeyAction;
use overlay_resolver::escape::{escape, escape_path};

use super::style::{BOLD, FAINT, GOOD, NOTABLE, shortened};
use crate::text::{Style, Text, say};

/// One line a path: what the owner did and what the vendor did, in letters, and what becomes of it; the
/// keys below.
pub(crate) fn etc(merge: &Merge<'_>, outcomes: &[&Outcome]) -> Text {
    let mut text = Text::new();
    if outcomes.iter().any(|outcome| !outcome.keys.is_empty()) {
        let sides = merge.sides().each();
        let names = ["old", "current", "new"].iter().zip(sides);
        let legend: Vec<_> = names
            .map(|(name, side)| format!("{name}: {}", escape_path(side.path())))
            .collect();
        say!(text, "{FAINT}{}{FAINT:#}", legend.join(", "));
    }
    for outcome in outcomes {
        let letter = |change: Option<Change>| change.map_or('-', Change::letter);
        let path = if outcome.path.as_os_str().is_empty() {
            ".".into()
        } else {
            escape_path(&outcome.path).to_string()
        };
        let style = style(&outcome.state);
        write!(
            text,
            "{}{}  {BOLD}{path}{BOLD:#}  {style}{}{style:#}",
            letter(outcome.owner),
            letter(outcome.vendor),
            words(outcome),
        );
        match &outcome.note {
            Some(how) => say!(text, "  {FAINT}({}){FAINT:#}", note(how)),
            None => text.end_line(),
        }
        outcome.keys.iter().for_each(|found| key(&mut text, found));
    }
    if outcomes.is_empty() {
        text.push_str("nothing was changed\n");
    }
    text
}

/// How a file was read, or why it was not merged key by key.
pub(crate) fn note(note: &Note) -> String {
    match note {
        Note::ByRules(name) => format!("read by the rules of {name}"),
        Note::BySuffix => "read as its suffix says".into(),
        Note::Plain => "read as plain key=value".into(),
        Note::NotMerged(why) => format!("not merged key by key: {why}"),
    }
}

/// What became of the result.
pub(crate) fn written(out: Option<&Path>) -> Text {
    let mut text = Text::new();
    match out {
        Some(out) => say!(text, "written to {}", escape_path(out)),
        None => text.push_str("nothing was written; `--out DIR` writes the result\n"),
    }
    text
}

const fn style(state: &State) -> Style {
    match state {
        State::Added | State::Updated | State::Withdrawn | State::Same | State::Merged => GOOD,
        State::Kept | State::Deleted => FAINT,
        State::Conflict | State::Saved(_) | State::Dropped => NOTABLE,
    }
}

fn words(outcome: &Outcome) -> String {
    let differ = match outcome.attributes.join(", ") {
        none if none.is_empty() => none,
        attributes => format!(", differing in {attributes}"),
    };
    match &outcome.state {
        State::Added => "new from the vendor".into(),
        State::Updated => "follows the vendor".into(),
        State::Withdrawn => "withdrawn by the vendor".into(),
        State::Kept => format!("yours{differ}"),
        State::Deleted if outcome.vendor == Some(Change::Modified) => {
            "deleted by you; the vendor changed it".into()
        }
        State::Deleted => "deleted by you".into(),
        State::Same => "you and the vendor made the same of it".into(),
        State::Merged => format!("merged: your changes and the vendor's{differ}"),
        State::Conflict => conflict(outcome, &differ),
        State::Saved(saved) => format!(
            "conflict: the vendor's is in place, being of another kind; yours is saved as {}",
            escape_path(saved)
        ),
        State::Dropped => "dropped: a FIFO, a socket or a device".into(),
    }
}

fn conflict(outcome: &Outcome, differ: &str) -> String {
    let keys: Vec<_> = outcome.conflicts().map(name).collect();
    match (outcome.vendor, keys.as_slice()) {
        (Some(Change::Deleted), _) => {
            "conflict: you changed it, the vendor withdrew it; yours stays".into()
        }
        (_, []) => format!("conflict: you and the vendor changed it; yours stays{differ}"),
        (_, keys) => format!(
            "conflict: you and the vendor changed {}; yours stays",
            keys.join(", ")
        ),
    }
}

fn name(key: &KeyReport) -> String {
    if key.section.is_empty() {
        escape(&key.key).to_string()
    } else {
        format!("[{}] {}", escape(&key.section), escape(&key.key))
    }
}

/// A key: its value in the result with its place, and what the others have.
fn key(text: &mut Text, key: &KeyReport) {
    let name = name(key);
    let (old, current, new) = (key.old.as_ref(), key.current.as_ref(), key.new.as_ref());
    let says = |side: &str, assigned: Option<&Assigned>| match assigned {
        Some(found) => format!("{} at {side}:{}", values(found), found.line),
        None => format!("nothing in {side}"),
    };
    let (style, sign, words) = match key.action {
        KeyAction::Write | KeyAction::Record => {
            let whose = if key.action == KeyAction::Write {
                "the vendor's"
            } else {
                "yours and the vendor's"
            };
            let (is, was) = (says("new", new), says("old", old));
            (GOOD, sign(old, new), format!("{whose}, {is}; was {was}"))
        }
        KeyAction::Keep { conflict: true } => {
            let (is, was, theirs) = (says("current", current), says("old", old), says("new", new));
            (
                NOTABLE,
                '!',
                format!("yours, {is}; the vendor changed {was} to {theirs}"),
            )
        }
        KeyAction::Keep { conflict: false } | KeyAction::Drift => {
            let (is, theirs) = (says("current", current), says("new", new));
            (
                FAINT,
                sign(old, current),
                format!("yours, {is}; the vendor has {theirs}"),
            )
        }
    };
    say!(text, "      {style}{sign}{style:#} {name}  {words}");
}

const fn sign(from: Option<&Assigned>, to: Option<&Assigned>) -> char {
    match (from, to) {
        (None, _) => '+',
        (_, None) => '-',
        _ => '~',
    }
}

fn values(assigned: &Assigned) -> String {
    let values: Vec<_> = assigned
        .values
        .iter()
        .map(|value| shortened(value.as_bstr()))
        .collect();
    if values.iter().all(String::is_empty) {
        return "an empty value".into();
    }
    values.join(", ")
}
