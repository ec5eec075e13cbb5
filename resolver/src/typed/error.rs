//! What is wrong with a value, and where it stands.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use bstr::{BString, ByteSlice as _};
use serde::de;
use thiserror::Error;

use super::{Entry, Origin};
use crate::escape::{escape, escape_path, is_unsafe};
use crate::finding::Finding;
use crate::format::path;

/// Why a configuration is not what the type that was asked for wants it to be.
///
/// Shown, it is one line that begins with the place, as compilers do it:
/// `/etc/x.conf:3:7: [Section] Key: invalid value: string "x", expected u16`.
#[derive(Clone, PartialEq, Eq, Error)]
pub struct DeserializeError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Inner {
    message: String,
    /// The tables, from the outermost on, and the key.
    names: Vec<BString>,
    /// Whether the last of the names is a key.
    of_key: bool,
    /// Something is not there, so no line can be to blame.
    missing: bool,
    spot: Option<Spot>,
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Spot {
    path: PathBuf,
    /// None for the file as a whole.
    line: Option<MarkedLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct MarkedLine {
    number: usize,
    source: BString,
    mark: Range<usize>,
}

/// The part of an assignment that an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Key,
    Value,
}

impl DeserializeError {
    /// An error of which the message is fit to be shown.
    pub(super) fn new(message: String) -> Self {
        Self(Box::new(Inner {
            message,
            ..Inner::default()
        }))
    }

    /// What was found wrong with a file of this text.
    pub(crate) fn of_finding(finding: &Finding, text: &[u8]) -> Self {
        let line = finding.line.and_then(|number| {
            let source = text.split(|&byte| byte == b'\n').nth(number - 1)?;
            Some(MarkedLine {
                number,
                mark: 0..source.len(),
                source: source.into(),
            })
        });
        Self(Box::new(Inner {
            message: finding.message.clone(),
            spot: Some(Spot {
                path: finding.path.clone(),
                line,
            }),
            ..Inner::default()
        }))
    }

    /// The file to blame; none if something is missing in all of them.
    pub fn path(&self) -> Option<&Path> {
        self.0.spot.as_ref().map(|spot| &*spot.path)
    }

    /// The line in that file, counted from 1; none if that is wrong as a whole.
    pub fn line(&self) -> Option<usize> {
        self.marked_line().map(|line| line.number)
    }

    /// The first character of what is wrong in that line, counted from 1.
    pub fn column(&self) -> Option<usize> {
        self.marked_line().map(MarkedLine::column)
    }

    fn marked_line(&self) -> Option<&MarkedLine> {
        self.0.spot.as_ref()?.line.as_ref()
    }

    /// The section, or the dotted path of the tables; empty for none.
    pub fn section(&self) -> String {
        match self.tables() {
            // A keyfile's section is shown as it stands there.
            [section] => section.to_string(),
            tables => tables.iter().fold(String::new(), |path, name| {
                path::join(&path, &name.to_str_lossy())
            }),
        }
    }

    /// The key, unless the error is about a whole section.
    pub fn key(&self) -> Option<String> {
        let key = self.0.names.last().filter(|_| self.0.of_key);
        key.map(ToString::to_string)
    }

    /// What is wrong.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// All files that were read, lowest first.
    pub fn files(&self) -> &[PathBuf] {
        &self.0.files
    }

    /// The place and the line in question, with what is wrong underlined, as several lines; `None`
    /// where [`DeserializeError::line`] is.
    ///
    /// ```text
    ///  --> /etc/x.conf:3:9
    ///   |
    /// 3 | Restart=maybe
    ///   |         ^^^^^
    /// ```
    pub fn excerpt(&self) -> Option<String> {
        let spot = self.0.spot.as_ref()?;
        Some(spot.line.as_ref()?.excerpt(spot))
    }

    fn tables(&self) -> &[BString] {
        match &*self.0.names {
            [tables @ .., _] if self.0.of_key => tables,
            tables => tables,
        }
    }

    /// The same error, about `part` of the assignment at `origin`, unless it has a place already.
    pub(super) fn at(mut self, origin: &Origin<'_>, part: Part) -> Self {
        self.0.spot.get_or_insert_with(|| Spot::new(origin, part));
        self
    }

    /// The same error, about `part` of `entry`, which is called `name` in its table.
    pub(super) fn in_entry(mut self, name: &BString, entry: &Entry<'_>, part: Part) -> Self {
        let is_key = matches!(entry, Entry::Key(_));
        if self.0.names.is_empty() {
            self.0.of_key = is_key;
        }
        self.0.names.insert(0, name.clone());
        let part = if is_key { part } else { Part::Key };
        match entry.place() {
            Some(origin) if is_key || !self.0.missing => self.at(origin, part),
            _ => self,
        }
    }

    pub(super) fn in_files(mut self, files: &[PathBuf]) -> Self {
        self.0.files = files.to_vec();
        self
    }
}

impl fmt::Display for DeserializeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.spot {
            Some(spot) => write!(f, "{spot}: ")?,
            None if self.0.files.is_empty() => f.write_str("no file was read: ")?,
            None => {
                for (at, file) in self.0.files.iter().enumerate() {
                    write!(
                        f,
                        "{}{}",
                        if at == 0 { "" } else { ", " },
                        escape_path(file)
                    )?;
                }
                f.write_str(": ")?;
            }
        }
        let (section, key) = (self.section(), self.key());
        if !section.is_empty() {
            let end = if key.is_some() { "" } else { ":" };
            write!(f, "[{}]{end} ", escape(section.as_bytes()))?;
        }
        if let Some(key) = key {
            write!(f, "{}: ", escape(key.as_bytes()))?;
        }
        f.write_str(self.message())
    }
}

impl de::Error for DeserializeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        // What serde quotes of a value is escaped already; what others quote may be anything.
        let is_fit = !message.chars().any(is_unsafe);
        Self::new(if is_fit {
            message
        } else {
            escape(message.as_bytes()).into()
        })
    }

    fn missing_field(field: &'static str) -> Self {
        let mut error = Self::new(format!("missing field `{field}`"));
        error.0.missing = true;
        error
    }
}

impl Spot {
    fn new(origin: &Origin<'_>, part: Part) -> Self {
        let source = origin.source();
        Self {
            path: origin.path.to_path_buf(),
            line: Some(MarkedLine {
                number: origin.line,
                source: source.text.into(),
                mark: match part {
                    Part::Key => source.key..source.value.start,
                    Part::Value => source.value,
                },
            }),
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        escape_path(&self.path).fmt(f)?;
        match &self.line {
            Some(line) => write!(f, ":{}:{}", line.number, line.column()),
            None => Ok(()),
        }
    }
}

impl MarkedLine {
    fn column(&self) -> usize {
        self.source[..self.mark.start].chars().count() + 1
    }

    fn excerpt(&self, spot: &Spot) -> String {
        let (before, marked) = (
            &self.source[..self.mark.start],
            &self.source[self.mark.clone()],
        );
        let after = &self.source[self.mark.end..];
        // The separator between a key and its value is none of both.
        let marked_only = marked.trim_end_with(|c| c.is_whitespace() || matches!(c, '=' | ':'));
        let before = cut_start(&escape(before).to_string(), 60);
        let mut line = cut_end(&escape(marked).to_string(), 60);
        line += &cut_end(&escape(after).to_string(), 20);
        let width = cut_end(&escape(marked_only).to_string(), 60)
            .chars()
            .count()
            .max(1);

        let number = self.number.to_string();
        let gutter = " ".repeat(number.len());
        format!(
            "{gutter}--> {spot}\n{gutter} |\n{number} | {before}{line}\n{gutter} | {}{}",
            " ".repeat(before.chars().count()),
            "^".repeat(width),
        )
    }
}

/// The start of a text, for a message of one line.
pub(super) fn short(text: &str) -> String {
    cut_end(text, 60)
}

/// The first `length` characters.
fn cut_end(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The last `length` characters.
fn cut_start(text: &str, length: usize) -> String {
    match text.char_indices().nth_back(length) {
        Some((start, c)) => format!("…{}", &text[start + c.len_utf8()..]),
        None => text.to_owned(),
    }
}
