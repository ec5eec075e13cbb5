//! The protocol of the marker as a model: every order of what may happen to a system, and power cuts between any two steps of
//! a boot. A deployment comes, or the one before, with the marker removed, forgotten, or back after a power cut; tasks fail; their
//! files change (how often they are tried, whether they are required, which version they are); the owner runs one again; marks and
//! the record are lost; the sysroot is read-only for good. What decides is the program's own: whether a marker is right, whether a job is
//! due, how far all of them are. What is written is durable in the model once its step is over; that it is so on disk is what
//! `commit` is tried for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::marker::{Marker, MarkerState};
use super::progress::{Overall, Progress, TaskProgress};
use crate::job::{Due, End, Job, Mark};
use crate::thorough::is_thorough;

const DEPLOYMENTS: [&str; 2] = ["A", "B"];
const TASKS: [&str; 2] = ["first", "second"];

/// What the file of the first task says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct TaskFile {
    tries: u32,
    is_required: bool,
    version: u8,
}

const TASK: TaskFile = TaskFile {
    tries: 1,
    is_required: true,
    version: 1,
};

/// What may happen beside deploying, booting, tasks that fail and power cuts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// The file of the first task says another number of tries.
    Tries,
    /// It says that it is not required, or that it is.
    Required,
    /// It says another version.
    Version,
    /// The owner has that task run again.
    Again,
    /// What is remembered of that task is lost, or that all was done.
    Lost,
    /// The sysroot becomes one that nobody can write, or is written again.
    ReadOnly,
}

const EVENTS: [Event; 6] = [
    Event::Tries,
    Event::Required,
    Event::Version,
    Event::Again,
    Event::Lost,
    Event::ReadOnly,
];

/// A task of a deployment, of which another version is another one.
type Place = (usize, usize, u8);

/// What has the place of the marker.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Copied {
    Nothing,
    /// Half of one, or somebody's.
    Torn,
    Whole(Marker),
}

/// All that outlives a power cut, and what happened so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    /// How many tasks there are.
    tasks: usize,
    booted: usize,
    file: TaskFile,
    /// Nobody can write the marker, or remove it.
    is_read_only: bool,
    marker: Copied,
    /// The deployments of which it is remembered that a run came to its end.
    records: BTreeSet<usize>,
    marks: BTreeMap<(usize, usize), Mark>,
    /// How often each task was begun since somebody asked for that.
    begun: BTreeMap<Place, u32>,
    /// The tasks that were run to a good end that was written down, and is remembered.
    done: BTreeSet<Place>,
}

/// What happens in a boot: what becomes of each task that is run, and after how many steps the power goes.
#[derive(Debug, Clone, Copy)]
struct Boot {
    ends_well: [bool; TASKS.len()],
    steps: usize,
}

/// A boot in which the power does not go, and the first task fails.
const WHOLE: Boot = Boot {
    ends_well: [false, true],
    steps: usize::MAX,
};

/// The power is gone.
struct Cut;

/// What is left of the power.
struct Power(usize);

impl Power {
    fn step(&mut self) -> Result<(), Cut> {
        self.0 = self.0.checked_sub(1).ok_or(Cut)?;
        Ok(())
    }
}

impl World {
    fn new(tasks: usize) -> Self {
        Self {
            tasks,
            booted: 0,
            file: TASK,
            is_read_only: false,
            marker: Copied::Nothing,
            records: BTreeSet::new(),
            marks: BTreeMap::new(),
            begun: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn file(&self, task: usize) -> TaskFile {
        if task == 0 { self.file } else { TASK }
    }

    fn place(&self, task: usize) -> Place {
        (self.booted, task, self.file(task).version)
    }

    fn job(&self, task: usize) -> Job {
        let (path, file) = (PathBuf::new(), self.file(task));
        let mark = self.marks.get(&(self.booted, task)).cloned();
        Job {
            adapter: String::new(),
            name: TASKS[task].into(),
            command: Vec::new(),
            patience: Duration::MAX,
            is_required: file.is_required,
            occasion: file.version.to_string(),
            tries: file.tries,
            place: path.clone(),
            mark,
            boot: String::new(),
            origin: path,
            line: None,
        }
    }

    fn progress(&self) -> Progress {
        let tasks = (0..self.tasks).map(|task| TaskProgress::of(&self.job(task)));
        Progress {
            tasks: tasks.collect(),
            is_recorded: self.records.contains(&self.booted),
        }
    }

    /// The digest of the tasks: of how often they are tried, and whether they are required, nothing is in it.
    fn digest(&self) -> String {
        self.file.version.to_string()
    }

    fn state(&self) -> MarkerState {
        let booted = DEPLOYMENTS[self.booted];
        let marker = match self.marker.clone() {
            Copied::Nothing => return MarkerState::Absent,
            Copied::Torn => None,
            Copied::Whole(marker) => Some(marker),
        };
        MarkerState::judged(marker, booted, &self.digest(), &self.progress())
    }

    /// Whether nothing that counts is left to be run.
    fn is_settled(&self) -> bool {
        let mut required = (0..self.tasks).filter(|&task| self.file(task).is_required);
        required.all(|task| !matches!(self.job(task).due(), Due::Now(_)))
    }

    /// The early unit, then the conditions of the other one, and what that runs.
    fn boot(&mut self, boot: Boot) -> Result<(), Cut> {
        let mut power = Power(boot.steps);
        let mut is_noted = false;
        match self.state() {
            MarkerState::Absent | MarkerState::Unknown => {}
            MarkerState::Current(_) => is_noted = self.progress().is_degraded(),
            _ if self.is_read_only => is_noted = true,
            _ => {
                power.step()?;
                self.marker = Copied::Nothing;
            }
        }
        if self.marker == Copied::Nothing || is_noted {
            self.run(boot, &mut power)?;
        }
        Ok(())
    }

    /// What the unit runs.
    fn run(&mut self, boot: Boot, power: &mut Power) -> Result<(), Cut> {
        for task in 0..self.tasks {
            if let Due::Now(begun) = self.job(task).due() {
                self.run_task(task, &begun, boot, power)?;
            }
        }
        let progress = self.progress();
        if !progress.is_settled() {
            return Ok(());
        }
        let marker = Marker {
            deployment: DEPLOYMENTS[self.booted].into(),
            tasks: self.digest(),
            boot: String::new(),
            is_degraded: progress.is_degraded(),
        };
        power.step()?;
        self.records.insert(self.booted);
        if !self.is_read_only {
            power.step()?;
            self.marker = Copied::Whole(marker);
        }
        Ok(())
    }

    fn run_task(
        &mut self,
        task: usize,
        begun: &Mark,
        boot: Boot,
        power: &mut Power,
    ) -> Result<(), Cut> {
        let place = self.place(task);
        power.step()?;
        self.marks.insert((self.booted, task), begun.clone());
        // A mark is of one version.
        let is_of_another =
            |other: &Place| (other.0, other.1) == (place.0, place.1) && *other != place;
        self.begun.retain(|other, _| !is_of_another(other));
        self.done.retain(|other| !is_of_another(other));
        // It may run from here on, whether or not it comes to an end.
        assert!(!self.done.contains(&place), "run again: {self:#?}");
        let times = self.begun.entry(place).or_default();
        *times += 1;
        assert!(*times <= self.file(task).tries, "run too often: {self:#?}");
        power.step()?;
        let end = if boot.ends_well[task] {
            self.done.insert(place);
            End::Done
        } else {
            End::Failed("it failed".into())
        };
        self.marks.insert((self.booted, task), begun.ended(end));
        Ok(())
    }

    /// What was done and begun of a task counts no more: somebody has it run again, or what was remembered is lost.
    fn forget(&mut self, task: usize) {
        let booted = self.booted;
        self.begun
            .retain(|place, _| (place.0, place.1) != (booted, task));
        self.done
            .retain(|place| (place.0, place.1) != (booted, task));
    }

    /// Another deployment is to be booted next: a new one or one from before. Whoever deploys removes the marker, or not;
    /// or the removal is lost, which is the same, or half of the file is.
    fn deployed(&self) -> Vec<Self> {
        let others = (0..DEPLOYMENTS.len()).filter(|&other| other != self.booted);
        let each = others.flat_map(|booted| {
            let markers = if self.is_read_only {
                vec![self.marker.clone()]
            } else {
                vec![Copied::Nothing, self.marker.clone(), Copied::Torn]
            };
            markers.into_iter().map(move |marker| Self {
                booted,
                marker,
                ..self.clone()
            })
        });
        each.collect()
    }

    /// What an event may make of it.
    fn after(&self, event: Event) -> Vec<Self> {
        let mut other = self.clone();
        match event {
            Event::Tries => other.file.tries = 3 - self.file.tries,
            Event::Required => other.file.is_required = !self.file.is_required,
            Event::Version => other.file.version = 3 - self.file.version,
            Event::ReadOnly => other.is_read_only = !self.is_read_only,
            Event::Again => return self.again(),
            Event::Lost => {
                other.records.remove(&self.booted);
                let mut lost = self.clone();
                lost.forget(0);
                lost.marks.remove(&(self.booted, 0));
                return vec![other, lost];
            }
        }
        vec![other]
    }

    /// The owner runs a task again, which ends well or not, or the power goes.
    fn again(&self) -> Vec<Self> {
        let ends = [(true, 2), (false, 2), (false, 1)];
        let each = ends.map(|(ends_well, steps)| {
            let mut again = self.clone();
            again.forget(0);
            let begun = again.job(0).anew();
            let boot = Boot {
                ends_well: [ends_well; 2],
                steps,
            };
            let _cut = again.run_task(0, &begun, boot, &mut Power(steps));
            again
        });
        each.into()
    }

    /// That so many boots without a power cut are enough, and nothing is left that nobody is told of.
    fn assert_it_ends(&self) {
        let mut later = self.clone();
        for _ in 0..=TASK.tries + 1 {
            assert!(later.boot(WHOLE).is_ok());
        }
        assert!(later.is_settled(), "never cleaned: {later:#?}");
        let progress = later.progress();
        let expected = if progress.is_degraded() {
            Overall::GivenUp
        } else {
            Overall::Cleaned
        };
        assert_eq!(progress.overall(), expected, "{later:#?}");
        if !later.is_read_only {
            assert!(
                matches!(later.state(), MarkerState::Current(_)),
                "{later:#?}"
            );
        }
    }
}

fn boots(tasks: usize) -> impl Iterator<Item = Boot> {
    let ends = [[true, true], [false, true], [true, false], [false, false]];
    // Of one task, the second may end as it likes.
    let ends = ends.into_iter().take(1 << tasks);
    ends.flat_map(move |ends_well| {
        // Removing a marker, two steps a task, the record and the marker: none is left after so many.
        let steps = 0..=3 + 2 * tasks;
        steps.map(move |steps| Boot { ends_well, steps })
    })
}

/// Tries all that may happen with these events: how many worlds there are, and how often one became another.
fn explore(tasks: usize, events: &[Event]) -> (usize, usize) {
    let first = World::new(tasks);
    let (mut seen, mut next) = (BTreeSet::from([first.clone()]), vec![first]);
    let mut turns = 0_usize;
    while let Some(world) = next.pop() {
        let mut after = world.deployed();
        after.extend(events.iter().flat_map(|&event| world.after(event)));
        for boot in boots(tasks) {
            let mut booted = world.clone();
            let is_whole = booted.boot(boot).is_ok();
            // A marker that is believed is true.
            if is_whole && matches!(booted.state(), MarkerState::Current(_)) {
                assert!(booted.is_settled(), "never cleaned: {booted:#?}");
            }
            after.push(booted);
        }
        turns += after.len();
        world.assert_it_ends();
        next.extend(after.into_iter().filter(|world| seen.insert(world.clone())));
    }
    (seen.len(), turns)
}

/// In a plain run of the tests each event by itself, with one task; else with two, and each with each.
#[test]
fn whatever_happens_each_deployment_is_cleaned_once() {
    let (mut worlds, mut turns) = (0, 0);
    let mut explore = |tasks: usize, events: &[Event]| {
        let explored = explore(tasks, events);
        worlds += explored.0;
        turns += explored.1;
    };
    for (number, &one) in EVENTS.iter().enumerate() {
        if is_thorough() {
            let others = EVENTS.iter().skip(number + 1);
            others.for_each(|&other| explore(1, &[one, other]));
            explore(2, &[one]);
        } else {
            explore(1, &[one]);
        }
    }
    println!("the marker: {worlds} worlds, {turns} turns, none wrong");
    let least = if is_thorough() { 10_000 } else { 500 };
    assert!(worlds > least, "{worlds}");
}
