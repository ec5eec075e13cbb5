//! The protocol of the marker, carried out by the program itself on a disk of which the power goes before any of the calls that
//! write: without containers, so that it can be every one of them. `model` of the adapter tries the same by its rules alone.
//!
//! What holds: no deployment stays without its cleaning; no task runs again once the disk says that it was done; none is tried
//! more often than it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Command, Stdio};

use super::disk::FileSystem;
use super::system::System;
use super::tree::Tree;
use crate::how_many;
use crate::random::Random;
use crate::thorough::some_of;

const MARKER: &str = "sysroot/.ostree-cleaned";
const TASKS: [&str; 2] = ["10-a", "20-b"];
/// How often a task is tried.
const TRIES: u32 = 3;
/// The calls by which anything changes on a disk.
const WRITING: [&str; 8] = [
    "fchmod",
    "fchown",
    "fsync",
    "mkdirat",
    "renameat2",
    "symlinkat",
    "unlinkat",
    "write",
];
/// Of how many points a plain run tries one.
const PART: usize = 20;

/// The moment at which the power goes: of which command, before which of its calls of this name.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Cut {
    command: &'static str,
    call: String,
    ordinal: usize,
}

/// A task of a deployment.
type Place = (usize, &'static str);

struct Machine {
    system: System,
    booted: usize,
    newest: usize,
    /// How often each task ran.
    runs: BTreeMap<Place, u32>,
    boots: usize,
    cuts: usize,
}

impl Machine {
    fn new(tree: &Tree, file_system: FileSystem) -> Self {
        let system = System::on_disk(tree, file_system);
        for shipped in ["50-flatpak-unused", "10-ostree", "90-new-deployment"] {
            system.write(&format!("etc/overlayctl/cleanup.d/{shipped}.toml"), "");
        }
        for task in TASKS {
            let text = format!(
                "command = ['/bin/sh', '-c', '''
                . /usr/lib/os-release; echo $IMAGE_VERSION {task} >>/witness/ran
                if [ -e /witness/down-{task} ]; then kill -KILL $PPID; fi
                ! [ -e /witness/bad-{task} ]''']\ntries = {TRIES}\n"
            );
            system.write(&format!("etc/overlayctl/cleanup.d/{task}.toml"), &text);
        }
        system.sync();
        let mut machine = Self {
            system,
            booted: 0,
            newest: 0,
            runs: BTreeMap::new(),
            boots: 0,
            cuts: 0,
        };
        machine.deploy();
        machine
    }

    fn deploy(&mut self) {
        self.newest += 1;
        self.go_to(self.newest);
    }

    fn go_to(&mut self, version: usize) {
        self.booted = version;
        self.system.deploy(&version.to_string());
    }

    /// Runs a command as its unit does, perhaps up to a cut. Whether it was killed.
    fn run(&self, command: &'static str, cut: Option<&Cut>) -> bool {
        let cut = cut.filter(|cut| cut.command == command);
        let mut run = match cut {
            Some(Cut { call, ordinal, .. }) => {
                let inject = format!("inject={call}:signal=KILL:when={ordinal}");
                self.traced("/dev/null", &["-e", &inject], call, command)
            }
            None => self.overlayctl(command),
        };
        run.stdout(Stdio::null()).stderr(Stdio::null());
        let status = run.status().expect("it runs");
        status.signal().is_some()
    }

    fn overlayctl(&self, command: &str) -> Command {
        let mut run = self.system.command("/usr/bin/overlayctl");
        run.args(["cleanup", command]);
        run
    }

    fn traced(&self, log: &str, options: &[&str], calls: &str, command: &str) -> Command {
        let run = self.overlayctl(command);
        let mut strace = Command::new("strace");
        strace.args(["-qq", "-o", log, "-e", &format!("trace={calls}")]);
        strace
            .args(options)
            .arg(run.get_program())
            .args(run.get_args());
        strace
    }

    /// What a boot does, perhaps up to a cut: the early unit, then the condition of the other, and what that runs. Whether it
    /// came to its end.
    fn boot(&mut self, cut: Option<&Cut>) -> bool {
        self.boots += 1;
        let before = self.done();
        let is_cut = self.run("verify", cut) || {
            let exists = |path| fs::exists(self.system.root().join(path)).expect("looked");
            let is_due = !exists(MARKER) || exists("run/overlayctl/cleanup-stale");
            is_due && self.run("run", cut)
        };
        let wrong = self.count(&before);
        assert_eq!(wrong, None, "{cut:?}");
        if is_cut {
            self.cuts += 1;
            self.system.lose_power(None);
        }
        !is_cut
    }

    /// The tasks of this deployment that its disk says were done.
    fn done(&self) -> BTreeSet<Place> {
        let says_done = |task: &&&str| {
            let mark = format!(
                "var/lib/overlayctl/cleanup/image:os:{}:/{task}.run",
                self.booted
            );
            let mark = self.system.read(&mark).unwrap_or_default();
            mark.contains("Done=true\n")
        };
        let done = TASKS.iter().filter(says_done);
        done.map(|task| (self.booted, *task)).collect()
    }

    /// Counts what ran since, of which none was done `before`. What is wrong about it, if anything is.
    fn count(&mut self, before: &BTreeSet<Place>) -> Option<String> {
        let mut wrong = None;
        for line in self.system.ran_lines() {
            let (version, name) = line.split_once(' ').expect("a version");
            let task = TASKS.into_iter().find(|task| *task == name);
            let place = (version.parse().expect("a number"), task.expect("a task"));
            let runs = self.runs.entry(place).or_default();
            *runs += 1;
            if before.contains(&place) {
                wrong = Some(format!("{place:?} ran again"));
            } else if *runs > TRIES {
                wrong = Some(format!("{place:?} ran too often"));
            }
        }
        wrong
    }

    /// Boots until nothing is left to be done: after how many boots it must be so is what `tries` says.
    fn settle(&mut self, after: &str) {
        for _ in 0..=TRIES {
            // A task may take the machine down, and the power with it.
            self.boot(None);
            if self.is_cleaned() {
                break;
            }
        }
        assert!(self.is_cleaned(), "never cleaned, after {after}");
        let done = self.done();
        for task in TASKS {
            let place = (self.booted, task);
            let runs = self.runs.get(&place).copied().unwrap_or_default();
            assert!(
                runs > 0 && (done.contains(&place) || runs == TRIES),
                "{place:?} was left, after {after}"
            );
        }
    }

    fn is_cleaned(&self) -> bool {
        let marker = self.system.read(MARKER).unwrap_or_default();
        let deployment = format!("\nDeployment=image:os:{}:\n", self.booted);
        marker.contains(&deployment) && marker.contains("Degraded=")
    }

    /// All moments of a boot after an update of which the deploy process forgot the marker.
    fn moments(&mut self) -> Vec<Cut> {
        self.deploy();
        let before = self.done();
        let mut moments = Vec::new();
        for command in ["verify", "run"] {
            let log = self.system.beside("trace");
            let log = log.to_str().expect("UTF-8");
            let mut run = self.traced(log, &[], &WRITING.join(","), command);
            run.stdout(Stdio::null()).stderr(Stdio::null());
            run.status().expect("it runs");
            let trace = fs::read_to_string(log).expect("a trace");
            for call in WRITING {
                let count = trace
                    .lines()
                    .filter(|line| line.split('(').next() == Some(call));
                let each = (1..=count.count()).map(|ordinal| Cut {
                    command,
                    call: call.to_owned(),
                    ordinal,
                });
                moments.extend(each);
            }
        }
        assert_eq!(self.count(&before), None);
        moments
    }

    /// That a program would be found which does not wait for the disk: with syncs that do nothing, a task that takes the
    /// machine down is not counted.
    fn assert_lost_counts_are_found(&mut self) {
        self.deploy();
        self.system.write("witness/down-10-a", "");
        let is_found = (0..=TRIES).any(|_| {
            let swallowed = ["-e", "inject=fsync:retval=0"];
            let mut run = self.traced("/dev/null", &swallowed, "fsync", "run");
            run.stdout(Stdio::null()).stderr(Stdio::null());
            let status = run.status().expect("it runs");
            assert!(status.signal().is_some(), "it stayed up");
            self.system.lose_power(None);
            self.count(&BTreeSet::new()).is_some()
        });
        assert!(is_found, "nobody found it");
        self.system.remove("witness/down-10-a");
    }

    /// Each moment, once.
    fn each_moment(&mut self) -> usize {
        let moments = self.moments();
        assert!(moments.len() > 40, "only {} moments", moments.len());
        self.settle("a boot that was watched");
        for cut in some_of(PART, &moments) {
            self.deploy();
            assert!(!self.boot(Some(cut)), "{cut:?} was none");
            self.settle(&format!("{cut:?}"));
        }
        moments.len()
    }

    /// What may happen, in any order: updates with the marker removed, forgotten, or cut short; the way back; tasks that
    /// fail or take the machine down; and the power goes at any of these moments, or at none.
    fn history(&mut self, moments: &[Cut], random: &mut Random, length: usize) {
        for _ in 0..length {
            let marker = self.system.root().join(MARKER);
            match random.below(4) {
                0 => {
                    // As a deploy process does it, which syncs nothing.
                    let _absent = fs::remove_file(&marker);
                }
                1 => {
                    let text = fs::read(&marker).unwrap_or_default();
                    fs::write(&marker, &text[..text.len() / 2]).expect("a file");
                }
                _ => {}
            }
            if random.one_in(3) {
                let version = self.newest - random.below(self.newest.min(5));
                self.go_to(version);
            } else {
                self.deploy();
            }
            for task in TASKS {
                for what in ["bad", "down"] {
                    let path = format!("witness/{what}-{task}");
                    if random.one_in(8) {
                        self.system.write(&path, "");
                    } else {
                        let _absent = fs::remove_file(self.system.root().join(path));
                    }
                }
            }
            let cut = moments.get(random.below(moments.len() * 3 / 2));
            self.boot(cut);
            self.settle("a history");
        }
    }
}

pub(crate) fn holds(tree: &Tree, file_system: FileSystem) {
    let mut machine = Machine::new(tree, file_system);
    machine.settle("nothing");
    machine.assert_lost_counts_are_found();
    let points = machine.each_moment();
    let moments = machine.moments();
    machine.settle("a boot that was watched");
    let mut random = Random::of(if file_system == FileSystem::Xfs { 2 } else { 1 });
    machine.history(&moments, &mut random, how_many(60));
    let Machine {
        boots, cuts, runs, ..
    } = machine;
    let told = writeln!(
        std::io::stdout(),
        "the marker on {file_system}: {boots} boots, the power cut {cuts} times at {points} points, {} tasks, none left, none run again",
        runs.len()
    );
    told.expect("stdout");
}
