//! The lines in which a file differs from the one below it.

use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::inspect::delta::{Class, Difference};
use similar::{Algorithm, ChangeTag, TextDiff};
use std::time::Duration;

use super::super::style::{BAD, FAINT, GOOD};
use crate::text::{Text, say};

/// How long a diff may look for the shortest way before it takes the one that it has.
const PATIENCE: Duration = Duration::from_millis(500);

/// A unified diff, as `diff -u` prints it, of what a file stands over and the file.
pub(super) fn unified(text: &mut Text, difference: &Difference<'_>) {
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
        .diff_lines(&*bottom.text, &*top.text);
    say!(
        text,
        "    {FAINT}--- {}{FAINT:#}",
        escape_path(&bottom.path)
    );
    say!(text, "    {FAINT}+++ {}{FAINT:#}", escape_path(&top.path));
    for hunk in diff.unified_diff().context_radius(3).iter_hunks() {
        say!(text, "    {FAINT}{}{FAINT:#}", hunk.header());
        for change in hunk.iter_changes() {
            let line = change.value();
            let whole = line.strip_suffix(b"\n");
            let shown = escape(whole.unwrap_or(line));
            match change.tag() {
                ChangeTag::Equal => say!(text, "     {shown}"),
                ChangeTag::Delete => say!(text, "    {BAD}-{shown}{BAD:#}"),
                ChangeTag::Insert => say!(text, "    {GOOD}+{shown}{GOOD:#}"),
            }
            if whole.is_none() {
                text.push_str("    \\ no newline at the end of the file\n");
            }
        }
    }
}
