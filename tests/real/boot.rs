//! Systems that are booted: a tree that `make install` was run into, with its own systemd as PID 1 of a container. One file a
//! story.

mod alone;
mod cleanup;
mod container;
mod deployed;
mod disk;
mod ostree;
mod power;
mod programs;
mod protocol;
mod remotes;
mod shut_down;
mod soft_reboot;
mod system;
mod tree;

use libtest_mimic::Trial;

use self::alone::alone;
use self::disk::FileSystem;
use self::system::System;
pub(crate) use self::tree::Tree;
use crate::NotRun;
use crate::peers::Found;

type Story = fn(&System);
/// One of a system that ostree deploys.
type Deployed = fn(&Tree);

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let stories: [(&str, Story); 15] = [
        (
            "the vendor's remotes come, and what the owner did stays",
            remotes::stay,
        ),
        ("each deployment is cleaned once", cleanup::once),
        ("a deploy script forgot the marker", cleanup::forgotten),
        ("a directory has the marker's place", cleanup::directory),
        ("a rollback cleans nothing again", cleanup::rollback),
        ("a sysroot that is mounted read-only", cleanup::read_only),
        (
            "a sysroot that is read-only for good",
            cleanup::read_only_for_good,
        ),
        (
            "tasks that fail and hang are given up aloud",
            cleanup::given_up,
        ),
        (
            "a task that is run again and fails is done by the next boot",
            cleanup::again,
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
        (
            "a shutdown while a task runs is no try of it",
            shut_down::is_no_try,
        ),
        (
            "a program of a task is found in a home, too",
            programs::are_found,
        ),
        (
            "a task that somebody stops is not done",
            shut_down::is_no_success,
        ),
    ];
    let why = "systems are not booted; OVERLAYCTL_THOROUGH=1 does";
    let found = |found: Found<Tree>| not_run.only_thorough(why).and(found);
    let trees: Vec<_> = Tree::all()
        .into_iter()
        .map(|(name, tree)| (name, found(tree)))
        .collect();
    let mut trials = not_run.with_versions(trees.clone(), &stories, |story, tree| {
        alone(|| story(&System::new(tree)));
    });
    let file_systems = [
        ("the power goes at any moment, on ext4", FileSystem::Ext4),
        ("the power goes at any moment, on xfs", FileSystem::Xfs),
    ];
    trials.extend(
        not_run.with_versions(trees.clone(), &file_systems, |file_system, tree| {
            alone(|| power::converges(tree, file_system));
        }),
    );
    let by_ostree: [(&str, Deployed); 1] = [(
        "ostree updates it, and it goes back and forward again",
        ostree::updates,
    )];
    trials.extend(not_run.with_versions(trees, &by_ostree, |story, tree| {
        alone(|| story(tree));
    }));
    // The oldest knows no such reboot.
    let name = "booted with the newest systemd: a soft reboot into another deployment".into();
    trials.push(not_run.trial(name, found(Tree::newest()), |tree| {
        alone(|| soft_reboot::cleans(&tree));
    }));
    // No systemd has a part in it.
    for file_system in [FileSystem::Ext4, FileSystem::Xfs] {
        let name = format!("booted without systemd: the marker on {file_system}, over power cuts");
        trials.push(not_run.trial(name, found(Tree::oldest()), move |tree| {
            alone(|| protocol::holds(&tree, file_system));
        }));
    }
    trials
}
