//! A root as it would be if some files were different: the answer to "what if".
//!
//! Virtual files lie over the real tree by their names; without any, this is the [`Root`]. Nothing is
//! written. A tree may also have no root at all and be made of virtual files only, which is how the
//! laws of resolving are tested.
//!
//! A virtual file is found under the name that it was given and no other: symlinks of the real tree do
//! not lead to it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::ops::Bound;
use std::path::{Component, Path, PathBuf};

use crate::root::{
    Content, Dir, Link, Mask, Member as Listed, MemberKind, Opened, Reason, Root, Unusable,
};

/// A root, with virtual files over it.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    root: Option<Root>,
    /// By absolute path; none for a file that is to be taken for absent.
    changes: BTreeMap<PathBuf, Option<Virtual>>,
}

#[derive(Debug, Clone)]
enum Virtual {
    File(Vec<u8>),
    DevNull,
}

impl From<Root> for Tree {
    fn from(root: Root) -> Self {
        Self {
            root: Some(root),
            changes: BTreeMap::new(),
        }
    }
}

impl Tree {
    /// The same tree with a file of these bytes at `path`, whatever is there now.
    #[must_use]
    pub fn with(mut self, path: &Path, bytes: impl Into<Vec<u8>>) -> Self {
        self.changes
            .insert(absolute(path), Some(Virtual::File(bytes.into())));
        self
    }

    /// The same tree with a symlink to `/dev/null` at `path`, whatever is there now.
    #[must_use]
    pub fn with_mask(mut self, path: &Path) -> Self {
        self.changes.insert(absolute(path), Some(Virtual::DevNull));
        self
    }

    /// The same tree with nothing at `path`.
    #[must_use]
    pub fn without(mut self, path: &Path) -> Self {
        self.changes.insert(absolute(path), None);
        self
    }

    /// Where `path` ends after all symlinks, as seen inside the root, also if nothing is there; none
    /// if that cannot be told.
    pub fn place(&self, path: &Path) -> Option<PathBuf> {
        let path = absolute(path);
        match &self.root {
            Some(root) => Some(Path::new("/").join(root.chase(&path).ok()?)),
            None => Some(path),
        }
    }

    /// The root below the virtual files.
    pub fn root(&self) -> Option<&Root> {
        self.root.as_ref()
    }

    /// Opens a directory; `None` if nothing has this path (see [`Root::dir`]).
    pub fn dir(&self, path: &Path) -> Result<Option<TreeDir<'_>>, Unusable> {
        let path = absolute(path);
        let real = match (self.above(&path), &self.root) {
            (Some(Some(_)), _) => return Err(Reason::NotADirectory.into()),
            (None, Some(root)) => root.dir(&path),
            (Some(None), _) | (None, None) => Ok(None),
        };
        if self.changes.is_empty() {
            return Ok(real?.map(|dir| TreeDir {
                real: Some(dir),
                changes: BTreeMap::new(),
            }));
        }
        let changes = self.changes_in(&path);
        let adds = changes.values().any(|change| *change != Member::Absent);
        match real {
            Ok(real) if real.is_some() || adds => Ok(Some(TreeDir { real, changes })),
            Err(why) if !adds => Err(why),
            Ok(_) => Ok(None),
            Err(_) => Ok(Some(TreeDir {
                real: None,
                changes,
            })),
        }
    }

    /// The virtual file or absence at a directory itself or above it.
    fn above(&self, directory: &Path) -> Option<&Option<Virtual>> {
        if self.changes.is_empty() {
            return None;
        }
        directory
            .ancestors()
            .find_map(|path| self.changes.get(path))
    }

    /// What becomes of the names in a directory by the virtual files in it or below it.
    fn changes_in(&self, directory: &Path) -> BTreeMap<OsString, Member<'_>> {
        let mut members = BTreeMap::new();
        // Paths are in order part by part, so all that is below a directory follows it.
        let from = (Bound::Excluded(directory), Bound::Unbounded);
        for (path, change) in self.changes.range::<Path, _>(from) {
            let Ok(rest) = path.strip_prefix(directory) else {
                break;
            };
            let mut parts = rest.iter();
            match (parts.next(), parts.next(), change) {
                (Some(name), None, Some(file)) => {
                    members.insert(name.to_owned(), Member::File(file));
                }
                (Some(name), None, None) => {
                    members.insert(name.to_owned(), Member::Absent);
                }
                (Some(name), Some(_), Some(_)) => {
                    members.entry(name.to_owned()).or_insert(Member::Directory);
                }
                _ => {}
            }
        }
        members
    }
}

/// What the virtual files make of a name in a directory.
#[derive(Debug, Clone, Copy)]
enum Member<'t> {
    Absent,
    Directory,
    File(&'t Virtual),
}

impl PartialEq for Member<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// An open directory of a [`Tree`].
#[derive(Debug)]
pub struct TreeDir<'t> {
    real: Option<Dir>,
    changes: BTreeMap<OsString, Member<'t>>,
}

impl TreeDir<'_> {
    /// All names in it, in byte order (see [`Dir::names`]).
    pub fn names(&self) -> Result<Vec<OsString>, Unusable> {
        let mut names = match &self.real {
            Some(dir) => dir.names()?,
            None => Vec::new(),
        };
        if !self.changes.is_empty() {
            names.retain(|name| self.changes.get(name) != Some(&Member::Absent));
            let is_new = |(name, member): &(&OsString, &Member<'_>)| {
                **member != Member::Absent && names.binary_search(name).is_err()
            };
            let new: Vec<_> = self.changes.iter().filter(is_new).collect();
            let new: Vec<_> = new.into_iter().map(|(name, _)| name.clone()).collect();
            names.extend(new);
            names.sort_unstable();
        }
        Ok(names)
    }

    /// All names in it with what each is, in byte order (see [`Dir::members`]).
    pub fn members(&self) -> Result<Vec<Listed>, Unusable> {
        let mut members = match &self.real {
            Some(dir) => dir.members()?,
            None => Vec::new(),
        };
        if !self.changes.is_empty() {
            // A directory that has virtual files may be there already, as a directory or a link to one.
            members.retain(|member| match self.changes.get(&member.name) {
                Some(Member::Absent | Member::File(_)) => false,
                Some(Member::Directory) | None => true,
            });
            let new = self.changes.iter().filter_map(|(name, change)| {
                let kind = match change {
                    Member::Absent => return None,
                    Member::Directory => MemberKind::Directory,
                    Member::File(Virtual::File(_)) => MemberKind::File,
                    Member::File(Virtual::DevNull) => MemberKind::Symlink,
                };
                Some(Listed {
                    name: name.clone(),
                    kind,
                })
            });
            members.extend(new);
            // Stable: of two with one name the real one stands first.
            members.sort_by(|a, b| a.name.cmp(&b.name));
            members.dedup_by(|a, b| a.name == b.name);
        }
        Ok(members)
    }

    /// What `name` is; none if it is not there (see [`Dir::open`]).
    pub fn open(&self, name: &OsStr) -> Option<Opened> {
        match (self.changes.get(name), &self.real) {
            (Some(Member::Absent), _) | (None | Some(Member::Directory), None) => None,
            (Some(Member::File(file)), _) => Some(file.open()),
            (None | Some(Member::Directory), Some(dir)) => {
                let opened = dir.open(name);
                let vanished = Content::from(Reason::Vanished);
                (opened.link.is_some() || opened.content != vanished).then_some(opened)
            }
        }
    }
}

impl Virtual {
    fn open(&self) -> Opened {
        let (content, link) = match self {
            Self::File(bytes) => (Content::from(bytes.clone()), None),
            Self::DevNull => (Content::Mask(Mask::DevNull), Some("/dev/null".into())),
        };
        Opened {
            content,
            link: link.map(|text: PathBuf| {
                Box::new(Link {
                    target: Some(text.clone()),
                    text,
                })
            }),
            inode: None,
        }
    }
}

/// `path` as seen inside the root, by its text: `..` stops at the top.
pub fn absolute(path: &Path) -> PathBuf {
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

#[cfg(test)]
mod tests {
    use super::*;

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
            Some(Content::File(b"virtual".into()))
        );
        assert_eq!(
            content(&tree, "/c", "d.conf"),
            Some(Content::Mask(Mask::Empty))
        );
        assert_eq!(content(&tree, "/", "f"), Some(Content::Mask(Mask::DevNull)));
        assert_eq!(
            content(&real, "/", "b"),
            Some(Content::File(b"real".into()))
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
