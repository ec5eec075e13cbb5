//! An open directory: its listing, and its files, judged by what was opened.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, RawDir, fstat, openat, readlinkat, statat};
use rustix::io::Errno;

use super::content::{Content, Inode, Link, Mask, Opened};
use super::listing::Listing;
use super::member::{Member, MemberKind};
use super::open::{DIRECTORY, open_name};
use super::unusable::{Kind, Reason, Unusable};
use super::walk::{Place, walk, walk_link};
use super::{Root, Text};

/// The most names that [`Dir::names`] returns, so that a hostile directory cannot fill the memory.
pub const NAMES_LIMIT: usize = 1 << 20;

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
    pub(super) fn new(root: &Root, path: &Path, fd: OwnedFd) -> Self {
        Self {
            root: root.clone(),
            fd,
            path: path.into(),
            place: OnceLock::new(),
            harmless: AtomicBool::new(false),
            listed: AtomicBool::new(false),
        }
    }

    pub(super) fn into_fd(self) -> OwnedFd {
        self.fd
    }

    /// The path that it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Which directory it is, whatever names it has.
    pub(crate) fn inode(&self) -> Result<Inode, Reason> {
        fstat(&self.fd)
            .map(|stat| Inode::of(&stat))
            .map_err(Reason::errno)
    }

    /// All names in it except `.` and `..`, in byte order; more than [`NAMES_LIMIT`] are an error.
    pub fn names(&self) -> Result<Vec<OsString>, Unusable> {
        let listing = self.listing()?;
        Ok(listing.names().map(|name| name.get().into()).collect())
    }

    /// The same in one buffer.
    pub(crate) fn listing(&self) -> Result<Listing, Unusable> {
        Ok(self.list(NAMES_LIMIT)?)
    }

    /// The same, with what each name is.
    pub fn members(&self) -> Result<Vec<Member>, Unusable> {
        let listing = self.listing()?;
        let members = listing.members().map(|(name, kind)| Member {
            name: name.into(),
            kind,
        });
        let mut members: Vec<_> = members.collect();
        // Not every file system says it in its listings.
        let unknown = |member: &&mut Member| member.kind == MemberKind::Unknown;
        for member in members.iter_mut().filter(unknown) {
            if let Ok(kind) = self.file_type(&member.name) {
                member.kind = MemberKind::of(kind);
            }
        }
        Ok(members)
    }

    fn list(&self, limit: usize) -> Result<Listing, Reason> {
        let again = if self.listed.swap(true, Ordering::Relaxed) {
            let flags = DIRECTORY | OFlags::CLOEXEC;
            Some(openat(&self.fd, ".", flags, Mode::empty()).map_err(Reason::errno)?)
        } else {
            None
        };
        let listing = again.as_ref().unwrap_or(&self.fd);
        let mut buffer = Vec::with_capacity(32 << 10);
        let mut members = RawDir::new(listing, buffer.spare_capacity_mut());
        let mut found = Listing::default();
        let mut harmless = true;
        while let Some(member) = members.next() {
            let member = member.map_err(Reason::errno)?;
            let name = OsStr::from_bytes(member.file_name().to_bytes());
            if !is_file_name(name) {
                continue;
            }
            if found.len() == limit {
                return Err(Reason::TooManyNames(limit));
            }
            harmless &= is_harmless(member.file_type());
            found.push(name, MemberKind::of(member.file_type()));
        }
        self.harmless.store(harmless, Ordering::Relaxed);
        Ok(found.sorted())
    }

    /// What `name` (one component) comes to, read up to [`FRAGMENT_LIMIT`](super::FRAGMENT_LIMIT).
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
            self.follow(name, link)
        });
        let read = followed.and_then(|place| {
            if let Some(link) = &mut link {
                link.target = Some(Path::new("/").join(&place.path));
            }
            if place.is_dev_null() {
                return Ok((Content::Mask(Mask::DevNull), None));
            }
            let (bytes, inode) = place.read(&self.root)?;
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
    fn read_plain(&self, name: &OsStr) -> Result<Option<Text>, Reason> {
        if !is_file_name(name) {
            return Err(Reason::NotAName);
        }
        if !self.harmless.load(Ordering::Relaxed) {
            match self.file_type(name)? {
                FileType::RegularFile => {}
                FileType::Symlink => return Ok(None),
                other => return Err(Reason::NotAFile(Kind::of(other))),
            }
        }
        match open_name(self.as_fd(), name) {
            Ok(file) => self.root.text(&file).map(Some),
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
    fn follow(&self, name: &OsStr, link: &mut Link) -> Result<Place, Unusable> {
        let place = self.place.get_or_init(|| self.root.chase(&self.path));
        let directory = place.as_ref().map_err(Clone::clone)?;
        // Its text alone does not tell whose it is.
        if self.root.is_wary {
            return walk(&self.root, &directory.join(name), &mut link.trail);
        }
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
        errno => Reason::errno(errno),
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
        let listing = dir.list(3).expect("three names");
        let files = ["a", "b", "c"].map(|name| (OsStr::new(name), MemberKind::File));
        assert!(listing.members().eq(files));
        let error = dir.list(2).expect_err("three names are more");
        assert_eq!(error, Reason::TooManyNames(2));
    }
}
