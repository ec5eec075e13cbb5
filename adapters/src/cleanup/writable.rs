//! A sysroot that is mounted read-only, as ostree and bootc do it, is made writable for this process alone.

use std::path::Path;

use nix::sched::{CloneFlags, unshare};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::{MountFlags, MountPropagationFlags, mount_change, mount_remount};

/// Makes the sysroot at `path` on the host writable in a mount namespace of this process's own, if it is a mount that is
/// read-only. Whether it did: what was opened before stays what it was.
///
/// Where this cannot be done, what is written there says so.
pub fn make_writable(path: &Path) -> bool {
    let is_read_only = |path: &Path| {
        statvfs(path).is_ok_and(|stat| stat.f_flag.contains(StatVfsMountFlags::RDONLY))
    };
    if !is_read_only(path) || unshare(CloneFlags::CLONE_NEWNS).is_err() {
        return false;
    }
    // What is mounted here from now on is seen nowhere else.
    let private = MountPropagationFlags::DOWNSTREAM | MountPropagationFlags::REC;
    // Of the mount alone: the file system may be read-only for a reason.
    mount_change("/", private).is_ok() && mount_remount(path, MountFlags::BIND, c"").is_ok()
}
