//! What a name of a tree is: a virtual file, something gone, or what is really there.

use std::path::Path;

use rustix::fs::FileType;

use super::{Change, Tree};
use crate::bundle::Bundle;
use crate::root::Reason;
use crate::root::walk::{Look, Seen};

pub(super) const NULL_DEVICE: &str = "/dev/null";

impl Look for Tree {
    fn look(&self, path: &Path) -> Result<Seen, Reason> {
        self.seen(&Path::new("/").join(path))
    }

    fn look_at_once(&self, path: &Path) -> Option<Seen> {
        let is_real = !self.is_gone(&Path::new("/").join(path));
        self.root.as_ref().filter(|_| is_real)?.look_at_once(path)
    }

    fn bundles(&self) -> &[Bundle] {
        self.bundles()
    }
}

impl Tree {
    /// The same, by an absolute path.
    pub(super) fn seen(&self, path: &Path) -> Result<Seen, Reason> {
        match self.changes.get(path) {
            Some(Change::File(..)) => return Ok(Seen::Other(FileType::RegularFile)),
            Some(Change::DevNull) => return Ok(Seen::Link(NULL_DEVICE.into())),
            Some(Change::Directory) => return Ok(Seen::Other(FileType::Directory)),
            Some(Change::Gone) => return Ok(Seen::Absent),
            None => {}
        }
        match &self.root {
            Some(root) if !self.is_gone(path) => {
                let inside = path.strip_prefix("/").unwrap_or(path);
                root.look(inside)
            }
            _ => Ok(Seen::Absent),
        }
    }

    /// Whether nothing is left of what is really there.
    pub(super) fn is_gone(&self, path: &Path) -> bool {
        path.ancestors().any(|path| self.changes.contains_key(path))
    }
}
