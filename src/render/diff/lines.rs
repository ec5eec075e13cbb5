//! The lines in which a file differs from the one below it.

use std::fmt::Write as _;

use overlay_resolver::delta::{Class, Difference};
use overlay_resolver::escape::{escape, escape_path};
use similar::{Algorithm, ChangeTag, TextDiff};
use std::time::Duration;

use crate::render::{BAD, FAINT, GOOD};

/// How long a diff may look for the shortest way before it takes the one that it has.
const PATIENCE: Duration = Duration::from_millis(500);

/// A unified diff, as `diff -u` prints it, of what a file stands over and the file.
pub(super) fn unified(text: &mut String, difference: &Difference<'_>) {
    let (Class::Overridden | Class::Redirected, Some(bottom)) =
        (difference.class, difference.bottom)
    else {
        return;
    };
    let top = difference.top;
    if bottom.text == top.text {
        return;
    }
    let diff = TextDiff::configure()
        .algorithm(Algorithm::Myers)
        .timeout(PATIENCE)
        .diff_lines(bottom.text.as_slice(), top.text.as_slice());
    let _ = writeln!(
        text,
        "    {FAINT}--- {}{FAINT:#}",
        escape_path(&bottom.path)
    );
    let _ = writeln!(text, "    {FAINT}+++ {}{FAINT:#}", escape_path(&top.path));
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        let _ = writeln!(text, "    {FAINT}{}{FAINT:#}", hunk.header());
        for change in hunk.iter_changes() {
            let line = change.value();
            let (line, end) = match line.strip_suffix(b"\n") {
                Some(line) => (line, ""),
                None => (line, "\n    \\ no newline at the end of the file"),
            };
            let line = escape(line);
            let _ = match change.tag() {
                ChangeTag::Equal => writeln!(text, "     {line}{end}"),
                ChangeTag::Delete => writeln!(text, "    {BAD}-{line}{BAD:#}{end}"),
                ChangeTag::Insert => writeln!(text, "    {GOOD}+{line}{GOOD:#}{end}"),
            };
        }
    }
}
