//! What TOML and JSON have in common: tables in tables, whose leaves are the assignments.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

#[cfg(test)]
pub(super) mod testing;

use super::{Item, Kind, Lost, Node, Pair, Problem, Value, path};

/// How many levels of tables and lists a text may have. No configuration needs as many, and what
/// descends into them, the freeing of memory included, stays far from the end of the stack.
pub(super) const MAX_DEPTH: usize = 128;

/// Why a text cannot be read, and the byte at which that shows.
pub(super) struct Fault {
    at: usize,
    message: String,
}

impl Fault {
    pub(super) fn new(at: usize, message: impl Into<String>) -> Self {
        Self {
            at,
            message: message.into(),
        }
    }

    pub(super) fn too_deep(at: usize) -> Self {
        Self::new(
            at,
            format!("is nested deeper than {MAX_DEPTH} levels of tables and lists"),
        )
    }
}

/// The text, or where it ceases to be one.
pub(super) fn utf8(text: &[u8]) -> Result<&str, Fault> {
    str::from_utf8(text).map_err(|error| {
        Fault::new(
            error.valid_up_to(),
            "expected UTF-8, found other bytes on this line",
        )
    })
}

/// One value, and where it stands.
struct Leaf {
    section: Rc<str>,
    key: String,
    span: Range<usize>,
    raw: Range<usize>,
    node: Node,
}

/// The leaves of a text, in the order in which they were met.
#[derive(Default)]
pub(super) struct Leaves(Vec<Leaf>);

impl Leaves {
    /// Adds the value at `raw`, whose name `key` stands at `name`, in the table `section`.
    pub(super) fn push(
        &mut self,
        section: &Rc<str>,
        key: &str,
        name: &Range<usize>,
        raw: Range<usize>,
        node: Node,
    ) {
        self.0.push(Leaf {
            section: Rc::clone(section),
            key: path::quote(key).into_owned(),
            // The name of an empty table, or of a list of tables, stands inside its header.
            span: name.start.min(raw.start)..name.end.max(raw.end),
            raw,
            node,
        });
    }
}

/// Hands over what was found in `text`, or why nothing was.
pub(super) fn emit<'t>(
    text: &'t [u8],
    found: Result<Leaves, Fault>,
    sink: &mut dyn FnMut(Item<'t>),
) {
    let lines = Lines::of(text);
    match found {
        Ok(Leaves(mut leaves)) => {
            leaves.sort_by_key(|leaf| leaf.span.start);
            for leaf in leaves {
                sink(Item {
                    lines: lines.at(leaf.span.start)..=lines.at(leaf.span.end.saturating_sub(1)),
                    span: leaf.span,
                    kind: Kind::Assignment(Pair {
                        section: Cow::Owned(leaf.section.as_bytes().to_vec()),
                        key: Cow::Owned(leaf.key.into_bytes()),
                        raw: leaf.raw,
                        value: Value::Typed(leaf.node),
                    }),
                });
            }
        }
        Err(fault) => {
            let at = fault.at.min(text.len());
            let line = lines.at(at);
            sink(Item {
                span: at..lines.start(line + 1).unwrap_or(text.len()),
                lines: line..=line,
                kind: Kind::Problem(Problem::new(Lost::File, fault.message)),
            });
        }
    }
}

/// Where the lines of a text begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &[u8]) -> Self {
        let ends = (1..).zip(text).filter(|&(_, &byte)| byte == b'\n');
        Self(std::iter::once(0).chain(ends.map(|(end, _)| end)).collect())
    }

    /// The line of the byte at `offset`, counted from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&start| start <= offset)
    }

    /// The first byte of `line`, counted from 1.
    pub(super) fn start(&self, line: usize) -> Option<usize> {
        self.0.get(line.checked_sub(1)?).copied()
    }
}
