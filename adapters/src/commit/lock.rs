//! Keeps two of our own runs apart.
//!
//! What is locked is a file of mode 0600 beside the intent, in a directory that only its owner writes: so
//! nobody who may only look can make a run wait, as he could if the directory itself were locked, which
//! anybody may open. It lies with what it protects, and not in `/run`: a target can be reached by several roots
//! (a deployment and the booted system share `/var`, a container and its host an image), each of which has
//! a `/run` of its own, or none.
//!
//! Only a run that writes makes the file, and takes it away while it still holds it. Who waited for it finds that
//! the name is not that of his file any more, and begins again. What a run that was killed leaves is locked by
//! nobody and means nothing: it stays until the next run that writes, which uses it. It is no leftover that
//! would have to be cleaned up, since it would have to be locked for that, and so be there, anyway.
//!
//! The holder writes into it who he is: the kernel tells that to nobody who cannot see all processes, and the
//! unit cannot. (Versions before this one locked the directory: they are not kept apart from this one. Nothing
//! is lost by that, only tried again; what is displaced is looked at.)

use std::ffi::OsStr;
use std::fmt;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use overlay_resolver::escape::escape;
use overlay_resolver::root::Root;
use rustix::fs::{AtFlags, FileType, FlockOperation, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::place::{Directories, Place};
use super::{access, stage, tree};

/// How the file is called, in the directory that runs lock.
const FILE_NAME: &str = ".overlayctl.lock";

/// How long another run is waited for before giving up. A run takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Nobody but the owner may open it, and so lock it.
const MODE: Mode = Mode::from_raw_mode(0o600);

/// How much of what a holder wrote is shown.
const SHOWN: usize = 256;

/// The lock on a directory of the target, held until dropped.
#[derive(Debug)]
pub(crate) struct Lock {
    place: Place,
    file: OwnedFd,
}

impl Lock {
    /// Locks the directory `path`, making it and its parents if they are not there.
    ///
    /// # Errors
    /// Another run has held the lock for ten seconds, and which; or what is in the place of the lock is none
    /// of ours.
    pub(crate) fn directory(root: &Root, path: &Path) -> Result<Self, CommitError> {
        Self::within(PATIENCE, root, path)
    }

    fn within(patience: Duration, root: &Root, directory: &Path) -> Result<Self, CommitError> {
        tree::make_directories(root, directory)?;
        let path = directory.join(FILE_NAME);
        let place = Directories::of(root)
            .of_name(&path)?
            .ok_or_else(|| CommitError::new("open", directory, Errno::NOENT))?;
        let deadline = Instant::now() + patience;
        loop {
            let Some(file) = open(&place)? else { continue };
            wait(&file, deadline, &path)?;
            let lock = Self {
                place: place.clone(),
                file,
            };
            if lock.is_in_place().doing("lock", &path)? {
                lock.sign().doing("lock", &path)?;
                return Ok(lock);
            }
        }
    }

    /// Whether the name is still that of the file: who held the lock before took it away.
    fn is_in_place(&self) -> Result<bool, Errno> {
        let identity = |stat: Stat| (stat.st_dev, stat.st_ino);
        let named = rustix::fs::statat(
            &*self.place.dir,
            &self.place.name,
            AtFlags::SYMLINK_NOFOLLOW,
        );
        match named {
            Ok(named) => Ok(identity(named) == identity(rustix::fs::fstat(&self.file)?)),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes down who holds it.
    fn sign(&self) -> Result<(), Errno> {
        let arguments = std::env::args_os();
        let arguments: Vec<_> = arguments.collect();
        let command = arguments.join(OsStr::new(" "));
        let mut text = format!("{} ", std::process::id()).into_bytes();
        text.extend(command.as_encoded_bytes());
        text.truncate(SHOWN);
        rustix::fs::ftruncate(&self.file, 0)?;
        stage::write_all(&self.file, &text)
    }
}

impl Drop for Lock {
    /// Takes the file away as long as nobody else can have locked it. One that stays does no harm.
    fn drop(&mut self) {
        if self.is_in_place() == Ok(true) {
            self.place.unlink(&self.place.name).unwrap_or_default();
        }
    }
}

/// Opens the file, making it if it is not there; none if it came or went meanwhile.
fn open(place: &Place) -> Result<Option<OwnedFd>, CommitError> {
    let path = &place.path;
    let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let Some(kind) = place.kind(&place.name).doing("look at", path)? else {
        let flags = flags | OFlags::CREATE | OFlags::EXCL;
        return match rustix::fs::openat(&*place.dir, &place.name, flags, MODE) {
            Ok(file) => {
                access::inherit_owner(&*place.dir, &file)
                    .and_then(|()| rustix::fs::fchmod(&file, MODE))
                    .doing("create", path)?;
                Ok(Some(file))
            }
            Err(Errno::EXIST) => Ok(None),
            Err(error) => Err(error).doing("create", path),
        };
    };
    // Opening anything else can have effects.
    if kind != FileType::RegularFile {
        return Err(Strange::Kind).doing("lock", path);
    }
    let file = match rustix::fs::openat(&*place.dir, &place.name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(None),
        other => other.doing("open", path)?,
    };
    let [file_stat, dir_stat] =
        [file.as_fd(), place.dir.as_fd()].map(|one| rustix::fs::fstat(one).doing("look at", path));
    match Strange::of(&file_stat?, &dir_stat?) {
        Some(strange) => Err(strange).doing("lock", path),
        None => Ok(Some(file)),
    }
}

/// Waits until the file is locked.
fn wait(file: &OwnedFd, deadline: Instant, path: &Path) -> Result<(), CommitError> {
    loop {
        match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(()),
            Err(Errno::WOULDBLOCK) if Instant::now() < deadline => {
                sleep(Duration::from_millis(20));
            }
            Err(Errno::WOULDBLOCK) => return Err(Held::read(file)).doing("lock", path),
            Err(error) => return Err(error).doing("lock", path),
        }
    }
}

/// What no run leaves in the place of the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Strange {
    #[error("it is no regular file: remove it")]
    Kind,
    #[error("it belongs to user {0}, not to who runs this or owns its directory: remove it")]
    Owner(u32),
    #[error("others than its owner may open it, and so hold it: remove it")]
    Open,
    #[error("it is under another name, too, by which others may hold it: remove it here")]
    Linked,
}

impl Strange {
    fn of(file: &Stat, directory: &Stat) -> Option<Self> {
        let us = rustix::process::geteuid().as_raw();
        match file {
            _ if FileType::from_raw_mode(file.st_mode) != FileType::RegularFile => Some(Self::Kind),
            _ if ![us, directory.st_uid].contains(&file.st_uid) => Some(Self::Owner(file.st_uid)),
            _ if file.st_mode & 0o077 != 0 => Some(Self::Open),
            _ if file.st_nlink > 1 => Some(Self::Linked),
            _ => None,
        }
    }
}

/// That somebody else holds the lock.
#[derive(Debug, thiserror::Error)]
struct Held {
    /// The process and its command, as it wrote them there.
    by: Option<(u32, Vec<u8>)>,
}

impl Held {
    fn read(file: &OwnedFd) -> Self {
        let mut text = [0; SHOWN];
        let read = rustix::io::pread(file, &mut text[..], 0).unwrap_or_default();
        Self {
            by: parse(&text[..read]),
        }
    }
}

fn parse(text: &[u8]) -> Option<(u32, Vec<u8>)> {
    let end = text.iter().position(|&byte| byte == b' ')?;
    let process = std::str::from_utf8(&text[..end]).ok()?.parse().ok()?;
    Some((process, text[end + 1..].to_vec()))
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

#[cfg(test)]
mod tests;
