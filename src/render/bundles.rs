//! Text about product bundles.

use overlay_resolver::escape::{escape, escape_path};

use super::style::{BAD, BOLD, FAINT, GOOD};
use crate::commands::bundles::Told;
use crate::text::{Text, say};

/// Each bundle with who chose it and what it brings.
pub(crate) fn bundles(told: &Told<'_>) -> Text {
    let mut text = Text::new();
    for (chosen, brought) in &told.chosen {
        text.gap();
        let name = &chosen.name;
        if let Ok(place) = &chosen.tree {
            let place = escape_path(place);
            say!(text, "{BOLD}{name}{BOLD:#}  {GOOD}applied{GOOD:#}  {place}");
        } else {
            say!(text, "{BOLD}{name}{BOLD:#}  {BAD}refused{BAD:#}");
        }
        say!(text, "  chosen by {}", chosen.by);
        if chosen.tree.is_ok() && brought.is_empty() {
            say!(text, "  {FAINT}brings nothing that is read{FAINT:#}");
        }
        for path in brought {
            say!(text, "  brings {}", escape_path(path));
        }
    }
    if told.chosen.is_empty() {
        say!(text, "no bundle is chosen");
    }
    if !told.others.is_empty() {
        text.gap();
        let names = told
            .others
            .iter()
            .map(|name| escape(name.as_bytes()).to_string());
        let names = names.collect::<Vec<_>>().join(", ");
        say!(text, "{FAINT}there, and not chosen: {names}{FAINT:#}");
    }
    text
}
