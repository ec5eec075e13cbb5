//! What one run reads: each file once, however many names and documents have it, and no more than a total.
//! Whether there is a directory is asked once, and what follows from the answer for others not at all.
//!
//! Without it, one file of 16 MiB behind a thousand links is a thousand texts, and so is one drop-in of a
//! thousand units. To the total a file counts each time, since whoever asks for it makes rows of it.

use std::hash::BuildHasher as _;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use rustix::fs::{Stat, fstat};

use super::open::{read_known, regular};
use super::{FRAGMENT_LIMIT, Inode, Reason, Text};
use crate::numbered::Numbered;

/// A file as it was at one moment: what is written to it, or to a new one of its number, is another.
type Version = (Inode, i64, i64, u64);

/// A file of more bytes has a buffer of its own, which goes with it.
const LARGE: usize = 1 << 16;

/// How many directories are remembered to be there, and not to be: each layer and what is first looked for in it,
/// several times over. A lookup goes through all of them, and costs a system call at most.
const KNOWN: usize = 32;

/// What was read so far, and how much may be.
#[derive(Debug)]
pub(super) struct Run {
    total: usize,
    texts: Mutex<Texts>,
    directories: Mutex<Directories>,
}

/// What is known of directories, by paths without symlinks.
#[derive(Debug, Default)]
struct Directories {
    /// Those that were opened: what is above them is there, too.
    there: Vec<PathBuf>,
    /// Those that are not there: nor is what would be below them.
    absent: Vec<PathBuf>,
}

#[derive(Debug, Default)]
struct Texts {
    bytes: usize,
    /// Held by who reads them: what nobody has any more is no memory of the run. So the bytes are in a block of
    /// their own, which goes with the last reader; one that is counted in place would stay.
    of: Vec<(Version, Weak<Vec<u8>>)>,
    /// What files are read into before they get memory of their length.
    buffer: Vec<u8>,
    /// Where each is.
    index: Numbered,
    hasher: foldhash::fast::RandomState,
}

impl Run {
    pub(super) fn of(total: usize) -> Self {
        Self {
            total,
            texts: Mutex::default(),
            directories: Mutex::default(),
        }
    }

    /// Whether a directory is there, as far as that is known.
    pub(super) fn is_there(&self, path: &Path) -> Option<bool> {
        let Directories { there, absent } = &*self.directories();
        if absent.iter().any(|absent| path.starts_with(absent)) {
            return Some(false);
        }
        let is_there = there.iter().any(|there| there.starts_with(path));
        is_there.then_some(true)
    }

    /// Notes whether a directory is there. No symlink is on the way to it.
    pub(super) fn note(&self, path: &Path, is_there: bool) {
        let mut directories = self.directories();
        let known = if is_there {
            &mut directories.there
        } else {
            &mut directories.absent
        };
        if known.len() < KNOWN {
            known.push(path.to_owned());
        }
    }

    fn directories(&self) -> MutexGuard<'_, Directories> {
        let directories = self.directories.lock();
        directories.unwrap_or_else(PoisonError::into_inner)
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        // What was read stays true if another thread panicked.
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the bytes of a file that somebody takes apart, without a look at it.
    pub(super) fn count(&self, size: usize) -> Result<(), Reason> {
        self.texts().count(size, self.total)
    }

    /// The text of a file, read if it was not yet.
    pub(super) fn text(&self, file: &OwnedFd) -> Result<Text, Reason> {
        let stat = fstat(file).map_err(Reason::errno)?;
        let (inode, size) = regular(&stat, FRAGMENT_LIMIT)?;
        let mut texts = self.texts();
        let texts = &mut *texts;
        let version = version(inode, &stat);
        texts.count(size, self.total)?;
        let hash = texts.hasher.hash_one(version);
        let known = texts
            .index
            .find(hash, |number| texts.of[number].0 == version);
        if let Some(text) = known.and_then(|number| texts.of[number].1.upgrade()) {
            return Ok((text, inode));
        }
        read_known(file, size, &mut texts.buffer)?;
        let text = Arc::new(texts.buffer.clone());
        if size > LARGE {
            texts.buffer = Vec::new();
        }
        let kept = Arc::downgrade(&text);
        if let Some(number) = known {
            texts.of[number].1 = kept;
        } else {
            texts.index.insert(hash, texts.of.len());
            texts.of.push((version, kept));
        }
        Ok((text, inode))
    }
}

impl Texts {
    /// Counts so many bytes, if so many are left of the total.
    fn count(&mut self, size: usize, total: usize) -> Result<(), Reason> {
        if total - self.bytes < size {
            return Err(Reason::TooMuch(total));
        }
        self.bytes += size;
        Ok(())
    }
}

fn version(inode: Inode, stat: &Stat) -> Version {
    (inode, stat.st_size, stat.st_ctime, stat.st_ctime_nsec)
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "the root is made by the test")]
mod tests {
    use std::ffi::OsStr;
    use std::fs;

    use super::super::{Content, Root};
    use super::*;

    fn content(root: &Root, name: &str) -> Content {
        let dir = root.dir("".as_ref()).unwrap().unwrap();
        dir.open(OsStr::new(name)).content
    }

    fn text(root: &Root, name: &str) -> Arc<Vec<u8>> {
        match content(root, name) {
            Content::File(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn directories_are_there_or_not_for_one_run() {
        let place = tempfile::tempdir().unwrap();
        let root = Root::open(place.path()).unwrap();
        let run = root.clone().for_one_run(99);
        let has = |root: &Root, path: &str| root.dir(path.as_ref()).unwrap().is_some();
        assert!(!has(&run, "/etc"));
        fs::create_dir_all(place.path().join("etc/x.d")).unwrap();
        fs::create_dir_all(place.path().join("etcetera")).unwrap();
        for (path, is_there) in [("/etc", true), ("/etc/x.d", true), ("/etcetera", true)] {
            assert_eq!(has(&root, path), is_there, "{path}");
            assert_eq!(has(&run, path), is_there && path == "/etcetera", "{path}");
            assert_eq!(has(&run.clone().for_one_run(99), path), is_there, "{path}");
        }
        // What was opened tells what is above it.
        let run = root.clone().for_one_run(99);
        let is_there = |path: &str| run.has_dir(path.as_ref()).unwrap();
        assert!(has(&run, "/etc/x.d"));
        fs::rename(place.path().join("etc"), place.path().join("gone")).unwrap();
        assert_eq!(["/etc", "/etc/x", "/"].map(is_there), [true, false, true]);
    }

    #[test]
    fn a_file_is_read_once_whatever_leads_to_it_and_all_have_a_total() {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fs::write(at("a"), "12345").unwrap();
        fs::write(at("b"), "1234").unwrap();
        fs::write(at("c"), "12").unwrap();
        fs::hard_link(at("a"), at("hard")).unwrap();
        std::os::unix::fs::symlink("/a", at("soft")).unwrap();
        let root = Root::open(place.path()).unwrap().for_one_run(24);
        let first = text(&root, "a");
        for name in ["hard", "soft", "a"] {
            assert!(Arc::ptr_eq(&first, &text(&root.clone(), name)), "{name}");
        }
        assert_eq!(*text(&root, "b"), *b"1234");
        // A file that does not fit hurts itself alone.
        let told = "is not read: the files that one run reads come to more than 24 bytes";
        let Content::Unusable(why) = content(&root, "c") else {
            panic!("it was read");
        };
        assert_eq!(why.to_string(), told);
        // Another run, and a changed file.
        let root = root.for_one_run(99);
        assert!(!Arc::ptr_eq(&first, &text(&root, "a")));
        fs::write(at("a"), "123456").unwrap();
        assert_eq!(*text(&root, "a"), *b"123456");
        fs::remove_file(at("c")).unwrap();
        fs::write(at("new"), "xy").unwrap();
        assert_eq!(*text(&root, "new"), *b"xy");
    }
}
