//! `sysctl.d(5)`, as `systemd-sysctl` reads it (`src/sysctl/sysctl.c` `parse_file()`).
//!
//! `kernel/panic` and `kernel.panic` are one variable, which is told in the second form: if a slash is the
//! first separator of a name, its slashes and dots change places. A `-` before a name only says that a
//! failure does not matter; `-NAME` alone takes NAME out of what a pattern sets, and is an assignment of
//! the key `-NAME` here. There is no continuation, and `#` and `;` start comments.

use std::borrow::Cow;

use bstr::ByteSlice as _;

use super::physical::{self, trim};
use super::{Format, Item, Kind, Lost, Pair, Problem, Value};
use crate::escape::excerpt;

/// Kernel variables.
#[derive(Debug)]
pub(super) struct Sysctl;

impl Format for Sysctl {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        for line in physical::lines(text) {
            let kind = match trim(line.content) {
                [] => Kind::Blank,
                _ if line.is_comment() => Kind::Comment,
                content => statement(content, line.end() - blanks_behind(line.content)),
            };
            sink(Item {
                span: line.span,
                lines: line.number..=line.number,
                kind,
            });
        }
    }
}

/// What a line says whose last character other than a blank ends at `end`.
fn statement(content: &[u8], end: usize) -> Kind<'_> {
    let (key, value) = match (content.split_once_str("="), content) {
        (Some((key, value)), _) => (trim(key.strip_prefix(b"-").unwrap_or(key)), trim(value)),
        (None, [b'-', ..]) => (content, &b""[..]),
        (None, _) => {
            return Kind::Problem(Problem::new(
                Lost::Item,
                format!("expected `variable=value`, found `{}`", excerpt(content)),
            ));
        }
    };
    Kind::Assignment(Pair {
        section: Cow::Borrowed(b""),
        key: dotted(key),
        raw: end - value.len()..end,
        value: Value::plain(value),
    })
}

fn blanks_behind(line: &[u8]) -> usize {
    let blanks = line.iter().rev();
    blanks
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count()
}

/// The name with dots between its parts (`sysctl_normalize()`).
fn dotted(name: &[u8]) -> Cow<'_, [u8]> {
    match name.find_byteset(b"/.").and_then(|at| name.get(at)) {
        Some(b'/') => name
            .iter()
            .map(|byte| match byte {
                b'/' => b'.',
                b'.' => b'/',
                other => *other,
            })
            .collect::<Vec<_>>()
            .into(),
        _ => Cow::Borrowed(name),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::laws::items;
    use super::*;
    use crate::hostile;

    #[test]
    fn lines_as_systemd_sysctl_reads_them() {
        for (text, expected) in [
            ("kernel.panic = 5 ", "kernel.panic=5"),
            ("kernel/panic=5", "kernel.panic=5"),
            (
                "net/ipv4/conf/eth0.1/rp_filter=1",
                "net.ipv4.conf.eth0/1.rp_filter=1",
            ),
            (
                "net.ipv4.conf.eth0/1.rp_filter=1",
                "net.ipv4.conf.eth0/1.rp_filter=1",
            ),
            ("-kernel.panic=5", "kernel.panic=5"),
            (
                "-net.ipv4.conf.all.rp_filter",
                "-net.ipv4.conf.all.rp_filter=",
            ),
            ("a=b=c", "a=b=c"),
            ("a=x\\", "a=x\\"),
            ("a=", "a="),
            (" # a=b", ""),
            ("junk", "!expected `variable=value`, found `junk`"),
        ] {
            let mut found = String::new();
            Sysctl.read(text.as_bytes(), &mut |item| match item.kind {
                Kind::Assignment(pair) => {
                    let value = pair.value.text().unwrap_or_default();
                    assert_eq!(text.as_bytes().get(pair.raw), Some(value), "{text}");
                    found = format!("{}={}", pair.key.to_str_lossy(), value.to_str_lossy());
                }
                Kind::Problem(problem) => found = format!("!{}", problem.message),
                Kind::Blank | Kind::Comment | Kind::Section(_) => {}
            });
            assert_eq!(found, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_value_is_what_stands_there(text in hostile::text()) {
            for item in items(&Sysctl, &text) {
                if let Kind::Assignment(pair) = item.kind {
                    prop_assert_eq!(text.get(pair.raw), pair.value.text());
                }
            }
        }
    }
}
