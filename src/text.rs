//! All text that goes to a terminal, a log or the journal.
//!
//! **Invariant**: a [`Text`] holds no character that a terminal obeys but the styles of this program, and no
//! end of a line that this program did not put there. Names, values and messages may hold anything: whatever
//! is formatted into a text is escaped as it goes in, line breaks too, piece by piece, and only a [`Style`] is not,
//! which nobody else can make. So a file name forges no line, colours nothing and clears no screen, also where somebody
//! forgot to escape it. (Names are escaped before, so that they can be given back: `resolver/src/escape.rs`.)
//!
//! What has a style is put together by [`styled!`], for in a string nothing tells a style from what a name brings.
//!
//! What is not for people goes another way: JSON escapes by itself, and `cat` passes bytes on.

use std::cell::Cell;
use std::fmt;

use overlay_resolver::escape::{escape_text, is_unsafe};

const END: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const FAINT: &str = "\x1b[2m";
const RED: &str = "\x1b[31m";
const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const BRIGHT_BLUE: &str = "\x1b[94m";
const UNDERLINED: &str = "\x1b[4m";

/// What the styles of `render`, of excerpts and of clap are written as.
const CODES: [&str; 8] = [
    END,
    BOLD,
    FAINT,
    UNDERLINED,
    RED,
    GREEN,
    YELLOW,
    BRIGHT_BLUE,
];

/// How words look: `{STYLE}words{STYLE:#}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style(&'static [&'static str]);

impl Style {
    pub(crate) const BOLD: Self = Self(&[BOLD]);
    pub(crate) const FAINT: Self = Self(&[FAINT]);
    pub(crate) const RED: Self = Self(&[BOLD, RED]);
    pub(crate) const GREEN: Self = Self(&[GREEN]);
    pub(crate) const YELLOW: Self = Self(&[YELLOW]);
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let codes = if f.alternate() { &[END] } else { self.0 };
        codes.iter().try_for_each(|code| write_code(f, code))
    }
}

thread_local! {
    /// Whether what is written now is a code: nothing in the bytes tells it from the same ones in a name.
    static IS_CODE: Cell<bool> = const { Cell::new(false) };
}

/// The only one who writes a code as such.
fn write_code(f: &mut fmt::Formatter<'_>, code: &'static str) -> fmt::Result {
    IS_CODE.set(true);
    let written = f.write_str(code);
    IS_CODE.set(false);
    written
}

/// Lines for people.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text(String);

/// Adds a line to a [`Text`]: what is formatted, and its end.
macro_rules! say {
    ($text:expr, $($words:tt)+) => {{
        write!($text, $($words)+);
        $text.end_line();
    }};
}
pub(crate) use say;

/// What `format!` makes, for words of which some have a style: a piece of a line.
macro_rules! styled {
    ($($words:tt)+) => {{
        let mut text = $crate::text::Text::new();
        write!(text, $($words)+);
        text
    }};
}
pub(crate) use styled;

impl Text {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Lines that a library laid out, with its styles. It was given nothing but what is safe to show.
    pub(crate) fn of_lines(lines: &str) -> Self {
        let mut text = Self::new();
        for mut line in lines.lines() {
            while let Some((before, code, behind)) = split_at_style(line) {
                text.push_escaped(before);
                text.0.push_str(code);
                line = behind;
            }
            text.push_escaped(line);
            text.end_line();
        }
        text
    }

    /// What `write!` calls.
    pub(crate) fn write_fmt(&mut self, words: fmt::Arguments<'_>) {
        match words.as_str() {
            Some(ours) => self.push_str(ours),
            None => {
                // A string takes all.
                let _infallible = fmt::Write::write_fmt(&mut Pieces(self), words);
            }
        }
    }

    /// Adds words of this program.
    pub(crate) fn push_str(&mut self, ours: &'static str) {
        self.0.push_str(ours);
    }

    pub(crate) fn end_line(&mut self) {
        self.0.push('\n');
    }

    /// An empty line, if anything is above it.
    pub(crate) fn gap(&mut self) {
        if !self.is_empty() {
            self.end_line();
        }
    }

    pub(crate) fn append(&mut self, other: &Self) {
        self.0.push_str(&other.0);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn push_escaped(&mut self, mut words: &str) {
        while let Some(at) = find_unsafe(words) {
            let (clean, rest) = words.split_at(at);
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let (now, behind) = rest.split_at(first);
            self.0.push_str(clean);
            self.0.push_str(&String::from(escape_text(now.as_bytes())));
            words = behind;
        }
        self.0.push_str(words);
    }
}

/// Within another text, its styles are styles.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = self.as_str();
        while let Some((before, code, behind)) = split_at_style(words) {
            f.write_str(before)?;
            write_code(f, code)?;
            words = behind;
        }
        f.write_str(words)
    }
}

/// Takes what is formatted, piece by piece, as each argument writes it.
struct Pieces<'t>(&'t mut Text);

impl fmt::Write for Pieces<'_> {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        if IS_CODE.get() {
            self.0.0.push_str(piece);
        } else {
            self.0.push_escaped(piece);
        }
        Ok(())
    }
}

/// The first style of what is safe to show, with what is before and behind it.
fn split_at_style(shown: &str) -> Option<(&str, &'static str, &str)> {
    shown.match_indices('\x1b').find_map(|(at, _)| {
        let (before, rest) = shown.split_at(at);
        let code = CODES.iter().find(|&&code| rest.starts_with(code))?;
        Some((before, *code, &rest[code.len()..]))
    })
}

/// Where the first character is that a terminal obeys.
fn find_unsafe(words: &str) -> Option<usize> {
    // Mostly all are plain, and to look at each as a character takes ten times as long.
    let plain = words.bytes().take_while(|byte| matches!(byte, b' '..=b'~'));
    let plain = plain.count();
    let at = words[plain..].find(|c| is_unsafe(c) && c != '\t')?;
    Some(plain + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::style::{BAD, BOLD, FAINT, GOOD, NOTABLE};

    #[test]
    fn what_is_formatted_ends_no_line_and_commands_no_terminal() {
        let name = "a\n\x1b]0;title\x07\x1b[2J\u{202e}\u{9b}31m\r\u{2028}\u{200b}\tb\\x0a\n";
        let mut text = Text::new();
        say!(text, "{GOOD}{name}{GOOD:#}: {}", 1);
        say!(text, "two\nlines");
        assert_eq!(
            text.as_str(),
            "\x1b[32ma\\x0a\\x1b]0;title\\x07\\x1b[2J\\u{202e}\\u{009b}31m\\x0d\\u{2028}\\u{200b}\tb\\x0a\\x0a\x1b[0m: 1\n\
             two\nlines\n"
        );
        let mut twice = Text::of_lines(text.as_str());
        assert_eq!(twice, text);
        twice.append(&text);
        assert_eq!(twice.as_str(), text.as_str().repeat(2));
    }

    #[test]
    fn a_style_that_is_not_ours_is_text() {
        for code in CODES {
            // Wherever it comes from, and however it is passed on.
            let name = code.to_owned();
            let escaped = name.replace('\x1b', "\\x1b");
            assert_eq!(styled!("{name}").as_str(), escaped);
            assert_eq!(
                styled!("{}", format!("{BAD}{BAD:#}")).as_str(),
                "\\x1b[1m\\x1b[31m\\x1b[0m"
            );
            let ours = styled!("{GOOD}{name}{GOOD:#}\n");
            assert_eq!(ours.as_str(), format!("\x1b[32m{escaped}\x1b[0m\\x0a"));
            assert_eq!(
                styled!("{FAINT}{ours}{FAINT:#}").as_str(),
                format!("\x1b[2m{ours}\x1b[0m")
            );
        }
    }

    #[test]
    fn every_style_of_ours_passes() {
        for style in [BAD, BOLD, FAINT, GOOD, NOTABLE] {
            let mut text = Text::new();
            say!(text, "{style}{}{style:#}", "x");
            assert_eq!(text.as_str(), format!("{style}x{style:#}\n"));
        }
    }
}
