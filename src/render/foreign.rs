//! The sentence for why an entry that others made is not touched, and what its owner can do about it.

use std::path::Path;

use overlay_adapters::report::Foreign;
use overlay_resolver::escape::escape_path;

use super::one;

/// Why an entry is not touched, and what its owner can do about it.
pub(super) fn foreign(why: &Foreign, noun: &str, name: &str) -> String {
    with_advice(fact(why, noun), why, noun, name)
}

/// A fact, and what its owner can do about the entry that is not touched.
pub(super) fn with_advice(fact: String, why: &Foreign, noun: &str, name: &str) -> String {
    match advice(why, noun, name) {
        Some(advice) => format!("{fact}; {advice}"),
        None => fact,
    }
}

fn show(path: &Path) -> String {
    escape_path(path).to_string()
}

fn fact(why: &Foreign, noun: &str) -> String {
    match why {
        Foreign::Other => "something else of this name was made by somebody else".into(),
        Foreign::OtherUrl => format!(
            "{} of this name with another URL was made by somebody else",
            one(noun)
        ),
        Foreign::OtherRemote { place } => format!(
            "{} is another {noun} of this name, made by somebody else",
            show(place)
        ),
        Foreign::Elsewhere { place, .. } => format!(
            "it is defined in {}, and ostree fails where a name is defined twice",
            show(place)
        ),
        Foreign::ReadOnly { place, .. } => format!(
            "it is defined in {}, on a read-only file system",
            show(place)
        ),
        Foreign::Needed { place, origin, .. } => format!(
            "it is defined in {}, which all deployments share, and another one follows it by {}: it stays, so that the way back to that one is a system that can be updated",
            show(place),
            show(origin)
        ),
        Foreign::Symlink { place, end } => format!(
            "{} is a symlink to {}, which is left alone",
            show(place),
            show(end)
        ),
        Foreign::Inherited { place } => format!("it is inherited from {}", show(place)),
    }
}

fn advice(why: &Foreign, noun: &str, name: &str) -> Option<String> {
    Some(match why {
        Foreign::Other | Foreign::OtherUrl | Foreign::OtherRemote { .. } => {
            format!("`overlayctl adopt {name}` takes it over")
        }
        Foreign::Elsewhere { own, .. } => {
            format!("`overlayctl adopt {name}` moves it to {}", show(own))
        }
        Foreign::ReadOnly { own, .. } => format!(
            "once that can be written, `overlayctl adopt {name}` moves it to {}",
            show(own)
        ),
        Foreign::Needed { own, .. } => format!(
            "once that one is gone (`ostree admin undeploy`), `overlayctl adopt {name}` moves it to {}",
            show(own)
        ),
        Foreign::Symlink { .. } => {
            format!("to manage the {noun}, remove the symlink and run `overlayctl restore {name}`")
        }
        Foreign::Inherited { .. } => return None,
    })
}
