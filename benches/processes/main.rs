//! What users run, timed as whole processes, each in turn with the others in the same run: reading layered
//! configuration beside the least that it costs ([`floor.c`](floor.c)) and beside the peers, and a `sync` that
//! has nothing to do, as at every boot, beside a program that does nothing.
//!
//! `cargo bench --bench processes` prints medians; `-- read 1000` or `-- sync 12` only the tables and sizes that
//! are named. Trust the ratios: they hold where the machine is shared, and processor time (user and system) more
//! than the time that passed. `cargo test --bench processes` only sees that all of it works.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tree is a directory of the host, made by the benchmark, which prints"
)]

mod measure;
mod trees;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use measure::{Measurer, Program};
use trees::LAYERS;

/// What is asked for.
struct Asked {
    /// Whether it is to be timed; otherwise each program runs once or twice.
    thorough: bool,
    tables: Vec<String>,
    sizes: Vec<usize>,
}

impl Asked {
    fn new() -> Self {
        let given: Vec<_> = std::env::args().skip(1).collect();
        Self {
            // cargo says so to a benchmark, and not to a test.
            thorough: given.iter().any(|argument| argument == "--bench"),
            sizes: given.iter().filter_map(|arg| arg.parse().ok()).collect(),
            tables: given
                .into_iter()
                .filter(|arg| arg == "read" || arg == "sync")
                .collect(),
        }
    }

    fn has(&self, table: &str) -> bool {
        self.tables.is_empty() || self.tables.iter().any(|asked| asked == table)
    }

    fn sizes(&self, usual: &[usize]) -> Vec<usize> {
        if !self.sizes.is_empty() {
            self.sizes.clone()
        } else if self.thorough {
            usual.to_vec()
        } else {
            vec![10]
        }
    }

    /// How often each program runs.
    fn runs(&self, size: usize) -> usize {
        match size {
            _ if !self.thorough => 1,
            0..100 => 101,
            100..10_000 => 31,
            _ => 7,
        }
    }
}

fn main() {
    let asked = Asked::new();
    let place = tempfile::tempdir().expect("a directory");
    let measurer = Measurer::new(place.path());
    if asked.thorough {
        // The one beside a benchmark has all that its libraries can do for the tests: half a megabyte more.
        build(&["--package", "overlayctl", "--bin", "overlayctl"]);
    }
    if asked.has("read") {
        let floor = measure::compile("floor", place.path());
        measure::headline("fragments", "floor");
        for size in asked.sizes(&[10, 1_000, 100_000]) {
            let root = place.path().join(size.to_string());
            trees::fragments(&root, size);
            let programs = readers(&floor, &root, size);
            measurer.compare(size, &programs, asked.runs(size));
            fs::remove_dir_all(&root).expect("the tree goes");
        }
    }
    if asked.has("sync") {
        let empty = measure::compile("empty", place.path());
        measure::headline("remotes", "empty");
        for size in asked.sizes(&[1, 12, 100, 1_000]) {
            let roots = [
                ("sync, flatpak", trees::flatpak as fn(&Path, usize)),
                ("sync, ostree", trees::ostree),
            ]
            .map(|(name, make)| {
                let root = place.path().join(format!("{name} {size}"));
                make(&root, size);
                (name, root)
            });
            let mut programs = vec![Program::new("empty program", Command::new(&empty))];
            for (name, root) in &roots {
                let mut sync = overlayctl(root);
                sync.arg("sync");
                // The first run has something to do.
                assert!(measure::succeeds(&mut sync), "{name}");
                programs.push(Program::new(name, sync));
            }
            measurer.compare(size, &programs, asked.runs(size));
        }
    }
}

fn overlayctl(root: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
    command.arg("--root").arg(root);
    command
}

/// The floor first, ours next, then the peers that this machine has and that get done.
fn readers(floor: &Path, root: &Path, size: usize) -> Vec<Program> {
    let mut least = Command::new(floor);
    let directories = LAYERS.iter().rev();
    least.args(directories.map(|(layer, _)| root.join(layer).join("x.d")));
    let mut programs = vec![Program::new("floor", least)];
    for (name, arguments) in [
        ("overlayctl digest", &["digest", "x.d"][..]),
        ("overlayctl show", &["show", "x.d"]),
        (
            "overlayctl explain KEY",
            &["explain", "x.d", trees::SECTION],
        ),
    ] {
        let mut command = overlayctl(root);
        command.args(arguments);
        programs.push(Program::new(name, command));
    }
    let mut command = Command::new(example("liboverdrop"));
    command.arg(root).arg("x.d");
    programs.push(Program::new("liboverdrop and reading", command));
    let mut command = Command::new("systemd-analyze");
    command
        .arg(format!("--root={}", root.display()))
        .args(["cat-config", "x.d"]);
    programs.push(Program::new("systemd-analyze cat-config", command));
    // It takes the square of the time and more.
    if size <= 1_000 {
        let mut command = Command::new("econftool");
        command.env("ECONFTOOL_ROOT", root).args(["show", "x.conf"]);
        programs.push(Program::new("econftool show", command));
    }
    programs
}

/// A program of the resolver's `examples/`, built as this benchmark was, beside it.
fn example(name: &str) -> PathBuf {
    build(&["--package", "overlay-resolver", "--example", name]);
    directory().join("examples").join(name)
}

/// Where cargo puts what it builds.
fn directory() -> &'static Path {
    let target = Path::new(env!("CARGO_BIN_EXE_overlayctl")).parent();
    target.expect("a directory")
}

fn build(what: &[&str]) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet"]).args(what);
    if directory().ends_with("release") {
        cargo.arg("--release");
    }
    assert!(measure::succeeds(&mut cargo), "cargo builds {what:?}");
}
