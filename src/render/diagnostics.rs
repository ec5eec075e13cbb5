//! Problems with the lines that they are about.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use annotate_snippets::renderer::{DecorStyle, Renderer};
use annotate_snippets::{AnnotationKind, Level, Snippet};
use anstyle::AnsiColor;
use overlay_resolver::Document;
use overlay_resolver::escape::{escape, escape_path, escape_text};
use overlay_resolver::finding::{self, Finding};

use super::grouped::grouped;
use super::style::{BAD, NOTABLE};
use crate::text::{Text, say};

/// The most columns shown of a line that is pointed at; of the rest the renderer shows what fits.
const LONGEST: usize = 72;

/// The most lines shown of a statement that spans several.
const MOST_LINES: usize = 6;

/// What went wrong or looks wrong, for standard error: with the line where a finding has one and a
/// document has its text, else as one line. Of many that are alike, a few.
pub(crate) fn diagnostics(findings: &[Finding], sources: &[&Document]) -> Text {
    // Mostly there is nothing to say, of however many files.
    let fragments = sources
        .iter()
        .filter(|_| !findings.is_empty())
        .flat_map(|document| &document.entry().fragments);
    let mut by_path = HashMap::new();
    for fragment in fragments {
        by_path.entry(&fragment.path).or_insert(fragment);
    }
    grouped(findings, |finding| {
        let source = by_path.get(&finding.path);
        let excerpt = source.and_then(|fragment| Excerpt::new(&fragment.text, finding));
        excerpt.map_or_else(|| line(finding), |excerpt| excerpt.render(finding))
    })
}

/// The same, each as one line.
pub(crate) fn findings(findings: &[Finding]) -> Text {
    grouped(findings, line)
}

fn line(finding: &Finding) -> Text {
    let style = match finding.level {
        finding::Level::Error => BAD,
        finding::Level::Warning | finding::Level::Info => NOTABLE,
    };
    let mut text = Text::new();
    say!(text, "{style}{}{style:#}: {finding}", finding.level);
    text
}

/// The lines that a finding is about, made safe to show.
struct Excerpt {
    text: String,
    first_line: usize,
    marked: Range<usize>,
}

impl Excerpt {
    fn new(text: &[u8], finding: &Finding) -> Option<Self> {
        let first_line = finding.line?;
        let (start, end) = match finding.span {
            Some(span) => (span.start, span.end),
            None => line_at(text, first_line)?,
        };
        let marked = text.get(start..end)?;
        let end = start + marked.trim_ascii_end().len();
        let end =
            nth_line_end(text.get(start..end)?, MOST_LINES).map_or(end, |length| start + length);
        let is_break = |&byte: &u8| byte == b'\n';
        let line_start = text
            .get(..start)?
            .iter()
            .rposition(is_break)
            .map_or(0, |at| at + 1);
        let rest = text.get(end..)?;
        let line_end = end + rest.iter().position(is_break).unwrap_or(rest.len());
        let before = visible(text.get(line_start..start)?);
        let marked: Vec<_> = text
            .get(start..end)?
            .split(is_break)
            .map(|line| cut(&visible(line), LONGEST))
            .collect();
        let marked = marked.join("\n");
        let behind = cut(&visible(text.get(end..line_end)?), LONGEST);
        Some(Self {
            marked: before.len()..before.len() + marked.len(),
            text: before + &marked + &behind,
            first_line,
        })
    }

    fn render(&self, finding: &Finding) -> Text {
        let level = match finding.level {
            finding::Level::Error => Level::ERROR,
            finding::Level::Warning | finding::Level::Info => Level::WARNING,
        };
        let path = escape_path(&finding.path).to_string();
        let snippet = Snippet::source(Cow::Borrowed(self.text.as_str()))
            .line_start(self.first_line)
            .path(path.as_str())
            .annotation(AnnotationKind::Primary.span(self.marked.clone()));
        let message = escape_text(finding.message.as_bytes()).to_string();
        let title = level.primary_title(message.as_str());
        let group = title.element(snippet);
        let renderer = Renderer::styled()
            .decor_style(DecorStyle::Ascii)
            .error(AnsiColor::Red.on_default().bold())
            .warning(AnsiColor::Yellow.on_default());
        Text::of_lines(&renderer.render(&[group]))
    }
}

/// Where the line of this number begins and ends.
fn line_at(text: &[u8], number: usize) -> Option<(usize, usize)> {
    let mut start = 0;
    for (index, line) in (1..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        if index == number {
            return Some((start, start + line.len()));
        }
        start += line.len();
    }
    None
}

/// Where the line of this number ends, if others follow it.
fn nth_line_end(text: &[u8], number: usize) -> Option<usize> {
    let mut breaks = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
    breaks.nth(number - 1).map(|(at, _)| at)
}

fn visible(line: &[u8]) -> String {
    let mut text = String::new();
    for (index, part) in line.split(|&byte| byte == b'\t').enumerate() {
        if index > 0 {
            text.push_str("    ");
        }
        text.push_str(&escape(part).to_string());
    }
    text
}

fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use overlay_resolver::finding::code;

    use super::Excerpt;

    /// The excerpt with what is pointed at between brackets.
    fn shown(text: &[u8], line: usize, span: Option<(usize, usize)>) -> Option<String> {
        let mut finding = code::BROKEN_FILE.error("/x", "message").at(line);
        if let Some((start, end)) = span {
            finding = finding.spanning(start..end);
        }
        let Excerpt { text, marked, .. } = Excerpt::new(text, &finding)?;
        let (before, rest) = text.split_at(marked.start);
        let (inside, behind) = rest.split_at(marked.len());
        Some(format!("{before}[{inside}]{behind}"))
    }

    #[test]
    fn an_excerpt_is_safe_and_short() {
        let long = format!("{}=here{}", "k".repeat(100), "v".repeat(100));
        for (text, line, span, expected) in [
            (
                "a\njunk  \nb\n".as_bytes(),
                2,
                None,
                Some("[junk]  ".to_owned()),
            ),
            (b"a\njunk", 2, None, Some("[junk]".into())),
            (b"a\n", 2, None, None),
            (b"a\n", 1, Some((0, 9)), None),
            (b"a = x y\n", 1, Some((4, 5)), Some("a = [x] y".into())),
            (
                b"a=\x1b[31m\xff\tb\n",
                1,
                None,
                Some("[a=\\x1b[31m\\xff    b]".into()),
            ),
            (b"a=\\\xff\n", 1, Some((2, 3)), Some("a=[\\]\\xff".into())),
            (
                b"x\na=1 \\\n 2\ny\n",
                2,
                Some((2, 11)),
                Some("[a=1 \\\n 2]".into()),
            ),
            (
                b"1\n2\n3\n4\n5\n6\n7\n8\n",
                1,
                Some((0, 15)),
                Some("[1\n2\n3\n4\n5\n6]".into()),
            ),
            (b"\n\n", 1, None, Some("[]".into())),
            (
                long.as_bytes(),
                1,
                Some((101, 105)),
                Some(format!("{}=[here]{}…", "k".repeat(100), "v".repeat(72))),
            ),
            (
                long.as_bytes(),
                1,
                None,
                Some(format!("[{}…]", "k".repeat(72))),
            ),
        ] {
            assert_eq!(shown(text, line, span), expected, "{text:?}");
        }
    }

    proptest::proptest! {
        /// Whatever a file holds and whatever is pointed at, rendering does not panic, and nothing in
        /// it commands a terminal.
        #[test]
        fn any_text_can_be_shown(
            text in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
            line in 1_usize..5,
            span in proptest::option::of((0_usize..220, 0_usize..220)),
        ) {
            let mut finding = code::BROKEN_FILE.error("/x", "message").at(line);
            if let Some((start, end)) = span {
                finding = finding.spanning(start..end);
            }
            if let Some(excerpt) = Excerpt::new(&text, &finding) {
                let shown = excerpt.render(&finding);
                let plain = anstream::adapter::strip_str(shown.as_str()).to_string();
                proptest::prop_assert!(!plain.chars().any(|c| c.is_control() && c != '\n'));
            }
        }
    }
}
