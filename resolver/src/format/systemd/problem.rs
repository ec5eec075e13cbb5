//! What systemd refuses, in words: what was expected, what was found and what to do.

use super::{Lost, Problem};
use crate::escape::excerpt;

pub(super) fn too_long(length: usize) -> Problem {
    let message = format!(
        "expected less than 1 MiB in a line with all that continues it, found {length} bytes; \
         systemd reads no further: split the value up"
    );
    Problem::new(Lost::Rest, message)
}

pub(super) fn not_text(statement: &[u8]) -> Problem {
    let message = format!(
        "expected UTF-8 without noncharacters, found other bytes in `{}`; \
         systemd reads no further: save the file as UTF-8",
        excerpt(statement)
    );
    Problem::new(Lost::Rest, message)
}

pub(super) fn unclosed(header: &[u8]) -> Problem {
    let message = format!(
        "expected `]` at the end of the section header, found `{}`; \
         systemd reads no further: a comment needs its own line",
        excerpt(header)
    );
    Problem::new(Lost::Rest, message)
}

pub(super) fn unsafe_name(name: &[u8]) -> Problem {
    let message = format!(
        "expected a section name without quotes, backslashes and control characters, found `{}`; \
         systemd reads no further: correct the name",
        excerpt(name)
    );
    Problem::new(Lost::Rest, message)
}

pub(super) fn nameless() -> Problem {
    Problem::new(
        Lost::Item,
        "expected the name of a section between `[` and `]`, found none; \
         write one, or nothing below the header has an effect",
    )
}

pub(super) fn below_nameless() -> Problem {
    Problem::new(
        Lost::Item,
        "belongs to no section: the header above it has no name; write one there",
    )
}

pub(super) fn below_unreadable() -> Problem {
    Problem::new(
        Lost::Item,
        "belongs to no section: the header above it cannot be read; correct that first",
    )
}

pub(super) fn no_section(statement: &[u8]) -> Problem {
    let message = format!(
        "expected a `[section]` above the first key, found `{}`; put it below a header",
        excerpt(statement)
    );
    Problem::new(Lost::Item, message)
}

pub(super) fn no_equals(statement: &[u8]) -> Problem {
    let message = format!(
        "expected `key=value`, `[section]`, or a comment that starts with `#` or `;`, found `{}`; \
         make it one of these",
        excerpt(statement)
    );
    Problem::new(Lost::Item, message)
}

pub(super) fn no_key(statement: &[u8]) -> Problem {
    let message = format!(
        "expected a key before the `=`, found `{}`; write one, or remove the line",
        excerpt(statement)
    );
    Problem::new(Lost::Item, message)
}
