//! What one line of a file does.

use std::path::Path;

use bstr::{BString, ByteSlice as _};

use crate::document::{Assignment, Document};
use crate::format::{Format, Item, Kind, Lost};

/// What stands on a line.
#[derive(Debug, Clone)]
pub enum Line<'d> {
    /// An assignment, which the ledger has.
    Assignments {
        /// It.
        first: Assignment<'d>,
        /// More of them, where a line has several.
        others: Vec<Assignment<'d>>,
    },
    /// A header: what follows belongs to this section.
    Header(BString),
    /// A comment.
    Comment,
    /// Nothing.
    Blank,
    /// What the consumer refuses, and what it loses by it.
    Problem(String, Lost),
    /// The file ends before it, after this many lines.
    Beyond(usize),
    /// The file is not read, so its lines do nothing.
    NotRead,
}

/// What stands on the line of this number, counted from 1, of the file at `path`.
pub fn line<'d>(
    document: &'d Document,
    path: &Path,
    format: &dyn Format,
    number: usize,
) -> Option<Line<'d>> {
    let mut files = document.entry().files();
    let (id, file) = files.find(|(_, file)| file.path == path)?;
    let text = &file.text;
    if text.is_empty() {
        return Some(Line::NotRead);
    }
    let count = text.lines().count();
    if !(1..=count).contains(&number) {
        return Some(Line::Beyond(count));
    }
    let mut here = document
        .assignments_of(id)
        .filter(|a| a.lines().contains(&number));
    if let Some(first) = here.next() {
        let others = here.collect();
        return Some(Line::Assignments { first, others });
    }
    let mut found = None;
    format.read(text, &mut |Item { lines, kind, .. }| {
        if lines.contains(&number) {
            found.get_or_insert(match kind {
                Kind::Blank => Line::Blank,
                Kind::Comment => Line::Comment,
                Kind::Section(name) => Line::Header(name.into_owned().into()),
                Kind::Problem(problem) => Line::Problem(problem.message, problem.lost),
                // The ledger has no row of a file that is read elsewhere.
                Kind::Assignment(_) => Line::NotRead,
            });
        }
    });
    // A format that leaves gaps has nothing but comments, blanks and headers in them.
    let bytes = text.lines().nth(number - 1)?.trim_ascii();
    Some(found.unwrap_or_else(|| match bytes {
        [] => Line::Blank,
        [b'[', ..] => Line::Header(bytes.trim_with(|c| "[] \t".contains(c)).into()),
        _ => Line::Comment,
    }))
}
