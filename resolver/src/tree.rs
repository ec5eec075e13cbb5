//! A root as it would be if some files were different: the answer to "what if".
//!
//! Virtual files lie over the real tree; without any, this is the [`Root`]. Nothing is written. A tree may
//! also have no root at all and be made of virtual files only, which is how the laws of resolving are
//! tested.
//!
//! A virtual file is where it would be had it been written: in a directory that is reached through
//! symlinks it stands at their end, and symlinks of the real tree lead to it.

mod dir;
mod view;

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::dir::TreeDir;
use crate::bundle::Bundle;
use crate::root::walk::{End, Seen, walk, walk_link};
use crate::root::{Content, Opened, Root, Unusable, absolute};
use rustix::fs::FileType;

/// A root, with virtual files over it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    root: Option<Root>,
    bundles: Arc<[Bundle]>,
    /// By absolute path without symlinks. Where there is one, nothing is left of what is really there or
    /// below.
    changes: BTreeMap<PathBuf, Change>,
    /// How many files were made up so far.
    made_up: u64,
}

/// What is at a path instead of what is really there.
#[derive(Debug, Clone)]
enum Change {
    /// Nothing.
    Gone,
    /// A directory, in which there is what was put there.
    Directory,
    /// A file, and its number among those that were made up.
    File(Arc<Vec<u8>>, u64),
    /// A symlink to `/dev/null`.
    DevNull,
}

impl From<Root> for Tree {
    fn from(root: Root) -> Self {
        Self {
            bundles: root.bundles().into(),
            root: Some(root),
            ..Self::default()
        }
    }
}

impl Tree {
    /// The same tree with a file of these bytes at `path`, whatever is there now.
    ///
    /// Symlinks on the way are followed, one at `path` itself is replaced. Directories that are missing
    /// are made; what stands in their way is taken away.
    #[must_use]
    pub fn with(mut self, path: &Path, bytes: impl Into<Vec<u8>>) -> Self {
        self.made_up += 1;
        let file = Change::File(bytes.into().into(), self.made_up);
        self.put(path, file);
        self
    }

    /// The same tree with a symlink to `/dev/null` at `path`, whatever is there now (see
    /// [`with`](Self::with)).
    #[must_use]
    pub fn with_mask(mut self, path: &Path) -> Self {
        self.put(path, Change::DevNull);
        self
    }

    /// The same tree with nothing at `path`. Symlinks on the way are followed, one at `path` itself goes.
    #[must_use]
    pub fn without(self, path: &Path) -> Self {
        self.without_all([path])
    }

    /// The same of many paths; the way to a directory is followed once for all that are in it.
    #[must_use]
    pub fn without_all<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        let mut directories = HashMap::new();
        for path in paths {
            let path = absolute(path.as_ref());
            let place = match (path.parent(), path.file_name()) {
                (Some(parent), Some(name)) => {
                    let place = || self.place(parent);
                    let parent = directories.entry(parent.to_owned()).or_insert_with(place);
                    parent.as_ref().map(|parent| parent.join(name))
                }
                _ => Some(path),
            };
            // Where the way to it leads nowhere, nothing is there.
            if let Some(place) = place {
                self.change(place, Change::Gone);
            }
        }
        self
    }

    fn put(&mut self, path: &Path, change: Change) {
        let path = absolute(path);
        let place = match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => self.make_way(parent).join(name),
            _ => path,
        };
        self.change(place, change);
    }

    /// Changes one place, and all that is below it.
    fn change(&mut self, place: PathBuf, change: Change) {
        let below = self.changes_below(&place).map(|(path, _)| path.clone());
        for path in below.collect::<Vec<_>>() {
            self.changes.remove(&path);
        }
        self.changes.insert(place, change);
    }

    fn changes_below<'t, 'p>(
        &'t self,
        place: &'p Path,
    ) -> impl Iterator<Item = (&'t PathBuf, &'t Change)> + use<'t, 'p> {
        // Paths are ordered by their components: what is below a path comes right after it.
        let after = (Bound::Excluded(place), Bound::Unbounded);
        let after = self.changes.range::<Path, _>(after);
        after.take_while(move |(path, _)| path.starts_with(place))
    }

    /// Where a directory is, or will be once there is something in it: what is in the way goes.
    fn make_way(&mut self, directory: &Path) -> PathBuf {
        let mut place = PathBuf::from("/");
        if self.changes.contains_key(&place) {
            self.changes.insert(place.clone(), Change::Directory);
        }
        for name in directory.iter().skip(1) {
            let next = place.join(name);
            let led = match self.seen(&next) {
                Ok(Seen::Link(text)) => self.end_of_link(&place, &text),
                _ => None,
            };
            place = led.unwrap_or(next);
            self.make_directories(&place);
        }
        place
    }

    /// Makes those that are not there; what has their names goes.
    fn make_directories(&mut self, place: &Path) {
        let is_there = |tree: &Self, path: &Path| {
            path.parent().is_none() || tree.seen(path) == Ok(Seen::Other(FileType::Directory))
        };
        let ancestors = place.ancestors();
        let new: Vec<_> = ancestors.take_while(|path| !is_there(self, path)).collect();
        // The highest first: a change takes away what is below.
        for path in new.into_iter().rev() {
            self.change(path.to_owned(), Change::Directory);
        }
    }

    /// Where a symlink in `directory` leads, if a directory is there or can be made there.
    fn end_of_link(&self, directory: &Path, text: &Path) -> Option<PathBuf> {
        let directory = directory.strip_prefix("/").unwrap_or(directory);
        let end = walk_link(self, directory, text, &mut Vec::new()).ok()?;
        let is_free = matches!(end.end, End::Absent | End::Dangling) && !end.is_dev_null();
        (is_free || end.is_directory()).then(|| Path::new("/").join(end.path))
    }

    /// Where `path` ends after all symlinks, as seen inside the root, also if nothing is there; none
    /// if that cannot be told.
    pub fn place(&self, path: &Path) -> Option<PathBuf> {
        let place = walk(self, &absolute(path), &mut Vec::new()).ok()?;
        Some(Path::new("/").join(place.path))
    }

    /// The same, but for a symlink at the path itself, which is not followed; the path where that cannot be
    /// told.
    pub fn place_of(&self, path: &Path) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => match self.place(parent) {
                Some(parent) => parent.join(name),
                None => path.into(),
            },
            _ => path.into(),
        }
    }

    /// Whether something has this name, be it a symlink that leads nowhere. Nothing is opened for reading.
    pub fn has(&self, path: &Path) -> bool {
        let place = self.place_of(&absolute(path));
        self.seen(&place).is_ok_and(|seen| seen != Seen::Absent)
    }

    /// Whether something has this name that is itself no directory.
    pub(crate) fn has_no_directory(&self, path: &Path) -> bool {
        let seen = self.seen(&self.place_of(&absolute(path)));
        seen.is_ok_and(|seen| !matches!(seen, Seen::Absent | Seen::Other(FileType::Directory)))
    }

    /// Whether there is a regular file, or a mask by a symlink. Nothing is opened for reading.
    pub(crate) fn is_file(&self, path: &Path) -> bool {
        let place = walk(self, &absolute(path), &mut Vec::new());
        place.is_ok_and(|place| place.is_dev_null() || place.no_file().is_none())
    }

    /// Whether it is the same whenever one looks: it is made up, or its root is read [for one
    /// run](Root::for_one_run).
    pub(crate) fn stays(&self) -> bool {
        self.root.as_ref().is_none_or(Root::is_for_one_run)
    }

    /// What was opened before, for somebody else who asks for it.
    pub(crate) fn again(&self, opened: &Opened) -> Opened {
        let content = match (&opened.content, &self.root) {
            (Content::File(text), Some(root)) => root.count(text.len()).err().map(Content::from),
            _ => None,
        };
        Opened {
            content: content.unwrap_or_else(|| opened.content.clone()),
            ..opened.clone()
        }
    }

    /// The same tree with these bundles (see [`Root::with_bundles`]).
    #[must_use]
    pub fn with_bundles(self, bundles: impl IntoIterator<Item = Bundle>) -> Self {
        let bundles: Arc<[Bundle]> = bundles.into_iter().collect();
        Self {
            root: self
                .root
                .map(|root| root.with_bundles(bundles.iter().cloned())),
            bundles,
            ..self
        }
    }

    /// The bundles that are chosen here, the lowest first.
    pub fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }

    /// The root below the virtual files.
    pub fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// Opens a directory; `None` if nothing has this path (see [`Root::dir`]).
    pub fn dir(&self, path: &Path) -> Result<Option<TreeDir<'_>>, Unusable> {
        self.dir_by(path, &mut Vec::new())
    }

    /// Whether there is a directory at `path`.
    pub(crate) fn has_dir(&self, path: &Path) -> Result<bool, Unusable> {
        let root = self.root.as_ref().filter(|root| root.knows_dir(path));
        if root.is_some() && !self.is_gone(&absolute(path)) {
            return Ok(true);
        }
        Ok(self.dir(path)?.is_some())
    }

    /// The same; the symlinks on the way and where they end are added to `trail`.
    pub(crate) fn dir_by(
        &self,
        path: &Path,
        trail: &mut Vec<PathBuf>,
    ) -> Result<Option<TreeDir<'_>>, Unusable> {
        let path = absolute(path);
        if let (true, Some(root)) = (self.changes.is_empty(), &self.root) {
            return Ok(root.dir_by(&path, trail)?.map(|dir| self.real_dir(dir)));
        }
        if let Some(root) = self.root.as_ref().filter(|_| !self.is_gone(&path))
            && let Ok(told) = root.dir_at_once(&path)
        {
            return Ok(told.map(|dir| self.real_dir(dir)));
        }
        match walk(self, &path, trail)?.directory()? {
            Some(place) => self.dir_at(place),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};

    use super::*;
    use crate::root::{Content, Mask, Member as Listed, MemberKind};

    fn names(tree: &Tree, path: &str) -> Vec<OsString> {
        let dir = tree.dir(Path::new(path)).unwrap();
        dir.map_or_else(Vec::new, |dir| dir.names().unwrap())
    }

    fn content(tree: &Tree, directory: &str, name: &str) -> Option<Content> {
        let dir = tree.dir(Path::new(directory)).unwrap()?;
        dir.open(OsStr::new(name)).map(|opened| opened.content)
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the tree is made by the test")]
    fn virtual_files_lie_over_the_real_ones() {
        let place = tempfile::tempdir().unwrap();
        for (name, text) in [("a", "real"), ("b", "real")] {
            std::fs::write(place.path().join(name), text).unwrap();
        }
        let real = Tree::from(Root::open(place.path()).unwrap());
        let tree = real
            .clone()
            .with(Path::new("/b"), "virtual")
            .with(Path::new("c/d.conf"), "")
            .with_mask(Path::new("/e/../f"))
            .without(Path::new("/a"));
        assert_eq!(names(&real, "/"), ["a", "b"]);
        assert_eq!(names(&tree, ""), ["b", "c", "f"]);
        assert_eq!(names(&tree, "/c"), ["d.conf"]);
        assert_eq!(content(&tree, "/", "a"), None);
        assert_eq!(
            content(&tree, "/", "b"),
            Some(Content::File(b"virtual".to_vec().into()))
        );
        assert_eq!(
            content(&tree, "/c", "d.conf"),
            Some(Content::Mask(Mask::Empty))
        );
        assert_eq!(content(&tree, "/", "f"), Some(Content::Mask(Mask::DevNull)));
        assert_eq!(
            content(&real, "/", "b"),
            Some(Content::File(b"real".to_vec().into()))
        );
    }

    #[test]
    #[allow(clippy::disallowed_methods, reason = "the tree is made by the test")]
    fn a_directory_can_be_taken_away_or_replaced() {
        let place = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(place.path().join("etc/x.d")).unwrap();
        std::fs::write(place.path().join("etc/x.d/a.conf"), "real").unwrap();
        let real = Tree::from(Root::open(place.path()).unwrap());
        let without = |path: &str| real.clone().without(Path::new(path));
        assert_eq!(names(&real, "/etc/x.d"), ["a.conf"]);
        for gone in ["/etc/x.d", "/etc"] {
            assert_eq!(names(&without(gone), "/etc/x.d"), [""; 0], "{gone}");
        }
        let anew = without("/etc").with(Path::new("/etc/x.d/b.conf"), "virtual");
        assert_eq!(names(&anew, "/etc/x.d"), ["b.conf"]);
        let file = real.clone().with(Path::new("/etc/x.d"), "a file");
        assert!(file.dir(Path::new("/etc/x.d")).is_err());
    }

    #[test]
    fn a_tree_of_virtual_files_needs_no_root() {
        let tree = Tree::default().with(Path::new("/etc/x.d/a.conf"), "A=1");
        assert_eq!(names(&tree, "/etc/x.d"), ["a.conf"]);
        assert_eq!(names(&tree, "/etc"), ["x.d"]);
        let dir = tree.dir(Path::new("/etc")).unwrap().unwrap();
        assert_eq!(
            dir.members().unwrap(),
            [Listed {
                name: "x.d".into(),
                kind: MemberKind::Directory
            }]
        );
        assert!(tree.dir(Path::new("/usr")).unwrap().is_none());
        assert!(tree.dir(Path::new("/etc/x.d/a.conf")).is_err(), "a file");
    }
}
