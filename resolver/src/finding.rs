//! What went wrong or is worth knowing, and where.
//!
//! A finding is a value, never a log line: whoever resolves a tree decides what to do with it.

pub mod code;

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;

pub use self::code::Code;
use crate::escape::escape_path;

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

/// How many findings of one kind are told of one file. Who has seen so many has seen enough: one that is something else
/// altogether must fill neither the memory nor the screen.
pub(crate) const ENOUGH: usize = 1000;

/// One thing to tell the owner, with the place it comes from.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Finding {
    /// How much it matters.
    pub level: Level,
    /// The file or directory, as seen inside the root (`/etc/…`).
    pub path: PathBuf,
    /// The line in that file, counted from 1.
    pub line: Option<usize>,
    /// What was found, what was expected and what to do.
    pub message: String,
    /// What kind of finding it is.
    pub code: Code,
    /// The bytes of that file that it is about, to point at.
    pub span: Option<Span>,
}

/// A stretch of bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
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
    /// The same finding, at `line` (counted from 1) of its file.
    #[must_use]
    pub fn at(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }

    /// The same finding, the last that is told of many.
    #[must_use]
    pub(crate) fn of_more(self) -> Self {
        let message = format!("{}; there are more problems below", self.message);
        Self { message, ..self }
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
        code::BAD_RULES
            .error(self.path, message)
            .at(line)
            .spanning(bytes)
    }

    /// What is wrong with it as TOML.
    pub(crate) fn toml_error(self, error: &toml::de::Error) -> Finding {
        code::BAD_RULES.of_toml(self.path, self.text, error)
    }
}

/// The number, counted from 1, of the line that has the byte at `offset`.
pub(crate) fn line_of(text: &[u8], offset: usize) -> usize {
    let before = text.get(..offset).unwrap_or(text);
    1 + before.find_iter(b"\n").count()
}

impl fmt::Display for Finding {
    /// `/etc/x.conf:3: message`, without the level and the code.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", escape_path(&self.path))?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.message)
    }
}

impl std::error::Error for Finding {}
