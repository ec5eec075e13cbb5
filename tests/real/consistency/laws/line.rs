//! What is said of one line of a file.

use serde_json::Value;

use super::text;
use crate::consistency::case::{Answer, Case};

/// How many lines of a file are asked about.
const LINES: u64 = 3;

/// The fate of a line is that of the assignment on it.
pub(super) fn examine(case: &Case<'_>, file: &str, path: &str) {
    let show = case.json(&["show", path]);
    for line in 1..=LINES {
        let is_here = |found: &&Value| {
            let covers =
                found["line"].as_u64() <= Some(line) && Some(line) <= found["last_line"].as_u64();
            covers && found["path"] == file
        };
        let own: Vec<_> = show
            .list("assignments")
            .iter()
            .filter(is_here)
            .cloned()
            .collect();
        let why = case.both(&["why", &format!("{file}:{line}")]).1;
        let effect = &why.json["effect"];
        if effect.is_null() {
            // The file ends before it.
            case.holds(
                "a line that why does not know assigns nothing",
                own.is_empty(),
                &show,
                &own,
            );
            return;
        }
        case.agree(
            "why has of a line the assignments that show has",
            show.says(&own),
            why.says(&of_entry(&why, &show)),
        );
        let state = text(effect, "state");
        let Some(first) = own.first() else {
            let is_none = ["header", "comment", "blank-line", "problem", "unread"].contains(&state);
            case.holds(
                "a line without an assignment has no fate",
                is_none,
                &why,
                effect,
            );
            continue;
        };
        let read = ["applied", "superseded", "reset"].contains(&text(first, "state"));
        let expected = if read && !first["ignored"].is_null() {
            "unknown"
        } else {
            text(first, "state")
        };
        case.agree(
            "why says of a line what became of its assignment",
            show.says(&(expected, &first["outcome"])),
            why.says(&(state, &effect["outcome"])),
        );
    }
}

/// The assignments in the document that `show` is about; a drop-in may belong to several.
fn of_entry<'a>(why: &'a Answer, show: &Answer) -> Vec<&'a Value> {
    let names: Vec<_> = show
        .list("assignments")
        .iter()
        .map(|found| &found["entry"])
        .collect();
    let found = why.list("assignments").iter();
    found
        .filter(|found| names.contains(&&found["entry"]))
        .collect()
}
