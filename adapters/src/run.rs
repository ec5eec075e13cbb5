//! One run of an adapter: plan, lock, carry out, look again, until there is nothing left that can be done.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::Duration;

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{Lock, Outcome, commit};
use crate::obstacles::{self, Obstacles};
use crate::plan::Plan;
use crate::planner::Planner;
use crate::report::{Change, EntryReport, Of, Remark, Report, Request};

/// How many bytes a plan, or the reading of the definitions, takes apart in all: some fifty thousand remotes, and
/// what `MemoryMax=` of the unit bears. More than that is an error of each file that comes after.
pub(crate) const READ_TOTAL: usize = 1 << 26;
/// How often a run starts again because another program wrote the target meanwhile.
const ATTEMPTS: usize = 20;
/// How long after writing another program's overwriting is looked for: longer than flatpak takes
/// from reading the configuration to writing it.
const SETTLING_TIME: Duration = Duration::from_millis(100);

/// An adapter with what is asked of it, and what stands in its way.
pub(crate) struct Run<'r> {
    root: &'r Root,
    planner: &'r dyn Planner,
    request: &'r Request,
    obstacles: Obstacles,
    done: Done,
}

impl<'r> Run<'r> {
    pub(crate) fn new(root: &'r Root, planner: &'r dyn Planner, request: &'r Request) -> Self {
        Self {
            root,
            planner,
            request,
            obstacles: Obstacles::default(),
            done: Done::default(),
        }
    }

    /// What it would do: nothing that could not be read back, and nothing that tells others what they could
    /// not read.
    pub(crate) fn plan(&mut self) -> Plan {
        loop {
            // Each plan looks anew at what is there.
            let root = self.root.clone().for_one_run(READ_TOTAL);
            let mut plan = self.planner.plan(&root, self.request, &self.obstacles);
            let too_large = std::mem::take(&mut plan.too_large);
            let is_refused = self.obstacles.refuse(too_large);
            if !self.obstacles.protect(self.root, &plan.report) && !is_refused {
                return plan;
            }
        }
    }

    /// Does it. What was planned is looked at again after it was written, so an update lost to a program
    /// that wrote at the same time is made up for. What fails is an error of its entries.
    pub(crate) fn carry_out(mut self) -> Report {
        let plan = self.plan();
        if plan.batch.steps.is_empty() {
            return plan.report;
        }
        let _lock = match Lock::directory(self.root, &self.planner.lock()) {
            Ok(lock) => lock,
            Err(error) => return self.stop(obstacles::finding(&error)),
        };
        let mut attempts = 0;
        while attempts < ATTEMPTS {
            let plan = self.plan();
            if plan.batch.steps.is_empty() {
                return self.done.followed_by(plan.report);
            }
            let ended = commit(self.root, &plan.batch);
            let met = match ended.outcome {
                Ok(outcome) => {
                    attempts += 1;
                    if outcome == Outcome::Done {
                        sleep(SETTLING_TIME);
                    }
                    Ok(())
                }
                // Each attempt meets files that no earlier one did, so this comes to an end.
                Err(failures) => self.obstacles.meet(&plan, failures),
            };
            self.done.add(plan, ended.done);
            if let Err(finding) = met {
                return self.stop(finding);
            }
        }
        let target = self.planner.target();
        self.stop(code::CONTENDED.error(
            target,
            format!(
                "another program rewrote it {ATTEMPTS} times while it was being changed; nothing of theirs was lost, but ours is not in place: run the command again when that program has finished"
            ),
        ))
    }

    /// Nothing more can be done: what is left to do has failed.
    fn stop(mut self, finding: Finding) -> Report {
        let mut report = self.plan().report;
        let left = std::mem::take(&mut report.pending);
        let left = Of::new(&left);
        for entry in &mut report.entries {
            if left.has(entry) {
                entry.decision = finding.clone().into();
            }
        }
        report.findings.push(finding);
        self.done.followed_by(report)
    }
}

/// What was carried out so far, and what there was to say about it.
#[derive(Debug, Default)]
struct Done {
    entries: BTreeMap<String, EntryReport>,
    changes: Vec<Change>,
    findings: Vec<Finding>,
    remarks: Vec<Remark>,
}

impl Done {
    /// Adds the first steps of a plan.
    fn add(&mut self, plan: Plan, done: usize) {
        let told: Vec<_> = plan.told_by(done).cloned().collect();
        let Report {
            entries,
            mut findings,
            mut remarks,
            ..
        } = plan.report;
        let of = Of::new(&told);
        let changed = entries.into_iter().filter(|entry| of.has(entry));
        self.entries
            .extend(changed.map(|entry| (entry.full_name(), entry)));
        self.changes.extend(told);
        self.findings.append(&mut findings);
        self.remarks.append(&mut remarks);
    }

    /// The report of the whole run, of which the last plan says what is left: of an entry that was changed,
    /// that is told, unless it has failed since.
    fn followed_by(mut self, last: Report) -> Report {
        let mut findings = self.findings;
        findings.extend(last.findings);
        findings.sort();
        findings.dedup();
        let mut remarks = self.remarks;
        remarks.extend(last.remarks);
        remarks.sort();
        remarks.dedup();
        let mut entries = Vec::new();
        for entry in last.entries {
            let earlier = self.entries.remove(&entry.full_name());
            let has_failed = entry.decision.is_failure();
            entries.push(earlier.filter(|_| !has_failed).unwrap_or(entry));
        }
        // What was withdrawn is in no plan any more.
        entries.extend(self.entries.into_values());
        entries.sort_by_cached_key(|entry| (!entry.whole, entry.full_name()));
        Report {
            entries,
            findings,
            remarks,
            changes: self.changes,
            ..last
        }
    }
}
