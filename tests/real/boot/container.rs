//! A boot of a system: its own systemd as PID 1 of a container.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::peers::read;

/// How long a boot may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a container ($1: its tree, then its control groups, `--`, and options). It shuts down if the tests die.
pub(super) const START: &str = r#"
tree=$1; shift
while [ "$1" != -- ]; do
    echo $$ >"$1/cgroup.procs"
    name=${1##*/}; shift
done
shift
exec setpriv --pdeathsig TERM systemd-nspawn --quiet --boot --directory="$tree" --private-network --register=no --keep-unit \
    --link-journal=no --machine="$name" --console=pipe "$@"
"#;

/// The control groups of a container: all containers that are in the same would see each other.
pub(super) struct Groups([PathBuf; 2]);

impl Groups {
    /// Makes those of this name. `version2` is where those of version 2 are; those by which the host's systemd
    /// tells its units apart are elsewhere, unless they are the same.
    pub(super) fn new(name: &str, version2: &Path) -> Self {
        let version1 = Path::new("/sys/fs/cgroup/systemd");
        let first = if version1.is_dir() {
            version1
        } else {
            version2
        };
        let groups = Self([first, version2].map(|hierarchy| hierarchy.join(name)));
        for group in &groups.0 {
            fs::create_dir_all(group).expect("a control group");
        }
        groups
    }

    pub(super) fn arguments(&self) -> &[PathBuf] {
        &self.0
    }

    /// The numbers of all processes in it.
    fn processes(&self) -> Vec<String> {
        self.0.iter().flat_map(|group| processes(group)).collect()
    }
}

/// A boot of a system.
pub(crate) struct Boot {
    nspawn: Child,
    /// The number of its PID 1, seen from here.
    first: Option<String>,
    groups: Groups,
}

impl Boot {
    pub(super) const fn new(nspawn: Child, groups: Groups) -> Self {
        Self {
            nspawn,
            first: None,
            groups,
        }
    }

    /// Waits until nothing is left to be started.
    pub(super) fn is_up(&mut self) -> bool {
        self.wait_for(|boot| {
            // At first, its child is one that makes the container, and goes.
            boot.first = boot.child();
            boot.first.is_some() && {
                let state = boot.output(&["systemctl", "is-system-running"]);
                ["running", "degraded"].contains(&state.trim())
            }
        })
    }

    fn child(&self) -> Option<String> {
        let number = self.nspawn.id();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
        Some(children.ok()?.split_whitespace().next()?.to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // A manager that is just being replaced may leave one without an answer.
        let mut command = Command::new("timeout");
        let first = self.first.as_deref().expect("it is up");
        command.args([
            "60", "nsenter", "--target", first, "--all", "--root", "--wd",
        ]);
        command.args(arguments);
        command
    }

    /// What a command in it prints, whatever its status is.
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("nsenter runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a command in it that has to end well.
    pub(crate) fn run(&self, arguments: &[&str]) {
        read(&mut self.command(arguments)).expect("it ends well");
    }

    /// The status of a command in it.
    pub(crate) fn status(&self, arguments: &[&str]) -> i32 {
        let mut command = self.command(arguments);
        let output = command.output().expect("nsenter runs");
        output.status.code().expect("no signal")
    }

    /// The command lines of all its processes.
    pub(crate) fn processes(&self) -> Vec<String> {
        let numbers = self.groups.processes().into_iter();
        let lines = numbers.filter_map(|number| {
            let line = fs::read(format!("/proc/{number}/cmdline")).ok()?;
            Some(
                String::from_utf8_lossy(&line)
                    .trim_end_matches('\0')
                    .replace('\0', " "),
            )
        });
        lines.collect()
    }

    /// Whether something comes true in time.
    pub(crate) fn wait_for(&mut self, mut is_so: impl FnMut(&mut Self) -> bool) -> bool {
        let start = Instant::now();
        while !is_so(self) {
            if start.elapsed() > PATIENCE {
                return false;
            }
            sleep(Duration::from_millis(100));
        }
        true
    }

    /// The state of a unit, such as `active`.
    pub(crate) fn state(&self, unit: &str) -> String {
        let state = self.output(&[
            "systemctl",
            "show",
            "--property=ActiveState",
            "--value",
            unit,
        ]);
        state.trim().to_owned()
    }

    /// Waits until the cleanup has run, or was not to be.
    pub(crate) fn settle(&mut self) {
        let unit = "post-upgrade-cleanup";
        let is_over = self.wait_for(|boot| {
            let timer = boot.output(&[
                "systemctl",
                "show",
                "--property=SubState",
                "--value",
                &format!("{unit}.timer"),
            ]);
            let jobs = boot.output(&["systemctl", "list-jobs", "--no-legend", "--plain"]);
            let state = boot.state(&format!("{unit}.service"));
            timer.trim() == "elapsed"
                && jobs.trim().is_empty()
                && ["inactive", "failed"].contains(&&*state)
        });
        assert!(is_over, "{}", self.output(&["systemctl", "status", unit]));
    }

    /// What `cleanup status` says as a document.
    pub(crate) fn cleanup(&self) -> serde_json::Value {
        let text = self.output(&["overlayctl", "--json", "cleanup", "status"]);
        serde_json::from_str(&text).expect("one document")
    }

    /// Whether it has ended.
    pub(crate) fn is_off(&mut self) -> bool {
        matches!(self.nspawn.try_wait(), Ok(Some(_)))
    }

    /// Shuts it down.
    pub(crate) fn off(mut self) {
        self.output(&["systemctl", "poweroff"]);
        let is_off = self.wait_for(Self::is_off);
        assert!(is_off, "it does not shut down");
    }
}

/// Ends it as it stands.
impl Drop for Boot {
    fn drop(&mut self) {
        // The container outlives the one who started it.
        for process in self.groups.processes() {
            let _gone = Command::new("kill")
                .args(["-KILL", &process])
                .stderr(Stdio::null())
                .status();
        }
        let _ended = self.nspawn.kill();
        let _ended = self.nspawn.wait();
    }
}

/// Once nobody is in them.
impl Drop for Groups {
    fn drop(&mut self) {
        for group in &self.0 {
            remove(group);
        }
    }
}

/// The numbers of all processes in a control group and those below it.
fn processes(group: &Path) -> Vec<String> {
    let here = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    let here = here.lines().map(str::to_owned);
    here.chain(below(group).iter().flat_map(|group| processes(group)))
        .collect()
}

/// Control groups go from below, once what was in them is gone.
fn remove(group: &Path) {
    for group in below(group) {
        remove(&group);
    }
    for _ in 0..50 {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == ErrorKind::ResourceBusy => {
                sleep(Duration::from_millis(20));
            }
            _ => break,
        }
    }
}

fn below(group: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path());
    paths.filter(|path| path.is_dir()).collect()
}
