//! Files that are one value, such as scripts and policies: a fragment replaces or masks another, and
//! nothing inside it is looked at.
//!
//! The text is the value of the key `""` in the section `""`. An empty text says nothing.

use std::borrow::Cow;

use super::{Format, Item, Kind, Pair, Value};

/// The whole text is one assignment.
#[derive(Debug)]
pub(super) struct Opaque;

impl Format for Opaque {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        if text.is_empty() {
            return;
        }
        let lines = text.split_inclusive(|&byte| byte == b'\n').count();
        sink(Item {
            span: 0..text.len(),
            lines: 1..=lines,
            kind: Kind::Assignment(Pair {
                section: Cow::Borrowed(b""),
                key: Cow::Borrowed(b""),
                raw: 0..text.len(),
                value: Value::plain(text),
            }),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_value() {
        let case = |text: &[u8], expected: Option<usize>| {
            let mut last = None;
            Opaque.read(text, &mut |item| {
                assert_eq!(
                    (item.span, *item.lines.start(), last),
                    (0..text.len(), 1, None)
                );
                last = Some(*item.lines.end());
                let Kind::Assignment(pair) = item.kind else {
                    panic!("{:?}", item.kind);
                };
                assert_eq!((&*pair.section, &*pair.key), (&b""[..], &b""[..]));
                assert_eq!((pair.raw, pair.value), (0..text.len(), Value::plain(text)));
            });
            assert_eq!(last, expected, "{text:?}");
        };
        case(b"", None);
        case(b"a", Some(1));
        case(b"a\n", Some(1));
        case(b"\n", Some(1));
        case(b"#!/bin/sh\n\xff\0\n\nend", Some(4));
    }
}
