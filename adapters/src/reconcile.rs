//! What becomes of an entry and of each of its keys: the tables of the design, and nothing else.
//!
//! Pure. Each target answers the questions of [`Actual`] in its own way; what follows from the
//! answers is the same for all of them, and is decided here.
//!
//! A *tombstone*, the memory that the owner deleted an entry, is not stored: it is what
//! [`Marks::offered`] without [`Marks::withheld`] means for a name that the target does not have.

/// What the target remembers of a name, whether the entry is there or not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// This name was put before the owner at some time. Never taken back.
    pub(crate) offered: bool,
    /// It is absent by our doing (masked, broken, withdrawn), not by the owner's.
    pub(crate) withheld: bool,
    /// And it never was there: what an older mechanism knows of it still counts. Only with withheld.
    pub(crate) unseen: bool,
}

impl Marks {
    /// Offered and there, or offered and deleted by the owner: the target tells which.
    pub(crate) const OFFERED: Self = Self {
        offered: true,
        withheld: false,
        unseen: false,
    };
    /// Absent by our doing.
    pub(crate) const WITHHELD: Self = Self {
        offered: true,
        withheld: true,
        unseen: false,
    };
    /// Absent by our doing from the beginning.
    pub(crate) const UNSEEN: Self = Self {
        offered: true,
        withheld: true,
        unseen: true,
    };

    /// Whether it was never there, as far as is remembered.
    pub(crate) const fn is_new(self) -> bool {
        !self.offered || self.unseen
    }

    /// Whether the owner deleted the entry, given that the target does not have it.
    pub(crate) const fn tombstone(self) -> bool {
        self.offered && !self.withheld
    }
}

/// What the layers say of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// They define it.
    Present,
    /// The owner masked it.
    Masked,
    /// They cannot be read well enough to tell.
    Unresolved,
    /// They do not mention it (any more).
    Withdrawn,
}

/// What the target has under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actual {
    /// Nothing.
    Absent,
    /// An entry that others made.
    Theirs {
        /// It is what the layers define (flatpak: the same URL), or the owner asked us to adopt it.
        same_identity: bool,
    },
    /// An entry with our baseline.
    Ours {
        /// The vendor had withdrawn it when it was edited or adopted, so it was left to its owner.
        left: bool,
        /// Nothing of it was edited, and we made it ourselves.
        pristine: bool,
        /// Something depends on it (flatpak: an app installed from it), so that it must not go.
        in_use: bool,
    },
}

/// What to do with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Leave the target as it is.
    Leave,
    /// Make the entry.
    Create,
    /// Take somebody else's entry under management, their values first.
    Adopt,
    /// Reconcile it key by key.
    Update,
    /// Take it away.
    Remove,
    /// Keep it for what depends on it, out of sight.
    Hide,
    /// Leave it to its owner until the vendor brings it again; its baseline stays.
    Release,
}

/// Decides over one entry; the marks are what the target is to remember afterwards.
///
/// Withheld never holds for an entry that is there: whoever deletes it then is its owner.
#[expect(
    clippy::match_same_arms,
    reason = "the rows of the table stand one by one, in the order of the design"
)]
pub(crate) const fn entry(wanted: Wanted, actual: Actual, marks: Marks) -> (Action, Marks) {
    match (wanted, actual) {
        (Wanted::Unresolved, Actual::Absent) if marks.offered => (Action::Leave, marks),
        (Wanted::Unresolved, Actual::Absent) => (Action::Leave, Marks::UNSEEN),
        (Wanted::Unresolved, _) => (Action::Leave, Marks::OFFERED),

        (Wanted::Masked, Actual::Absent) if marks.tombstone() => (Action::Leave, marks),
        (Wanted::Masked, Actual::Absent) if marks.is_new() => (Action::Leave, Marks::UNSEEN),
        (Wanted::Masked, Actual::Absent) => (Action::Leave, Marks::WITHHELD),
        (Wanted::Masked, Actual::Theirs { .. }) => (Action::Leave, Marks::OFFERED),
        (Wanted::Masked, Actual::Ours { in_use: true, .. }) => (Action::Hide, Marks::OFFERED),
        (Wanted::Masked, Actual::Ours { in_use: false, .. }) => (Action::Remove, Marks::WITHHELD),

        (Wanted::Present, Actual::Absent) if marks.tombstone() => (Action::Leave, marks),
        (Wanted::Present, Actual::Absent) => (Action::Create, Marks::OFFERED),
        (Wanted::Present, Actual::Theirs { same_identity }) => {
            let action = if same_identity {
                Action::Adopt
            } else {
                Action::Leave
            };
            (action, Marks::OFFERED)
        }
        (Wanted::Present, Actual::Ours { .. }) => (Action::Update, Marks::OFFERED),

        (Wanted::Withdrawn, Actual::Theirs { .. }) if marks.offered => {
            (Action::Leave, Marks::OFFERED)
        }
        (Wanted::Withdrawn, Actual::Absent | Actual::Theirs { .. }) => (Action::Leave, marks),
        // It was said that it is the owner's now. Should the vendor bring it again, it goes on where it was.
        (Wanted::Withdrawn, Actual::Ours { left: true, .. }) => (Action::Leave, Marks::OFFERED),
        (
            Wanted::Withdrawn,
            Actual::Ours {
                pristine: false, ..
            },
        ) => (Action::Release, Marks::OFFERED),
        (Wanted::Withdrawn, Actual::Ours { in_use: true, .. }) => (Action::Hide, Marks::OFFERED),
        (Wanted::Withdrawn, Actual::Ours { in_use: false, .. }) => {
            (Action::Remove, Marks::WITHHELD)
        }
    }
}

/// One key of an entry, seen from the three sides. Absent is a value too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key<'a> {
    /// What we last wrote.
    pub(crate) baseline: Option<&'a [u8]>,
    /// What the target has.
    pub(crate) actual: Option<&'a [u8]>,
    /// What the layers say.
    pub(crate) desired: Option<&'a [u8]>,
    /// The target's own convention marks the value as the owner's (flatpak: `…-is-set`).
    pub(crate) owners: bool,
    /// A server refreshes this key, so a difference from the baseline need not be the owner's.
    pub(crate) refreshed: bool,
    /// The baseline fails its own check: nobody can tell what we last wrote.
    pub(crate) lost: bool,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAction {
    /// It is as desired; the baseline records that.
    Record,
    /// Write the desired value (absent: remove the key) and record it.
    Write,
    /// It is the owner's. In conflict, the vendor has moved on since the baseline.
    Keep {
        /// Whether the vendor's value changed too.
        conflict: bool,
    },
    /// The server set it; the vendor has not changed since the baseline.
    Drift,
}

/// Decides over one key: the first rule that fits.
pub(crate) fn key(key: Key<'_>) -> KeyAction {
    let moved = key.desired != key.baseline;
    if key.owners {
        let differs = key.actual != key.desired;
        KeyAction::Keep {
            conflict: moved && differs,
        }
    } else if key.actual == key.desired {
        KeyAction::Record
    } else if key.lost {
        KeyAction::Keep { conflict: false }
    } else if key.actual == key.baseline {
        KeyAction::Write
    } else if key.refreshed {
        if moved {
            KeyAction::Write
        } else {
            KeyAction::Drift
        }
    } else {
        KeyAction::Keep { conflict: moved }
    }
}

#[cfg(test)]
mod tests;
