//! A system that the real ostree deploys: its image is committed, checked out, and booted as the initial RAM disk would leave it.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::alone::text;
use super::container::Boot;
use super::system::System;
use super::tree::Tree;
use crate::peers::read;
use crate::sysroot::unlock;

const OS: &str = "os";
const BRANCH: &str = "image";
/// The first release that says in `/run/ostree-booted` which directory it booted, by the systemd of its suite.
const SAYS_WHICH: u32 = 257;
/// Leaves in `/run` what the initial RAM disk does, where it can be replaced.
const BOOTED: &str = "[Unit]
DefaultDependencies=no
Before=local-fs.target
ConditionPathExists=!/run/ostree-booted
[Service]
Type=oneshot
ExecStart=/bin/cp /witness/ostree-booted /run/ostree-booted
";
/// What nobody needs here, and takes a while to be committed.
const BALLAST: [&str; 4] = ["doc", "locale", "man", "zoneinfo"];

/// The system.
pub(crate) struct Deployed {
    pub(crate) system: System,
    sysroot: PathBuf,
    /// The next image.
    image: PathBuf,
}

/// One that is deployed, by the path of its directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deployment(pub(crate) PathBuf);

impl Deployed {
    /// Its first image is `system`, of which `/var` becomes the machine's.
    pub(crate) fn new(tree: &Tree, prepare: impl FnOnce(&System)) -> (Self, Deployment) {
        let system = System::new(tree);
        system.write("usr/lib/systemd/system/ostree-booted.service", BOOTED);
        let wants = "usr/lib/systemd/system/sysinit.target.wants";
        system.link(
            &format!("{wants}/ostree-booted.service"),
            "../ostree-booted.service",
        );
        prepare(&system);
        let deployed = Self {
            sysroot: system.beside("disk"),
            image: system.beside("image"),
            system,
        };
        let root = deployed.system.root();
        deployed.lay_out(&root);
        fs::create_dir(&deployed.sysroot).expect("a directory");
        let sysroot = text(&deployed.sysroot);
        ostree(&["admin", "init-fs", sysroot]);
        ostree(&["admin", "os-init", OS, &format!("--sysroot={sysroot}")]);
        let repo = deployed.repo();
        ostree(&["config", &repo, "set", "sysroot.bootloader", "none"]);
        deployed.commit(&root, &[]);
        let admin = format!("--sysroot={sysroot}");
        ostree(&["admin", "deploy", &admin, "--os", OS, BRANCH]);
        let image = text(&deployed.image);
        ostree(&[&repo, "checkout", "--require-hardlinks", BRANCH, image]);
        let first = deployed.deployments().remove(0);
        (deployed, first)
    }

    /// As ostree wants an image to be: `/etc` below `/usr`, no devices, and nothing in `/var`.
    fn lay_out(&self, root: &Path) {
        let run = |program: &str, arguments: &[&str]| {
            read(Command::new(program).args(arguments)).expect("it is laid out");
        };
        let at = |path: &str| root.join(path).display().to_string();
        for name in BALLAST {
            run("rm", &["-rf", &at(&format!("usr/share/{name}"))]);
        }
        run("mv", &[&at("etc"), &at("usr/etc")]);
        run("mv", &[&at("var"), text(&self.system.beside("var"))]);
        run("rm", &["-rf", &at("dev")]);
        for directory in ["dev", "var"] {
            fs::create_dir(root.join(directory)).expect("a directory");
        }
        symlink("sysroot/ostree", root.join("ostree")).expect("a symlink");
        let kernel = root.join("usr/lib/modules/1");
        fs::create_dir_all(&kernel).expect("a directory");
        for name in ["vmlinuz", "initramfs.img"] {
            fs::write(kernel.join(name), name).expect("a file");
        }
    }

    fn repo(&self) -> String {
        format!("--repo={}/ostree/repo", self.sysroot.display())
    }

    fn commit(&self, image: &Path, options: &[&str]) {
        let (repo, tree) = (self.repo(), format!("--tree=dir={}", image.display()));
        let branch = format!("--branch={BRANCH}");
        let commit = [&repo, "commit", &branch, "--fsync=false", &tree];
        ostree(&[&commit[..], options].concat());
    }

    /// Gives the next image a file.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.image.join(path);
        fs::create_dir_all(path.parent().expect("below the image")).expect("directories");
        // It may be one of the repository's.
        let _absent = fs::remove_file(&path);
        fs::write(path, text).expect("a file");
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.image.join(path)).expect("a file");
    }

    /// Publishes the next image, and has the system that is booted deploy it.
    pub(crate) fn deploy(&self, boot: &Boot) -> Deployment {
        let before = self.deployments();
        self.commit(&self.image, &["--link-checkout-speedup"]);
        boot.run(&["ostree", "admin", "deploy", "--os", OS, BRANCH]);
        let mut new = self.deployments();
        new.retain(|deployment| !before.contains(deployment));
        assert_eq!(new.len(), 1, "{new:?}");
        new.remove(0)
    }

    /// All that there are.
    pub(crate) fn deployments(&self) -> Vec<Deployment> {
        let place = self.sysroot.join("ostree/deploy").join(OS).join("deploy");
        let Ok(members) = fs::read_dir(place) else {
            return Vec::new();
        };
        let paths = members.map(|member| member.expect("a member").path());
        paths.filter(|path| path.is_dir()).map(Deployment).collect()
    }

    /// Boots one, as whoever picks it in the boot menu.
    pub(crate) fn boot(&self, deployment: &Deployment) -> Boot {
        let place = deployment.0.display();
        let var = self.sysroot.join("ostree/deploy").join(OS).join("var");
        if self.system.beside("var").is_dir() {
            let mut copy = Command::new("cp");
            copy.args(["--archive", "--no-target-directory"]);
            read(copy.arg(self.system.beside("var")).arg(&var)).expect("a copy");
            fs::rename(self.system.beside("var"), self.system.beside("no-var")).expect("moved");
        }
        let witness = self.system.beside("witness");
        fs::create_dir_all(&witness).expect("a directory");
        let said = self.said_of(deployment);
        fs::write(witness.join("ostree-booted"), said).expect("a file");
        let options = [
            format!("--bind={}:/sysroot:norbind", self.sysroot.display()),
            format!("--bind={}/boot:/boot", self.sysroot.display()),
            format!("--bind-ro={place}/usr:/usr"),
            format!("--bind={}:/var", var.display()),
            format!("--bind={}:/witness", witness.display()),
        ];
        let options: Vec<_> = options.iter().map(String::as_str).collect();
        self.system.boot_in(&deployment.0, &options)
    }

    /// What ostree leaves in `/run/ostree-booted`: `{'backing-root-device-inode': <(device, inode)>}` as GLib serializes it.
    pub(crate) fn said_of(&self, deployment: &Deployment) -> Vec<u8> {
        if self.system.tree.version < SAYS_WHICH {
            return Vec::new();
        }
        let stat = fs::metadata(&deployment.0).expect("a deployment");
        [
            &b"backing-root-device-inode\0\0\0\0\0\0\0"[..],
            &stat.dev().to_ne_bytes(),
            &stat.ino().to_ne_bytes(),
            b"\0(tt)\x1a\x36",
        ]
        .concat()
    }

    /// The tasks that ran since this was asked last.
    pub(crate) fn ran(&self) -> String {
        let ran = self.system.beside("witness/ran");
        let lines = fs::read_to_string(&ran).unwrap_or_default();
        let _absent = fs::remove_file(ran);
        lines.lines().collect::<Vec<_>>().join(" ")
    }

    /// A file of the disk that all deployments share.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.sysroot.join(path)).ok()
    }

    /// The repository's configuration of flatpak's system installation.
    pub(crate) fn flatpak(&self) -> PathBuf {
        let var = format!("ostree/deploy/{OS}/var/lib/flatpak/repo");
        self.sysroot.join(var)
    }
}

impl Deployment {
    /// What the marker calls it.
    pub(crate) fn id(&self) -> String {
        let name = self.0.file_name().expect("a name").to_string_lossy();
        format!("ostree:{OS}:{name}")
    }
}

/// Deployments are immutable, which stands in the way of removing them.
impl Drop for Deployed {
    fn drop(&mut self) {
        for deployment in self.deployments() {
            unlock(&deployment.0);
        }
    }
}

fn ostree(arguments: &[&str]) {
    read(Command::new("ostree").args(arguments)).expect("ostree");
}
