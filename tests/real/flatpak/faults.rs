//! A sync that is killed before each of its system calls, or that has each of them fail once.
//!
//! Whatever happens, the real flatpak accepts the repository, no remote is verified without a key
//! that gpg can read, and the next undisturbed run makes every byte what it would have been.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bench::Key;
use super::world::{URL, World, flatpakrepo};
use crate::one_in;
use crate::peers;

/// The cases of this file.
pub(super) const CASES: &[super::Case] = &[
    (
        "case 42: killed or failing anywhere, a first sync",
        |world| {
            campaign(world, 1, |world| {
                world.vendor("signed", signed("One", &world.keys().vendor));
                world.vendor("plain", flatpakrepo(&[("Url", URL)]));
                world.mask("masked");
            });
        },
    ),
    (
        "cases 42, 58: killed or failing anywhere, an update",
        |world| {
            campaign(world, 8, |world| {
                let keys = world.keys();
                world.vendor("rotated", signed("One", &keys.expired));
                world.vendor("masked", signed("One", &keys.vendor));
                world.vendor("withdrawn", flatpakrepo(&[("Url", URL)]));
                world.sync();
                world.vendor("rotated", signed("Two", &keys.vendor));
                world.vendor("new", signed("Two", &keys.vendor));
                world.mask("masked");
                world.withdraw("withdrawn");
            });
        },
    ),
];

fn signed(title: &str, key: &Key) -> String {
    flatpakrepo(&[("Url", URL), ("Title", title), ("GPGKey", &key.base64())])
}

/// Calls that only look, of which a run makes hundreds that differ in nothing but the file: of an
/// update, every eighth of them is made to fail. A run is killed before each of them all the same.
const LOOKING: [&str; 8] = [
    "close",
    "fcntl",
    "fstat",
    "getdents64",
    "newfstatat",
    "openat2",
    "read",
    "readlinkat",
];

/// Every file below the installation with its content, directories without.
type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

fn campaign(world: &World<'_>, stride: usize, prepare: fn(&World<'_>)) {
    // The files are the same for every flatpak; the oldest has the fewest excuses.
    if world.flatpak.is_at_least([1, 16]) {
        return;
    }
    prepare(world);
    let calls = system_calls(world);
    let undisturbed = copy(world);
    undisturbed.sync();
    let expected = tree(&undisturbed);
    let mut judged = BTreeSet::new();
    let mut points = 0;
    // The kills first: what they leave is held to every byte.
    for fault in ["signal=SIGKILL", "error=ENOSPC", "error=EIO"] {
        let all: Vec<_> = calls
            .iter()
            .flat_map(|(call, &count)| (1..=count).map(move |n| (call, n)))
            .collect();
        for (call, ordinal) in some_of(&all) {
            if fault != "signal=SIGKILL"
                && LOOKING.contains(&call.as_str())
                && (ordinal - 1) % stride != 0
            {
                continue;
            }
            let victim = copy(world);
            disturb(&victim, call, &format!("{fault}:when={ordinal}"));
            // What the next run does follows from what it finds, so once for each is enough.
            if judged.insert(tree(&victim)) {
                let point = format!("{call}:{fault}:when={ordinal}");
                assert_sound(&victim, &point);
                victim.sync();
                let ended = tree(&victim);
                // An image file that could not be read had its turn in the next run.
                let alike = if fault == "signal=SIGKILL" {
                    ended == expected
                } else {
                    orderless(&ended) == orderless(&expected)
                };
                assert!(
                    alike,
                    "after {point} the next run ends elsewhere: {}",
                    difference(&ended, &expected)
                );
            }
            fs::remove_dir_all(&victim.root).expect("a root to remove");
            points += 1;
        }
    }
    assert!(points > one_in(PART, 300), "only {points} points");
    let said = writeln!(
        std::io::stdout(),
        "{points} points, {} different states left behind",
        judged.len()
    );
    said.expect("stdout");
}

/// Of how many points a plain run tries one.
const PART: usize = 40;

/// All of them if the trial is thorough, else a part, evenly spread; another one each time.
fn some_of<T: Copy>(all: &[T]) -> impl Iterator<Item = T> {
    let step = (all.len() / one_in(PART, all.len()).max(1)).max(1);
    let first = RandomState::new().hash_one(step) % u64::try_from(step).expect("a step");
    let first = usize::try_from(first).expect("less than a step");
    all.iter().copied().skip(first).step_by(step)
}

/// The same with the lines of the configuration and the elements of its lists in order.
fn orderless(tree: &Tree) -> BTreeMap<PathBuf, Option<Vec<String>>> {
    let sorted = |text: &Vec<u8>| {
        let text = String::from_utf8_lossy(text);
        let mut words: Vec<String> = text.split(['\n', ';', '=']).map(str::to_owned).collect();
        words.sort();
        words
    };
    tree.iter()
        .map(|(path, content)| (path.clone(), content.as_ref().map(sorted)))
        .collect()
}

/// How often an undisturbed run makes each system call.
fn system_calls(world: &World<'_>) -> BTreeMap<String, usize> {
    let traced = copy(world);
    let log = traced.root.with_extension("strace");
    strace(&traced, &["-o", log.to_str().expect("UTF-8")]);
    let mut calls = BTreeMap::new();
    for line in fs::read_to_string(log).expect("a trace").lines() {
        // `execve` starts the program: before it there is nothing of ours to disturb.
        if let Some((name, _)) = line.split_once('(')
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            && !["execve", "exit_group", "clock_nanosleep"].contains(&name)
        {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

/// The pause in which sync looks out for other programs is left out: there are none.
const NO_PAUSE: &str = "inject=clock_nanosleep:retval=0";

fn disturb(world: &World<'_>, call: &str, fault: &str) {
    let traced = format!("trace={call},clock_nanosleep");
    let inject = format!("inject={call}:{fault}");
    strace(
        world,
        &[
            "-f",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            &traced,
            "-e",
            NO_PAUSE,
            "-e",
            &inject,
        ],
    );
}

fn strace(world: &World<'_>, options: &[&str]) {
    let sync = world.overlayctl(&["sync"]);
    let status = Command::new("strace")
        .args(options)
        .arg(sync.get_program())
        .args(sync.get_args())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // How it ends is not the point; that it was run is.
    status.expect("strace runs");
}

fn copy<'bench>(world: &World<'bench>) -> World<'bench> {
    let copy = world.another();
    let status = Command::new("cp")
        .arg("--archive")
        .arg(format!("{}/.", world.root.display()))
        .arg(&copy.root)
        .status();
    assert!(status.expect("cp runs").success());
    copy
}

fn tree(world: &World<'_>) -> Tree {
    let installation = world.path("var");
    if !installation.exists() {
        return Tree::new();
    }
    let content = |path: &Path| path.is_file().then(|| fs::read(path).expect("a file"));
    walkdir::WalkDir::new(installation)
        .into_iter()
        .map(|entry| entry.expect("readable").into_path())
        // A signal to those who watch the installation; flatpak itself makes it where it is missing.
        .filter(|path| !path.ends_with(".changed"))
        .map(|path| {
            (
                path.strip_prefix(&world.root).expect("below").to_owned(),
                content(&path),
            )
        })
        .collect()
}

fn difference(left: &Tree, right: &Tree) -> String {
    let paths = left
        .keys()
        .chain(right.keys())
        .filter(|path| left.get(*path) != right.get(*path));
    format!("{:?}", paths.collect::<Vec<_>>())
}

/// flatpak can work with what was left, and verifies nothing with a key that is not there.
fn assert_sound(world: &World<'_>, point: &str) {
    let probe = copy(world);
    if !probe.config().exists() {
        return;
    }
    let remotes = world.flatpak.remotes(&probe.root);
    let remotes = remotes.unwrap_or_else(|error| panic!("after {point}: {error}"));
    for name in remotes.keys() {
        if probe
            .group(name)
            .get("gpg-verify")
            .is_some_and(|verify| verify == "true")
        {
            let certificates = probe.bench.readers.certificates(&probe.keyring(name));
            let certificates =
                certificates.unwrap_or_else(|error| panic!("after {point}: {error}"));
            assert!(
                !certificates.is_empty(),
                "after {point} {name} is verified without a key"
            );
        }
    }
    peers::ostree_remotes(&probe.root).unwrap_or_else(|error| panic!("after {point}: {error}"));
    fs::remove_dir_all(&probe.root).expect("a root to remove");
}
