//! What the owner asks of single entries, and when there is nothing to do about it.

use std::collections::BTreeSet;

use overlay_resolver::escape::escape_path;

use super::decision::{Decision, Foreign, Going};
use super::entry::{EntryReport, KeyReport};

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
pub struct Idle {
    /// Whether things are as they were wished; else something stands in the way.
    pub is_so: bool,
    /// Why, and what to do.
    pub reason: String,
}

impl Wish {
    /// Why there is nothing to do for an entry, by what a plan without the wish decided over it; none if
    /// there is something.
    pub fn idle(&self, entry: &EntryReport) -> Option<Idle> {
        let name = entry.called();
        if let Some(reason) = in_the_way(&entry.decision) {
            return Some(Idle {
                is_so: false,
                reason,
            });
        }
        let idle = |is_so, reason: &str| {
            Some(Idle {
                is_so,
                reason: reason.into(),
            })
        };
        match (self, &entry.decision) {
            (Self::Restore, Decision::Deleted)
            | (
                Self::Adopt,
                Decision::Foreign(_) | Decision::ReleasedByOwner | Decision::Adopted { .. },
            ) => None,
            (Self::Restore, Decision::New { .. }) => {
                idle(true, "is not deleted; `overlayctl sync` makes it")
            }
            (Self::Restore, Decision::Foreign(_)) => Some(Idle {
                is_so: false,
                reason: format!(
                    "is not deleted: a remote of somebody else has its name; `overlayctl adopt {name}` takes that over"
                ),
            }),
            (Self::Restore, _) => idle(true, "is not deleted: it is there"),
            (_, Decision::Deleted) => Some(Idle {
                is_so: false,
                reason: format!("is deleted; `overlayctl restore {name}` brings it back"),
            }),
            (_, Decision::New { .. }) => {
                idle(false, "is not there yet; `overlayctl sync` makes it")
            }
            (Self::Adopt, _) => idle(true, "follows the vendor already"),
            // These would be two runs: one that adopts, and one that does as asked.
            (Self::Release | Self::Revert(_), Decision::Adopted { .. }) => idle(
                false,
                "does not follow the vendor yet; `overlayctl sync` adopts it",
            ),
            (Self::Release, Decision::Foreign(_) | Decision::ReleasedByOwner) => {
                idle(true, "does not follow the vendor")
            }
            (Self::Release, _) => None,
            (Self::Revert(_), Decision::Foreign(_) | Decision::ReleasedByOwner) => Some(Idle {
                is_so: false,
                reason: format!(
                    "does not follow the vendor; `overlayctl adopt {name}` comes first"
                ),
            }),
            (Self::Revert(keys), _) => {
                let yours = |key: &String| {
                    entry
                        .keys
                        .iter()
                        .any(|known| known.is_owners() && known.key == *key)
                };
                let any = if keys.is_empty() {
                    entry.keys.iter().any(KeyReport::is_owners)
                } else {
                    keys.iter().any(yours)
                };
                if any {
                    return None;
                }
                idle(true, "has nothing there that is yours")
            }
        }
    }
}

/// What stands in the way of every wish.
fn in_the_way(decision: &Decision) -> Option<String> {
    match decision {
        Decision::Masked { mask }
        | Decision::MaskedForeign { mask }
        | Decision::Removed {
            why: Going::Masked(mask),
        }
        | Decision::InUse {
            why: Going::Masked(mask),
            ..
        } => Some(format!(
            "is {mask}: remove {}, and run `overlayctl sync`",
            escape_path(&mask.path)
        )),
        Decision::Broken { .. } | Decision::LayerMissing => {
            Some("cannot be read well enough; mend that first".into())
        }
        Decision::Removed { .. }
        | Decision::Released
        | Decision::Collection(_)
        | Decision::Run(_) => Some("is not what the vendor ships".into()),
        Decision::InUse { why, .. } => {
            Some(format!("is {why}, and stays only because it is in use"))
        }
        Decision::Foreign(Foreign::Inherited { .. }) => {
            Some("is inherited from another repository".into())
        }
        _ => None,
    }
}
