//! Lines as systemd reads them from a file (`fileio.c` `read_line_full()`): its formats share that
//! reader, and with it a few ends of line that nobody would expect.

use std::ops::Range;

use bstr::ByteSlice as _;

/// One line of a text.
#[derive(Debug)]
pub(super) struct Line<'t> {
    /// Its number, counted from 1.
    pub(super) number: usize,
    /// Its bytes in the text, the line end included.
    pub(super) span: Range<usize>,
    /// What stands in it, the line end excluded: neither LF nor CR nor NUL.
    pub(super) content: &'t [u8],
}

impl Line<'_> {
    /// Where the line end begins.
    pub(super) fn end(&self) -> usize {
        self.span.start + self.content.len()
    }

    /// Whether its first character other than a blank makes a comment of it.
    pub(super) fn is_comment(&self) -> bool {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
        let first = self.content.iter().find(|byte| !is_blank(byte));
        matches!(first, Some(b'#' | b';'))
    }
}

/// The lines of `text`; their spans cover it without a gap.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    (1..).map_while(move |number| {
        let rest = Some(&text[start..]).filter(|rest| !rest.is_empty())?;
        // Of a sparse file each byte is a line: it is not searched for.
        let length = match rest {
            [b'\n' | b'\r' | 0, ..] => 0,
            _ => rest.find_byteset(b"\n\r\0").unwrap_or(rest.len()),
        };
        let (content, behind) = rest.split_at(length);
        let span = start..start + length + end_of_line(behind);
        start = span.end;
        Some(Line {
            number,
            span,
            content,
        })
    })
}

/// How many bytes the line end takes that `bytes` starts with: one LF and one CR in either order, or
/// one of them, and a NUL behind it; or a NUL.
fn end_of_line(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', b'\r', 0, ..] | [b'\r', b'\n', 0, ..] => 3,
        [b'\n', b'\r', ..] | [b'\r', b'\n', ..] | [b'\n' | b'\r', 0, ..] => 2,
        [_, ..] => 1,
        [] => 0,
    }
}

/// `bytes` without the blanks around them: systemd's `WHITESPACE`, of which space and tab may stand
/// inside a line. Form feeds and vertical tabs are ordinary characters.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_lines() {
        let case = |text: &[u8], contents: &[&str]| {
            let found: Vec<_> = lines(text)
                .map(|line| line.content.to_str_lossy())
                .collect();
            assert_eq!(found, contents, "{:?}", text.as_bstr());
            let spans: Vec<_> = lines(text).flat_map(|line| line.span).collect();
            assert_eq!(spans, (0..text.len()).collect::<Vec<_>>());
        };
        case(b"", &[]);
        case(b"a", &["a"]);
        case(b"a\n", &["a"]);
        case(b"\n", &[""]);
        case(b"a\nb\rc\r\nd\n\re\0f", &["a", "b", "c", "d", "e", "f"]);
        case(b"a\n\0b\r\0c\r\n\0d\n\r\0e", &["a", "b", "c", "d", "e"]);
        case(b"a\n\nb\r\rc\0\0d", &["a", "", "b", "", "c", "", "d"]);
        case(b"a\0\nb\0\rc", &["a", "", "b", "", "c"]);
        case(
            b"a\r\n\r\nb\n\r\nc\r\n\rd",
            &["a", "", "b", "", "c", "", "d"],
        );
    }

    #[test]
    fn blanks_are_space_and_tab() {
        assert_eq!(trim(b" \t a b\t "), b"a b");
        assert_eq!(trim(b"\x0ca\x0b"), b"\x0ca\x0b");
        assert_eq!(trim(b" \t"), b"");
    }
}
