//! A system in a directory, and its boots.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::peers::{Found, cache_directory, read, require_root};

/// The tree that is booted (`make_tree` in `tests/run` names it so).
const TREE: &str = "bookworm+dbus,flatpak,ostree,systemd,systemd-sysv,udev";
/// How long a boot may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Starts a container ($1: its name, $2: its tree, then options) in control groups of its own: all that are in the same would
/// see each other. It shuts down if the tests die.
const START: &str = r#"
name=$1 tree=$2; shift 2
for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ -d $hierarchy ] || continue
    mkdir -p "$hierarchy/$name" && echo $$ >"$hierarchy/$name/cgroup.procs"
done
exec setpriv --pdeathsig TERM systemd-nspawn --quiet --boot --directory="$tree" --private-network --register=no --keep-unit \
    --link-journal=no --machine="$name" --console=pipe "$@"
"#;

/// The tree that systems are made of.
#[derive(Debug, Clone)]
pub(crate) struct Tree(PathBuf);

impl Tree {
    pub(crate) fn find() -> Found<Self> {
        require_root()?;
        read(Command::new("systemd-nspawn").arg("--version"))?;
        let tree = cache_directory().join("overlayctl-tests").join(TREE);
        if tree.is_dir() {
            Ok(Self(tree))
        } else {
            Err(format!("{} is missing: run tests/run once", tree.display()))
        }
    }
}

/// A system, which is booted again and again.
pub(crate) struct System {
    place: TempDir,
}

impl System {
    /// One with all that is installed, all of it enabled, and the cleanup a second after the boot.
    pub(crate) fn new(tree: &Tree) -> Self {
        let place = TempDir::with_prefix("booted-").expect("a directory");
        let system = Self { place };
        let mut copy = Command::new("cp");
        copy.args(["--archive", "--reflink=auto", "--no-target-directory"]);
        read(copy.arg(&tree.0).arg(system.root())).expect("a copy");
        let mut make = Command::new("make");
        make.arg("--directory").arg(env!("CARGO_MANIFEST_DIR"));
        let program = env!("CARGO_BIN_EXE_overlayctl");
        make.args(["install", &format!("binary={program}")]);
        make.arg(format!("DESTDIR={}", system.root().display()));
        read(&mut make).expect("it installs");
        let mut enable = Command::new("systemctl");
        enable.arg("--root").arg(system.root());
        enable.args([
            "enable",
            "overlayctl-sync.service",
            "overlayctl-cleanup-verify.service",
        ]);
        read(enable.arg("post-upgrade-cleanup.timer")).expect("they are enabled");
        system.write(
            "etc/systemd/system/post-upgrade-cleanup.timer.d/soon.conf",
            "[Timer]\nOnBootSec=\nOnBootSec=1s\nAccuracySec=100ms\n",
        );
        system.write(
            "etc/systemd/system/post-upgrade-cleanup.service.d/soon.conf",
            "[Service]\nRestartSec=1s\n",
        );
        fs::create_dir_all(system.root().join("sysroot")).expect("a sysroot");
        system.deploy("1");
        system
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.place.path().join("root")
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.root().join(path)).expect("a file");
    }

    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.root().join(path)).ok()
    }

    /// Another version of the image.
    pub(crate) fn deploy(&self, version: &str) {
        self.write(
            "usr/lib/os-release",
            &format!("ID=debian\nIMAGE_ID=os\nIMAGE_VERSION={version}\n"),
        );
    }

    /// A task that notes in `/var/ran` that it ran.
    pub(crate) fn task(&self, name: &str, script: &str, more: &str) {
        let text = format!(
            "command = ['/bin/sh', '-c', '''echo {name} >> /var/ran; sync; {script}''']\n{more}"
        );
        self.write(&format!("etc/overlayctl/cleanup.d/{name}.toml"), &text);
    }

    /// The tasks that ran since this was asked last.
    pub(crate) fn ran(&self) -> String {
        let ran = self.read("var/ran").unwrap_or_default();
        let _absent = fs::remove_file(self.root().join("var/ran"));
        ran.lines().collect::<Vec<_>>().join(" ")
    }

    /// Boots it until nothing is left to be started.
    pub(crate) fn boot(&self) -> Boot {
        self.boot_with(&[])
    }

    pub(crate) fn boot_with(&self, options: &[&str]) -> Boot {
        let mut boot = self.start(options);
        let is_up = boot.wait_for(|boot| {
            // At first, its child is one that makes the container, and goes.
            boot.first = boot.child();
            boot.first.is_some() && {
                let state = boot.output(&["systemctl", "is-system-running"]);
                ["running", "degraded"].contains(&state.trim())
            }
        });
        let console = fs::read_to_string(self.place.path().join("console"));
        assert!(is_up, "not booted: {}", console.unwrap_or_default());
        boot
    }

    /// Begins to boot it.
    pub(crate) fn start(&self, options: &[&str]) -> Boot {
        let name = self.place.path().file_name().expect("a name");
        let name = name.to_string_lossy().replace('.', "");
        let mut start = Command::new("/bin/sh");
        start.args(["-c", START, "sh", &name]).arg(self.root());
        start.args(options);
        let log = fs::File::create(self.place.path().join("console")).expect("a file");
        let errors = log.try_clone().expect("the same");
        start.stdin(Stdio::null()).stdout(log).stderr(errors);
        Boot {
            nspawn: start.spawn().expect("it starts"),
            first: None,
            name,
        }
    }
}

/// A boot of a system.
pub(crate) struct Boot {
    nspawn: Child,
    /// The number of its PID 1, seen from here.
    first: Option<String>,
    name: String,
}

impl Boot {
    fn child(&self) -> Option<String> {
        let number = self.nspawn.id();
        let children = fs::read_to_string(format!("/proc/{number}/task/{number}/children"));
        Some(children.ok()?.split_whitespace().next()?.to_owned())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        let first = self.first.as_deref().expect("it is up");
        command.args(["--target", first, "--all", "--root", "--wd"]);
        command.args(arguments);
        command
    }

    /// What a command in it prints, whatever its status is.
    pub(crate) fn output(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().expect("nsenter runs");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// The status of a command in it.
    pub(crate) fn status(&self, arguments: &[&str]) -> i32 {
        let mut command = self.command(arguments);
        let output = command.output().expect("nsenter runs");
        output.status.code().expect("no signal")
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
        let groups = ["systemd", "unified"]
            .map(|hierarchy| Path::new("/sys/fs/cgroup").join(hierarchy).join(&self.name));
        // The container outlives the one who started it.
        for process in groups.iter().flat_map(|group| processes(group)) {
            let _gone = Command::new("kill")
                .args(["-KILL", &process])
                .stderr(Stdio::null())
                .status();
        }
        let _ended = self.nspawn.kill();
        let _ended = self.nspawn.wait();
        for group in &groups {
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
