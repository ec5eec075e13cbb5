//! Trees that mean harm: in every place that a run reads or writes stands, in turn, whatever may stand there.
//! No command panics, waits or is killed; nothing outside of the root changes; a second run writes nothing; the
//! real flatpak and ostree work afterwards where they did before; and where only the vendor's or the owner's files
//! are hostile, what is not is applied.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use tempfile::TempDir;

use crate::NotRun;
use crate::faults::copy_of;
use crate::flatpak::bench::Bench;
use crate::machine::Machine;
use crate::ostree::victims::while_immutable;
use crate::ostree::world::{self as ostree, Ostree};
use crate::peers::{Flatpak, Found, ostree_remotes, read, require_root};
use crate::thorough::some_of;

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let needed = require_root().and_then(|()| Consumers::new());
    vec![not_run.trial("hostile trees".into(), needed, |consumers| run(&consumers))]
}

/// A command takes milliseconds; the machine may do much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command about a million keys takes ten seconds without optimization.
const MUCH: Duration = Duration::from_secs(300);

/// Of how many trees a plain run tries one.
const PART: usize = 4;

const COMMANDS: [&[&str]; 8] = [
    &["status"],
    &["sync", "--dry-run"],
    &["sync"],
    &["sync"],
    &["list"],
    &["check"],
    &["diff"],
    &["explain", "*"],
];

/// Files of the vendor's and the owner's layers.
const LAYERS: [&str; 6] = [
    "usr/share/flatpak/remotes.d/x.flatpakrepo",
    "etc/flatpak/remotes.d/good.flatpakrepo",
    "usr/share/flatpak/collections.d/x.conf",
    "usr/lib/ostree/remotes.d/x.conf",
    "usr/lib/ostree/remotes.d/good.trustedkeys.gpg",
    "etc/overlayctl/adapters.d/x.toml",
];

/// Targets, what is remembered, and what dead runs leave.
const TARGETS: [&str; 14] = [
    "var/lib/flatpak/repo/config",
    "var/lib/flatpak/repo/good.trustedkeys.gpg",
    "var/lib/flatpak/repo/.#config.overlayctl",
    "var/lib/flatpak/repo/.#config.overlayctl~",
    "var/lib/flatpak/repo/.#config.overlayctl!",
    "var/lib/flatpak/.overlayctl.intent",
    "var/lib/flatpak/.overlayctl.lock",
    "var/lib/flatpak/.changed",
    "etc/ostree/remotes.d/good.conf",
    "etc/ostree/remotes.d/other.conf",
    "etc/ostree/remotes.d/.#good.conf.overlayctl",
    "etc/overlayctl/state/ostree-remotes/good.state",
    "etc/overlayctl/state/ostree-remotes/.overlayctl.intent",
    "etc/overlayctl/state/ostree-remotes/.overlayctl.lock",
];

type Kind = (&'static str, fn(&Path));

/// What may stand under any name.
const KINDS: [Kind; 26] = [
    ("a FIFO", |path| {
        mknodat(CWD, path, FileType::Fifo, Mode::RUSR, 0).unwrap();
    }),
    ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ("a device that never ends", |path| device(path, 5)),
    ("a device that is full", |path| device(path, 7)),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a deep tree", |path| {
        fs::create_dir_all(path.join("d/".repeat(500))).unwrap();
    }),
    ("a symlink to itself", |path| {
        symlink(path.file_name().unwrap(), path).unwrap();
    }),
    ("a dangling symlink", |path| {
        symlink("/nowhere/at/all", path).unwrap();
    }),
    ("a way out", |path| {
        symlink("../".repeat(40) + "outside/file", path).unwrap();
    }),
    ("a way out by the top", |path| {
        symlink("/../../outside/file", path).unwrap();
    }),
    ("a way out to a directory", |path| {
        symlink("/../outside", path).unwrap();
    }),
    ("a symlink of procfs", |path| {
        symlink("/proc/self/exe", path).unwrap();
    }),
    ("a mask", |path| symlink("/dev/null", path).unwrap()),
    ("an empty file", |path| text(path, b"")),
    ("a comment", |path| text(path, b"# nothing\n")),
    ("a large hole", |path| hole(path, 1 << 40)),
    ("a small hole", |path| hole(path, 4 << 20)),
    ("NULs", |path| {
        text(path, b"[Flatpak Repo]\nUrl=https://a\0b\n\0\n");
    }),
    ("not UTF-8", |path| {
        text(path, b"[Flatpak Repo]\nUrl=https://\xff\xfe\n[\xff]\n");
    }),
    ("what a terminal obeys", |path| {
        text(
            path,
            "[remote \"x\"]\nurl=\x1b]0;owned\x07\u{202e}\n".as_bytes(),
        );
    }),
    ("a group twice", |path| {
        text(
            path,
            b"[remote \"x\"]\nurl=a\n[remote \"x\"]\nurl=b\n[core]\n[core]\n",
        );
    }),
    ("a group without an end", |path| {
        text(path, b"[remote \"x\"\nurl=a\n=\n]]\n");
    }),
    ("a long line", |path| {
        text(path, &[b"[core]\nk=".as_slice(), &[b'v'; 1 << 20]].concat());
    }),
    ("many groups", |path| {
        text(path, "[remote \"a\"]\nurl=a\n".repeat(20_000).as_bytes());
    }),
    ("many lines", |path| {
        text(
            path,
            ("[core]\n".to_owned() + &"k=v\n".repeat(50_000)).as_bytes(),
        );
    }),
    ("a file that nobody may read", |path| {
        text(path, b"[remote \"x\"]\nurl=a\n");
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).unwrap();
    }),
];

/// Names of files of a layer.
const NAMES: [&[u8]; 12] = [
    b"a\nb.conf",
    b"\xff.conf",
    "\u{202e}moc.conf".as_bytes(),
    b"\x1b[31m.conf",
    b"-rf.conf",
    b".hidden.conf",
    b".conf",
    b"a b.conf",
    b"a\"]b.conf",
    b"*.conf",
    b".#good.conf.overlayctl.conf",
    &[b'n'; 255],
];

fn device(path: &Path, minor: u32) {
    mknodat(
        CWD,
        path,
        FileType::CharacterDevice,
        Mode::RUSR,
        makedev(1, minor),
    )
    .unwrap();
}

fn hole(path: &Path, size: u64) {
    fs::File::create(path).unwrap().set_len(size).unwrap();
}

fn text(path: &Path, text: &[u8]) {
    fs::write(path, text).unwrap();
}

/// As much as there may be of one thing. By hand: each takes a minute.
const LARGE: [(&str, Kind); 6] = [
    (
        LAYERS[0],
        ("a file of a million keys", |path| {
            text(
                path,
                many_keys("[Flatpak Repo]\nUrl=https://x\n").as_bytes(),
            );
        }),
    ),
    (
        LAYERS[3],
        ("a file of a million keys", |path| {
            text(
                path,
                many_keys("[remote \"x\"]\nurl=https://x\n").as_bytes(),
            );
        }),
    ),
    (
        TARGETS[0],
        ("a file of a million keys", |path| {
            let config = "[core]\nrepo_version=1\nmode=bare-user-only\n[remote \"good\"]\nurl=https://good\n";
            text(path, many_keys(config).as_bytes());
        }),
    ),
    (
        TARGETS[7],
        ("a file of a million keys", |path| {
            text(
                path,
                many_keys("[remote \"good\"]\nurl=https://good\n").as_bytes(),
            );
        }),
    ),
    (
        "usr/share/flatpak/remotes.d/good.flatpakrepo.d",
        ("a directory of 100,000 drop-ins", |path| {
            many_files(path, "[Flatpak Repo]\nTitle=t\n");
        }),
    ),
    (
        "usr/lib/ostree/remotes.d/good.conf.d",
        ("a directory of 100,000 drop-ins", |path| {
            many_files(path, "[remote \"good\"]\nproxy=p\n");
        }),
    ),
];

fn many_keys(head: &str) -> String {
    let keys = (0..1_000_000).map(|number| format!("k{number}=v\n"));
    head.to_owned() + &keys.collect::<String>()
}

fn many_files(path: &Path, content: &str) {
    fs::create_dir(path).unwrap();
    for number in 0..100_000 {
        text(&path.join(format!("{number:06}.conf")), content.as_bytes());
    }
}

#[expect(clippy::print_stderr, reason = "the counts of a trial")]
fn run(consumers: &Consumers) {
    let mut counts = [0; 5];
    let places = LAYERS.iter().chain(&TARGETS);
    let all: Vec<_> = places
        .clone()
        .flat_map(|place| KINDS.map(|kind| (*place, kind)))
        .collect();
    // Eleven has no factor in common with the kinds, so that each kind and each place is in the selection.
    // All of them take minutes, most of them the pauses of `sync`: by hand.
    let is_asked = std::env::var_os("OVERLAYCTL_HOSTILE").is_some_and(|which| which == "all");
    let step = if is_asked { 1 } else { 11 };
    let all: Vec<_> = all.into_iter().step_by(step).collect();
    let part = if is_asked { 1 } else { PART };
    for (place, (what, make)) in some_of(part, &all) {
        let world = World::new(consumers);
        world.put(Path::new(place), *make);
        let is_target = TARGETS.contains(place);
        counts[usize::from(is_target)] += world.endures(&format!("{place} is {what}"), is_target);
    }
    for &name in some_of(part, &NAMES) {
        for directory in ["usr/lib/ostree/remotes.d", "etc/ostree/remotes.d"] {
            let world = World::new(consumers);
            let path = Path::new(directory).join(OsStr::from_bytes(name));
            world.put(&path, |path| text(path, b"[remote \"n\"]\nurl=https://n\n"));
            counts[2] += world.endures(&format!("a file is called {}", path.display()), false);
        }
    }
    let places: Vec<_> = places.step_by(if is_asked { 1 } else { 4 }).collect();
    for place in some_of(part, &places).map(Path::new) {
        for path in [place, place.parent().expect("a directory")] {
            let world = World::new(consumers);
            world.fill(place);
            let what = format!("{} is immutable", path.display());
            let endures = || world.endures(&what, true);
            counts[3] += while_immutable(&world.machine.root.join(path), endures).unwrap_or(0);
        }
    }
    if is_asked {
        for (place, (what, make)) in LARGE {
            let mut world = World::new(consumers);
            world.patience = MUCH;
            world.put(Path::new(place), make);
            counts[4] += world.endures(&format!("{place} is {what}"), true);
        }
    }
    let [layers, targets, names, immutable, large] = counts;
    let asked = consumers.asked.get();
    eprintln!(
        "runs over hostile layers: {layers}, targets: {targets}, names: {names}, immutable: {immutable}, large: {large}; consumers worked before and after {asked} trees"
    );
}

/// Who works with the targets.
struct Consumers {
    flatpak: Flatpak,
    ostree: Ostree,
    bench: Bench,
    /// How often one of them worked before, and had to afterwards.
    asked: Cell<usize>,
}

impl Consumers {
    fn new() -> Found<Self> {
        let first = |(_, found)| found;
        Ok(Self {
            flatpak: Flatpak::all()
                .into_iter()
                .map(first)
                .next()
                .expect("the host's")?,
            ostree: Ostree::all().into_iter().next().expect("the host's").1?,
            bench: Bench::new()?,
            asked: Cell::default(),
        })
    }

    /// Whether each of them works with a copy of a machine: flatpak imports what it finds.
    fn work(&self, machine: &Machine) -> [Found<()>; 2] {
        let copy = Machine::new(&self.bench.place());
        copy_of(machine, &copy);
        let config = copy.root.join("var/lib/flatpak/repo/config");
        let is_pipe = fs::metadata(config).is_ok_and(|found| found.file_type().is_fifo());
        let flatpak = if is_pipe {
            Err("it waits for whoever writes to the pipe".into())
        } else {
            self.flatpak.remotes(&copy.root).map(drop)
        };
        let place = copy.root.parent().expect("a place").to_owned();
        let seen = ostree::World::seen(&self.bench, &self.ostree, copy);
        let ostree = seen.listed().map(drop);
        fs::remove_dir_all(place).expect("a copy");
        [flatpak, ostree]
    }
}

/// A machine that was in order, and what is outside of it.
struct World<'c> {
    consumers: &'c Consumers,
    machine: Machine,
    outside: PathBuf,
    patience: Duration,
    _place: TempDir,
}

impl<'c> World<'c> {
    fn new(consumers: &'c Consumers) -> Self {
        let place = TempDir::new().expect("a directory");
        let outside = place.path().join("outside");
        fs::create_dir(&outside).expect("a directory");
        text(
            &outside.join("file"),
            b"[remote \"outside\"]\nurl=https://outside\n",
        );
        let machine = Machine::new(place.path());
        for directory in ["etc", "ostree", "sysroot", "var"] {
            fs::create_dir(machine.path(directory)).expect("a directory");
        }
        let repo = format!("--repo={}", machine.path("ostree/repo").display());
        read(Command::new("ostree").args([&repo, "init", "--mode=bare"])).expect("a repository");
        let repo = "[Flatpak Repo]\nUrl=https://good\nGPGVerify=false\n";
        machine.write("usr/share/flatpak/remotes.d/good.flatpakrepo", repo);
        let conf = "[remote \"good\"]\nurl=https://good\ngpg-verify=false\n";
        machine.write("usr/lib/ostree/remotes.d/good.conf", conf);
        machine.sync();
        // What the next run has to do.
        machine.write("usr/share/flatpak/remotes.d/new.flatpakrepo", repo);
        machine.write(
            "usr/lib/ostree/remotes.d/new.conf",
            conf.replace("good", "new"),
        );
        Self {
            consumers,
            machine,
            outside,
            patience: PATIENCE,
            _place: place,
        }
    }

    /// Something is there, if nothing was.
    fn fill(&self, path: &Path) {
        if !self.machine.root.join(path).exists() {
            self.put(path, |path| text(path, b"# nothing\n"));
        }
    }

    fn put(&self, path: &Path, make: fn(&Path)) {
        let path = self.machine.root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
        if path.symlink_metadata().is_ok() {
            fs::remove_file(&path).expect("a file");
        }
        make(&path);
    }

    /// All commands end as they should. Returns how many there were.
    #[track_caller]
    fn endures(&self, what: &str, is_target: bool) -> usize {
        let outside = self.outside_as_it_is();
        let before = self.consumers.work(&self.machine);
        let mut settled = None;
        for command in COMMANDS {
            self.run(command, what);
            if command == ["sync"] {
                let now = self.files();
                let before = settled.replace(now.clone());
                assert!(
                    before.is_none_or(|before| before == now),
                    "{what}: the second run wrote"
                );
            }
        }
        assert_eq!(
            self.outside_as_it_is(),
            outside,
            "{what}: outside of the root"
        );
        let after = self.consumers.work(&self.machine);
        for (before, after) in before
            .iter()
            .zip(&after)
            .filter(|(before, _)| before.is_ok())
        {
            assert_eq!(before, after, "{what}: a consumer works no more");
            let asked = &self.consumers.asked;
            asked.set(asked.get() + 1);
        }
        if !is_target {
            let remotes = ostree_remotes(&self.machine.root).expect("a repository");
            assert!(remotes.contains(&"new".into()), "{what}: {remotes:?}");
        }
        COMMANDS.len()
    }

    /// Every file as it is. The time of a directory tells of no more than a lock where there is something to do
    /// that fails.
    fn files(&self) -> BTreeMap<PathBuf, [i64; 6]> {
        let mut files = self.machine.snapshot();
        files.retain(|path, _| path.is_symlink() || !path.is_dir());
        files
    }

    fn outside_as_it_is(&self) -> (Vec<u8>, usize) {
        let names = fs::read_dir(&self.outside).expect("a directory");
        let file = fs::read(self.outside.join("file")).expect("a file");
        (file, names.count())
    }

    #[track_caller]
    fn run(&self, arguments: &[&str], what: &str) {
        let errors = tempfile::tempfile().expect("a file");
        let mut command = self.machine.overlayctl(arguments);
        command.stdout(Stdio::null()).stderr(errors);
        let mut child = command.spawn().expect("overlayctl runs");
        let status = within(self.patience, &mut child);
        let code = status.and_then(|status| status.code());
        // 3 is for what is pending or differs.
        assert!(
            matches!(code, Some(0 | 1 | 3)),
            "{what}: {arguments:?} ended with {status:?}"
        );
    }
}

/// How a process ended; none if it has not yet, and was killed.
fn within(patience: Duration, child: &mut Child) -> Option<std::process::ExitStatus> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status);
        }
        if Instant::now() > deadline {
            child.kill().expect("a child");
            child.wait().expect("a child");
            return None;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}
