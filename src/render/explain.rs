//! Text about keys: the winner, the losers, and why.

use std::fmt;

use bstr::BStr;
use overlay_resolver::document::Explanation;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::{Assignment, Basis, Configuration, Document, Key};

use super::files::{file, no_key};
use super::style::{BAD, BOLD, FAINT, GOOD, NOTABLE, shortened};
use crate::resolved::{Explained, Resolved};
use crate::text::{Text, say, styled};

/// What a key is of which nothing says what its assignments come to, and what to do.
const MULTI_VALUED: &str = "has several values, and nothing says whether the last one counts or all do: \
                            a schema would (`schema` in a rule set)";

/// For standard error, once, below the output that has the mark.
pub(crate) fn multi_valued_note() -> Text {
    let mut text = Text::new();
    say!(
        text,
        "{NOTABLE}note{NOTABLE:#}: a key with the mark `# multi-valued` {MULTI_VALUED}"
    );
    text
}

/// For standard error: how many assignments are left out because their consumer ignores them.
pub(crate) fn ignored_note(resolved: &Resolved) -> Option<Text> {
    let loaded = resolved
        .documents
        .iter()
        .filter(|document| document.loads());
    let assignments = loaded.flat_map(Document::assignments);
    let (count, what) = match assignments
        .filter(|a| a.outcome().ignored().is_some())
        .count()
    {
        0 => return None,
        1 => (1, "assignment is"),
        count => (count, "assignments are"),
    };
    let mut text = Text::new();
    say!(
        text,
        "{NOTABLE}note{NOTABLE:#}: {count} {what} left out, since the consumer does not know the key or its \
         section: `overlayctl explain` shows which"
    );
    Some(text)
}

/// Whether a key with that mark is among them.
pub(crate) fn has_multi_valued(resolved: &Resolved) -> bool {
    let keys = resolved.documents.iter().flat_map(Document::keys);
    keys.into_iter().any(|key| key.is_multi_valued())
}

/// Each document with its files, and each of its keys with all its assignments.
pub(crate) fn explain(configuration: &Configuration, explained: &[Explained<'_>]) -> Text {
    let mut text = Text::new();
    for Explained { document, keys } in explained {
        text.gap();
        let path = configuration.path_of(document);
        say!(
            text,
            "{BOLD}{}{BOLD:#}  {}",
            escape_path(&path),
            read_by(configuration)
        );
        for (fragment, account) in document.accounts() {
            text.push_str("  ");
            file(&mut text, fragment, &account);
        }
        for key in keys {
            text.end_line();
            explain_key(&mut text, *key);
        }
        if document.keys().next().is_none() {
            text.end_line();
            let what = no_key(document);
            say!(text, "  {FAINT}{what}{FAINT:#}");
        }
        if !document.loads() {
            text.end_line();
            say!(text, "  {BAD}its consumer loads none of this{BAD:#}");
        }
    }
    if explained.is_empty() {
        text.push_str("no layer has files there\n");
    }
    text
}

/// By which rules a path is read, and whether that is known or taken for granted.
pub(super) fn read_by(configuration: &Configuration) -> String {
    let rules = configuration.rules().name();
    match configuration.basis() {
        Basis::Consumer | Basis::Caller => format!("read by the rules of {rules}"),
        Basis::Guess => format!("its consumer is not known; read by the rules of {rules}"),
    }
}

/// What became of each assignment, in the order of the explanation.
pub(super) fn outcomes(text: &mut Text, explanation: &Explanation<'_>) {
    for numbered in explanation.outcomes() {
        let (place, pair) = (
            numbered.assignment.place(),
            outcome_line(&numbered.assignment, &numbered),
        );
        say!(text, "    {place}  {pair}");
    }
}

/// `KEY=VALUE  what became of it`.
pub(super) fn outcome_line(assignment: &Assignment<'_>, words: &dyn fmt::Display) -> Text {
    let (name, sign) = (
        escape(assignment.written_key()),
        assignment.operator().sign(),
    );
    let value = shortened(BStr::new(&assignment.shown()));
    let style = if assignment.outcome().has_effect() {
        GOOD
    } else {
        FAINT
    };
    styled!("{name}{sign}={value}  {style}{words}{style:#}")
}

/// A key and its assignments: those that count, then the losers, the nearest first.
pub(super) fn explain_key(text: &mut Text, key: Key<'_>) {
    let section = match key.section() {
        name if name.is_empty() => String::new(),
        name => format!("[{}] ", escape(name)),
    };
    say!(text, "  {BOLD}{section}{}{BOLD:#}", escape(key.name()));
    outcomes(text, &key.explain());
    if key.is_multi_valued() {
        say!(text, "    {NOTABLE}{MULTI_VALUED}{NOTABLE:#}");
    }
}
