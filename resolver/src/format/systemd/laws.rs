//! What holds for every text.

use bstr::{BStr, ByteSlice as _};
use proptest::prelude::*;

use super::super::laws::items;
use super::*;
use crate::hostile;

/// A text without headers, continuations and sharp ends of line, read in the plainest way.
fn naive(text: &str) -> Vec<(usize, &str, &str)> {
    (1..)
        .zip(text.split('\n'))
        .filter_map(|(number, line)| {
            let (key, value) = line.split_once('=')?;
            let blanks: &[char] = &[' ', '\t'];
            Some((number, key.trim_matches(blanks), value.trim_matches(blanks)))
        })
        .filter(|(_, key, _)| !key.is_empty() && !key.starts_with(['#', ';']))
        .collect()
}

proptest! {
    #[test]
    fn items_are_whole_lines(text in hostile::text(), flat: bool) {
        let format = if flat { Systemd::Flat } else { Systemd::Sections };
        let mut number = 0;
        for item in items(&format, &text) {
            prop_assert_eq!(*item.lines.start(), number + 1);
            number = *item.lines.end();
            if let Kind::Assignment(pair) = item.kind {
                // The end of the text may cut a continuation short.
                let joins = item.lines.start() < item.lines.end() || item.span.end == text.len();
                prop_assert!(joins || Some(&text[pair.raw]) == pair.value.text());
            }
        }
        prop_assert_eq!(number, physical::lines(&text).count());
    }

    #[test]
    fn single_lines_are_what_they_look_like(text in "[a-c=#; \t\u{c}é\\n]{0,40}") {
        let found = items(&Systemd::Flat, text.as_bytes());
        let found: Vec<_> = found
            .iter()
            .filter_map(|item| match &item.kind {
                Kind::Assignment(pair) => Some((*item.lines.start(), pair.key.as_bstr(), pair.value.text()?.as_bstr())),
                _ => None,
            })
            .collect();
        let expected: Vec<_> = naive(&text)
            .into_iter()
            .map(|(number, key, value)| (number, BStr::new(key), BStr::new(value)))
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn what_stands_below_a_line_does_not_change_it(text in hostile::text(), rest in hostile::text()) {
        // An LF that nothing joins to the next line.
        let start = [text.as_slice(), b"\n\n"].concat();
        let whole = [start.as_slice(), b"a\n", &rest].concat();
        let start = items(&Systemd::Sections, &start);
        prop_assert!(items(&Systemd::Sections, &whole).starts_with(&start));
    }
}
