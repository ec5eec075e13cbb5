//! What tells others that something changed, once it has.

use std::path::Path;
use std::time::Duration;

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Timespec, Timestamps};
use rustix::io::Errno;

use super::access;
use super::error::{CommitError, Doing as _};
use super::place::Directories;
use super::step::Notice;
use crate::process;

/// The mode of a new file, whatever the umask.
const TOUCHED_MODE: Mode = Mode::from_raw_mode(0o644);

/// What is there and no regular file is left alone: its times tell nobody anything, and opening it can have
/// effects.
pub(super) fn touch(root: &Directories, path: &Path) -> Result<(), CommitError> {
    let Some(place) = root.of_name(path)? else {
        return Ok(());
    };
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: rustix::fs::UTIME_NOW,
    };
    let times = Timestamps {
        last_access: now,
        last_modification: now,
    };
    let new = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::openat(&*place.dir, &place.name, new, TOUCHED_MODE) {
        Ok(file) => access::inherit_owner(&*place.dir, &file)
            .and_then(|()| rustix::fs::fchmod(&file, TOUCHED_MODE)),
        Err(Errno::EXIST) => place.kind(&place.name).and_then(|kind| match kind {
            Some(FileType::RegularFile) => {
                rustix::fs::utimensat(&*place.dir, &place.name, &times, AtFlags::SYMLINK_NOFOLLOW)
            }
            _ => Ok(()),
        }),
        Err(error) => Err(error),
    }
    .doing("touch", path)
}

/// How long a program may take to be told.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a program that is to know of the change.
pub(super) fn tell(notice: &Notice) -> Result<(), CommitError> {
    let Notice { program, arguments } = notice;
    process::run(program, arguments, PATIENCE).doing("tell", program)
}
