//! GLib's `GKeyFile`, in the reading of [`keyfile`](crate::keyfile).

use std::borrow::Cow;
use std::ops::Range;

use super::{Format, Item, Kind, Lost, Pair, Problem, Value};
use crate::keyfile::{self, LineKind};

/// `GKeyFile`: at the first broken line GLib gives the whole file up (`g_key_file_load_from_data`).
#[derive(Debug)]
pub(super) struct GKeyFile;

impl Format for GKeyFile {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        // None below a header that cannot be read: nobody knows the section there.
        let mut section = None;
        for line in keyfile::lines(text) {
            let slice = |range: &Range<usize>| &text[range.clone()];
            let kind = match line.kind {
                LineKind::Blank => Kind::Blank,
                LineKind::Comment => Kind::Comment,
                LineKind::Group { name } => {
                    section = Some(slice(&name));
                    Kind::Section(Cow::Borrowed(slice(&name)))
                }
                LineKind::Pair { key, locale, value } => match section {
                    Some(section) => Kind::Assignment(Pair {
                        section: Cow::Borrowed(section),
                        // `Title[de]` is a key of its own.
                        key: Cow::Borrowed(slice(
                            &(key.start..locale.map_or(key.end, |locale| locale.end + 1)),
                        )),
                        value: Value::plain(slice(&value)),
                        raw: value,
                    }),
                    None => Kind::Problem(Problem::new(
                        Lost::Item,
                        "belongs to no group: the header above it cannot be read",
                    )),
                },
                LineKind::Invalid(problem) => {
                    if problem.hides_group() {
                        section = None;
                    }
                    Kind::Problem(Problem::new(Lost::File, problem.to_string()))
                }
            };
            sink(Item {
                span: line.span,
                lines: line.number..=line.number,
                kind,
            });
        }
    }
}
