//! A small image in a directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

/// When tests run, whenever they do: the certificate of the image expires one day.
const NOW: u64 = 1_767_225_600;

/// An image that is removed when the test ends.
pub(crate) struct Image {
    place: TempDir,
    root: PathBuf,
}

impl Image {
    /// An image whose vendor ships two remotes, one of them signed, and a collection ID.
    pub(crate) fn new() -> Self {
        Self::below("")
    }

    /// The same in memory, where there is a place for that: a disk is slow with tens of thousands of directories.
    pub(crate) fn in_memory() -> Self {
        let place = TempDir::new_in("/dev/shm").or_else(|_| TempDir::new());
        Self::at(place.expect("a directory"), "")
    }

    /// The same below a directory that has more than the image.
    pub(crate) fn below(path: &str) -> Self {
        Self::at(TempDir::new().expect("a directory"), path)
    }

    fn at(place: TempDir, path: &str) -> Self {
        let root = match path {
            "" => place.path().to_owned(),
            path => place.path().join(path),
        };
        let image = Self { place, root };
        image
            .write(
                "usr/share/flatpak/remotes.d/flathub.flatpakrepo",
                include_str!("../../data/demo/flathub.flatpakrepo"),
            )
            .write(
                "usr/share/flatpak/remotes.d/plain.flatpakrepo",
                "[Flatpak Repo]\nUrl=https://example.org/repo/\nTitle=Plain\n",
            )
            .write(
                "usr/share/flatpak/collections.d/flathub.conf",
                "[Collection]\nRemote=flathub\nCollectionID=org.flathub.Stable\n",
            );
        image
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Every file with its content.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = walkdir::WalkDir::new(&self.root).into_iter();
        let files = files.map(|entry| entry.expect("readable").into_path());
        files
            .filter(|path| path.is_file())
            .map(|path| {
                let name = path.strip_prefix(&self.root).expect("below");
                (name.to_owned(), fs::read(&path).expect("readable"))
            })
            .collect()
    }

    /// A path beside the image.
    pub(crate) fn outside(&self, path: &str) -> PathBuf {
        self.place.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, text: &str) -> &Self {
        self.write_bytes(path, text.as_bytes())
    }

    pub(crate) fn write_bytes(&self, path: &str, bytes: &[u8]) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("below the root")).expect("parents");
        fs::write(path, bytes).expect("a file");
        self
    }

    /// Replaces text in the repository's configuration, as an editor would.
    pub(crate) fn edit(&self, from: &str, to: &str) -> &Self {
        let path = "var/lib/flatpak/repo/config";
        let text = fs::read_to_string(self.path(path)).expect("a configuration");
        assert!(text.contains(from), "nothing to edit in {text}");
        self.write(path, &text.replacen(from, to, 1))
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_at(NOW, arguments)
    }

    /// The same at another time, in seconds since the epoch.
    pub(crate) fn run_at(&self, now: u64, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_overlayctl"))
            .env("OVERLAYCTL_NOW", now.to_string())
            .arg("--root")
            .arg(&self.root)
            .args(arguments)
            .env("LC_ALL", "de_DE.UTF-8")
            .output()
            .expect("overlayctl runs")
    }

    /// What a command prints, on both channels, and how it ends.
    pub(crate) fn shown(&self, arguments: &[&str]) -> String {
        self.shown_at(NOW, arguments)
    }

    /// The same at another time.
    pub(crate) fn shown_at(&self, now: u64, arguments: &[&str]) -> String {
        let output = self.run_at(now, arguments);
        let stdout = String::from_utf8(output.stdout).expect("UTF-8");
        let stderr = String::from_utf8(output.stderr).expect("UTF-8");
        let status = output.status.code().expect("an exit status");
        let root = self.root.display().to_string();
        format!(
            "$ overlayctl {}\n{stdout}{stderr}[exit status {status}]",
            arguments.join(" ")
        )
        .replace(&root, "ROOT")
    }

    pub(crate) fn exit_status(&self, arguments: &[&str]) -> i32 {
        self.run(arguments).status.code().expect("an exit status")
    }
}
