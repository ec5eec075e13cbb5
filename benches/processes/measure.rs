//! Runs programs in turn and tells what each cost: a C program beside this one reads what the kernel counted.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What is run, and how it is called.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    command: Command,
}

impl Program {
    pub(crate) fn new(name: &'static str, command: Command) -> Self {
        Self { name, command }
    }

    /// The same command, run by another program.
    fn under(&self, runner: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(runner);
        command
            .args(arguments)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            // With cargo's, the libraries of a program are looked for in dozens of places.
            .env_remove("LD_LIBRARY_PATH")
            .stdout(Stdio::null());
        for (name, value) in self.command.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command
    }
}

/// What one run cost: processor and passed time in nanoseconds, memory in KiB.
#[derive(Debug, Clone, Copy)]
struct Cost {
    cpu: u64,
    wall: u64,
    memory: u64,
}

/// What measures.
#[derive(Debug)]
pub(crate) struct Measurer {
    runner: PathBuf,
    log: PathBuf,
}

impl Measurer {
    pub(crate) fn new(place: &Path) -> Self {
        Self {
            runner: compile("measure", place),
            log: place.join("strace"),
        }
    }

    /// Runs the programs in turn and prints a line about each; ratios are to the first.
    pub(crate) fn compare(&self, size: usize, programs: &[Program], runs: usize) {
        // The first round warms up, and tells which peers this machine has.
        let programs: Vec<_> = programs.iter().filter(|p| self.cost(p).is_some()).collect();
        let mut costs = vec![Vec::new(); programs.len()];
        for _ in 0..runs {
            for (program, costs) in programs.iter().zip(&mut costs) {
                costs.extend(self.cost(program));
            }
        }
        let median = |costs: &[Cost], figure: fn(&Cost) -> u64| {
            let mut figures: Vec<_> = costs.iter().map(figure).collect();
            figures.sort_unstable();
            figures[figures.len() / 2]
        };
        let cpu_of_first = median(&costs[0], |cost| cost.cpu);
        for (program, costs) in programs.iter().zip(&costs) {
            let cpu = median(costs, |cost| cost.cpu);
            let calls = self.calls(program);
            println!(
                "{size:9}  {:27} {:9.2} {:6.2} {:9.2} {:>8} {:8.1}",
                program.name,
                milliseconds(cpu),
                ratio(cpu, cpu_of_first),
                milliseconds(median(costs, |cost| cost.wall)),
                calls.map_or_else(|| "-".into(), |calls| calls.to_string()),
                ratio(median(costs, |cost| cost.memory), 1 << 10),
            );
        }
    }

    /// None where the program does not run, or not to a good end. What is ours has to.
    fn cost(&self, program: &Program) -> Option<Cost> {
        let output = program.under(&self.runner, &[]).output().expect("it runs");
        if !output.status.success() {
            let is_peer = !program
                .command
                .get_program()
                .to_string_lossy()
                .contains('/');
            assert!(is_peer, "{} ended with {}", program.name, output.status);
            return None;
        }
        let text = String::from_utf8(output.stderr).expect("numbers");
        let mut numbers = text.split_ascii_whitespace();
        let mut next = || numbers.next()?.parse().ok();
        Some(Cost {
            cpu: next()?,
            wall: next()?,
            memory: next()?,
        })
    }

    /// How many system calls it makes; none without strace.
    fn calls(&self, program: &Program) -> Option<u64> {
        let log = self.log.to_str().expect("UTF-8");
        let mut strace = program.under("strace", &["-f", "-c", "-o", log]);
        strace.stderr(Stdio::null()).status().ok()?;
        let table = fs::read_to_string(&self.log).ok()?;
        let total = table.lines().find(|line| line.ends_with(" total"))?;
        // Percent, seconds, microseconds for each call, calls, errors.
        total.split_ascii_whitespace().nth(3)?.parse().ok()
    }
}

pub(crate) fn headline(size: &str, first: &str) {
    println!(
        "{size:>9}  {:27} {:>9} {:>6} {:>9} {:>8} {:>8}",
        "", "cpu ms", "ratio", "passed ms", "calls", "MiB"
    );
    println!("{:9}  {:27} the ratio is to that of: {first}", "", "");
}

#[allow(clippy::cast_precision_loss, reason = "it is shown with two digits")]
fn ratio(one: u64, other: u64) -> f64 {
    one as f64 / other as f64
}

fn milliseconds(nanoseconds: u64) -> f64 {
    ratio(nanoseconds, 1_000_000)
}

/// One of the C programs beside this file.
pub(crate) fn compile(name: &str, place: &Path) -> PathBuf {
    let program = place.join(name);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/processes");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O2", "-o"])
        .arg(&program)
        .arg(sources.join(name).with_extension("c"));
    assert!(succeeds(&mut compiler), "cc cannot compile {name}.c");
    program
}

pub(crate) fn succeeds(command: &mut Command) -> bool {
    let status = command.stdout(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}
