//! The documents of `check`.

use overlay_resolver::Configuration;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use serde::Serialize;

use super::{Entry, FindingView, Json, finding, to_text};

#[derive(Serialize)]
struct Document {
    /// None: `check` is about findings.
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lints: Option<Vec<LintView>>,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct LintView {
    name: &'static str,
    level: String,
    summary: &'static str,
}

/// What was found about these configuration paths.
pub(crate) fn check(checked: &[Configuration], findings: &[Finding]) -> Json {
    let checked = checked
        .iter()
        .map(|one| escape_path(one.path()).to_string());
    to_text(&Document {
        entries: Vec::new(),
        checked: Some(checked.collect()),
        lints: None,
        findings: findings.iter().map(finding).collect(),
    })
}

/// The table of lints.
pub(crate) fn lints() -> Json {
    let lints = crate::lints::all().into_iter().map(|lint| LintView {
        name: lint.code.name(),
        level: lint.level.to_string(),
        summary: lint.code.summary(),
    });
    to_text(&Document {
        entries: Vec::new(),
        checked: None,
        lints: Some(lints.collect()),
        findings: Vec::new(),
    })
}
