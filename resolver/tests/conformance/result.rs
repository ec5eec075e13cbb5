//! What a path comes to, in the words of the table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use overlay_resolver::Document;
use overlay_resolver::finding::Level;
use overlay_resolver::scan::Status;
use serde::Deserialize;

use crate::tree::Made;

/// What is expected, or found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Result {
    pub(crate) files: Option<Vec<String>>,
    pub(crate) keys: Option<BTreeMap<String, Values>>,
    pub(crate) status: Option<String>,
    pub(crate) loads: bool,
    pub(crate) findings: BTreeSet<String>,
}

/// The values of a key that apply.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Values {
    One(String),
    Many(Vec<String>),
}

impl Result {
    /// What the document comes to; of the findings, what is wrong and what else is `wanted`.
    pub(crate) fn of(document: &Document, made: &Made, wanted: &BTreeSet<String>) -> Self {
        let name = |path: &Path| made.name(path).to_owned();
        let effective = document.entry().effective();
        let keys = document.keys().filter(|key| key.last().is_some());
        let findings = document.findings().filter_map(|finding| {
            let path = name(&finding.path);
            let said = match finding.line {
                Some(line) => format!("{} {path}:{line}", finding.level),
                None => format!("{} {path}", finding.level),
            };
            (finding.level < Level::Info || wanted.contains(&said)).then_some(said)
        });
        Self {
            files: Some(effective.map(|file| name(&file.path)).collect()),
            keys: Some(
                keys.map(|key| {
                    let section = String::from_utf8_lossy(key.section());
                    let name = String::from_utf8_lossy(key.name());
                    let slash = if section.is_empty() { "" } else { "/" };
                    (format!("{section}{slash}{name}"), Values::of(&key.items()))
                })
                .collect(),
            ),
            status: Some(word(document).to_owned()),
            loads: document.loads(),
            findings: findings.collect(),
        }
    }

    /// The same without what `expected` does not speak of.
    pub(crate) fn like(self, expected: &Self) -> Self {
        Self {
            files: self.files.filter(|_| expected.files.is_some()),
            keys: self.keys.filter(|_| expected.keys.is_some()),
            status: self.status.filter(|_| expected.status.is_some()),
            ..self
        }
    }
}

impl fmt::Display for Result {
    /// A line for each thing that is spoken of.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            files,
            keys,
            status,
            loads,
            findings,
        } = self;
        if let Some(files) = files {
            writeln!(f, "    files = {files:?}")?;
        }
        if let Some(keys) = keys {
            writeln!(f, "    keys = {keys:?}")?;
        }
        if let Some(status) = status {
            writeln!(f, "    status = {status:?}")?;
        }
        writeln!(f, "    loads = {loads}")?;
        writeln!(f, "    findings = {findings:?}")
    }
}

fn word(document: &Document) -> &'static str {
    match document.entry().status {
        _ if document.refusal().is_some() => "refused",
        Status::Effective => "effective",
        Status::Masked(_) => "masked",
        Status::Unusable => "unusable",
        Status::Headless => "headless",
    }
}

impl Values {
    fn of(items: &[impl AsRef<[u8]>]) -> Self {
        let show = |item: &_| String::from_utf8_lossy(AsRef::as_ref(item)).into_owned();
        let mut items: Vec<String> = items.iter().map(show).collect();
        match items.len() {
            1 => Self::One(items.remove(0)),
            _ => Self::Many(items),
        }
    }
}
