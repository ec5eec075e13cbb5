//! A machine in a directory: an image's `/usr`, an owner's `/etc` and `/var`, with the real overlayctl at
//! work on it. overlayctl's own report is only asked for states and findings; what it did is for the
//! peers to say.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::Deserialize;

/// What `--json` printed, and how the command ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Report {
    #[serde(skip)]
    pub(crate) code: i32,
    pub(crate) entries: Vec<Entry>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Entry {
    pub(crate) adapter: String,
    pub(crate) name: String,
    pub(crate) state: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Finding {
    pub(crate) level: String,
    pub(crate) path: String,
    pub(crate) line: Option<u64>,
    pub(crate) message: String,
}

impl Report {
    /// The state of a remote; `-` where the report does not mention it.
    pub(crate) fn state(&self, name: &str) -> &str {
        self.state_in("flatpak-remotes", name)
    }

    /// The state of an entry of one adapter.
    pub(crate) fn state_in(&self, adapter: &str, name: &str) -> &str {
        let entry = self
            .entries
            .iter()
            .find(|entry| entry.adapter == adapter && entry.name == name);
        entry.map_or("-", |entry| &entry.state)
    }

    /// Whether a finding of this level is about a path that ends so.
    pub(crate) fn finds(&self, level: &str, path: &str) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.level == level && finding.path.ends_with(path))
    }

    #[track_caller]
    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(self.code, code, "exit status of {self:#?}");
    }

    #[track_caller]
    pub(crate) fn assert_state(&self, name: &str, state: &str) {
        assert_eq!(self.state(name), state, "state of {name} in {self:#?}");
    }

    #[track_caller]
    pub(crate) fn assert_finds(&self, level: &str, path: &str) {
        assert!(
            self.finds(level, path),
            "no {level} about {path} in {self:#?}"
        );
    }
}

/// One machine.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) root: PathBuf,
}

impl Machine {
    /// An empty machine in a directory of its own.
    pub(crate) fn new(place: &Path) -> Self {
        let root = place.join("root");
        fs::create_dir(&root).expect("a root");
        Self { root }
    }

    // The image and the owner.

    /// A path of the machine as the host sees it.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    /// Writes a file of the machine.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("parents");
        fs::write(path, text).expect("a file");
    }

    /// Makes a link of the machine.
    pub(crate) fn link(&self, path: &str, target: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("parents");
        symlink(target, path).expect("a link");
    }

    /// Removes a file of the machine.
    pub(crate) fn remove(&self, path: &str) {
        fs::remove_file(self.path(path)).expect("a file to remove");
    }

    // overlayctl.

    /// A command line of overlayctl on this machine. Nothing is in its `PATH`.
    pub(crate) fn overlayctl(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
        command
            .env("PATH", "/nowhere")
            .arg("--root")
            .arg(&self.root)
            .arg("--json")
            .args(arguments);
        command
    }

    /// Runs it and reads its report.
    #[track_caller]
    pub(crate) fn report(&self, arguments: &[&str]) -> Report {
        report_of(
            &self
                .overlayctl(arguments)
                .output()
                .expect("overlayctl runs"),
        )
    }

    /// A sync that finds everything in order.
    #[track_caller]
    pub(crate) fn sync(&self) -> Report {
        let report = self.report(&["sync"]);
        report.assert_code(0);
        report
    }

    /// A sync that has something to complain about.
    #[track_caller]
    pub(crate) fn sync_fails(&self) -> Report {
        let report = self.report(&["sync"]);
        report.assert_code(1);
        report
    }

    /// A sync that must not write: every inode and time of the machine stays.
    #[track_caller]
    pub(crate) fn assert_settled(&self) {
        let before = self.snapshot();
        let report = self.report(&["sync"]);
        assert_eq!(before, self.snapshot(), "sync wrote: {report:#?}");
    }

    /// Device, inode, size and times of everything below the root.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, [i64; 6]> {
        let identity = |entry: walkdir::DirEntry| {
            let meta = entry
                .path()
                .symlink_metadata()
                .expect("a file that was listed");
            let times = [
                meta.mtime(),
                meta.mtime_nsec(),
                meta.ctime(),
                meta.ctime_nsec(),
            ];
            let inode = meta.ino().cast_signed();
            let size = meta.size().cast_signed();
            (
                entry.into_path(),
                [inode, size, times[0], times[1], times[2], times[3]],
            )
        };
        walkdir::WalkDir::new(&self.root)
            .into_iter()
            .map(|entry| identity(entry.expect("readable")))
            .collect()
    }
}

/// Reads a report from what the command printed.
#[track_caller]
pub(crate) fn report_of(output: &Output) -> Report {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let mut report: Report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("no report ({error}), {}: {stderr}", output.status));
    report.code = output
        .status
        .code()
        .unwrap_or_else(|| panic!("{}: {stderr}", output.status));
    report
}

/// Bytes of a file, or nothing where there is none.
pub(crate) fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_default()
}
