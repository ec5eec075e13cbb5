//! What resolving, merging and knowing every origin costs, as a ratio to the floor: a C program that
//! only opens, reads and closes the same files (`resolve/floor.c`).
//!
//! `cargo bench --bench resolve` times whole processes in turn, ours and each peer's, in the same run
//! on the same trees, and prints medians and ratios. Numbers of fragments may be given as arguments.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a tree is a directory of the host, made by the benchmark, which prints"
)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Lowest first, each with its share of the fragments in percent.
const LAYERS: [(&str, usize); 4] = [
    ("usr/lib", 60),
    ("usr/local/lib", 10),
    ("run", 10),
    ("etc", 20),
];

fn main() {
    let place = tempfile::tempdir().expect("a directory");
    let floor = compile(place.path());
    let given: Vec<usize> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    let sizes = if given.is_empty() {
        vec![10, 1_000, 100_000]
    } else {
        given
    };
    println!(
        "{:>9}  {:28}  {:>10}  ratio to the floor",
        "fragments", "program", "median"
    );
    for size in sizes {
        let root = place.path().join(size.to_string());
        make_tree(&root, size);
        let runs = if size > 10_000 { 11 } else { 101 };
        let mut programs = programs(&floor, &root, size);
        let mut times = vec![Vec::new(); programs.len()];
        for run in 0..=runs {
            for ((_, command), times) in programs.iter_mut().zip(&mut times) {
                let time = time(command);
                // The first round warms up.
                if run > 0 {
                    times.push(time);
                }
            }
        }
        let medians: Vec<_> = times.into_iter().map(median).collect();
        for ((name, _), time) in programs.iter().zip(&medians) {
            let ratio = time.as_secs_f64() / medians[0].as_secs_f64();
            println!("{size:9}  {name:28}  {time:>10.2?}  {ratio:5.2}");
        }
        fs::remove_dir_all(&root).expect("the tree goes");
    }
}

/// The floor first, ours next, then the peers that this machine has and that get done.
fn programs(floor: &Path, root: &Path, size: usize) -> Vec<(&'static str, Command)> {
    let mut programs = Vec::new();
    let mut command = Command::new(floor);
    command.args(
        LAYERS
            .iter()
            .rev()
            .map(|(layer, _)| root.join(layer).join("x.d")),
    );
    programs.push(("floor", command));
    let mut command = Command::new(example("resolve"));
    command.arg(root).args(["x.d", "uapi6"]);
    programs.push(("overlay-resolver", command));
    let mut command = Command::new(example("liboverdrop"));
    command.arg(root).arg("x.d");
    programs.push(("liboverdrop and reading", command));
    let mut command = Command::new("systemd-analyze");
    command
        .arg(format!("--root={}", root.display()))
        .args(["cat-config", "x.d"]);
    programs.push(("systemd-analyze cat-config", command));
    // It takes the square of the time and more.
    if size <= 1_000 {
        let mut command = Command::new("econftool");
        command.env("ECONFTOOL_ROOT", root).args(["show", "x.conf"]);
        programs.push(("econftool show", command));
    }
    programs.retain_mut(|(_, command)| {
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok()
    });
    programs
}

/// A program of `examples/` or of the resolver's, built beside this benchmark.
fn example(name: &str) -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--package",
            "overlay-resolver",
            "--example",
            name,
        ])
        .status()
        .expect("cargo");
    assert!(status.success());
    let target = Path::new(env!("CARGO_BIN_EXE_overlayctl"))
        .parent()
        .expect("a directory");
    target.join("examples").join(name)
}

fn compile(place: &Path) -> PathBuf {
    let program = place.join("floor");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/resolve/floor.c");
    let status = Command::new("cc")
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(source)
        .status()
        .expect("a C compiler");
    assert!(status.success());
    program
}

/// Half of each higher layer's files override one of the vendor's, one in ten of etc's is a mask.
/// 160 bytes, five keys and a section of its own each: the worst for merging.
fn make_tree(root: &Path, size: usize) {
    for (layer, share) in LAYERS {
        let directory = root.join(layer).join("x.d");
        fs::create_dir_all(&directory).expect("a directory");
        let count = (size * share / 100).max(1);
        for number in 0..count {
            let name = if layer == "usr/lib" || number % 2 == 0 {
                format!("{number:06}.conf")
            } else {
                format!("{number:06}-{}.conf", layer.replace('/', "-"))
            };
            let file = directory.join(&name);
            if layer == "etc" && number % 10 == 0 {
                symlink("/dev/null", file).expect("a mask");
                continue;
            }
            let keys = ["One", "Two", "Three", "Four", "Five"];
            let keys = keys.map(|key| format!("Key{key}=the value of {number:06}\n"));
            let text = format!("[Section {name}]\n{}", keys.concat());
            fs::write(file, text).expect("a file");
        }
    }
    // econftool reads what it calls x.conf from these.
    fs::create_dir_all(root.join("usr/etc")).expect("a directory");
    let _ = symlink("../lib/x.d", root.join("usr/etc/x.conf.d"));
    let _ = symlink("x.d", root.join("etc/x.conf.d"));
}

fn time(command: &mut Command) -> Duration {
    let start = Instant::now();
    let _ = command.stdout(Stdio::null()).status().expect("it runs");
    start.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
