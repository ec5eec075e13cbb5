//! A plan in the making, and the plan that it becomes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;

use super::intent::{Intent, Traces};
use super::target::{Store as _, Target};
use crate::code;
use crate::commit::{Batch, NewTree, Step, staged_name};
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::{Change, EntryReport, Operation, Report, Request, Wish, full_name};
use crate::scope::Scope;
use crate::source::Documents;

/// What there is beside the remotes themselves; read once, before the plan is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Files of the target that matter, by path: keyrings, copies of filters.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Files that the layers' entries name, as far as they exist.
    pub(crate) references: BTreeMap<PathBuf, Vec<u8>>,
    /// Remotes that something depends on, among those that may have to go.
    pub(crate) in_use: BTreeSet<String>,
    /// What there is of remotes beside their group, for those that are gone or may have to go.
    pub(crate) residue: BTreeMap<String, Vec<PathBuf>>,
    /// The stamps of older mechanisms that exist.
    pub(crate) stamps: BTreeSet<PathBuf>,
    /// Remotes that must not be touched, and why.
    pub(crate) broken: BTreeMap<String, Finding>,
    /// What other programs wrote at the same time as a run, kept because something newer has its place.
    pub(crate) saved: Vec<PathBuf>,
    /// What a run that was killed left staged.
    pub(crate) stale: Vec<PathBuf>,
    /// The file in which that run wrote down what it was about to do.
    pub(crate) unfinished: Option<Vec<u8>>,
    /// What it was about to do.
    pub(crate) intent: Intent,
    /// Why that cannot be told.
    pub(crate) damaged: Option<Finding>,
}

/// A plan in the making: the remotes as they are to be, and the writes around them.
pub(crate) struct Draft<'a, T: Target> {
    pub(crate) target: &'a T,
    pub(crate) observed: &'a Observed,
    pub(crate) request: &'a Request,
    /// The remotes before.
    pub(crate) before: T::Store,
    /// The remotes as they are to be.
    pub(crate) store: T::Store,
    /// Files to be put in place before the remotes that need them.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// What keyrings hold in between, which lose certificates.
    pub(crate) unions: BTreeMap<PathBuf, Vec<u8>>,
    /// What is to go once no remote needs it any more, with the remote that it was for.
    pub(crate) obsolete: BTreeMap<PathBuf, String>,
    /// What is done for a remote beside its group.
    pub(crate) beside: Vec<Beside>,
    /// The entries that gave a remote its collection ID, or took it away: by remote.
    pub(crate) given: BTreeMap<String, String>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a, T: Target> Draft<'a, T> {
    pub(crate) fn new(
        target: &'a T,
        before: T::Store,
        observed: &'a Observed,
        request: &'a Request,
    ) -> Self {
        Self {
            target,
            observed,
            request,
            store: before.clone(),
            before,
            files: BTreeMap::new(),
            unions: BTreeMap::new(),
            obsolete: BTreeMap::new(),
            beside: Vec::new(),
            given: BTreeMap::new(),
            findings: observed
                .saved
                .iter()
                .map(saved)
                .chain(observed.damaged.iter().cloned())
                .collect(),
        }
    }

    /// What the owner asks of a remote.
    pub(crate) fn wish(&self, name: &str) -> Option<&'a Wish> {
        let wishes = &self.request.wishes;
        wishes.get(&full_name(self.target.remotes(), name))
    }

    /// Whether a run has anything to do with a remote: where single entries are meant, with no other.
    pub(crate) fn is_meant(&self, name: &str) -> bool {
        self.request.wishes.is_empty() || self.wish(name).is_some()
    }

    /// The file that a remote stands in, or would, where this run may not write it.
    pub(crate) fn held(&self, name: &str) -> Option<PathBuf> {
        let place = self.target.place(&self.before, name);
        let may_write = self.request.scopes.contains(Scope::of(&place));
        (!may_write).then_some(place)
    }

    /// The steps that put the side files in place. Of a keyring that loses certificates all stay until the
    /// remote needs them no more.
    pub(crate) fn side_files(&self) -> impl Iterator<Item = Step> {
        self.files.iter().filter_map(|(path, content)| {
            let expected = self.observed.files.get(path);
            let content = self.unions.get(path).unwrap_or(content);
            replacement(path.clone(), expected.map(Vec::as_slice), content.clone())
        })
    }

    /// The steps after the remotes: what they need no more goes.
    pub(crate) fn cleanup(&self) -> impl Iterator<Item = Step> {
        let keyrings = self.unions.iter().filter_map(|(path, union)| {
            let content = self.files.get(path)?;
            replacement(path.clone(), Some(union), content.clone())
        });
        keyrings.chain(self.obsolete.keys().cloned().map(Step::Remove))
    }

    /// The batch of these steps, with what a run that is killed between any two of them has to leave.
    /// What programs watch that want to know of changes is touched last.
    pub(crate) fn batch(&self, mut steps: Vec<Step>, watched: Option<PathBuf>) -> Batch {
        let before = self.observed.unfinished.as_ref();
        // What a run for single entries does not look at stays to be mended.
        let mut unfinished = self.observed.intent.names();
        let ends_all = before.is_none() || unfinished.all(|name| self.is_meant(name));
        if steps.is_empty() && before.is_none() {
            steps.extend(self.stale(&steps));
            return Batch { steps };
        }
        if steps.is_empty() && !ends_all {
            return Batch { steps };
        }
        let path = self.target.intent();
        steps.extend(watched.map(Step::Touch));
        let content = self.intent().to_bytes();
        if before != Some(&content) {
            let before = before.cloned();
            let path = path.clone();
            steps.insert(
                0,
                Step::Intend {
                    path,
                    before,
                    content,
                },
            );
        }
        if ends_all {
            steps.extend(self.stale(&steps));
            steps.push(Step::Remove(path));
        }
        Batch { steps }
    }

    /// What is about to become of what lies beside the remotes, with what a dead run has left to do.
    fn intent(&self) -> Intent {
        let mut intent = self.observed.intent.clone();
        for name in self.touched() {
            let residue = self.target.residue(&name).into_iter();
            let is_changed =
                |path: &PathBuf| self.files.contains_key(path) || self.obsolete.contains_key(path);
            let keyring = self.target.keyring(&name);
            let traces = Traces {
                certificates: self.exchanged(&keyring),
                files: residue
                    .filter(|path| *path != keyring)
                    .filter(is_changed)
                    .collect(),
            };
            intent.add(&name, traces);
        }
        intent
    }

    /// The remotes that change, or that something changes beside.
    pub(crate) fn touched(&self) -> BTreeSet<String> {
        let stores = [&self.before, &self.store];
        let remotes = stores.into_iter().flat_map(T::Store::remotes);
        let remotes = remotes.filter(|name| {
            let [before, after] = stores.map(|store| store.pairs(name));
            before != after
        });
        let beside = self.beside.iter().map(|beside| beside.remote.as_str());
        let obsolete = self.obsolete.values().map(String::as_str);
        remotes
            .chain(beside)
            .chain(obsolete)
            .map(str::to_owned)
            .collect()
    }

    /// The certificates that come into a keyring or go.
    fn exchanged(&self, path: &Path) -> BTreeSet<Fingerprint> {
        let before = fingerprints_in(self.observed.files.get(path));
        let after = match self.files.get(path) {
            None if !self.obsolete.contains_key(path) => return BTreeSet::new(),
            after => fingerprints_in(after),
        };
        before.symmetric_difference(&after).cloned().collect()
    }

    /// What the steps do not stage again of what a killed run left.
    pub(crate) fn stale(&self, steps: &[Step]) -> Vec<Step> {
        let restaged: BTreeSet<_> = steps.iter().filter_map(staged).collect();
        let stale = self.observed.stale.iter();
        let stale = stale.filter(|path| !restaged.contains(*path));
        stale.cloned().map(Step::Remove).collect()
    }
}

fn saved(path: &PathBuf) -> Finding {
    let message = "another program wrote this at the same time as a run that was killed, and something newer has its place: take what you need of it, then remove it";
    code::DISPLACED_FILE.warning(path, message)
}

/// A change of what lies beside the group of a remote: of its keyring, or a copy that is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) remote: String,
    pub(crate) operation: Operation,
    pub(crate) subject: String,
    /// The file.
    pub(crate) path: PathBuf,
}

/// The certificates of a keyring. What cannot be read is nobody's.
fn fingerprints_in(keyring: Option<&Vec<u8>>) -> BTreeSet<Fingerprint> {
    let keyring = keyring.and_then(|text| Keyring::parse(text).ok());
    let certificates = keyring.iter().flat_map(Keyring::iter);
    certificates.map(|one| one.fingerprint().clone()).collect()
}

/// The step that gives a file its content, unless it has it.
pub(crate) fn replacement(
    path: PathBuf,
    expected: Option<&[u8]>,
    content: Vec<u8>,
) -> Option<Step> {
    (expected != Some(content.as_slice())).then(|| Step::Replace {
        path,
        expected: expected.map(<[u8]>::to_vec),
        content,
    })
}

/// The name under which a step stages what it writes.
fn staged(step: &Step) -> Option<PathBuf> {
    let path = match step {
        Step::Create(tree) => &tree.path,
        Step::Intend { path, .. } | Step::Replace { path, .. } => path,
        Step::Remove(_) | Step::Take { .. } | Step::Touch(_) => return None,
    };
    Some(path.with_file_name(staged_name(path.file_name()?)))
}

/// What is to be written and what there is to say about it.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) report: Report,
    pub(crate) batch: Batch,
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
        }
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
