//! Whose a file is that is written, and what may be done with it.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, OFlags, RawMode, Uid, XattrFlags};
use rustix::io::Errno;

use super::error::{CommitError, Doing as _};
use super::place::Place;

/// What a new file gets; a replaced one keeps its own. libostree writes 0644 too.
const FILE_MODE: RawMode = 0o644;
/// What a new directory gets.
const DIRECTORY_MODE: RawMode = 0o755;

/// Whose a file or directory is that is written, and what may be done with it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Access {
    /// As before; of what is new, everybody may read it, and it belongs to whom its directory belongs.
    #[default]
    Kept,
    /// The same, without what others than its owner may do: it holds what they cannot read where it comes from.
    OwnerOnly,
    /// This and nothing else, whatever was there before.
    Exactly {
        /// The mode.
        mode: RawMode,
        /// The owner and the group; none as with what is kept.
        owner: Option<(u32, u32)>,
    },
}

/// What is said of files, by path. Of others, it is [`Access::Kept`].
pub(super) type AccessOf = BTreeMap<PathBuf, Access>;

impl Access {
    pub(super) fn of(path: &Path, known: &AccessOf) -> Self {
        known.get(path).copied().unwrap_or_default()
    }

    /// The mode of what had this one.
    fn mode(self, mode: RawMode) -> Mode {
        Mode::from_raw_mode(match self {
            Self::Kept => mode,
            Self::OwnerOnly => mode & !0o077,
            Self::Exactly { mode, .. } => mode,
        })
    }

    /// The owner of what had this one.
    fn owner(self, owner: (u32, u32)) -> (u32, u32) {
        match self {
            Self::Exactly {
                owner: Some(owner), ..
            } => owner,
            _ => owner,
        }
    }

    /// Whether an attribute goes along: access lists would give back what a mode takes.
    fn keeps(self, attribute: &[u8]) -> bool {
        self == Self::Kept || !attribute.starts_with(b"system.posix_acl")
    }

    /// Says it of a new file in a directory.
    pub(super) fn give_file(self, dir: impl AsFd, file: &OwnedFd) -> Result<(), Errno> {
        self.give_owner(dir, file)?;
        rustix::fs::fchmod(file, self.mode(FILE_MODE))
    }

    /// Says it of a new directory in another.
    pub(super) fn give_directory(self, parent: impl AsFd, dir: &OwnedFd) -> Result<(), Errno> {
        self.give_owner(parent, dir)?;
        // Who may read a directory may look into it.
        let mode = match self {
            Self::OwnerOnly | Self::Kept => self.mode(DIRECTORY_MODE),
            Self::Exactly { mode, .. } => Mode::from_raw_mode(mode),
        };
        rustix::fs::fchmod(dir, mode)
    }

    fn give_owner(self, dir: impl AsFd, new: &OwnedFd) -> Result<(), Errno> {
        match self {
            Self::Exactly {
                owner: Some((owner, group)),
                ..
            } => change_owner(new, (owner, group)),
            _ => inherit_owner(dir, new),
        }
    }

    /// Says it of what is to take the place of a file that is there.
    pub(super) fn copy(self, place: &Place, new: &OwnedFd) -> Result<(), CommitError> {
        let path = &place.path;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let old = match rustix::fs::openat(&*place.dir, &place.name, flags, Mode::empty()) {
            // It vanished, which the swap will notice.
            Err(Errno::NOENT) => return Ok(()),
            other => other.doing("open", path)?,
        };
        let old_stat = rustix::fs::fstat(&old).doing("look at", path)?;
        let new_stat = rustix::fs::fstat(new).doing("look at", path)?;
        let owner = self.owner((old_stat.st_uid, old_stat.st_gid));
        if owner != (new_stat.st_uid, new_stat.st_gid) {
            change_owner(new, owner).doing("keep the owner of", path)?;
        }
        rustix::fs::fchmod(new, self.mode(old_stat.st_mode)).doing("keep the mode of", path)?;
        copy_xattrs(&old, new, |name| self.keeps(name))
            .doing("keep the extended attributes of", path)
    }
}

fn change_owner(new: impl AsFd, (owner, group): (u32, u32)) -> Result<(), Errno> {
    let (owner, group) = (Uid::from_raw(owner), Gid::from_raw(group));
    rustix::fs::fchown(new, Some(owner), Some(group))
}

/// Copies labels, ACLs and whatever else stands in extended attributes.
pub(super) fn copy_xattrs(
    old: &OwnedFd,
    new: &OwnedFd,
    keeps: impl Fn(&[u8]) -> bool,
) -> Result<(), Errno> {
    // The kernel's limits for the list and for one value.
    const LIMIT: usize = 64 * 1024;
    let mut names = Vec::with_capacity(LIMIT);
    match rustix::fs::flistxattr(old, rustix::buffer::spare_capacity(&mut names)) {
        Err(Errno::NOTSUP) => return Ok(()),
        other => other?,
    };
    for name in names
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty() && keeps(name))
    {
        let mut value = Vec::with_capacity(LIMIT);
        match rustix::fs::fgetxattr(old, name, rustix::buffer::spare_capacity(&mut value)) {
            Err(Errno::NODATA) => continue,
            other => other?,
        };
        match rustix::fs::fsetxattr(new, name, &value, XattrFlags::empty()) {
            // A label that the file system or an unprivileged user may not set is what a new file
            // there gets anyway.
            Err(Errno::NOTSUP | Errno::PERM | Errno::ACCESS) => {}
            other => other?,
        }
    }
    Ok(())
}

/// Gives what is new in a directory the owner of that: an installation of a user's stays theirs.
pub(super) fn inherit_owner(dir: impl AsFd, new: impl AsFd) -> Result<(), Errno> {
    let (dir, own) = (rustix::fs::fstat(dir)?, rustix::fs::fstat(&new)?);
    if dir.st_uid == own.st_uid {
        return Ok(());
    }
    match change_owner(new, (dir.st_uid, dir.st_gid)) {
        // Who is not root makes nothing for others.
        Err(Errno::PERM) => Ok(()),
        other => other,
    }
}
