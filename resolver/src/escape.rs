//! Bytes from a tree that nobody vouches for, made safe to show: on a terminal, in a log, in JSON.
//!
//! File names and values may hold terminal commands, invalid UTF-8, or characters that reorder or
//! hide the text around them. [`escape`] keeps every printable character as it is and turns the rest
//! into visible ASCII:
//!
//! | input | output |
//! |---|---|
//! | a control character below U+0080 (ESC, newline, DEL, …), a byte that is not UTF-8 | `\x1b`, `\xff` |
//! | C1 controls, line separators, characters that reorder text or show nothing | `\u{202e}` |
//! | a backslash that would read as one of these, or as a doubled backslash | `\\` |
//! | anything else, every other backslash included | unchanged |
//!
//! So a unit name such as `dev-disk-by\x2duuid.mount` stays what can be copied (`\x2d` is never
//! written for `-`), and yet two different inputs never give the same output.
//!
//! That is for names. Of a value or a line, which is compared with the file or read again by its consumer,
//! [`escape_text`] shows every backslash and tab as it is: to systemd `a\\b` is something else than `a\\\b`.
//!
//! Quoting is deliberately absent: the result is for people and for JSON strings (which add their own
//! escapes), not for a shell. Look-alike letters of different scripts are shown as they are.

use std::fmt::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use bstr::ByteSlice as _;

/// Shows `bytes` with everything unsafe escaped, as the [module](self) describes.
pub fn escape(bytes: &[u8]) -> Escaped<'_> {
    Escaped {
        bytes,
        is_text: false,
    }
}

/// Shows a value or a line: as [`escape`] does, but with its backslashes and tabs, so that a text in which
/// nothing is unsafe stays that text.
pub fn escape_text(bytes: &[u8]) -> Escaped<'_> {
    Escaped {
        bytes,
        is_text: true,
    }
}

/// Shows `path`, or a file name, as [`escape`] does.
pub fn escape_path(path: &Path) -> Escaped<'_> {
    escape(path.as_os_str().as_bytes())
}

/// The beginning of `bytes`, escaped and short enough for a message of one line.
pub fn excerpt(bytes: &[u8]) -> String {
    const LENGTH: usize = 60;
    let cut = bytes.char_indices().nth(LENGTH).map(|(start, ..)| start);
    match cut.and_then(|cut| bytes.get(..cut)) {
        Some(start) => format!("{}…", escape(start)),
        None => escape(bytes).into(),
    }
}

/// A parser's message of one or more lines, which may quote any character of a text, as one line.
pub(crate) fn one_line(message: &str) -> String {
    let lines = message
        .lines()
        .map(|line| escape(line.as_bytes()).to_string());
    lines.collect::<Vec<_>>().join(", ")
}

/// The bytes that [`escape`] shows as `text`, so that what was shown can be given back: on a command line,
/// say. What [`escape`] never writes stays as it is.
///
/// ```
/// use overlay_resolver::escape::unescape;
///
/// assert_eq!(unescape(br"10-\x1b[m.conf"), b"10-\x1b[m.conf");
/// assert_eq!(unescape(br"dev-disk-by\x2duuid.mount"), br"dev-disk-by\x2duuid.mount");
/// ```
pub fn unescape(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        let (escaped, behind) = match first {
            b'\\' => escaped(after).unwrap_or((vec![b'\\'], after)),
            byte => (vec![byte], after),
        };
        bytes.extend(escaped);
        rest = behind;
    }
    bytes
}

/// What an escape stands for whose backslash is read already, and what follows it.
fn escaped(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    match text {
        [b'\\', rest @ ..] => Some((vec![b'\\'], rest)),
        [b'x', high, low, rest @ ..] if is_ambiguous(text) => {
            let digits = [*high, *low];
            let byte = u8::from_str_radix(digits.to_str().ok()?, 16).ok()?;
            Some((vec![byte], rest))
        }
        [b'u', b'{', rest @ ..] => {
            let (digits, rest) = rest.split_once_str("}")?;
            let c = char::from_u32(u32::from_str_radix(digits.to_str().ok()?, 16).ok()?)?;
            Some((c.to_string().into_bytes(), rest))
        }
        _ => None,
    }
}

/// What the functions of this module return; its [`Display`](fmt::Display) does the work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Escaped<'a> {
    bytes: &'a [u8],
    /// Whether backslashes and tabs stay.
    is_text: bool,
}

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Most are, and character by character that would be found out in ten times as long.
        if let Some(plain) = plain(self.bytes) {
            return f.write_str(plain);
        }
        let mut rest = self.bytes;
        while !rest.is_empty() {
            let clean = clean_prefix(rest, self.is_text);
            f.write_str(clean)?;
            rest = write_unsafe(f, &rest[clean.len()..])?;
        }
        Ok(())
    }
}

impl fmt::Debug for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// `bytes`, if they are ASCII in which nothing is to be escaped, in a name or in a text.
fn plain(bytes: &[u8]) -> Option<&str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'[' | b']'..=b'~');
    let text = bytes.iter().all(is_plain).then(|| bytes.to_str());
    text?.ok()
}

/// The longest beginning that is shown as it is.
fn clean_prefix(bytes: &[u8], is_text: bool) -> &str {
    let text = valid_prefix(bytes);
    let unsafe_at = text.char_indices().find(|&(at, c)| match c {
        '\t' | '\\' if is_text => false,
        '\\' => is_ambiguous(&bytes[at + 1..]),
        c => is_unsafe(c),
    });
    unsafe_at.map_or(text, |(at, _)| &text[..at])
}

/// Writes what follows a clean prefix, one character or one run of invalid bytes, and returns the rest.
fn write_unsafe<'a>(f: &mut fmt::Formatter<'_>, bytes: &'a [u8]) -> Result<&'a [u8], fmt::Error> {
    let width = match valid_prefix(bytes).chars().next() {
        Some('\\') => {
            f.write_str(r"\\")?;
            1
        }
        Some(c) if c.is_ascii() => {
            write!(f, r"\x{:02x}", u32::from(c))?;
            1
        }
        Some(c) => {
            write!(f, r"\u{{{:04x}}}", u32::from(c))?;
            c.len_utf8()
        }
        None => {
            let invalid = bytes
                .utf8_chunks()
                .next()
                .map_or(&[][..], |chunk| chunk.invalid());
            for byte in invalid {
                write!(f, r"\x{byte:02x}")?;
            }
            invalid.len()
        }
    };
    Ok(&bytes[width..])
}

fn valid_prefix(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

/// Whether a backslash followed by `rest` has to be doubled to not be taken for an escape.
fn is_ambiguous(rest: &[u8]) -> bool {
    match rest {
        [b'\\', ..] | [b'u', b'{', ..] => true,
        // Only bytes that are ever escaped this way: controls, DEL and what is not ASCII.
        [b'x', high, low, ..] => {
            matches!(
                (high, low),
                (b'0' | b'1' | b'8' | b'9' | b'a'..=b'f', _) | (b'7', b'f')
            ) && is_lower_hex(*low)
        }
        // What follows is about to be escaped, so the output goes on with a backslash.
        _ => match valid_prefix(rest).chars().next() {
            Some(c) => is_unsafe(c),
            None => !rest.is_empty(),
        },
    }
}

fn is_lower_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Characters that command a terminal, end a line, reorder the text around them, or show nothing.
///
/// Cc, Zl and Zp, and of Cf those that are invisible, by their fixed code points: what is printed
/// must not change with the Unicode version of the compiler.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' // soft hyphen, Arabic letter mark, Mongolian separator
            | '\u{200b}'..='\u{200f}'         // zero width, left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202e}'         // line and paragraph separators, bidi embeddings
            | '\u{2060}'..='\u{206f}'         // joiners, invisible operators, bidi isolates
            | '\u{feff}'                      // byte order mark
            | '\u{fff9}'..='\u{fffb}'         // interlinear annotations
            | '\u{1d173}'..='\u{1d17a}'       // musical format characters
            | '\u{e0000}'..='\u{e0fff}') // tags and other ignorables
}

/// Writes [`escape`]d bytes into a new string.
impl From<Escaped<'_>> for String {
    fn from(escaped: Escaped<'_>) -> Self {
        let mut text = Self::with_capacity(escaped.bytes.len());
        // Writing into a string does not fail.
        let _infallible = write!(text, "{escaped}");
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn table() {
        let cases: &[(&[u8], &str)] = &[
            (b"", ""),
            (b"10-flathub.flatpakrepo", "10-flathub.flatpakrepo"),
            (
                "Größe = 日本語 é e\u{301} ❤\u{fe0f}".as_bytes(),
                "Größe = 日本語 é e\u{301} ❤\u{fe0f}",
            ),
            (b"a\nb\tc\0", r"a\x0ab\x09c\x00"),
            (b"\x1b[31mred\x7f", r"\x1b[31mred\x7f"),
            (b"\xff\xfe ok \xc3", r"\xff\xfe ok \xc3"),
            (b"\xed\xa0\x80", r"\xed\xa0\x80"), // a surrogate is not UTF-8
            ("\u{85}\u{9b}31m".as_bytes(), r"\u{0085}\u{009b}31m"),
            (
                "\u{202a}\u{202e}\u{2066}\u{2069}".as_bytes(),
                r"\u{202a}\u{202e}\u{2066}\u{2069}",
            ),
            (
                "flat\u{200b}hub\u{feff}".as_bytes(),
                r"flat\u{200b}hub\u{feff}",
            ),
            ("\u{2028}\u{e0041}".as_bytes(), r"\u{2028}\u{e0041}"),
            // Backslashes: alone where they cannot mislead …
            (br"a\b\", r"a\b\"),
            (br"dev-disk-by\x2duuid.mount", r"dev-disk-by\x2duuid.mount"),
            (br"\x7e \x1B \x1 \xg0 \u1234", r"\x7e \x1B \x1 \xg0 \u1234"),
            // … doubled where they can.
            (br"\x1b", r"\\x1b"),
            (br"\x7f\xff", r"\\x7f\\xff"),
            (br"\u{202e}", r"\\u{202e}"),
            (br"\\server", r"\\\server"),
            (b"\\\x1b", r"\\\x1b"),
            (b"\\\xff", r"\\\xff"),
        ];
        for (input, expected) in cases {
            assert_eq!(escape(input).to_string(), *expected, "{input:x?}");
        }
    }

    #[test]
    fn a_text_keeps_its_backslashes_and_tabs() {
        for (input, expected) in [
            (&b"a\\\\b \\x1b\t\\"[..], "a\\\\b \\x1b\t\\"),
            (b"\\\x1b\n\xff", r"\\x1b\x0a\xff"),
            ("\u{202e}".as_bytes(), r"\u{202e}"),
        ] {
            assert_eq!(escape_text(input).to_string(), expected, "{input:x?}");
        }
    }

    #[test]
    fn debug_and_string_agree_with_display() {
        assert_eq!(format!("{:?}", escape(b"a\x1b")), r#""a\x1b""#);
        assert_eq!(
            String::from(escape_path(Path::new("/etc/a\n"))),
            r"/etc/a\x0a"
        );
    }

    #[test]
    fn excerpts_stay_short() {
        assert_eq!(excerpt("é\n".as_bytes()), r"é\x0a");
        assert_eq!(excerpt("é".repeat(1000).as_bytes()), "é".repeat(60) + "…");
    }

    /// Bytes that are likely to collide.
    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        let pieces = [
            &b"\\"[..],
            b"x",
            b"1b",
            b"2d",
            b"7f",
            b"u{",
            b"202e",
            b"}",
            b"\x1b",
            b"\xff",
            b"\xc3",
            b"\xa9",
            "\u{202e}".as_bytes(),
            "é".as_bytes(),
            b"a",
        ];
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12)
            .prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn shows_nothing_unsafe(bytes: Vec<u8>) {
            prop_assert!(!escape(&bytes).to_string().chars().any(is_unsafe));
        }

        #[test]
        fn reads_back(bytes: Vec<u8>) {
            prop_assert_eq!(unescape(escape(&bytes).to_string().as_bytes()), bytes);
        }

        #[test]
        fn reads_back_what_is_tricky(bytes in tricky()) {
            prop_assert_eq!(unescape(escape(&bytes).to_string().as_bytes()), bytes);
        }
    }
}
