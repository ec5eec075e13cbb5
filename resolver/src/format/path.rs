//! Dotted paths: how a nested format's tables become one section name, and back.
//!
//! A segment of letters, digits, `-` and `_` stands as it is; any other is quoted as TOML quotes a
//! key. So section, dot and key put together are one path again, and two different paths never look
//! the same.
//!
//! ```
//! use overlay_resolver::format::path;
//!
//! assert_eq!(path::join("hosts", "example.org"), r#"hosts."example.org""#);
//! assert_eq!(path::split(r#"hosts."example.org""#).unwrap(), ["hosts", "example.org"]);
//! ```

use std::borrow::Cow;
use std::fmt::Write as _;
use std::iter::Peekable;
use std::str::Chars;

/// `segment` as it stands in a path.
pub fn quote(segment: &str) -> Cow<'_, str> {
    if !segment.is_empty() && segment.chars().all(is_bare) {
        return Cow::Borrowed(segment);
    }
    let mut quoted = String::with_capacity(segment.len() + 2);
    quoted.push('"');
    for c in segment.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            // Writing into a string does not fail.
            c if c.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// The path of `segment` in the table at `parent`; an empty `parent` is the top.
pub fn join(parent: &str, segment: &str) -> String {
    let segment = quote(segment);
    if parent.is_empty() {
        segment.into_owned()
    } else {
        format!("{parent}.{segment}")
    }
}

/// The segments of a path, unquoted; none for the empty path, `None` if [`join`] never makes it.
pub fn split(path: &str) -> Option<Vec<String>> {
    let mut segments = Vec::new();
    let mut chars = path.chars().peekable();
    while chars.peek().is_some() {
        segments.push(if chars.next_if_eq(&'"').is_some() {
            quoted(&mut chars)?
        } else {
            bare(&mut chars)?
        });
        match chars.next() {
            None => break,
            Some('.') => chars.peek()?,
            Some(_) => return None,
        };
    }
    Some(segments)
}

fn bare(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut segment = String::new();
    while let Some(c) = chars.next_if(|&c| is_bare(c)) {
        segment.push(c);
    }
    (!segment.is_empty()).then_some(segment)
}

/// What stands between two quotes, of which the first is read already.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut segment = String::new();
    loop {
        segment.push(match chars.next()? {
            '"' => return Some(segment),
            '\\' => match chars.next()? {
                c @ ('"' | '\\') => c,
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let digits: String = chars.by_ref().take(4).collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                _ => return None,
            },
            c => c,
        });
    }
}

const fn is_bare(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotes_what_is_not_bare() {
        for (segment, expected) in [
            ("a-B_9", "a-B_9"),
            ("", r#""""#),
            ("a.b", r#""a.b""#),
            ("a b", r#""a b""#),
            ("é", r#""é""#),
            (r#"a"\"#, r#""a\"\\""#),
            ("\n\r\t", r#""\n\r\t""#),
            ("\0\u{7f}\u{85}", r#""\u0000\u007F\u0085""#),
        ] {
            assert_eq!(quote(segment), expected, "{segment:?}");
        }
    }

    #[test]
    fn splits() {
        let cases: &[(&str, Option<&[&str]>)] = &[
            ("", Some(&[])),
            ("a", Some(&["a"])),
            (r#"a."b.c".d"#, Some(&["a", "b.c", "d"])),
            (r#""""#, Some(&[""])),
            (r#""\u0000".x"#, Some(&["\0", "x"])),
            (".", None),
            ("a.", None),
            (".a", None),
            ("a..b", None),
            ("a b", None),
            (r#""a"#, None),
            (r#""a"b"#, None),
            (r#"a"b""#, None),
            (r#""\x""#, None),
            (r#""\uD800""#, None),
            (r#""\u12"#, None),
        ];
        for (path, expected) in cases {
            let expected = expected.map(|segments| segments.iter().map(ToString::to_string));
            assert_eq!(split(path), expected.map(Iterator::collect), "{path}");
        }
    }

    proptest! {
        #[test]
        fn split_undoes_join(segments: Vec<String>) {
            let path = segments.iter().fold(String::new(), |path, segment| join(&path, segment));
            prop_assert_eq!(split(&path), Some(segments));
        }

        #[test]
        fn never_panics(path: String) {
            let _whatever = split(&path);
        }

        /// What TOML itself takes a path for.
        #[test]
        fn toml_reads_it_alike(segments in prop::collection::vec(".{0,4}", 1..4)) {
            let path = segments.iter().fold(String::new(), |path, segment| join(&path, segment));
            let mut value = toml::Value::Table(toml::from_str(&format!("{path} = 1")).unwrap());
            for segment in &segments {
                value = value.get(segment).unwrap().clone();
            }
            prop_assert_eq!(value, toml::Value::Integer(1));
        }
    }
}
