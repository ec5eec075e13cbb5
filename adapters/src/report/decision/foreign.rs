//! Why an entry that others made is not touched.

use std::path::PathBuf;

/// Why an entry that others made is not touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Foreign {
    /// Something else of this name.
    Other,
    /// A remote of this name with another URL.
    OtherUrl,
    /// Its place is taken by another remote of this name.
    OtherRemote {
        /// The file that it stands in.
        place: PathBuf,
    },
    /// It is defined elsewhere, and its consumer fails where a name is defined twice.
    Elsewhere {
        /// The file that it stands in.
        place: PathBuf,
        /// The file that adoption moves it to.
        own: PathBuf,
    },
    /// The same on a read-only file system, from where it cannot be moved.
    ReadOnly {
        /// The file that it stands in.
        place: PathBuf,
        /// The file that adoption would move it to.
        own: PathBuf,
    },
    /// It is defined where all deployments find it, and another one follows it there.
    Needed {
        /// The file that it stands in.
        place: PathBuf,
        /// The file that adoption would move it to.
        own: PathBuf,
        /// The origin of that deployment.
        origin: PathBuf,
    },
    /// Its file is a symlink to one elsewhere.
    Symlink {
        /// The link.
        place: PathBuf,
        /// Where it leads.
        end: PathBuf,
    },
    /// It is inherited from another repository.
    Inherited {
        /// The file that it stands in.
        place: PathBuf,
    },
}

impl Foreign {
    /// The code of it in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Other => "other",
            Self::OtherUrl => "other-url",
            Self::OtherRemote { .. } => "other-remote",
            Self::Elsewhere { .. } => "defined-elsewhere",
            Self::ReadOnly { .. } => "read-only",
            Self::Needed { .. } => "needed-elsewhere",
            Self::Symlink { .. } => "symlink",
            Self::Inherited { .. } => "inherited",
        }
    }
}
