//! A merge that is killed before each of its system calls, or that has each of them fail once: under the
//! name of the result is all of it or nothing, and the next run makes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::how_many;
use crate::peers::{Found, SCRATCH, read};
use crate::sysroot::{Listing, listing, put};

/// That strace is there. ostree is not needed: nothing but our own result is judged.
pub(super) fn strace() -> Found<()> {
    read(Command::new("strace").arg("--version")).map(|_| ())
}

const KILL: &str = "signal=SIGKILL";

/// Calls that only look; every eighth of them is made to fail, and a run is killed before each of them.
const LOOKING: [&str; 8] = [
    "close",
    "fstat",
    "getdents64",
    "newfstatat",
    "openat2",
    "read",
    "readlinkat",
    "rt_sigaction",
];

pub(super) fn campaign() {
    let place = TempDir::new_in(SCRATCH).expect("a directory");
    let place = place.path();
    let sides = ["old", "current", "new"].map(|side| place.join(side));
    for (path, row) in [
        ("updated", ["f 1", "f 1", "f 2"]),
        ("d/merged", ["f a=1\nb=1\n", "f a=2\nb=1\n", "f a=1\nb=2\n"]),
        ("d/link", ["-", "l x", "-"]),
        ("saved", ["f 1", "m600 2", "d"]),
        ("saved/x", ["-", "-", "f 2"]),
    ] {
        for (side, what) in sides.iter().zip(row) {
            put(side, path, what);
        }
    }
    let before = sides.each_ref().map(|side| listing(side));
    let calls = system_calls(place);
    let expected = listing(&place.join("out"));
    let merged = before[1]["d/merged"].replace("b=1", "b=2");
    assert_eq!(expected["d/merged"], merged);
    let staged = place.join(".#out.overlayctl");
    let mut judged = BTreeSet::new();
    let mut points = 0;
    let all: Vec<_> = faults(&calls).collect();
    let step = (all.len() / how_many(all.len()).max(1)).max(1);
    for &(fault, call, ordinal) in all.iter().step_by(step) {
        let inject = format!("inject={call}:{fault}:when={ordinal}");
        let is_fine = run(place, &["-e", &format!("trace={call}"), "-e", &inject]);
        let found = result(place);
        let is_whole = found.as_ref() == Some(&expected);
        assert!(found.is_none() || is_whole, "{inject}: {found:#?}");
        assert!(is_whole || !is_fine, "{inject}: it claims to be done");
        assert!(fault != KILL || !is_fine, "{inject}: it was not killed");
        // What the next run does follows from what it finds, so once for each is enough.
        let left = staged.exists().then(|| listing(&staged));
        if !is_whole && judged.insert(left) {
            assert!(run(place, &["-e", "trace=chdir"]), "{inject}: the next run");
            assert_eq!(result(place).as_ref(), Some(&expected), "{inject}");
            assert!(!staged.exists(), "{inject}: the next run tidies up");
        }
        let _ = fs::remove_dir_all(&staged);
        points += 1;
    }
    let after = sides.each_ref().map(|side| listing(side));
    assert_eq!(after, before, "the trees are only read");
    let states = judged.len();
    let said = writeln!(
        std::io::stdout(),
        "{points} points, {states} different states left behind"
    );
    said.expect("stdout");
    let is_much = points > how_many(250) && states > how_many(10);
    assert!(is_much, "only {points} points, {states} states");
}

/// What is done to which call, the how manieth of its name.
fn faults(calls: &BTreeMap<String, usize>) -> impl Iterator<Item = (&'static str, &str, usize)> {
    [KILL, "error=EIO"].into_iter().flat_map(move |fault| {
        let each = calls
            .iter()
            .flat_map(|(call, &count)| (1..=count).map(move |n| (call.as_str(), n)));
        each.filter(move |(call, ordinal)| {
            fault == KILL || !LOOKING.contains(call) || ordinal % 8 == 0
        })
        .map(move |(call, ordinal)| (fault, call, ordinal))
    })
}

fn result(place: &Path) -> Option<Listing> {
    let out = place.join("out");
    out.exists().then(|| listing(&out))
}

/// Runs a merge under strace, from a clean slate but for what was staged; whether it ended well.
fn run(place: &Path, options: &[&str]) -> bool {
    if place.join("out").exists() {
        fs::remove_dir_all(place.join("out")).expect("removed");
    }
    // Without --seccomp-bpf, with which strace 6.1 injects errors but no signals.
    let status = Command::new("strace")
        .args(["-f", "-o"])
        .arg(place.join("trace"))
        .args(options)
        .arg(env!("CARGO_BIN_EXE_overlayctl"))
        .arg("--root")
        .arg(place)
        .args(["etc", "merge", "--old", "/old", "--current", "/current"])
        .args(["--new", "/new", "--out", "/out"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("strace runs").success()
}

/// How often an undisturbed run makes each system call; those that a program begins with left out.
fn system_calls(place: &Path) -> BTreeMap<String, usize> {
    assert!(run(place, &["-e", "trace=all"]));
    let log = fs::read_to_string(place.join("trace")).expect("a trace");
    let mut calls = BTreeMap::new();
    for line in log.lines() {
        // Every line begins with the process.
        let call = line.split_once(' ').map(|(_, call)| call.trim_start());
        let Some((name, _)) = call.and_then(|call| call.split_once('(')) else {
            continue;
        };
        let is_name = name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        let begins = ["execve", "exit_group", "brk", "mmap", "munmap", "mprotect"];
        if is_name && !begins.contains(&name) {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}
