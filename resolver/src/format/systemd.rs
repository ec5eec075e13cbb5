//! The syntax of systemd's units and `*.conf` files (`conf-parser.c` `config_parse()` and
//! `parse_line()`), judged by the installed systemd in `tests/real/systemd_files.rs`.
//!
//! * A line ends at LF, CR, both in either order, or NUL (`physical`).
//! * `#` and `;` start a comment, as the first character of a line only. A comment does not end the
//!   continuation that it stands in.
//! * An odd number of backslashes at the end of a line continues it; the last of them becomes a space,
//!   blanks of the next line stay. A blank line ends the continuation, as the end of the file does.
//!   What is joined so may as well be a header.
//! * The first byte order mark that starts a line other than a comment is dropped, even inside a
//!   continuation. So a mark in front of a `#` makes no comment, but a line that systemd ignores.
//! * The key ends at the first `=`. Quotes, lists and empty values are for the key's type to explain.
//! * Sections and keys that start with `X-` are ordinary here; that systemd ignores them silently is
//!   a matter of what is known, not of syntax.
//!
//! systemd gives up at a header that it cannot read, at a line that is not UTF-8 (noncharacters such
//! as U+FFFE included), and at a line of 1 MiB or more. What stands above took effect already: it is
//! [`Lost::Rest`] for all three. A line that cannot be an assignment costs only itself.
//!
//! In `systemd`, keys need a section; in `systemd-flat`, those above the first header have the section
//! `""`. A header without a name (`[]`) is read by systemd, but no consumer can know such a section.
//!
//! systemd counts an assignment's lines by its last one, and one that the end of the file cuts short
//! by the line after that.
//!
//! Deliberately absent: `.include`, which systemd dropped, and specifiers.

#[cfg(test)]
mod laws;
mod problem;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use bstr::ByteSlice as _;

use super::physical::{self, Line, trim};
use super::{Format, Item, Kind, Lost, Pair, Problem, Value};

/// What systemd does not read any more: `LONG_LINE_MAX`.
const TOO_LONG: usize = 1 << 20;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// `config_parse()`, as its callers use it.
#[derive(Debug)]
pub(super) enum Systemd {
    /// Keys above the first header are ignored, as in units.
    Sections,
    /// Keys need no section: the caller passes no list of them.
    Flat,
}

impl Format for Systemd {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        let mut reader = Reader {
            text,
            section: match self {
                Self::Sections => Section::Missing,
                Self::Flat => Section::Named(Cow::Borrowed(b"")),
            },
        };
        let mut is_marked = false;
        let mut continued: Option<Logical<'t>> = None;
        for line in physical::lines(text) {
            if line.is_comment() && line.content.len() < TOO_LONG {
                match &mut continued {
                    Some(logical) => logical.reach(&line),
                    None => sink(Item {
                        span: line.span,
                        lines: line.number..=line.number,
                        kind: Kind::Comment,
                    }),
                }
                continue;
            }
            let unmarked = line.content.strip_prefix(BYTE_ORDER_MARK);
            let content = unmarked.filter(|_| !is_marked).unwrap_or(line.content);
            is_marked |= unmarked.is_some();
            let logical = match continued.take() {
                Some(logical) => logical.and(&line, content),
                None => Logical::new(&line, content),
            };
            if is_continued(content) {
                continued = Some(logical.with_space());
            } else {
                sink(reader.item(logical));
            }
        }
        if let Some(logical) = continued {
            sink(reader.item(logical));
        }
    }
}

/// Whether a line ends in an odd number of backslashes.
fn is_continued(content: &[u8]) -> bool {
    let backslashes = content.iter().rev().take_while(|&&byte| byte == b'\\');
    backslashes.count() % 2 == 1
}

/// A line and all that continues it.
#[derive(Debug)]
struct Logical<'t> {
    /// What it says: joined, without line ends, comments and the byte order mark.
    joined: Cow<'t, [u8]>,
    /// Its first `=`.
    equals: Option<Equals>,
    /// Its bytes in the text, comments inside it and the line end included.
    span: Range<usize>,
    /// Its first and last line.
    lines: RangeInclusive<usize>,
    /// Where the last line that adds to it ends.
    end: usize,
    /// It is more than systemd reads; `joined` is not the whole then.
    is_too_long: bool,
}

/// Where an `=` stands.
#[derive(Debug, Clone, Copy)]
struct Equals {
    in_joined: usize,
    in_text: usize,
}

impl<'t> Logical<'t> {
    fn new(line: &Line<'t>, content: &'t [u8]) -> Self {
        Self {
            joined: Cow::Borrowed(content),
            equals: Equals::find(content, 0, line),
            span: line.span.clone(),
            lines: line.number..=line.number,
            end: line.end(),
            is_too_long: line.content.len() >= TOO_LONG,
        }
    }

    /// With one more line.
    fn and(mut self, line: &Line<'t>, content: &[u8]) -> Self {
        let length = self.joined.len();
        self.is_too_long |= line.content.len() >= TOO_LONG || length + content.len() > TOO_LONG;
        if !self.is_too_long {
            self.equals = self.equals.or_else(|| Equals::find(content, length, line));
            self.joined.to_mut().extend_from_slice(content);
        }
        self.end = line.end();
        self.reach(line);
        self
    }

    /// With a space for the backslash at its end.
    fn with_space(mut self) -> Self {
        if !self.is_too_long
            && let Some(last) = self.joined.to_mut().last_mut()
        {
            *last = b' ';
        }
        self
    }

    /// Takes `line` in, which adds nothing.
    fn reach(&mut self, line: &Line<'_>) {
        self.span.end = line.span.end;
        self.lines = *self.lines.start()..=line.number;
    }

    /// A part of what it says; borrowed from the text where it stands there.
    fn part(&self, cut: impl Fn(&[u8]) -> &[u8]) -> Cow<'t, [u8]> {
        match &self.joined {
            Cow::Borrowed(joined) => Cow::Borrowed(cut(joined)),
            Cow::Owned(joined) => Cow::Owned(cut(joined).to_vec()),
        }
    }
}

impl Equals {
    /// The first in `content`, the end of `line`, which comes behind `length` bytes.
    fn find(content: &[u8], length: usize, line: &Line<'_>) -> Option<Self> {
        let at = content.find_byte(b'=')?;
        Some(Self {
            in_joined: length + at,
            in_text: line.end() - content.len() + at,
        })
    }
}

/// The section that assignments belong to.
#[derive(Debug)]
enum Section<'t> {
    /// There was no header yet, and one is needed.
    Missing,
    /// This one.
    Named(Cow<'t, [u8]>),
    /// The one of a header without a name.
    Nameless,
    /// That of a header that cannot be read.
    Unknown,
}

/// What has to be remembered from line to line.
#[derive(Debug)]
struct Reader<'t> {
    text: &'t [u8],
    section: Section<'t>,
}

impl<'t> Reader<'t> {
    fn item(&mut self, logical: Logical<'t>) -> Item<'t> {
        let kind = self.kind(&logical).unwrap_or_else(|problem| {
            if problem.lost != Lost::Item && trim(&logical.joined).starts_with(b"[") {
                self.section = Section::Unknown;
            }
            Kind::Problem(problem)
        });
        Item {
            span: logical.span,
            lines: logical.lines,
            kind,
        }
    }

    fn kind(&mut self, logical: &Logical<'t>) -> Result<Kind<'t>, Problem> {
        let statement = trim(&logical.joined);
        if logical.is_too_long {
            return Err(problem::too_long(logical.span.len()));
        }
        if !is_text(statement) {
            return Err(problem::not_text(statement));
        }
        match statement {
            [] => Ok(Kind::Blank),
            [b'[', ..] => self.header(logical, statement),
            _ => self.assignment(logical, statement),
        }
    }

    fn header(&mut self, logical: &Logical<'t>, statement: &[u8]) -> Result<Kind<'t>, Problem> {
        let name = inside(statement).ok_or_else(|| problem::unclosed(statement))?;
        if !name.iter().all(|byte| is_safe(*byte)) {
            return Err(problem::unsafe_name(name));
        }
        if name.is_empty() {
            self.section = Section::Nameless;
            return Err(problem::nameless());
        }
        let name = logical.part(|joined| inside(trim(joined)).expect("a header, as above"));
        self.section = Section::Named(name.clone());
        Ok(Kind::Section(name))
    }

    fn assignment(&self, logical: &Logical<'t>, statement: &[u8]) -> Result<Kind<'t>, Problem> {
        let section = match &self.section {
            Section::Named(section) => Some(section.clone()),
            Section::Nameless => None,
            Section::Missing => return Err(problem::no_section(statement)),
            Section::Unknown => return Err(problem::below_unreadable()),
        };
        let equals = logical
            .equals
            .ok_or_else(|| problem::no_equals(statement))?;
        let key = logical.part(|joined| trim(&joined[..equals.in_joined]));
        if key.is_empty() {
            return Err(problem::no_key(statement));
        }
        let value = logical.part(|joined| trim(&joined[equals.in_joined + 1..]));
        Ok(Kind::Assignment(Pair {
            section: section.ok_or_else(problem::below_nameless)?,
            key,
            raw: self.trimmed(equals.in_text + 1..logical.end),
            value: Value::Text(value),
        }))
    }

    /// `range` without the blanks and line ends around it.
    fn trimmed(&self, range: Range<usize>) -> Range<usize> {
        let is_ink = |byte: &u8| !matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0);
        let bytes = &self.text[range.clone()];
        match (
            bytes.iter().position(is_ink),
            bytes.iter().rposition(is_ink),
        ) {
            (Some(first), Some(last)) => range.start + first..range.start + last + 1,
            _ => range.end..range.end,
        }
    }
}

/// What stands in the brackets of a header.
fn inside(header: &[u8]) -> Option<&[u8]> {
    header.strip_prefix(b"[")?.strip_suffix(b"]")
}

/// `string_is_safe()`: no quotes, backslashes and control characters.
fn is_safe(byte: u8) -> bool {
    !byte.is_ascii_control() && !matches!(byte, b'"' | b'\'' | b'\\')
}

/// `utf8_is_valid()`: UTF-8 without noncharacters.
fn is_text(bytes: &[u8]) -> bool {
    let is_character = |c: char| {
        let code = u32::from(c);
        !(0xfdd0..=0xfdef).contains(&code) && code & 0xfffe != 0xfffe
    };
    bytes.is_ascii() || std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_character))
}
