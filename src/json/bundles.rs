//! The document of `bundles`.

use overlay_adapters::bundles::{By, Chosen};
use overlay_resolver::escape::{escape, escape_path};
use serde::Serialize;

use super::{Entry, FindingView, Json, finding, to_text};
use crate::commands::bundles::Told;

#[derive(Serialize)]
struct Document {
    /// None: `bundles` is about layers.
    entries: Vec<Entry>,
    bundles: Vec<BundleView>,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct BundleView {
    name: String,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tree: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<ByView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brings: Option<Vec<String>>,
}

#[derive(Serialize)]
struct ByView {
    who: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// Those that are chosen, the lowest first, then the others.
pub(crate) fn bundles(told: &Told<'_>) -> Json {
    let chosen = told.chosen.iter().map(|(chosen, brought)| BundleView {
        name: chosen.name.clone(),
        state: if chosen.tree.is_ok() {
            "applied"
        } else {
            "refused"
        },
        tree: chosen
            .tree
            .as_ref()
            .ok()
            .map(|place| escape_path(place).to_string()),
        by: Some(by(chosen)),
        brings: Some(
            brought
                .iter()
                .map(|path| escape_path(path).to_string())
                .collect(),
        ),
    });
    let others = told.others.iter().map(|name| BundleView {
        name: escape(name.as_bytes()).to_string(),
        state: "not-chosen",
        tree: None,
        by: None,
        brings: None,
    });
    to_text(&Document {
        entries: Vec::new(),
        bundles: chosen.chain(others).collect(),
        findings: told.findings.iter().map(finding).collect(),
    })
}

fn by(chosen: &Chosen) -> ByView {
    let (who, path, line) = match &chosen.by {
        By::Request => ("argument", None, None),
        By::CommandLine => ("kernel-command-line", None, None),
        By::File { path, line } => ("file", Some(escape_path(path).to_string()), *line),
    };
    ByView { who, path, line }
}
