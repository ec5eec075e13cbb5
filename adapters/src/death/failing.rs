//! Runs of which one step fails: the run goes on with what that step is not for, and the next one, for which
//! nothing is in the way any more, ends as if nothing had failed. Also if the run is killed while it goes on, and
//! whatever happens before the next, that ends as if there had been no run, or a whole one, or one that knew from the
//! beginning what was in its way.

use overlay_resolver::finding::Finding;
use rustix::io::Errno;

use super::machine::{Machine, difference};
use super::{Change, Judge, PART, Subject, Tally, flatpak, ostree, start};
use crate::commit::{CommitError, Failure, commit_until};
use crate::obstacles::Obstacles;
use crate::report::Request;
use crate::thorough::some_of;

/// What a run knows of its obstacles, made worse.
type Planted = fn(&mut Obstacles);

impl Subject {
    /// Fails at a step, if there is such a one. What is in the way of the run then, or why it
    /// can do nothing else.
    fn fail(
        &self,
        machine: &Machine,
        request: &Request,
        step: usize,
        planted: Planted,
    ) -> Option<Result<Obstacles, Finding>> {
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
        Some(met.map(|()| obstacles))
    }

    /// Goes around the obstacles, and dies after some steps of that. Whether it came to its death.
    fn go_on(
        &self,
        machine: &Machine,
        request: &Request,
        obstacles: &Obstacles,
        killed_after: usize,
    ) -> Result<bool, String> {
        let mut left = killed_after;
        machine.make(&self.planner.lock());
        for _ in 0..5 {
            let batch = self.plan(machine, request, obstacles).batch;
            let mut steps = batch.steps.iter();
            if let Some(again) = steps.find(|step| obstacles.files.contains(step.path())) {
                return Err(format!("{again:?} is tried again"));
            }
            if batch.steps.is_empty() {
                return Ok(false);
            }
            let outcome = commit_until(&machine.root(), &batch, left).outcome;
            outcome.expect("nothing else is wrong");
            if left < batch.steps.len() {
                return Ok(true);
            }
            left -= batch.steps.len();
        }
        Err("the run comes to no rest".into())
    }
}

/// A run that is not killed.
const NEVER: usize = usize::MAX;

fn go_on(subject: &Subject, change: &Change, planted: Planted, tally: &mut Tally) {
    let (start, whole) = start(subject, change);
    let request = subject.request(change);
    let mut judge = Judge::new(subject, change, &[&start, &whole]);
    for step in 0.. {
        let machine = Machine::from(&start);
        let Some(met) = subject.fail(&machine, &request, step, planted) else {
            return;
        };
        let name = change.name;
        let failed = format!("failed at step {step}");
        if let Ok(obstacles) = met {
            let left = machine.tree();
            let ended = subject.go_on(&machine, &request, &obstacles, NEVER);
            if let Err(wrong) = ended {
                tally.failures.push(format!("{name}: {failed}: {wrong}"));
            }
            let knew = Machine::from(&start);
            let ended = subject.go_on(&knew, &request, &obstacles, NEVER);
            judge.seen.clear();
            judge.good.truncate(2);
            if ended.is_ok() {
                judge.good.push(judge.ends(&knew.tree()));
            }
            for steps in 0.. {
                let machine = Machine::from(&left);
                let ended = subject.go_on(&machine, &request, &obstacles, steps);
                if ended != Ok(true) {
                    break;
                }
                let killed = format!("{failed}, and killed {steps} steps later");
                judge.judge(&machine, &killed, tally);
            }
        }
        judge.judge(&machine, &failed, tally);
        // Its owner runs the same again.
        subject.run(&machine, &request);
        subject.settle(&machine);
        let differs = difference(&whole, &machine.tree(), subject);
        if !differs.is_empty() {
            let failure = format!("{name}: {failed}, the next run: {differs:#?}");
            tally.failures.push(failure);
        }
    }
}

fn campaign(subject: &Subject, changes: &[Change]) -> Tally {
    let mut tally = Tally::default();
    // Once its directory is made, it is remembered of the remote that stays where it was that it was seen there.
    // That is right, and more than a run knows that never made one.
    let is_alike = |change: &&Change| change.name != ostree::INTO_A_NEW_DIRECTORY;
    let changes: Vec<_> = changes.iter().filter(is_alike).collect();
    for change in some_of(PART, &changes) {
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
    let forget = |obstacles: &mut Obstacles| obstacles.entries.clear();
    go_on(
        &flatpak::subject(),
        change.expect("a change"),
        forget,
        &mut tally,
    );
    let mut failures = tally.failures.iter();
    assert!(failures.any(|failure| failure.contains("verified without a key")));
}
