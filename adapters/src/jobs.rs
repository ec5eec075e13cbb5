//! One run of an adapter whose entries are run: each job by itself, counted before, marked after. One that fails
//! starves no other.

use overlay_resolver::finding::{Code, Finding};
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{Batch, Ended, Lock, Outcome, commit};
use crate::obstacles;
use crate::plan::with_documents;
use crate::report::{Change, Decision, Matter, Operation, Remark, Report, Request, RunDecision};
use crate::run::READ_TOTAL;
use crate::runner::{Agenda, Conclusion, Due, End, Job, Mark, Runner, entry};

/// An adapter with what is asked of it.
pub(crate) struct Jobs<'r> {
    root: &'r Root,
    runner: &'r dyn Runner,
    request: &'r Request,
}

/// What is to be done about a job now.
enum Turn {
    /// It is run, with this mark before that.
    Run(Mark),
    /// Nothing.
    Rest(RunDecision),
}

/// Why a job that was run does not count as done.
struct NotDone {
    why: String,
    also: Option<Box<Finding>>,
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
        let mut pending = Vec::new();
        let decided = agenda.jobs.iter().map(|job| match self.turn(job) {
            Turn::Run(_) => {
                pending.push(change(job, self.runner));
                due(job)
            }
            Turn::Rest(decision) => decision,
        });
        let decided: Vec<_> = decided.collect();
        let (mut findings, mut concluded) = (Vec::new(), Vec::new());
        match self.conclusion(&agenda, &decided) {
            Ok(conclusion) => {
                concluded = conclusion.changes;
                findings.extend(conclusion.obstacle);
            }
            Err(why) => findings.push(why),
        }
        pending.extend(concluded);
        let mut report = self.report(agenda, decided, findings);
        report.pending = pending;
        report
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
        let decided = agenda.jobs.iter().map(|job| match self.turn(job) {
            Turn::Run(begun) => {
                match write(self.root, &job.marked(self.root, job.mark.as_ref(), &begun)) {
                    Ok(()) => {
                        changes.push(change(job, self.runner));
                        match self.run(job, &begun) {
                            Ok(()) => RunDecision::Done,
                            Err(NotDone { why, also }) => {
                                if begun.tries < job.tries {
                                    findings.push(job.failure(&why));
                                }
                                findings.extend(also.map(|also| *also));
                                failed(job, begun.tries, Some(why))
                            }
                        }
                    }
                    // What cannot be counted is not run.
                    Err(why) => {
                        findings.push(why);
                        failed(job, begun.tries - 1, None)
                    }
                }
            }
            Turn::Rest(decision) => decision,
        });
        let decided: Vec<_> = decided.collect();
        match self.conclude(&agenda, &decided) {
            Ok((concluded, obstacle)) => {
                changes.extend(concluded);
                findings.extend(obstacle);
            }
            Err(why) => findings.push(why),
        }
        let mut report = self.report(agenda, decided, findings);
        report.changes = changes;
        report
    }

    /// Whether a job is run. Nothing is unless that was asked for.
    fn turn(&self, job: &Job) -> Turn {
        let errand = self.request.errand.as_ref();
        let errand = errand.filter(|errand| errand.is_about(&job.name));
        match (job.due(), errand) {
            (_, Some(errand)) if errand.again => Turn::Run(job.anew()),
            (Due::Now(begun), Some(_)) => Turn::Run(begun),
            (Due::Now(_), None) => Turn::Rest(due(job)),
            (Due::Done, _) => Turn::Rest(RunDecision::Done),
            (Due::GivenUp(mark), _) => Turn::Rest(given_up(job, &mark)),
        }
    }

    /// What is still to be written once the jobs stand like this.
    fn conclusion(&self, agenda: &Agenda, decided: &[RunDecision]) -> Result<Conclusion, Finding> {
        if self.request.errand.is_none() {
            return Ok(Conclusion::default());
        }
        self.runner.conclusion(self.root, agenda, decided)
    }

    /// Writes it: what was written, and what keeps more from being.
    fn conclude(
        &self,
        agenda: &Agenda,
        decided: &[RunDecision],
    ) -> Result<(Vec<Change>, Option<Finding>), Finding> {
        let conclusion = self.conclusion(agenda, decided)?;
        write(self.root, &conclusion.batch)?;
        Ok((conclusion.changes, conclusion.obstacle))
    }

    /// Runs one that was counted, and writes down how that ended.
    fn run(&self, job: &Job, begun: &Mark) -> Result<(), NotDone> {
        let ended = self.runner.run(self.root, job);
        let end = match &ended {
            Ok(()) => End::Done,
            Err(why) => End::Failed(why.clone()),
        };
        let written = write(
            self.root,
            &job.marked(self.root, Some(begun), &begun.ended(end)),
        );
        match (ended, written) {
            (Ok(()), Ok(())) => Ok(()),
            (Err(why), written) => Err(NotDone {
                why,
                also: written.err().map(Box::new),
            }),
            (Ok(()), Err(finding)) => Err(NotDone {
                why: "it was done, and that cannot be written down".into(),
                also: Some(Box::new(finding)),
            }),
        }
    }

    fn agenda(&self) -> Agenda {
        let root = self.root.clone().for_one_run(READ_TOTAL);
        self.runner.due(&root)
    }

    fn report(
        &self,
        agenda: Agenda,
        decided: Vec<RunDecision>,
        mut findings: Vec<Finding>,
    ) -> Report {
        let mut entries = agenda.others;
        let mut remarks = Vec::new();
        for (job, decision) in agenda.jobs.into_iter().zip(decided) {
            if let RunDecision::GivenUp { tries, why } = &decision {
                remarks.push(tell_given_up(&job, *tries, why.clone()));
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
            findings,
            remarks,
            ..Report::default()
        }
    }
}

/// Writes all of a batch.
pub(crate) fn write(root: &Root, batch: &Batch) -> Result<(), Finding> {
    let Some(first) = batch.steps.first() else {
        return Ok(());
    };
    let unwritten = |code: Code, message| code.error(first.path(), message);
    let Ended { outcome, .. } = commit(root, batch);
    match outcome {
        Ok(Outcome::Done) => Ok(()),
        Ok(Outcome::Raced) => Err(unwritten(
            code::CONTENDED,
            "another program wrote this meanwhile: run this again",
        )),
        Err(failures) => Err(failures.first().map_or_else(
            || unwritten(code::WRITE_FAILED, "cannot be written"),
            |failure| obstacles::finding(&failure.error),
        )),
    }
}

/// What becomes of a job that failed so often.
fn failed(job: &Job, tries: u32, why: Option<String>) -> RunDecision {
    if tries < job.tries {
        let of = job.tries;
        RunDecision::Failed { tries, of, why }
    } else {
        RunDecision::GivenUp { tries, why }
    }
}

fn due(job: &Job) -> RunDecision {
    RunDecision::Due {
        origin: job.origin.clone(),
    }
}

fn given_up(job: &Job, mark: &Mark) -> RunDecision {
    failed(job, mark.tries, mark.why().map(Into::into))
}

fn tell_given_up(job: &Job, tries: u32, why: Option<String>) -> Remark {
    let matter = Matter::GivenUp {
        name: job.name.clone(),
        tries,
        why,
        is_required: job.is_required,
    };
    matter.at(&job.origin, job.line)
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
