//! Text about files: which count, what is in them, what they come to.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use bstr::BStr;

use overlay_resolver::document::State as AssignmentState;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::format::{Item, Kind};
use overlay_resolver::scan::{Entry, Fragment, State};
use overlay_resolver::{Assignment, Document};

use super::{BAD, BOLD, FAINT, GOOD, NOTABLE};
use crate::json::fragment_word;
use crate::subject::{Resolved, Subject};

/// The files of every entry, each with its state.
pub(crate) fn files(resolved: &Resolved) -> String {
    let documents = || resolved.documents.iter();
    let name = |document: &Document| escape(document.entry().name.as_encoded_bytes()).to_string();
    let width = documents().map(|d| name(d).len()).max().unwrap_or_default();
    let mut text = String::new();
    for document in documents() {
        let mut first = name(document);
        for fragment in &document.entry().fragments {
            let _ = write!(text, "{first:width$}  ");
            file(&mut text, document.entry(), fragment);
            first.clear();
        }
    }
    if resolved.is_empty() {
        text.push_str("no layer has files there\n");
    }
    text
}

/// One file and what becomes of it.
pub(super) fn file(text: &mut String, entry: &Entry, fragment: &Fragment) {
    let style = match fragment.state {
        State::Effective => GOOD,
        State::Unusable(_) => BAD,
        State::Mask(_) | State::PassedOver(_) => NOTABLE,
        _ => FAINT,
    };
    let by = |index: usize| {
        let by = entry.fragments.get(index);
        by.map_or_else(String::new, |by| format!(" by {}", escape_path(&by.path)))
    };
    let why = match &fragment.state {
        State::Effective => String::new(),
        State::Shadowed(index) | State::Masked(index) => by(*index),
        State::Duplicate(index) => by(*index).replacen(" by", " of", 1),
        State::Mask(mask) => format!(": {mask}"),
        State::Unusable(reason) | State::PassedOver(reason) => format!(": {reason}"),
        State::Ignored(reason) => format!(": {reason}"),
    };
    let word = fragment_word(&fragment.state);
    let path = escape_path(&fragment.path);
    let _ = writeln!(text, "{path}  {style}{word}{why}{style:#}");
}

/// The files that count, each under its name, as `systemd-analyze cat-config` prints them; with
/// `tldr` only what is neither blank nor a comment.
pub(crate) fn cat(subject: &Subject, resolved: &Resolved, tldr: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for document in &resolved.documents {
        let format = subject.resolver.rule_set().format_of(document.entry());
        for fragment in document.entry().effective() {
            if !text.is_empty() {
                text.push(b'\n');
            }
            text.extend_from_slice(format!("# {}\n", escape_path(&fragment.path)).as_bytes());
            if tldr && format.is_lossless() {
                text.extend(without_comments(&fragment.text, format));
            } else {
                text.extend_from_slice(&fragment.text);
            }
            if !text.ends_with(b"\n") {
                text.push(b'\n');
            }
        }
    }
    text
}

/// Only what means something: no blanks, no comments, and no header without anything below it.
fn without_comments(text: &[u8], format: &dyn overlay_resolver::format::Format) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut header = None;
    format.read(text, &mut |Item { span, kind, .. }| {
        let bytes = text.get(span).unwrap_or_default();
        match kind {
            Kind::Blank | Kind::Comment => {}
            Kind::Section(name) => {
                let repeats = matches!(&header, Some((known, true, _)) if *known == name);
                if !repeats {
                    header = Some((name, false, bytes));
                }
            }
            Kind::Assignment(_) | Kind::Problem(_) => {
                if let Some((_, shown, bytes)) = &mut header
                    && !std::mem::replace(shown, true)
                {
                    kept.extend_from_slice(bytes);
                }
                kept.extend(
                    bytes
                        .split_inclusive(|&byte| byte == b'\n')
                        .filter(|line| means_something(line))
                        .flatten(),
                );
            }
        }
    });
    kept
}

/// Whether a line of a statement that spans several is more than a comment inside of it.
fn means_something(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    !matches!(line, [] | [b'\\'] | [b'#' | b';', ..])
}

/// What the files come to. With `origin`, every line names the file and line that it comes from.
pub(crate) fn show(subject: &Subject, resolved: &Resolved, origin: bool) -> String {
    let mut text = String::new();
    for document in &resolved.documents {
        if subject.is_directory() {
            let name = escape(document.entry().name.as_encoded_bytes());
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}{BOLD}# {name}{BOLD:#}");
        }
        one(&mut text, document, origin);
    }
    if resolved.is_empty() {
        text.push_str("no layer has files there\n");
    }
    text
}

fn one(text: &mut String, document: &Document, origin: bool) {
    let places: Vec<_> = document
        .assignments()
        .filter(|assignment| assignment.state() == AssignmentState::Applied)
        .map(|assignment| assignment.place().to_string().len())
        .collect();
    let width = if origin {
        places.iter().max().copied().unwrap_or_default() + 2
    } else {
        0
    };
    // Keys without a section first: below a header they would belong to it.
    let mut sections = BTreeMap::from([(0, (BStr::new(""), Vec::new()))]);
    let mut places = HashMap::from([(BStr::new(""), 0)]);
    for key in document.keys() {
        let next = places.len();
        let place = *places.entry(key.section()).or_insert(next);
        let (_, keys) = sections.entry(place).or_insert((key.section(), Vec::new()));
        keys.push(key);
    }
    for (section, keys) in sections.into_values() {
        let counting = keys.iter().flat_map(|key| {
            let many = key.is_multi_valued();
            key.applied()
                .into_iter()
                .map(move |assignment| (assignment, many))
        });
        for (index, (assignment, many)) in counting.enumerate() {
            if index == 0 && !section.is_empty() {
                let gap = if text.is_empty() { "" } else { "\n" };
                let _ = writeln!(
                    text,
                    "{gap}{:width$}{BOLD}[{}]{BOLD:#}",
                    "",
                    escape(section)
                );
            }
            let place = if origin {
                assignment.place().to_string()
            } else {
                String::new()
            };
            let _ = write!(text, "{FAINT}{place:width$}{FAINT:#}");
            let _ = writeln!(text, "{}", value(&assignment, many));
        }
    }
    let has_files = !document.entry().fragments.is_empty();
    if has_files && document.keys().all(|key| key.last().is_none()) {
        let _ = writeln!(text, "{FAINT}no file assigns a key{FAINT:#}");
    }
    if !document.loads() {
        let _ = writeln!(text, "{BAD}# its consumer loads none of this{BAD:#}");
    }
}

/// An assignment as its file has it. A line that is its own key has no `=`.
fn value(assignment: &Assignment<'_>, many: bool) -> String {
    let (key, value) = (escape(assignment.key()), assignment.shown());
    let note = if many {
        format!("  {NOTABLE}# multi-valued{NOTABLE:#}")
    } else {
        String::new()
    };
    let sign = assignment.operator().sign();
    if assignment.is_bare() {
        return format!("{key}{note}");
    }
    format!("{key}{sign}={}{note}", escape(&value))
}
