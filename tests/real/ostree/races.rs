//! ostree rewrites its repository's configuration without a lock, and makes files of remotes while sync is
//! at work: nothing of its own is lost.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::Case;
use super::world::{URL, World, plain};
use crate::how_many;

pub(super) const CASES: &[Case] = &[(
    "case 43: no update of ostree's is lost to sync",
    no_update_lost,
)];

const ROUNDS: usize = 40;

fn no_update_lost(world: &World<'_>) {
    let rounds = how_many(ROUNDS).max(8);
    let done = AtomicBool::new(false);
    let give = |round: usize| {
        world.vendor("v", plain("v", &format!("{URL}/{round}")));
        world.write(
            "usr/lib/ostree/collections.d/self.conf",
            format!("[Collection]\nRepository=true\nCollectionID=org.example.Os{round}\n"),
        );
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0.. {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                give(round);
                let report = world.report(&["sync"]);
                assert!([0, 1].contains(&report.code), "{report:#?}");
            }
        });
        for round in 0..rounds {
            let value = round.to_string();
            world.ostree(&["config", "set", "owner.round", &value]);
            let kept = world.ostree(&["config", "get", "owner.round"]);
            assert_eq!(kept.trim(), value, "lost by sync");
            let name = format!("own{round}");
            world.ostree(&["remote", "add", "--no-gpg-verify", &name, URL]);
        }
        done.store(true, Ordering::Relaxed);
    });
    give(1_000_000);
    world.sync();
    let listed = world.ostree(&["remote", "list"]);
    assert_eq!(listed.lines().count(), rounds + 1, "{listed}");
    assert_eq!(
        world.ostree(&["remote", "show-url", "v"]).trim(),
        format!("{URL}/1000000")
    );
    let id = world.ostree(&["config", "get", "core.collection-id"]);
    assert_eq!(id.trim(), "org.example.Os1000000");
    world.assert_settled();
}
