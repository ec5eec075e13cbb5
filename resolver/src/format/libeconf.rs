//! libeconf's files, as `econf_readFile` reads them with the delimiter `=` and the comment `#` that
//! econftool uses too (libeconf: getfilecontents.c `read_file()`, `store()`).
//!
//! The reading is that of libeconf 0.7.9 and later; `tests/real/libeconf.rs` holds it against 0.8.4
//! and, leaving out what the table names, against older ones. Its corners are kept:
//!
//! * A `#` starts a comment anywhere, unless a `"` follows it on the line: `a=b#c` is `b`, and
//!   `a=b # "c"` is `b # "c"`.
//! * A line without `=` directly below an assignment continues its value, blanks at its start
//!   included and from the first `#` on cut. So does a line of blanks, or of blanks and a comment.
//! * A value that never had a `=` with something behind it is a null pointer. It is empty here, and
//!   `(null)` once a line continues it, which is how libeconf prints it into the joined value.
//! * Only one pair of `"` around the value comes off; there are no escapes.
//! * A NUL hides the rest of its line. A byte order mark is part of the first key, or makes a key
//!   of the first header.
//! * Keys above the first header, and those below `[_none_]`, have no section.
//!
//! What older releases do with the same text:
//!
//! | before | difference |
//! |---|---|
//! | 0.5.2 (Debian's 0.5.1 has it) | a line without `=` does not continue a null value, it is a key of its own |
//! | 0.6.1 | a line of more than 8191 bytes is read as several |
//! | 0.7.0 | the first `#` starts a comment, quotes or not |
//! | 0.7.9 (from 0.7.0) | only the last `#` of a line can start a comment: `# a # b` is no comment |
//!
//! Deliberately absent: repeated keys (all are handed over; libeconf keeps the first of a file), the
//! options `JOIN_SAME_ENTRIES` and `PYTHON_STYLE`, and other delimiters.

use std::borrow::Cow;

use bstr::ByteSlice as _;

use super::{Format, Item, Kind, Lost, Pair, Problem, Value};
use crate::escape::excerpt;

/// The section that libeconf gives to keys without one.
const NO_SECTION: &[u8] = b"_none_";

/// How C prints a null pointer into a text.
const NULL: &[u8] = b"(null)";

/// libeconf: at the first broken line the whole load fails.
#[derive(Debug)]
pub(super) struct Libeconf;

impl Format for Libeconf {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        // None below a header that cannot be read: nobody knows the section there.
        let mut section = Some(&b""[..]);
        // The assignment on the line above; lines may continue it.
        let mut open: Option<Open<'t>> = None;
        let mut end = 0;
        for (number, bytes) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
            let line = Line::new(bytes, end);
            end += bytes.len();
            if let Some(open) = open.as_mut().filter(|_| line.is_continuation()) {
                open.append(&line, number, end);
                continue;
            }
            if let Some(open) = open.take() {
                sink(open.item);
            }
            let item = Item {
                span: line.start..end,
                lines: number..=number,
                kind: line.kind(&mut section),
            };
            match item.kind {
                Kind::Assignment(_) => {
                    let is_null = line.is_null();
                    open = Some(Open { item, is_null });
                }
                _ => sink(item),
            }
        }
        if let Some(open) = open {
            sink(open.item);
        }
    }
}

/// An assignment that the next line may continue.
#[derive(Debug)]
struct Open<'t> {
    item: Item<'t>,
    /// Whether libeconf has a null pointer for its value.
    is_null: bool,
}

impl<'t> Open<'t> {
    fn append(&mut self, line: &Line<'t>, number: usize, end: usize) {
        // Quotes do not protect a `#` here.
        let hash = line.content.find_byte(b'#');
        let more = hash.map_or(line.content, |hash| &line.content[..hash]);
        if let Kind::Assignment(Pair { raw, value, .. }) = &mut self.item.kind
            && let Value::Text(value) = value
        {
            let value = value.to_mut();
            if std::mem::take(&mut self.is_null) {
                value.extend_from_slice(NULL);
            }
            value.push(b'\n');
            value.extend_from_slice(more);
            raw.end = line.start + more.len();
        }
        self.item.span.end = end;
        self.item.lines = *self.item.lines.start()..=number;
    }
}

/// A line, in the parts that libeconf looks at.
#[derive(Debug, Clone, Copy)]
struct Line<'t> {
    /// Where it starts in the text.
    start: usize,
    /// The line up to its end, or to a NUL.
    content: &'t [u8],
    /// `content` without the blanks before it and the comment behind it.
    code: &'t [u8],
    /// Where `code` starts in the text.
    code_start: usize,
}

impl<'t> Line<'t> {
    fn new(bytes: &'t [u8], start: usize) -> Self {
        let content = match bytes.find_byte(0) {
            Some(nul) => &bytes[..nul],
            None => bytes.strip_suffix(b"\n").unwrap_or(bytes),
        };
        let code = trim_start(content);
        Self {
            start,
            content,
            code: without_comment(code),
            code_start: start + content.len() - code.len(),
        }
    }

    /// Whether the line belongs to the assignment above, if there is one.
    fn is_continuation(&self) -> bool {
        let is_skipped = self.content.is_empty() || self.content.starts_with(b"#");
        !is_skipped && !self.code.starts_with(b"[") && !self.code.contains(&b'=')
    }

    /// What it is, unless it is a continuation.
    fn kind(&self, section: &mut Option<&'t [u8]>) -> Kind<'t> {
        let kind = match self.code.first() {
            None if trim_start(self.content).is_empty() => Ok(Kind::Blank),
            None => Ok(Kind::Comment),
            Some(b'[') => {
                let name = self.header();
                *section = name.as_ref().ok().copied();
                name.map(|name| Kind::Section(Cow::Borrowed(name)))
            }
            Some(_) => self.pair(*section).map(Kind::Assignment),
        };
        kind.unwrap_or_else(Kind::Problem)
    }

    /// The section of a header; `code` starts with `[`.
    fn header(&self) -> Result<&'t [u8], Problem> {
        let name = trim_end(&self.code[1..]);
        let problem = match name.strip_suffix(b"]") {
            Some(NO_SECTION) => return Ok(b""),
            Some(b"") => "expected the name of a section between `[` and `]`".to_owned(),
            Some(name) => return Ok(name),
            None if name.contains(&b']') => format!(
                "expected nothing but a `#` comment behind the section header, found `{}`",
                excerpt(self.code)
            ),
            None => format!(
                "expected `]` at the end of the section header, found `{}`",
                excerpt(self.code)
            ),
        };
        Err(Problem::new(Lost::File, problem))
    }

    fn pair(&self, section: Option<&'t [u8]>) -> Result<Pair<'t>, Problem> {
        let (key, tail) = self.split_key();
        if key.is_empty() {
            let message = format!(
                "expected a key before the `=`, found `{}`; libeconf ignores the line",
                excerpt(self.code)
            );
            return Err(Problem::new(Lost::Item, message));
        }
        let written = self.behind_delimiter(tail)?;
        let section = section.ok_or_else(|| {
            let message = "belongs to no section: the header above it cannot be read";
            Problem::new(Lost::Item, message)
        })?;
        let (raw, value) = unquote(written);
        let start = self.code_start + self.code.len() - written.len();
        Ok(Pair {
            section: Cow::Borrowed(section),
            key: Cow::Borrowed(key),
            raw: start..start + raw.len(),
            value: Value::plain(value),
        })
    }

    /// The key, and the rest from the byte on that ends it.
    fn split_key(&self) -> (&'t [u8], &'t [u8]) {
        let ends = |byte: u8| byte == b'=' || is_space(byte);
        let end = self.code.iter().position(|&byte| ends(byte));
        self.code.split_at(end.unwrap_or(self.code.len()))
    }

    /// Whether libeconf stores a key without a value.
    fn is_null(&self) -> bool {
        self.split_key().1.len() <= 1
    }

    /// What `tail`, which ends a key, assigns to it.
    fn behind_delimiter(&self, tail: &'t [u8]) -> Result<&'t [u8], Problem> {
        let rest = trim_start(tail.get(1..).unwrap_or_default());
        if tail.len() <= 1 || tail.starts_with(b"=") {
            return Ok(rest);
        }
        rest.strip_prefix(b"=").map(trim_start).ok_or_else(|| {
            let message = format!(
                "expected `key = value` with no blanks in the key, found `{}`",
                excerpt(self.code)
            );
            Problem::new(Lost::File, message)
        })
    }
}

/// Cuts `code` at its first `#` behind its last `"`; one at its start cuts anyway.
fn without_comment(code: &[u8]) -> &[u8] {
    if code.starts_with(b"#") {
        return b"";
    }
    let quoted = code.rfind_byte(b'"').map_or(0, |quote| quote + 1);
    let hash = code.iter().skip(quoted).position(|&byte| byte == b'#');
    hash.map_or(code, |hash| &code[..quoted + hash])
}

/// A value as written, without the blanks behind it, and the same without a pair of `"` around it.
fn unquote(written: &[u8]) -> (&[u8], &[u8]) {
    let Some(inside) = written.strip_prefix(b"\"") else {
        let value = trim_end(written);
        return (value, value);
    };
    // One blank stays behind a quote that nothing else follows.
    let end = trim_end(inside).len().max(inside.len().min(1));
    let inside = &inside[..end];
    let raw = &written[..=end];
    (raw, inside.strip_suffix(b"\"").unwrap_or(raw))
}

/// C's `isspace` in the locale C.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ')
}

fn trim_start(bytes: &[u8]) -> &[u8] {
    let blanks = bytes.iter().take_while(|&&byte| is_space(byte)).count();
    &bytes[blanks..]
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| !is_space(byte));
    end.map_or(&[], |end| &bytes[..=end])
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    /// The assignments of `text` as `section/key=value` with their lines, and `!` for problems.
    fn read(text: &[u8]) -> Vec<String> {
        let show = |item: &Item<'_>| {
            let (first, last) = (item.lines.start(), item.lines.end());
            match &item.kind {
                Kind::Assignment(pair) => Some(format!(
                    "{first}-{last} {}/{}={}",
                    pair.section.as_bstr(),
                    pair.key.as_bstr(),
                    pair.value.text().unwrap().as_bstr(),
                )),
                Kind::Problem(problem) => Some(format!("{first} {:?}", problem.lost)),
                _ => None,
            }
        };
        laws::items(&Libeconf, text)
            .iter()
            .filter_map(show)
            .collect()
    }

    /// The value of `a` and how it is written, where `text` has nothing else.
    fn value(text: &str) -> (String, &str) {
        match &laws::items(&Libeconf, text.as_bytes())[0].kind {
            Kind::Assignment(pair) if *pair.key == *b"a" => (
                pair.value.text().unwrap().to_str().unwrap().to_owned(),
                &text[pair.raw.clone()],
            ),
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn quotes_and_comments() {
        let case = |text: &str, expected: &str, raw: &str| {
            assert_eq!(value(text), (expected.to_owned(), raw), "{text:?}");
        };
        case("a=b", "b", "b");
        case(" \t\x0ba = b \r\n", "b", "b");
        case("a", "", "");
        case("a ", "", "");
        case("a=", "", "");
        case("a =", "", "");
        case("a= ", "", "");
        case("a==", "=", "=");
        case("a = = b", "= b", "= b");
        case("a=b c", "b c", "b c");
        case("a=\"b\"", "b", "\"b\"");
        case("a= \" b \" ", " b ", "\" b \"");
        case("a=\"\"", "", "\"\"");
        case("a=\"", "\"", "\"");
        case("a=\"  ", "\" ", "\" ");
        case("a=\"b", "\"b", "\"b");
        case("a=b\"", "b\"", "b\"");
        case("a=\"b\" \"c\"", "b\" \"c", "\"b\" \"c\"");
        case("a=\"\"b\"\"", "\"b\"", "\"\"b\"\"");
        case("a=\"b\\\"\"", "b\\\"", "\"b\\\"\"");
        case("a='b'", "'b'", "'b'");
        case("a=b # c", "b", "b");
        case("a=b#c # d", "b", "b");
        case("a#=b", "", "");
        case("a=#b", "", "");
        case("a=\"b#c\"", "b#c", "\"b#c\"");
        case("a=\"b#c\" # d", "b#c", "\"b#c\"");
        case("a=b # \"c\"", "b # \"c\"", "b # \"c\"");
        case("a=b # \"c\" # d", "b # \"c\"", "b # \"c\"");
        case("a=\"b # c", "\"b", "\"b");
        case("a=b ; c", "b ; c", "b ; c");
        case("a=b\0c\n", "b", "b");
    }

    #[test]
    fn lines_without_a_delimiter_continue_the_line_above() {
        let case = |text: &[u8], expected: &[&str]| assert_eq!(read(text), expected, "{text:?}");
        case(b"a=1\\\n2\\\n3\n", &["1-3 /a=1\\\n2\\\n3"]);
        case(b"a=\"1\n 2\"\n", &["1-2 /a=\"1\n 2\""]);
        case(b"a=1\n 2 \r\n", &["1-2 /a=1\n 2 \r"]);
        case(b"a=1\n 2 \"#\" 3\n", &["1-2 /a=1\n 2 \""]);
        case(b"a=1 # b\n2 # c\n", &["1-2 /a=1\n2 "]);
        case(b"a=1\n \n #c\n2\n", &["1-4 /a=1\n \n \n2"]);
        case(b"a=1\nb\0=2\n", &["1-2 /a=1\nb"]);
        case(b"a=\nb\nc", &["1-3 /a=(null)\nb\nc"]);
        case(b"a=\"\"\nb", &["1-2 /a=\nb"]);
        case(b"a= \nb", &["1-2 /a=\nb"]);
        case(b"a=1\n\nb\n", &["1-1 /a=1", "3-3 /b="]);
        case(b"a=1\n#\nb\n", &["1-1 /a=1", "3-3 /b="]);
        case(b"a=1\n[s]\nb\n", &["1-1 /a=1", "3-3 s/b="]);
        case(b"a=1\n\0\nb\n", &["1-1 /a=1", "3-3 /b="]);
        case(b"a=1\n=2\nb\n", &["1-1 /a=1", "2 Item", "3-3 /b="]);
        case(b" \n #c\nb\n", &["3-3 /b="]);
    }

    #[test]
    fn sections_and_problems() {
        let case = |text: &[u8], expected: &[&str]| assert_eq!(read(text), expected, "{text:?}");
        case(
            b"a=1\n[s]\na=2\n [ t ] # c\na=3",
            &["1-1 /a=1", "3-3 s/a=2", "5-5  t /a=3"],
        );
        case(b"[s]x]\na=1", &["2-2 s]x/a=1"]);
        case(b"[\"#\"]\na=1", &["2-2 \"#\"/a=1"]);
        case(b"[s]\n[_none_]\na=1", &["3-3 /a=1"]);
        case(
            b"\xef\xbb\xbf[s]\n\na=1",
            &["1-1 /\u{feff}[s]=", "3-3 /a=1"],
        );
        case(b"[s\na=1\n[t]\na=2", &["1 File", "2 Item", "4-4 t/a=2"]);
        case(b"[]\na", &["1 File", "2 Item"]);
        case(b"[", &["1 File"]);
        case(b"[a#]", &["1 File"]);
        case(b"a b=1\nc=2", &["1 File", "2-2 /c=2"]);
        case(b"a  ", &["1 File"]);
        case(b"a b", &["1 File"]);
        case(b"a=1\na b", &["1-2 /a=1\na b"]);
        case(b"a=1\na b=c", &["1-1 /a=1", "2 File"]);
    }

    #[test]
    fn problems_say_what_was_expected() {
        let case = |text: &[u8], expected: &str| {
            let Kind::Problem(problem) = &laws::items(&Libeconf, text)[0].kind else {
                panic!("no problem in {text:?}");
            };
            assert_eq!(problem.message, expected);
        };
        case(b"[]", "expected the name of a section between `[` and `]`");
        case(
            b"[a #b",
            "expected `]` at the end of the section header, found `[a `",
        );
        case(
            b"[a] b",
            "expected nothing but a `#` comment behind the section header, found `[a] b`",
        );
        case(
            b"a b=c\x07",
            "expected `key = value` with no blanks in the key, found `a b=c\\x07`",
        );
        case(
            b" =b",
            "expected a key before the `=`, found `=b`; libeconf ignores the line",
        );
    }

    #[test]
    fn plain_values_are_not_copied() {
        let items = laws::items(&Libeconf, b"[s]\na=\"b\" # c\nd = e\n");
        for item in items {
            if let Kind::Assignment(pair) = item.kind {
                assert!(matches!(pair.value, Value::Text(Cow::Borrowed(_))));
            }
        }
    }
}
