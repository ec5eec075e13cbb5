//! Runs of which one step fails: the run goes on with what that step is not for, and the next one, for which
//! nothing is in the way any more, ends as if nothing had failed.

use rustix::io::Errno;

use super::machine::{Machine, difference};
use super::{Change, Subject, Tally, flatpak, ostree, some_of, start};
use crate::commit::{CommitError, Failure, commit, commit_until};
use crate::obstacles::Obstacles;
use crate::report::Request;

impl Subject {
    /// Fails at a step. Whether there is such a one.
    fn fail(&self, machine: &Machine, request: &Request, step: usize) -> bool {
        let mut obstacles = Obstacles::default();
        let plan = self.plan(machine, request, &obstacles);
        let Some(what) = plan.batch.steps.get(step) else {
            return false;
        };
        machine.make(&self.planner.lock());
        let outcome = commit_until(&machine.root(), &plan.batch, step).outcome;
        outcome.expect("nothing else is wrong");
        let error = CommitError {
            doing: "write",
            path: what.path().to_owned(),
            source: Box::new(Errno::PERM),
        };
        if obstacles
            .meet(&plan, vec![Failure { step, error }])
            .is_err()
        {
            return true;
        }
        for _ in 0..5 {
            let batch = self.plan(machine, request, &obstacles).batch;
            assert!(
                batch
                    .steps
                    .iter()
                    .all(|step| !obstacles.files.contains(step.path())),
                "{obstacles:?} is tried again by {batch:?}"
            );
            if batch.steps.is_empty() {
                return true;
            }
            let outcome = commit(&machine.root(), &batch).outcome;
            outcome.expect("nothing else is wrong");
        }
        panic!("it comes to no rest after {obstacles:?}");
    }
}

fn go_on(subject: &Subject, change: &Change, tally: &mut Tally) {
    let (start, whole) = start(subject, change);
    let request = subject.request(change);
    for step in 0.. {
        let machine = Machine::from(&start);
        if !subject.fail(&machine, &request, step) {
            return;
        }
        tally.tried += 1;
        let name = change.name;
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
        go_on(subject, change, &mut tally);
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
