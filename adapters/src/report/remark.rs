//! What the owner should hear of a decision: values with a code each. Whoever shows one makes the sentence.

use std::path::PathBuf;

use bstr::BString;
use overlay_resolver::finding::{Code, Level};

use super::decision::{Dependent, Foreign, Going, Holder};
use crate::code;

/// Something to tell of a decision, and its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The file, as seen inside the root.
    pub path: PathBuf,
    /// The line in that file, counted from 1.
    pub line: Option<usize>,
    /// What there is to tell.
    pub matter: Matter,
}

/// What there is to tell of a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matter {
    /// An entry would go, and something depends on it.
    InUse {
        /// Its name.
        name: String,
        /// Why it would go.
        why: Going,
        /// What depends on it.
        user: Dependent,
    },
    /// An entry was to be adopted and is out of reach.
    CannotAdopt {
        /// Its name.
        name: String,
        /// What such an entry is called.
        noun: &'static str,
        /// Why.
        why: Foreign,
    },
    /// An entry was to be adopted, which takes a write that this run may not do.
    CannotMove {
        /// Its name.
        name: String,
    },
    /// The owner and the vendor both changed a key; the owner's value stays.
    Conflict {
        /// The name of the entry.
        name: String,
        /// The key.
        key: String,
        /// What the vendor had.
        baseline: Option<BString>,
        /// What the vendor has.
        desired: Option<BString>,
        /// What stays.
        actual: Option<BString>,
        /// Whether a server may have set that as well.
        is_unclear: bool,
    },
    /// The vendor changed a key that a server refreshes: what somebody had put there goes.
    Overwritten {
        /// The name of the entry.
        name: String,
        /// The key.
        key: String,
        /// What was there.
        actual: BString,
        /// What the vendor has; none where it is taken away.
        desired: Option<BString>,
        /// The key with which the owner's value stays, where there is such a convention.
        mark: Option<String>,
    },
    /// Nobody can tell any more what was last written to an entry.
    BaselineLost {
        /// Its name.
        name: String,
    },
    /// A layer is missing, so nobody can tell whether the vendor withdrew an entry.
    LayerMissing {
        /// Its name.
        name: String,
    },
    /// Two entries give one holder a collection ID: the first one counts.
    IdTwice {
        /// Whom it is for.
        of: Holder,
        /// The name of the first.
        first: String,
    },
    /// A collection ID is not set.
    IdNotSet {
        /// `ADAPTER/NAME` of its entry.
        name: String,
        /// The one that was to be set.
        id: BString,
        /// Whom it is for.
        of: Holder,
        /// Why not.
        why: NotSet,
        /// Where an empty file masks it.
        mask: PathBuf,
    },
    /// Something that is run failed each time, and is not tried again.
    GivenUp {
        /// Its name.
        name: String,
        /// How often it was tried.
        tries: u32,
        /// Why, the last time; none if nobody saw its end.
        why: Option<String>,
        /// How much that matters: it is an error if all is done only once this is, and nothing else that counts is tried
        /// again before.
        level: Level,
    },
    /// A remote is not verified as the vendor has it.
    Verification {
        /// Its name.
        name: String,
        /// How.
        how: Verification,
    },
    /// What one adapter alone has to tell.
    Own(Own),
}

/// How a remote is verified otherwise than the vendor has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// It was there before, and this key is off.
    Off(&'static str),
    /// The owner took out all that it could be verified with; this is one of the certificates that the vendor ships.
    NothingLeft(String),
    /// With another keyring; the vendor's is beside this file.
    OtherKeyring(PathBuf),
    /// The owner's value of a key names certificates that are not there.
    MissingPaths {
        /// The key.
        key: &'static str,
        /// The paths.
        paths: Vec<String>,
    },
}

impl Verification {
    const fn code(&self) -> Code {
        match self {
            Self::Off(_) => code::UNVERIFIED,
            Self::NothingLeft(_) => code::NO_KEY,
            Self::OtherKeyring(_) => code::OTHER_KEYRING,
            Self::MissingPaths { .. } => code::MISSING_KEY_PATH,
        }
    }
}

/// What one adapter alone has to tell of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Own {
    /// Its code.
    pub code: Code,
    /// How much it matters.
    pub level: Level,
    /// The name of the entry.
    pub name: String,
    /// The sentence about it, with a `{}` for each value.
    pub sentence: &'static str,
    /// The values.
    pub values: Vec<BString>,
}

/// Why a collection ID is not set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotSet {
    /// The owner took the one that was there away.
    TakenAway,
    /// There is an empty one, which is the owner's choice.
    Emptied,
    /// There is another one, as a raw value.
    Differs(BString),
    /// The same, and the remote's own entry gives it one.
    OwnEntrys(BString),
}

impl Matter {
    /// The code of it in machine output.
    pub const fn code(&self) -> Code {
        match self {
            Self::InUse { .. } => code::IN_USE,
            Self::CannotAdopt { .. } => code::CANNOT_ADOPT,
            Self::CannotMove { .. } => code::OUT_OF_SCOPE,
            Self::Conflict { .. } => code::CONFLICT,
            Self::Overwritten { .. } => code::OVERWRITTEN,
            Self::BaselineLost { .. } => code::BASELINE_LOST,
            Self::LayerMissing { .. } => code::LAYER_MISSING,
            Self::IdTwice { .. } => code::ID_TWICE,
            Self::IdNotSet { .. } => code::ID_NOT_SET,
            Self::GivenUp { .. } => code::GIVEN_UP,
            Self::Verification { how, .. } => how.code(),
            Self::Own(own) => own.code,
        }
    }

    /// How much it matters.
    pub const fn level(&self) -> Level {
        match self {
            Self::InUse { .. }
            | Self::Conflict { .. }
            | Self::Overwritten { .. }
            | Self::BaselineLost { .. }
            | Self::IdNotSet { .. }
            | Self::Verification { .. } => Level::Warning,
            Self::CannotAdopt { .. }
            | Self::CannotMove { .. }
            | Self::LayerMissing { .. }
            | Self::IdTwice { .. } => Level::Error,
            Self::GivenUp { level, .. } => *level,
            Self::Own(own) => own.level,
        }
    }

    /// The same at a place.
    pub(crate) fn at(self, path: impl Into<PathBuf>, line: Option<usize>) -> Remark {
        Remark {
            path: path.into(),
            line,
            matter: self,
        }
    }
}
