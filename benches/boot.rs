//! What a run that has nothing to do costs at boot, as a ratio to starting a program that does nothing.
//!
//! `cargo bench` prints the medians of both, measured in turn in the same run, for some numbers of
//! remotes. Whole processes are timed: that is what a boot pays.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "an image is a directory of the host, made by the benchmark, which prints"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 101;

fn main() {
    for remotes in [1, 10, 100, 1000] {
        let place = tempfile::tempdir().expect("a directory");
        make_image(place.path(), remotes);
        let mut sync = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
        sync.arg("--root").arg(place.path()).arg("sync");
        let mut nothing = Command::new("/bin/true");
        time(&mut sync);
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(time(&mut sync));
            floor.push(time(&mut nothing));
        }
        let (ours, floor) = (median(ours), median(floor));
        let ratio = ours.as_secs_f64() / floor.as_secs_f64();
        println!("{remotes:5} remotes: {ours:9.1?}, an empty program {floor:9.1?}: {ratio:5.2}");
    }
}

fn make_image(root: &Path, remotes: usize) {
    let directory = root.join("usr/share/flatpak/remotes.d");
    fs::create_dir_all(&directory).expect("a directory");
    for number in 0..remotes {
        let text = include_str!("../data/demo/flathub.flatpakrepo");
        fs::write(directory.join(format!("remote{number}.flatpakrepo")), text).expect("a file");
    }
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let status = command.stdout(Stdio::null()).status().expect("it runs");
    assert!(status.success());
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
