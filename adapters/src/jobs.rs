//! One run of an adapter whose entries are run: each job by itself, counted before, marked after. One that fails
//! starves no other.

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{Ended, Lock, Outcome, commit};
use crate::obstacles;
use crate::plan::with_documents;
use crate::report::{Change, Decision, Matter, Operation, Remark, Report, Request, RunDecision};
use crate::run::READ_TOTAL;
use crate::runner::{Agenda, Due, Job, Mark, Runner, entry};

/// An adapter with what is asked of it.
pub(crate) struct Jobs<'r> {
    root: &'r Root,
    runner: &'r dyn Runner,
    request: &'r Request,
}

impl<'r> Jobs<'r> {
    pub(crate) fn new(root: &'r Root, runner: &'r dyn Runner, request: &'r Request) -> Self {
        Self {
            root,
            runner,
            request,
        }
    }

    /// What would be run. Where something is asked for single entries, this is not done besides.
    pub(crate) fn plan(&self) -> Report {
        if !self.request.wishes.is_empty() {
            return Report::default();
        }
        let agenda = self.agenda();
        let decided = agenda.jobs.iter().map(|job| match job.due() {
            Due::Now(_) => RunDecision::Due {
                origin: job.origin.clone(),
            },
            Due::Done => RunDecision::Done,
            Due::GivenUp => given_up(job),
        });
        let decided: Vec<_> = decided.collect();
        self.report(agenda, decided, Vec::new())
    }

    /// Runs what is due.
    pub(crate) fn carry_out(&self) -> Report {
        let plan = self.plan();
        if plan.pending.is_empty() {
            return plan;
        }
        let _lock = match Lock::directory(self.root, &self.runner.lock()) {
            Ok(lock) => lock,
            Err(error) => return stop(plan, &obstacles::finding(&error)),
        };
        // Another run may have ended since.
        let agenda = self.agenda();
        let (mut findings, mut changes) = (Vec::new(), Vec::new());
        let decided = agenda.jobs.iter().map(|job| match job.due() {
            Due::Now(begun) => match self.write(job, job.mark.as_ref(), &begun) {
                Ok(()) => {
                    changes.push(change(job, self.runner));
                    match self.run(job, &begun) {
                        Ok(()) => RunDecision::Done,
                        Err(why) => {
                            findings.push(why);
                            failed(job, begun.tries)
                        }
                    }
                }
                // What cannot be counted is not run.
                Err(why) => {
                    findings.push(why);
                    failed(job, begun.tries - 1)
                }
            },
            Due::Done => RunDecision::Done,
            Due::GivenUp => given_up(job),
        });
        let decided: Vec<_> = decided.collect();
        let mut report = self.report(agenda, decided, findings);
        report.changes = changes;
        report
    }

    /// Runs one that was counted.
    fn run(&self, job: &Job, begun: &Mark) -> Result<(), Finding> {
        self.runner.run(self.root, job)?;
        let done = Mark {
            is_done: true,
            ..begun.clone()
        };
        self.write(job, Some(begun), &done)
    }

    fn write(&self, job: &Job, before: Option<&Mark>, after: &Mark) -> Result<(), Finding> {
        let batch = self.runner.mark(job, before, after);
        let Ended { outcome, .. } = commit(self.root, &batch);
        match outcome {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Raced) => {
                let message = format!("{}: another program wrote this meanwhile", job.name);
                Err(code::CONTENDED.error(self.runner.lock(), message))
            }
            Err(failures) => {
                let finding = |failure: &crate::commit::Failure| obstacles::finding(&failure.error);
                let first = failures.first().map(finding);
                Err(first.unwrap_or_else(|| {
                    code::WRITE_FAILED.error(self.runner.lock(), "cannot be written")
                }))
            }
        }
    }

    fn agenda(&self) -> Agenda {
        let root = self.root.clone().for_one_run(READ_TOTAL);
        self.runner.due(&root, self.request)
    }

    fn report(
        &self,
        agenda: Agenda,
        decided: Vec<RunDecision>,
        mut findings: Vec<Finding>,
    ) -> Report {
        let mut entries = agenda.others;
        let (mut pending, mut remarks) = (Vec::new(), Vec::new());
        for (job, decision) in agenda.jobs.into_iter().zip(decided) {
            match &decision {
                RunDecision::Due { .. } => pending.push(change(&job, self.runner)),
                RunDecision::GivenUp { tries } => remarks.push(tell_given_up(&job, *tries)),
                RunDecision::Done | RunDecision::Failed { .. } => {}
            }
            let noun = self.runner.noun();
            entries.push(entry(
                &job.adapter,
                &job.name,
                noun,
                Decision::Run(decision),
            ));
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        findings.extend(agenda.findings);
        let findings = with_documents(&mut entries, findings, agenda.layers);
        Report {
            entries,
            pending,
            findings,
            remarks,
            ..Report::default()
        }
    }
}

/// What becomes of a job that failed so often.
fn failed(job: &Job, tries: u32) -> RunDecision {
    if tries < job.tries {
        let of = job.tries;
        RunDecision::Failed { tries, of }
    } else {
        RunDecision::GivenUp { tries }
    }
}

fn given_up(job: &Job) -> RunDecision {
    let mark = job.mark.as_ref();
    RunDecision::GivenUp {
        tries: mark.map_or(0, |mark| mark.tries),
    }
}

fn tell_given_up(job: &Job, tries: u32) -> Remark {
    let matter = Matter::GivenUp {
        name: job.name.clone(),
        tries,
        occasion: job.occasion.clone(),
    };
    matter.at(&job.origin, None)
}

/// That a job is run, which is written down in its mark.
fn change(job: &Job, runner: &dyn Runner) -> Change {
    Change {
        adapter: job.adapter.clone(),
        entry: Some(job.name.clone()),
        noun: runner.noun(),
        operation: Operation::Run,
        subject: job.name.clone(),
        from: None,
        to: None,
        path: runner.lock(),
    }
}

/// Nothing can be run: what is due has failed.
fn stop(mut report: Report, why: &Finding) -> Report {
    report.pending.clear();
    for entry in &mut report.entries {
        if matches!(entry.decision, Decision::Run(RunDecision::Due { .. })) {
            entry.decision = why.clone().into();
        }
    }
    report.findings.push(why.clone());
    report
}
