//! Runs a peer with a tree as its root, so that it reads its own paths and every symlink means what
//! it says.
//!
//! A program and the libraries it needs stand in one directory, which moves into each tree and out
//! again: nothing is mounted, and nothing of the host is in reach.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::tree::null_device;
use crate::peers::{Found, SCRATCH, read};

/// The name of the directory in a tree.
const INSIDE: &str = ".peer";

/// A program that runs in any tree.
#[derive(Debug)]
pub(crate) struct Chamber {
    place: TempDir,
    program: PathBuf,
    loader: PathBuf,
}

impl Chamber {
    /// Copies `program` and what it is linked with.
    pub(crate) fn new(program: &str) -> Found<Self> {
        let place = directory()?;
        null_device(&place.path().join("null"))
            .map_err(|error| format!("a /dev/null for other roots: {error}"))?;
        let inside = place.path().join(INSIDE);
        let linked = read(Command::new("ldd").arg(program))?;
        let libraries = linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        let failed = |error: std::io::Error| format!("a copy of {program}: {error}");
        fs::create_dir(&inside).map_err(failed)?;
        let mut loader = None;
        for file in libraries.chain([program]) {
            let name = Path::new(file).file_name().unwrap_or_default();
            fs::copy(file, inside.join(name)).map_err(failed)?;
            if name.to_string_lossy().starts_with("ld-") {
                loader = Some(below(name.into()));
            }
        }
        let name = Path::new(program).file_name().unwrap_or_default().into();
        Ok(Self {
            place,
            program: below(name),
            loader: loader.ok_or_else(|| format!("{program} names no loader"))?,
        })
    }

    /// Runs the program in `root` and waits for it.
    pub(crate) fn run(&self, root: &Path, arguments: &[&str]) -> Output {
        let (home, inside) = (self.place.path().join(INSIDE), root.join(INSIDE));
        fs::rename(&home, &inside).unwrap();
        let output = Command::new("chroot")
            .arg(root)
            .arg(&self.loader)
            .args([
                Path::new("--library-path"),
                Path::new("/").join(INSIDE).as_path(),
            ])
            .arg(&self.program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C")
            .env("HOME", "/nobody")
            .output();
        fs::rename(&inside, &home).unwrap();
        output.unwrap()
    }
}

/// Where the directory is when it is in a tree.
fn below(name: OsString) -> PathBuf {
    Path::new("/").join(INSIDE).join(name)
}

/// An empty directory where every tree of a newer Debian sees it, too.
pub(crate) fn directory() -> Found<TempDir> {
    TempDir::new_in(SCRATCH).map_err(|error| error.to_string())
}
