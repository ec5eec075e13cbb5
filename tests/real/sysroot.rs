//! A scratch sysroot of the real ostree: one operating system, deployed again and again.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::peers::{Found, SCRATCH, read, require_root};

const OS: &str = "testos";

/// What a path is, as far as ostree compares it: `644 0:0 f text`.
pub(crate) type Listing = BTreeMap<String, String>;

/// That ostree is there, and may work.
pub(crate) fn ostree() -> Found<()> {
    require_root()?;
    read(Command::new("ostree").arg("--version")).map(|_| ())
}

/// A sysroot, and the tree that its next deployment has.
#[derive(Debug)]
pub(crate) struct Sysroot {
    place: TempDir,
}

impl Sysroot {
    /// A sysroot without deployments, and a tree with an empty `/usr/etc`.
    pub(crate) fn new() -> Self {
        let place = TempDir::new_in(SCRATCH).expect("a directory");
        let sysroot = Self { place };
        let tree = sysroot.path("tree");
        for directory in [
            "usr/lib/modules/1",
            "usr/etc",
            "dev",
            "proc",
            "run",
            "sys",
            "tmp",
            "var",
            "boot",
            "sysroot",
        ] {
            fs::create_dir_all(tree.join(directory)).expect("a directory");
        }
        for (path, text) in [
            ("usr/lib/modules/1/vmlinuz", "kernel"),
            ("usr/lib/modules/1/initramfs.img", "initramfs"),
            (
                "usr/lib/os-release",
                "ID=test\nPRETTY_NAME=Test\nVERSION_ID=1\n",
            ),
        ] {
            fs::write(tree.join(path), text).expect("a file");
        }
        fs::create_dir(sysroot.path("root")).expect("a directory");
        ostree_says(&["admin", "init-fs", &sysroot.text("root")]);
        sysroot.admin("os-init", &[OS]);
        sysroot
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    fn text(&self, path: &str) -> String {
        self.path(path).to_str().expect("UTF-8").to_owned()
    }

    /// The vendor's `/etc` of the next deployment.
    pub(crate) fn vendor(&self) -> PathBuf {
        self.path("tree/usr/etc")
    }

    /// Deploys the tree: the directory of the deployment, or what ostree says.
    pub(crate) fn deploy(&self) -> Result<PathBuf, String> {
        let before = self.deployments();
        let repo = format!("--repo={}", self.text("root/ostree/repo"));
        let tree = format!("--tree=dir={}", self.text("tree"));
        ostree_says(&[&repo, "commit", "--branch=test", "--fsync=false", &tree]);
        let sysroot = format!("--sysroot={}", self.text("root"));
        let output = run(&["admin", "deploy", &sysroot, "--os=testos", "test"]);
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let mut new = self.deployments();
        new.retain(|path| !before.contains(path));
        assert_eq!(new.len(), 1, "one new deployment");
        Ok(new.remove(0))
    }

    /// The directory that everything is deployed below.
    pub(crate) fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// `/var` of every deployment.
    pub(crate) fn var(&self) -> PathBuf {
        self.path("root/ostree/deploy/testos/var")
    }

    /// Goes back to the deployment before the newest one, which goes.
    pub(crate) fn roll_back(&self) {
        for deployment in self.deployments() {
            unlock(&deployment);
        }
        self.admin("undeploy", &["0"]);
    }

    fn deployments(&self) -> Vec<PathBuf> {
        let Ok(members) = fs::read_dir(self.path("root/ostree/deploy/testos/deploy")) else {
            return Vec::new();
        };
        let paths = members.map(|member| member.expect("a member").path());
        paths.filter(|path| path.is_dir()).collect()
    }

    /// `ostree admin config-diff`: letters by path.
    pub(crate) fn config_diff(&self) -> BTreeMap<String, char> {
        let text = self.admin("config-diff", &["--os=testos"]);
        let line = |line: &str| {
            let (letter, path) = line.split_once(' ')?;
            Some((path.trim().to_owned(), letter.chars().next()?))
        };
        text.lines().filter_map(line).collect()
    }

    fn admin(&self, command: &str, arguments: &[&str]) -> String {
        let sysroot = format!("--sysroot={}", self.text("root"));
        ostree_says(&[&["admin", command, sysroot.as_str()], arguments].concat())
    }
}

impl Drop for Sysroot {
    /// Deployments are immutable, which stands in the way of removing them.
    fn drop(&mut self) {
        for deployment in self.deployments() {
            unlock(&deployment);
        }
    }
}

/// `chattr -i`.
pub(crate) fn unlock(deployment: &Path) {
    if let Ok(directory) = fs::File::open(deployment) {
        let _ = rustix::fs::ioctl_setflags(&directory, rustix::fs::IFlags::empty());
    }
}

fn ostree_says(arguments: &[&str]) -> String {
    let output = run(arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ostree {arguments:?}: {said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new("ostree");
    command
        .env("LC_ALL", "C")
        .args(arguments)
        .output()
        .expect("ostree was found before")
}

/// Puts something at `path` in the place of what is there: `f TEXT` a file, `m600 TEXT` one of that mode,
/// `l TARGET` a symlink, `d` or `d700` a directory, `p` a FIFO, `-` nothing.
pub(crate) fn put(top: &Path, path: &str, what: &str) {
    let path = top.join(path);
    let (kind, rest) = what.split_once(' ').unwrap_or((what, ""));
    let (kind, mode) = kind.split_at(1);
    let mode = u32::from_str_radix(mode, 8);
    let is_directory = path.symlink_metadata().is_ok_and(|found| found.is_dir());
    if is_directory && kind != "d" {
        fs::remove_dir_all(&path).expect("removed");
    } else if !is_directory {
        // It need not be there; and a file may be a hard link into the repository.
        let _ = fs::remove_file(&path);
    }
    if kind == "-" {
        return;
    }
    fs::create_dir_all(path.parent().expect("below the top")).expect("parents");
    match kind {
        "f" | "m" => fs::write(&path, rest).expect("a file"),
        "l" => symlink(rest, &path).expect("a symlink"),
        "d" => fs::create_dir_all(&path).expect("a directory"),
        "p" => {
            let mode = rustix::fs::Mode::RUSR;
            rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0)
                .expect("a FIFO");
        }
        other => panic!("{other}"),
    }
    let default = if kind == "d" { 0o755 } else { 0o644 };
    if kind != "l" && kind != "p" {
        let mode = fs::Permissions::from_mode(mode.unwrap_or(default));
        fs::set_permissions(&path, mode).expect("a mode");
    }
}

/// Everything below a directory.
pub(crate) fn listing(top: &Path) -> Listing {
    let members = walkdir::WalkDir::new(top).min_depth(1).sort_by_file_name();
    let line = |member: Result<walkdir::DirEntry, walkdir::Error>| {
        let member = member.expect("a member");
        let found = member.path().symlink_metadata().expect("looked at");
        let what = if found.is_dir() {
            "d".to_owned()
        } else if found.is_symlink() {
            format!(
                "l {}",
                fs::read_link(member.path()).expect("a symlink").display()
            )
        } else {
            format!(
                "f {}",
                String::from_utf8_lossy(&fs::read(member.path()).expect("a file"))
            )
        };
        let path = member.path().strip_prefix(top).expect("below the top");
        let owner = format!("{}:{}", found.uid(), found.gid());
        (
            path.display().to_string(),
            format!("{:o} {owner} {what}", found.mode() & 0o7777),
        )
    };
    members.into_iter().map(line).collect()
}
