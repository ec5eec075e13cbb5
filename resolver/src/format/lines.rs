//! Files that are collections of lines: `tmpfiles.d`, `sysusers.d`, `modules-load.d` and their like.
//!
//! A line is its own key: the key is the line without the blanks around it, the section and the value
//! are empty. So equal lines are one, and a line that one fragment has and another has not stands for
//! itself. Lines that start with `#` or `;` are comments, lines end as systemd's do (`physical`).
//!
//! Nothing is refused. Deliberately absent: the fields of a line, which every consumer has its own of,
//! and continuation: a line of udev rules that ends in a backslash is a line here, as is the next one.

use std::borrow::Cow;

use super::physical::{self, trim};
use super::{Format, Item, Kind, Pair, Value};

/// Lines that are their own keys.
#[derive(Debug)]
pub(super) struct Lines;

impl Format for Lines {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        for line in physical::lines(text) {
            let key = trim(line.content);
            let kind = if key.is_empty() {
                Kind::Blank
            } else if line.is_comment() {
                Kind::Comment
            } else {
                Kind::Assignment(Pair {
                    section: Cow::Borrowed(b""),
                    key: Cow::Borrowed(key),
                    raw: line.end()..line.end(),
                    value: Value::plain(b""),
                })
            };
            sink(Item {
                span: line.span,
                lines: line.number..=line.number,
                kind,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice as _;
    use proptest::prelude::*;

    use super::super::laws::items;
    use super::*;
    use crate::hostile;

    #[test]
    fn a_line_is_its_own_key() {
        let case = |text: &[u8], expected: &[(usize, &str)]| {
            let found: Vec<_> = items(&Lines, text)
                .into_iter()
                .filter_map(|item| match item.kind {
                    Kind::Assignment(pair) => {
                        assert_eq!(
                            (&*pair.section, pair.value.text()),
                            (&b""[..], Some(&b""[..]))
                        );
                        Some((*item.lines.start(), pair.key.to_str_lossy().into_owned()))
                    }
                    _ => None,
                })
                .collect();
            let expected: Vec<_> = expected
                .iter()
                .map(|(line, key)| (*line, (*key).to_owned()))
                .collect();
            assert_eq!(found, expected, "{:?}", text.as_bstr());
        };
        case(b"", &[]);
        case(b"loop", &[(1, "loop")]);
        case(b"# c\n\n; c\n \t\n  loop \n", &[(5, "loop")]);
        case(
            b"d /run/a 0755 - - - -\r\nL+ /b - - - - c=d # e\r\n",
            &[(1, "d /run/a 0755 - - - -"), (2, "L+ /b - - - - c=d # e")],
        );
        case(b"a\na\n", &[(1, "a"), (2, "a")]);
        case(b"a \\\n# c\nb", &[(1, "a \\"), (3, "b")]);
        case(b"\xff\0[b]", &[(1, "\u{fffd}"), (2, "[b]")]);
    }

    proptest! {
        #[test]
        fn an_item_is_a_line(text in hostile::text()) {
            for (item, line) in items(&Lines, &text).into_iter().zip(1..) {
                prop_assert_eq!(item.lines, line..=line);
            }
        }
    }
}
