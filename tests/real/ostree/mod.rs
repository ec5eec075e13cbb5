//! overlayctl against the real ostree: the rules of the ostree adapter, one trial a rule or case, each run
//! with every ostree there is, on a live system repository and on a deployment that is not booted.

mod adoption;
mod bricks;
mod collections;
mod deployments;
mod entries;
mod faults;
mod histories;
mod keyrings;
mod races;
mod scripts;
pub(crate) mod victims;
pub(crate) mod world;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::NotRun;
use crate::flatpak::bench::Bench;
use crate::peers::Found;
use world::{Ostree, World};

/// A trial's name, which carries the rule or case it holds overlayctl to, and what it does.
type Case = (&'static str, fn(&World<'_>));

const CASES: &[&[Case]] = &[
    entries::CASES,
    bricks::CASES,
    adoption::CASES,
    keyrings::CASES,
    collections::CASES,
    deployments::CASES,
    scripts::CASES,
    races::CASES,
    faults::CASES,
    victims::CASES,
    histories::CASES,
];

/// Every case with every ostree.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let bench = Bench::new().map(Arc::new);
    let ready = |(name, ostree): (String, Found<Ostree>)| {
        let bench = bench.clone();
        let both = bench.and_then(|bench| Ok((bench, Arc::new(ostree?))));
        (name, both)
    };
    let versions = Ostree::all().into_iter().map(ready);
    not_run.with_versions(versions, &CASES.concat(), |run, (bench, ostree)| {
        run(&World::new(bench, ostree));
    })
}
