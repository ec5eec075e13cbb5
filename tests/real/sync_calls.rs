//! How many system calls a run makes, as strace counts them: what each remote costs at every boot.
//!
//! Left out are the calls for memory, which come with its amount, and the one with which a debug build
//! asks whether what it closes is open.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use base64::Engine as _;
use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::machine::Machine;
use crate::ostree::victims::while_all_immutable;
use crate::peers::{SCRATCH, read};

const NOT_COUNTED: [&str; 5] = ["brk", "fcntl", "mmap", "mremap", "munmap"];

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trials: [(&str, fn()); 5] = [
        ("of twelve remotes", twelve),
        ("of each of many remotes of flatpak", flatpak),
        ("of each of many remotes of ostree", ostree),
        ("of each of many findings", findings),
        ("of each of many files that cannot be written", immutable),
    ];
    let strace = || read(Command::new("strace").arg("--version")).map(drop);
    let trial = |(name, run): (&str, fn())| {
        not_run.trial(format!("system calls: {name}"), strace(), move |()| run())
    };
    trials.into_iter().map(trial).collect()
}

/// A machine, and the place that it is in.
struct Place {
    machine: Machine,
    _scratch: TempDir,
}

impl Place {
    fn new() -> Self {
        let scratch = TempDir::new_in(SCRATCH).expect("a directory");
        Self {
            machine: Machine::new(scratch.path()),
            _scratch: scratch,
        }
    }

    /// One whose vendor ships so many remotes of flatpak.
    fn of_flatpak(count: usize) -> Self {
        let place = Self::new();
        for number in 0..count {
            let path = format!("usr/share/flatpak/remotes.d/remote{number}.flatpakrepo");
            place.machine.write(&path, REMOTE);
        }
        place.synced()
    }

    /// The same of ostree, each with its keyring.
    fn of_ostree(count: usize) -> Self {
        let place = Self::new();
        let key = REMOTE.lines().find_map(|line| line.strip_prefix("GPGKey="));
        let key = base64::engine::general_purpose::STANDARD.decode(key.expect("a key"));
        let key = key.expect("base64");
        for number in 0..count {
            let path = format!("usr/share/ostree/remotes.d/remote{number}");
            let text = format!("[remote \"remote{number}\"]\nurl=https://example.org/{number}/\n");
            place.machine.write(&format!("{path}.conf"), text);
            place
                .machine
                .write(&format!("{path}.trustedkeys.gpg"), &key);
        }
        place.synced()
    }

    fn synced(self) -> Self {
        self.machine.sync();
        self.machine.assert_settled();
        self
    }

    /// The calls of a command, by name.
    fn calls(&self, arguments: &[&str]) -> BTreeMap<String, usize> {
        let log = self.machine.root.with_extension("strace");
        let run = self.machine.overlayctl(arguments);
        let status = Command::new("strace")
            // With cargo's, the program's own libraries are looked for in dozens of places.
            .env_remove("LD_LIBRARY_PATH")
            .args(["-f", "-o"])
            .arg(&log)
            .arg(run.get_program())
            .args(run.get_args().filter(|argument| *argument != "--json"))
            .output();
        status.expect("strace runs");
        let mut calls = BTreeMap::new();
        for line in fs::read_to_string(log).expect("a trace").lines() {
            // Each begins with the number of its process.
            let call = line.split_ascii_whitespace().nth(1);
            if let Some((name, _)) = call.and_then(|call| call.split_once('('))
                && !NOT_COUNTED.contains(&name)
            {
                *calls.entry(name.to_owned()).or_default() += 1;
            }
        }
        calls
    }

    /// How many calls a run makes that has nothing to do.
    fn sync(&self) -> usize {
        self.calls(&["sync"]).values().sum()
    }
}

const REMOTE: &str = include_str!("../../data/demo/flathub.flatpakrepo");

fn twelve() {
    let calls = Place::of_flatpak(12).sync();
    assert!(calls <= 210, "flatpak: {calls} calls");
    let calls = Place::of_ostree(12).sync();
    assert!(calls <= 365, "ostree: {calls} calls");
}

/// What each remote adds, from some to many. What a longer listing takes is less than one for each.
fn each(place: fn(usize) -> Place) -> usize {
    let [few, many] = [10, 210].map(|count| place(count).sync());
    (many - few) / (210 - 10)
}

/// Its file, its keyring: each opened, judged, read and closed.
fn flatpak() {
    let calls = each(Place::of_flatpak);
    assert!(calls <= 2 * 4, "{calls} calls");
}

/// The vendor's file and keyring, those of the target, and what is remembered: five files, each once.
fn ostree() {
    let calls = each(Place::of_ostree);
    assert!(calls <= 5 * 4, "{calls} calls");
}

/// All of them are written at once.
fn findings() {
    let place = Place::new();
    for number in 0..800 {
        let path = format!("etc/myapp/myapp.conf.d/{number:03}.conf");
        place.machine.write(&path, "[Section]\njunk\n");
    }
    let calls = place.calls(&["show", "myapp/myapp.conf", "--rules", "systemd"]);
    let writes = calls["write"];
    assert!(writes <= 2, "{writes} writes");
}

/// What stands in the way of a run is found together: not each by an attempt of its own, which would write all the
/// others once more.
fn immutable() {
    let [few, many] = [10, 40].map(|count| {
        let place = Place::of_ostree(count);
        let remotes = place.machine.root.join("etc/ostree/remotes.d");
        let files: Vec<_> = fs::read_dir(remotes)
            .expect("a directory")
            .map(|entry| entry.expect("a file").path())
            .filter(|path| path.extension().is_some_and(|end| end == "conf"))
            .collect();
        for number in 0..count {
            let path = format!("usr/share/ostree/remotes.d/remote{number}.conf");
            let text = format!("[remote \"remote{number}\"]\nurl=https://new.example/\n");
            place.machine.write(&path, text);
        }
        while_all_immutable(&files, || place.sync()).expect("a file system that knows it")
    });
    assert!(many < 5 * few, "{few} calls of 10, {many} of 40");
}
