//! How much memory a command holds at most: three times the bytes that it reads, `sync` a little more,
//! beside a constant.
//!
//! What the kernel counted of one run is compared with what it counted of another that reads a tenth, which
//! takes the constant out. The files are as vendors ship them, each key below a line that explains it: what is
//! kept of a key (where it stands, what became of it) is more than the text of a short one.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::machine::Machine;
use crate::peers::{SCRATCH, read};

const REMOTE: &str = include_str!("../../data/demo/flathub.flatpakrepo");

/// A command, what makes the files that it reads, and how many tenths of them it may hold.
type Case = (&'static [&'static str], fn(&Machine, usize), usize);

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let cases: [Case; 4] = [
        (&["digest", "x.d"], fragments, 30),
        (&["show", "x.d"], fragments, 30),
        (&["explain", "x.d", "[Section 1] Key1"], fragments, 30),
        // More than the three times that are wanted: certificates are taken apart, the configuration is there
        // before and after, and each key is reported.
        (&["sync"], remotes, 32),
    ];
    let trial = |(command, make, tenths): Case| {
        let compiler = read(Command::new("cc").arg("--version"));
        let name = format!("memory: {} holds what it reads and little more", command[0]);
        not_run.trial(name, compiler, move |_| compare(command, make, tenths))
    };
    cases.into_iter().map(trial).collect()
}

fn compare(command: &[&str], make: fn(&Machine, usize), tenths: usize) {
    let scratch = TempDir::new_in(SCRATCH).expect("a directory");
    let runner = runner(scratch.path());
    let [small, large] = [10, 100].map(|size| {
        let place = scratch.path().join(size.to_string());
        fs::create_dir(&place).expect("a directory");
        let machine = Machine::new(&place);
        make(&machine, size);
        (size_of(&machine.root), peak(&runner, &machine, command))
    });
    let (bytes, memory) = (large.0 - small.0, large.1 - small.1);
    assert!(
        memory * 10 <= tenths * bytes,
        "{command:?}: {memory} more bytes of memory for {bytes} more bytes of files"
    );
}

/// Files of a hundred thousand bytes.
fn fragments(machine: &Machine, count: usize) {
    for file in 0..count {
        let mut text = format!("[Section {file}]\n");
        for key in 0..800 {
            let line = "# What it is good for, in words that somebody has to read once in a while.";
            writeln!(
                text,
                "{line}\nKey{key}=the value of {file}, which is a path"
            )
            .expect("a string");
        }
        machine.write(&format!("usr/lib/x.d/{file:03}.conf"), text);
    }
}

/// Ten remotes of flatpak for each, which are there already.
fn remotes(machine: &Machine, count: usize) {
    for number in 0..count * 10 {
        let path = format!("usr/share/flatpak/remotes.d/remote{number}.flatpakrepo");
        machine.write(&path, REMOTE);
    }
    machine.sync();
}

/// The bytes of all files: a command reads each of them once.
fn size_of(directory: &Path) -> usize {
    let members = fs::read_dir(directory).expect("a directory");
    let sizes = members.map(|member| {
        let member = member.expect("a member");
        let kind = member.metadata().expect("its kind");
        if kind.is_dir() {
            size_of(&member.path())
        } else {
            usize::try_from(kind.len()).expect("a size")
        }
    });
    sizes.sum()
}

/// The program that tells what the kernel counted of another.
fn runner(directory: &Path) -> PathBuf {
    let runner = directory.join("measure");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/processes/measure.c");
    let mut compiler = Command::new("cc");
    read(compiler.arg("-o").arg(&runner).arg(source)).expect("cc compiles");
    runner
}

/// The most memory that a command held, in bytes.
fn peak(runner: &Path, machine: &Machine, command: &[&str]) -> usize {
    let output = Command::new(runner)
        .arg(env!("CARGO_BIN_EXE_overlayctl"))
        .arg("--root")
        .arg(&machine.root)
        .args(command)
        .stdout(Stdio::null())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{command:?}");
    // Processor time, passed time, KiB.
    let told = String::from_utf8(output.stderr).expect("numbers");
    let memory = told.split_ascii_whitespace().nth(2).expect("three numbers");
    memory.parse::<usize>().expect("a number") << 10
}
