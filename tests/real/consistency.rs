//! Every command, in text and in JSON, and the library are asked about the same random trees, and no two
//! answers may contradict each other.
//!
//! Nothing here knows what the right answer is: the peers' trials judge that. What is known are laws
//! between answers (`laws/`): `list` and `explain` tell the same of a file, a file without effect can be
//! taken away, a line's fate is that of its assignment, and so on. A tree has several kinds of
//! configuration ([`kinds`]), so one question about all of it is one about many trees.
//!
//! The trees are the same in every run. `PROPTEST_RNG_SEED=N` begins with another one, and so shows the
//! one again whose number a failure names.

mod case;
mod generator;
mod kinds;
mod laws;
mod tree;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tempfile::TempDir;

use self::case::{Case, Contradiction};
use self::laws::Subject;
use self::tree::Tree;
use crate::NotRun;
use crate::generated::say;
use crate::peers::SCRATCH;
use crate::random::Random;
use crate::thorough::one_in;

/// How many roots a thorough trial makes.
const ROOTS: usize = 150;

/// For how long a contradiction is made smaller.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let name = "consistency: no two answers about a tree contradict each other";
    vec![not_run.trial(name.into(), Ok(()), |()| compare())]
}

/// What came of the trees so far.
#[derive(Default)]
struct Tally {
    trees: usize,
    runs: usize,
    compared: usize,
    /// By law, the number of the first root that breaks it.
    broken: BTreeMap<&'static str, (u64, Subject, usize)>,
}

fn compare() {
    let started = Instant::now();
    let seed = std::env::var("PROPTEST_RNG_SEED").ok();
    let first = seed.map_or(0, |seed| seed.parse().expect("a number"));
    let (next, tally) = (AtomicUsize::new(0), Mutex::new(Tally::default()));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if index >= one_in(30, ROOTS) {
                        break;
                    }
                    root(first + u64::try_from(index).unwrap(), &tally);
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    let summary = format!(
        "consistency: {} trees in {} roots, {} questions to the program, {} answers compared, {} laws broken, {:.1} s",
        tally.trees,
        one_in(30, ROOTS),
        tally.runs,
        tally.compared,
        tally.broken.len(),
        started.elapsed().as_secs_f32()
    );
    say(&summary);
    let report: Vec<_> = std::thread::scope(|scope| {
        let broken = tally.broken.iter().map(|(law, (number, subject, count))| {
            scope.spawn(move || {
                let (tree, contradiction) = smallest(*number, subject, law);
                format!("== {contradiction}{tree}({count} times; to see it again: PROPTEST_RNG_SEED={number})\n")
            })
        });
        let broken: Vec<_> = broken.collect();
        broken
            .into_iter()
            .map(|report| report.join().unwrap())
            .collect()
    });
    let report = report.join("\n");
    assert!(report.is_empty(), "{summary}\n{report}");
}

/// Asks about one root.
fn root(number: u64, tally: &Mutex<Tally>) {
    let mut random = Random::of(number);
    let (tree, kinds) = generator::tree(&mut random);
    let root = written(&tree);
    let case = Case::new(root.path());
    let mut broken = Vec::new();
    for subject in laws::subjects(&mut random, &tree, &kinds) {
        laws::examine(&case, &tree, &subject);
        broken.extend(
            case.found()
                .into_iter()
                .map(|found| (found.law, subject.clone())),
        );
    }
    let [runs, compared] = case.counts();
    let mut tally = tally.lock().unwrap();
    tally.trees += kinds.len();
    tally.runs += runs;
    tally.compared += compared;
    for (law, subject) in broken {
        let known = tally.broken.entry(law).or_insert((number, subject, 0));
        known.2 += 1;
    }
}

fn written(tree: &Tree) -> TempDir {
    let root = TempDir::new_in(SCRATCH).unwrap();
    tree.write(root.path());
    root
}

/// The contradiction, and what is left of the tree when all is taken away that it does not need.
fn smallest(number: u64, subject: &Subject, law: &str) -> (Tree, Contradiction) {
    let started = Instant::now();
    let breaks = |tree: &Tree| {
        let root = written(tree);
        let case = Case::new(root.path());
        laws::examine(&case, tree, subject);
        case.found().into_iter().find(|found| found.law == law)
    };
    let (mut tree, _) = generator::tree(&mut Random::of(number));
    let mut contradiction = breaks(&tree).expect("the same answers as before");
    let mut size = tree.len().div_ceil(2);
    while size > 0 && started.elapsed() < PATIENCE {
        let mut start = 0;
        while start < tree.len() && started.elapsed() < PATIENCE {
            let range: Range<usize> = start..start + size;
            let smaller = tree.without(range);
            match breaks(&smaller) {
                Some(found) => (tree, contradiction) = (smaller, found),
                None => start += size,
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    (tree, contradiction)
}
