//! Machine output, as `data/schema/report.schema.json` describes it. The types here are that promise;
//! the libraries' own may change.

mod bundles;
mod check;
mod cleanup;
mod diff;
mod etc;
mod files;

use std::fmt::Write as _;

use bstr::ByteSlice as _;
use overlay_adapters::System;
use overlay_adapters::report::KeyAction;
use overlay_adapters::report::{ByEntry, Change, EntryReport, Idle, KeyReport};
use overlay_resolver::account::Account;
use overlay_resolver::escape::{escape, escape_path, escape_text, is_unsafe};
use overlay_resolver::finding::Finding;
use overlay_resolver::scan::{self, Status};
use overlay_resolver::{Key as DocumentKey, Layer};
use serde::Serialize;

use crate::render::why_left;
use crate::told::Told;

pub(crate) use self::bundles::bundles;
pub(crate) use self::check::{check, lints};
pub(crate) use self::cleanup::cleanup;
pub(crate) use self::diff::{differences, disagreements, survey};
pub(crate) use self::etc::etc;
pub(crate) use self::files::{files, nobody, why};

/// The version of the documents. It changes when a field goes or means something else; what is added
/// changes nothing.
const FORMAT: u32 = 1;

#[derive(Serialize)]
struct Document {
    entries: Vec<Entry>,
    /// What a run would change, where a document is about adapters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pending: Option<Vec<ChangeView>>,
    /// What the run changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<ChangeView>>,
    findings: Vec<FindingView>,
    /// The adapters that were not run, where a document is about running them.
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<Vec<LeftView>>,
    /// How the deployment stands that is booted, where a document is about cleaning it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cleanup: Option<cleanup::View>,
}

#[derive(Serialize)]
struct LeftView {
    adapter: String,
    target: String,
    scope: &'static str,
    code: &'static str,
    reason: &'static str,
}

#[derive(Serialize)]
struct Entry {
    /// The configuration path, where a document is about several.
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    adapter: String,
    name: String,
    state: &'static str,
    /// The code of the decision, of an entry of an adapter.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// Why nothing was done for it, of an entry for which something was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle: Option<&'static str>,
    reason: String,
    fragments: Vec<Fragment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keys: Option<Vec<Key>>,
}

#[derive(Serialize)]
struct Fragment {
    path: String,
    layer: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    state: &'static str,
    reason: String,
    by: Option<String>,
}

#[derive(Serialize)]
struct ChangeView {
    adapter: String,
    entry: Option<String>,
    operation: &'static str,
    subject: String,
    from: Option<String>,
    to: Option<String>,
    path: String,
}

#[derive(Serialize)]
struct FindingView {
    level: String,
    path: String,
    line: Option<usize>,
    message: String,
    code: &'static str,
}

#[derive(Serialize)]
struct Key {
    #[serde(rename = "key")]
    name: String,
    baseline: Option<String>,
    actual: Option<String>,
    desired: Option<String>,
    action: Option<&'static str>,
    unclear: bool,
    assignments: Vec<files::AssignmentView>,
}

/// The document of `sync`, `status` and the second thoughts.
pub(crate) fn report(told: &Told, system: &System) -> Json {
    to_text(&Document {
        left: Some(left(told, system)),
        ..of_adapters(told, false)
    })
}

/// The adapters that were not run.
fn left(told: &Told, system: &System) -> Vec<LeftView> {
    let left = told.report.left.iter().map(|left| {
        let why = left.why(system);
        LeftView {
            adapter: left.adapter.clone(),
            target: escape_path(&left.target).to_string(),
            scope: left.scope.word(),
            code: why.code(),
            reason: why_left(why),
        }
    });
    left.collect()
}

/// The document of `explain`: the same, with keys.
pub(crate) fn explanation(told: &Told) -> Json {
    to_text(&of_adapters(told, true))
}

fn of_adapters(told: &Told, with_keys: bool) -> Document {
    let Told {
        report,
        findings,
        idle,
    } = told;
    let changes = |changes: &[Change]| Some(changes.iter().map(change).collect());
    let by_entry = report.by_entry();
    let entries = report.entries.iter();
    Document {
        entries: entries
            .map(|e| Entry {
                idle: idle.get(&e.full_name()).map(Idle::code),
                ..entry(&by_entry, e, with_keys)
            })
            .collect(),
        pending: changes(&report.pending),
        changes: changes(&report.changes),
        findings: findings.iter().map(finding).collect(),
        left: None,
        cleanup: None,
    }
}

/// The document of a command that failed as a whole.
pub(crate) fn failure(failure: &Finding) -> Json {
    to_text(&Document {
        entries: Vec::new(),
        pending: None,
        changes: None,
        findings: vec![finding(failure)],
        left: None,
        cleanup: None,
    })
}

/// The name of the bundle that a layer is of.
fn bundle_of(layer: &Layer) -> Option<String> {
    layer
        .bundle()
        .map(|name| escape(name.as_bytes()).to_string())
}

/// A document as it is printed, on which a terminal has nothing to obey: only [`to_text`] makes one.
#[derive(Debug)]
pub(crate) struct Json(String);

impl Json {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A document, behind its version.
#[derive(Serialize)]
struct Versioned<'d, D> {
    format: u32,
    #[serde(flatten)]
    document: &'d D,
}

fn to_text(document: &impl Serialize) -> Json {
    let versioned = Versioned {
        format: FORMAT,
        document,
    };
    let text = serde_json::to_string_pretty(&versioned).expect("strings and numbers in structs");
    let mut shown = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        // Outside of strings there is no such character but the end of a line.
        if c != '\n' && is_unsafe(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.push(c);
        }
    }
    shown.push('\n');
    Json(shown)
}

fn finding(finding: &Finding) -> FindingView {
    FindingView {
        level: finding.level.to_string(),
        path: escape_path(&finding.path).to_string(),
        line: finding.line,
        message: finding.message.clone(),
        code: finding.code.name(),
    }
}

fn entry(by_entry: &ByEntry<'_>, entry: &EntryReport, with_keys: bool) -> Entry {
    Entry {
        path: None,
        adapter: entry.adapter.clone(),
        name: show(&entry.name),
        state: by_entry.state_of(entry).word(),
        code: Some(entry.decision.code()),
        idle: None,
        reason: crate::render::reason(entry),
        fragments: entry.documents().flat_map(fragments).collect(),
        keys: with_keys.then(|| entry.keys.iter().map(|k| key(entry, k)).collect()),
    }
}

/// A file of a document, and what became of it.
fn fragment(fragment: &scan::Fragment, account: &Account<'_>) -> Fragment {
    // Where several did it, the reason names them.
    let by = match account.by().as_slice() {
        [by] => Some(by.to_string()),
        _ => None,
    };
    Fragment {
        path: escape_path(&fragment.path).to_string(),
        layer: escape_path(fragment.layer.base()).to_string(),
        bundle: bundle_of(&fragment.layer),
        state: account.word(),
        reason: account.to_string(),
        by,
    }
}

/// All files of a document.
fn fragments(document: &overlay_resolver::Document) -> impl Iterator<Item = Fragment> {
    let accounts = document.accounts();
    accounts.map(|(file, account)| fragment(file, &account))
}

/// The word for what an entry's files come to.
fn state_word(document: &overlay_resolver::Document) -> &'static str {
    if document.refusal().is_some() {
        return "refused";
    }
    match document.entry().status {
        Status::Effective => "effective",
        Status::Masked(_) => "masked",
        Status::Unusable => "unusable",
        Status::Headless => "headless",
    }
}

fn change(change: &Change) -> ChangeView {
    ChangeView {
        adapter: change.adapter.clone(),
        entry: change.entry.as_ref().map(show),
        operation: change.operation.word(),
        subject: show(&change.subject),
        from: change.from.as_ref().map(exact),
        to: change.to.as_ref().map(exact),
        path: escape_path(&change.path).to_string(),
    }
}

fn key(entry: &EntryReport, key: &KeyReport) -> Key {
    let source = entry.source_of(key);
    let assignments = source.iter().flat_map(DocumentKey::history);
    let assignments = assignments.map(|assignment| files::assignment(&entry.name, &assignment));
    Key {
        name: key.key.clone(),
        baseline: key.baseline.as_ref().map(exact),
        actual: key.actual.as_ref().map(exact),
        desired: key.desired.as_ref().map(exact),
        action: key.action.map(action_word),
        unclear: key.is_unclear,
        assignments: assignments.collect(),
    }
}

const fn action_word(action: KeyAction) -> &'static str {
    match action {
        KeyAction::Record => "record",
        KeyAction::Write => "write",
        KeyAction::Keep { conflict: false } => "keep",
        KeyAction::Keep { conflict: true } => "conflict",
        KeyAction::Drift => "drift",
    }
}

/// A name, as it is shown everywhere and may be given back.
fn show(name: impl AsRef<[u8]>) -> String {
    escape(name.as_ref()).to_string()
}

/// A value: the very text, since JSON can have any; where it is not text, what is not is escaped.
fn exact(value: impl AsRef<[u8]>) -> String {
    let value = value.as_ref();
    match value.to_str() {
        Ok(text) => text.into(),
        Err(_) => escape_text(value).to_string(),
    }
}
