//! From what is wanted and what is there to the batch of writes, and the report on it. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use overlay_resolver::finding::Finding;

use super::config::{self, RepoConfig};
use super::layered::{Layers, Want};
use super::observe::Observed;
use super::{COLLECTIONS, Paths, REMOTES, collections, is_below, remotes};
use crate::commit::{Batch, NewTree, Step};
use crate::report::{EntryReport, Report, Request, State};

/// What is to be written and what there is to say about it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) report: Report,
    pub(super) batch: Batch,
}

/// The directories that `ostree init` makes, parents first.
const REPOSITORY: [&str; 8] = [
    "extensions",
    "objects",
    "refs",
    "refs/heads",
    "refs/mirrors",
    "refs/remotes",
    "state",
    "tmp",
];

/// A plan in the making: the configuration as it is to be, and the writes around it.
pub(super) struct Draft<'a> {
    pub(super) paths: &'a Paths,
    pub(super) observed: &'a Observed,
    pub(super) request: &'a Request,
    /// The configuration before.
    pub(super) before: RepoConfig,
    /// The configuration as it is to be.
    pub(super) config: RepoConfig,
    /// Files to be put in place before the configuration that needs them.
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
    /// What is to go once no configuration needs it any more.
    pub(super) obsolete: BTreeSet<PathBuf>,
    pub(super) findings: Vec<Finding>,
}

/// Plans the whole transaction.
pub(super) fn plan(paths: &Paths, layers: Layers, observed: &Observed, request: &Request) -> Plan {
    let before = observed
        .config
        .as_ref()
        .map(|(_, config)| config.clone())
        .unwrap_or_default();
    let mut draft = Draft {
        paths,
        observed,
        request,
        config: before.clone(),
        before,
        files: BTreeMap::new(),
        obsolete: BTreeSet::new(),
        findings: Vec::new(),
    };
    let mut entries = remotes::plan(&mut draft, &layers.remotes);
    entries.extend(collections::plan(&mut draft, &layers.collections));
    let batch = draft.batch();
    let findings = std::mem::take(&mut draft.findings);
    let mut plan = Plan {
        report: Report {
            entries: Vec::new(),
            findings,
            pending: !batch.steps.is_empty(),
        },
        batch,
    };
    plan.take(layers, entries);
    plan
}

impl Plan {
    /// For a target that cannot be read: everything stays as it is.
    pub(super) fn impossible(layers: Layers, finding: Finding) -> Self {
        let failed = |adapter, name: &String| EntryReport {
            adapter,
            name: name.clone(),
            state: State::Failed,
            reason: finding.to_string(),
            layered: None,
            keys: Vec::new(),
            changes: Vec::new(),
        };
        let remotes = layers
            .remotes
            .entries
            .keys()
            .map(|name| failed(REMOTES, name));
        let collections = layers
            .collections
            .entries
            .keys()
            .map(|name| failed(COLLECTIONS, name));
        let entries = remotes.chain(collections).collect();
        let mut plan = Self::default();
        plan.report.findings.push(finding);
        plan.take(layers, entries);
        plan
    }

    /// Gives each entry its layers and collects all findings in order.
    fn take(&mut self, layers: Layers, entries: Vec<EntryReport>) {
        let (mut remotes, mut collections) = (layers.remotes, layers.collections);
        let findings = &mut self.report.findings;
        findings.append(&mut remotes.findings);
        findings.append(&mut collections.findings);
        findings.sort();
        findings.dedup();
        self.report.entries = entries
            .into_iter()
            .map(|mut entry| {
                entry.layered = match entry.adapter {
                    REMOTES => remotes.entries.remove(&entry.name).map(|l| l.document),
                    _ => collections.entries.remove(&entry.name).map(|l| l.document),
                };
                entry
            })
            .collect();
    }
}

impl Draft<'_> {
    /// The writes in their order: a verified remote never stands without its keyring, so keyrings
    /// come before the configuration that needs them and go after the one that does.
    fn batch(&self) -> Batch {
        let mut steps = Vec::new();
        match &self.observed.config {
            Some((text, _)) => self.change(&mut steps, text),
            None if self.config != self.before => self.create(&mut steps),
            None => {}
        }
        steps.extend(self.obsolete.iter().cloned().map(Step::Remove));
        let restaged: BTreeSet<_> = steps.iter().filter_map(staged).collect();
        let stale = self
            .observed
            .stale
            .iter()
            .filter(|path| !restaged.contains(*path));
        let quiet = steps.is_empty();
        steps.extend(stale.cloned().map(Step::Remove));
        if !quiet {
            steps.push(Step::Touch(self.paths.changed()));
        }
        Batch { steps }
    }

    fn change(&self, steps: &mut Vec<Step>, text: &[u8]) {
        let replace = |path: PathBuf, expected: Option<&[u8]>, content: Vec<u8>| {
            (expected != Some(content.as_slice())).then(|| Step::Replace {
                path,
                expected: expected.map(<[u8]>::to_vec),
                content,
            })
        };
        for (path, content) in &self.files {
            let expected = self.observed.files.get(path).map(Vec::as_slice);
            steps.extend(replace(path.clone(), expected, content.clone()));
        }
        steps.extend(replace(
            self.paths.config(),
            Some(text),
            self.config.to_bytes(),
        ));
    }

    fn create(&self, steps: &mut Vec<Step>) {
        let repo = self.paths.repo();
        let side_files = self
            .files
            .iter()
            .filter_map(|(path, content)| Some((is_below(path, &repo)?, content.clone())));
        steps.push(Step::Create(NewTree {
            directories: REPOSITORY.map(PathBuf::from).into(),
            files: side_files
                .chain([(config::FILE_NAME.into(), self.config.to_bytes())])
                .collect(),
            path: repo,
        }));
    }
}

/// The name under which a step stages what it writes.
fn staged(step: &Step) -> Option<PathBuf> {
    let path = match step {
        Step::Create(tree) => &tree.path,
        Step::Replace { path, .. } => path,
        Step::Remove(_) | Step::Touch(_) => return None,
    };
    Some(path.with_file_name(crate::commit::staged_name(path.file_name()?)))
}

impl<T> Want<T> {
    /// The same in the words of the tables.
    pub(super) const fn wanted(&self) -> crate::reconcile::Wanted {
        use crate::reconcile::Wanted;
        match self {
            Self::Present(_) => Wanted::Present,
            Self::Masked(_) => Wanted::Masked,
            Self::Unresolved(_) => Wanted::Unresolved,
            Self::Headless => Wanted::Withdrawn,
        }
    }
}
