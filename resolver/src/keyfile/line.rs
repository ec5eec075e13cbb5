//! What one line of a keyfile says.
//!
//! The rules are those of GLib's `g_key_file_parse_line` and of what it calls, including the corners
//! that nobody would choose; `tests/real/glib.rs` holds them against the installed GLib. The lines
//! are read in one pass; the only memory from line to line is the current and the first group.

use std::ops::Range;

use bstr::ByteSlice;

use super::{Line, LineKind, Problem};
use crate::escape::excerpt;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// In what the formats of this family differ, as data.
#[derive(Debug)]
pub(super) struct Dialect {
    /// The bytes that make a comment of the line they start.
    comments: &'static [u8],
}

impl Dialect {
    /// GLib's `GKeyFile`.
    pub(super) const GKEYFILE: Self = Self { comments: b"#" };
}

/// Reads all lines of `text`.
pub(super) fn read<'t>(text: &'t [u8], dialect: &'t Dialect) -> impl Iterator<Item = Line> + 't {
    let mut reader = Reader {
        dialect,
        first: None,
        current: Group::None,
    };
    let mut end = 0;
    (1..)
        .zip(text.lines_with_terminator())
        .map(move |(number, bytes)| {
            let start = end;
            end += bytes.len();
            let line = Part {
                bytes: content(bytes),
                start,
            };
            Line {
                number,
                span: start..end,
                kind: reader.line(line),
            }
        })
}

/// A line without its end. A CR counts as part of the end only in front of an LF.
pub(super) fn content(line: &[u8]) -> &[u8] {
    match line.strip_suffix(b"\n") {
        Some(line) => line.strip_suffix(b"\r").unwrap_or(line),
        None => line,
    }
}

/// What GLib sees of a line: a NUL ends its C strings.
pub(super) fn seen(line: &[u8]) -> &[u8] {
    line.find_byte(0).map_or(line, |nul| &line[..nul])
}

/// The current group.
#[derive(Debug)]
enum Group<'t> {
    /// There was no header yet.
    None,
    /// Its header could not be read.
    Unknown,
    /// Its name.
    Named(&'t [u8]),
}

/// What has to be remembered from line to line.
#[derive(Debug)]
struct Reader<'t> {
    dialect: &'t Dialect,
    first: Option<&'t [u8]>,
    current: Group<'t>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: Part<'t>) -> LineKind {
        self.statement(line).unwrap_or_else(|problem| {
            if problem.hides_group() {
                self.current = Group::Unknown;
            }
            LineKind::Invalid(problem)
        })
    }

    fn statement(&mut self, line: Part<'t>) -> Result<LineKind, Problem> {
        if line.start == 0 && line.bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(Problem::ByteOrderMark);
        }
        let (visible, hidden) = line.split_at(seen(line.bytes).len());
        let visible = visible.trim_start();
        match visible.bytes.first() {
            None => Ok(LineKind::Blank),
            Some(byte) if self.dialect.comments.contains(byte) => Ok(LineKind::Comment),
            Some(b'[') => self.group(visible, hidden),
            Some(_) => match visible.split_once(b'=') {
                Some((key, value)) => self.pair(key.trim_end(), value.trim_start(), hidden),
                None if visible.bytes.starts_with(b";") => Err(Problem::SemicolonComment),
                None => Err(Problem::Unrecognized {
                    found: excerpt(visible.bytes),
                }),
            },
        }
    }

    /// Reads a group header; `header` starts with `[`.
    fn group(&mut self, header: Part<'t>, hidden: Part<'t>) -> Result<LineKind, Problem> {
        let (_, inside) = header.split_at(1);
        let (name, rest) = inside
            .split_once(b']')
            .ok_or_else(|| Problem::UnclosedGroup {
                found: excerpt(header.bytes),
            })?;
        // GLib steps over characters, so that continuation bytes without a first byte vanish, and
        // it looks for the last `]` of the name behind a NUL, too.
        let is_ignored = |byte: &u8| matches!(byte, b' ' | b'\t' | 0x80..=0xbf);
        if !rest.bytes.iter().all(is_ignored) || hidden.bytes.contains(&b']') {
            return Err(Problem::TextAfterGroup {
                found: excerpt(&[rest.bytes, hidden.bytes].concat()),
            });
        }
        if name.bytes.is_empty() {
            return Err(Problem::EmptyGroup);
        }
        if name
            .bytes
            .iter()
            .any(|byte| byte.is_ascii_control() || *byte == b'[')
        {
            return Err(Problem::GroupName {
                found: excerpt(name.bytes),
            });
        }
        self.first.get_or_insert(name.bytes);
        self.current = Group::Named(name.bytes);
        Ok(LineKind::Group { name: name.span() })
    }

    fn pair(&self, key: Part<'t>, value: Part<'t>, hidden: Part<'t>) -> Result<LineKind, Problem> {
        if key.bytes.is_empty() {
            return Err(Problem::EmptyKey);
        }
        if matches!(self.current, Group::None) {
            return Err(Problem::OutsideGroup {
                key: excerpt(key.bytes),
            });
        }
        let (name, locale) = split_locale(key).ok_or_else(|| Problem::KeyName {
            found: excerpt(key.bytes),
        })?;
        if key.bytes == b"Encoding" && self.is_first_group() {
            require_utf8(value, hidden)?;
        }
        Ok(LineKind::Pair {
            key: name.span(),
            locale: locale.map(Part::span),
            value: value.span(),
        })
    }

    fn is_first_group(&self) -> bool {
        matches!(self.current, Group::Named(name) if Some(name) == self.first)
    }
}

/// Splits `Title[de]`; `None` if the brackets are misplaced (`g_key_file_is_key_name`).
fn split_locale(key: Part<'_>) -> Option<(Part<'_>, Option<Part<'_>>)> {
    let Some(bracket) = key.bytes.find_byteset(b"[]") else {
        return Some((key, None));
    };
    let (name, suffix) = key.split_at(bracket);
    let locale = suffix.bytes.strip_prefix(b"[")?.strip_suffix(b"]")?;
    if name.bytes.is_empty() || name.bytes.ends_with(b" ") || !is_locale(locale) {
        return None;
    }
    if locale.is_empty() {
        return Some((key, None));
    }
    let locale = Part {
        bytes: locale,
        start: suffix.start + 1,
    };
    Some((name, Some(locale)))
}

/// Whether all characters may stand in a locale. Continuation bytes too many are stepped over, as
/// by GLib.
fn is_locale(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        match bstr::decode_utf8(bytes) {
            (Some(c), size) if c.is_alphanumeric() || "-_.@".contains(c) => {
                let rest = &bytes[size..];
                let stray = rest.iter().take_while(|byte| matches!(byte, 0x80..=0xbf));
                bytes = &rest[stray.count()..];
            }
            _ => return false,
        }
    }
    true
}

/// GLib compares the length to the end of the line, not to a NUL.
fn require_utf8(value: Part<'_>, hidden: Part<'_>) -> Result<(), Problem> {
    if value.bytes.eq_ignore_ascii_case(b"UTF-8") && hidden.bytes.is_empty() {
        return Ok(());
    }
    Err(Problem::Encoding {
        found: excerpt(&[value.bytes, hidden.bytes].concat()),
    })
}

/// A part of the text that knows where it stands.
#[derive(Debug, Clone, Copy)]
struct Part<'t> {
    bytes: &'t [u8],
    start: usize,
}

impl Part<'_> {
    fn span(self) -> Range<usize> {
        self.start..self.start + self.bytes.len()
    }

    /// Splits in front of byte `at`, at most at the end.
    fn split_at(self, at: usize) -> (Self, Self) {
        let (bytes, rest) = self.bytes.split_at(at.min(self.bytes.len()));
        let start = self.start + bytes.len();
        (Self { bytes, ..self }, Self { bytes: rest, start })
    }

    /// Splits around the first `byte`.
    fn split_once(self, byte: u8) -> Option<(Self, Self)> {
        let (left, rest) = self.split_at(self.bytes.find_byte(byte)?);
        Some((left, rest.split_at(1).1))
    }

    fn trim_start(self) -> Self {
        self.split_at(self.bytes.len() - self.bytes.trim_ascii_start().len())
            .1
    }

    fn trim_end(self) -> Self {
        self.split_at(self.bytes.trim_ascii_end().len()).0
    }
}

#[cfg(test)]
mod tests;
