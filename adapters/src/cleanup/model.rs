//! The protocol of the marker as a model: every order of deploying (with the marker removed, forgotten, or back after a power
//! cut), booting, rolling back, tasks that fail, and power cuts between any two steps. What decides is the
//! program's own: whether a marker is right, whether a job is due. What is written is durable in the model once its step is
//! over; that it is so on disk is what `commit` is tried for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::found::Found;
use super::marker::{Marker, MarkerState};
use crate::runner::{Due, End, Job, Mark};
use crate::thorough::is_thorough;

const DEPLOYMENTS: [&str; 2] = ["A", "B"];
const TASKS: [&str; 2] = ["first", "second"];

/// How often a task is tried; in a plain run of the tests, which has fewer worlds then, once.
fn tries() -> u32 {
    if is_thorough() { 2 } else { 1 }
}

/// All that outlives a power cut, and what happened so far.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    booted: usize,
    marker: Option<Vec<u8>>,
    marks: BTreeMap<(usize, usize), Mark>,
    /// How often each task was begun for each deployment.
    begun: BTreeMap<(usize, usize), u32>,
    /// The tasks that were run to a good end that was written down.
    done: BTreeSet<(usize, usize)>,
}

/// What happens in a boot: what becomes of each task that is run, and after how many steps the power goes.
#[derive(Debug, Clone, Copy)]
struct Boot {
    ends_well: [bool; TASKS.len()],
    steps: usize,
}

/// The power is gone.
struct Cut;

impl World {
    fn new() -> Self {
        Self {
            booted: 0,
            marker: None,
            marks: BTreeMap::new(),
            begun: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    fn job(&self, task: usize) -> Job {
        let path = PathBuf::new();
        let mark = self.marks.get(&(self.booted, task)).cloned();
        Job {
            adapter: String::new(),
            name: TASKS[task].into(),
            command: Vec::new(),
            patience: Duration::MAX,
            is_required: true,
            occasion: String::new(),
            tries: tries(),
            place: path.clone(),
            mark,
            origin: path,
            line: None,
        }
    }

    fn state(&self) -> MarkerState {
        let booted = Some(DEPLOYMENTS[self.booted]);
        let found = self.marker.clone().map_or(Found::Nothing, Found::Text);
        MarkerState::of(&found, booted, "")
    }

    fn is_settled(&self) -> bool {
        let mut tasks = 0..TASKS.len();
        tasks.all(|task| !matches!(self.job(task).due(), Due::Now(_)))
    }

    /// The early unit, then the condition of the other one, and what that runs.
    fn boot(&mut self, boot: Boot) -> Result<(), Cut> {
        let mut left = boot.steps;
        let mut step = || {
            left = left.checked_sub(1).ok_or(Cut)?;
            Ok(())
        };
        match self.state() {
            MarkerState::Current(_) | MarkerState::Absent | MarkerState::Unknown => {}
            _ => {
                step()?;
                self.marker = None;
            }
        }
        if self.marker.is_some() {
            return Ok(());
        }
        for task in 0..TASKS.len() {
            let place = (self.booted, task);
            let Due::Now(begun) = self.job(task).due() else {
                continue;
            };
            step()?;
            self.marks.insert(place, begun.clone());
            // It may run from here on, whether or not it comes to an end.
            assert!(!self.done.contains(&place), "run again: {self:#?}");
            let times = self.begun.entry(place).or_default();
            *times += 1;
            assert!(*times <= tries(), "run too often");
            step()?;
            let end = if boot.ends_well[task] {
                self.done.insert(place);
                End::Done
            } else {
                End::Failed("it failed".into())
            };
            self.marks.insert(place, begun.ended(end));
        }
        if self.is_settled() {
            step()?;
            let marker = Marker {
                deployment: DEPLOYMENTS[self.booted].into(),
                tasks: String::new(),
                boot: String::new(),
                is_degraded: false,
            };
            self.marker = Some(marker.to_bytes());
        }
        Ok(())
    }

    /// Another deployment is to be booted next: a new one or one from before. Whoever deploys removes the marker, or not;
    /// or the removal is lost, which is the same, or half of the file is.
    fn deployed(&self) -> Vec<Self> {
        let others = (0..DEPLOYMENTS.len()).filter(|&other| other != self.booted);
        let each = others.flat_map(|booted| {
            let half = self
                .marker
                .as_ref()
                .map(|text| text[..text.len() / 2].to_vec());
            let markers = [None, self.marker.clone(), half];
            markers.map(|marker| Self {
                booted,
                marker,
                ..self.clone()
            })
        });
        each.collect()
    }
}

fn boots() -> impl Iterator<Item = Boot> {
    let ends = [[true, true], [true, false], [false, true], [false, false]];
    ends.into_iter().flat_map(|ends_well| {
        // Removing a marker, two steps a task, and making one: none is left after so many.
        let steps = 0..=2 + 2 * TASKS.len();
        steps.map(move |steps| Boot { ends_well, steps })
    })
}

#[test]
fn whatever_happens_each_deployment_is_cleaned_once() {
    let (mut seen, mut next) = (BTreeSet::from([World::new()]), vec![World::new()]);
    let mut turns = 0_usize;
    while let Some(world) = next.pop() {
        let mut after = world.deployed();
        for boot in boots() {
            let mut booted = world.clone();
            let is_whole = booted.boot(boot).is_ok();
            // A marker that is believed is true.
            if is_whole && booted.marker.is_some() {
                assert!(booted.is_settled(), "never cleaned: {booted:#?}");
                assert!(matches!(booted.state(), MarkerState::Current(_)));
            }
            after.push(booted);
        }
        turns += after.len();
        // So many boots without a power cut are enough, whatever is tried again.
        let mut later = world.clone();
        for _ in 0..=tries() {
            let whole = Boot {
                ends_well: [false, true],
                steps: usize::MAX,
            };
            assert!(later.boot(whole).is_ok());
        }
        assert!(
            matches!(later.state(), MarkerState::Current(_)),
            "{later:#?}"
        );
        next.extend(after.into_iter().filter(|world| seen.insert(world.clone())));
    }
    println!(
        "the marker: {} worlds, {turns} turns, none wrong",
        seen.len()
    );
    let least = if is_thorough() { 10_000 } else { 500 };
    assert!(seen.len() > least, "{}", seen.len());
}
