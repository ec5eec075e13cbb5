//! How the command ended.

use overlay_adapters::report::Report;
use overlay_resolver::finding::{Finding, Level};

/// How the command ended; FORMATS.md documents the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// In order.
    Fine = 0,
    /// Something failed; the rest was done.
    Failed = 1,
    /// It was called in a way that means nothing.
    Usage = 2,
    /// Changes are pending or something differs, where that was asked.
    Pending = 3,
}

impl Exit {
    /// An error among the findings fails the command.
    pub(crate) fn of_findings(findings: &[Finding]) -> Self {
        if findings.iter().any(|finding| finding.level == Level::Error) {
            Self::Failed
        } else {
            Self::Fine
        }
    }

    /// How a command about adapters ends. A failure outweighs pending changes, which count where they
    /// were asked for: it needs somebody, they need only a run.
    pub(crate) fn of_report(report: &Report, check: bool) -> Self {
        match (report.failed(), check && !report.pending.is_empty()) {
            (true, _) => Self::Failed,
            (false, true) => Self::Pending,
            (false, false) => Self::Fine,
        }
    }
}
