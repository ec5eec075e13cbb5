//! A tree put together from parts of others, with their owners, modes and extended attributes.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use overlay_resolver::root::Root;
use rustix::fs::{
    AtFlags, Dir as DirStream, FileType, Gid, Mode, OFlags, RenameFlags, ResolveFlags, SeekFrom,
    Timespec, Timestamps, Uid,
};
use rustix::io::Errno;

use super::access;
use super::error::{CommitError, Doing as _};
use super::names::staged_name;
use super::place::{Directories, Place};
use super::{remove, stage};

/// Something in the tree that is to be.
#[derive(Debug)]
pub(crate) struct Member<'s> {
    /// Where in it; the tree itself has the empty path, and comes first.
    pub(crate) path: &'s Path,
    /// What it is.
    pub(crate) source: Source<'s>,
    /// Its permission bits.
    pub(crate) mode: u32,
    /// Its owner and group.
    pub(crate) owner: (u32, u32),
    /// Whose extended attributes it gets, and where unchanged its times.
    pub(crate) metadata: Below<'s>,
}

/// Something below an open directory.
pub(crate) type Below<'s> = (BorrowedFd<'s>, &'s Path);

/// What a [`Member`] is.
#[derive(Debug)]
pub(crate) enum Source<'s> {
    Directory,
    /// A symlink of this text.
    Link(&'s Path),
    /// A file of these bytes.
    Bytes(&'s [u8]),
    /// A copy of this file.
    File(BorrowedFd<'s>, &'s Path),
}

/// Makes the tree beside `out` and gives it that name when all of it is on disk. `out` must not be there,
/// or be an empty directory.
pub(crate) fn assemble<'s>(
    root: &Root,
    out: &Path,
    members: impl Iterator<Item = Member<'s>>,
) -> Result<(), CommitError> {
    let place = Directories::of(root)
        .of_name(out)?
        .ok_or_else(|| CommitError::new("open the directory of", out, Errno::NOENT))?;
    is_free(&place).doing("write to", out)?;
    let staged = staged_name(&place.name);
    let written = remove::remove_all(place.dir.as_fd(), &staged)
        .doing("replace the staged copy of", out)
        .and_then(|()| write(&place, &staged, members))
        // Onto an empty directory it goes, onto anything else not.
        .and_then(|()| {
            place
                .rename(&staged, &place.name, RenameFlags::empty())
                .doing("create", out)
        })
        .and_then(|()| place.sync());
    if written.is_err() {
        // What is left the next run removes.
        remove::remove_all(place.dir.as_fd(), &staged).unwrap_or_default();
    }
    written
}

fn is_free(place: &Place) -> Result<(), Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let dir = match rustix::fs::openat(&*place.dir, &place.name, flags, Mode::empty()) {
        Err(Errno::NOENT) => return Ok(()),
        other => other?,
    };
    for member in DirStream::read_from(&dir)? {
        if !matches!(member?.file_name().to_bytes(), b"." | b"..") {
            return Err(Errno::NOTEMPTY);
        }
    }
    Ok(())
}

fn write<'s>(
    place: &Place,
    staged: &std::ffi::OsStr,
    members: impl Iterator<Item = Member<'s>>,
) -> Result<(), CommitError> {
    let private = Mode::from_raw_mode(0o700);
    rustix::fs::mkdirat(&*place.dir, staged, private).doing("stage", &place.path)?;
    let top = open(place.dir.as_fd(), Path::new(staged), OFlags::DIRECTORY)
        .doing("stage", &place.path)?;
    let mut directories = Vec::new();
    for member in members {
        match member.source {
            Source::Directory => {
                if !member.path.as_os_str().is_empty() {
                    make_directory(&top, member.path).doing("stage", member.path)?;
                }
                directories.push(member);
            }
            Source::Link(target) => make_link(&top, &member, target).doing("stage", member.path)?,
            Source::Bytes(_) | Source::File(..) => {
                make_file(&top, &member).doing("stage", member.path)?;
            }
        }
    }
    // Last, for they may take away the right to write into them, and writing changes their times.
    for member in directories.iter().rev() {
        let file = open(top.as_fd(), member.path, OFlags::DIRECTORY);
        file.and_then(|file| dress(&file, member, true))
            .doing("stage", member.path)?;
    }
    // One call for thousands of files.
    rustix::fs::syncfs(&top).doing("sync", &place.path)
}

fn make_directory(top: &OwnedFd, path: &Path) -> Result<(), Errno> {
    let (dir, name) = parent(top, path)?;
    rustix::fs::mkdirat(&dir, name, Mode::from_raw_mode(0o700))
}

fn make_link(top: &OwnedFd, member: &Member<'_>, target: &Path) -> Result<(), Errno> {
    let (dir, name) = parent(top, member.path)?;
    rustix::fs::symlinkat(target, &dir, name)?;
    let stat = rustix::fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if (stat.st_uid, stat.st_gid) != member.owner {
        let (owner, group) = ids(member);
        rustix::fs::chownat(&dir, name, owner, group, AtFlags::SYMLINK_NOFOLLOW)?;
    }
    Ok(())
}

fn make_file(top: &OwnedFd, member: &Member<'_>) -> Result<(), std::io::Error> {
    let (dir, name) = parent(top, member.path)?;
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = rustix::fs::openat(&dir, name, flags, Mode::from_raw_mode(0o600))?;
    match member.source {
        Source::Bytes(bytes) => stage::write_all(&file, bytes)?,
        Source::File(at, path) => {
            copy_data(&open_regular(at, path)?, &file)?;
        }
        Source::Directory | Source::Link(_) => {}
    }
    let keeps_times = matches!(member.source, Source::File(..));
    Ok(dress(&file, member, keeps_times)?)
}

/// Copies what a file holds; where it holds nothing, the copy has a hole, too.
fn copy_data(from: &OwnedFd, to: &OwnedFd) -> Result<(), std::io::Error> {
    let (mut from, mut to) = (File::from(from.try_clone()?), File::from(to.try_clone()?));
    let mut at = 0;
    loop {
        let start = match rustix::fs::seek(&from, SeekFrom::Data(at)) {
            // Nothing but a hole, if anything.
            Err(Errno::NXIO) => break,
            other => other?,
        };
        at = rustix::fs::seek(&from, SeekFrom::Hole(start))?;
        from.seek(std::io::SeekFrom::Start(start))?;
        to.seek(std::io::SeekFrom::Start(start))?;
        std::io::copy(&mut (&from).take(at - start), &mut to)?;
    }
    to.set_len(from.metadata()?.len())
}

/// Gives a file or directory its owner, extended attributes, mode and times.
fn dress(file: &OwnedFd, member: &Member<'_>, keeps_times: bool) -> Result<(), Errno> {
    let stat = rustix::fs::fstat(file)?;
    if (stat.st_uid, stat.st_gid) != member.owner {
        let (owner, group) = ids(member);
        rustix::fs::fchown(file, owner, group)?;
    }
    let (at, path) = member.metadata;
    let from = open(at, path, OFlags::NONBLOCK | OFlags::NOCTTY)?;
    access::copy_xattrs(&from, file, |_| true)?;
    if keeps_times {
        let stat = rustix::fs::fstat(&from)?;
        rustix::fs::futimens(file, &times(&stat))?;
    }
    // After the access control list, a part of which it is.
    rustix::fs::fchmod(file, Mode::from_raw_mode(member.mode))
}

fn times(stat: &rustix::fs::Stat) -> Timestamps {
    let time = |seconds, nanoseconds: u64| Timespec {
        tv_sec: seconds,
        tv_nsec: i64::try_from(nanoseconds).expect("less than a second"),
    };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec),
    }
}

fn ids(member: &Member<'_>) -> (Option<Uid>, Option<Gid>) {
    let (owner, group) = member.owner;
    (Some(Uid::from_raw(owner)), Some(Gid::from_raw(group)))
}

/// The directory of a path in the new tree, and the name there.
fn parent<'p>(top: &OwnedFd, path: &'p Path) -> Result<(OwnedFd, &'p Path), Errno> {
    let name = path.file_name().ok_or(Errno::INVAL)?;
    let directory = path.parent().unwrap_or(Path::new(""));
    Ok((
        open(top.as_fd(), directory, OFlags::DIRECTORY)?,
        Path::new(name),
    ))
}

fn open_regular(at: BorrowedFd<'_>, path: &Path) -> Result<OwnedFd, Errno> {
    let file = open(at, path, OFlags::NONBLOCK | OFlags::NOCTTY)?;
    match FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) {
        FileType::RegularFile => Ok(file),
        // It was one when the merge was decided.
        _ => Err(Errno::STALE),
    }
}

/// Opens what is at `path` below `at` for reading, with no symlink on the way and none at its end.
pub(crate) fn open(at: BorrowedFd<'_>, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    };
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    rustix::io::retry_on_intr(|| rustix::fs::openat2(at, path, flags, Mode::empty(), resolve))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "files of the test's")]

    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    #[test]
    fn holes_stay_holes() {
        let place = tempfile::tempdir().unwrap();
        let sparse = place.path().join("sparse");
        let file = File::create(&sparse).unwrap();
        rustix::io::pwrite(&file, b"head", 0).unwrap();
        rustix::io::pwrite(&file, b"middle", 32 << 20).unwrap();
        for length in [64 << 20, 32 << 20, 2, 0] {
            file.set_len(length).unwrap();
            let copy = File::create(place.path().join("copy")).unwrap();
            let from = File::open(&sparse).unwrap().into();
            copy_data(&from, &copy.into()).unwrap();
            let copy = place.path().join("copy");
            assert!(std::fs::read(&sparse).unwrap() == std::fs::read(&copy).unwrap());
            let blocks = [&sparse, &copy].map(|path| path.metadata().unwrap().blocks());
            assert!(blocks[1] <= blocks[0] + 16, "{length}: {blocks:?}");
        }
    }
}
