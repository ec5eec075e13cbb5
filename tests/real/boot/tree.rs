//! The trees that are booted: one with the oldest systemd that is kept right, one with the newest that there is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peers::{Found, cache_directory, read, require_root};

/// The Debian suites that the trees are of, and what they hold (`make_tree` in `tests/run` names them so).
const SUITES: [&str; 2] = ["bookworm", "forky"];
const PACKAGES: &str = "dbus,flatpak,network-manager,ostree,systemd,systemd-sysv,udev";
/// What the version of a tree's systemd is told by.
const LIBRARIES: &str = "usr/lib/x86_64-linux-gnu/systemd";

/// What a system is made of.
#[derive(Debug, Clone)]
pub(crate) struct Tree {
    pub(crate) path: PathBuf,
    /// Of its systemd.
    pub(crate) version: u32,
}

impl Tree {
    /// Each of them, with the name that its trials have.
    pub(crate) fn all() -> Vec<(String, Found<Self>)> {
        let each = SUITES.map(|suite| {
            let found = Self::find(suite);
            let version = |tree: &Self| tree.version.to_string();
            let systemd = found
                .as_ref()
                .map_or_else(|_| format!("of {suite}"), version);
            (format!("booted with systemd {systemd}"), found)
        });
        each.into()
    }

    pub(crate) fn oldest() -> Found<Self> {
        Self::find(SUITES[0])
    }

    pub(crate) fn newest() -> Found<Self> {
        Self::find(SUITES[1])
    }

    fn find(suite: &str) -> Found<Self> {
        require_root()?;
        for program in ["systemd-nspawn", "mkfs.xfs", "mkfs.ext4"] {
            let version = if program.starts_with("mkfs") {
                "-V"
            } else {
                "--version"
            };
            read(Command::new(program).arg(version))?;
        }
        let trees = cache_directory().join("overlayctl-tests");
        let path = trees.join(format!("{suite}+{PACKAGES}"));
        let missing = || format!("{} is missing: run tests/run once", path.display());
        let version = version(&path).ok_or_else(missing)?;
        Ok(Self { path, version })
    }
}

fn version(tree: &Path) -> Option<u32> {
    let members = fs::read_dir(tree.join(LIBRARIES)).ok()?.flatten();
    let names = members.filter_map(|member| member.file_name().into_string().ok());
    let mut versions = names.filter_map(|name| {
        let version = name.strip_prefix("libsystemd-core-")?.strip_suffix(".so")?;
        version.parse().ok()
    });
    versions.next()
}
