//! The ranges of lines against the text that they are of, taken apart into tokens.

use proptest::prelude::*;

use super::line::{content, seen};
use super::*;
use crate::hostile;

/// `g_ascii_isspace`; a vertical tab is none.
fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// A stretch of the text that belongs together. No token is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    kind: TokenKind,
    span: Range<usize>,
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Blank,
    Comment,
    Punctuation,
    Group,
    Key,
    Locale,
    Value,
    Skipped,
    Invalid,
    LineEnd,
}

/// What the ranges of the lines say, and all that is between them.
impl Keyfile {
    /// The tokens, in order; put together they are the text.
    fn tokens(&self) -> impl Iterator<Item = Token> {
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
}

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
