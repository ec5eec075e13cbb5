//! Keeps two of our own runs apart.

use std::fmt;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlay_resolver::escape::escape;
use overlay_resolver::root::{Dir, Root};
use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};

/// How long another run is waited for before giving up. A run takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// An exclusive `flock` on a directory of the target, held until dropped.
///
/// The directory's own descriptor is locked, since making a lock file would be a write. Whoever may open the
/// directory can lock it, too: a run that waits in vain says who did.
#[derive(Debug)]
pub struct Lock {
    _dir: Dir,
}

impl Lock {
    /// Locks the directory `path`, making it and its parents if they are not there.
    ///
    /// # Errors
    /// Another process has held the lock for ten seconds; it is named where that can be told.
    pub fn directory(root: &Root, path: &Path) -> Result<Self, CommitError> {
        Self::within(PATIENCE, root, path)
    }

    fn within(patience: Duration, root: &Root, path: &Path) -> Result<Self, CommitError> {
        super::tree::make_directories(root, path)?;
        let dir = root
            .dir(path)
            .doing("open", path)?
            .ok_or_else(|| CommitError::new("open", path, Errno::NOENT))?;
        let deadline = Instant::now() + patience;
        loop {
            match rustix::fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { _dir: dir }),
                Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                    sleep(Duration::from_millis(20));
                }
                Err(Errno::WOULDBLOCK) => {
                    return Err(CommitError::new("lock", path, Held::find(&dir)));
                }
                Err(error) => return Err(error).doing("lock", path),
            }
        }
    }
}

/// That somebody else holds the lock.
#[derive(Debug, thiserror::Error)]
struct Held {
    /// The process with its command line, where that can be told.
    by: Option<(u32, Vec<u8>)>,
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.by {
            Some((process, command)) => {
                write!(f, "process {process} (`{}`) holds it", escape(command))?;
            }
            None => f.write_str("another process holds it")?,
        }
        f.write_str("; run the command again when that process has ended")
    }
}

impl Held {
    #[expect(
        clippy::disallowed_methods,
        reason = "the processes of the machine, which are in no root"
    )]
    fn find(dir: &Dir) -> Self {
        let locks = std::fs::read_to_string("/proc/locks").unwrap_or_default();
        let number = rustix::fs::fstat(dir).map(|stat| stat.st_ino);
        let holders = locks.lines().filter_map(|line| holder(line, number.ok()?));
        // The number alone may be that of a file elsewhere, and not all file systems tell their device alike.
        let mut holders = holders.filter(|&process| has_open(process, dir));
        let command = |process| {
            let line = std::fs::read(format!("/proc/{process}/cmdline")).ok()?;
            let words: Vec<_> = line.split(|&byte| byte == 0).collect();
            Some((process, words.join(&b' ').trim_ascii_end().to_vec()))
        };
        Self {
            by: holders.find_map(command),
        }
    }
}

/// The process that a line of `/proc/locks` is about, if that is a lock on a file of this number: `1: FLOCK
/// ADVISORY  WRITE 812 fd:01:1234 0 EOF`. A process that waits has an arrow before the kind.
fn holder(line: &str, number: u64) -> Option<u32> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.nth(1)?;
    let process = words.nth(2)?.parse().ok()?;
    let file = words.next()?.rsplit(':').next()?.parse::<u64>().ok()?;
    (kind == "FLOCK" && file == number).then_some(process)
}

/// Whether a process has the directory open.
#[expect(
    clippy::disallowed_methods,
    reason = "the processes of the machine, which are in no root"
)]
fn has_open(process: u32, dir: &Dir) -> bool {
    let identity = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
    let Ok(ours) = rustix::fs::fstat(dir).map(identity) else {
        return false;
    };
    let files = std::fs::read_dir(PathBuf::from(format!("/proc/{process}/fd")));
    let mut files = files.into_iter().flatten().flatten();
    files.any(|file| rustix::fs::stat(file.path()).map(identity) == Ok(ours))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn lines_of_locks() {
        for (line, process) in [
            ("1: FLOCK  ADVISORY  WRITE 812 fd:01:1234 0 EOF", Some(812)),
            ("1: FLOCK  ADVISORY  WRITE 812 fd:01:12345 0 EOF", None),
            ("1: POSIX  ADVISORY  WRITE 812 fd:01:1234 0 EOF", None),
            ("1: -> FLOCK  ADVISORY  WRITE 812 fd:01:1234 0 EOF", None),
            ("2: OFDLCK ADVISORY  WRITE -1 fd:01:1234 0 EOF", None),
            ("", None),
        ] {
            assert_eq!(holder(line, 1234), process, "{line}");
        }
    }

    #[test]
    fn who_holds_the_lock_is_told() {
        let place = tempfile::tempdir().unwrap();
        let root = Root::open(place.path()).unwrap();
        let lock = || Lock::within(Duration::ZERO, &root, Path::new("/dir"));
        drop(lock().unwrap());
        let mut holder = Command::new("flock")
            .arg(place.path().join("dir"))
            .args(["sh", "-c", "echo held; read line"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let told = holder.stdout.take().unwrap();
        BufReader::new(told).read_line(&mut line).unwrap();
        let error = lock().unwrap_err().to_string();
        assert!(error.starts_with("cannot lock /dir: process "), "{error}");
        assert!(error.contains("(`flock "), "{error}");
        holder.stdin.take().unwrap().write_all(b"\n").unwrap();
        holder.wait().unwrap();
        lock().unwrap();
    }
}
