//! Reads typed values out of a merged document, each complaint with the file and line it is about.

use std::path::PathBuf;

use bstr::ByteSlice as _;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::{Code, Finding, Level};
use overlay_resolver::keyfile::value::{self, ValueError};
use overlay_resolver::{Assignment, Document};

use crate::code;

/// One entry's merged document, and what was found wrong with it so far.
pub(crate) struct Reader<'a> {
    document: &'a Document,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(document: &'a Document) -> Self {
        Self {
            document,
            findings: Vec::new(),
        }
    }

    /// Whether nothing found so far stands in the way of using the document.
    pub(crate) fn is_usable(&self) -> bool {
        self.findings
            .iter()
            .all(|finding| finding.level != Level::Error)
    }

    /// The decoded string. What cannot be decoded is an error and reads as absent.
    pub(crate) fn string(&mut self, section: &str, key: &str) -> Option<String> {
        self.decoded(section, key, value::decode_string)
    }

    /// The string if it is neither absent nor empty.
    pub(crate) fn non_empty(&mut self, section: &str, key: &str) -> Option<String> {
        self.string(section, key).filter(|text| !text.is_empty())
    }

    /// The list of strings; an absent one is empty.
    pub(crate) fn list(&mut self, section: &str, key: &str) -> Vec<String> {
        self.decoded(section, key, value::decode_list)
            .unwrap_or_default()
    }

    /// A boolean whose spelling must be right.
    pub(crate) fn boolean(&mut self, section: &str, key: &str) -> Option<bool> {
        self.decoded(section, key, value::decode_boolean)
    }

    /// An integer whose spelling must be right.
    pub(crate) fn integer(&mut self, section: &str, key: &str) -> Option<i32> {
        self.decoded(section, key, value::decode_integer)
    }

    /// A boolean as flatpak reads it from a `.flatpakrepo`: anything it does not know is false.
    pub(crate) fn lenient_boolean(&mut self, section: &str, key: &str) -> Option<bool> {
        let assignment = self.document.get(section, key)?;
        Some(
            value::decode_boolean(assignment.value()).unwrap_or_else(|_| {
                let message = format!(
                    "{key}={}: flatpak takes this for false; write `true` or `false`",
                    escape(assignment.value())
                );
                self.complain(
                    code::INVALID_VALUE,
                    Level::Warning,
                    Some(assignment),
                    message,
                );
                false
            }),
        )
    }

    /// An error at the line of a key, or at the entry's main file where the key is absent.
    pub(crate) fn error(&mut self, section: &str, key: &str, message: impl Into<String>) {
        let assignment = self.document.get(section, key);
        self.complain(
            code::INVALID_VALUE,
            Level::Error,
            assignment,
            message.into(),
        );
    }

    /// A warning at the line of a key.
    pub(crate) fn warn(&mut self, section: &str, key: &str, message: impl Into<String>) {
        let assignment = self.document.get(section, key);
        self.complain(
            code::INEFFECTIVE,
            Level::Warning,
            assignment,
            message.into(),
        );
    }

    /// Warns of every key of a section that is not among those known.
    pub(crate) fn warn_of_others(&mut self, section: &str, known: &[&str]) {
        for assignment in self.document.section(section) {
            if !known.iter().any(|known| assignment.key() == *known) {
                let message = format!(
                    "unknown key {} in [{section}]; known are {}",
                    escape(assignment.key()),
                    known.join(", ")
                );
                self.complain(code::INEFFECTIVE, Level::Warning, Some(assignment), message);
            }
        }
    }

    fn decoded<T>(
        &mut self,
        section: &str,
        key: &str,
        decode: impl Fn(&[u8]) -> Result<T, ValueError>,
    ) -> Option<T> {
        let assignment = self.document.get(section, key)?;
        match decode(assignment.value().as_bytes()) {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(
                    code::INVALID_VALUE,
                    Level::Error,
                    Some(assignment),
                    format!("{key}: {error}"),
                );
                None
            }
        }
    }

    /// A finding at an assignment, or at the main file.
    pub(crate) fn complain(
        &mut self,
        code: Code,
        level: Level,
        at: Option<Assignment<'_>>,
        message: String,
    ) {
        self.findings.push(match at {
            Some(at) => code
                .finding(level, &at.fragment().path, message)
                .at(at.line()),
            None => code.finding(level, self.main_path(), message),
        });
    }

    fn main_path(&self) -> PathBuf {
        self.document
            .entry()
            .effective()
            .next()
            .map_or_else(PathBuf::new, |fragment| fragment.path.clone())
    }
}
