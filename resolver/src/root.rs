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
//! Deliberately absent: writing (who writes uses the descriptors, see [`AsFd`]), caching, unless it is [for one run](Root::for_one_run), and any
//! promise about a tree that is changed meanwhile, except that nothing outside is read. One thing can
//! still be: whoever may move an open [`Dir`] out of the root takes it along.

mod content;
mod dir;
mod errno;
mod listing;
mod member;
mod open;
mod run;
mod unusable;
pub(crate) mod walk;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{OFlags, ResolveFlags, Stat, fstat};

pub(crate) use self::content::Inode;
pub(crate) use self::content::above_end;
pub use self::content::{Content, FRAGMENT_LIMIT, Link, Mask, Opened};
pub use self::dir::{Dir, NAMES_LIMIT};
pub use self::errno::Errno;
pub(crate) use self::listing::{Listing, Name};
pub use self::member::{Member, MemberKind};
use self::open::{DIRECTORY, NO_LINKS, open, read_regular};
use self::run::Run;
pub use self::unusable::{Kind, Reason, Unusable};
use self::walk::{End, walk};
use crate::bundle::Bundle;
use crate::escape::escape_path;

/// A directory tree held by its descriptor; every path below it is resolved inside it.
///
/// Paths may be relative to it or absolute as seen inside it: `etc/a.conf` and `/etc/a.conf` are one.
/// A clone is the same root.
#[derive(Debug, Clone)]
pub struct Root {
    fd: Arc<OwnedFd>,
    mounts: Vec<Arc<Mount>>,
    bundles: Arc<[Bundle]>,
    run: Option<Arc<Run>>,
    /// Whether it is [for writing](Self::for_writing).
    is_wary: bool,
}

/// The bytes of a file, and which file it is.
pub(crate) type Text = (Arc<Vec<u8>>, Inode);

/// A directory of another root in the place of one of this.
#[derive(Debug)]
struct Mount {
    /// Relative to the root, without symlinks.
    at: PathBuf,
    fd: Arc<OwnedFd>,
}

/// The directory that was to be a [`Root`] cannot be opened.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot open {} as the root directory: {errno}{}", escape_path(path), hint(errno.says()))]
#[non_exhaustive]
pub struct RootError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What the kernel says.
    pub errno: Errno,
}

fn hint(errno: rustix::io::Errno) -> &'static str {
    match errno {
        rustix::io::Errno::NOSYS => {
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
            errno: Errno::of(errno),
        };
        // By openat2 too, so that a kernel without it is noticed here.
        let fd = open(rustix::fs::CWD, path, DIRECTORY, ResolveFlags::empty()).map_err(failed)?;
        Ok(Self {
            fd: Arc::new(fd),
            mounts: Vec::new(),
            bundles: Arc::default(),
            run: None,
            is_wary: false,
        })
    }

    /// The same root for a run that looks at many paths and ends: a file in a directory is read once, whatever
    /// leads to it, whether a directory is there is looked up once, and what is read comes to at most
    /// `total` bytes, a file counted each time; what does not fit is [`Reason::TooMuch`]. Clones are of the same
    /// run.
    ///
    /// For [`read`](Self::read) all stays as it is.
    #[must_use]
    pub fn for_one_run(self, total: usize) -> Self {
        Self {
            run: Some(Arc::new(Run::of(total))),
            ..self
        }
    }

    /// The same root for who writes in it. A symlink is followed only if it belongs to root or to the owner of
    /// the root's top directory, on the way and at the end; any other is [`Reason::NotTrusted`].
    ///
    /// Who owns a directory somewhere below may put a symlink there to what is not theirs, and who writes may be
    /// allowed more than they are. The owner of the top may put anything anywhere, without a symlink.
    #[must_use]
    pub fn for_writing(&self) -> Self {
        Self {
            is_wary: true,
            ..self.clone()
        }
    }

    /// Whether a symlink may be followed, by what it is itself.
    fn trusts(&self, link: &Stat) -> Result<(), Reason> {
        if !self.is_wary || link.st_uid == 0 {
            return Ok(());
        }
        match fstat(&self.fd) {
            Ok(top) if top.st_uid == link.st_uid => Ok(()),
            Ok(_) => Err(Reason::NotTrusted { user: link.st_uid }),
            Err(errno) => Err(Reason::errno(errno)),
        }
    }

    /// Whether it is [for one run](Self::for_one_run).
    pub(crate) fn is_for_one_run(&self) -> bool {
        self.run.is_some()
    }

    /// Counts so many bytes that were read before to the total of the run.
    pub(crate) fn count(&self, bytes: usize) -> Result<(), Reason> {
        match &self.run {
            Some(run) => run.count(bytes),
            None => Ok(()),
        }
    }

    /// The text of a file that counts as a layer's.
    fn text(&self, file: &OwnedFd) -> Result<Text, Reason> {
        match &self.run {
            Some(run) => run.text(file),
            None => read_regular(file, FRAGMENT_LIMIT).map(|(text, inode)| (text.into(), inode)),
        }
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

    /// The same root with these bundles, the lowest first, in the place of those that it had.
    #[must_use]
    pub fn with_bundles(self, bundles: impl IntoIterator<Item = Bundle>) -> Self {
        Self {
            bundles: bundles.into_iter().collect(),
            ..self
        }
    }

    /// The bundles that are chosen here, the lowest first.
    pub fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }

    /// A directory inside the root as a root of its own, which has no bundles; `None` if nothing has this path.
    pub fn below(&self, path: &Path) -> Result<Option<Self>, Unusable> {
        Ok(self.dir(path)?.map(|dir| Self {
            fd: Arc::new(dir.into_fd()),
            mounts: Vec::new(),
            bundles: Arc::default(),
            run: self.run.clone(),
            is_wary: self.is_wary,
        }))
    }

    /// Opens what is at `path`, which is relative and has neither symlinks nor `..`.
    fn open_plain(&self, path: &Path, flags: OFlags) -> Result<OwnedFd, rustix::io::Errno> {
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
        // Most layers do not have most paths.
        if let Ok(told) = self.dir_at_once(path) {
            return Ok(told);
        }
        let Some(place) = walk(self, path, trail)?.directory()? else {
            return Ok(None);
        };
        match self.open_plain(&place.path, DIRECTORY) {
            Ok(fd) => Ok(Some(Dir::new(self, path, fd))),
            Err(errno) => Err(place.unusable(Reason::errno(errno))),
        }
    }

    /// The directory at `path`, by the one call that tells where no symlink is on the way and no mount.
    /// An error says that it takes more.
    pub(crate) fn dir_at_once(&self, path: &Path) -> Result<Option<Dir>, rustix::io::Errno> {
        if !self.mounts.is_empty() {
            return Err(rustix::io::Errno::XDEV);
        }
        let run = self.run.as_deref();
        if run.is_some_and(|run| run.is_there(path) == Some(false)) {
            return Ok(None);
        }
        let opened = match open(self.as_fd(), nonempty(path), DIRECTORY, NO_LINKS) {
            Ok(fd) => Some(Dir::new(self, path, fd)),
            Err(rustix::io::Errno::NOENT) => None,
            Err(errno) => return Err(errno),
        };
        if let Some(run) = run {
            run.note(path, opened.is_some());
        }
        Ok(opened)
    }

    /// Whether there is a directory at `path`, as [`dir`](Self::dir) finds it.
    pub fn has_dir(&self, path: &Path) -> Result<bool, Unusable> {
        if self.knows_dir(path) {
            return Ok(true);
        }
        Ok(self.dir(path)?.is_some())
    }

    /// Whether it is known without a look that there is one.
    pub(crate) fn knows_dir(&self, path: &Path) -> bool {
        let run = self.run.as_deref();
        run.is_some_and(|run| run.is_there(path) == Some(true))
    }

    /// Reads the regular file of up to `limit` bytes at `path`; `None` if nothing has this path.
    ///
    /// Nothing is a mask here: an empty file is empty, and a link to `/dev/null` leads to a device or
    /// to nothing, an error like every dangling symlink.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, Unusable> {
        let place = walk(self, path, &mut Vec::new())?;
        if place.end == End::Absent {
            return Ok(None);
        }
        let read = |file| read_regular(&file, limit).map(|(text, _)| Some(text));
        place.read_by(self, read)
    }

    /// Follows every symlink of `path` and returns where it ends, relative to the root and without
    /// symlinks and `..`, also if nothing is there.
    ///
    /// This is for naming the place. Opening it later is a new lookup.
    pub fn chase(&self, path: &Path) -> Result<PathBuf, Unusable> {
        walk(self, path, &mut Vec::new()).map(|place| place.path)
    }
}

/// `path` as seen inside the root, by its text: `..` stops at the top.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    let mut plain = PathBuf::from("/");
    for part in path.components() {
        match part {
            Component::Normal(name) => plain.push(name),
            Component::ParentDir => drop(plain.pop()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    plain
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
