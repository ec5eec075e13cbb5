//! Directories that many documents look at: of a unit, those of drop-ins for all of its type, of its template or
//! with a prefix of its name, and the one in which it lies with all others.
//!
//! Each is listed once, and each file in it opened once, as long as the tree [stays](Tree::stays) the same: else
//! ten thousand units, which all look at it, would read it ten thousand times. To the
//! [total](crate::root::Root::for_one_run) of a run a file counts for each document all the same, since each has
//! rows of it, even though it is taken apart [once](crate::format).

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::aliases::Aliases;
use crate::format::Kept;
use crate::root::{Listing, Opened, Unusable};
use crate::tree::{Tree, TreeDir};

/// What is known of such directories.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    directories: Mutex<HashMap<PathBuf, Arc<Directory>>>,
    /// By the directories that have the units.
    aliases: Mutex<HashMap<Vec<PathBuf>, Arc<Aliases>>>,
    /// What is in their files, and in others that several documents or names have.
    pub(crate) kept: Kept,
}

/// What was found at a path.
#[derive(Debug)]
struct Directory {
    trail: Vec<PathBuf>,
    /// None if nothing is there.
    members: Result<Option<Members>, Unusable>,
}

#[derive(Debug)]
struct Members {
    names: Result<Listing, Unusable>,
    /// What each of them is, once somebody has asked; none if it is not there any more.
    files: Vec<OnceLock<Option<Opened>>>,
}

/// A directory, open for one document.
#[derive(Debug)]
pub(super) struct SharedDir<'t> {
    tree: &'t Tree,
    path: PathBuf,
    directory: Arc<Directory>,
    /// Opened again, for a file that no other document has asked for.
    again: OnceCell<Option<TreeDir<'t>>>,
}

impl Shared {
    /// The directory at `path`; none if nothing is there. What decides that is added to `trail`.
    pub(super) fn dir<'t>(
        &self,
        tree: &'t Tree,
        path: &Path,
        trail: &mut Vec<PathBuf>,
    ) -> Result<Option<SharedDir<'t>>, Unusable> {
        let again = OnceCell::new();
        // What was found stays true if another thread panicked.
        let mut known = self
            .directories
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let directory = known.entry(path.to_owned()).or_insert_with(|| {
            let (found, dir) = Directory::find(tree, path);
            again.get_or_init(|| dir);
            found.into()
        });
        trail.extend_from_slice(&directory.trail);
        match &directory.members {
            Ok(None) => Ok(None),
            Err(why) => Err(why.clone()),
            Ok(Some(_)) => Ok(Some(SharedDir {
                tree,
                path: path.into(),
                directory: Arc::clone(directory),
                again,
            })),
        }
    }

    /// The other names of the units in these directories, those of the lowest layer first.
    pub(super) fn aliases(&self, tree: &Tree, directories: Vec<PathBuf>) -> Arc<Aliases> {
        let mut known = self.aliases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(aliases) = known.get(&directories) {
            return Arc::clone(aliases);
        }
        let aliases = Arc::new(Aliases::find(tree, &directories));
        known.insert(directories, Arc::clone(&aliases));
        aliases
    }
}

impl Directory {
    fn find<'t>(tree: &'t Tree, path: &Path) -> (Self, Option<TreeDir<'t>>) {
        let mut trail = Vec::new();
        let (members, dir) = match tree.dir_by(path, &mut trail) {
            Ok(Some(dir)) => (Ok(Some(Members::of(&dir))), Some(dir)),
            Ok(None) => (Ok(None), None),
            Err(why) => (Err(why), None),
        };
        (Self { trail, members }, dir)
    }
}

impl Members {
    fn of(dir: &TreeDir<'_>) -> Self {
        let names = dir.listing();
        let count = names.as_ref().map_or(0, Listing::len);
        let files = std::iter::repeat_with(OnceLock::new);
        Self {
            names,
            files: files.take(count).collect(),
        }
    }
}

impl SharedDir<'_> {
    /// All names in it (see [`TreeDir::listing`]).
    pub(super) fn listing(&self) -> Result<Listing, Unusable> {
        self.members().names.clone()
    }

    /// What `name` is; none if it is not there (see [`TreeDir::open`]).
    pub(super) fn open(&self, name: &OsStr) -> Option<Opened> {
        let members = self.members();
        let place = members.names.as_ref().ok()?.position(name)?;
        let mut is_first = false;
        let opened = members.files[place].get_or_init(|| {
            is_first = true;
            let again = self
                .again
                .get_or_init(|| self.tree.dir(&self.path).ok().flatten());
            again.as_ref()?.open(name)
        });
        match opened {
            Some(opened) if !is_first => Some(self.tree.again(opened)),
            opened => opened.clone(),
        }
    }

    fn members(&self) -> &Members {
        let members = self
            .directory
            .members
            .as_ref()
            .ok()
            .and_then(Option::as_ref);
        members.expect("one that is there was listed")
    }
}
