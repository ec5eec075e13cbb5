//! What the owner asks of single entries, and when there is nothing to do about it.

use std::collections::BTreeSet;

use super::decision::{CollectionDecision, Decision, Foreign, Going, Mask};
use super::entry::{EntryReport, KeyReport};
use crate::reconcile::KeyAction;

/// What the owner asks of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Bring back what the owner deleted.
    Restore,
    /// Let what others made, or what was released, follow the vendor.
    Adopt,
    /// Give these keys of the target back to the vendor; without any, all that the owner changed.
    Revert(BTreeSet<String>),
    /// Leave it to the owner, whatever the vendor ships.
    Release,
}

/// Why a wish comes to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Idle {
    /// To be restored, and not deleted: it is there.
    There,
    /// To be restored, and not deleted: a run makes it.
    ToBeMade,
    /// To be adopted, and follows the vendor.
    Follows,
    /// To be released, and does not follow the vendor.
    Released,
    /// To be reverted, and nothing of it is the owner's.
    Unedited,
    /// It is masked.
    Masked(Mask),
    /// The layers or the target cannot be read well enough.
    Broken,
    /// The vendor does not ship it, or not under this name.
    NotShipped {
        /// What the vendor calls it now, if it does.
        new_name: Option<String>,
    },
    /// The vendor withdrew it, or calls it otherwise now, and it stays only because something depends on it.
    InUse {
        /// What the vendor calls it now, if it does.
        new_name: Option<String>,
    },
    /// It is inherited from another repository.
    Inherited,
    /// To be restored, and something else that others made has its name.
    NameTaken(Foreign),
    /// The owner deleted it.
    Deleted,
    /// It is not there before a run makes it.
    NotMade,
    /// It does not follow the vendor before a run adopts it.
    NotAdopted,
    /// To be reverted, and does not follow the vendor.
    NotFollowing,
    /// A collection ID that its remote does not get.
    NotGiven,
    /// To be released, and a collection ID: whoever masks that has it.
    ByMask,
}

impl Idle {
    /// The code of it in machine output.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::There => "there",
            Self::ToBeMade => "to-be-made",
            Self::Follows => "follows",
            Self::Released => "released",
            Self::Unedited => "unedited",
            Self::Masked(_) => "masked",
            Self::Broken => "broken",
            Self::NotShipped { .. } => "not-shipped",
            Self::InUse { .. } => "in-use",
            Self::Inherited => "inherited",
            Self::NameTaken(_) => "name-taken",
            Self::Deleted => "deleted",
            Self::NotMade => "not-made",
            Self::NotAdopted => "not-adopted",
            Self::NotFollowing => "not-following",
            Self::NotGiven => "not-given",
            Self::ByMask => "by-mask",
        }
    }

    /// Whether things are as they were wished; else something stands in the way.
    pub const fn is_so(&self) -> bool {
        match self {
            Self::There | Self::ToBeMade | Self::Follows | Self::Released | Self::Unedited => true,
            Self::Masked(_)
            | Self::Broken
            | Self::NotShipped { .. }
            | Self::InUse { .. }
            | Self::Inherited
            | Self::NameTaken(_)
            | Self::Deleted
            | Self::NotMade
            | Self::NotAdopted
            | Self::NotFollowing
            | Self::NotGiven
            | Self::ByMask => false,
        }
    }
}

impl Wish {
    /// Why there is nothing to do for an entry, by what a plan without the wish decided over it; none if
    /// there is something.
    pub fn idle(&self, entry: &EntryReport) -> Option<Idle> {
        let decision = &entry.decision;
        if let Decision::Collection(decision) = decision {
            return self.idle_of_id(decision);
        }
        in_the_way(decision).or_else(|| match self {
            Self::Restore => not_restored(decision),
            _ if *decision == Decision::Deleted => Some(Idle::Deleted),
            _ if matches!(decision, Decision::New { .. } | Decision::Renamed { .. }) => {
                Some(Idle::NotMade)
            }
            Self::Adopt => not_adopted(decision),
            Self::Release => not_released(decision),
            Self::Revert(keys) => not_reverted(decision, &entry.keys, keys),
        })
    }

    /// The same of a collection ID: one key, which is restored where it was taken away.
    const fn idle_of_id(&self, decision: &CollectionDecision) -> Option<Idle> {
        let is_taken_away = matches!(decision, CollectionDecision::TakenAway { .. });
        match (self, decision) {
            (
                _,
                CollectionDecision::NoHolder { .. }
                | CollectionDecision::OutOfScope { .. }
                | CollectionDecision::Twice { .. },
            )
            | (
                Self::Revert(_),
                CollectionDecision::Differs {
                    has_its_own: true, ..
                },
            ) => Some(Idle::NotGiven),
            (Self::Release, _) => Some(Idle::ByMask),
            (Self::Restore | Self::Revert(_), CollectionDecision::Given { .. }) => {
                Some(Idle::ToBeMade)
            }
            (Self::Restore, _) if !is_taken_away => Some(Idle::There),
            (Self::Adopt, _) => Some(Idle::Follows),
            (
                Self::Revert(_),
                CollectionDecision::Changed { .. } | CollectionDecision::There { .. },
            ) => Some(Idle::Unedited),
            (Self::Restore | Self::Revert(_), _) => None,
        }
    }

    /// Whether it gives a key of the target back to the vendor.
    pub fn reverts(&self, key: &str) -> bool {
        match self {
            Self::Revert(keys) => keys.is_empty() || keys.contains(key),
            Self::Restore | Self::Adopt | Self::Release => false,
        }
    }
}

/// What stands in the way of every wish.
fn in_the_way(decision: &Decision) -> Option<Idle> {
    match decision {
        Decision::Masked { mask }
        | Decision::MaskedForeign { mask }
        | Decision::LeftToOwner { mask } => Some(Idle::Masked(mask.clone())),
        Decision::Removed { why } | Decision::Released { why } => {
            Some(gone(why, |new_name| Idle::NotShipped { new_name }))
        }
        Decision::InUse { why, .. } => Some(gone(why, |new_name| Idle::InUse { new_name })),
        Decision::Run(_) => Some(Idle::NotShipped { new_name: None }),
        Decision::Broken { .. } | Decision::LayerMissing => Some(Idle::Broken),
        Decision::Foreign(Foreign::Inherited { .. }) => Some(Idle::Inherited),
        _ => None,
    }
}

/// The same of one that is to go; unless it is masked, it is for what the vendor calls it now.
fn gone(why: &Going, unless_masked: impl Fn(Option<String>) -> Idle) -> Idle {
    match why {
        Going::Masked(mask) => Idle::Masked(mask.clone()),
        Going::Withdrawn => unless_masked(None),
        Going::Renamed(name) => unless_masked(Some(name.clone())),
    }
}

fn not_restored(decision: &Decision) -> Option<Idle> {
    match decision {
        Decision::Deleted => None,
        Decision::New { .. } | Decision::Renamed { .. } => Some(Idle::ToBeMade),
        Decision::Foreign(why) => Some(Idle::NameTaken(why.clone())),
        _ => Some(Idle::There),
    }
}

const fn not_adopted(decision: &Decision) -> Option<Idle> {
    match decision {
        Decision::Foreign(_) | Decision::ReleasedByOwner | Decision::Adopted { .. } => None,
        _ => Some(Idle::Follows),
    }
}

const fn not_released(decision: &Decision) -> Option<Idle> {
    match decision {
        // This would be two runs: one that adopts, and one that does as asked.
        Decision::Adopted { .. } => Some(Idle::NotAdopted),
        Decision::Foreign(_) | Decision::ReleasedByOwner => Some(Idle::Released),
        _ => None,
    }
}

/// The same, of some keys; without any, of all.
fn not_reverted(decision: &Decision, known: &[KeyReport], keys: &BTreeSet<String>) -> Option<Idle> {
    match decision {
        Decision::Adopted { .. } => Some(Idle::NotAdopted),
        Decision::Foreign(_) | Decision::ReleasedByOwner => Some(Idle::NotFollowing),
        _ => {
            let is_meant = |key: &&KeyReport| keys.is_empty() || keys.contains(&key.key);
            let mut meant = known.iter().filter(is_meant);
            // What a server refreshes is given back where it is named.
            let is_given_back = |key: &KeyReport| {
                key.is_owners() || keys.contains(&key.key) && key.action == Some(KeyAction::Drift)
            };
            (!meant.any(is_given_back)).then_some(Idle::Unedited)
        }
    }
}
