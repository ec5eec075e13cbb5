//! The sentence for why there is nothing to do for an entry.

use overlay_adapters::report::{EntryReport, Idle};
use overlay_resolver::escape::{escape, escape_path};

use super::decision::{masked, reason};
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
        Idle::NotShipped { new_name } => {
            format!("is not what the vendor ships{}", called_now(new_name.as_deref()))
        }
        Idle::InUse { new_name } => format!(
            "is withdrawn by the vendor{}, and stays only because it is in use",
            called_now(new_name.as_deref())
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

/// Under which name the vendor has it.
fn called_now(new_name: Option<&str>) -> String {
    let name = new_name.map(|name| format!(", who calls it {} now", escape(name.as_bytes())));
    name.unwrap_or_default()
}
