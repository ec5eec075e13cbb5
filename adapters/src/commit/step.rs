//! What a commit is to do: steps in an order, each about one path.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

use super::access::Access;
use super::tree::NewTree;
use crate::code;
use crate::system::is_running_systems;

/// What is to be written, in this order. Paths are inside the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch {
    /// The steps; none means that there is nothing to do.
    pub(crate) steps: Vec<Step>,
    /// Whose the files are that are written, and what may be done with them, by path.
    pub(crate) access: BTreeMap<PathBuf, Access>,
}

impl From<Vec<Step>> for Batch {
    fn from(steps: Vec<Step>) -> Self {
        Self {
            steps,
            access: BTreeMap::new(),
        }
    }
}

/// One change of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Writes down what the following steps are about to do, before the first of them is even staged.
    Intend {
        /// The file.
        path: PathBuf,
        /// What it holds, if there is one: that of a run which was killed.
        before: Option<Vec<u8>>,
        /// What it is to hold.
        content: Vec<u8>,
    },
    /// Puts a new directory in place, whole or not at all.
    Create(NewTree),
    /// Gives a file this content.
    Replace {
        /// The file; if it is a symlink, what it leads to inside the root.
        path: PathBuf,
        /// The content that the plan was made from; none if the file did not exist.
        expected: Option<Vec<u8>>,
        /// The content it gets.
        content: Vec<u8>,
    },
    /// Makes a symlink, or lets one lead elsewhere.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "no adapter that is shipped makes symlinks")
    )]
    Link {
        /// The link itself.
        path: PathBuf,
        /// What the link says that the plan was made from; none if there was nothing.
        expected: Option<PathBuf>,
        /// What it is to say.
        to: PathBuf,
    },
    /// Takes a file or a whole directory away; one that is gone already is fine.
    Remove(PathBuf),
    /// Takes away what has a name and is no directory; if nothing has it any more, that is fine.
    Unlink(PathBuf),
    /// Takes a file away that still has this content.
    Take {
        /// The file itself, be it a symlink.
        path: PathBuf,
        /// The content that the plan was made from.
        expected: Vec<u8>,
    },
    /// Sets the times of a file to now, making it if it is not there: a signal to those who watch it.
    Touch(PathBuf),
    /// Tells a program of what the steps before have done, all of which is durable by then.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "no adapter that is shipped tells a program")
    )]
    Tell(Notice),
}

impl Step {
    /// The file or directory that it is about.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Create(tree) => &tree.path,
            Self::Intend { path, .. }
            | Self::Replace { path, .. }
            | Self::Link { path, .. }
            | Self::Remove(path)
            | Self::Unlink(path)
            | Self::Take { path, .. }
            | Self::Touch(path) => path,
            Self::Tell(notice) => &notice.program,
        }
    }
}

/// A program that is run to be told of a change. It is told again until it was, so what it does must bear that. It is one
/// of the running system, so there is none for any other root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
}

impl Notice {
    /// What tells this program of a change in this root.
    ///
    /// # Errors
    /// The root is not that of the running system: the program would look at another tree than the one that changed. The
    /// finding is for the report.
    #[cfg_attr(
        not(test),
        allow(dead_code, reason = "no adapter that is shipped tells a program")
    )]
    pub(crate) fn new(
        root: &Root,
        program: PathBuf,
        arguments: Vec<String>,
    ) -> Result<Self, Finding> {
        if is_running_systems(root) {
            return Ok(Self { program, arguments });
        }
        let message = "is not told of the change: it is a program of the running system, and this is another root";
        Err(code::NOT_TOLD.info(program, message))
    }
}
