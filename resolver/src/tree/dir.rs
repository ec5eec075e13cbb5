//! A directory of a tree: what is really in it, and what the virtual files make of that.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::view::NULL_DEVICE;
use super::{Change, Tree};
use crate::root::walk::{Place, walk_link};
use crate::root::{
    Content, Dir, Inode, Kind, Link, Listing, Mask, Member as Listed, MemberKind, Opened, Reason,
    Unusable, absolute,
};

/// An open directory of a [`Tree`].
#[derive(Debug)]
pub struct TreeDir<'t> {
    tree: &'t Tree,
    /// Without symlinks and relative to the root; of use only where there are changes.
    place: PathBuf,
    real: Option<Dir>,
    changes: BTreeMap<&'t OsStr, &'t Change>,
}

impl Tree {
    /// A real directory. Where anything is changed, its path has no symlinks, and nothing above it is
    /// changed.
    pub(super) fn real_dir(&self, dir: Dir) -> TreeDir<'_> {
        let place = absolute(dir.path());
        TreeDir {
            tree: self,
            changes: self.changes_in(&place),
            place: place.strip_prefix("/").unwrap_or(&place).into(),
            real: Some(dir),
        }
    }

    /// The directory at a place where there is one.
    pub(super) fn dir_at(&self, place: Place) -> Result<Option<TreeDir<'_>>, Unusable> {
        let absolute = Path::new("/").join(&place.path);
        if let Some(Change::Gone) = self.changes.get(&absolute) {
            return Ok(None);
        }
        let real = match &self.root {
            Some(root) if !self.is_gone(&absolute) => root.dir(&place.path)?,
            _ => None,
        };
        Ok(Some(TreeDir {
            tree: self,
            changes: self.changes_in(&absolute),
            place: place.path,
            real,
        }))
    }

    fn changes_in<'t>(&'t self, directory: &Path) -> BTreeMap<&'t OsStr, &'t Change> {
        let members = self.changes_below(directory).filter_map(|(path, change)| {
            let is_member = path.parent() == Some(directory);
            Some((path.file_name().filter(|_| is_member)?, change))
        });
        members.collect()
    }
}

impl TreeDir<'_> {
    /// All names in it, in byte order (see [`Dir::names`]).
    pub fn names(&self) -> Result<Vec<OsString>, Unusable> {
        let listing = self.listing()?;
        Ok(listing.names().map(|name| name.get().into()).collect())
    }

    /// The same in one buffer.
    pub(crate) fn listing(&self) -> Result<Listing, Unusable> {
        match &self.real {
            Some(dir) if self.changes.is_empty() => dir.listing(),
            _ => {
                let members = self.members()?;
                Ok(members.iter().map(|one| (&*one.name, one.kind)).collect())
            }
        }
    }

    /// All names in it with what each is, in byte order (see [`Dir::members`]).
    pub fn members(&self) -> Result<Vec<Listed>, Unusable> {
        let mut members = match &self.real {
            Some(dir) => dir.members()?,
            None => Vec::new(),
        };
        if self.changes.is_empty() {
            return Ok(members);
        }
        members.retain(|member| !self.changes.contains_key(&*member.name));
        members.extend(self.changes.iter().filter_map(|(&name, change)| {
            let kind = match change {
                Change::Gone => return None,
                Change::Directory => MemberKind::Directory,
                Change::File(..) => MemberKind::File,
                Change::DevNull => MemberKind::Symlink,
            };
            let name = name.to_owned();
            Some(Listed { name, kind })
        }));
        members.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(members)
    }

    /// Which directory it really is; none if it is made up.
    pub(crate) fn inode(&self) -> Result<Option<Inode>, Unusable> {
        let inode = self.real.as_ref().map(Dir::inode).transpose();
        Ok(inode?)
    }

    /// What `name` is; none if it is not there (see [`Dir::open`]).
    pub(crate) fn open(&self, name: &OsStr) -> Option<Opened> {
        match self.changes.get(name) {
            Some(Change::Gone) => None,
            Some(Change::Directory) => Some(Opened {
                content: Reason::NotAFile(Kind::Directory).into(),
                link: None,
                inode: None,
            }),
            Some(Change::File(bytes, number)) => Some(Opened {
                content: Content::from(bytes.clone()),
                link: None,
                inode: Some(Inode::of_nothing(*number)),
            }),
            Some(Change::DevNull) => Some(self.follow(NULL_DEVICE.into())),
            None => self.open_real(name),
        }
    }

    fn open_real(&self, name: &OsStr) -> Option<Opened> {
        let opened = self.real.as_ref()?.open(name);
        if let (Some(link), false) = (&opened.link, self.tree.changes.is_empty()) {
            return Some(self.follow(link.text.clone()));
        }
        let is_there = opened.link.is_some() || !opened.content.is_vanished();
        is_there.then_some(opened)
    }

    /// What a symlink with this text comes to among the virtual files.
    fn follow(&self, text: PathBuf) -> Opened {
        let mut link = Link::new(text);
        let walked = walk_link(self.tree, &self.place, &link.text, &mut link.trail);
        let read = walked.and_then(|place| {
            link.target = Some(Path::new("/").join(&place.path));
            self.tree.read_at(&place)
        });
        let (content, inode) = read.unwrap_or_else(|why| (Content::Unusable(why.into()), None));
        Opened {
            content,
            link: Some(Box::new(link)),
            inode,
        }
    }
}

impl Tree {
    /// What a symlink that leads to this place comes to.
    fn read_at(&self, place: &Place) -> Result<(Content, Option<Inode>), Unusable> {
        if place.is_dev_null() {
            return Ok((Content::Mask(Mask::DevNull), None));
        }
        if let Some(why) = place.no_file() {
            return Err(why);
        }
        let change = self.changes.get(&Path::new("/").join(&place.path));
        let (bytes, inode) = match (change, &self.root) {
            (Some(Change::File(bytes, number)), _) => (bytes.clone(), Inode::of_nothing(*number)),
            (_, Some(root)) => place.read(root)?,
            (_, None) => return Err(place.unusable(Reason::Missing)),
        };
        Ok((bytes.into(), Some(inode)))
    }
}
