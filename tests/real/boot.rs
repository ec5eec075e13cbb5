//! Systems that are booted: a tree that `make install` was run into, with its own systemd as PID 1 of a container. One file a
//! story.

mod cleanup;
mod container;
mod remotes;

use libtest_mimic::Trial;

use self::container::{System, Tree};
use crate::NotRun;

type Story = (&'static str, fn(&System));

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let stories: [Story; 9] = [
        (
            "the vendor's remotes come, and what the owner did stays",
            remotes::stay,
        ),
        ("each deployment is cleaned once", cleanup::once),
        ("a deploy script forgot the marker", cleanup::forgotten),
        ("a rollback cleans nothing again", cleanup::rollback),
        ("a sysroot that is mounted read-only", cleanup::read_only),
        (
            "tasks that fail and hang are given up aloud",
            cleanup::given_up,
        ),
        (
            "a task that takes the machine down is counted",
            cleanup::takes_down,
        ),
        (
            "a boot that is not healthy cleans nothing",
            cleanup::unhealthy,
        ),
        ("the power goes while tasks run", cleanup::power_cut),
    ];
    let trial = |(name, run): Story| {
        not_run.trial(format!("booted: {name}"), Tree::find(), move |tree| {
            run(&System::new(&tree));
        })
    };
    stories.into_iter().map(trial).collect()
}
