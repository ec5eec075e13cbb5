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
    /// The entries for whose sake each file is written.
    pub(crate) subjects: BTreeMap<PathBuf, BTreeSet<String>>,
    /// Entries that would make what is written too large to be read back, and why they are not to: the plan
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
        findings: Vec<Finding>,
        layers: Vec<Documents>,
    ) -> Self {
        let reported = layers.first();
        let reported = reported.map(|source| (source.adapter.clone(), source.noun));
        let findings = with_documents(&mut entries, findings, layers);
        let written = Written::by(&batch.steps);
        changes.retain(|change| written.tells(change));
        let (adapter, noun) = reported.unwrap_or_default();
        changes.extend(written.untold(&changes, &adapter, noun));
        Self {
            report: Report {
                entries,
                pending: changes,
                findings,
                ..Report::default()
            },
            batch,
            ..Self::default()
        }
    }

    /// The entries that a step is for.
    pub(crate) fn subjects_of(&self, step: &Step) -> BTreeSet<String> {
        let Step::Create(tree) = step else {
            return self.subjects.get(step.path()).cloned().unwrap_or_default();
        };
        let subjects = self.subjects.iter();
        let meant = subjects.filter(|(path, _)| path.starts_with(&tree.path));
        meant.flat_map(|(_, names)| names).cloned().collect()
    }

    /// What its changes are of which the first steps were carried out.
    pub(crate) fn told_by(&self, done: usize) -> impl Iterator<Item = &Change> {
        let written = Written::by(&self.batch.steps[..done]);
        let changes = self.report.pending.iter();
        changes.filter(move |change| written.tells(change))
    }

    /// For a target that cannot be read: everything stays as it is.
    pub(crate) fn impossible(finding: Finding, layers: Vec<Documents>) -> Self {
        let failed = |source: &Documents| {
            let names = source.by_name.keys().cloned();
            let entries = names.map(|name| EntryReport {
                adapter: source.adapter.clone(),
                name,
                noun: source.noun,
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

/// Gives each entry its files. Returns the findings, those of the files too, in order.
pub(crate) fn with_documents(
    entries: &mut [EntryReport],
    mut findings: Vec<Finding>,
    layers: Vec<Documents>,
) -> Vec<Finding> {
    for mut source in layers {
        findings.append(&mut source.findings);
        for entry in &mut *entries {
            if entry.adapter == source.adapter {
                entry.layered = source.by_name.remove(&entry.name);
                let beside = source.beside.remove(&entry.name);
                entry.beside.extend(beside.into_iter().flatten());
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// What steps write and remove, by path: there are as many changes as steps.
struct Written<'b> {
    steps: &'b [Step],
    /// The directories that are made with all that is in them: one, if any.
    made: Vec<&'b Path>,
    /// The files that get another content.
    replaced: BTreeSet<&'b Path>,
    removed: BTreeSet<&'b Path>,
    /// The files that go if they are as found.
    taken: BTreeSet<&'b Path>,
    /// The file of the intent, which tells only us.
    intent: Option<&'b Path>,
}

impl<'b> Written<'b> {
    fn by(steps: &'b [Step]) -> Self {
        let mut by = Self {
            steps,
            made: Vec::new(),
            replaced: BTreeSet::new(),
            removed: BTreeSet::new(),
            taken: BTreeSet::new(),
            intent: None,
        };
        for step in steps {
            match step {
                Step::Create(tree) => by.made.push(&tree.path),
                Step::Replace { path, .. } | Step::Link { path, .. } => {
                    by.replaced.insert(path);
                }
                Step::Remove(path) | Step::Unlink(path) => drop(by.removed.insert(path)),
                Step::Take { path, .. } => drop(by.taken.insert(path)),
                Step::Intend { path, .. } => by.intent = Some(path),
                Step::Touch(_) | Step::Tell(_) => {}
            }
        }
        by
    }

    /// Whether there is a step for this change.
    fn tells(&self, change: &Change) -> bool {
        let path = change.path.as_path();
        let sets = [&self.replaced, &self.removed, &self.taken];
        sets.into_iter().any(|paths| paths.contains(path))
            || self.made.iter().any(|made| path.starts_with(made))
    }

    /// The steps that no change tells of: those that change bytes and no meaning, and what goes.
    fn untold(&self, changes: &[Change], adapter: &str, noun: &'static str) -> Vec<Change> {
        let told: BTreeSet<&Path> = changes.iter().map(|change| change.path.as_path()).collect();
        let is_told = |path: &Path| {
            let is_made = self.made.contains(&path);
            told.contains(path) || is_made && told.iter().any(|told| told.starts_with(path))
        };
        let untold = self.steps.iter().filter_map(|step| {
            let (operation, path) = self.operation(step)?;
            (!is_told(path)).then(|| Change {
                adapter: adapter.to_owned(),
                entry: None,
                noun,
                operation,
                subject: escape_path(path).to_string(),
                from: None,
                to: None,
                path: path.to_owned(),
            })
        });
        untold.collect()
    }

    /// What a step does, unless it only tells us, or others, that something changes.
    fn operation(&self, step: &'b Step) -> Option<(Operation, &'b Path)> {
        match step {
            // What is written and removed again is a journal.
            Step::Replace { path, .. } if self.removed.contains(path.as_path()) => None,
            Step::Create(NewTree { path, .. })
            | Step::Replace { path, .. }
            | Step::Link { path, .. } => Some((Operation::WriteFile, path)),
            Step::Remove(path) if self.is_journal(path) => None,
            Step::Remove(path) | Step::Unlink(path) | Step::Take { path, .. } => {
                Some((Operation::Clean, path))
            }
            Step::Intend { .. } | Step::Touch(_) | Step::Tell(_) => None,
        }
    }

    fn is_journal(&self, path: &Path) -> bool {
        self.replaced.contains(path) || self.intent == Some(path)
    }
}
