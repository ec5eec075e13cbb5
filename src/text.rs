//! All text that goes to a terminal, a log or the journal.
//!
//! **Invariant**: a [`Text`] holds no character that a terminal obeys but the colours of this program, and no
//! end of a line that this program did not put there. Names, values and messages may hold anything: whatever
//! is formatted into a text is escaped as it goes in, line breaks too. So a file name forges no line and
//! clears no screen, also where somebody forgot to escape it. (Names are escaped before, so that they can be
//! given back: `resolver/src/escape.rs`.)
//!
//! What is not for people goes another way: JSON escapes by itself, and `cat` passes bytes on.

use std::fmt;

use overlay_resolver::escape::{escape_text, is_unsafe};

/// What the styles of `render`, of excerpts and of clap are written as. Of all that begins with an escape,
/// only these pass.
const COLOURS: [&str; 8] = [
    "\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[4m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[94m",
];

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

impl Text {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Lines that a library laid out, which was given nothing but what is safe to show.
    pub(crate) fn of_lines(lines: &str) -> Self {
        let mut text = Self::new();
        for line in lines.lines() {
            text.push_shown(line);
            text.end_line();
        }
        text
    }

    /// What `write!` calls.
    pub(crate) fn write_fmt(&mut self, words: fmt::Arguments<'_>) {
        match words.as_str() {
            Some(ours) => self.push_str(ours),
            None => self.push_formatted(words),
        }
    }

    fn push_formatted(&mut self, words: fmt::Arguments<'_>) {
        let start = self.0.len();
        // A string takes all.
        let _infallible = fmt::Write::write_fmt(&mut self.0, words);
        if find_unsafe(&self.0[start..]).is_some() {
            let words = self.0.split_off(start);
            self.push_shown(&words);
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

    fn push_shown(&mut self, mut words: &str) {
        while let Some(at) = find_unsafe(words) {
            let (clean, rest) = words.split_at(at);
            let colour = COLOURS.iter().find(|colour| rest.starts_with(**colour));
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let (now, behind) = rest.split_at(colour.map_or(first, |colour| colour.len()));
            self.0.push_str(clean);
            match colour {
                Some(colour) => self.0.push_str(colour),
                None => self.0.push_str(&String::from(escape_text(now.as_bytes()))),
            }
            words = behind;
        }
        self.0.push_str(words);
    }
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
    fn every_style_of_ours_passes() {
        for style in [BAD, BOLD, FAINT, GOOD, NOTABLE] {
            let mut text = Text::new();
            say!(text, "{style}{}{style:#}", "x");
            assert_eq!(text.as_str(), format!("{style}x{style:#}\n"));
        }
    }
}
