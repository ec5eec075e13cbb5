//! What a raw value means: the codecs of `g_key_file_get_*` and `g_key_file_set_*`.
//!
//! Decoding takes a value as [`Pair::value`](super::Pair::value) gives it, in which there is no NUL,
//! LF or blank at the start. The rules are those of GLib 2.80 and later, which hand out nothing when
//! a value is wrong. Earlier ones report the same errors (2.78 alone none for an unknown escape), but
//! `g_key_file_get_string` returns the text along with the error, a wrong escape left as it is, and a
//! caller that does not look at the error takes it.
//!
//! Deliberately absent: numbers other than `int`, and lists of anything but strings.

use thiserror::Error;

use crate::escape::excerpt;

/// What separates the elements of a list; GLib's default.
const SEPARATOR: char = ';';

/// Why a value cannot be decoded.
#[derive(Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// The value is not UTF-8.
    #[error("expected UTF-8, found other bytes in `{found}`")]
    NotUtf8 {
        /// The value, shortened.
        found: String,
    },
    /// A `\` with a character that GLib does not know; in a plain string that includes `\;`.
    #[error("expected one of the escapes `\\s`, `\\n`, `\\t`, `\\r` and `\\\\`, found `\\{found}`")]
    UnknownEscape {
        /// The character behind the `\`.
        found: char,
    },
    /// The value ends in a `\`.
    #[error("a single `\\` ends the value; write `\\\\`, or join the lines")]
    TrailingBackslash,
    /// The value is no boolean.
    #[error("expected `true`, `false`, `1` or `0`, found `{found}`")]
    NotABoolean {
        /// The value, shortened.
        found: String,
    },
    /// The value is no integer, or none of 32 bits.
    #[error("expected a whole number from {min} to {max}, found `{found}`", min = i32::MIN, max = i32::MAX)]
    NotAnInteger {
        /// The value, shortened.
        found: String,
    },
}

/// Decodes a string (`g_key_file_get_string`).
///
/// # Errors
/// The value is not UTF-8, or has an escape other than `\s`, `\n`, `\t`, `\r` and `\\`.
pub fn decode_string(raw: &[u8]) -> Result<String, ValueError> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = utf8(raw)?;
    // Mostly there is no escape, in however long a key.
    while let Some((plain, escaped)) = rest.split_once('\\') {
        let mut chars = escaped.chars();
        text.push_str(plain);
        text.push(unescape(chars.next(), None)?);
        rest = chars.as_str();
    }
    text.push_str(rest);
    Ok(text)
}

/// Encodes a string (`g_key_file_set_string`), so that [`decode_string`] gives it back.
///
/// What the format cannot hold is lost, as with GLib: all from a NUL on, and, when the value is read
/// from a file, a form feed as the very first character.
pub fn encode_string(text: &str) -> Vec<u8> {
    let mut raw = String::with_capacity(text.len());
    escape(text, None, &mut raw);
    raw.into_bytes()
}

/// Decodes a list of strings (`g_key_file_get_string_list`): every element ends in a `;`, which the
/// last one may leave out unless it is empty.
///
/// # Errors
/// As with [`decode_string`], but `\;` stands for a `;` inside an element.
pub fn decode_list(raw: &[u8]) -> Result<Vec<String>, ValueError> {
    let mut elements = Vec::new();
    let mut element = String::new();
    let mut chars = utf8(raw)?.chars();
    while let Some(c) = chars.next() {
        match c {
            SEPARATOR => elements.push(std::mem::take(&mut element)),
            '\\' => element.push(unescape(chars.next(), Some(SEPARATOR))?),
            _ => element.push(c),
        }
    }
    if !element.is_empty() {
        elements.push(element);
    }
    Ok(elements)
}

/// Encodes a list of strings (`g_key_file_set_string_list`), so that [`decode_list`] gives it back.
///
/// What [`encode_string`] loses is lost here, too.
pub fn encode_list<S: AsRef<str>>(elements: impl IntoIterator<Item = S>) -> Vec<u8> {
    let mut raw = String::new();
    for element in elements {
        escape(element.as_ref(), Some(SEPARATOR), &mut raw);
        raw.push(SEPARATOR);
    }
    raw.into_bytes()
}

/// Decodes a boolean (`g_key_file_get_boolean`): `true` and `1`, `false` and `0`, in lower case, with
/// or without blanks behind.
///
/// # Errors
/// The value is anything else.
pub fn decode_boolean(raw: &[u8]) -> Result<bool, ValueError> {
    match raw.trim_ascii_end() {
        b"true" | b"1" => Ok(true),
        b"false" | b"0" => Ok(false),
        _ => Err(ValueError::NotABoolean {
            found: excerpt(raw),
        }),
    }
}

/// Encodes a boolean (`g_key_file_set_boolean`).
pub fn encode_boolean(value: bool) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// Decodes an integer (`g_key_file_get_integer`): decimal digits with an optional sign.
///
/// Like GLib it reads no further than the first blank behind the digits.
///
/// # Errors
/// There are no digits, they are followed by something else than a blank, or the number does not fit
/// 32 bits.
pub fn decode_integer(raw: &[u8]) -> Result<i32, ValueError> {
    // A vertical tab is a blank for `strtol`, in front, but not for `g_ascii_isspace`, behind.
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\x0b';
    let start = raw.iter().take_while(|byte| is_space(byte)).count();
    let number = &raw[start..];
    number
        .split(u8::is_ascii_whitespace)
        .next()
        .and_then(|number| std::str::from_utf8(number).ok())
        .and_then(|number| number.parse().ok())
        .ok_or_else(|| ValueError::NotAnInteger {
            found: excerpt(raw),
        })
}

fn utf8(raw: &[u8]) -> Result<&str, ValueError> {
    std::str::from_utf8(raw).map_err(|_| ValueError::NotUtf8 {
        found: excerpt(raw),
    })
}

/// What a `\` and the character behind it stand for.
fn unescape(c: Option<char>, separator: Option<char>) -> Result<char, ValueError> {
    match c {
        Some('s') => Ok(' '),
        Some('n') => Ok('\n'),
        Some('t') => Ok('\t'),
        Some('r') => Ok('\r'),
        Some('\\') => Ok('\\'),
        Some(c) if separator == Some(c) => Ok(c),
        Some(found) => Err(ValueError::UnknownEscape { found }),
        None => Err(ValueError::TrailingBackslash),
    }
}

/// Blanks are escaped only where a reader would strip them: up to the first other character, line
/// ends not counted. GLib does the same again behind an escaped separator.
fn escape(text: &str, separator: Option<char>, raw: &mut String) {
    let mut leading = true;
    for c in text.chars().take_while(|&c| c != '\0') {
        match c {
            ' ' if leading => raw.push_str("\\s"),
            '\t' if leading => raw.push_str("\\t"),
            '\n' => raw.push_str("\\n"),
            '\r' => raw.push_str("\\r"),
            '\\' => {
                raw.push_str("\\\\");
                leading = false;
            }
            _ if separator == Some(c) => {
                raw.extend(['\\', c]);
                leading = true;
            }
            _ => {
                raw.push(c);
                leading = false;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Keyfile;
    use super::*;

    /// Texts of the characters that matter here, and any others.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["[ \t\n\r\\\\;=#\\[sntr\u{b}\u{c}é]{0,12}", "[^\0]{0,12}"]
    }

    fn unknown<T>(found: char) -> Result<T, ValueError> {
        Err(ValueError::UnknownEscape { found })
    }

    #[test]
    fn strings_decode_as_by_g_key_file_get_string() {
        let ok = |raw: &[u8], text: &str| assert_eq!(decode_string(raw), Ok(text.into()));
        ok(b"", "");
        ok(b"plain text", "plain text");
        ok(b"kept  ", "kept  ");
        ok(br"\s\n\t\r\\", " \n\t\r\\");
        ok(br"a\sb", "a b");
        ok(br"\\n", r"\n");
        ok(b"a;b;", "a;b;");
        ok(b"\"quoted\" # no comment", "\"quoted\" # no comment");
        ok("é\u{feff}".as_bytes(), "é\u{feff}");
        assert_eq!(decode_string(br"a\;b"), unknown(';'));
        assert_eq!(decode_string(br"\x20"), unknown('x'));
        assert_eq!(decode_string(r"\é".as_bytes()), unknown('é'));
        assert_eq!(decode_string(br"\S"), unknown('S'));
        assert_eq!(decode_string(br"a\"), Err(ValueError::TrailingBackslash));
        assert_eq!(decode_string(br"a\\\"), Err(ValueError::TrailingBackslash));
        for raw in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xc0\x80"] {
            assert!(
                matches!(decode_string(raw), Err(ValueError::NotUtf8 { .. })),
                "{raw:?}"
            );
        }
    }

    #[test]
    fn strings_encode_as_by_g_key_file_set_string() {
        let ok = |text: &str, raw: &[u8]| assert_eq!(encode_string(text), raw, "{text:?}");
        ok("", b"");
        ok(" \t a \t ", b"\\s\\t\\sa \t ");
        ok("\n a\nb", br"\n\sa\nb");
        ok("\r\n", br"\r\n");
        ok(r"\ a", br"\\ a");
        ok("a;#=[b]", b"a;#=[b]");
        ok("a\0b", b"a");
    }

    #[test]
    fn lists_decode_as_by_g_key_file_get_string_list() {
        let ok = |raw: &[u8], list: &[&str]| {
            assert_eq!(
                decode_list(raw),
                Ok(list.iter().map(ToString::to_string).collect())
            );
        };
        ok(b"", &[]);
        ok(b";", &[""]);
        ok(b"a", &["a"]);
        ok(b"a;", &["a"]);
        ok(b"a;b", &["a", "b"]);
        ok(b"a;;b;;", &["a", "", "b", ""]);
        ok(b"a; b ;", &["a", " b "]);
        ok(br"a\;b;\s;\\;", &["a;b", " ", "\\"]);
        assert_eq!(decode_list(br"a;\,"), unknown(','));
        assert_eq!(decode_list(br"a;\"), Err(ValueError::TrailingBackslash));
        assert!(matches!(
            decode_list(b"a;\xff"),
            Err(ValueError::NotUtf8 { .. })
        ));
    }

    #[test]
    fn lists_encode_as_by_g_key_file_set_string_list() {
        let ok = |list: &[&str], raw: &[u8]| assert_eq!(encode_list(list), raw, "{list:?}");
        ok(&[], b"");
        ok(&[""], b";");
        ok(&["a", "", " b "], br"a;;\sb ;");
        ok(&["a; b", r"\"], br"a\;\sb;\\;");
    }

    #[test]
    fn booleans_are_lower_case_words_or_digits() {
        for (raw, value) in [
            (&b"true"[..], true),
            (b"1 \t", true),
            (b"false ", false),
            (b"0", false),
        ] {
            assert_eq!(decode_boolean(raw), Ok(value), "{raw:?}");
        }
        for raw in [
            &b""[..],
            b"True",
            b"yes",
            b"10",
            b"true false",
            b"true\x0b",
            b" true",
            b"truex",
        ] {
            assert!(decode_boolean(raw).is_err(), "{raw:?}");
        }
        assert_eq!(
            [encode_boolean(true), encode_boolean(false)],
            [&b"true"[..], b"false"]
        );
    }

    #[test]
    fn integers_end_at_a_blank() {
        let cases = [
            (&b"0"[..], 0),
            (b"-1", -1),
            (b"+7", 7),
            (b"007", 7),
            (b"12 monkeys", 12),
            (b"\x0b 5\t", 5),
            (b"2147483647", i32::MAX),
            (b"-2147483648", i32::MIN),
        ];
        for (raw, value) in cases {
            assert_eq!(decode_integer(raw), Ok(value), "{raw:?}");
        }
        for raw in [
            &b""[..],
            b"-",
            b"+-1",
            b"0x10",
            b"1.0",
            b"1\x0b",
            b"five",
            b"2147483648",
            b"99999999999999999999",
        ] {
            assert!(decode_integer(raw).is_err(), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn a_string_comes_back(text in text()) {
            prop_assert_eq!(decode_string(&encode_string(&text)), Ok(text));
        }

        #[test]
        fn a_list_comes_back(list in prop::collection::vec(text(), 0..5)) {
            prop_assert_eq!(decode_list(&encode_list(&list)), Ok(list));
        }

        #[test]
        fn a_string_comes_back_through_a_file(text in text()) {
            prop_assume!(!text.starts_with('\u{c}'));
            let file = [b"[g]\nk=", encode_string(&text).as_slice(), b"\n"].concat();
            let keyfile = Keyfile::parse(file);
            let values: Vec<_> = keyfile.pairs().map(|pair| decode_string(pair.value)).collect();
            prop_assert_eq!(values, [Ok(text)]);
        }

        #[test]
        fn decoding_never_panics(raw in any::<Vec<u8>>()) {
            let _ = (decode_string(&raw), decode_list(&raw), decode_boolean(&raw), decode_integer(&raw));
        }
    }
}
