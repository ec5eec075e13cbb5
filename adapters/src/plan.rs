//! What is to be written, and what there is to say about it: told once, and for sure the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;

use crate::commit::{Batch, NewTree, Step};
use crate::report::{Change, EntryReport, Operation, Report};
use crate::source::Documents;

/// A batch of writes with the report on it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) report: Report,
    pub(crate) batch: Batch,
    /// The remotes for whose sake each file is written.
    pub(crate) subjects: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Remotes that would make what is written too large to be read back, and why they are not to: the plan
    /// is not to be carried out then.
    pub(crate) too_large: BTreeMap<String, Finding>,
}

impl Plan {
    /// A plan with its report: each entry gets its files, all findings come in order.
    ///
    /// The changes and the steps are the same told twice: what is not written is no change, and a step
    /// that none of them is about is one by itself.
    pub(crate) fn new(
        batch: Batch,
        mut entries: Vec<EntryReport>,
        mut changes: Vec<Change>,
        mut findings: Vec<Finding>,
        layers: Vec<Documents>,
    ) -> Self {
        let reported = layers.first().map(|source| source.adapter.clone());
        for mut source in layers {
            findings.append(&mut source.findings);
            for entry in &mut entries {
                if entry.adapter == source.adapter {
                    entry.layered = source.by_name.remove(&entry.name);
                    let beside = source.beside.remove(&entry.name);
                    entry.beside.extend(beside.into_iter().flatten());
                }
            }
        }
        findings.sort();
        findings.dedup();
        changes.retain(|change| batch.steps.iter().any(|step| writes(step, change)));
        changes.extend(untold(&batch, &changes, &reported.unwrap_or_default()));
        Self {
            report: Report {
                entries,
                steps: changes,
                findings,
                ..Report::default()
            },
            batch,
            ..Self::default()
        }
    }

    /// The remotes that a step is for.
    pub(crate) fn subjects_of(&self, step: &Step) -> BTreeSet<String> {
        let is_meant = |path: &Path| match step {
            Step::Create(tree) => path.starts_with(&tree.path),
            step => path == step.path(),
        };
        let meant = self.subjects.iter().filter(|(path, _)| is_meant(path));
        meant.flat_map(|(_, names)| names).cloned().collect()
    }

    /// What its changes are of which the first steps were carried out.
    pub(crate) fn told_by(&self, done: usize) -> impl Iterator<Item = &Change> {
        let steps = &self.batch.steps[..done];
        let changes = self.report.steps.iter();
        changes.filter(|change| steps.iter().any(|step| writes(step, change)))
    }

    /// For a target that cannot be read: everything stays as it is.
    pub(crate) fn impossible(finding: Finding, layers: Vec<Documents>) -> Self {
        let failed = |source: &Documents| {
            let names = source.by_name.keys().cloned();
            let entries = names.map(|name| EntryReport {
                adapter: source.adapter.clone(),
                name,
                whole: source.whole,
                is_ambiguous: false,
                decision: finding.clone().into(),
                layered: None,
                beside: Vec::new(),
                keys: Vec::new(),
            });
            entries.collect::<Vec<_>>()
        };
        let entries = layers.iter().flat_map(failed).collect();
        Self::new(Batch::default(), entries, Vec::new(), vec![finding], layers)
    }
}

/// Whether a step is one for this change.
fn writes(step: &Step, change: &Change) -> bool {
    match step {
        Step::Create(tree) => change.path.starts_with(&tree.path),
        Step::Replace { path, .. } | Step::Remove(path) | Step::Take { path, .. } => {
            *path == change.path
        }
        Step::Intend { .. } | Step::Touch(_) => false,
    }
}

/// Whether what a step writes is removed by another one of its batch: a journal.
fn is_transient(batch: &Batch, step: &Step) -> bool {
    let is_written = |path: &PathBuf| {
        let mut steps = batch.steps.iter();
        steps.any(|step| {
            matches!(step, Step::Intend { path: written, .. } | Step::Replace { path: written, .. } if written == path)
        })
    };
    let is_removed = |path: &PathBuf| batch.steps.contains(&Step::Remove(path.clone()));
    match step {
        Step::Intend { path, .. } | Step::Replace { path, .. } => is_removed(path),
        Step::Remove(path) => is_written(path),
        Step::Create(_) | Step::Take { .. } | Step::Touch(_) => false,
    }
}

/// The steps that no change tells of: those that change bytes and no meaning, and what goes.
fn untold(batch: &Batch, changes: &[Change], adapter: &str) -> Vec<Change> {
    let untold = batch.steps.iter().filter_map(|step| {
        if is_transient(batch, step) {
            return None;
        }
        let (operation, path) = match step {
            Step::Create(NewTree { path, .. }) | Step::Replace { path, .. } => {
                (Operation::WriteFile, path)
            }
            Step::Remove(path) | Step::Take { path, .. } => (Operation::Clean, path),
            // It tells us, or others, that something changes.
            Step::Intend { .. } | Step::Touch(_) => return None,
        };
        let is_told = changes.iter().any(|change| writes(step, change));
        (!is_told).then(|| Change {
            adapter: adapter.to_owned(),
            entry: None,
            operation,
            subject: escape_path(path).to_string(),
            from: None,
            to: None,
            path: path.clone(),
        })
    });
    untold.collect()
}
