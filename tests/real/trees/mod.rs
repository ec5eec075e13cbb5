//! Whole trees: the real consumers of layered configuration against ours.
//!
//! Generated roots (`generator.rs`) are given to a consumer and to overlayctl with the rules of that
//! consumer. What the consumer loads — which files, in which order, with which values, or nothing at
//! all — is the truth. Where a consumer's version is known to do otherwise than its rules, that
//! is a row with a name: such trees are counted and printed, never hidden.
//!
//! Each peer is one file, which turns a tree into the peer's answer and our answer into the peer's
//! words. `known.rs` pins what the peers were measured to do, tree by tree.

mod chamber;
mod environment;
mod generator;
mod gkeyfile;
mod helper;
mod known;
mod libeconf;
mod liboverdrop;
mod netplan;
mod networkmanager;
mod ours;
mod parser;
mod systemd;
mod tree;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use overlay_resolver::Rules;
use proptest::strategy::{BoxedStrategy, Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use self::ours::{Answer, ours};
use self::tree::Tree;
use crate::peers::Found;
use crate::{NotRun, how_many};

/// A consumer of layered configuration.
pub(crate) trait Peer {
    /// What it makes of a tree.
    type Answer: PartialEq + fmt::Debug;

    /// Its name and version.
    fn name(&self) -> String;

    /// Our rules for it.
    fn rules(&self) -> Found<Rules>;

    /// The path below the layers.
    fn path(&self) -> &'static str;

    /// The trees it is asked about, and how many of them a thorough trial has.
    fn trees(&self) -> (BoxedStrategy<Tree>, usize);

    /// What it makes of the tree at `root`.
    fn ask(&mut self, root: &Path) -> Self::Answer;

    /// Our answer in its words.
    fn expected(&self, ours: &Answer, tree: &Tree) -> Self::Answer;

    /// Whether it refuses to load anything.
    fn refuses(answer: &Self::Answer) -> bool;

    /// The row that documents why it answers otherwise than its rules say, if one does.
    fn row(
        &self,
        _tree: &Tree,
        _ours: &Self::Answer,
        _theirs: &Self::Answer,
    ) -> Option<&'static str> {
        None
    }
}

/// The trials of this directory.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let mut trials = known::trials(not_run);
    trials.push(trial(
        not_run,
        "systemd cat-config",
        systemd::CatConfig::in_the_root(),
    ));
    trials.push(trial(
        not_run,
        "systemd cat-config of a collection",
        systemd::CatConfig::collection(),
    ));
    trials.push(trial(
        not_run,
        "systemd cat-config --root",
        systemd::CatConfig::from_outside(),
    ));
    trials.push(trial(
        not_run,
        "systemd's parser",
        parser::ParseMany::build(),
    ));
    trials.push(trial(
        not_run,
        "environment.d",
        environment::Generator::find(),
    ));
    trials.push(trial(
        not_run,
        "NetworkManager",
        networkmanager::NetworkManager::find(),
    ));
    for (suite, found) in libeconf::Libeconf::all() {
        trials.push(trial(not_run, &format!("libeconf of {suite}"), found));
    }
    trials.push(trial(not_run, "GLib", gkeyfile::LoadFromDirs::build()));
    trials.push(trial(not_run, "netplan", netplan::Netplan::find()));
    trials.push(trial(not_run, "liboverdrop", Ok(liboverdrop::Liboverdrop)));
    trials
}

fn trial<P: Peer + Send + 'static>(not_run: &NotRun, name: &str, peer: Found<P>) -> Trial {
    let needed = peer.and_then(|peer| peer.rules().map(|rules| (peer, rules)));
    not_run.trial(format!("trees: {name}"), needed, |(peer, rules)| {
        compare(peer, &rules);
    })
}

/// The rules that a TOML text describes.
fn rules(toml: &str) -> Found<Rules> {
    Rules::from_toml(Path::new("peer.toml"), toml.as_bytes()).map_err(|error| error.to_string())
}

/// When a trial ends on a machine that is busy, and what part of its trees it must have seen then.
const PATIENCE: Duration = Duration::from_secs(60);
const ENOUGH: usize = 10;

/// Gives the peer's trees to both; where they differ, fails with the smallest such tree.
fn compare<P: Peer>(mut peer: P, rules: &Rules) {
    let (trees, all) = peer.trees();
    let count = how_many(all);
    let (mut runner, seed) = runner();
    let started = Instant::now();
    let mut tally = Tally::default();
    let mut first = None;
    while tally.compared < count && started.elapsed() < PATIENCE {
        let mut value = trees.new_tree(&mut runner).unwrap();
        let case = Case::of(&mut peer, rules, value.current());
        tally.add(&case);
        if case.differs() && first.is_none() {
            let mut smallest = case;
            while value.simplify() {
                loop {
                    let case = Case::of(&mut peer, rules, value.current());
                    if case.differs() {
                        smallest = case;
                        break;
                    }
                    if !value.complicate() {
                        break;
                    }
                }
            }
            first = Some(smallest);
        }
    }
    let summary = format!(
        "{}: {tally}, {:.1} s",
        peer.name(),
        started.elapsed().as_secs_f32()
    );
    say(&summary);
    if let Some(case) = first {
        panic!("{summary}\n{case}to see it again: PROPTEST_RNG_SEED={seed}");
    }
    assert!(tally.compared * ENOUGH >= count, "{summary}: too slow");
    tally.assert_meaningful();
}

/// A source of values whose seed is known.
fn runner() -> (TestRunner, u64) {
    let mut config = Config::default();
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(0),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    (TestRunner::new(config), seed)
}

/// A tree and what both make of it.
struct Case<A> {
    tree: Tree,
    ours: A,
    theirs: A,
    row: Option<&'static str>,
    refused: bool,
}

impl<A: PartialEq + fmt::Debug> Case<A> {
    fn of<P: Peer<Answer = A>>(peer: &mut P, rules: &Rules, tree: Tree) -> Self {
        let root = chamber::directory();
        tree.write(root.path());
        let ours = ours(root.path(), rules, peer.path());
        tree.complete(root.path());
        let theirs = peer.ask(root.path());
        let ours = peer.expected(&ours, &tree);
        let row = (ours != theirs).then(|| peer.row(&tree, &ours, &theirs));
        Self {
            row: row.flatten(),
            refused: P::refuses(&theirs),
            tree,
            ours,
            theirs,
        }
    }

    fn differs(&self) -> bool {
        self.ours != self.theirs && self.row.is_none()
    }
}

impl<A: fmt::Debug> fmt::Display for Case<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            tree, ours, theirs, ..
        } = self;
        writeln!(f, "{tree:?}theirs: {theirs:#?}\nours: {ours:#?}")
    }
}

/// What came of the trees so far.
#[derive(Debug, Default)]
struct Tally {
    compared: usize,
    differing: usize,
    refused: usize,
    rows: BTreeMap<&'static str, usize>,
}

impl Tally {
    fn add<A: PartialEq + fmt::Debug>(&mut self, case: &Case<A>) {
        self.compared += 1;
        self.differing += usize::from(case.differs());
        self.refused += usize::from(case.refused);
        if let Some(row) = case.row {
            *self.rows.entry(row).or_default() += 1;
        }
    }

    /// Trees that the peer refuses, or that a row excuses, prove little: most must do neither.
    fn assert_meaningful(&self) {
        let documented: usize = self.rows.values().sum();
        assert!(
            self.refused * 2 < self.compared && documented * 4 < self.compared,
            "too few trees are judged: {self}"
        );
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self
            .rows
            .iter()
            .fold(String::new(), |mut rows, (row, count)| {
                let separator = if rows.is_empty() { " (" } else { ", " };
                write!(rows, "{separator}{row}: {count}").unwrap();
                rows
            });
        write!(
            f,
            "{} trees compared, {} differ, {} refused by both, {} documented{rows}{}",
            self.compared,
            self.differing,
            self.refused,
            self.rows.values().sum::<usize>(),
            if rows.is_empty() { "" } else { ")" },
        )
    }
}

fn say(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}
