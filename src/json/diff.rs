//! The documents of `diff`, and of `list` about a whole tree.

use std::borrow::Cow;

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::delta::{Difference, KeyChange};
use overlay_resolver::inspect::disagreement::{FileDisagreement, KeyDisagreement, OneRefuses};
use overlay_resolver::{Assignment, Configuration, Document as Merged, Key};
use serde::Serialize;

use super::files::entry;
use super::{Entry, FindingView, Json, exact, finding, show, to_text};
use crate::comparison::{Comparison, Delta};

use crate::survey::Survey;

#[derive(Serialize, Default)]
struct Document {
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    differences: Option<Vec<DifferenceView>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disagreements: Option<Vec<DisagreementView>>,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct DifferenceView {
    path: String,
    class: &'static str,
    top: String,
    bottom: Option<String>,
    keys: Vec<KeyView>,
}

#[derive(Serialize)]
struct KeyView {
    section: String,
    key: String,
    change: &'static str,
    from: ValueView,
    to: ValueView,
}

/// What a key comes to, item by item, and where its last assignment stands.
#[derive(Serialize)]
struct ValueView {
    values: Vec<String>,
    at: Option<String>,
}

#[derive(Serialize)]
struct DisagreementView {
    path: String,
    kind: &'static str,
    section: Option<String>,
    key: Option<String>,
    file: Option<String>,
    sides: [SideView; 2],
}

/// What one consumer makes of what they disagree about; the others' fields are null.
#[derive(Serialize, Default)]
struct SideView {
    rules: String,
    counts: Option<bool>,
    reason: Option<String>,
    value: Option<ValueView>,
    order: Option<Vec<String>>,
}

/// What a whole tree has.
pub(crate) fn survey(survey: &Survey) -> Json {
    to_text(&about(survey))
}

fn about(survey: &Survey) -> Document {
    let documents = survey.documents();
    let with_files = documents.filter(|(_, document)| !document.entry().fragments.is_empty());
    Document {
        entries: with_files
            .map(|(configuration, document)| of(configuration, document))
            .collect(),
        findings: survey.findings.iter().map(finding).collect(),
        ..Document::default()
    }
}

fn of(configuration: &Configuration, document: &Merged) -> Entry {
    Entry {
        path: Some(escape_path(configuration.path()).to_string()),
        ..entry(configuration, document)
    }
}

/// Where the layers differ.
pub(crate) fn differences(survey: &Survey, deltas: &[Delta<'_>]) -> Json {
    let views = deltas.iter().flat_map(|delta| {
        let path = escape_path(&delta.configuration.path_of(delta.document)).to_string();
        let notable = delta.differences.iter().filter(|d| d.is_notable());
        notable.map(move |found| difference(&path, found))
    });
    to_text(&Document {
        differences: Some(views.collect()),
        ..about(survey)
    })
}

fn difference(path: &str, found: &Difference<'_>) -> DifferenceView {
    DifferenceView {
        path: path.into(),
        class: found.class.word(),
        top: escape_path(&found.top.path).to_string(),
        bottom: found
            .bottom
            .map(|bottom| escape_path(&bottom.path).to_string()),
        keys: found.keys.iter().map(key).collect(),
    }
}

fn key(change: &KeyChange<'_>) -> KeyView {
    KeyView {
        section: show(change.key.section()),
        key: show(change.key.name()),
        change: change.change.word(),
        from: value(&change.before.values(), change.from.last()),
        to: value(&change.after.values(), change.to.last()),
    }
}

fn value(items: &[Cow<'_, [u8]>], last: Option<&Assignment<'_>>) -> ValueView {
    ValueView {
        values: items.iter().map(exact).collect(),
        at: last.map(|assignment| assignment.place().to_string()),
    }
}

/// Where two consumers disagree.
pub(crate) fn disagreements(
    names: &[String; 2],
    comparisons: &[Comparison<'_>],
    findings: &[Finding],
) -> Json {
    let mut views = Vec::new();
    for Comparison {
        path,
        disagreements,
    } in comparisons
    {
        let path = escape_path(path).to_string();
        let view = |kind, sides| DisagreementView {
            path: path.clone(),
            kind,
            section: None,
            key: None,
            file: None,
            sides,
        };
        views.extend(
            disagreements
                .refusal
                .iter()
                .map(|refused| view("loads", refusal(names, refused))),
        );
        let keys = disagreements.keys.iter().map(|key| ("key", key));
        let unsure = disagreements.unsure.iter().map(|key| ("unsure", key));
        views.extend(keys.chain(unsure).map(|(kind, key)| DisagreementView {
            section: Some(show(key.section)),
            key: Some(show(key.name)),
            ..view(kind, values(names, key))
        }));
        views.extend(disagreements.files.iter().map(|found| DisagreementView {
            file: Some(escape_path(found.path).to_string()),
            ..view("file", file(names, found))
        }));
        views.extend(disagreements.order.iter().map(|orders| {
            view(
                "order",
                sides(names, |side| SideView {
                    order: Some(
                        orders[side]
                            .iter()
                            .map(|path| escape_path(path).to_string())
                            .collect(),
                    ),
                    ..SideView::default()
                }),
            )
        }));
    }
    to_text(&Document {
        disagreements: Some(views),
        findings: findings.iter().map(finding).collect(),
        ..Document::default()
    })
}

fn sides(names: &[String; 2], view: impl Fn(usize) -> SideView) -> [SideView; 2] {
    let [first, second] = names;
    [(0, first), (1, second)].map(|(side, rules)| SideView {
        rules: rules.clone(),
        ..view(side)
    })
}

fn refusal(names: &[String; 2], refusal: &OneRefuses<'_>) -> [SideView; 2] {
    sides(names, |side| SideView {
        counts: Some(side != refusal.side),
        reason: (side == refusal.side)
            .then(|| format!("{}: {}", refusal.refusal.place(), refusal.refusal)),
        ..SideView::default()
    })
}

fn values(names: &[String; 2], found: &KeyDisagreement<'_>) -> [SideView; 2] {
    sides(names, |side| {
        let key = found.sides[side].as_ref();
        SideView {
            value: key.map(|key: &Key<'_>| value(&key.sum().values(), key.last().as_ref())),
            ..SideView::default()
        }
    })
}

fn file(names: &[String; 2], found: &FileDisagreement<'_>) -> [SideView; 2] {
    sides(names, |side| SideView {
        counts: Some(side == found.counts_for),
        reason: (side != found.counts_for).then(|| found.why.brief().to_string()),
        ..SideView::default()
    })
}
