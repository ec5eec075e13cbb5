//! Who may only look at a target cannot make root's sync wait, whatever he holds; who may hold it is named, and
//! the entries are listed all the same. A user does the same in an installation of his own.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, lchown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::NotRun;
use crate::faults::LOCK;
use crate::machine::{Machine, report_of};
use crate::peers::{Found, SCRATCH, read, require_root};

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trials: [(&str, fn()); 5] = [
        ("another user holds whatever he can open", held_by_others),
        ("another user cannot open it", out_of_reach),
        ("who holds it is named, and all is listed", named),
        ("a user's own installation", of_a_user),
        ("it cannot be taken away", stays),
    ];
    let trial = |(name, run): (&str, fn())| {
        not_run.trial(format!("lock: {name}"), needed(), move |()| run())
    };
    trials.into_iter().map(trial).collect()
}

fn needed() -> Found<()> {
    require_root()?;
    for program in ["setpriv", "flock", "strace"] {
        read(Command::new(program).arg("--version"))?;
    }
    Ok(())
}

/// Another user of the machine.
const USER: u32 = 65534;

/// Much less than a run waits for its lock, and much more than it takes.
const SOON: Duration = Duration::from_secs(5);

const DIRECTORIES: [&str; 2] = ["var/lib/flatpak", "etc/overlayctl/state/ostree-remotes"];

/// A machine that was synced once, and whose image ships something new since.
fn machine() -> (Machine, TempDir) {
    let scratch = TempDir::new_in(SCRATCH).expect("a directory");
    // Everybody may look.
    fs::set_permissions(scratch.path(), Permissions::from_mode(0o755)).expect("permissions");
    let machine = Machine::new(scratch.path());
    ship(&machine, "one");
    machine.sync();
    ship(&machine, "two");
    (machine, scratch)
}

fn ship(machine: &Machine, path: &str) {
    let url = format!("https://vendor.example/{path}");
    let flatpak = format!("[Flatpak Repo]\nUrl={url}\n");
    machine.write("usr/share/flatpak/remotes.d/x.flatpakrepo", flatpak);
    let ostree = format!("[remote \"y\"]\nurl={url}\ngpg-verify=false\n");
    machine.write("usr/lib/ostree/remotes.d/y.conf", ostree);
}

/// A process that ends with what it holds.
struct Holder(Child);

impl Holder {
    /// Who that is holds what it can open of these files; and so says.
    fn of(user: u32, paths: &[PathBuf]) -> Self {
        let script = r#"for path; do exec {held}<"$path" && flock --exclusive --nonblock "$held"; done 2> /dev/null; echo held; sleep 60"#;
        let mut holder = Command::new("setpriv")
            .args([&format!("--reuid={user}"), "--clear-groups", "bash", "-c"])
            .args([script, "holder"])
            .args(paths)
            .stdout(Stdio::piped())
            .spawn()
            .expect("setpriv runs");
        let mut said = String::new();
        let stdout = holder.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut said).expect("held");
        assert_eq!(said, "held\n");
        Self(holder)
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.0.kill().expect("it lives");
        self.0.wait().expect("it ends");
    }
}

/// All that is in a target, itself first.
fn all(machine: &Machine) -> Vec<PathBuf> {
    let directories = DIRECTORIES.map(|directory| machine.path(directory));
    let all = directories.iter().flat_map(walkdir::WalkDir::new);
    all.map(|entry| entry.expect("readable").into_path())
        .collect()
}

/// Leaves a lock as a run does that is killed.
fn leave(lock: &Path, holder: &str) {
    fs::write(lock, holder).expect("a lock");
    fs::set_permissions(lock, Permissions::from_mode(0o600)).expect("permissions");
}

/// Whether somebody holds it.
fn is_held(path: &Path) -> bool {
    let mut flock = Command::new("flock");
    let tried = flock.arg("--nonblock").arg(path).arg("true").status();
    !tried.expect("flock runs").success()
}

fn held_by_others() {
    let (machine, _scratch) = machine();
    let paths = all(&machine);
    let _holder = Holder::of(USER, &paths);
    for directory in DIRECTORIES {
        assert!(is_held(&machine.path(directory)), "{directory}");
    }
    let before = Instant::now();
    machine.sync();
    assert!(before.elapsed() < SOON, "it took {:?}", before.elapsed());
    assert!(all(&machine).iter().all(|path| !path.ends_with(LOCK)));
    machine.assert_settled();
}

/// What a dead run left, too.
fn out_of_reach() {
    let (machine, _scratch) = machine();
    let locks = DIRECTORIES.map(|directory| machine.path(directory).join(LOCK));
    for lock in &locks {
        leave(lock, "1 dead");
    }
    let _holder = Holder::of(USER, &locks);
    assert!(locks.iter().all(|lock| !is_held(lock)));
    let before = Instant::now();
    machine.sync();
    assert!(before.elapsed() < SOON, "it took {:?}", before.elapsed());
    assert!(locks.iter().all(|lock| !lock.exists()));
}

/// Root itself may hold it, as another run does that takes long.
fn named() {
    let (machine, _scratch) = machine();
    let lock = machine.path(DIRECTORIES[0]).join(LOCK);
    leave(&lock, "812 overlayctl sync");
    let holder = Holder::of(0, std::slice::from_ref(&lock));
    assert!(is_held(&lock));
    let report = machine.report(&["sync"]);
    report.assert_code(1);
    report.assert_state("x", "failed");
    let finding = report.findings.iter().find(|one| one.path.ends_with(LOCK));
    let message = &finding.expect("it is said").message;
    let who = "process 812 (`overlayctl sync`) holds it";
    assert!(message.contains(who), "{message}");
    // The other target is another matter.
    assert_eq!(report.state_in("ostree-remotes", "y"), "updated");
    // Who only looks waits for nobody.
    let before = Instant::now();
    machine.report(&["status"]).assert_state("x", "outdated");
    assert!(before.elapsed() < SOON, "it took {:?}", before.elapsed());
    drop(holder);
    machine.sync();
    assert!(!lock.exists());
    machine.assert_settled();
}

/// Nothing there is root's, and the run is not either.
fn of_a_user() {
    let (machine, scratch) = machine();
    for path in walkdir::WalkDir::new(&machine.root) {
        let path = path.expect("readable").into_path();
        lchown(path, Some(USER), Some(USER)).expect("given");
    }
    // Where it was built, only root may be able to look. Written by this process, it would be busy as long as what
    // another trial starts meanwhile has inherited the descriptor.
    let program = scratch.path().join("overlayctl");
    let built = env!("CARGO_BIN_EXE_overlayctl");
    read(Command::new("cp").arg(built).arg(&program)).expect("a copy");
    let sync = || {
        let sync = machine.overlayctl(&["sync"]);
        let mut command = Command::new("setpriv");
        let user = [format!("--reuid={USER}"), format!("--regid={USER}")];
        command.args(user).arg("--clear-groups");
        command.arg(&program).args(sync.get_args());
        report_of(&command.output().expect("setpriv runs"))
    };
    let locks = DIRECTORIES.map(|directory| machine.path(directory).join(LOCK));
    // A dead run of their own, and one of root's for them.
    for lock in &locks {
        leave(lock, "1 dead");
        lchown(lock, Some(USER), Some(USER)).expect("given");
    }
    sync().assert_code(0);
    assert!(locks.iter().all(|lock| !lock.exists()));
    machine.assert_settled();
    ship(&machine, "three");
    machine.sync();
    ship(&machine, "four");
    let report = sync();
    report.assert_code(0);
    report.assert_state("x", "updated");
    machine.assert_settled();
}

/// What a device that fails leaves is as what a dead run leaves: it holds nobody up, and the next run that writes
/// takes it away.
fn stays() {
    let (machine, _scratch) = machine();
    let log = machine.root.with_extension("strace");
    let sync = machine.overlayctl(&["sync"]);
    let traced = Command::new("strace")
        .args(["-f", "-o"])
        .arg(&log)
        .args([
            "-P",
            LOCK,
            "-e",
            "trace=unlinkat",
            "-e",
            "inject=unlinkat:error=EIO",
        ])
        .arg(sync.get_program())
        .args(sync.get_args())
        .output();
    let report = report_of(&traced.expect("strace runs"));
    report.assert_code(0);
    let log = fs::read_to_string(log).expect("a trace");
    assert_eq!(log.matches("(INJECTED)").count(), 2, "{log}");
    let locks = DIRECTORIES.map(|directory| machine.path(directory).join(LOCK));
    assert!(locks.iter().all(|lock| lock.exists()));
    machine.assert_settled();
    machine.report(&["status", "--check"]).assert_code(0);
    ship(&machine, "three");
    machine.sync();
    assert!(locks.iter().all(|lock| !lock.exists()));
    machine.assert_settled();
}
