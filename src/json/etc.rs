//! The document of `etc`.

use std::path::Path;

use overlay_adapters::etc::keys::{Assigned, KeyReport};
use overlay_adapters::etc::side::Side;
use overlay_adapters::etc::{Change, Merge, Note, Outcome, State};
use overlay_resolver::escape::escape_path;
use serde::Serialize;

use super::{Entry, FindingView, Json, action_word, exact, finding, show, to_text};

#[derive(Serialize)]
struct Document {
    entries: Vec<Entry>,
    merge: MergeView,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct MergeView {
    old: String,
    current: String,
    new: String,
    out: Option<String>,
    paths: Vec<PathView>,
}

#[derive(Serialize)]
struct PathView {
    path: String,
    owner: Option<&'static str>,
    vendor: Option<&'static str>,
    state: &'static str,
    saved: Option<String>,
    attributes: Vec<&'static str>,
    note: Option<String>,
    /// The code of the note.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    keys: Vec<KeyView>,
}

#[derive(Serialize)]
struct KeyView {
    section: String,
    key: String,
    action: &'static str,
    old: ValueView,
    current: ValueView,
    new: ValueView,
}

#[derive(Serialize)]
struct ValueView {
    values: Vec<String>,
    at: Option<String>,
}

/// The paths that were changed, and what becomes of them.
pub(crate) fn etc(merge: &Merge<'_>, outcomes: &[&Outcome], out: Option<&Path>) -> Json {
    let sides = merge.sides().each();
    let [old, current, new] = sides
        .each_ref()
        .map(|side| escape_path(side.path()).to_string());
    to_text(&Document {
        entries: Vec::new(),
        merge: MergeView {
            old,
            current,
            new,
            out: out.map(|out| escape_path(out).to_string()),
            paths: outcomes
                .iter()
                .map(|outcome| path(sides, outcome))
                .collect(),
        },
        findings: merge.findings.iter().map(finding).collect(),
    })
}

fn path(sides: &[Side; 3], outcome: &Outcome) -> PathView {
    PathView {
        path: escape_path(&outcome.path).to_string(),
        owner: outcome.owner.map(Change::word),
        vendor: outcome.vendor.map(Change::word),
        state: outcome.state.word(),
        saved: match &outcome.state {
            State::Saved(saved) => Some(escape_path(saved).to_string()),
            _ => None,
        },
        attributes: outcome.attributes.clone(),
        note: outcome.note.as_ref().map(crate::render::note),
        code: outcome.note.as_ref().map(Note::code),
        keys: outcome
            .keys
            .iter()
            .map(|found| key(sides, &outcome.path, found))
            .collect(),
    }
}

fn key(sides: &[Side; 3], path: &Path, key: &KeyReport) -> KeyView {
    let [old, current, new] = sides;
    let value = |side: &Side, assigned: Option<&Assigned>| ValueView {
        values: assigned.map_or_else(Vec::new, |found| found.values.iter().map(exact).collect()),
        at: assigned.map(|found| format!("{}:{}", escape_path(&side.path_of(path)), found.line)),
    };
    KeyView {
        section: show(&key.section),
        key: show(&key.key),
        action: action_word(key.action),
        old: value(old, key.old.as_ref()),
        current: value(current, key.current.as_ref()),
        new: value(new, key.new.as_ref()),
    }
}
