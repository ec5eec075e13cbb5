//! Text about differences between layers.

mod lines;

use std::borrow::Cow;
use std::collections::HashSet;

use bstr::ByteSlice as _;
use overlay_resolver::Key;
use overlay_resolver::account::Account;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;
use overlay_resolver::inspect::delta::{Change, Class, Difference, KeyChange};

use super::style::{BAD, BOLD, FAINT, GOOD, NOTABLE, shortened, some_of};
use crate::comparison::Delta;
use crate::survey::Survey;
use crate::text::{Style, Text, say, styled};

/// How many keys are named that a mask takes away.
const MOST_MASKED: usize = 8;

/// The files of every configuration path, those that are ignored left out.
pub(crate) fn survey(survey: &Survey) -> Text {
    let mut text = Text::new();
    for (configuration, document) in survey.documents() {
        say!(
            text,
            "{BOLD}{}{BOLD:#}",
            escape_path(&configuration.path_of(document))
        );
        for (fragment, account) in document.accounts() {
            if !matches!(account, Account::Ignored(_)) {
                text.push_str("  ");
                super::files::file(&mut text, fragment, &account);
            }
        }
    }
    if text.is_empty() {
        text.push_str("no layer has anything to tell\n");
    }
    text
}

/// Every file that differs from what is below it; with `with_lines` the lines, too. At the end, what was
/// passed over, so that nobody takes its silence for more than it is.
pub(crate) fn differences(
    deltas: &[Delta<'_>],
    with_lines: bool,
    passed_over: Option<&Finding>,
) -> Text {
    let mut text = Text::new();
    for delta in deltas {
        let mut notable = delta
            .differences
            .iter()
            .filter(|d| d.is_notable())
            .peekable();
        if notable.peek().is_none() {
            continue;
        }
        let path = delta.configuration.path_of(delta.document);
        text.gap();
        say!(text, "{BOLD}{}{BOLD:#}", escape_path(&path));
        for difference in notable {
            step(&mut text, difference);
            if with_lines {
                lines::unified(&mut text, difference);
            }
        }
    }
    if text.is_empty() {
        text.push_str("nothing differs from what is below it\n");
    }
    not_looked_at(&mut text, passed_over);
    text
}

/// What a search passed over, if there was one.
pub(super) fn not_looked_at(text: &mut Text, passed_over: Option<&Finding>) {
    if let Some(finding) = passed_over {
        text.end_line();
        say!(
            text,
            "{FAINT}{}{FAINT:#}",
            escape(finding.message.as_bytes())
        );
    }
}

fn style(class: Class) -> Style {
    match class {
        Class::Broken => BAD,
        Class::Masked | Class::Redirected | Class::Overridden => NOTABLE,
        Class::Extended => GOOD,
        Class::Equivalent | Class::Identical | Class::Unchanged => FAINT,
    }
}

/// One file and what it does to the one below it.
fn step(text: &mut Text, difference: &Difference<'_>) {
    let style = style(difference.class);
    let class = difference.class.word().to_uppercase();
    let top = escape_path(&difference.top.path);
    let bottom = difference
        .bottom
        .map(|bottom| escape_path(&bottom.path).to_string());
    let below = bottom.as_deref().unwrap_or("nothing");
    let words = match (difference.class, &difference.top.link) {
        (Class::Broken, _) => format!("{top}: {}", difference.account),
        (Class::Masked, _) => format!("{top} masks {below}"),
        (Class::Redirected, Some(link)) => {
            format!(
                "{top} leads to {} instead of {below}",
                escape_path(&link.text)
            )
        }
        (Class::Equivalent, _) => format!("{top} is {below}"),
        (Class::Identical, _) => format!("{top} says the same as {below}: it can go"),
        (Class::Extended, _) => match &bottom {
            Some(bottom) => format!("{top} extends {bottom}"),
            None => top.to_string(),
        },
        _ => format!("{top} stands over {below}"),
    };
    say!(text, "  {style}{class:10}{style:#}  {words}");
    if difference.class == Class::Masked {
        masked(text, &difference.keys);
        return;
    }
    for change in &difference.keys {
        key(text, change);
    }
}

/// The names of the keys that go with a mask: their values are no longer the question.
fn masked(text: &mut Text, keys: &[KeyChange<'_>]) {
    if keys.is_empty() {
        return;
    }
    let names: Vec<_> = keys.iter().map(|change| name(&change.key)).collect();
    let names = some_of(&names, MOST_MASKED);
    say!(text, "    {FAINT}- {names}{FAINT:#}");
}

fn key(text: &mut Text, change: &KeyChange<'_>) {
    let [from, to] = [change.before.values(), change.after.values()];
    let [from, to] = [&*from, &*to];
    let set = assignment(&change.key, to);
    let was = || match (change.from.last(), is_line(&change.key, from)) {
        (Some(last), true) => styled!("  {FAINT}at {}{FAINT:#}", last.place()),
        (Some(last), false) => {
            styled!("  {FAINT}was {} at {}{FAINT:#}", all(from), last.place())
        }
        (None, _) => Text::new(),
    };
    let name = name(&change.key);
    match change.change {
        Change::Added => say!(text, "    {GOOD}+{GOOD:#} {set}"),
        Change::Removed => say!(text, "    {BAD}-{BAD:#} {name}{}", was()),
        Change::Same if to.is_empty() => says_nothing(text, change),
        Change::Same => {
            if let Some(last) = change.from.last() {
                let place = last.place();
                say!(
                    text,
                    "    {FAINT}= {set}, as at {place}: it can go{FAINT:#}"
                );
            }
        }
        Change::Changed if from.len() == 1 && to.len() == 1 => {
            say!(text, "    {NOTABLE}~{NOTABLE:#} {set}{}", was());
        }
        Change::Changed => {
            let items = items(&change.before.items, &change.after.items);
            say!(text, "    {NOTABLE}~{NOTABLE:#} {name}  {items}");
        }
    }
}

/// What a file says without any effect, as it stands there.
fn says_nothing(text: &mut Text, change: &KeyChange<'_>) {
    for said in &change.to {
        let name = name(&change.key);
        let value = shortened(said.value());
        let sign = said.operator().sign();
        let why = match said.final_winner() {
            Some(winner) if !value.is_empty() => format!("beaten by {}", winner.place()),
            _ => "which changes nothing".into(),
        };
        say!(
            text,
            "    {FAINT}= {name}{sign}={value}, {why}: it can go{FAINT:#}"
        );
    }
}

/// Whether a key is a line that is its own key, or as good as one.
pub(super) fn is_line(key: &Key<'_>, items: &[Cow<'_, [u8]>]) -> bool {
    key.section().is_empty() && items.iter().all(|item| item.is_empty())
}

fn assignment(key: &Key<'_>, items: &[Cow<'_, [u8]>]) -> String {
    if is_line(key, items) {
        return name(key);
    }
    format!("{}={}", name(key), all(items))
}

/// `[Section] Key`.
pub(super) fn name(key: &Key<'_>) -> String {
    match key.section() {
        section if section.is_empty() => escape(key.name()).to_string(),
        section => format!("[{}] {}", escape(section), escape(key.name())),
    }
}

pub(super) fn all(items: &[Cow<'_, [u8]>]) -> String {
    let shown = items.iter().map(|item| shortened(item.as_bstr()));
    shown.collect::<Vec<_>>().join(", ")
}

/// What is new in a list, and what is gone from it.
fn items(from: &[Cow<'_, [u8]>], to: &[Cow<'_, [u8]>]) -> Text {
    let mut text = Text::new();
    for (list, other, sign, style) in [(from, to, '-', BAD), (to, from, '+', GOOD)] {
        let other: HashSet<_> = other.iter().collect();
        for item in list.iter().filter(|item| !other.contains(item)) {
            let gap = if text.is_empty() { "" } else { "  " };
            write!(
                text,
                "{gap}{style}{sign}{}{style:#}",
                shortened(item.as_bstr())
            );
        }
    }
    if text.is_empty() {
        return styled!("{}  {FAINT}was {}{FAINT:#}", all(to), all(from));
    }
    text
}
