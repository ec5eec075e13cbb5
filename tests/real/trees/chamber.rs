//! Runs a peer with a tree as its root, so that it reads its own paths and every symlink means what
//! it says.
//!
//! A program and the libraries it needs stand in one directory, which moves into each tree and out
//! again: nothing is mounted, and nothing of the host is in reach.

use std::cell::OnceCell;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::fs::{StatVfsMountFlags, statvfs};
use tempfile::TempDir;

use crate::peers::{Found, SCRATCH, read, require_root};

/// The name of the directory in a tree.
const INSIDE: &str = ".peer";

/// A program that runs in any tree.
#[derive(Debug)]
pub(crate) struct Chamber {
    program: PathBuf,
    /// Made when it is first needed.
    copy: OnceCell<Copy>,
}

/// A copy of the program and of what it is linked with.
#[derive(Debug)]
struct Copy {
    place: TempDir,
    loader: PathBuf,
    program: PathBuf,
}

impl Chamber {
    /// A chamber for the program at this path.
    pub(crate) fn new(program: impl Into<PathBuf>) -> Found<Self> {
        let program = program.into();
        require_root()?;
        if !program.is_file() {
            return Err(format!("{} is missing", program.display()));
        }
        Ok(Self {
            program,
            copy: OnceCell::new(),
        })
    }

    /// Runs the program in `root` and waits for it.
    pub(crate) fn run(&self, root: &Path, arguments: &[&str]) -> Output {
        let copy = self.copy.get_or_init(|| Copy::of(&self.program).unwrap());
        let (home, inside) = (copy.place.path().join(INSIDE), root.join(INSIDE));
        fs::rename(&home, &inside).unwrap();
        let output = Command::new("chroot")
            .arg(root)
            .arg(&copy.loader)
            .arg("--library-path")
            .arg(Path::new("/").join(INSIDE))
            .arg(&copy.program)
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

impl Copy {
    fn of(program: &Path) -> Found<Self> {
        let place = directory();
        let failed = |error: std::io::Error| format!("a copy of {}: {error}", program.display());
        fs::create_dir(place.path().join(INSIDE)).map_err(failed)?;
        let copy = |file: &Path| -> Found<PathBuf> {
            let name = Path::new(INSIDE).join(file.file_name().unwrap_or_default());
            fs::copy(file, place.path().join(&name)).map_err(failed)?;
            Ok(Path::new("/").join(name))
        };
        let linked = read(Command::new("ldd").arg(program))?;
        let libraries = linked
            .split_whitespace()
            .filter(|word| word.starts_with('/'));
        let mut loader = None;
        for library in libraries.map(Path::new) {
            let inside = copy(library)?;
            let name = inside.file_name().map(OsStr::as_encoded_bytes);
            if name.is_some_and(|name| name.starts_with(b"ld-")) {
                loader = Some(inside);
            }
        }
        Ok(Self {
            loader: loader.ok_or_else(|| format!("{linked}: no loader"))?,
            program: copy(program)?,
            place,
        })
    }
}

/// An empty directory that every tree of a newer Debian sees, too: in memory, if that may hold
/// devices and programs.
pub(crate) fn directory() -> TempDir {
    const MEMORY: &str = "/dev/shm";
    const NEEDED: u64 = 1 << 30;
    let fits = statvfs(MEMORY).is_ok_and(|memory| {
        let refuses = StatVfsMountFlags::NODEV | StatVfsMountFlags::NOEXEC;
        !memory.f_flag.intersects(refuses) && memory.f_bavail * memory.f_frsize > NEEDED
    });
    TempDir::new_in(if fits { MEMORY } else { SCRATCH }).unwrap()
}
