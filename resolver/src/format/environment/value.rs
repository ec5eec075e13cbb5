//! What stands behind the `=`: quotes, escapes and continued lines.

use std::borrow::Cow;
use std::ops::Range;

/// A place in a text.
#[derive(Debug)]
pub(super) struct Cursor<'t> {
    pub(super) text: &'t [u8],
    pub(super) at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    pub(super) fn skip(&mut self, is_skipped: impl Fn(u8) -> bool) {
        let rest = &self.text[self.at..];
        let end = rest.iter().position(|&byte| !is_skipped(byte));
        self.at += end.unwrap_or(rest.len());
    }

    /// Moves behind a line end, of which CR LF is one.
    pub(super) fn end_line(&mut self) {
        if self.next() == Some(b'\r') && self.peek() == Some(b'\n') {
            self.at += 1;
        }
    }

    pub(super) fn since(&self, start: usize) -> &'t [u8] {
        &self.text[start..self.at]
    }
}

/// Reads what stands behind a `=`, quotes and line ends included.
#[derive(Debug)]
pub(super) struct ValueReader<'c, 't> {
    cursor: &'c mut Cursor<'t>,
    /// The value as written; ends behind the last byte that counts.
    raw: Range<usize>,
    /// The value; none until there is a character of it.
    value: Option<Joined<'t>>,
}

impl<'c, 't> ValueReader<'c, 't> {
    pub(super) fn new(cursor: &'c mut Cursor<'t>) -> Self {
        Self {
            raw: cursor.at..cursor.at,
            cursor,
            value: None,
        }
    }

    /// Reads to the end of the assignment; the value as written, and what it says.
    pub(super) fn read(mut self) -> (Range<usize>, Option<Cow<'t, [u8]>>) {
        while let Some(byte) = self.cursor.peek() {
            match byte {
                _ if is_line_end(byte) => {
                    self.cursor.end_line();
                    break;
                }
                b'\'' => self.single_quoted(),
                b'"' => self.double_quoted(),
                _ if is_blank(byte) => self.cursor.at += 1,
                _ => {
                    self.unquoted();
                    break;
                }
            }
        }
        (self.raw, self.value.map(Joined::finish))
    }

    fn single_quoted(&mut self) {
        self.cursor.at += 1;
        while self.cursor.next().is_some_and(|byte| byte != b'\'') {
            self.keep();
        }
        self.raw.end = self.cursor.at;
    }

    fn double_quoted(&mut self) {
        self.cursor.at += 1;
        while let Some(byte) = self.cursor.next().filter(|&byte| byte != b'"') {
            match self.cursor.peek() {
                Some(b'"' | b'\\' | b'`' | b'$') if byte == b'\\' => {
                    self.cursor.at += 1;
                    self.keep();
                }
                Some(b'\n') if byte == b'\\' => self.cursor.at += 1,
                None if byte == b'\\' => {}
                _ => self.keep(),
            }
        }
        self.raw.end = self.cursor.at;
    }

    fn unquoted(&mut self) {
        // What the value is without the blanks at its end.
        let mut length = None;
        while let Some(byte) = self.cursor.next() {
            if is_line_end(byte) {
                self.cursor.at -= 1;
                self.cursor.end_line();
                break;
            }
            if is_blank(byte) {
                length = length.or(Some(self.value.as_ref().map_or(0, Joined::len)));
                self.keep();
                continue;
            }
            length = None;
            // A line end vanishes with the backslash in front of it.
            let mut is_escaped = || self.cursor.next().is_some_and(|byte| !is_line_end(byte));
            if byte != b'\\' || is_escaped() {
                self.keep();
            }
            self.raw.end = self.cursor.at;
        }
        if let (Some(length), Some(value)) = (length, &mut self.value) {
            value.truncate(length);
        }
    }

    /// Adds the byte in front of the cursor to the value.
    fn keep(&mut self) {
        let text = self.cursor.text;
        let value = self.value.get_or_insert_with(|| Joined::new(text));
        value.push(self.cursor.at - 1);
    }
}

/// Bytes picked from a text, copied only if they do not stand together.
#[derive(Debug)]
struct Joined<'t> {
    text: &'t [u8],
    together: Range<usize>,
    copied: Option<Vec<u8>>,
}

impl<'t> Joined<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            together: 0..0,
            copied: None,
        }
    }

    /// Adds the byte at `at`.
    fn push(&mut self, at: usize) {
        let picked = &self.text[at..=at];
        if let Some(copied) = &mut self.copied {
            copied.extend_from_slice(picked);
        } else if self.together.is_empty() {
            self.together = at..at + 1;
        } else if self.together.end == at {
            self.together.end += 1;
        } else {
            self.copied = Some([self.together(), picked].concat());
        }
    }

    fn len(&self) -> usize {
        self.copied.as_ref().map_or(self.together.len(), Vec::len)
    }

    fn truncate(&mut self, length: usize) {
        match &mut self.copied {
            Some(copied) => copied.truncate(length),
            None => self.together.end = self.together.start + length,
        }
    }

    fn together(&self) -> &'t [u8] {
        &self.text[self.together.clone()]
    }

    fn finish(self) -> Cow<'t, [u8]> {
        let together = self.together();
        self.copied.map_or(Cow::Borrowed(together), Cow::Owned)
    }
}

/// systemd's `NEWLINE`.
pub(super) fn is_line_end(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// systemd's `WHITESPACE`.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
