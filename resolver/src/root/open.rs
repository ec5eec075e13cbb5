//! The system calls that open and read, each decided by the descriptor that it got.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::buffer::spare_capacity;
use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, openat, openat2};
use rustix::io::{Errno, read, retry_on_intr};

use super::Inode;
use super::unusable::{Kind, Reason};

/// How often a lookup that raced with a rename is repeated.
///
/// The kernel answers EAGAIN when a `..` could have left the root because of a rename anywhere in the
/// file system meanwhile. Who renames without pause must not be able to hold us up for ever.
const RETRIES: usize = 128;

/// Follows no symlink in any component; one on the way is ELOOP.
pub(super) const NO_LINKS: ResolveFlags = ResolveFlags::IN_ROOT.union(ResolveFlags::NO_SYMLINKS);

/// For reading a file of unknown type: neither a FIFO's missing writer nor a modem line makes it wait,
/// and a terminal does not become ours.
pub(super) const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// For listing a directory, working in it and fsyncing it.
pub(super) const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// openat2(2), repeated when it was interrupted or raced with a rename.
pub(super) fn open(
    at: BorrowedFd<'_>,
    path: &Path,
    flags: OFlags,
    resolve: ResolveFlags,
) -> Result<OwnedFd, Errno> {
    let attempt = || openat2(at, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve);
    for _ in 0..RETRIES {
        match attempt() {
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return result,
        }
    }
    attempt()
}

/// Opens a file for reading by its name in a directory; a symlink is ELOOP.
///
/// `name` must be one component and not `..`, so that there is nothing to resolve: the plain call is
/// as safe as openat2(2), and cheaper.
pub(super) fn open_name(at: BorrowedFd<'_>, name: &OsStr) -> Result<OwnedFd, Errno> {
    let flags = READ | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| openat(at, name, flags, Mode::empty()))
}

/// Reads a regular file of up to `limit` bytes.
///
/// Asks for one byte more than the file has, so that one read tells whether it grew. Size 0 is
/// confirmed by a read as well: the files of procfs claim it and are not empty.
pub(super) fn read_regular(file: &OwnedFd, limit: usize) -> Result<(Vec<u8>, Inode), Reason> {
    let stat = fstat(file).map_err(Reason::errno)?;
    let (inode, size) = regular(&stat, limit)?;
    let mut bytes = Vec::new();
    read_known(file, size, &mut bytes)?;
    Ok((bytes, inode))
}

/// Which file it is and how long, if it is a regular one of up to `limit` bytes.
pub(super) fn regular(stat: &Stat, limit: usize) -> Result<(Inode, usize), Reason> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => {}
        other => return Err(Reason::NotAFile(Kind::of(other))),
    }
    let size = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
    match usize::try_from(size) {
        Ok(expected) if expected <= limit => Ok((Inode::of(stat), expected)),
        _ => Err(Reason::TooLarge { size, limit }),
    }
}

/// Reads a file of so many bytes, in the place of what is in `bytes`.
pub(super) fn read_known(
    file: &OwnedFd,
    expected: usize,
    bytes: &mut Vec<u8>,
) -> Result<(), Reason> {
    bytes.clear();
    bytes.reserve_exact(expected.saturating_add(1));
    loop {
        let count =
            retry_on_intr(|| read(file.as_fd(), spare_capacity(bytes))).map_err(Reason::errno)?;
        // The last read had room for one byte more; that it stopped here is the end of the file.
        if bytes.len() == expected {
            return Ok(());
        }
        if count == 0 || bytes.len() > expected {
            return Err(Reason::Changed);
        }
    }
}
