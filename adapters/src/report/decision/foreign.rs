//! Why an entry that others made is not touched, and what its owner can do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;

/// Why an entry that others made is not touched.
#[derive(Debug, Clone, PartialEq, Eq)]
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

impl Foreign {
    /// What the owner can do about it.
    pub fn advice(&self, name: &str) -> Option<String> {
        Some(match self {
            Self::Other | Self::OtherUrl | Self::OtherRemote { .. } => {
                format!("`overlayctl adopt {name}` takes it over")
            }
            Self::Elsewhere { own, .. } => {
                format!("`overlayctl adopt {name}` moves it to {}", escape_path(own))
            }
            Self::ReadOnly { own, .. } => format!(
                "once that can be written, `overlayctl adopt {name}` moves it to {}",
                escape_path(own)
            ),
            Self::Needed { own, .. } => format!(
                "once that one is gone (`ostree admin undeploy`), `overlayctl adopt {name}` moves it to {}",
                escape_path(own)
            ),
            Self::Symlink { .. } => format!(
                "to manage the remote, remove the symlink and run `overlayctl restore {name}`"
            ),
            Self::Inherited { .. } => return None,
        })
    }
}

impl fmt::Display for Foreign {
    /// The fact, without what to do about it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |path: &Path| escape_path(path).to_string();
        match self {
            Self::Other => f.write_str("something else of this name was made by somebody else"),
            Self::OtherUrl => {
                f.write_str("a remote of this name with another URL was made by somebody else")
            }
            Self::OtherRemote { place } => write!(
                f,
                "{} is another remote of this name, made by somebody else",
                show(place)
            ),
            Self::Elsewhere { place, .. } => write!(
                f,
                "it is defined in {}, and ostree fails where a name is defined twice",
                show(place)
            ),
            Self::ReadOnly { place, .. } => write!(
                f,
                "it is defined in {}, on a read-only file system",
                show(place)
            ),
            Self::Needed { place, origin, .. } => write!(
                f,
                "it is defined in {}, which all deployments share, and another one follows it by {}: it stays, so that the way back to that one is a system that can be updated",
                show(place),
                show(origin)
            ),
            Self::Symlink { place, end } => write!(
                f,
                "{} is a symlink to {}, which is left alone",
                show(place),
                show(end)
            ),
            Self::Inherited { place } => write!(f, "it is inherited from {}", show(place)),
        }
    }
}
