//! What an entry is, in a word.

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// As the layers want it.
    Applied,
    /// Not there yet: a run makes it.
    Absent,
    /// There, and not as the layers and the owner want it: a run brings it up to date, takes it over,
    /// releases it or takes it away.
    Outdated,
    /// Brought up to date by this run.
    Updated,
    /// It was there before us and is managed from this run on.
    Adopted,
    /// Some keys are the owner's; the rest is as the layers want it.
    Edited,
    /// The owner and the vendor both changed a key; the owner's value stays.
    Conflict,
    /// Masked by the owner, and not there.
    Masked,
    /// Deleted by the owner.
    Deleted,
    /// Masked or withdrawn, but something still depends on it: kept out of sight.
    Kept,
    /// Withdrawn by the vendor and taken away by this run.
    Removed,
    /// Withdrawn by the vendor and left to the owner by this run; or taken from the vendor by the owner.
    Released,
    /// Somebody else's entry of the same name; not touched.
    Foreign,
    /// Nothing can be done yet: what it is for is not there, or its target is for another run to write.
    Waiting,
    /// Switched off where it is defined.
    Off,
    /// To be run.
    Due,
    /// Run, and done.
    Done,
    /// Run, and failed each time: not tried again.
    GivenUp,
    /// The layers or the target cannot be read well enough, so nothing was changed; or what was run failed.
    Failed,
}

impl State {
    /// The word for it in machine output.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Absent => "absent",
            Self::Outdated => "outdated",
            Self::Updated => "updated",
            Self::Adopted => "adopted",
            Self::Edited => "edited",
            Self::Conflict => "conflict",
            Self::Masked => "masked",
            Self::Deleted => "deleted",
            Self::Kept => "kept",
            Self::Removed => "removed",
            Self::Released => "released",
            Self::Foreign => "foreign",
            Self::Waiting => "waiting",
            Self::Off => "off",
            Self::Due => "due",
            Self::Done => "done",
            Self::GivenUp => "given-up",
            Self::Failed => "failed",
        }
    }
}
