//! What one line of a keyfile says.
//!
//! The rules are those of GLib's `g_key_file_parse_line` and of what it calls, including the corners
//! that nobody would choose; `tests/real/glib.rs` holds them against the installed GLib. The lines
//! are read in one pass; the only memory from line to line is the current and the first group.

use std::ops::Range;

use bstr::ByteSlice;
use thiserror::Error;

use super::{Line, LineKind};
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

/// Why a line cannot be read. `Display` says what was expected and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Problem {
    /// The text starts with U+FEFF.
    #[error("expected plain text, found a UTF-8 byte order mark; save the file without it")]
    ByteOrderMark,
    /// The line is nothing of what the format knows.
    #[error("expected `key=value`, `[group]` or a `#` comment, found `{found}`")]
    Unrecognized {
        /// The line, shortened.
        found: String,
    },
    /// The line is a comment, but in another format.
    #[error("a `;` does not start a comment in this format; use `#`")]
    SemicolonComment,
    /// A pair stands above the first group header.
    #[error("expected a `[group]` before the first key, found the key `{key}`")]
    OutsideGroup {
        /// The key, shortened.
        key: String,
    },
    /// The line starts with `=`.
    #[error("expected a key before the `=`")]
    EmptyKey,
    /// The key has a bracket that is not part of a locale.
    ///
    /// Which characters beyond ASCII count as letters of a locale depends on the version of Unicode
    /// that GLib was built with; here some that it refuses are accepted: letters of later versions,
    /// and marks that belong to letters.
    #[error("`{found}` is no key: brackets may only hold a locale at its end, as in `Title[de]`")]
    KeyName {
        /// The key, shortened.
        found: String,
    },
    /// The first group sets `Encoding`, which GLib reserves for itself, to something else.
    #[error("the only `Encoding` is `UTF-8`, found `{found}`; leave the line out")]
    Encoding {
        /// The encoding, shortened.
        found: String,
    },
    /// A header without `]`.
    #[error("expected `]` at the end of the group header, found `{found}`")]
    UnclosedGroup {
        /// The line, shortened.
        found: String,
    },
    /// A header with something behind it.
    #[error(
        "expected nothing behind the group header, found `{found}`; a comment needs its own line"
    )]
    TextAfterGroup {
        /// What stands there, shortened.
        found: String,
    },
    /// A header without a name.
    #[error("expected the name of a group between `[` and `]`")]
    EmptyGroup,
    /// A group's name with a byte that it must not have.
    #[error("expected a group name without `[` and control characters, found `{found}`")]
    GroupName {
        /// The name, shortened.
        found: String,
    },
}

impl Problem {
    /// Whether the line was (or may have been) a group header, so that the lines below it have no
    /// known group.
    pub(crate) fn hides_group(&self) -> bool {
        matches!(
            self,
            Self::ByteOrderMark
                | Self::UnclosedGroup { .. }
                | Self::TextAfterGroup { .. }
                | Self::EmptyGroup
                | Self::GroupName { .. }
        )
    }
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
mod tests {
    use super::*;

    /// The problem of the last line of `text`.
    fn problem(text: &[u8]) -> Option<Problem> {
        match read(text, &Dialect::GKEYFILE).last()?.kind {
            LineKind::Invalid(problem) => Some(problem),
            _ => None,
        }
    }

    /// The key and the locale of `line`, which stands in a group.
    fn key(line: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let text = [b"[g]\n", line].concat();
        match read(&text, &Dialect::GKEYFILE).last()?.kind {
            LineKind::Pair { key, locale, .. } => Some((
                text[key].to_vec(),
                locale.map(|locale| text[locale].to_vec()),
            )),
            _ => None,
        }
    }

    #[test]
    fn lines_that_glib_accepts_have_no_problem() {
        for text in [
            &b"[g]"[..],
            b"  [g]",
            b"[g] \t",
            b"[g]\r\n",
            b"[remote \"a\"]",
            b"[\xff]",
            b"[g]\x80 \x80",
            b"[g]\0x",
            b"# c",
            b" \t#",
            b"#\0",
            b" ",
            b"\x0c\r",
            b"\0[",
            b"[g]\na=",
            b"[g]\n  a = b",
            b"[g]\n;a=b",
            b"[g]\n\xef\xbb\xbfa=b",
            b"[g]\nEncoding=utf-8",
            b"[g]\n[h]\nEncoding=latin1",
        ] {
            assert_eq!(problem(text), None, "{:?}", text.as_bstr());
        }
    }

    #[test]
    fn keys_and_locales() {
        let case = |line: &[u8], name: &[u8], locale: Option<&[u8]>| {
            let expected = (name.to_vec(), locale.map(<[u8]>::to_vec));
            assert_eq!(key(line), Some(expected), "{:?}", line.as_bstr());
        };
        case(b"a=b", b"a", None);
        case(b"a b =", b"a b", None);
        case(b"a==b", b"a", None);
        case(b"\xff\x0b=b", b"\xff\x0b", None);
        case(b"a[de]=b", b"a", Some(b"de"));
        case(
            b"a[sr_RS.UTF-8@latin] = b",
            b"a",
            Some(b"sr_RS.UTF-8@latin"),
        );
        case("a[é]=b".as_bytes(), b"a", Some("é".as_bytes()));
        case(b"a\t[d\x80]=b", b"a\t", Some(b"d\x80"));
        case(b"a[]=b", b"a[]", None);
        for line in [
            &b"a[de=b"[..],
            b"ade]=b",
            b"]=b",
            b"a[de]x=b",
            b"a[d e]=b",
            b"a [de]=b",
            b"a[[de]=b",
            b"a[de]]=b",
            b"a[\xff]=b",
            b"a[\xc3]=b",
            b"a[d\0]=b",
        ] {
            assert_eq!(key(line), None, "{:?}", line.as_bstr());
        }
    }

    #[test]
    fn problems_say_what_was_expected() {
        let case = |text: &[u8], message: &str| {
            let problem = problem(text).map(|problem| problem.to_string());
            assert_eq!(problem.as_deref(), Some(message), "{:?}", text.as_bstr());
        };
        case(
            b"\xef\xbb\xbf[g]",
            "expected plain text, found a UTF-8 byte order mark; save the file without it",
        );
        case(
            b"a\tb\r",
            "expected `key=value`, `[group]` or a `#` comment, found `a\\x09b\\x0d`",
        );
        case(
            b"a\0=b",
            "expected `key=value`, `[group]` or a `#` comment, found `a`",
        );
        case(
            b"; comment",
            "a `;` does not start a comment in this format; use `#`",
        );
        case(
            b"a =b",
            "expected a `[group]` before the first key, found the key `a`",
        );
        case(b"[g]\n=v", "expected a key before the `=`");
        case(
            b"[g]\na[de=v",
            "`a[de` is no key: brackets may only hold a locale at its end, as in `Title[de]`",
        );
        case(
            b"[g]\nEncoding=UTF-8 ",
            "the only `Encoding` is `UTF-8`, found `UTF-8 `; leave the line out",
        );
        case(
            b"[g]\nEncoding=UTF-8\0",
            "the only `Encoding` is `UTF-8`, found `UTF-8\\x00`; leave the line out",
        );
        case(
            b"[g=v",
            "expected `]` at the end of the group header, found `[g=v`",
        );
        let behind = |found| {
            format!(
                "expected nothing behind the group header, found `{found}`; a comment needs its own line"
            )
        };
        case(b"[g] # c", &behind(" # c"));
        case(b"[g]]", &behind("]"));
        case(b"[g]=v", &behind("=v"));
        case(b"[g]\r", &behind("\\x0d"));
        case(b"[g]\0]", &behind("\\x00]"));
        case(b"[]", "expected the name of a group between `[` and `]`");
        case(
            b"[a[b]",
            "expected a group name without `[` and control characters, found `a[b`",
        );
        case(
            b"[a\x7f]",
            "expected a group name without `[` and control characters, found `a\\x7f`",
        );
    }
}
