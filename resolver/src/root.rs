//! A directory tree that is read and never left.
//!
//! A [`Root`] is held by its descriptor, and every path is resolved inside it as if it were `/`:
//! absolute symlinks start at its top and `..` stops there, so an image can be read from outside and
//! an image that means harm reads nothing of the host. The kernel does it (openat2(2), Linux 5.6);
//! there is no emulation for what lacks it.
//!
//! Files are judged by the descriptor that was opened, never by a look beforehand: a regular file of
//! limited size, or [`Content::Unusable`] with the [`Reason`]. A FIFO, a socket or a device neither
//! blocks nor is read, and a device that is there when its directory is listed is not even opened.
//!
//! ```
//! # use overlay_resolver::root::{Content, Root};
//! # let image = tempfile::tempdir()?;
//! # std::fs::create_dir(image.path().join("etc"))?;
//! # std::os::unix::fs::symlink("/dev/null", image.path().join("etc/a.conf"))?;
//! let root = Root::open(image.path())?;
//! if let Some(etc) = root.dir("etc".as_ref())? {
//!     for name in etc.names()? {
//!         match etc.content(&name) {
//!             Content::File(bytes) => println!("{name:?}: {} bytes", bytes.len()),
//!             Content::Mask(mask) => println!("{name:?}: {mask}"),
//!             Content::Unusable(why) => println!("{name:?}: {why}"),
//!         }
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Deliberately absent: writing (who writes uses the descriptors, see [`AsFd`]), caching, and any
//! promise about a tree that is changed meanwhile, except that nothing outside is read. One thing can
//! still be: whoever may move an open [`Dir`] out of the root takes it along.

mod member;
mod open;
mod unusable;
pub(crate) mod walk;

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use rustix::fs::{
    AtFlags, FileType, Mode, OFlags, RawDir, ResolveFlags, Stat, fstat, openat, readlinkat, statat,
};
pub use rustix::io::Errno;

pub use self::member::{Member, MemberKind};
use self::open::{DIRECTORY, IN_ROOT, NO_LINKS, open, open_name, read_regular};
pub use self::unusable::{Kind, Reason, Unusable};
use self::walk::{End, Place, walk, walk_link};
use crate::escape::escape_path;
use crate::tree::absolute;

/// The largest fragment that [`Dir::content`] reads: 16 MiB, four times the largest file that a
/// distribution ships in a layer (systemd's `20-pci-vendor-model.hwdb`).
pub const FRAGMENT_LIMIT: usize = 1 << 24;

/// The most names that [`Dir::names`] returns, so that a hostile directory cannot fill the memory.
pub const NAMES_LIMIT: usize = 1 << 20;

/// A directory tree held by its descriptor; every path below it is resolved inside it.
///
/// Paths may be relative to it or absolute as seen inside it: `etc/a.conf` and `/etc/a.conf` are one.
/// A clone is the same root.
#[derive(Debug, Clone)]
pub struct Root {
    fd: Arc<OwnedFd>,
    mounts: Vec<Arc<Mount>>,
}

/// A directory of another root in the place of one of this.
#[derive(Debug)]
struct Mount {
    /// Relative to the root, without symlinks.
    at: PathBuf,
    fd: Arc<OwnedFd>,
}

/// The directory that was to be a [`Root`] cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot open {} as the root directory: {errno}{}", escape_path(path), hint(*errno))]
pub struct RootError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What the kernel says.
    pub errno: Errno,
}

fn hint(errno: Errno) -> &'static str {
    match errno {
        Errno::NOSYS => {
            "; openat2 is missing: Linux 5.6 or newer is needed, and no sandbox that hides it"
        }
        _ => "",
    }
}

impl Root {
    /// Opens the directory at `path`, which is trusted and resolved as usual.
    pub fn open(path: &Path) -> Result<Self, RootError> {
        let failed = |errno| RootError {
            path: path.into(),
            errno,
        };
        // By openat2 too, so that a kernel without it is noticed here.
        let fd = open(rustix::fs::CWD, path, DIRECTORY, ResolveFlags::empty()).map_err(failed)?;
        Ok(Self {
            fd: Arc::new(fd),
            mounts: Vec::new(),
        })
    }

    /// The same root with another one in the place of the directory `at`, as a mount has it: of an
    /// ostree deployment that is not booted, the real `/var` is elsewhere. Symlinks cross it both ways.
    ///
    /// What is mounted later lies over what was mounted before.
    #[must_use]
    pub fn with_mount(mut self, at: &Path, other: &Self) -> Self {
        let at = absolute(at);
        self.mounts.push(Arc::new(Mount {
            at: at.strip_prefix("/").unwrap_or(&at).into(),
            fd: Arc::clone(&other.fd),
        }));
        self
    }

    /// A directory inside the root as a root of its own; `None` if nothing has this path.
    pub fn below(&self, path: &Path) -> Result<Option<Self>, Unusable> {
        Ok(self.dir(path)?.map(|dir| Self {
            fd: Arc::new(dir.fd),
            mounts: Vec::new(),
        }))
    }

    /// Opens what is at `path`, which is relative and has neither symlinks nor `..`.
    fn open_plain(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, Errno> {
        let mut mounts = self.mounts.iter().rev();
        let mounted = mounts.find_map(|mount| Some((mount, path.strip_prefix(&mount.at).ok()?)));
        let (fd, path) = mounted.map_or((self.as_fd(), path), |(mount, rest)| {
            (mount.fd.as_fd(), rest)
        });
        open(fd, nonempty(path), flags, NO_LINKS)
    }

    /// Opens a directory inside the root; `None` if nothing has this path.
    ///
    /// A symlink on the way that leads to nothing is an error ([`Reason::Missing`]) and not `None`: a
    /// layer that somebody moved elsewhere and that is not there now must not look like an empty one.
    /// (systemd takes both for absent.)
    pub fn dir(&self, path: &Path) -> Result<Option<Dir>, Unusable> {
        self.dir_by(path, &mut Vec::new())
    }

    /// The same; the symlinks on the way and where they end are added to `trail`.
    pub(crate) fn dir_by(
        &self,
        path: &Path,
        trail: &mut Vec<PathBuf>,
    ) -> Result<Option<Dir>, Unusable> {
        // The kernel knows nothing of a mount.
        if !self.mounts.is_empty() {
            return self.dir_walked(path, trail);
        }
        // Most layers do not have most paths.
        if let Ok(told) = self.dir_at_once(path) {
            return Ok(told);
        }
        let opened = open(self.as_fd(), nonempty(path), DIRECTORY, IN_ROOT);
        let walked = walk(self, path, trail);
        let errno = match opened {
            Ok(fd) => return Ok(Some(Dir::new(self, path, fd))),
            Err(errno) => errno,
        };
        let place = walked?;
        Err(place.unusable(match place.end {
            End::Absent => return Ok(None),
            End::Dangling => Reason::Missing,
            End::Exists(FileType::Directory) => Reason::Io(errno),
            End::Exists(_) | End::NullDevice => Reason::NotADirectory,
        }))
    }

    /// The directory at `path`, by the one call that tells where no symlink is on the way and no mount.
    /// An error says that it takes more.
    pub(crate) fn dir_at_once(&self, path: &Path) -> Result<Option<Dir>, Errno> {
        if !self.mounts.is_empty() {
            return Err(Errno::XDEV);
        }
        match open(self.as_fd(), nonempty(path), DIRECTORY, NO_LINKS) {
            Ok(fd) => Ok(Some(Dir::new(self, path, fd))),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn dir_walked(&self, path: &Path, trail: &mut Vec<PathBuf>) -> Result<Option<Dir>, Unusable> {
        let place = walk(self, path, trail)?;
        match place.end {
            End::Absent => Ok(None),
            End::Dangling => Err(place.unusable(Reason::Missing)),
            _ if place.is_directory() => match self.open_plain(&place.path, DIRECTORY) {
                Ok(fd) => Ok(Some(Dir::new(self, path, fd))),
                Err(errno) => Err(place.unusable(Reason::Io(errno))),
            },
            _ => Err(place.unusable(Reason::NotADirectory)),
        }
    }

    /// Reads the regular file of up to `limit` bytes at `path`; `None` if nothing has this path.
    ///
    /// Nothing is a mask here: an empty file is empty, and a link to `/dev/null` leads to a device or
    /// to nothing, an error like every dangling symlink.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Unusable> {
        let place = walk(self, path, &mut Vec::new())?;
        match place.end {
            End::Absent => Ok(None),
            _ => place.read(self, limit).map(|(text, _)| Some(text)),
        }
    }

    /// Follows every symlink of `path` and returns where it ends, relative to the root and without
    /// symlinks and `..`, also if nothing is there.
    ///
    /// This is for naming the place. Opening it later is a new lookup.
    pub fn chase(&self, path: &Path) -> Result<PathBuf, Unusable> {
        walk(self, path, &mut Vec::new()).map(|place| place.path)
    }
}

/// `openat2` takes an empty path for nothing.
fn nonempty(path: &Path) -> &Path {
    if path.as_os_str().is_empty() {
        Path::new(".")
    } else {
        path
    }
}

impl AsFd for Root {
    /// Open for reading, so it can be fsynced.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// What a name in a layer's directory comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The bytes of a regular file that is not empty, reached by a symlink or not.
    File(Vec<u8>),
    /// It hides what lower layers have under its name.
    Mask(Mask),
    /// It takes its name and nobody can tell what it means.
    Unusable(Box<Unusable>),
}

/// What a name in a layer's directory is, with all that was learned on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// What it comes to.
    pub content: Content,
    /// The symlink that it is.
    pub link: Option<Box<Link>>,
    /// The file that was read, however many names it has.
    pub inode: Option<Inode>,
}

impl Opened {
    /// A name that was listed and is not there any more.
    pub(crate) fn vanished() -> Self {
        Self {
            content: Reason::Vanished.into(),
            link: None,
            inode: None,
        }
    }
}

/// A symlink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it says.
    pub text: PathBuf,
    /// Where it ends after all other symlinks, as seen inside the root; none if that cannot be told.
    pub target: Option<PathBuf>,
    /// What decides that: every other symlink on the way, and where it ends, there or not, as seen
    /// inside the root.
    pub trail: Vec<PathBuf>,
}

impl Link {
    /// A symlink that nobody has followed yet.
    pub(crate) fn new(text: PathBuf) -> Self {
        Self {
            text,
            target: None,
            trail: Vec::new(),
        }
    }
}

/// The identity of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Inode {
    device: u64,
    number: u64,
}

impl From<&Stat> for Inode {
    fn from(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            number: stat.st_ino,
        }
    }
}

impl Inode {
    /// Of a file that no file system has.
    pub(crate) fn of_nothing(number: u64) -> Self {
        Self {
            device: u64::MAX,
            number,
        }
    }
}

/// The two ways to mask a name (UAPI.6, "Masking").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mask {
    /// An empty regular file, reached by a symlink or not.
    Empty,
    /// A symlink that leads to `/dev/null` inside the root, whether or not that exists there, or to
    /// the same device under another name.
    DevNull,
    /// A directory where the rules say that it reads as an empty file (libeconf); [`Root`] itself
    /// never says so.
    Directory,
}

impl fmt::Display for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "an empty file",
            Self::DevNull => "a symlink to /dev/null",
            Self::Directory => "a directory, which reads as empty",
        })
    }
}

impl From<Reason> for Content {
    fn from(reason: Reason) -> Self {
        Self::Unusable(Box::new(reason.into()))
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        match bytes.len() {
            0 => Self::Mask(Mask::Empty),
            1..=FRAGMENT_LIMIT => Self::File(bytes),
            // Made up, since no such file is read.
            length => Self::from(Reason::TooLarge {
                size: length as u64,
                limit: FRAGMENT_LIMIT,
            }),
        }
    }
}

/// An open directory of a [`Root`].
///
/// Its files are looked up in the directory that was opened, wherever it is by now; the targets of
/// their symlinks are looked up in the root.
#[derive(Debug)]
pub struct Dir {
    root: Root,
    fd: OwnedFd,
    path: PathBuf,
    /// `path` without symlinks, which only relative symlinks need.
    place: OnceLock<Result<PathBuf, Unusable>>,
    /// A listing has shown only files, directories and symlinks: names can be opened without a look
    /// at their type, which spares a system call for each.
    harmless: AtomicBool,
    /// The descriptor has been used for a listing, which moved its position.
    listed: AtomicBool,
}

impl Dir {
    fn new(root: &Root, path: &Path, fd: OwnedFd) -> Self {
        Self {
            root: root.clone(),
            fd,
            path: path.into(),
            place: OnceLock::new(),
            harmless: AtomicBool::new(false),
            listed: AtomicBool::new(false),
        }
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which directory it is, whatever names it has.
    pub(crate) fn inode(&self) -> Result<Inode, Reason> {
        fstat(&self.fd)
            .map(|stat| Inode::from(&stat))
            .map_err(Reason::Io)
    }

    /// All names in it except `.` and `..`, in byte order; more than [`NAMES_LIMIT`] are an error.
    pub fn names(&self) -> Result<Vec<OsString>, Unusable> {
        let members = self.list(NAMES_LIMIT)?;
        Ok(members.into_iter().map(|member| member.name).collect())
    }

    /// The same, with what each name is.
    pub fn members(&self) -> Result<Vec<Member>, Unusable> {
        let mut members = self.list(NAMES_LIMIT)?;
        // Not every file system says it in its listings.
        let unknown = |member: &&mut Member| member.kind == MemberKind::Unknown;
        for member in members.iter_mut().filter(unknown) {
            if let Ok(kind) = self.file_type(&member.name) {
                member.kind = kind.into();
            }
        }
        Ok(members)
    }

    fn list(&self, limit: usize) -> Result<Vec<Member>, Reason> {
        let again = if self.listed.swap(true, Ordering::Relaxed) {
            let flags = DIRECTORY | OFlags::CLOEXEC;
            Some(openat(&self.fd, ".", flags, Mode::empty()).map_err(Reason::Io)?)
        } else {
            None
        };
        let listing = again.as_ref().unwrap_or(&self.fd);
        let mut buffer = Vec::with_capacity(32 << 10);
        let mut members = RawDir::new(listing, buffer.spare_capacity_mut());
        let mut found = Vec::new();
        let mut harmless = true;
        while let Some(member) = members.next() {
            let member = member.map_err(Reason::Io)?;
            let name = OsStr::from_bytes(member.file_name().to_bytes());
            if !is_file_name(name) {
                continue;
            }
            if found.len() == limit {
                return Err(Reason::TooManyNames(limit));
            }
            harmless &= is_harmless(member.file_type());
            found.push(Member {
                name: name.to_owned(),
                kind: member.file_type().into(),
            });
        }
        found.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.harmless.store(harmless, Ordering::Relaxed);
        Ok(found)
    }

    /// What `name` (one component) comes to, read up to [`FRAGMENT_LIMIT`].
    ///
    /// Follows symlinks inside the root. A name that is not there is [`Reason::Vanished`].
    pub fn content(&self, name: &OsStr) -> Content {
        self.open(name).content
    }

    /// The same, with the symlink and the identity of the file.
    pub fn open(&self, name: &OsStr) -> Opened {
        let plain = self.read_plain(name);
        if let Ok(None) = plain {
            return self.open_link(name);
        }
        let (content, inode) = match plain {
            Ok(Some((bytes, inode))) => (bytes.into(), Some(inode)),
            Ok(None) => (Reason::Changed.into(), None),
            Err(reason) => (reason.into(), None),
        };
        Opened {
            content,
            link: None,
            inode,
        }
    }

    fn open_link(&self, name: &OsStr) -> Opened {
        let mut link = None;
        let followed = self.read_link(name).and_then(|text| {
            let link = link.insert(Box::new(Link::new(text)));
            self.follow(link)
        });
        let read = followed.and_then(|place| {
            if let Some(link) = &mut link {
                link.target = Some(Path::new("/").join(&place.path));
            }
            if place.is_dev_null() {
                return Ok((Content::Mask(Mask::DevNull), None));
            }
            let (bytes, inode) = place.read(&self.root, FRAGMENT_LIMIT)?;
            Ok((bytes.into(), Some(inode)))
        });
        let (content, inode) = read.unwrap_or_else(|why| (Content::Unusable(why.into()), None));
        Opened {
            content,
            link,
            inode,
        }
    }

    /// Reads a file that is not behind a symlink; `None` if it is a symlink.
    fn read_plain(&self, name: &OsStr) -> Result<Option<(Vec<u8>, Inode)>, Reason> {
        if !is_file_name(name) {
            return Err(Reason::NotAName);
        }
        if !self.harmless.load(Ordering::Relaxed) {
            match self.file_type(name)? {
                FileType::RegularFile => {}
                FileType::Symlink => return Ok(None),
                other => return Err(Reason::NotAFile(other.into())),
            }
        }
        match open_name(self.as_fd(), name) {
            Ok(file) => read_regular(&file, FRAGMENT_LIMIT).map(Some),
            Err(Errno::LOOP) => Ok(None),
            Err(errno) => Err(gone_or(errno)),
        }
    }

    fn file_type(&self, name: &OsStr) -> Result<FileType, Reason> {
        let stat = statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).map_err(gone_or)?;
        Ok(FileType::from_raw_mode(stat.st_mode))
    }

    fn read_link(&self, name: &OsStr) -> Result<PathBuf, Unusable> {
        let text = readlinkat(&self.fd, name, Vec::new()).map_err(|errno| match errno {
            Errno::INVAL => Reason::Changed,
            errno => gone_or(errno),
        })?;
        Ok(OsStr::from_bytes(text.to_bytes()).into())
    }

    /// Where a symlink in this directory leads.
    fn follow(&self, link: &mut Link) -> Result<Place, Unusable> {
        let place = self.place.get_or_init(|| self.root.chase(&self.path));
        let directory = place.as_ref().map_err(Clone::clone)?;
        walk_link(&self.root, directory, &link.text, &mut link.trail)
    }
}

impl AsFd for Dir {
    /// Open for reading, so it can be locked and fsynced.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn gone_or(errno: Errno) -> Reason {
    match errno {
        Errno::NOENT => Reason::Vanished,
        errno => Reason::Io(errno),
    }
}

/// Whether opening it for reading can neither wait nor have an effect on anything.
fn is_harmless(kind: FileType) -> bool {
    matches!(
        kind,
        FileType::RegularFile | FileType::Directory | FileType::Symlink
    )
}

fn is_file_name(name: &OsStr) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.as_bytes().contains(&b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listings_are_bounded() {
        let tree = tempfile::tempdir().expect("a temporary directory");
        let root = Root::open(tree.path()).expect("the root");
        for name in ["a", "b", "c"] {
            let flags = OFlags::CREATE | OFlags::WRONLY | OFlags::CLOEXEC;
            openat(&root, name, flags, Mode::RUSR).expect("a file");
        }
        let dir = root
            .dir(Path::new(""))
            .expect("a directory")
            .expect("it exists");
        let file = |name: &str| Member {
            name: name.into(),
            kind: MemberKind::File,
        };
        assert_eq!(dir.list(3), Ok(["a", "b", "c"].map(file).to_vec()));
        assert_eq!(dir.list(2), Err(Reason::TooManyNames(2)));
    }
}
