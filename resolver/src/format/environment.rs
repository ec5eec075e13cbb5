//! Files of variables: environment.d(5), and those of `EnvironmentFile=` and os-release(5).
//!
//! systemd has one parser for them (env-file.c `parse_env_file_internal()`) and two users of it that
//! this module tells apart:
//!
//! | format | user | an empty value | a name | a value that is not UTF-8 |
//! |---|---|---|---|---|
//! | `environment` | 30-systemd-environment-d-generator, `merge_env_file()` | ignored | letters, digits and `_`, no digit first; else ignored | kills the generator |
//! | `env-file` | `load_env_file()`, `load_env_file_pairs()` | set | anything that is UTF-8 | costs the file |
//!
//! (The generator frees such a value twice and aborts, in every systemd tried: it sets nothing at all,
//! of this file or any other. [`Lost::File`] is the most that a problem can say.)
//!
//! `tests/real/environment.rs` holds both against systemd 252, 257 and 262. The corners:
//!
//! * `#` and `;` start a comment where a name is expected, and only there: `A="b" # c` is `b# c`.
//! * LF and CR each end a line. A backslash in front of one continues the value, and blanks at the
//!   start of the next line belong to it.
//! * Pieces in quotes may follow each other, with blanks between them that do not count. From the
//!   first character outside of quotes on, quotes are plain characters.
//! * Between double quotes a backslash escapes `"`, `\`, `` ` ``, `$` and LF and stays in front of
//!   anything else; between single quotes it is a plain character, outside of quotes it vanishes.
//! * A quote that is not closed reaches to the end of the file.
//! * There is no `export`: `export A` is no name. A line without `=` is ignored without a word.
//! * A NUL anywhere, or a text beyond 64 MiB (which is not reproduced), costs the file.
//!
//! The value is the one **before** variables are expanded. The generator expands `$A`, `${A}`, `${A:-b}`
//! and `${A:+b}` from what the files before and the lines above have set, and makes `$$` a `$`; that
//! is up to whoever merges the files. `env-file` expands nothing.
//!
//! Until systemd 253 a backslash at the end of a comment continued the comment; here, as since 254, it
//! does not. Deliberately absent: what a service drops of an `EnvironmentFile=` afterwards (names as
//! in the first row, control characters in values), and names longer than the kernel takes.

mod value;

use std::borrow::Cow;

use bstr::ByteSlice as _;

use self::value::{Cursor, ValueReader, is_blank, is_line_end};
use super::{Format, Item, Kind, Lost, Pair, Problem, Value};
use crate::escape::excerpt;

/// Who reads the variables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Environment {
    /// The generator that reads environment.d.
    Generator,
    /// Readers of a single file.
    File,
}

impl Format for Environment {
    fn read<'t>(&self, text: &'t [u8], sink: &mut dyn FnMut(Item<'t>)) {
        let (mut start, mut line) = (0, 1);
        while start < text.len() {
            let mut cursor = Cursor { text, at: start };
            let kind = self.kind(&mut cursor);
            let bytes = cursor.since(start);
            let line_feeds = bytes.find_iter(b"\n").count();
            let last = line + line_feeds - usize::from(bytes.ends_with(b"\n"));
            sink(Item {
                span: start..cursor.at,
                lines: line..=last,
                kind: if bytes.contains(&0) { nul() } else { kind },
            });
            line += line_feeds;
            start = cursor.at;
        }
    }

    fn expands(&self) -> bool {
        *self == Self::Generator
    }
}

impl Environment {
    /// Reads one item and moves behind it.
    fn kind<'t>(self, cursor: &mut Cursor<'t>) -> Kind<'t> {
        cursor.skip(|byte| byte != b'\n' && is_blank(byte));
        let start = cursor.at;
        match cursor.next() {
            None | Some(b'\n') => Kind::Blank,
            Some(b'#' | b';') => {
                cursor.skip(|byte| !is_line_end(byte));
                cursor.end_line();
                Kind::Comment
            }
            Some(_) => self.statement(start, cursor),
        }
    }

    /// Reads a line whose name starts at `start`; the cursor is behind the first byte of it.
    fn statement<'t>(self, start: usize, cursor: &mut Cursor<'t>) -> Kind<'t> {
        cursor.skip(|byte| byte != b'=' && !is_line_end(byte));
        let name = trim_end(cursor.since(start));
        if cursor.peek() != Some(b'=') {
            cursor.end_line();
            return Kind::Problem(Problem::new(
                Lost::Item,
                format!(
                    "expected `NAME=value` or a `#` comment, found `{}`; systemd ignores the line",
                    excerpt(name)
                ),
            ));
        }
        cursor.at += 1;
        cursor.skip(|byte| matches!(byte, b' ' | b'\t'));
        let (raw, value) = ValueReader::new(cursor).read();
        match self.refusal(name, value.as_deref()) {
            Some(problem) => Kind::Problem(problem),
            None => Kind::Assignment(Pair {
                section: Cow::Borrowed(b""),
                key: Cow::Borrowed(name),
                raw,
                value: Value::Text(value.unwrap_or_default()),
            }),
        }
    }

    /// What systemd has against a variable; no value is one that nothing was written for.
    fn refusal(self, name: &[u8], value: Option<&[u8]>) -> Option<Problem> {
        let shown = || excerpt(name);
        let (lost, message) = match self {
            Self::Generator if value.is_none() => (
                Lost::Item,
                format!(
                    "expected a value behind `{}=`, found none; \
                     environment.d cannot set an empty one, so leave the line out",
                    shown()
                ),
            ),
            Self::Generator if !is_name(name) => (
                Lost::Item,
                format!(
                    "expected a name of letters, digits and `_`, found `{}`; rename the variable",
                    shown()
                ),
            ),
            Self::File if !is_utf8(name) => (
                Lost::File,
                format!(
                    "expected UTF-8 in a name, found `{}`; save the file as UTF-8",
                    shown()
                ),
            ),
            _ => {
                let found = excerpt(value.filter(|value| !is_utf8(value))?);
                let message = format!(
                    "expected UTF-8 in the value of `{}`, found `{found}`; save the file as UTF-8",
                    shown()
                );
                (Lost::File, message)
            }
        };
        Some(Problem::new(lost, message))
    }
}

fn nul<'t>() -> Kind<'t> {
    Kind::Problem(Problem::new(
        Lost::File,
        "expected text, found a NUL byte; remove it",
    ))
}

fn trim_end(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|&byte| !is_blank(byte));
    end.map_or(&[], |end| &bytes[..=end])
}

/// systemd: env-util.c `env_name_is_valid()`.
fn is_name(name: &[u8]) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    name.iter().all(is_letter) && name.first().is_some_and(|first| !first.is_ascii_digit())
}

/// systemd: utf8.c `utf8_is_valid()`, which has no use for noncharacters.
fn is_utf8(bytes: &[u8]) -> bool {
    let is_character = |c: char| {
        !matches!(u32::from(c) & 0xffff, 0xfffe | 0xffff) && !('\u{fdd0}'..='\u{fdef}').contains(&c)
    };
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().all(is_character))
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;

    /// The assignments of `text` as `key=value` with their lines, and how problems cost what.
    fn read(format: Environment, text: &[u8]) -> Vec<String> {
        let show = |item: &Item<'_>| {
            let (first, last) = (item.lines.start(), item.lines.end());
            match &item.kind {
                Kind::Assignment(pair) => Some(format!(
                    "{first}-{last} {}={}",
                    pair.key.as_bstr(),
                    pair.value.text().unwrap().as_bstr(),
                )),
                Kind::Problem(problem) => Some(format!("{first}-{last} {:?}", problem.lost)),
                _ => None,
            }
        };
        laws::items(&format, text).iter().filter_map(show).collect()
    }

    #[test]
    fn values_and_how_they_are_written() {
        let case = |written: &str, expected: &str, raw: &str| {
            for end in ["", "\n", "\r", "\r\n", " \t\n"] {
                let text = format!("A={written}{end}");
                let items = laws::items(&Environment::Generator, text.as_bytes());
                let [
                    Item {
                        kind: Kind::Assignment(pair),
                        span,
                        ..
                    },
                ] = &*items
                else {
                    panic!("{text:?}: {items:?}");
                };
                assert_eq!(*span, 0..text.len());
                assert_eq!(pair.value.text(), Some(expected.as_bytes()), "{text:?}");
                assert_eq!(&text[pair.raw.clone()], raw, "{text:?}");
            }
        };
        case("b", "b", "b");
        case(" \t b c", "b c", "b c");
        case("b=c # d", "b=c # d", "b=c # d");
        case("#b", "#b", "#b");
        case("'b c'", "b c", "'b c'");
        case("'b' \"c\"", "bc", "'b' \"c\"");
        case("'b'c'd'", "bc'd'", "'b'c'd'");
        case("'b' # c", "b# c", "'b' # c");
        case("b\"c\"", "b\"c\"", "b\"c\"");
        case("' b '", " b ", "' b '");
        case("'\\'", "\\", "'\\'");
        case(r#""\"\\\`\$\n\'""#, r#""\`$\n\'"#, r#""\"\\\`\$\n\'""#);
        case("\"b\\\nc\"", "bc", "\"b\\\nc\"");
        case("'b\\\nc'", "b\\\nc", "'b\\\nc'");
        case("\"b\nc\"", "b\nc", "\"b\nc\"");
        case("\"b\\\rc\"", "b\\\rc", "\"b\\\rc\"");
        case(r"\b\ \c", "b c", r"\b\ \c");
        case(r"b\\", r"b\", r"b\\");
        case("b\\\nc", "bc", "b\\\nc");
        case("b \\\n c", "b  c", "b \\\n c");
        case("b\\\rc", "bc", "b\\\rc");
        case("$B${C}", "$B${C}", "$B${C}");
        case("'$B'", "$B", "'$B'");
    }

    #[test]
    fn statements() {
        let case = |text: &[u8], expected: &[&str]| {
            let read = read(Environment::Generator, text);
            assert_eq!(read, expected, "{:?}", text.as_bstr());
        };
        case(b"A=1\nB=2", &["1-1 A=1", "2-2 B=2"]);
        case(b"\n \tA \t= 1\r\n\r\nB=2\n", &["2-2 A=1", "4-4 B=2"]);
        case(
            b"A=1\rB=2\rC=3\nD=4",
            &["1-1 A=1", "1-1 B=2", "1-1 C=3", "2-2 D=4"],
        );
        case(b"A='1\n2'\\\n3\nB=4", &["1-3 A=1\n23", "4-4 B=4"]);
        case(b"A=1\\\r\nB=2", &["1-1 A=1", "2-2 B=2"]);
        case(b"# A=1 \\\n;\\\n # c\rB=2", &["3-3 B=2"]);
        case(b"A='1\nB=2", &["1-2 A=1\nB=2"]);
        case(b"A=\"1\\", &["1-1 A=1"]);
        case(b"A=1\\", &["1-1 A=1"]);
        case(b"A=\\\n \nB=2", &["1-2 A=", "3-3 B=2"]);
        case(b"A\nB=2", &["1-1 Item", "2-2 B=2"]);
        case(b"=\nB=2", &["1-1 Item", "2-2 B=2"]);
        case(b"A=\nB=2", &["1-1 Item", "2-2 B=2"]);
        case(b"A=''\"\"\nB=2", &["1-1 Item", "2-2 B=2"]);
        case(b"A=\\\n\nB=2", &["1-2 Item", "3-3 B=2"]);
        case(b"export A=1", &["1-1 Item"]);
        case(b"1A=1", &["1-1 Item"]);
        case(b"==1", &["1-1 Item"]);
        case("é=1\nB=2".as_bytes(), &["1-1 Item", "2-2 B=2"]);
        case(b"\xef\xbb\xbfA=1", &["1-1 Item"]);
        case(b"A=\xff\nB=2", &["1-1 File", "2-2 B=2"]);
        case("A=\u{fdd0}".as_bytes(), &["1-1 File"]);
        case("A=\u{1ffff}".as_bytes(), &["1-1 File"]);
        case(b"A=\xed\xa0\x80", &["1-1 File"]);
        case(b"A=1\n#\0\nB=2", &["1-1 A=1", "2-2 File", "3-3 B=2"]);
    }

    #[test]
    fn single_files_take_more() {
        let case = |text: &[u8], expected: &[&str]| {
            let read = read(Environment::File, text);
            assert_eq!(read, expected, "{:?}", text.as_bstr());
        };
        case(b"A=\nB=''", &["1-1 A=", "2-2 B="]);
        case(
            b"export A=1\n1=2\n==3",
            &["1-1 export A=1", "2-2 1=2", "3-3 ==3"],
        );
        case(b"A\n", &["1-1 Item"]);
        case(b"\xff=1\nB=\xff\nC=1", &["1-1 File", "2-2 File", "3-3 C=1"]);
    }

    #[test]
    fn problems_say_what_was_expected() {
        let case = |format: Environment, text: &[u8], expected: &str| {
            let Kind::Problem(problem) = &laws::items(&format, text)[0].kind else {
                panic!("no problem in {text:?}");
            };
            assert_eq!(problem.message, expected);
        };
        let [generator, file] = [Environment::Generator, Environment::File];
        case(
            generator,
            b"A b \n",
            "expected `NAME=value` or a `#` comment, found `A b`; systemd ignores the line",
        );
        case(
            generator,
            b"A=",
            "expected a value behind `A=`, found none; \
             environment.d cannot set an empty one, so leave the line out",
        );
        case(
            generator,
            b"export A=1",
            "expected a name of letters, digits and `_`, found `export A`; rename the variable",
        );
        case(
            generator,
            b"A=\xff",
            "expected UTF-8 in the value of `A`, found `\\xff`; save the file as UTF-8",
        );
        case(
            file,
            b"\xff=",
            "expected UTF-8 in a name, found `\\xff`; save the file as UTF-8",
        );
        case(file, b"A=\0", "expected text, found a NUL byte; remove it");
    }

    #[test]
    fn values_in_one_piece_are_not_copied() {
        let items = laws::items(&Environment::Generator, b"A=b c\nB='d e'\nC=\" f \"  \n");
        for item in items {
            if let Kind::Assignment(pair) = item.kind {
                assert!(matches!(pair.value, Value::Text(Cow::Borrowed(_))));
            }
        }
    }
}
