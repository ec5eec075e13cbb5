//! A system in a directory, which is booted again and again: a tree that is never written to, with what `make install` and the
//! owner put over it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

use tempfile::TempDir;

use super::alone::{mount, text, unmount};
use super::container::{Boot, Groups, START};
use super::disk::{Disk, FileSystem};
use super::tree::Tree;
use crate::peers::read;

/// What of a system is on its disk, if it has one: all that outlives an update.
const ON_DISK: [&str; 3] = ["etc", "var", "sysroot"];

/// What the directories of systems are called, and the number of the run after it.
const PREFIX: &str = "booted-";

/// What earlier runs left goes once a run.
static SWEPT: Once = Once::new();

/// A system.
pub(crate) struct System {
    place: TempDir,
    pub(crate) tree: Tree,
    pub(crate) disk: Option<Disk>,
}

impl System {
    /// One with all that is installed, all of it enabled, and the cleanup a second after the boot.
    pub(crate) fn new(tree: &Tree) -> Self {
        let place = TempDir::with_prefix(format!("{PREFIX}{}-", std::process::id()));
        let place = place.expect("a directory");
        let system = Self {
            place,
            tree: tree.clone(),
            disk: None,
        };
        system.assemble();
        SWEPT.call_once(|| system.sweep());
        system.install();
        system.write(
            "etc/systemd/system/post-upgrade-cleanup.timer.d/soon.conf",
            "[Timer]\nOnActiveSec=\nOnActiveSec=1s\nAccuracySec=100ms\n",
        );
        system.write(
            "etc/systemd/system/post-upgrade-cleanup.service.d/soon.conf",
            "[Service]\nRestartSec=1s\n",
        );
        for directory in ["sysroot", "witness"] {
            fs::create_dir_all(system.root().join(directory)).expect("a directory");
        }
        system.deploy("1");
        system
    }

    /// One whose `/etc`, `/var` and `/sysroot` are on a disk.
    pub(crate) fn on_disk(tree: &Tree, file_system: FileSystem) -> Self {
        let mut system = Self::new(tree);
        let disk = Disk::new(system.place.path(), file_system);
        for part in ON_DISK {
            let mut copy = Command::new("cp");
            copy.arg("--archive").arg(system.root().join(part));
            read(copy.arg(&disk.path)).expect("a copy");
        }
        system.disk = Some(disk);
        system.attach();
        system.sync();
        system
    }

    /// The tree, with a directory over it; and the control groups of version 2, wherever the host has them.
    fn assemble(&self) {
        let [over, work, root, groups] = ["over", "work", "root", "groups"].map(|name| {
            let path = self.place.path().join(name);
            fs::create_dir(&path).expect("a directory");
            path
        });
        // A comma divides the options, and is in the name of a tree.
        let below = self.tree.path.display().to_string().replace(',', "\\,");
        let (over, work) = (text(&over), text(&work));
        let options = format!("lowerdir={below},upperdir={over},workdir={work}");
        mount(&["-t", "overlay", "-o", &options, "overlay", text(&root)]);
        mount(&["-t", "cgroup2", "cgroup2", text(&groups)]);
    }

    /// Removes what runs left that were killed: their mounts and programs are gone, and these are the names.
    fn sweep(&self) {
        let temporary = self.place.path().parent().expect("a directory");
        let members = fs::read_dir(temporary).into_iter().flatten().flatten();
        let names = members.filter_map(|member| member.file_name().into_string().ok());
        for name in names {
            let run = name
                .strip_prefix(PREFIX)
                .and_then(|rest| rest.split('-').next());
            if run.is_some_and(|run| !Path::new("/proc").join(run).exists()) {
                drop(Groups::new(&name.replace('.', ""), &self.beside("groups")));
                // Of a deployment of ostree, its directory stays.
                let _left = fs::remove_dir_all(temporary.join(&name));
            }
        }
    }

    fn install(&self) {
        let mut make = Command::new("make");
        make.arg("--directory").arg(env!("CARGO_MANIFEST_DIR"));
        let program = env!("CARGO_BIN_EXE_overlayctl");
        make.args(["install", &format!("binary={program}")]);
        make.arg(format!("DESTDIR={}", self.root().display()));
        read(&mut make).expect("it installs");
        let mut enable = Command::new("systemctl");
        enable.arg("--root").arg(self.root());
        enable.args([
            "enable",
            "overlayctl-sync.service",
            "overlayctl-cleanup-verify.service",
            "post-upgrade-cleanup.timer",
        ]);
        read(&mut enable).expect("they are enabled");
    }

    fn attach(&self) {
        let disk = &self.disk.as_ref().expect("a disk").path;
        for part in ON_DISK {
            let place = self.root().join(part);
            mount(&["--bind", text(&disk.join(part)), text(&place)]);
        }
    }

    fn detach(&self) {
        for part in ON_DISK {
            unmount(&self.root().join(part));
        }
    }

    /// What the disk is to hold from here on, whatever happens.
    pub(crate) fn sync(&self) {
        let disk = &self.disk.as_ref().expect("a disk").path;
        read(Command::new("sync").arg("--file-system").arg(disk)).expect("it is synced");
    }

    /// The power goes, and comes back: what is on the disk then is all that there is.
    pub(crate) fn lose_power(&self, boot: Option<Boot>) {
        let disk = self.disk.as_ref().expect("a disk");
        disk.cut_power();
        drop(boot);
        self.detach();
        disk.unmount();
        disk.mount();
        self.attach();
        // It was in memory.
        let _absent = fs::remove_dir_all(self.root().join("run/overlayctl"));
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.place.path().join("root")
    }

    /// A place for files of the story, which are the host's.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn link(&self, path: &str, to: &str) {
        let path = self.root().join(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
        symlink(to, path).expect("a symlink");
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

    /// A task that notes in `/witness` that it ran, which no cut of the power takes back.
    pub(crate) fn task(&self, name: &str, script: &str, more: &str) {
        let text = format!(
            "command = ['/bin/sh', '-c', '''echo {name} >> /witness/ran; {script}''']\n{more}"
        );
        self.write(&format!("etc/overlayctl/cleanup.d/{name}.toml"), &text);
    }

    /// The tasks that ran since this was asked last.
    pub(crate) fn ran(&self) -> String {
        self.ran_lines().join(" ")
    }

    pub(crate) fn ran_lines(&self) -> Vec<String> {
        let ran = self.read("witness/ran").unwrap_or_default();
        let _absent = fs::remove_file(self.root().join("witness/ran"));
        ran.lines().map(str::to_owned).collect()
    }

    /// A program of it that is run without a boot.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("chroot");
        command.arg(self.root()).arg(program);
        command
    }

    /// Boots it until nothing is left to be started.
    pub(crate) fn boot(&self) -> Boot {
        self.boot_with(&[])
    }

    pub(crate) fn boot_with(&self, options: &[&str]) -> Boot {
        self.boot_in(&self.root(), options)
    }

    /// The same with another directory as its root.
    pub(crate) fn boot_in(&self, root: &Path, options: &[&str]) -> Boot {
        let mut boot = self.start_in(root, options);
        let console = self.place.path().join("console");
        assert!(
            boot.is_up(),
            "not booted: {}",
            fs::read_to_string(console).unwrap_or_default()
        );
        boot
    }

    /// Begins to boot it.
    pub(crate) fn start(&self) -> Boot {
        self.start_in(&self.root(), &[])
    }

    fn start_in(&self, root: &Path, options: &[&str]) -> Boot {
        let name = self.place.path().file_name().expect("a name");
        let groups = Groups::new(
            &name.to_string_lossy().replace('.', ""),
            &self.place.path().join("groups"),
        );
        let mut start = Command::new("/bin/sh");
        start.args(["-c", START, "sh"]).arg(root);
        start.args(groups.arguments()).arg("--").args(options);
        if self.tree.version >= 258 {
            // It takes no other control groups, whatever the host has.
            start.env("SYSTEMD_NSPAWN_UNIFIED_HIERARCHY", "1");
        }
        let log = fs::File::create(self.place.path().join("console")).expect("a file");
        let errors = log.try_clone().expect("the same");
        start.stdin(Stdio::null()).stdout(log).stderr(errors);
        Boot::new(start.spawn().expect("it starts"), groups)
    }
}

/// Its mounts are those of the thread; what they are on goes with the directory.
impl Drop for System {
    fn drop(&mut self) {
        if let Some(disk) = &self.disk {
            self.detach();
            disk.unmount();
        }
        for part in ["root", "groups"] {
            unmount(&self.place.path().join(part));
        }
    }
}
