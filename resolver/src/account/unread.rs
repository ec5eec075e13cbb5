//! Files that nobody looks at.

use std::fmt;
use std::path::{Path, PathBuf};

use super::words::list;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::rules::{DropIns, Ignored, Rules};

/// Why nobody looks at a file, whatever is in it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unread {
    /// It is in no layer of anybody.
    NoLayer,
    /// It is in a layer that its consumer does not have; these are those that it has.
    OtherLayer(Vec<PathBuf>),
    /// It lies below a directory of drop-ins (a path below the layers) and not in it.
    Nested(PathBuf),
    /// It is a copy of a main file, which is looked for by its name.
    Copy {
        /// The configuration path of that file.
        of: PathBuf,
        /// What its name says.
        reason: Ignored,
    },
    /// Its name says that it is not meant.
    Name(Ignored),
    /// Its consumer has no drop-ins, or has them elsewhere: in a directory of this name.
    OtherDirectory(Option<PathBuf>),
    /// No layer has a unit that has drop-ins in this directory.
    NoUnit(String),
}

impl Unread {
    /// Why a consumer with these rules does not read the file at `path`, which it did not find.
    pub fn by(rules: &Rules, path: &Path, document: &Path) -> Self {
        let layers = || rules.layers.iter().map(|layer| layer.base().to_owned());
        if rules.layer_of(path).is_none() {
            return Self::OtherLayer(layers().collect());
        }
        let name = path.file_name();
        if let Some(reason) = name.and_then(|name| rules.ignored(name, document)) {
            return Self::Name(reason);
        }
        let beside = || {
            document.file_name().map(|name| {
                let mut name = name.to_owned();
                name.push(".d");
                PathBuf::from(name)
            })
        };
        Self::OtherDirectory(match &rules.drop_ins {
            DropIns::None => None,
            DropIns::Named(name) => Some(name.into()),
            DropIns::Beside | DropIns::Unit => beside(),
        })
    }
}

impl Unread {
    /// What there is to say of a configuration path that nobody reads.
    pub(crate) fn finding(&self, path: &Path) -> Finding {
        match self {
            Self::NoUnit(_) => code::NO_UNIT.warning(path, self.to_string()),
            why => code::UNREACHABLE_FILE.warning(path, format!("ignored: {why}")),
        }
    }
}

impl std::error::Error for Unread {}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLayer => f.write_str("it is in no layer"),
            Self::OtherLayer(layers) => {
                f.write_str("it is in a layer that its consumer does not have; those are ")?;
                list(f, layers.iter().map(|layer| escape_path(layer)))
            }
            Self::Nested(directory) => {
                let directory = escape_path(directory);
                write!(
                    f,
                    "it lies below {directory} and not in it, and directories there are not read"
                )
            }
            Self::Copy { of, reason } => {
                write!(f, "{reason}; what is read is {}", escape_path(of))
            }
            Self::Name(reason) => reason.fmt(f),
            Self::OtherDirectory(None) => f.write_str("its consumer has no drop-ins"),
            Self::OtherDirectory(Some(name)) => {
                write!(
                    f,
                    "its consumer looks for drop-ins in {}",
                    escape_path(name)
                )
            }
            Self::NoUnit(directory) => {
                write!(
                    f,
                    "no layer has a unit whose drop-ins are in {}; one made at run time would have them",
                    escape_path(directory.as_ref())
                )
            }
        }
    }
}
