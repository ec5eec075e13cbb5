//! What an adapter is whose entries are run instead of being written: tasks, installations.
//!
//! Each entry is a [job](crate::job).

use std::any::Any;
use std::path::Path;

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use crate::commit::{Batch, NewTree, Step};
use crate::job::Job;
use crate::report::{Change, Decision, EntryReport, Mask, RunDecision};
use crate::route::Route;
use crate::source::{Documents, Layered, Source, Want};
use crate::system::is_running_systems;

/// What the adapters of one kind have to know how to do whose entries are run.
pub(crate) trait Runner: Route + Any {
    /// What an entry is called in sentences, such as `task`.
    fn noun(&self) -> &'static str;

    /// Whether its programs may be run for a root. By default only for that of the running system, whose programs they
    /// are.
    fn runs_for(&self, root: &Root) -> bool {
        is_running_systems(root)
    }

    /// What there is to run, and what is known of it. All reading is done here.
    fn due(&self, root: &Root) -> Agenda;

    /// Runs a job. It may have been run before without an end.
    ///
    /// # Errors
    /// It failed, and why: the rest of a sentence.
    fn run(&self, root: &Root, job: &Job) -> Result<(), String>;

    /// What is still to be written where the jobs stand like this: that all is done, for whoever waits for that.
    /// Nothing by default, and where it is written.
    ///
    /// # Errors
    /// What is written there cannot be read.
    fn conclusion(
        &self,
        _root: &Root,
        _agenda: &Agenda,
        _decided: &[RunDecision],
    ) -> Result<Conclusion, Finding> {
        Ok(Conclusion::default())
    }
}

/// What follows from all jobs together.
#[derive(Debug, Default)]
pub(crate) struct Conclusion {
    /// What is to be written.
    pub(crate) batch: Batch,
    /// The same, told.
    pub(crate) changes: Vec<Change>,
    /// What is written after it, and may have no place.
    pub(crate) copy: Copied,
    /// What keeps more from being written, until somebody looks after it.
    pub(crate) obstacle: Option<Finding>,
}

/// A copy of what is remembered, for others to see. Where it cannot be written, nothing is lost.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    /// What writes it.
    pub(crate) batch: Batch,
    /// The same, told.
    pub(crate) changes: Vec<Change>,
    /// What is written where that cannot be.
    pub(crate) instead: Batch,
    /// What that means to who reads of it: the rest of a sentence.
    pub(crate) without_it: &'static str,
}

/// What gives a file its content; the directory comes with it where there is none.
pub(crate) fn put(root: &Root, path: &Path, expected: Option<Vec<u8>>, content: Vec<u8>) -> Step {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if root.has_dir(parent) == Ok(false) => Step::Create(NewTree {
            path: parent.into(),
            files: vec![(name.into(), content)],
            ..NewTree::default()
        }),
        _ => Step::Replace {
            path: path.into(),
            expected,
            content,
        },
    }
}

/// What there is to run.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// In the order in which they run.
    pub(crate) jobs: Vec<Job>,
    /// The entries that are none, such as those that are masked or cannot be read.
    pub(crate) others: Vec<EntryReport>,
    /// What there is to say of them.
    pub(crate) findings: Vec<Finding>,
    /// The files of all entries.
    pub(crate) layers: Vec<Documents>,
}

impl Agenda {
    /// The jobs of a source that are wanted, and of all else in it why it is none.
    pub(crate) fn of<T>(
        source: Source<T>,
        adapter: &str,
        noun: &'static str,
        job: impl Fn(&str, &Layered<T>, &T) -> Result<Job, Decision>,
    ) -> Self {
        let (mut jobs, mut others) = (Vec::new(), Vec::new());
        for (name, layered) in &source.entries {
            let decision = match &layered.want {
                Want::Headless => continue,
                Want::Present(wanted) => match job(name, layered, wanted) {
                    Ok(job) => {
                        jobs.push(job);
                        continue;
                    }
                    Err(decision) => decision,
                },
                Want::Masked(path) => {
                    let mask = Mask {
                        path: path.clone(),
                        is_former_name: false,
                    };
                    Decision::Masked { mask }
                }
                Want::Unresolved(finding) => finding.clone().into(),
            };
            others.push(entry(adapter, name, noun, decision));
        }
        let broken = others.iter().filter_map(|entry| match &entry.decision {
            Decision::Broken { finding } => Some(Finding::clone(finding)),
            _ => None,
        });
        Self {
            findings: broken.collect(),
            jobs,
            others,
            layers: vec![source.into_documents(adapter, noun, false)],
        }
    }
}

/// An entry that is run, or would be.
pub(crate) fn entry(
    adapter: &str,
    name: &str,
    noun: &'static str,
    decision: Decision,
) -> EntryReport {
    EntryReport {
        adapter: adapter.into(),
        name: name.into(),
        noun,
        whole: false,
        is_ambiguous: false,
        decision,
        layered: None,
        beside: Vec::new(),
        keys: Vec::new(),
    }
}
