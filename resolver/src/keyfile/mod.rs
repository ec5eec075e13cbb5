//! The lossless keyfile reader: `[group]` headers, `key=value` pairs and `#` comments, each with its
//! place in the text.
//!
//! Reading never fails. A line that GLib's `GKeyFile` refuses becomes [`LineKind::Invalid`], with
//! its number and the reason, and the lines after it are read all the same. GLib gives up at the
//! first such line, so it loads a text exactly when [`Keyfile::problems`] is empty (one exception
//! stands at [`Problem::KeyName`]). The tokens, put together again, give the text back byte by byte.
//!
//! Deliberately absent: lookup by key (a repeated key is the merge's business, so every pair is
//! kept), the choice of a locale, and writing. What a value means is in [`value`].

mod line;
pub mod value;

use std::ops::Range;

use bstr::{BStr, ByteSlice};

pub use self::line::Problem;
use self::line::{Dialect, content, is_blank, seen};

/// One text, read as a keyfile.
///
/// ```
/// use overlay_resolver::keyfile::Keyfile;
///
/// let keyfile = Keyfile::parse("[Flatpak Repo]\nUrl = https://example.org/\n; oops\n");
/// let pair = keyfile.pairs().next().unwrap();
/// assert_eq!((pair.key, pair.value), ("Url".into(), "https://example.org/".into()));
/// assert_eq!(pair.line.number, 2);
/// let (line, problem) = keyfile.problems().next().unwrap();
/// assert_eq!(line, 3);
/// assert_eq!(problem.to_string(), "a `;` does not start a comment in this format; use `#`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyfile {
    text: Vec<u8>,
    lines: Vec<Line>,
}

/// One line and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number, counted from 1.
    pub number: usize,
    /// Its bytes in the text, line end included.
    pub span: Range<usize>,
    /// What it says.
    pub kind: LineKind,
}

/// What a line says. The ranges are places in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// Nothing, or only blanks.
    Blank,
    /// A comment.
    Comment,
    /// `[name]`: the pairs up to the next header belong to this group.
    Group {
        /// The name between the brackets.
        name: Range<usize>,
    },
    /// `key=value` or `key[locale]=value`.
    Pair {
        /// The key without its locale. In `a[]=v`, which GLib does not take for a translation, the
        /// brackets belong to the key.
        key: Range<usize>,
        /// The locale between the brackets, never empty.
        locale: Option<Range<usize>>,
        /// The raw value: blanks before it are left out, blanks after it belong to it.
        value: Range<usize>,
    },
    /// A line that `GKeyFile` would refuse.
    Invalid(Problem),
}

/// One assignment, as `g_key_file_get_value` would return it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The group it stands in.
    pub group: &'a BStr,
    /// The key without its locale.
    pub key: &'a BStr,
    /// The locale of a translation.
    pub locale: Option<&'a BStr>,
    /// The raw value, neither unescaped nor checked to be UTF-8.
    pub value: &'a BStr,
    /// The line it stands on.
    pub line: &'a Line,
}

/// A stretch of the text that belongs together. No token is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its bytes in the text.
    pub span: Range<usize>,
    /// The number of its line, counted from 1.
    pub line: usize,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// Blanks without a meaning.
    Blank,
    /// A comment with its `#`.
    Comment,
    /// One of `[`, `]` and `=`.
    Punctuation,
    /// The name of a group.
    Group,
    /// A key.
    Key,
    /// A key's locale.
    Locale,
    /// A raw value.
    Value,
    /// Bytes that GLib steps over: all from a NUL to the end of the line, and stray UTF-8
    /// continuation bytes behind a header.
    Skipped,
    /// The whole of a line that has a [`Problem`].
    Invalid,
    /// LF or CR LF.
    LineEnd,
}

/// The lines of `text`, without a copy of it.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    line::read(text, &Dialect::GKEYFILE)
}

impl Keyfile {
    /// Reads `text` by the rules of GLib's `GKeyFile`.
    pub fn parse(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        let lines = lines(&text).collect();
        Self { text, lines }
    }

    /// The text that was read.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Its lines, in order; their spans cover the text without a gap.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What GLib would object to, with the number of the line.
    pub fn problems(&self) -> impl Iterator<Item = (usize, &Problem)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            LineKind::Invalid(problem) => Some((line.number, problem)),
            _ => None,
        })
    }

    /// The assignments, in file order, repeated keys and groups included.
    ///
    /// Pairs below a header that could not be read are left out: nobody knows their group, and the
    /// header's problem is reported already.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'_>> {
        let mut group = None;
        self.lines.iter().filter_map(move |line| match &line.kind {
            LineKind::Group { name } => {
                group = Some(self.slice(name));
                None
            }
            LineKind::Invalid(problem) if problem.hides_group() => {
                group = None;
                None
            }
            LineKind::Pair { key, locale, value } => Some(Pair {
                group: group?,
                key: self.slice(key),
                locale: locale.as_ref().map(|locale| self.slice(locale)),
                value: self.slice(value),
                line,
            }),
            LineKind::Blank | LineKind::Comment | LineKind::Invalid(_) => None,
        })
    }

    /// The tokens, in order; put together they are the text.
    pub fn tokens(&self) -> impl Iterator<Item = Token> {
        self.lines.iter().flat_map(|line| {
            let mut start = line.span.start;
            self.cuts(line).into_iter().filter_map(move |(kind, end)| {
                let span = start..end;
                start = end;
                (!span.is_empty()).then_some(Token {
                    kind,
                    span,
                    line: line.number,
                })
            })
        })
    }

    /// Where the tokens of a line end.
    fn cuts(&self, line: &Line) -> Vec<(TokenKind, usize)> {
        let end = line.span.start + content(self.slice(&line.span)).len();
        let mut cuts = match &line.kind {
            LineKind::Blank => vec![(TokenKind::Blank, self.blanks_end(line.span.start..end))],
            LineKind::Comment => vec![
                (TokenKind::Blank, self.blanks_end(line.span.start..end)),
                (TokenKind::Comment, end),
            ],
            LineKind::Group { name } => vec![
                (TokenKind::Blank, name.start - 1),
                (TokenKind::Punctuation, name.start),
                (TokenKind::Group, name.end),
                (TokenKind::Punctuation, name.end + 1),
                (TokenKind::Blank, self.blanks_end(name.end + 1..end)),
            ],
            LineKind::Pair { key, locale, value } => {
                let mut cuts = vec![(TokenKind::Blank, key.start), (TokenKind::Key, key.end)];
                let mut equals = key.end;
                if let Some(locale) = locale {
                    equals = locale.end + 1;
                    cuts.extend([
                        (TokenKind::Punctuation, locale.start),
                        (TokenKind::Locale, locale.end),
                        (TokenKind::Punctuation, equals),
                    ]);
                }
                equals = self.blanks_end(equals..end);
                cuts.extend([
                    (TokenKind::Blank, equals),
                    (TokenKind::Punctuation, equals + 1),
                    (TokenKind::Blank, value.start),
                    (TokenKind::Value, value.end),
                ]);
                cuts
            }
            LineKind::Invalid(_) => vec![(TokenKind::Invalid, end)],
        };
        cuts.extend([
            (TokenKind::Skipped, end),
            (TokenKind::LineEnd, line.span.end),
        ]);
        cuts
    }

    /// Where the run of blanks at the start of `range` ends.
    fn blanks_end(&self, range: Range<usize>) -> usize {
        let bytes = seen(self.slice(&range));
        range.start + bytes.iter().take_while(|&&byte| is_blank(byte)).count()
    }

    fn slice(&self, range: &Range<usize>) -> &BStr {
        self.text[range.clone()].as_bstr()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::hostile;

    fn pairs(text: &[u8]) -> Vec<String> {
        let keyfile = Keyfile::parse(text);
        let show = |pair: Pair<'_>| {
            let locale = pair
                .locale
                .map(|locale| format!("[{locale}]"))
                .unwrap_or_default();
            format!(
                "{}:{}.{}{locale}={}",
                pair.line.number, pair.group, pair.key, pair.value
            )
        };
        keyfile.pairs().map(show).collect()
    }

    fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
        let tokens = Keyfile::parse(text).tokens().collect::<Vec<_>>();
        tokens
            .into_iter()
            .map(|token| (token.kind, &text[token.span]))
            .collect()
    }

    #[test]
    fn pairs_come_in_file_order_with_every_duplicate() {
        let text = b"[a]\nx=1\nx=2\n[b]\nx[de]=3\n[a]\n\nx=4";
        assert_eq!(
            pairs(text),
            ["2:a.x=1", "3:a.x=2", "5:b.x[de]=3", "8:a.x=4"]
        );
    }

    #[test]
    fn a_bad_line_hurts_itself_alone() {
        let text = b"[a]\nx=1\njunk\ny=2\n=3\n";
        let lines: Vec<_> = Keyfile::parse(text)
            .problems()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(lines, [3, 5]);
        assert_eq!(pairs(text), ["2:a.x=1", "4:a.y=2"]);
    }

    #[test]
    fn pairs_below_a_bad_header_have_no_group_and_no_problem_of_their_own() {
        let text = b"[a]\nx=1\n[b\nx=2\n[c]\nx=3\n";
        let lines: Vec<_> = Keyfile::parse(text)
            .problems()
            .map(|(line, _)| line)
            .collect();
        assert_eq!(lines, [3]);
        assert_eq!(pairs(text), ["2:a.x=1", "6:c.x=3"]);
    }

    #[test]
    fn values_keep_what_stands_behind_them_and_lose_what_stands_before() {
        let text = b"[a]\nv= \t\x0cb  \nv=c\t\r\nv=#d;\nv=e\0f=g\nv=\xff\nv=\nv=x\r";
        let keyfile = Keyfile::parse(text);
        let values: Vec<_> = keyfile.pairs().map(|pair| pair.value.as_bytes()).collect();
        let expected: [&[u8]; 7] = [b"b  ", b"c\t", b"#d;", b"e", b"\xff", b"", b"x\r"];
        assert_eq!(values, expected);
    }

    #[test]
    fn tokens_name_every_stretch() {
        use TokenKind::*;
        assert_eq!(
            tokens(" [g] \r\n\t# c \n\n a b [de] = v \n"),
            [
                (Blank, " "),
                (Punctuation, "["),
                (Group, "g"),
                (Punctuation, "]"),
                (Blank, " "),
                (LineEnd, "\r\n"),
                (Blank, "\t"),
                (Comment, "# c "),
                (LineEnd, "\n"),
                (LineEnd, "\n"),
                (Invalid, " a b [de] = v "),
                (LineEnd, "\n"),
            ]
        );
        assert_eq!(
            tokens("[g]\0x\n a[de]\t= v \0w\n\t\0y\nb="),
            [
                (Punctuation, "["),
                (Group, "g"),
                (Punctuation, "]"),
                (Skipped, "\0x"),
                (LineEnd, "\n"),
                (Blank, " "),
                (Key, "a"),
                (Punctuation, "["),
                (Locale, "de"),
                (Punctuation, "]"),
                (Blank, "\t"),
                (Punctuation, "="),
                (Blank, " "),
                (Value, "v "),
                (Skipped, "\0w"),
                (LineEnd, "\n"),
                (Blank, "\t"),
                (Skipped, "\0y"),
                (LineEnd, "\n"),
                (Key, "b"),
                (Punctuation, "="),
            ]
        );
    }

    proptest! {
        #[test]
        fn tokens_give_the_text_back(text in hostile::text()) {
            let keyfile = Keyfile::parse(text.as_slice());
            let mut end = 0;
            for token in keyfile.tokens() {
                prop_assert_eq!(token.span.start, end);
                prop_assert!(token.span.end > end);
                let bytes = &text[token.span.clone()];
                match token.kind {
                    TokenKind::Blank => prop_assert!(bytes.iter().copied().all(is_blank)),
                    TokenKind::Punctuation => prop_assert!(matches!(bytes, b"[" | b"]" | b"=")),
                    TokenKind::LineEnd => prop_assert!(matches!(bytes, b"\n" | b"\r\n")),
                    _ => {}
                }
                let line = &keyfile.lines()[token.line - 1];
                prop_assert!(line.span.start <= token.span.start && token.span.end <= line.span.end);
                end = token.span.end;
            }
            prop_assert_eq!(end, text.len());
        }

        #[test]
        fn tokens_and_pairs_tell_the_same(text in hostile::text()) {
            let keyfile = Keyfile::parse(text.as_slice());
            let tokens = keyfile.tokens().collect::<Vec<_>>();
            for pair in keyfile.pairs() {
                let find = |kind| {
                    let mut found = tokens.iter().filter(|t| t.line == pair.line.number && t.kind == kind);
                    found.next().map(|token| text[token.span.clone()].as_bstr())
                };
                prop_assert_eq!(find(TokenKind::Key), Some(pair.key));
                prop_assert_eq!(find(TokenKind::Locale), pair.locale);
                prop_assert_eq!(find(TokenKind::Value).unwrap_or_default(), pair.value);
            }
        }

        #[test]
        fn what_stands_below_a_line_does_not_change_it(text in hostile::text(), rest in hostile::text()) {
            let whole = Keyfile::parse([text.as_slice(), b"\n", &rest].concat());
            let start = Keyfile::parse([text.as_slice(), b"\n"].concat());
            prop_assert!(whole.lines().starts_with(start.lines()));
        }
    }
}
