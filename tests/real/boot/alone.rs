//! A story has its mounts for itself: they, and the loop devices below them, go with its thread, or with the run if that is
//! killed.

use std::panic::resume_unwind;
use std::path::Path;
use std::process::Command;
use std::thread;

use nix::sched::{CloneFlags, unshare};

use crate::peers::read;

/// Runs it in a mount namespace of its own.
pub(crate) fn alone(story: impl FnOnce() + Send) {
    let told = thread::scope(|scope| {
        let own = move || {
            unshare(CloneFlags::CLONE_NEWNS).expect("a namespace");
            mount(&["--make-rprivate", "/"]);
            story();
        };
        scope.spawn(own).join()
    });
    told.unwrap_or_else(|panic| resume_unwind(panic));
}

pub(crate) fn mount(arguments: &[&str]) {
    read(Command::new("mount").args(arguments)).expect("it is mounted");
}

pub(crate) fn unmount(place: &Path) {
    read(Command::new("umount").arg(place)).expect("it is unmounted");
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}
