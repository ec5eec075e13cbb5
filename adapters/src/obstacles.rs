//! What stands in the way of a run: files that could not be written, and what would be too large to be
//! read back.
//!
//! A step that fails hurts the entries that it is for, and no other. So the plan is made again as if those
//! could not be told what to become: they stay as they are, and all that the failed attempt did for them
//! beside their group is mended as after a death, by its intent. What else was to be done is done.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{CommitError, Failure, Step};
use crate::keyed::intent;
use crate::observer::is_for_all;
use crate::plan::Plan;
use crate::report::{Operation, Report};

/// What stands in the way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Obstacles {
    /// The files and directories that could not be written: nothing more is done to them.
    pub(crate) files: BTreeSet<PathBuf>,
    /// The entries that stay as they are, and why.
    pub(crate) entries: BTreeMap<String, Finding>,
    /// The entries that have a source which not everybody may read, each with that.
    pub(crate) private: BTreeMap<String, PathBuf>,
    /// What failed for no entry in particular.
    pub(crate) findings: BTreeSet<Finding>,
}

impl Obstacles {
    /// Takes in what of a plan could not be carried out.
    ///
    /// # Errors
    /// Nothing else can be done either, and why: the device fails, or the run cannot say what it is about
    /// to do.
    pub(crate) fn meet(&mut self, plan: &Plan, failures: Vec<Failure>) -> Result<(), Finding> {
        for Failure { step, error } in failures {
            let step = &plan.batch.steps[step];
            let finding = match step {
                Step::Tell(_) => code::NOT_TOLD.error(&error.path, error.to_string()),
                _ => finding(&error),
            };
            if error.is_of_device() || step.path().ends_with(intent::FILE_NAME) {
                return Err(finding);
            }
            let victims = plan.subjects_of(step);
            if victims.is_empty() {
                self.findings.insert(finding.clone());
            }
            let victims = victims.into_iter().map(|name| (name, finding.clone()));
            self.entries.extend(victims);
            self.files.insert(step.path().to_owned());
        }
        Ok(())
    }

    /// Takes in the entries whose part of a plan is too large. Whether there are any.
    pub(crate) fn refuse(&mut self, too_large: BTreeMap<String, Finding>) -> bool {
        let any = !too_large.is_empty();
        self.entries.extend(too_large);
        any
    }
}

impl Obstacles {
    /// Takes in the entries that have a source which not everybody may read, among those that change or have
    /// drop-ins: that is where secrets are, and somebody may have thought of it late. One of which that cannot be told
    /// stays as it is. Whether there are any that were not known.
    pub(crate) fn protect(&mut self, root: &Root, report: &Report) -> bool {
        let changing: BTreeSet<_> = report
            .pending
            .iter()
            .filter(|change| brings_values(change.operation))
            .filter_map(|change| Some((&change.adapter, change.entry.as_ref()?)))
            .collect();
        let mut any = false;
        for entry in report.entries.iter().filter(|entry| entry.whole) {
            let name = &entry.name;
            if self.private.contains_key(name) || self.entries.contains_key(name) {
                continue;
            }
            let is_changing = changing.contains(&(&entry.adapter, name));
            let document = entry.layered.as_ref();
            let document = document
                .filter(|document| is_changing || document.entry().effective().nth(1).is_some());
            let files = document.into_iter().flat_map(|it| it.entry().effective());
            match first_private(root, files.map(|file| &*file.path)) {
                Ok(None) => continue,
                Ok(Some(private)) => drop(self.private.insert(name.clone(), private.into())),
                Err(finding) => drop(self.entries.insert(name.clone(), finding)),
            }
            any = true;
        }
        any
    }
}

/// The first of these files that not everybody may read.
fn first_private<'p>(
    root: &Root,
    files: impl IntoIterator<Item = &'p Path>,
) -> Result<Option<&'p Path>, Finding> {
    for file in files {
        if !is_for_all(root, file)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Whether values of the layers come to a target with a change.
const fn brings_values(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Create
            | Operation::Adopt
            | Operation::Move
            | Operation::Set
            | Operation::Record
            // Whether everybody may read the layers' files decides whether the file is widened.
            | Operation::Widen
    )
}

/// What a write that failed is to the report.
pub(crate) fn finding(error: &CommitError) -> Finding {
    code::WRITE_FAILED.error(
        &error.path,
        format!("cannot {} it: {}", error.doing, error.source),
    )
}
