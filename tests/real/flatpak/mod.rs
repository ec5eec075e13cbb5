//! overlayctl against the real flatpak: the rules of the flatpak adapter, one trial a rule or case,
//! each run with every flatpak there is.

mod apps;
pub(crate) mod bench;
mod definitions;
mod deletion;
mod differential;
mod faults;
mod files;
mod generator;
mod histories;
mod keyrings;
mod masks;
mod offline;
mod others;
mod private;
mod races;
mod scripts;
mod spellings;
mod updates;
mod victims;
mod world;

use std::sync::Arc;

use libtest_mimic::Trial;

use crate::NotRun;
use crate::peers::{Flatpak, Found};
use bench::Bench;
use world::World;

/// A trial's name, which carries the rule or case it holds overlayctl to, and what it does.
type Case = (&'static str, fn(&World<'_>));

const CASES: &[&[Case]] = &[
    deletion::CASES,
    definitions::CASES,
    masks::CASES,
    updates::CASES,
    keyrings::CASES,
    apps::CASES,
    files::CASES,
    others::CASES,
    races::CASES,
    scripts::CASES,
    offline::CASES,
    differential::CASES,
    spellings::CASES,
    faults::CASES,
    victims::CASES,
    histories::CASES,
    private::CASES,
];

/// Every case with every flatpak.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let bench = Bench::new().map(Arc::new);
    let ready = |(name, flatpak): (String, Found<Flatpak>)| {
        let bench = bench.clone();
        let both = bench.and_then(|bench| Ok((bench, Arc::new(flatpak?))));
        (name, both)
    };
    let versions = Flatpak::all().into_iter().map(ready);
    not_run.with_versions(versions, &CASES.concat(), |run, (bench, flatpak)| {
        run(&World::new(bench, flatpak));
    })
}
