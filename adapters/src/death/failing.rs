//! Runs of which one step fails: the run goes on with what that step is not for, and the next one, for which
//! nothing is in the way any more, ends as if nothing had failed.

use rustix::io::Errno;

use super::machine::{Machine, difference};
use super::{Change, Subject, Tally, flatpak, ostree, some_of, start};
use crate::commit::{CommitError, Failure, commit, commit_until};
use crate::obstacles::Obstacles;
use crate::report::Request;

/// What a run knows of its obstacles, made worse.
type Planted = fn(&mut Obstacles);

impl Subject {
    /// Fails at a step, if there is such a one. What is wrong with the run after that.
    fn fail(
        &self,
        machine: &Machine,
        request: &Request,
        step: usize,
        planted: Planted,
    ) -> Option<Result<(), String>> {
        let mut obstacles = Obstacles::default();
        let plan = self.plan(machine, request, &obstacles);
        let what = plan.batch.steps.get(step)?;
        machine.make(&self.planner.lock());
        let outcome = commit_until(&machine.root(), &plan.batch, step).outcome;
        outcome.expect("nothing else is wrong");
        let error = CommitError {
            doing: "write",
            path: what.path().to_owned(),
            source: Box::new(Errno::PERM),
        };
        let met = obstacles.meet(&plan, vec![Failure { step, error }]);
        planted(&mut obstacles);
        Some(match met {
            Ok(()) => self.go_on(machine, request, &obstacles),
            // Nothing else can be done.
            Err(_) => Ok(()),
        })
    }

    fn go_on(
        &self,
        machine: &Machine,
        request: &Request,
        obstacles: &Obstacles,
    ) -> Result<(), String> {
        for _ in 0..5 {
            let batch = self.plan(machine, request, obstacles).batch;
            let mut steps = batch.steps.iter();
            if let Some(again) = steps.find(|step| obstacles.files.contains(step.path())) {
                return Err(format!("{again:?} is tried again"));
            }
            if batch.steps.is_empty() {
                return Ok(());
            }
            let outcome = commit(&machine.root(), &batch).outcome;
            outcome.expect("nothing else is wrong");
        }
        Err("the run comes to no rest".into())
    }
}

fn go_on(subject: &Subject, change: &Change, planted: Planted, tally: &mut Tally) {
    let (start, whole) = start(subject, change);
    let request = subject.request(change);
    for step in 0.. {
        let machine = Machine::from(&start);
        let Some(ended) = subject.fail(&machine, &request, step, planted) else {
            return;
        };
        tally.tried += 1;
        let name = change.name;
        if let Err(wrong) = ended {
            tally
                .failures
                .push(format!("{name}: failed at step {step}: {wrong}"));
        }
        if let Some(fault) = (subject.fault)(&machine) {
            tally
                .failures
                .push(format!("{name}: failed at step {step}: {fault}"));
        }
        // Its owner runs the same again.
        subject.run(&machine, &request);
        subject.settle(&machine);
        let differs = difference(&whole, &machine.tree(), subject);
        if !differs.is_empty() {
            let failure = format!("{name}: failed at step {step}, the next run: {differs:#?}");
            tally.failures.push(failure);
        }
    }
}

fn campaign(subject: &Subject, changes: &[Change]) -> Tally {
    let mut tally = Tally::default();
    for change in some_of(changes) {
        go_on(subject, change, |_| {}, &mut tally);
    }
    tally
}

#[test]
fn every_failure_of_flatpak_ends_well() {
    campaign(&flatpak::subject(), &flatpak::changes()).assert_survived("flatpak, failing");
}

#[test]
fn every_failure_of_ostree_ends_well() {
    campaign(&ostree::subject(), &ostree::changes()).assert_survived("ostree, failing");
}

/// A run that goes on with those whose file could not be written would be found.
#[test]
fn victims_that_are_forgotten() {
    let changes = flatpak::changes();
    let change = changes.iter().find(|change| change.name == "a key comes");
    let mut tally = Tally::default();
    let forget = |obstacles: &mut Obstacles| obstacles.remotes.clear();
    go_on(
        &flatpak::subject(),
        change.expect("a change"),
        forget,
        &mut tally,
    );
    let mut failures = tally.failures.iter();
    assert!(failures.any(|failure| failure.contains("verified without a key")));
}
