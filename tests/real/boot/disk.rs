//! A disk whose power can be cut: a file system on a loop device.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::alone::{mount, text, unmount};
use crate::peers::read;

/// Enough for xfs, which takes no less; next to nothing of it is ever written.
const SIZE: u64 = 320 << 20;
const PATIENCE: Duration = Duration::from_secs(60);

/// What the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileSystem {
    Ext4,
    Xfs,
}

impl fmt::Display for FileSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ext4 => "ext4",
            Self::Xfs => "xfs",
        })
    }
}

/// A disk that is mounted.
pub(crate) struct Disk {
    image: PathBuf,
    /// Where it is mounted.
    pub(crate) path: PathBuf,
}

impl Disk {
    /// A new one, with its files in `place`.
    pub(crate) fn new(place: &Path, file_system: FileSystem) -> Self {
        let disk = Self {
            image: place.join("image"),
            path: place.join("disk"),
        };
        let file = fs::File::create(&disk.image).expect("an image");
        file.set_len(SIZE).expect("a size");
        let make = format!("mkfs.{file_system}");
        read(Command::new(make).arg("-q").arg(&disk.image)).expect("a file system");
        fs::create_dir(&disk.path).expect("a directory");
        disk.mount();
        disk
    }

    pub(crate) fn mount(&self) {
        mount(&["-o", "loop", text(&self.image), text(&self.path)]);
    }

    /// The same such that nobody can write to it, whatever is mounted anew.
    pub(crate) fn mount_read_only(&self) {
        mount(&["-o", "loop,ro", text(&self.image), text(&self.path)]);
    }

    /// From here on nothing reaches it, and what it holds is what was synced, and what the kernel chose to write.
    pub(crate) fn cut_power(&self) {
        // `FS_IOC_SHUTDOWN` without a flush of the log, which is not of xfs alone.
        let mut cut = Command::new("xfs_io");
        cut.args(["-x", "-c", "shutdown"]).arg(&self.path);
        read(&mut cut).expect("the power is gone");
    }

    /// Unmounts it, once nobody uses it any more: two mounts of one image would destroy it.
    pub(crate) fn unmount(&self) {
        unmount(&self.path);
        let start = Instant::now();
        while !self.is_free() {
            assert!(start.elapsed() < PATIENCE, "somebody uses the disk");
            sleep(Duration::from_millis(10));
        }
    }

    fn is_free(&self) -> bool {
        let used = read(Command::new("losetup").arg("--associated").arg(&self.image));
        used.expect("losetup runs").trim().is_empty()
    }
}
