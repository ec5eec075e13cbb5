//! What is said of files whose syntax is only guessed: that they are not in the usual one is no error of theirs.

use std::ffi::OsStr;

use super::Document;
use crate::finding::{Finding, Level, code};

impl Document {
    /// The same, whose syntax is the usual one because nobody says which it is.
    pub(crate) fn of_guessed_syntax(self) -> Self {
        let document = Self {
            has_guessed_syntax: true,
            ..self
        };
        let problems = document.problems().iter();
        let guesses = warnings(problems.filter(|one| document.is_guessed(one)));
        Self {
            guesses,
            ..document
        }
    }

    /// Whether a finding may only say that the guess at the syntax is wrong.
    pub(crate) fn is_guessed(&self, finding: &Finding) -> bool {
        // These say by their names what they are.
        let tells = |end: &OsStr| end == "toml" || end == "json";
        self.has_guessed_syntax
            && finding.code == code::BROKEN_LINE
            && !finding.path.extension().is_some_and(tells)
    }

    /// What was found that is for sure: not what may only say that the guess is wrong.
    pub(crate) fn certain_findings(&self) -> impl Iterator<Item = &Finding> {
        let problems = self.problems().iter();
        let certain = problems.filter(|problem| !self.is_guessed(problem));
        self.findings.iter().chain(certain)
    }
}

/// One warning a file.
fn warnings<'p>(problems: impl Iterator<Item = &'p Finding>) -> Vec<Finding> {
    let mut problems: Vec<_> = problems.collect();
    // Those of a file follow each other, whatever their levels are.
    problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    let of_files = problems.chunk_by(|a, b| a.path == b.path);
    let warning = |file: &[&Finding]| {
        let first = file.first()?;
        let count = match file.len() {
            1 => "a line".to_owned(),
            count => format!("{count} lines"),
        };
        let message = format!(
            "{count} cannot be read as systemd's files are; the consumer is not known, so the syntax may be \
             another: `--rules` says which"
        );
        Some(Finding {
            level: Level::Warning,
            message,
            ..(*first).clone()
        })
    };
    of_files.filter_map(warning).collect()
}
