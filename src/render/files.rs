//! Text about files: which count, what is in them, what they come to.

use overlay_resolver::account::Account;
use overlay_resolver::document::{Gap, Line, Part};
use overlay_resolver::escape::{escape, escape_path, escape_text};
use overlay_resolver::format::{Item, Kind};
use overlay_resolver::scan::{Entry, Fragment};
use overlay_resolver::{Configuration, Document};

use super::style::{BAD, BOLD, FAINT, GOOD, NOTABLE};
use crate::resolved::Resolved;
use crate::text::{Style, Text, say};

/// The files of every entry, each with its state.
pub(crate) fn files(resolved: &Resolved) -> Text {
    let documents = || resolved.documents.iter();
    let name = |document: &Document| escape(document.entry().name.as_encoded_bytes()).to_string();
    let width = documents().map(|d| name(d).len()).max().unwrap_or_default();
    let mut text = Text::new();
    for document in documents() {
        let mut first = name(document);
        for (fragment, account) in document.accounts() {
            write!(text, "{first:width$}  ");
            file(&mut text, fragment, &account);
            first.clear();
        }
    }
    if resolved.is_empty() {
        text.push_str("no layer has files there\n");
    }
    text
}

/// One file and what became of it.
pub(super) fn file(text: &mut Text, fragment: &Fragment, account: &Account<'_>) {
    let style = style(account);
    let (path, what) = (escape_path(&fragment.path), account.brief());
    write!(text, "{path}  ");
    if let Some(bundle) = fragment.layer.bundle() {
        write!(
            text,
            "{FAINT}bundle {}{FAINT:#}  ",
            escape(bundle.as_bytes())
        );
    }
    say!(text, "{style}{what}{style:#}");
}

/// How what became of a file looks.
pub(super) const fn style(account: &Account<'_>) -> Style {
    match account {
        Account::Effective { .. } | Account::Duplicate(_) => GOOD,
        Account::Unusable { .. }
        | Account::Invalid { .. }
        | Account::NotLoaded(_)
        | Account::NotReached(_)
        | Account::Headless(_) => BAD,
        Account::Superseded { .. }
        | Account::Unknown { .. }
        | Account::NotUnderstood { .. }
        | Account::Blank(_)
        | Account::Mask { .. }
        | Account::PassedOver(_)
        | Account::Unread(_) => NOTABLE,
        Account::Shadowed { .. } | Account::Masked(_) | Account::Ignored(_) => FAINT,
    }
}

/// The files that count, each under its name, as `systemd-analyze cat-config` prints them; with
/// `tldr` only what is neither blank nor a comment.
pub(crate) fn cat(configuration: &Configuration, resolved: &Resolved, tldr: bool) -> Vec<u8> {
    let mut text = Vec::new();
    for document in &resolved.documents {
        let format = document.entry().format(configuration.rules());
        for fragment in document.entry().effective() {
            if !text.is_empty() {
                text.push(b'\n');
            }
            text.extend_from_slice(format!("# {}\n", escape_path(&fragment.path)).as_bytes());
            if is_binary(configuration, document.entry(), &fragment.text) {
                let size = fragment.text.len();
                text.extend_from_slice(format!("# {size} bytes, which are no text\n").as_bytes());
            } else if tldr && format.is_lossless() {
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

/// Whether a file that is taken as a whole is none for people to read.
fn is_binary(configuration: &Configuration, entry: &Entry, text: &[u8]) -> bool {
    configuration.rules().is_whole(&entry.name) && std::str::from_utf8(text).is_err()
}

/// Only what means something: no blanks, no comments, and no header without anything below it.
fn without_comments(text: &[u8], format: &dyn overlay_resolver::format::Format) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut header = None;
    format.read(text, &mut |Item { span, kind, .. }| {
        let bytes = &text[span];
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
pub(crate) fn show(configuration: &Configuration, resolved: &Resolved, origin: bool) -> Text {
    let mut text = Text::new();
    for document in &resolved.documents {
        if configuration.is_directory() {
            let name = escape(document.entry().name.as_encoded_bytes());
            text.gap();
            say!(text, "{BOLD}# {name}{BOLD:#}");
        }
        one(&mut text, document, origin);
    }
    if resolved.is_empty() {
        text.push_str("# no layer has files there\n");
    }
    text
}

fn one(text: &mut Text, document: &Document, origin: bool) {
    let width = if origin {
        let longest = |part: Part<'_>| {
            let places = lines(&part, origin).map(|(line, _)| line.from.place().to_string());
            places.map(|place| place.len()).max()
        };
        document
            .parts()
            .filter_map(longest)
            .max()
            .unwrap_or_default()
            + 2
    } else {
        0
    };
    let mut is_empty = true;
    for part in document.parts() {
        is_empty = false;
        if !part.section.is_empty() {
            text.gap();
            let section = escape_text(part.section);
            say!(text, "{:width$}{BOLD}[{section}]{BOLD:#}", "");
        }
        for (line, is_multi_valued) in lines(&part, origin) {
            if origin {
                let place = line.from.place().to_string();
                write!(text, "{FAINT}{place:width$}{FAINT:#}");
            }
            write!(text, "{}", escape_text(&line.text));
            if is_multi_valued {
                write!(text, "  {NOTABLE}# multi-valued{NOTABLE:#}");
            }
            text.end_line();
        }
    }
    if !document.loads() {
        say!(text, "{BAD}# its consumer loads none of this{BAD:#}");
    } else if is_empty && !document.entry().fragments.is_empty() {
        let what = match document.keys().next() {
            Some(_) => "no key has a value",
            None => no_key(document),
        };
        say!(text, "{FAINT}# {what}{FAINT:#}");
    }
}

/// That nothing assigns a key in a document without keys, as far as that is known.
pub(super) fn no_key(document: &Document) -> &'static str {
    let gaps = document.gaps();
    let is_unopened = |gap: &Gap<'_>| matches!(gap, Gap::Unopened(_));
    match gaps.as_slice() {
        [] => "no file assigns a key",
        gaps if gaps.iter().all(is_unopened) => "no file that counts assigns a key",
        _ => "no line that can be read assigns a key",
    }
}

/// The lines of a section, each with whether nobody says what the values of its key come to.
fn lines<'p, 'd>(part: &'p Part<'d>, origin: bool) -> impl Iterator<Item = (Line<'d>, bool)> + 'p {
    part.values.iter().flat_map(move |value| {
        let is_multi_valued = value.key.is_multi_valued();
        let lines = if origin {
            value.lines_by_item()
        } else {
            value.lines()
        };
        lines.into_iter().map(move |line| (line, is_multi_valued))
    })
}
