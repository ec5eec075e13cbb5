//! One run of an adapter whose entries are run: each job by itself, counted before, marked after. One that fails
//! starves no other.

use overlay_resolver::finding::{Code, Finding, Level};
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{Batch, Ended, Lock, Outcome, commit};
use crate::interrupt;
use crate::job::{Due, End, Job, Mark};
use crate::obstacles;
use crate::plan::with_documents;
use crate::report::{Change, Decision, Matter, Operation, Remark, Report, Request, RunDecision};
use crate::run::READ_TOTAL;
use crate::runner::{Agenda, Conclusion, Runner, entry};

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
    /// It was cut off the last time that it is tried, which is written down.
    GiveUp(Mark),
    /// Nothing.
    Rest(RunDecision),
}

/// Why a job failed of which a run that was killed did not see the end.
const CUT_OFF: &str = "it was cut off, or its end could not be written down";

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
            Turn::Run(begun) => {
                pending.push(change(job, self.runner));
                if begun == job.anew() {
                    job.to_be_run(None)
                } else {
                    job.decision()
                }
            }
            Turn::GiveUp(_) => {
                pending.push(given_up(job, self.runner));
                job.decision()
            }
            Turn::Rest(decision) => decision,
        });
        let decided: Vec<_> = decided.collect();
        let (mut findings, mut concluded) = (Vec::new(), Vec::new());
        match self.conclusion(&agenda, &decided) {
            Ok(conclusion) => {
                concluded = conclusion.changes;
                concluded.extend(conclusion.copy.changes);
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
        let _held = interrupt::hold();
        // Another run may have ended since.
        let agenda = self.agenda();
        let (mut findings, mut changes) = (Vec::new(), Vec::new());
        let decided = agenda.jobs.iter().map(|job| match self.turn(job) {
            // Nothing more is begun.
            Turn::Run(_) if interrupt::is_asked() => job.decision(),
            Turn::Run(begun) => {
                match write(self.root, &job.marked(self.root, job.mark.as_ref(), &begun)) {
                    Ok(()) => {
                        changes.push(change(job, self.runner));
                        self.run(job, &begun, &mut findings)
                    }
                    // What cannot be counted is not run.
                    Err(why) => {
                        findings.push(why.clone());
                        let why = format!("it cannot be counted: {why}");
                        job.failed(begun.tries - 1, Some(why))
                    }
                }
            }
            Turn::GiveUp(begun) => {
                let ended = begun.ended(End::Failed(CUT_OFF.into()));
                let written = job.marked(self.root, Some(&begun), &ended);
                match write(self.root, &written) {
                    Ok(()) => changes.push(given_up(job, self.runner)),
                    Err(why) => findings.push(why),
                }
                job.failed(begun.tries, Some(CUT_OFF.into()))
            }
            Turn::Rest(decision) => decision,
        });
        let decided: Vec<_> = decided.collect();
        match self.conclude(&agenda, &decided) {
            Ok((concluded, obstacles)) => {
                changes.extend(concluded);
                findings.extend(obstacles);
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
            // Who runs it has the lock, and dies with that.
            (Due::GivenUp(begun), Some(_)) if job.may_run_now() => Turn::GiveUp(begun),
            _ => Turn::Rest(job.decision()),
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
    ) -> Result<(Vec<Change>, Vec<Finding>), Finding> {
        let Conclusion {
            batch,
            mut changes,
            copy,
            obstacle,
        } = self.conclusion(agenda, decided)?;
        let mut obstacles: Vec<_> = obstacle.into_iter().collect();
        write(self.root, &batch)?;
        match write(self.root, &copy.batch) {
            Ok(()) => changes.extend(copy.changes),
            Err(why) => {
                write(self.root, &copy.instead)?;
                let message = format!("{}: {}", why.message, copy.without_it);
                obstacles.push(why.code.warning(&why.path, message));
            }
        }
        Ok((changes, obstacles))
    }

    /// Runs one that was counted, and writes down how that ended.
    fn run(&self, job: &Job, begun: &Mark, findings: &mut Vec<Finding>) -> RunDecision {
        let ended = self.runner.run(self.root, job);
        let is_interrupted = ended.is_err() && interrupt::is_ending(self.root);
        let interrupted = is_interrupted.then(|| job.interrupted(begun)).flatten();
        let after = match (&ended, &interrupted) {
            (Ok(()), _) => begun.ended(End::Done),
            (Err(_), Some(interrupted)) => interrupted.clone(),
            (Err(why), None) => begun.ended(End::Failed(why.clone())),
        };
        let written = write(self.root, &job.marked(self.root, Some(begun), &after));
        let is_written = written.is_ok();
        findings.extend(written.err());
        match (ended, interrupted) {
            (Ok(()), _) if is_written => RunDecision::Done,
            (Ok(()), _) => {
                let why = "it was done, and that cannot be written down";
                job.failed(begun.tries, Some(why.into()))
            }
            (Err(_), Some(interrupted)) => job.to_be_run(Some(&interrupted)),
            (Err(why), None) => job.failed(begun.tries, Some(why)),
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
        // Whoever is told of an error comes, and starts what waits: not as long as it goes on by itself.
        let is_tried_again = agenda.jobs.iter().zip(&decided).any(|(job, decision)| {
            job.is_required && matches!(decision, RunDecision::Failed { .. })
        });
        for (job, decision) in agenda.jobs.into_iter().zip(decided) {
            match &decision {
                RunDecision::GivenUp { tries, why } => {
                    let level = if job.is_required && !is_tried_again {
                        Level::Error
                    } else {
                        Level::Warning
                    };
                    remarks.push(tell_given_up(&job, *tries, why.clone(), level));
                }
                RunDecision::Failed { why: Some(why), .. } => findings.push(job.failure(why)),
                _ => {}
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

fn tell_given_up(job: &Job, tries: u32, why: Option<String>, level: Level) -> Remark {
    let matter = Matter::GivenUp {
        name: job.name.clone(),
        tries,
        why,
        level,
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

/// That a job is given up, which is written down in its mark.
fn given_up(job: &Job, runner: &dyn Runner) -> Change {
    Change {
        operation: Operation::Mark,
        to: Some("given up".into()),
        ..change(job, runner)
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
