//! One run of an adapter whose entries are run: each job by itself, counted before, marked after. One that fails
//! starves no other.

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use crate::code;
use crate::commit::{Ended, Lock, Outcome, commit};
use crate::obstacles;
use crate::plan::with_documents;
use crate::report::{
    Change, Decision, EntryReport, Matter, Operation, Remark, Report, Request, RunDecision,
};
use crate::run::READ_TOTAL;
use crate::runner::{Agenda, Due, Job, Mark, Runner};

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

    /// What would be run.
    pub(crate) fn plan(&self) -> Report {
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
            entries.push(EntryReport {
                adapter: job.adapter,
                name: job.name,
                noun: self.runner.noun(),
                whole: false,
                is_ambiguous: false,
                decision: Decision::Run(decision),
                layered: None,
                beside: Vec::new(),
                keys: Vec::new(),
            });
        }
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

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tree of the test")]

    use std::fs;
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use overlay_resolver::rules::Rules;

    use super::*;
    use crate::commit::{Batch, Step, commit_until};
    use crate::planner::SourcePath;
    use crate::process;
    use crate::runner::mark_file;

    const STATE: &str = "/state";

    /// Scripts, by name, each to be done once for an occasion.
    #[derive(Debug)]
    struct Tasks {
        place: PathBuf,
        scripts: Vec<(&'static str, &'static str)>,
        occasion: &'static str,
        /// Whether another program writes each mark meanwhile.
        is_contended: bool,
    }

    impl Runner for Tasks {
        fn noun(&self) -> &'static str {
            "task"
        }

        fn sources(&self) -> Vec<SourcePath> {
            vec![SourcePath {
                path: "tasks.d".into(),
                adapter: "tasks".into(),
                rules: Rules::default(),
                whole: false,
            }]
        }

        fn lock(&self) -> PathBuf {
            STATE.into()
        }

        fn due(&self, root: &Root, _: &Request) -> Agenda {
            let mut agenda = Agenda::default();
            let [source] = &self.sources()[..] else {
                panic!("it has one");
            };
            for (name, _) in &self.scripts {
                let path = mark_file(Path::new(STATE), name);
                let text = root.read(&path, 1 << 16).unwrap_or_default();
                agenda.jobs.push(Job {
                    adapter: source.adapter.clone(),
                    name: (*name).into(),
                    occasion: self.occasion.into(),
                    tries: 2,
                    mark: text.map(|text| Mark::parse(&text, &path).unwrap()),
                    origin: "/usr/lib/tasks.d/x.toml".into(),
                });
            }
            agenda
        }

        fn mark(&self, job: &Job, before: Option<&Mark>, after: &Mark) -> Batch {
            let theirs = self.is_contended.then(|| b"theirs".to_vec());
            Batch::from(vec![Step::Replace {
                path: mark_file(&self.lock(), &job.name),
                expected: theirs.or_else(|| before.map(Mark::to_bytes)),
                content: after.to_bytes(),
            }])
        }

        fn run(&self, _: &Root, job: &Job) -> Result<(), Finding> {
            let (_, script) = self
                .scripts
                .iter()
                .find(|(name, _)| *name == job.name)
                .unwrap();
            let script = format!("cd \"$1\" && echo {} >> ran; {script}", job.name);
            let place = self.place.to_str().unwrap();
            let arguments = ["-c", &script, "sh", place].map(str::to_owned);
            process::run(Path::new("/bin/sh"), &arguments, Duration::from_secs(60))
                .map_err(|why| code::RUN_FAILED.error(&job.origin, why.to_string()))
        }
    }

    /// A tree, and what runs in it.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn tasks(&self, occasion: &'static str) -> Tasks {
            Tasks {
                place: self.0.path().to_owned(),
                scripts: vec![("bad", "exit 1"), ("good", "exit 0")],
                occasion,
                is_contended: false,
            }
        }

        fn root(&self) -> Root {
            Root::open(self.0.path()).unwrap()
        }

        /// The codes and states of both, and how many errors there are to tell.
        fn run(&self, occasion: &'static str) -> ([String; 2], usize) {
            let (root, tasks) = (self.root(), self.tasks(occasion));
            let report = Jobs::new(&root, &tasks, &Request::default()).carry_out();
            let states = report.by_entry();
            let words = report.entries.iter().map(|entry| {
                let state = states.state_of(entry).word();
                format!("{} {state}", entry.decision.code())
            });
            let words: Vec<_> = words.collect();
            let told = report.findings.len() + report.remarks.len();
            (words.try_into().unwrap(), told)
        }

        fn ran(&self) -> String {
            let ran = fs::read_to_string(self.0.path().join("ran")).unwrap_or_default();
            ran.lines().collect::<Vec<_>>().join(" ")
        }
    }

    fn words(bad: &str, good: &str) -> [String; 2] {
        [bad.into(), good.into()]
    }

    #[test]
    fn one_that_fails_starves_no_other_and_is_given_up() {
        let machine = Machine(tempfile::tempdir().unwrap());
        let first = machine.run("A");
        assert_eq!(first, (words("run-failed failed", "done done"), 1));
        let second = machine.run("A");
        assert_eq!(second, (words("given-up given-up", "done done"), 2));
        // That it was given up is told each time, and it is not run.
        let third = machine.run("A");
        assert_eq!(third, (words("given-up given-up", "done done"), 1));
        assert_eq!(machine.ran(), "bad good bad");
        assert_eq!(machine.run("B").0, words("run-failed failed", "done done"));
        assert_eq!(machine.ran(), "bad good bad bad good");
    }

    #[test]
    fn what_cannot_be_counted_is_not_run_and_was_not_tried() {
        let machine = Machine(tempfile::tempdir().unwrap());
        machine.run("A");
        let (root, mut tasks) = (machine.root(), machine.tasks("A"));
        tasks.is_contended = true;
        let report = Jobs::new(&root, &tasks, &Request::default()).carry_out();
        let bad = &report.entries[0].decision;
        let expected = RunDecision::Failed { tries: 1, of: 2 };
        assert_eq!(*bad, Decision::Run(expected));
        let codes: Vec<_> = report.findings.iter().map(|one| one.code.name()).collect();
        assert_eq!((codes, report.changes), (vec!["contended"], Vec::new()));
        assert_eq!(machine.ran(), "bad good");
    }

    #[test]
    fn a_plan_says_what_is_due_and_runs_nothing() {
        let machine = Machine(tempfile::tempdir().unwrap());
        let (root, tasks) = (machine.root(), machine.tasks("A"));
        let report = Jobs::new(&root, &tasks, &Request::default()).plan();
        let due: Vec<_> = report
            .pending
            .iter()
            .map(|change| &*change.subject)
            .collect();
        assert_eq!(due, ["bad", "good"]);
        assert_eq!(machine.ran(), "");
        assert_eq!(fs::read_dir(machine.0.path()).unwrap().count(), 0);
    }

    /// The machine goes down while a job runs, or before its end was written down.
    #[test]
    fn one_that_takes_the_machine_down_was_counted() {
        let machine = Machine(tempfile::tempdir().unwrap());
        let (root, tasks) = (machine.root(), machine.tasks("A"));
        fs::create_dir(machine.0.path().join("state")).unwrap();
        for tries in 1..=2 {
            let job = tasks.due(&root, &Request::default()).jobs.remove(1);
            let Due::Now(begun) = job.due() else {
                panic!("it was tried {} times only", tries - 1);
            };
            assert_eq!(begun.tries, tries);
            let batch = tasks.mark(&job, job.mark.as_ref(), &begun);
            commit(&root, &batch).outcome.unwrap();
            let done = Mark {
                is_done: true,
                ..begun.clone()
            };
            let batch = tasks.mark(&job, Some(&begun), &done);
            commit_until(&root, &batch, 0).outcome.unwrap();
        }
        assert_eq!(machine.run("A").0[1], "given-up given-up");
        assert_eq!(machine.ran(), "bad");
    }

    #[test]
    fn a_job_whose_mark_has_no_place_is_not_run() {
        let machine = Machine(tempfile::tempdir().unwrap());
        // A directory has the place of its mark.
        fs::create_dir_all(machine.0.path().join("state/good.run/x")).unwrap();
        let (root, tasks) = (machine.root(), machine.tasks("A"));
        let report = Jobs::new(&root, &tasks, &Request::default()).carry_out();
        let good = &report.entries[1].decision;
        let expected = RunDecision::Failed { tries: 0, of: 2 };
        assert_eq!(*good, Decision::Run(expected));
        assert_eq!(machine.ran(), "bad");
    }
}
