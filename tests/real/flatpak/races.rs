//! Rule 9: flatpak rewrites the same file without a lock, and sync never costs it an update.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Case;
use super::world::{World, titled};
use crate::how_many;

pub(super) const CASES: &[Case] = &[
    (
        "rule 9, case 43: no update of flatpak's is lost to sync",
        no_update_lost,
    ),
    (
        "rule 9, case 43: two flatpaks and sync come to rest",
        two_flatpaks,
    ),
    (
        "rule 9, case 43: no word of a server's is lost to sync",
        no_word_of_a_server_lost,
    ),
];

/// Of a thorough trial.
const ROUNDS: usize = 30;

/// Runs syncs, each with something new to write, until `work` is done. A sync that gave up loudly
/// is fine; one that ended in any other way is not.
fn while_syncing(world: &World<'_>, work: impl FnOnce() + Send) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let syncs = scope.spawn(|| {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    return round;
                }
                world.vendor("flathub", titled(&format!("round {round}")));
                let report = world.report(&["sync"]);
                assert!([0, 1].contains(&report.code), "{report:#?}");
            }
            0
        });
        let worked = thread::scope(|inner| inner.spawn(work).join());
        done.store(true, Ordering::Relaxed);
        let rounds = syncs.join().expect("syncs");
        worked.expect("flatpak's side");
        assert!(rounds > 1, "sync never ran meanwhile");
    });
}

fn with_two_remotes(world: &World<'_>) {
    for name in ["one", "two"] {
        world.flatpak(&[
            "remote-add",
            "--no-gpg-verify",
            name,
            "http://127.0.0.1:9/own",
        ]);
    }
}

/// Ends the race: our entry and the last values are there.
fn settle(world: &World<'_>) {
    world.vendor("flathub", titled("last"));
    world.sync();
    world.assert_remotes(&["flathub", "one", "two"]);
    world.assert_value("flathub", "xa.title", "last");
    world.assert_settled();
}

/// One flatpak at a time, so that whatever is lost was lost to sync.
fn no_update_lost(world: &World<'_>) {
    with_two_remotes(world);
    let rounds = how_many(ROUNDS);
    while_syncing(world, || {
        for round in 0..rounds {
            for name in ["one", "two"] {
                world.flatpak(&["remote-modify", &format!("--title=round {round}"), name]);
                assert_eq!(
                    world.value(name, "xa.title"),
                    format!("round {round}"),
                    "lost by sync"
                );
            }
        }
    });
    settle(world);
    for name in ["one", "two"] {
        world.assert_value(name, "xa.title", &format!("round {}", rounds - 1));
    }
}

/// Two flatpaks at once also lose updates to each other, so each says its last word alone.
fn two_flatpaks(world: &World<'_>) {
    with_two_remotes(world);
    let rounds = how_many(ROUNDS);
    let modify = |name: &str, title: &str| {
        world.flatpak(&["remote-modify", &format!("--title={title}"), name]);
    };
    while_syncing(world, || {
        thread::scope(|scope| {
            for name in ["one", "two"] {
                scope.spawn(move || (0..rounds).for_each(|round| modify(name, &round.to_string())));
            }
        });
        modify("one", "last word");
        modify("two", "last word");
    });
    settle(world);
    world.assert_value("one", "xa.title", "last word");
    world.assert_value("two", "xa.title", "last word");
}

/// What a server says of itself, flatpak writes at every update.
fn no_word_of_a_server_lost(world: &World<'_>) {
    let (keys, repository) = (world.keys(), world.repository());
    with_two_remotes(world);
    let url = format!("--url={}", repository.url());
    world.flatpak(&["remote-modify", &url, "one"]);
    let rounds = how_many(ROUNDS);
    while_syncing(world, || {
        for round in 0..rounds {
            let title = format!("round {round}");
            repository.describe(&[&format!("--title={title}")], keys, &keys.vendor);
            world.flatpak(&["remote-modify", "--update-metadata", "one"]);
            assert_eq!(world.value("one", "xa.title"), title, "lost by sync");
        }
    });
    settle(world);
    world.assert_value("one", "xa.title", &format!("round {}", rounds - 1));
}
