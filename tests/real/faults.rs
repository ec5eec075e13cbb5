//! A run that is killed before each of its system calls, or that has each of them fail once.
//!
//! Whatever happens, the real consumer of the target can work with it, and the next undisturbed run makes
//! every byte what it would have been.

mod durable;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::machine::Machine;
use crate::thorough::{is_thorough, some_of};

/// Calls that only look, of which a run makes hundreds that differ in nothing but the file: of an
/// update, every eighth of them is made to fail. A run is killed before each of them all the same, where
/// the trial is thorough.
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

/// Calls that are not the same in every run, so that none of them can be told by its number: how often
/// memory is asked for depends on the addresses and the hashes of the run. Nor does a kill there leave
/// anything else than one before the next call.
const VARYING: [&str; 6] = [
    "brk",
    "clock_nanosleep",
    "madvise",
    "mmap",
    "mremap",
    "munmap",
];

/// Calls that write: a run in which one of them fails must not claim that all is well.
const WRITING: [&str; 5] = ["fsync", "mkdirat", "renameat2", "symlinkat", "write"];

/// Directories of what flatpak downloads.
const CACHES: [&str; 3] = ["summaries", "appstream", "oci"];

/// Every file below the installation with its content, directories without.
type Tree = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// What a campaign disturbs, and who judges what it left.
pub(crate) struct Campaign<'c> {
    /// The machine, ready for the run to disturb.
    pub(crate) machine: &'c Machine,
    /// Makes an empty machine.
    pub(crate) another: &'c dyn Fn() -> Machine,
    /// What is run, with arguments for overlayctl.
    pub(crate) command: &'c [&'c str],
    /// The top directories that the run writes below.
    pub(crate) written: &'c [&'c str],
    /// Of an error injected into calls that only look, every how many-th is tried.
    pub(crate) stride: usize,
    /// Whether its owner has something to lose, by which a run is found that goes on without having read all.
    pub(crate) has_history: bool,
    /// Fails unless the real consumer can work with the machine; told after what.
    pub(crate) assert_sound: &'c dyn Fn(&Machine, &str),
    /// What else there may be when the next run comes: another image, an act of the owner, or both.
    pub(crate) aftermaths: &'c [Aftermath<'c>],
    /// The entry whose a file is: each for itself ends as if there had been no run, or a whole one.
    pub(crate) entry: fn(&Path) -> String,
}

/// The name of an aftermath, and what happens.
pub(crate) type Happens<'c> = (&'c str, &'c dyn Fn(&Machine));

/// What happens between a death and the next run.
pub(crate) struct Aftermath<'c> {
    pub(crate) name: &'c str,
    pub(crate) happens: &'c dyn Fn(&Machine),
}

/// Where a run ends after something happened: if there was no run before, and if there was a whole one.
struct Ends<'c> {
    aftermath: &'c Aftermath<'c>,
    good: [Tree; 2],
}

impl Campaign<'_> {
    /// Disturbs the run at every system call, once for each kind of fault.
    pub(crate) fn run(&self) {
        let calls = self.system_calls();
        self.assert_failed_syncs_are_told(calls["fsync"]);
        let undisturbed = self.copy();
        undisturbed.report(self.command).assert_code(0);
        self.assert_unlocked(&undisturbed, "a whole run");
        undisturbed.sync();
        let expected = self.tree(&undisturbed);
        if self.has_history {
            self.assert_swallowed_errors_are_found(&calls, &expected);
        }
        let ends = self.ends();
        let mut judged = BTreeSet::new();
        let (mut there_are, mut points) = (0, 0);
        // The kills first: what they leave is held to every byte.
        // A kill before a call that only looks leaves nothing else than one before the next that writes:
        // that this is so is seen by trying.
        let kills_everywhere = is_thorough();
        for fault in ["signal=SIGKILL", "error=ENOSPC", "error=EIO"] {
            let everywhere = kills_everywhere && fault == "signal=SIGKILL";
            let tried = |(call, ordinal): &(&String, usize)| {
                everywhere || !LOOKING.contains(&call.as_str()) || (ordinal - 1) % self.stride == 0
            };
            let all: Vec<_> = calls
                .iter()
                .flat_map(|(call, &count)| (1..=count).map(move |n| (call, n)))
                .filter(tried)
                .collect();
            there_are += all.len();
            for &(call, ordinal) in some_of(PART, &all) {
                let victim = self.copy();
                let ended_well = self.disturb(&victim, call, &format!("{fault}:when={ordinal}"));
                let killed = fault == "signal=SIGKILL";
                assert!(
                    !(killed && ended_well),
                    "{call} {ordinal}: it was not killed"
                );
                let point = format!("{call}:{fault}:when={ordinal}");
                let must_tell = !killed && WRITING.contains(&call.as_str());
                assert!(!(must_tell && ended_well), "{point}: it claims to be done");
                assert!(
                    killed || !ended_well || !self.is_elsewhere(&victim, &expected),
                    "{point}: it claims to be done, and ended elsewhere: {}",
                    difference(&self.tree(&victim), &expected)
                );
                // What the next run does follows from what it finds, so once for each is enough.
                let left = self.tree(&victim);
                if judged.insert(left.clone()) {
                    (self.assert_sound)(&victim, &point);
                    if killed {
                        self.assert_ends(&victim, &ends, &point);
                    }
                    // The owner runs the same again, and the next boot its sync.
                    if self.command != ["sync"] {
                        victim.report(self.command);
                    }
                    victim.sync();
                    let ended = self.tree(&victim);
                    if ended != left {
                        self.assert_unlocked(&victim, &point);
                    }
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
        assert!(there_are > 300, "only {there_are} points");
        let said = writeln!(
            std::io::stdout(),
            "{points} points, {} different states left behind, {} things that may follow each",
            judged.len(),
            1 + ends.len()
        );
        said.expect("stdout");
    }

    /// A device that fails at a sync: the run says so, and what was not synced gets no name.
    ///
    /// That a swallowed error would be found is seen by one that is planted there: the program is told that
    /// it was done, and it was not.
    fn assert_failed_syncs_are_told(&self, syncs: usize) {
        let all: Vec<_> = (1..=syncs).collect();
        for ordinal in some_of(PART, &all) {
            let fault = |fault| format!("fsync:{fault}:when={ordinal}");
            let (ended_well, trace) = self.traced(&fault("error=EIO"));
            assert!(!ended_well, "fsync {ordinal}: it claims to be done");
            assert_eq!(durable::fault(&trace), None, "after fsync {ordinal} failed");
            let (ended_well, trace) = self.traced(&fault("retval=0"));
            assert!(ended_well, "fsync {ordinal}: the program cannot know");
            durable::assert_found(&trace);
        }
    }

    /// That a run would be found which takes what it could not open for absent: it claims to be done, and what
    /// its owner has is lost.
    fn assert_swallowed_errors_are_found(&self, calls: &BTreeMap<String, usize>, expected: &Tree) {
        let is_found = |ordinal| {
            let victim = self.copy();
            let swallowed = format!("error=ENOENT:when={ordinal}");
            self.disturb(&victim, "openat2", &swallowed) && self.is_elsewhere(&victim, expected)
        };
        assert!((1..=calls["openat2"]).any(is_found), "nobody found it");
    }

    fn is_elsewhere(&self, victim: &Machine, expected: &Tree) -> bool {
        orderless(&self.tree(victim)) != orderless(expected)
    }

    /// A run with one fault: whether it ended well, and its trace.
    fn traced(&self, inject: &str) -> (bool, String) {
        let victim = self.copy();
        let log = victim.root.with_extension("strace");
        let inject = format!("inject={inject}");
        let trace = ["-y", "-o", log.to_str().expect("UTF-8")];
        let options = [&trace[..], &["-e", NO_PAUSE, "-e", &inject]].concat();
        let ended_well = self.strace(&victim, &options);
        let trace = fs::read_to_string(&log).expect("a trace");
        fs::remove_dir_all(&victim.root).expect("a root to remove");
        (ended_well, trace)
    }

    /// Where runs end after each aftermath.
    fn ends(&self) -> Vec<Ends<'_>> {
        let ends = self.aftermaths.iter().map(|aftermath| Ends {
            aftermath,
            good: [false, true].map(|whole| {
                let machine = self.copy();
                if whole {
                    machine.report(self.command);
                }
                self.end(&machine, aftermath)
            }),
        });
        ends.collect()
    }

    fn end(&self, machine: &Machine, aftermath: &Aftermath<'_>) -> Tree {
        (aftermath.happens)(machine);
        machine.report(&["sync"]);
        machine.assert_settled();
        let tree = self.tree(machine);
        fs::remove_dir_all(&machine.root).expect("a root to remove");
        tree
    }

    /// Whatever happens after the death, the next run ends as if the dead one had not been, or had been
    /// whole.
    fn assert_ends(&self, victim: &Machine, ends: &[Ends<'_>], point: &str) {
        for Ends { aftermath, good } in ends {
            let machine = (self.another)();
            copy_of(victim, &machine);
            let ended = self.end(&machine, aftermath);
            let [not, whole] = good.each_ref().map(|good| self.differing(good, &ended));
            let wrong: Vec<_> = not.intersection(&whole).collect();
            assert!(
                wrong.is_empty(),
                "after {point}, then {}, the next run ends neither as if there had been none, nor a whole one: {wrong:?}: {}; {}",
                aftermath.name,
                difference(&good[0], &ended),
                difference(&good[1], &ended),
            );
        }
    }

    /// The entries whose files are not as they should be. A directory alone is nothing.
    fn differing(&self, good: &Tree, ended: &Tree) -> BTreeSet<String> {
        let paths = good.keys().chain(ended.keys());
        let differs = |path: &&PathBuf| {
            let [good, ended] = [good, ended].map(|tree| tree.get(*path).cloned().flatten());
            // What a server sends again may be missing.
            let is_cache = CACHES
                .iter()
                .any(|cache| path.iter().any(|part| part == *cache));
            good != ended && !(ended.is_none() && is_cache)
        };
        let differing = paths.filter(differs);
        differing.map(|path| (self.entry)(path)).collect()
    }

    /// How often an undisturbed run makes each system call.
    fn system_calls(&self) -> BTreeMap<String, usize> {
        let traced = self.copy();
        let log = traced.root.with_extension("strace");
        self.strace(&traced, &["-y", "-o", log.to_str().expect("UTF-8")]);
        let log = fs::read_to_string(log).expect("a trace");
        durable::assert_durable(&log);
        let mut calls = BTreeMap::new();
        for line in log.lines() {
            // `execve` starts the program: before it there is nothing of ours to disturb.
            if let Some((name, _)) = line.split_once('(')
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
                && !["execve", "exit_group"].contains(&name)
                && !VARYING.contains(&name)
            {
                *calls.entry(name.to_owned()).or_default() += 1;
            }
        }
        calls
    }

    /// Runs the command with one fault; it ends well only if the fault can be lived with.
    fn disturb(&self, world: &Machine, call: &str, fault: &str) -> bool {
        let traced = format!("trace={call},clock_nanosleep");
        let inject = format!("inject={call}:{fault}");
        self.strace(
            world,
            &[
                "-f",
                "-o",
                "/dev/null",
                "-e",
                &traced,
                "-e",
                NO_PAUSE,
                "-e",
                &inject,
            ],
        )
    }

    /// Without `--seccomp-bpf`, with which strace 6.1 injects errors but no signals.
    fn strace(&self, world: &Machine, options: &[&str]) -> bool {
        let sync = world.overlayctl(self.command);
        let status = Command::new("strace")
            .args(options)
            .arg(sync.get_program())
            .args(sync.get_args())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        status.expect("strace runs").success()
    }

    fn copy(&self) -> Machine {
        let copy = (self.another)();
        copy_of(self.machine, &copy);
        copy
    }

    fn tree(&self, world: &Machine) -> Tree {
        let content = |path: &Path| path.is_file().then(|| fs::read(path).expect("a file"));
        self.paths(world)
            // A signal to those who watch the installation; flatpak itself makes it where it is missing.
            .filter(|path| !path.ends_with(".changed") && !is_lock(path))
            .map(|path| {
                (
                    path.strip_prefix(&world.root).expect("below").to_owned(),
                    content(&path),
                )
            })
            .collect()
    }

    /// All that there is where the run writes.
    fn paths(&self, world: &Machine) -> impl Iterator<Item = PathBuf> {
        let written = self.written.iter().map(|written| world.path(written));
        written
            .filter(|written| written.exists())
            .flat_map(walkdir::WalkDir::new)
            .map(|entry| entry.expect("readable").into_path())
    }

    /// Fails if a run that wrote something left a lock, be it that of a dead one.
    fn assert_unlocked(&self, world: &Machine, point: &str) {
        let left = self.paths(world).find(|path| is_lock(path));
        assert_eq!(left, None, "after {point}");
    }
}

/// Whether this is the lock of a run, which a dead one leaves until the next that writes. Nobody else can open it.
fn is_lock(path: &Path) -> bool {
    let is_lock = path.ends_with(LOCK);
    if is_lock {
        let mode = fs::symlink_metadata(path).expect("a lock").mode();
        assert_eq!(mode, 0o100_600, "the mode of {}", path.display());
    }
    is_lock
}

pub(crate) const LOCK: &str = ".overlayctl.lock";

/// Fills an empty machine with what another has.
pub(crate) fn copy_of(machine: &Machine, copy: &Machine) {
    let status = Command::new("cp")
        .arg("--archive")
        .arg(format!("{}/.", machine.root.display()))
        .arg(&copy.root)
        .status();
    assert!(status.expect("cp runs").success());
}

/// Of how many points a plain run tries one.
const PART: usize = 150;

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

/// The pause in which sync looks out for other programs is left out: there are none.
const NO_PAUSE: &str = "inject=clock_nanosleep:retval=0";

fn difference(left: &Tree, right: &Tree) -> String {
    let paths = left
        .keys()
        .chain(right.keys())
        .filter(|path| left.get(*path) != right.get(*path));
    format!("{:?}", paths.collect::<Vec<_>>())
}
