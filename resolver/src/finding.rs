//! What went wrong or is worth knowing, and where.
//!
//! A finding is a value, never a log line: whoever resolves a tree decides what to do with it.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

use crate::escape::{escape_lines, escape_path};

/// How much a [`Finding`] matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Something was not done or could not be read; a command that meets one fails.
    Error,
    /// It works, but probably not as somebody meant it.
    Warning,
    /// Worth knowing; nothing needs doing.
    Info,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        })
    }
}

/// One thing to tell the owner, with the place it comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// The file or directory, as seen inside the root (`/etc/…`).
    pub path: PathBuf,
    /// The line in that file, counted from 1.
    pub line: Option<usize>,
    /// What was found, what was expected and what to do.
    pub message: String,
    /// The name of the lint that found it, where one did: stable, so that it can be selected.
    pub code: Option<&'static str>,
    /// The bytes of that file that it is about, to point at.
    pub span: Option<Span>,
}

/// A stretch of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first of them.
    pub start: usize,
    /// The one behind the last.
    pub end: usize,
}

impl From<Range<usize>> for Span {
    fn from(Range { start, end }: Range<usize>) -> Self {
        Self { start, end }
    }
}

impl Finding {
    /// A finding about `path`.
    pub fn new(level: Level, path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self {
            level,
            path: path.into(),
            line: None,
            message: message.into(),
            code: None,
            span: None,
        }
    }

    /// An error about `path`.
    pub fn error(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::new(Level::Error, path, message)
    }

    /// A warning about `path`.
    pub fn warning(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::new(Level::Warning, path, message)
    }

    /// A note about `path`.
    pub fn info(path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self::new(Level::Info, path, message)
    }

    /// What is wrong with the TOML `text` of the file at `path`.
    pub fn of_toml(path: impl Into<PathBuf>, text: &[u8], error: &toml::de::Error) -> Self {
        let finding = Self::error(path, escape_lines(error.message()));
        match error.span() {
            Some(span) => finding.at(line_of(text, span.start)).spanning(span),
            None => finding,
        }
    }

    /// The same finding, at `line` (counted from 1) of its file.
    #[must_use]
    pub fn at(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }

    /// The same finding, as one of the lint of this name.
    #[must_use]
    pub fn of_lint(self, name: &'static str) -> Self {
        Self {
            code: Some(name),
            ..self
        }
    }

    /// The same finding, about these bytes of its file.
    #[must_use]
    pub fn spanning(self, bytes: Range<usize>) -> Self {
        Self {
            span: Some(bytes.into()),
            ..self
        }
    }
}

/// A text and where it comes from, for findings about parts of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) path: &'t Path,
    pub(crate) text: &'t [u8],
}

impl Source<'_> {
    /// An error about these bytes of the text.
    pub(crate) fn error(self, bytes: Range<usize>, message: impl Into<String>) -> Finding {
        let line = line_of(self.text, bytes.start);
        Finding::error(self.path, message).at(line).spanning(bytes)
    }

    /// What is wrong with it as TOML.
    pub(crate) fn toml_error(self, error: &toml::de::Error) -> Finding {
        Finding::of_toml(self.path, self.text, error)
    }
}

/// The number, counted from 1, of the line that has the byte at `offset`.
pub fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.find_iter(b"\n").count()
}

impl fmt::Display for Finding {
    /// `/etc/x.conf:3: message`, without the level; ` [lint-name]` follows where there is one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", escape_path(&self.path))?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)?;
        match self.code {
            Some(code) => write!(f, " [{code}]"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Finding {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lint_is_named_behind_its_message() {
        let finding = Finding::warning("/etc/x.conf", "message").at(3);
        assert_eq!(finding.to_string(), "/etc/x.conf:3: message");
        assert_eq!(
            finding.of_lint("same-value").to_string(),
            "/etc/x.conf:3: message [same-value]"
        );
    }
}
