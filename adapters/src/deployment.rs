//! Which deployment is booted, as the system itself says it.
//!
//! The kernel's command line is not asked: after a soft reboot it names the deployment before.
//!
//! | system | who says it |
//! |---|---|
//! | ostree | the device and inode in `/run/ostree-booted`, which are those of a directory below `ostree/deploy` |
//! | bootc with composefs | the source of the mount at `/` |
//! | another image | `IMAGE_ID=`, `IMAGE_VERSION=` and `BUILD_ID=` of os-release(5) |

use std::fmt;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use gvariant::aligned_bytes::copy_to_align;
use gvariant::{Marker as _, Structure as _, gv};
use overlay_resolver::Resolver;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::{MemberKind, Root};
use rustix::fs::{AtFlags, StatxFlags, fstat, statx};

use crate::code;
use crate::proc;

/// What ostree leaves for whoever asks whether it booted the system, and what.
const OSTREE_BOOTED: &str = "/run/ostree-booted";
/// The key of the directory that is the root of the system, whatever is mounted over it.
const DEVICE_AND_INODE: &str = "backing-root-device-inode";
const OS_RELEASE: &str = "os-release";
/// Where bootc has the directories of deployments that are none of ostree's, below the sysroot.
const COMPOSEFS: &str = "state/deploy";
/// No such file is larger.
const LIMIT: usize = 1 << 20;

/// The deployment of a root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfRoot {
    pub(crate) deployment: Deployment,
    /// Whether nothing says that it is another one that is booted: so of the root of a deployment that waits.
    pub(crate) is_booted: bool,
}

/// What tells an image that was deployed from the one before and the one after.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Deployment {
    /// One of ostree's.
    Ostree {
        /// The stateroot.
        os: String,
        /// `CHECKSUM.SERIAL`.
        name: String,
    },
    /// One of bootc's without ostree, by its digest.
    Composefs(String),
    /// What its image says of itself.
    Image {
        /// `IMAGE_ID=`.
        id: String,
        /// `IMAGE_VERSION=`.
        version: String,
        /// `BUILD_ID=`.
        build: String,
    },
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ostree { os, name } => write!(f, "ostree:{os}:{name}"),
            Self::Composefs(digest) => write!(f, "composefs:{digest}"),
            Self::Image { id, version, build } => write!(f, "image:{id}:{version}:{build}"),
        }
    }
}

impl Deployment {
    /// What the names of all of them begin with.
    pub(crate) const KINDS: [&str; 3] = ["ostree:", "composefs:", "image:"];

    /// The one of this root, with the sysroot at `sysroot` inside it. None if nothing tells one image of this system from the
    /// next.
    ///
    /// # Errors
    /// ostree booted the system, and what it booted cannot be told; or an image says what it is in a file that cannot be
    /// read.
    pub(crate) fn of(root: &Root, sysroot: &Path) -> Result<Option<OfRoot>, Finding> {
        let path = Path::new(OSTREE_BOOTED);
        let said = root
            .read(path, LIMIT)
            .map_err(|why| unreadable(path, &why))?;
        let booted = |deployment| OfRoot {
            deployment,
            is_booted: true,
        };
        if let Some(said) = said {
            return of_ostree(root, sysroot, &said).map(booted).map(Some);
        }
        if let Some(deployment) = of_composefs(root) {
            return Ok(Some(booted(deployment)));
        }
        // Another one is booted, or none: what this says of itself is what its image says, and not which one it is.
        if let Some(deployment) = of_its_place(root, sysroot) {
            return Ok(Some(OfRoot {
                deployment,
                is_booted: false,
            }));
        }
        Ok(of_image(root)?.map(booted))
    }

    /// What tells its directory from one that has the same name later, once this was undeployed: the number of its inode, and
    /// when that was made, where the file system knows it. None of another image, which has none. Numbers of devices are
    /// others at each boot.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub(crate) fn directory(&self, root: &Root, sysroot: &Path) -> Result<Option<String>, Finding> {
        let path = match self {
            Self::Ostree { os, name } => of_os(sysroot, os).join(name),
            Self::Composefs(digest) => sysroot.join(COMPOSEFS).join(digest),
            Self::Image { .. } => return Ok(None),
        };
        let directory = root.dir(&path).map_err(|why| unreadable(&path, &why))?;
        let Some(directory) = directory else {
            return Ok(None);
        };
        let wanted = StatxFlags::INO | StatxFlags::BTIME;
        let stat = statx(&directory, "", AtFlags::EMPTY_PATH, wanted);
        let stat = stat.map_err(|why| unreadable(&path, &why))?;
        let born = stat.stx_btime;
        Ok(Some(format!(
            "{:x}-{:x}.{:x}",
            stat.stx_ino, born.tv_sec, born.tv_nsec
        )))
    }

    /// All that ostree or bootc has deployed, those that are not booted as well.
    ///
    /// # Errors
    /// A directory cannot be read.
    pub fn deployed(root: &Root, sysroot: &Path) -> Result<Vec<Self>, Finding> {
        let of_ostree = deployed(root, sysroot)?.into_iter();
        let of_composefs = directories(root, &sysroot.join(COMPOSEFS))?.into_iter();
        Ok(of_ostree
            .map(|(deployment, _)| deployment)
            .chain(of_composefs.map(Self::Composefs))
            .collect())
    }
}

fn of_ostree(root: &Root, sysroot: &Path, said: &[u8]) -> Result<Deployment, Finding> {
    let booted = match device_and_inode(said) {
        Some(booted) => Some(booted),
        // Older releases leave an empty file, and mount nothing over the deployment.
        None => identity(root, Path::new("/"))?,
    };
    let all = deployed(root, sysroot)?;
    let found = all
        .into_iter()
        .find(|(_, identity)| Some(*identity) == booted);
    found.map(|(deployment, _)| deployment).ok_or_else(|| {
        let message = format!(
            "none of the deployments there is the directory that {OSTREE_BOOTED} names as booted: mount the sysroot there, or say with --sysroot where it is"
        );
        code::UNREADABLE.error(sysroot.join("ostree/deploy"), message)
    })
}

/// What ostree says of the directory that it booted: a serialized dictionary (`OTCORE_RUN_BOOTED`), unless it is
/// older than that. A file that was cut short says nothing, either.
fn device_and_inode(said: &[u8]) -> Option<(u64, u64)> {
    let aligned = copy_to_align(said);
    let entries = gv!("a{sv}").cast(aligned.as_ref());
    let entry = entries.iter().find(|entry| {
        let (key, _) = entry.to_tuple();
        key.to_str() == DEVICE_AND_INODE
    })?;
    let (_, value) = entry.to_tuple();
    let pair = value.get(gv!("(tt)"))?;
    let (device, inode) = pair.to_tuple();
    Some((*device, *inode))
}

fn of_composefs(root: &Root) -> Option<Deployment> {
    let mounts = proc::read(root, &proc::own("mountinfo"))?;
    // The last one over the root is the one that is seen. Fields: proc_pid_mountinfo(5).
    let of_root = |line: &&[u8]| line.split_str(" ").nth(4) == Some(b"/");
    let line = mounts.lines().rfind(of_root)?;
    let (_, behind) = line.split_once_str(" - ")?;
    let digest = behind.split_str(" ").nth(1)?.strip_prefix(b"composefs:")?;
    Some(Deployment::Composefs(digest.to_str().ok()?.into()))
}

/// The deployment of ostree whose directory this root is.
fn of_its_place(root: &Root, sysroot: &Path) -> Option<Deployment> {
    let own = identity(root, Path::new("/")).ok()??;
    let all = deployed(root, sysroot).ok()?.into_iter();
    let mut own = all.filter(|(_, identity)| *identity == own);
    own.next().map(|(deployment, _)| deployment)
}

fn of_image(root: &Root) -> Result<Option<Deployment>, Finding> {
    let unread = |path: &Path, why: &str| {
        let message = format!(
            "{why}; nothing else says which image this is, so nothing can be done once for each: mend it"
        );
        code::UNREADABLE.error(path, message)
    };
    let os_release = Resolver::new(root.clone()).resolve(OS_RELEASE);
    let os_release = os_release.map_err(|error| {
        let places = ["/etc/os-release", "/usr/lib/os-release"].map(Path::new);
        let mut directories = places.iter().filter(|path| root.has_dir(path) == Ok(true));
        let place = directories.next().copied().unwrap_or(error.path());
        unread(place, "is a directory")
    })?;
    // A symlink to nowhere is passed over, and what is not there says nothing.
    let says_nothing = os_release.keys().next().is_none();
    let least = if says_nothing {
        Level::Warning
    } else {
        Level::Error
    };
    let mut findings = os_release.findings();
    if let Some(why) = findings.find(|finding| finding.level <= least) {
        let told = unread(&why.path, &why.message);
        return Err(why.line.into_iter().fold(told, Finding::at));
    }
    let value = |key| {
        let key = os_release.get("", key);
        key.map_or_else(String::new, |key| key.value().to_string())
    };
    let (version, build) = (value("IMAGE_VERSION"), value("BUILD_ID"));
    // The name of an image alone is the same after each update.
    let says_which = !version.is_empty() || !build.is_empty();
    Ok(says_which.then(|| Deployment::Image {
        id: value("IMAGE_ID"),
        version,
        build,
    }))
}

/// A directory, whatever is mounted over it: its device and inode.
type Identity = (u64, u64);

/// Each deployment of ostree with the identity of its directory.
fn deployed(root: &Root, sysroot: &Path) -> Result<Vec<(Deployment, Identity)>, Finding> {
    let stateroots = sysroot.join("ostree/deploy");
    let mut found = Vec::new();
    for os in directories(root, &stateroots)? {
        let place = of_os(sysroot, &os);
        for name in directories(root, &place)? {
            let Some(identity) = identity(root, &place.join(&name))? else {
                continue;
            };
            let os = os.clone();
            found.push((Deployment::Ostree { os, name }, identity));
        }
    }
    Ok(found)
}

/// The directory of the deployments of a stateroot.
fn of_os(sysroot: &Path, os: &str) -> PathBuf {
    sysroot.join("ostree/deploy").join(os).join("deploy")
}

/// The names of the directories in one. ostree takes no name that is not UTF-8.
fn directories(root: &Root, path: &Path) -> Result<Vec<String>, Finding> {
    let Some(directory) = root.dir(path).map_err(|why| unreadable(path, &why))? else {
        return Ok(Vec::new());
    };
    let members = directory.members().map_err(|why| unreadable(path, &why))?;
    let directories = members
        .into_iter()
        .filter(|member| member.kind == MemberKind::Directory);
    let names = directories.filter_map(|member| member.name.into_string().ok());
    Ok(names.collect())
}

/// None if it is not there.
fn identity(root: &Root, path: &Path) -> Result<Option<Identity>, Finding> {
    let Some(directory) = root.dir(path).map_err(|why| unreadable(path, &why))? else {
        return Ok(None);
    };
    let stat = fstat(&directory).map_err(|why| unreadable(path, &why))?;
    Ok(Some((stat.st_dev, stat.st_ino)))
}

fn unreadable(path: &Path, why: &dyn fmt::Display) -> Finding {
    code::UNREADABLE.error(path, format!("cannot be read: {why}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the tree of the test")]

    use std::fs;
    use std::os::unix::fs::MetadataExt as _;

    use proptest::prelude::*;

    use super::*;

    const SYSROOT: &str = "/sysroot";
    const CHECKSUM: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3b4a5968778695a4b3c2d1e0f";

    struct Machine(tempfile::TempDir);

    impl Machine {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, path: &str, content: impl AsRef<[u8]>) -> &Self {
            let path = self.0.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
            self
        }

        /// Makes a deployment, and returns what ostree says once that is booted.
        fn deploy(&self, os: &str, serial: u32) -> Vec<u8> {
            let name = format!("sysroot/ostree/deploy/{os}/deploy/{CHECKSUM}.{serial}");
            let place = self.0.path().join(&name);
            fs::create_dir_all(&place).unwrap();
            self.write(&format!("{name}.origin"), "[origin]\n");
            let stat = fs::metadata(place).unwrap();
            said(stat.dev(), stat.ino())
        }

        fn booted(&self) -> Result<Option<String>, String> {
            let root = Root::open(self.0.path()).unwrap();
            let booted = Deployment::of(&root, Path::new(SYSROOT));
            let booted = booted.map(|booted| booted.map(|of| of.deployment.to_string()));
            booted.map_err(|finding| finding.to_string())
        }
    }

    /// `{'composefs': <true>, 'backing-root-device-inode': <(device, inode)>, 'sysroot-ro': <true>}`, as GLib
    /// serializes it.
    fn said(device: u64, inode: u64) -> Vec<u8> {
        [
            &b"composefs\0\0\0\0\0\0\0\x01\0b\x0a\0\0\0\0"[..],
            b"backing-root-device-inode\0\0\0\0\0\0\0",
            &device.to_ne_bytes(),
            &inode.to_ne_bytes(),
            b"\0(tt)\x1a\0\0sysroot-ro\0\0\0\0\0\0\x01\0b\x0b\x14Nd",
        ]
        .concat()
    }

    #[test]
    fn ostree_says_what_it_booted() {
        let machine = Machine::new();
        machine.deploy("os", 0);
        let second = machine.deploy("os", 1);
        machine.deploy("other", 0);
        // What the kernel was told is not asked.
        machine.write(
            "proc/cmdline",
            format!("ostree=/ostree/boot.1/os/{CHECKSUM}/0"),
        );
        machine.write("run/ostree-booted", second);
        let booted = format!("ostree:os:{CHECKSUM}.1");
        assert_eq!(machine.booted(), Ok(Some(booted)));

        machine.write("run/ostree-booted", said(1, 2));
        let error = machine.booted().unwrap_err();
        assert!(
            error.contains("/sysroot/ostree/deploy: none of the deployments"),
            "{error}"
        );
    }

    #[test]
    fn where_ostree_says_nothing_the_root_is_the_deployment() {
        let machine = Machine::new();
        machine.deploy("os", 3);
        machine.write("run/ostree-booted", "");
        assert!(machine.booted().is_err());
        let place = format!("sysroot/ostree/deploy/os/deploy/{CHECKSUM}.3");
        let itself = Root::open(&machine.0.path().join(&place)).unwrap();
        let sysroot = Root::open(&machine.0.path().join("sysroot")).unwrap();
        let itself = itself.with_mount(Path::new(SYSROOT), &sysroot);
        let of_itself = || {
            let of = Deployment::of(&itself, Path::new(SYSROOT));
            of.unwrap().unwrap()
        };
        // It says of itself what its image says, which another deployment may say, too.
        machine.write(&format!("{place}/usr/lib/os-release"), "IMAGE_VERSION=1\n");
        let waiting = of_itself();
        assert_eq!(
            (waiting.deployment.to_string(), waiting.is_booted),
            (format!("ostree:os:{CHECKSUM}.3"), false)
        );
        machine.write(&format!("{place}/run/ostree-booted"), "");
        let booted = of_itself();
        assert!(booted.is_booted);
        assert_eq!(booted.deployment, waiting.deployment);
        assert_eq!(
            Deployment::deployed(&itself, Path::new(SYSROOT)),
            Ok(vec![booted.deployment])
        );
    }

    #[test]
    fn the_digest_is_that_of_what_is_mounted() {
        let machine = Machine::new();
        machine.write("etc/os-release", "IMAGE_ID=x\nIMAGE_VERSION=1\n");
        // The first of the two was there before a soft reboot.
        machine.write(
            &proc::own("mountinfo").to_string_lossy()[1..],
            "21 1 0:20 / / ro,relatime - overlay composefs:aaa ro,lowerdir=x\n\
             22 21 0:21 / /proc rw - proc proc rw\n\
             23 1 0:22 / / ro,relatime shared:1 - overlay composefs:bbb ro,lowerdir=y\n",
        );
        assert_eq!(machine.booted(), Ok(Some("composefs:bbb".into())));
        machine.write(
            &proc::own("mountinfo").to_string_lossy()[1..],
            "21 1 0:20 / / rw - ext4 /dev/sda1 rw\n",
        );
        assert_eq!(machine.booted(), Ok(Some("image:x:1:".into())));
    }

    #[test]
    fn an_image_says_which_it_is_or_nobody_does() {
        let machine = Machine::new();
        assert_eq!(machine.booted(), Ok(None));
        machine.write("usr/lib/os-release", "ID=debian\nIMAGE_ID=\"x\"\n");
        assert_eq!(machine.booted(), Ok(None));
        machine.write(
            "usr/lib/os-release",
            "IMAGE_ID=\"x\"\nBUILD_ID='2026-11-27'\n",
        );
        assert_eq!(machine.booted(), Ok(Some("image:x::2026-11-27".into())));
    }

    #[test]
    fn what_an_image_says_and_nobody_can_read_is_told() {
        let machine = Machine::new();
        let told = |what: &str| {
            let error = machine.booted().unwrap_err();
            assert!(
                error.contains("os-release: ") && error.ends_with(": mend it"),
                "{error}"
            );
            assert!(error.contains(what), "{error}");
        };
        let path = machine.0.path().join("usr/lib/os-release");
        fs::create_dir_all(&path).unwrap();
        told("directory");
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        told("nowhere");
        fs::remove_file(&path).unwrap();
        machine.write("usr/lib/os-release", b"IMAGE_VERSION=1\nNAME=caf\xe9\n");
        let error = machine.booted().unwrap_err();
        assert!(error.starts_with("/usr/lib/os-release:2: "), "{error}");
        // Nobody asks it where ostree says what is booted.
        let said = machine.deploy("os", 0);
        machine.write("run/ostree-booted", said);
        assert_eq!(
            machine.booted(),
            Ok(Some(format!("ostree:os:{CHECKSUM}.0")))
        );
    }

    proptest! {
        #[test]
        fn what_ostree_says_is_read_or_passed_over(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            device: u64,
            inode: u64,
            end in 0..103usize,
        ) {
            let whole = said(device, inode);
            prop_assert_eq!(device_and_inode(&whole), Some((device, inode)));
            // Nothing ends in a panic, and what was cut short is not taken for another directory.
            let _whatever = device_and_inode(&bytes);
            let told = device_and_inode(&whole[..end]);
            prop_assert!(told.is_none() || told == Some((device, inode)), "{told:?}");
        }
    }
}
