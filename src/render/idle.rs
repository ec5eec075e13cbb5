//! The sentence for why there is nothing to do for an entry.

use overlay_adapters::report::{EntryReport, Going, Idle};
use overlay_resolver::escape::escape_path;

use super::decision::{going, masked, reason};
use super::foreign::with_advice;
use super::one;

/// Why there is nothing to do for an entry, and what to do instead.
pub(crate) fn idle(entry: &EntryReport, why: &Idle) -> String {
    // Only what is whole is meant by its name alone.
    let name = if entry.whole {
        entry.called()
    } else {
        entry.full_name()
    };
    let why = match why {
        Idle::There => "is not deleted: it is there".into(),
        Idle::ToBeMade => "is not deleted; `overlayctl sync` makes it".into(),
        Idle::Follows => "follows the vendor already".into(),
        Idle::Released => "does not follow the vendor".into(),
        Idle::Unedited => "has nothing there that is yours".into(),
        Idle::Masked(mask) => format!(
            "is {}: remove {}, and run `overlayctl sync`",
            masked(mask),
            escape_path(&mask.path)
        ),
        Idle::Broken => "cannot be read well enough; mend that first".into(),
        Idle::NotShipped => "is not what the vendor ships".into(),
        Idle::InUse => format!(
            "is {}, and stays only because it is in use",
            going(&Going::Withdrawn)
        ),
        Idle::Inherited => "is inherited from another repository".into(),
        Idle::NameTaken(why) => {
            let fact = format!(
                "is not deleted: {} of somebody else has its name",
                one(entry.noun)
            );
            with_advice(fact, why, entry.noun, &name)
        }
        Idle::Deleted => format!("is deleted; `overlayctl restore {name}` brings it back"),
        Idle::NotMade => "is not there yet; `overlayctl sync` makes it".into(),
        Idle::NotAdopted => "does not follow the vendor yet; `overlayctl sync` adopts it".into(),
        Idle::NotFollowing => {
            format!("does not follow the vendor; `overlayctl adopt {name}` comes first")
        }
        Idle::NotGiven => format!("is not given: {}", reason(entry)),
        Idle::ByMask => {
            "is one key of what it is for; an empty file of its name in a higher layer leaves that to you".into()
        }
    };
    format!("{name}: nothing to do: it {why}")
}
