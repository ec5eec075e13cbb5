//! What was decided over an entry, and why: values with a stable code each. Whoever shows one makes
//! the sentence.

mod foreign;

use std::path::PathBuf;

use bstr::BString;
use overlay_resolver::finding::Finding;

pub use self::foreign::Foreign;
use super::state::State;

/// What was decided over an entry, with what it follows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is as the layers want it.
    UpToDate {
        /// The file that defines it.
        origin: PathBuf,
        /// Keys that differ, as servers refresh them.
        refreshed: Vec<String>,
    },
    /// The target does not have it, and it was not the owner who took it away: it is made.
    New {
        /// The file that defines it.
        origin: PathBuf,
    },
    /// It is there under another name, and is made of that.
    Renamed {
        /// The file that defines it.
        origin: PathBuf,
        /// The other name.
        former: String,
    },
    /// It is ours, and the layers want it otherwise: it follows them.
    Updated {
        /// The keys, certificates and files that follow.
        changed: Vec<String>,
    },
    /// It was there before us and is managed from now on.
    Adopted {
        /// The keys that differ from the layers' and stay the owner's.
        except: Vec<String>,
    },
    /// Some of its keys are the owner's; the rest follows the layers.
    Edited {
        /// Those keys.
        keys: Vec<String>,
        /// Keys that differ, and that a server may have set as well.
        unclear: Vec<String>,
    },
    /// The owner and the vendor both changed a key; the owner's value stays.
    Conflict {
        /// Those keys.
        keys: Vec<String>,
        /// Those that a server may have changed as well.
        unclear: Vec<String>,
    },
    /// It is masked, and not there.
    Masked {
        /// What masks it.
        mask: Mask,
    },
    /// It is masked, but others made it: it stays.
    MaskedForeign {
        /// What masks it.
        mask: Mask,
    },
    /// The owner deleted it: it stays away.
    Deleted,
    /// Others made it: it is not touched.
    Foreign(Foreign),
    /// It would go, but something depends on it: it is kept out of sight.
    InUse {
        /// Why it would go.
        why: Going,
        /// What depends on it.
        user: Dependent,
    },
    /// It is ours and nobody wants it any more: it is taken away, with what lies beside it.
    Removed {
        /// Why it goes.
        why: Going,
    },
    /// It would go, and it was adopted or edited by the owner: it is theirs from now on.
    Released {
        /// Why it would go.
        why: Going,
    },
    /// The vendor masks it, and it was left to its owner.
    LeftToOwner {
        /// What masks it.
        mask: Mask,
    },
    /// The owner took it from the vendor: it does not follow, until they hand it back.
    ReleasedByOwner,
    /// The layers or the target cannot be read well enough.
    Broken {
        /// What stands in the way.
        finding: Box<Finding>,
    },
    /// A layer is missing, so nobody can tell whether the vendor withdrew it.
    LayerMissing,
    /// It is a collection ID.
    Collection(CollectionDecision),
    /// It is something that is run.
    Run(RunDecision),
}

impl Decision {
    /// The code of the decision in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::UpToDate { .. } => "up-to-date",
            Self::New { .. } => "new",
            Self::Renamed { .. } => "renamed",
            Self::Updated { .. } => "vendor-changed",
            Self::Adopted { .. } => "adopted",
            Self::Edited { .. } => "edited",
            Self::Conflict { .. } => "conflict",
            Self::Masked { .. } => "masked",
            Self::MaskedForeign { .. } => "masked-foreign",
            Self::Deleted => "deleted",
            Self::Foreign(foreign) => foreign.code(),
            Self::InUse { .. } => "in-use",
            Self::Removed { why } => match why {
                Going::Masked(_) => "removed-by-mask",
                Going::Withdrawn | Going::Renamed(_) => "withdrawn",
            },
            Self::Released { .. } => "released",
            Self::LeftToOwner { .. } => "left-to-owner",
            Self::ReleasedByOwner => "released-by-owner",
            Self::Broken { .. } => "broken",
            Self::LayerMissing => "layer-missing",
            Self::Collection(decision) => decision.code(),
            Self::Run(decision) => decision.code(),
        }
    }

    /// Whether it is that nothing can be done.
    pub(crate) const fn is_failure(&self) -> bool {
        matches!(self, Self::Broken { .. } | Self::LayerMissing)
    }

    /// What the entry is while the decision waits for a run.
    pub const fn state_before(&self) -> State {
        match self {
            Self::New { .. }
            | Self::Renamed { .. }
            | Self::Collection(CollectionDecision::Given { .. }) => State::Absent,
            Self::Updated { .. }
            | Self::Adopted { .. }
            | Self::Removed { .. }
            | Self::Released { .. }
            | Self::Collection(CollectionDecision::Changed { .. }) => State::Outdated,
            settled => settled.state_after(),
        }
    }

    /// What the entry is once the decision was carried out.
    pub const fn state_after(&self) -> State {
        match self {
            Self::UpToDate { .. } | Self::New { .. } | Self::Renamed { .. } => State::Applied,
            Self::Updated { .. } => State::Updated,
            Self::Adopted { .. } => State::Adopted,
            Self::Edited { .. } => State::Edited,
            Self::Conflict { .. } => State::Conflict,
            Self::Masked { .. } => State::Masked,
            Self::Deleted => State::Deleted,
            Self::MaskedForeign { .. } | Self::Foreign(_) => State::Foreign,
            Self::InUse { .. } => State::Kept,
            Self::Removed { why } => match why {
                Going::Masked(_) => State::Masked,
                Going::Withdrawn | Going::Renamed(_) => State::Removed,
            },
            Self::Released { .. } | Self::LeftToOwner { .. } | Self::ReleasedByOwner => {
                State::Released
            }
            Self::Broken { .. } | Self::LayerMissing => State::Failed,
            Self::Collection(decision) => decision.state_after(),
            Self::Run(decision) => decision.state(),
        }
    }
}

/// What was decided over a collection ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectionDecision {
    /// Its remote is not there (yet).
    NoHolder {
        /// Whom it is for.
        of: Holder,
        /// What the vendor calls it now, if that is known.
        later: Option<String>,
    },
    /// It is to be written to a file which this run may not write.
    OutOfScope {
        /// That file.
        place: PathBuf,
    },
    /// Its remote gets it.
    Given {
        /// Whom it is for.
        of: Holder,
    },
    /// It came from us and follows the vendor.
    Changed {
        /// Whom it is for.
        of: Holder,
    },
    /// Its remote has it.
    There {
        /// Whom it is for.
        of: Holder,
    },
    /// The owner took it away.
    TakenAway {
        /// Whom it was for.
        of: Holder,
    },
    /// The remote has an empty one, which is the owner's choice.
    Emptied {
        /// Whom it was for.
        of: Holder,
    },
    /// The remote has another one, which is not from us.
    Differs {
        /// Whom it was for.
        of: Holder,
        /// The one that it has, as a raw value.
        has: BString,
        /// Whether its own entry gives it one, which counts more.
        has_its_own: bool,
    },
    /// The remote gets one from another entry already.
    Twice {
        /// Whom it was for.
        of: Holder,
        /// The name of the other entry.
        first: String,
    },
}

impl CollectionDecision {
    /// The code of the decision in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoHolder { .. } => "no-remote",
            Self::OutOfScope { .. } => "out-of-scope",
            Self::Given { .. } => "id-given",
            Self::Changed { .. } => "id-changed",
            Self::There { .. } => "id-there",
            Self::TakenAway { .. } => "id-taken-away",
            Self::Emptied { .. } => "id-emptied",
            Self::Differs { .. } => "id-differs",
            Self::Twice { .. } => "id-twice",
        }
    }

    const fn state_after(&self) -> State {
        match self {
            Self::NoHolder { .. } | Self::OutOfScope { .. } => State::Waiting,
            Self::Given { .. } | Self::There { .. } => State::Applied,
            Self::Changed { .. } => State::Updated,
            Self::TakenAway { .. } | Self::Emptied { .. } => State::Edited,
            Self::Differs { .. } => State::Conflict,
            Self::Twice { .. } => State::Failed,
        }
    }
}

/// What was decided over something that is run, or what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunDecision {
    /// It is to be run.
    Due {
        /// The file that defines it.
        origin: PathBuf,
        /// How often it was begun without an end that anybody saw: the last time may be now.
        begun: u32,
        /// How often it is tried.
        of: u32,
        /// Whether the last time was ended by others, which is not counted.
        is_interrupted: bool,
    },
    /// It is switched off where it is defined.
    Off,
    /// Nothing tells what it would be done for.
    NoOccasion,
    /// It was done, by this run or an earlier one.
    Done,
    /// It failed, and is tried again.
    Failed {
        /// How often it was tried.
        tries: u32,
        /// How often it is.
        of: u32,
        /// Why, the last time; none if nobody saw its end.
        why: Option<String>,
    },
    /// It failed each time, and is not tried again.
    GivenUp {
        /// How often it was tried.
        tries: u32,
        /// Why, the last time; none if nobody saw its end.
        why: Option<String>,
    },
}

impl RunDecision {
    /// Whether nothing more is done for it.
    pub(crate) const fn is_settled(&self) -> bool {
        matches!(self, Self::Done | Self::GivenUp { .. })
    }

    /// The code of the decision in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Due { .. } => "due",
            Self::Off => "switched-off",
            Self::NoOccasion => "no-occasion",
            Self::Done => "done",
            Self::Failed { .. } => "run-failed",
            Self::GivenUp { .. } => "given-up",
        }
    }

    const fn state(&self) -> State {
        match self {
            Self::Due { .. } => State::Due,
            Self::Off => State::Off,
            Self::NoOccasion => State::Waiting,
            Self::Done => State::Done,
            Self::Failed { .. } => State::Failed,
            Self::GivenUp { .. } => State::GivenUp,
        }
    }
}

impl From<CollectionDecision> for Decision {
    fn from(decision: CollectionDecision) -> Self {
        Self::Collection(decision)
    }
}

impl From<Finding> for Decision {
    fn from(finding: Finding) -> Self {
        Self::Broken {
            finding: Box::new(finding),
        }
    }
}

/// What masks an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mask {
    /// The file.
    pub path: PathBuf,
    /// Whether it masks a name that the entry had before.
    pub is_former_name: bool,
}

/// Why an entry is to go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Going {
    /// It is masked, by its owner or by the vendor.
    Masked(Mask),
    /// The vendor withdrew it.
    Withdrawn,
    /// The vendor calls it so now.
    Renamed(String),
}

/// What depends on an entry that would go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dependent {
    /// Apps or runtimes that were installed from it.
    Apps,
    /// A deployment of the system that follows it.
    Deployment,
}

/// What a collection ID is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holder {
    /// The repository itself.
    Repository,
    /// The remote of this name.
    Remote(String),
}
