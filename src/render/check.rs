//! Text about what `check` found, a line a finding, and about its lints.

use overlay_resolver::finding::{Finding, Level};

use super::style::{BAD, BOLD, FAINT, NOTABLE};
use crate::text::{Text, say};

const LEVELS: [(Level, &str); 3] = [
    (Level::Error, "error"),
    (Level::Warning, "warning"),
    (Level::Info, "note"),
];

/// Every finding, and how many there are.
pub(crate) fn check(checked: usize, findings: &[Finding]) -> Text {
    let mut text = Text::new();
    for finding in findings {
        let style = match finding.level {
            Level::Error => BAD,
            Level::Warning => NOTABLE,
            Level::Info => FAINT,
        };
        say!(
            text,
            "{style}{}{style:#}: {finding} [{}]",
            finding.level,
            finding.code
        );
    }
    let counts = LEVELS.iter().filter_map(|(level, word)| {
        let of_level = |finding: &&Finding| finding.level == *level;
        match findings.iter().filter(of_level).count() {
            0 => None,
            count => Some(plural(count, word)),
        }
    });
    let counts: Vec<_> = counts.collect();
    let counts = match counts.as_slice() {
        [] => "nothing found".into(),
        counts => counts.join(", "),
    };
    say!(
        text,
        "{counts} in {}",
        plural(checked, "configuration path")
    );
    text
}

fn plural(count: usize, word: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {word}{end}")
}

/// The table of lints.
pub(crate) fn lints() -> Text {
    let lints = crate::lints::all();
    let width = lints.iter().map(|lint| lint.code.name().len()).max();
    let width = width.unwrap_or_default();
    let mut text = Text::new();
    for lint in lints {
        let level = lint.level.to_string();
        say!(
            text,
            "{BOLD}{:width$}{BOLD:#}  {level:7}  {}",
            lint.code.name(),
            lint.code.summary()
        );
    }
    text
}
