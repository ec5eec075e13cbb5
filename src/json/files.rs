//! The documents of the commands that read files.

use std::path::Path;

use overlay_resolver::account::Account;
use overlay_resolver::document::{Effective, Part, Place};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::why::Line;
use overlay_resolver::schema::{Merge, Split, Unknown};
use overlay_resolver::{Assignment, Configuration, Document, Key};
use serde::Serialize;

use super::{
    Entry, FindingView, Json, bundle_of, exact, finding, fragments, show, state_word, to_text,
};
use crate::file::File;
use crate::render::Answer;
use crate::resolved::{Explained, Resolved, adapter};

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
    effective: Option<Vec<EffectiveView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digests: Option<Vec<DigestView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watched: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<EffectView>,
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
    /// The bundle that the layer is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    bundle: Option<String>,
    state: &'static str,
    outcome: &'static str,
    by: Option<String>,
    ignored: Option<&'static str>,
}

/// What one key comes to.
#[derive(Serialize)]
struct EffectiveView {
    entry: String,
    section: String,
    /// Which header of this name it stands below, where each begins an item.
    number: Option<usize>,
    key: String,
    kind: &'static str,
    items: Vec<ItemView>,
}

#[derive(Serialize)]
struct ItemView {
    value: String,
    path: String,
    line: usize,
}

#[derive(Serialize)]
struct DigestView {
    entry: String,
    digest: String,
}

/// What a file does, or one line of it.
#[derive(Serialize)]
struct EffectView {
    path: String,
    line: Option<usize>,
    state: &'static str,
    /// Of a line with an assignment.
    outcome: Option<&'static str>,
    reason: String,
}

/// The document of a command about files; what it adds comes with the methods.
pub(crate) fn files(configuration: &Configuration, resolved: &Resolved) -> Files {
    Files {
        path: escape_path(configuration.path()).to_string(),
        rules: configuration.rules().name().to_owned(),
        loads: loads(&resolved.documents.iter().collect::<Vec<_>>()),
        entries: resolved
            .documents
            .iter()
            .filter(|document| !document.entry().fragments.is_empty())
            .map(|document| entry(configuration, document))
            .collect(),
        assignments: None,
        effective: None,
        digests: None,
        watched: None,
        effect: None,
        findings: resolved.findings.iter().map(finding).collect(),
    }
}

/// Whether anything of these would be loaded: of a directory, any of its documents.
fn loads(documents: &[&Document]) -> bool {
    documents.is_empty() || documents.iter().any(|document| document.loads())
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

    /// With what every key comes to.
    pub(crate) fn with_effective(self, resolved: &Resolved) -> Self {
        let effective = resolved.documents.iter().flat_map(|document| {
            document.parts().flat_map(|part| {
                let view = |value: &Effective<'_>| effective(document, &part, value);
                part.values.iter().map(view).collect::<Vec<_>>()
            })
        });
        Self {
            effective: Some(effective.collect()),
            ..self
        }
    }

    /// With the assignments of some keys.
    pub(crate) fn with_explained(self, explained: &[Explained<'_>]) -> Self {
        let assignments = explained.iter().flat_map(|Explained { document, keys }| {
            let name = name(document);
            let mut found: Vec<_> = keys.iter().flat_map(Key::history).collect();
            found.sort_by_key(Assignment::number);
            let views: Vec<_> = found.iter().map(|a| assignment(&name, a)).collect();
            views
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

    pub(crate) fn print(&self) -> Json {
        to_text(self)
    }
}

/// The document about a file that is nobody's.
pub(crate) fn nobody(file: &File, account: &Account<'_>) -> Json {
    to_text(&Files {
        effect: Some(effect_view(file, account, None)),
        ..of_answers(&[], &[])
    })
}

/// The document about a file: those of its owners, with what it assigns there.
pub(crate) fn why(file: &File, answers: &[Answer<'_>], findings: &[Finding]) -> Json {
    let strongest = answers
        .iter()
        .max_by_key(|answer| answer.account.has_effect());
    to_text(&Files {
        effect: strongest.map(|answer| effect_view(file, &answer.account, answer.line.as_ref())),
        ..of_answers(answers, findings)
    })
}

fn of_answers(answers: &[Answer<'_>], findings: &[Finding]) -> Files {
    let parts = || {
        answers
            .iter()
            .filter_map(|answer| Some((answer.configuration, answer.part?.0)))
    };
    let assignments = answers.iter().flat_map(|answer| {
        let of_line = match &answer.line {
            Some(Line::Assignments { first, others }) => Some([&[*first][..], others].concat()),
            Some(_) => Some(Vec::new()),
            None => None,
        };
        let of_file = || answer.account.assignments();
        let name = answer
            .part
            .map(|(document, _)| name(document))
            .unwrap_or_default();
        let found = of_line.unwrap_or_else(of_file);
        found
            .iter()
            .map(|a| assignment(&name, a))
            .collect::<Vec<_>>()
    });
    let configuration = answers.first().map(|answer| answer.configuration);
    Files {
        path: answers.first().map_or_else(String::new, |answer| {
            escape_path(&answer.path()).to_string()
        }),
        rules: configuration.map_or_else(String::new, |configuration| {
            configuration.rules().name().to_owned()
        }),
        loads: loads(&parts().map(|(_, document)| document).collect::<Vec<_>>()),
        entries: parts()
            .map(|(configuration, document)| entry(configuration, document))
            .collect(),
        assignments: Some(assignments.collect()),
        effective: None,
        digests: None,
        watched: None,
        effect: None,
        findings: findings.iter().map(finding).collect(),
    }
}

fn effect_view(file: &File, account: &Account<'_>, line: Option<&Line<'_>>) -> EffectView {
    EffectView {
        path: escape_path(&file.path).to_string(),
        line: file.line,
        state: line.map_or_else(|| account.word(), line_word),
        outcome: match line {
            Some(Line::Assignments { first, .. }) => Some(first.outcome().word()),
            _ => None,
        },
        reason: match line {
            Some(Line::Assignments { first, .. }) => first.outcome().to_string(),
            Some(Line::Problem(message, _)) => message.clone(),
            _ => account.to_string(),
        },
    }
}

fn line_word(line: &Line<'_>) -> &'static str {
    match line {
        Line::Assignments { first, .. } => match first.outcome().ignored() {
            Some(_) => "unknown",
            None => first.state().word(),
        },
        Line::Header(_) => "header",
        Line::Comment => "comment",
        Line::Blank => "blank-line",
        Line::Problem(..) => "problem",
        Line::Beyond(_) | Line::NotRead => "unread",
    }
}

fn name(document: &Document) -> String {
    escape(document.entry().name.as_encoded_bytes()).to_string()
}

pub(super) fn entry(configuration: &Configuration, document: &Document) -> Entry {
    let name = name(document);
    let suffix = configuration.rules().suffix().to_string_lossy();
    Entry {
        path: None,
        adapter: adapter(configuration).to_owned(),
        name: name.strip_suffix(&*suffix).unwrap_or(&name).into(),
        state: state_word(document),
        reason: String::new(),
        fragments: fragments(document).collect(),
        code: None,
        idle: None,
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
        value: exact(assignment.shown()),
        path: escape_path(&fragment.path).to_string(),
        line: *assignment.lines().start(),
        last_line: *assignment.lines().end(),
        layer: escape_path(fragment.layer.base()).to_string(),
        bundle: bundle_of(&fragment.layer),
        state: assignment.state().word(),
        outcome: assignment.outcome().word(),
        by: assignment.by().map(|by: Place<'_>| by.to_string()),
        ignored: assignment.unknown().map(Unknown::word),
    }
}

fn effective(document: &Document, part: &Part<'_>, value: &Effective<'_>) -> EffectiveView {
    let items = value.items.iter().map(|item| ItemView {
        value: exact(&item.value),
        path: escape_path(&item.from.fragment().path).to_string(),
        line: item.from.line(),
    });
    EffectiveView {
        entry: name(document),
        section: show(part.section),
        number: part.number,
        key: show(value.key.name()),
        kind: kind_word(value),
        items: items.collect(),
    }
}

/// What the items of a key are to each other.
fn kind_word(value: &Effective<'_>) -> &'static str {
    let Some(kind) = value.kind else {
        return if value.key.is_multi_valued() {
            "multi-valued"
        } else {
            "scalar"
        };
    };
    match (kind.merge, kind.split) {
        (Merge::Last | Merge::First, Split::None) => "scalar",
        (Merge::Last | Merge::First | Merge::Append, _) => "list",
        (Merge::Map, _) => "map",
        (Merge::Set, _) => "set",
    }
}
