//! Files that the kernel makes as they are read: they tell no length, so they are read to their end.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use overlay_resolver::root::Root;
use rustix::fs::{Mode, OFlags, openat};

/// None of those that are read here is larger.
const LIMIT: u64 = 1 << 20;

/// What such a file says; none where there is none that can be read.
pub(crate) fn read(root: &Root, path: &Path) -> Option<Vec<u8>> {
    let directory = root.dir(path.parent()?).ok()??;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = openat(&directory, path.file_name()?, flags, Mode::empty()).ok()?;
    let mut text = Vec::new();
    File::from(file).take(LIMIT).read_to_end(&mut text).ok()?;
    Some(text)
}

/// A file about this process. `/proc/self` is a link that the kernel makes up, and none of those is followed.
pub(crate) fn own(name: &str) -> PathBuf {
    Path::new("/proc")
        .join(std::process::id().to_string())
        .join(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_makes_is_read() {
        let root = Root::open(Path::new("/")).unwrap();
        let boot = read(&root, Path::new("/proc/sys/kernel/random/boot_id")).unwrap();
        assert_eq!(boot.len(), "01234567-89ab-cdef-0123-456789abcdef\n".len());
        let mounts = read(&root, &own("mountinfo")).unwrap();
        assert!(mounts.ends_with(b"\n"));
        assert_eq!(read(&root, Path::new("/proc/no/such")), None);
    }
}
