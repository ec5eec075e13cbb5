//! What has the place of the marker: by its name alone, whatever that leads to.

use std::path::Path;

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Content, Kind, Reason, Root};

use crate::code;

/// What has the place of the marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing has.
    Nothing,
    /// A file of which the program reads what it says.
    Text(Vec<u8>),
    /// What no run leaves there, such as a symlink, whatever that leads to, a FIFO, or a file that is larger than any
    /// that is read. It goes like a file that says something else.
    Foreign,
    /// A directory. It is nothing that a run may remove: somebody's files may be in it.
    Directory,
}

impl Found {
    /// Looks at `path`.
    pub(super) fn at(root: &Root, path: &Path) -> Result<Self, Finding> {
        let unreadable = |why: &dyn std::fmt::Display| {
            code::UNREADABLE.error(
                path,
                format!("cannot be read as a marker: {why}; remove it"),
            )
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Self::Directory);
        };
        let Some(directory) = root.dir(parent).map_err(|why| unreadable(&why))? else {
            return Ok(Self::Nothing);
        };
        let opened = directory.open(name);
        if opened.link.is_some() {
            return Ok(Self::Foreign);
        }
        match opened.content {
            Content::File(text) => Ok(Self::Text(text.to_vec())),
            Content::Mask(_) => Ok(Self::Text(Vec::new())),
            Content::Unusable(why) => match why.reason {
                Reason::Vanished => Ok(Self::Nothing),
                Reason::NotAFile(Kind::Directory) => Ok(Self::Directory),
                Reason::NotAFile(_) | Reason::TooLarge { .. } => Ok(Self::Foreign),
                _ => Err(unreadable(&why)),
            },
        }
    }

    /// That nothing can be written to `path` until somebody looks after what is there.
    pub(super) fn obstacle(&self, path: &Path) -> Option<Finding> {
        let message = "is a directory, which is not removed, since what is in it may be somebody's: move it away. Until then each boot looks again whether all is done";
        (*self == Self::Directory).then(|| code::UNREADABLE.error(path, message))
    }
}
