//! The documents of the commands that read files.

use std::path::Path;

use overlay_resolver::document::Place;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::{Assignment, Document};
use serde::Serialize;

use super::{Entry, FindingView, finding, fragment, show, status_word, to_text};
use crate::subject::{Resolved, Subject};

/// What a command that reads files prints.
#[derive(Serialize)]
pub(crate) struct Files {
    path: String,
    rules: String,
    loads: bool,
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignments: Option<Vec<AssignmentView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digests: Option<Vec<DigestView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<Vec<String>>,
    findings: Vec<FindingView>,
}

/// One assignment of a document, with its origin and its fate.
#[derive(Serialize)]
pub(crate) struct AssignmentView {
    entry: String,
    section: String,
    key: String,
    value: String,
    path: String,
    line: usize,
    last_line: usize,
    layer: String,
    state: &'static str,
    by: Option<String>,
}

#[derive(Serialize)]
struct DigestView {
    entry: String,
    digest: String,
}

/// The document of a command about files; what it adds comes with the methods.
pub(crate) fn files(subject: &Subject, resolved: &Resolved) -> Files {
    Files {
        path: escape_path(&subject.path).to_string(),
        rules: subject.resolver.rule_set().name.clone(),
        loads: resolved.documents.iter().all(Document::loads),
        entries: resolved
            .documents
            .iter()
            .filter(|document| !document.entry().fragments.is_empty())
            .map(|document| entry(subject, document))
            .collect(),
        assignments: None,
        digests: None,
        watched: None,
        findings: resolved.findings.iter().map(finding).collect(),
    }
}

impl Files {
    pub(crate) fn with_assignments(self, resolved: &Resolved) -> Self {
        let assignments = resolved.documents.iter().flat_map(|document| {
            let name = name(document);
            let view = move |a: Assignment<'_>| assignment(&name, &a);
            document.assignments().map(view)
        });
        Self {
            assignments: Some(assignments.collect()),
            ..self
        }
    }

    pub(crate) fn with_digests(self, resolved: &Resolved) -> Self {
        let digests = resolved.documents.iter().map(|document| DigestView {
            entry: name(document),
            digest: document.digest(),
        });
        Self {
            digests: Some(digests.collect()),
            ..self
        }
    }

    pub(crate) fn with_watched(self, watched: &[&Path]) -> Self {
        let watched = watched.iter().map(|path| escape_path(path).to_string());
        Self {
            watched: Some(watched.collect()),
            ..self
        }
    }

    pub(crate) fn print(&self) -> String {
        to_text(self)
    }
}

fn name(document: &Document) -> String {
    escape(document.entry().name.as_encoded_bytes()).to_string()
}

fn entry(subject: &Subject, document: &Document) -> Entry {
    let name = name(document);
    let suffix = subject.resolver.rule_set().suffix.to_string_lossy();
    Entry {
        adapter: subject.adapter,
        name: name.strip_suffix(&*suffix).unwrap_or(&name).into(),
        state: status_word(document.entry().status),
        reason: String::new(),
        fragments: document.entry().fragments.iter().map(fragment).collect(),
        changes: Vec::new(),
        keys: None,
    }
}

/// An assignment of the entry of this name.
pub(crate) fn assignment(entry: &str, assignment: &Assignment<'_>) -> AssignmentView {
    let fragment = assignment.fragment();
    AssignmentView {
        entry: entry.into(),
        section: show(assignment.section()),
        key: show(assignment.key()),
        value: show(assignment.value()),
        path: escape_path(&fragment.path).to_string(),
        line: *assignment.lines().start(),
        last_line: *assignment.lines().end(),
        layer: escape_path(fragment.layer.base()).to_string(),
        state: assignment.state().word(),
        by: assignment.by().map(|by: Place<'_>| by.to_string()),
    }
}
