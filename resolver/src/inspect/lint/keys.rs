//! Keys that are set twice, in vain, or in a way that nobody reads.

use std::collections::{BTreeSet, HashMap};

use bstr::ByteSlice as _;

use super::{Subject, about, pair};
use crate::document::{Assignment, Key, State};
use crate::escape::{escape, escape_path};
use crate::finding::{Code, Finding, Level, code};
use crate::scan::{self, FileId, Fragment};
use crate::schema::Operator;

/// The same key twice in one file, where only one of the two is ever read.
///
/// `KEY=` and then `KEY=value` is none: who writes that wants to make sure.
pub(super) fn duplicate_key(subject: &Subject<'_>) -> Vec<Finding> {
    let expands = subject.document.entry().format(subject.rules).expands();
    let references = expands.then(|| {
        let files = subject.files.iter().map(|file| references(file));
        files.collect::<Vec<_>>()
    });
    let is_expanded = |used: &Assignment<'_>, winner: &Assignment<'_>| {
        let files = references.as_ref();
        files.is_some_and(|files| is_expanded(&files[used.file().index()], used, winner))
    };
    let beaten = subject.keys.iter().flatten().filter_map(|assignment| {
        let winner = assignment.winner()?;
        let is_twice = assignment.state() == State::Superseded
            && winner.file() == assignment.file()
            && assignment.operator() == Operator::Set
            && !assignment.value().is_empty()
            && !winner.value().is_empty()
            && !is_expanded(assignment, &winner);
        is_twice.then(|| {
            let message = format!(
                "{} is never used: line {} of the same file says {}",
                pair(assignment),
                winner.line(),
                pair(&winner)
            );
            about(code::DUPLICATE_KEY, Level::Warning, assignment, message)
        })
    });
    beaten.collect()
}

/// The lines of a file that refer to a name, in order. All at once: a file may say the same name a hundred thousand times.
type References<'d> = HashMap<&'d [u8], Vec<usize>>;

fn references<'d>(file: &[Assignment<'d>]) -> References<'d> {
    let mut lines = References::new();
    for assignment in file {
        for name in referred_to(assignment.value()) {
            lines.entry(name).or_default().push(assignment.number());
        }
    }
    lines
}

/// Whether a later line up to the one that wins makes something of the value: `PATH=$PATH:/opt/bin`.
fn is_expanded(
    references: &References<'_>,
    used: &Assignment<'_>,
    winner: &Assignment<'_>,
) -> bool {
    references.get(&**used.key()).is_some_and(|lines| {
        let next = lines.partition_point(|line| *line <= used.number());
        lines.get(next).is_some_and(|line| *line <= winner.number())
    })
}

/// The names that a text refers to by `$NAME`, `${NAME}`, `${NAME:-…}` or `${NAME:+…}`, where `$$` is a `$`:
/// environment.d(5).
fn referred_to(text: &[u8]) -> Vec<&[u8]> {
    let is_in_name = |c: &u8| *c == b'_' || c.is_ascii_alphanumeric();
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some((_, after)) = rest.split_once_str("$") {
        if let Some(escaped) = after.strip_prefix(b"$") {
            rest = escaped;
            continue;
        }
        let reference = after.strip_prefix(b"{").unwrap_or(after);
        let length = reference.iter().take_while(|c| is_in_name(c)).count();
        let (name, behind) = reference.split_at(length);
        names.push(name);
        rest = behind;
    }
    names
}

/// Overrides of the owner that say what counts without them: a key, or a whole file.
pub(super) fn same_value(subject: &Subject<'_>) -> Vec<Finding> {
    let keys = subject.keys.iter().flatten().filter_map(|assignment| {
        let below = assignment.previous()?;
        let is_same = assignment.state() == State::Applied
            && below.winner().map(|by| by.number()) == Some(assignment.number())
            && below.value() == assignment.value()
            && below.operator() == assignment.operator()
            && subject.is_owners(&assignment.fragment().layer)
            && subject.is_below(&below.fragment().layer, &assignment.fragment().layer);
        is_same.then(|| {
            let message = format!(
                "{} can go: {} says the same",
                pair(assignment),
                below.place()
            );
            about(code::SAME_VALUE, Level::Info, assignment, message)
        })
    });
    let mut findings: Vec<_> = keys.collect();
    findings.extend(same_file(subject));
    findings
}

/// A copy of the vendor's file, which keeps the vendor's later changes out.
fn same_file(subject: &Subject<'_>) -> Vec<Finding> {
    let fragments = subject.fragments();
    let mut nearest = HashMap::<FileId, &Fragment>::new();
    for below in fragments {
        if let scan::State::Shadowed(by) = below.state {
            let known = nearest.entry(by).or_insert(below);
            if !subject.is_below(&below.layer, &known.layer) {
                *known = below;
            }
        }
    }
    let copies = subject
        .document
        .entry()
        .files()
        .filter_map(|(number, copy)| {
            let is_mine = copy.state == scan::State::Effective && subject.is_owners(&copy.layer);
            let below = nearest.get(&number)?;
            (is_mine && copy.link.is_none() && below.text == copy.text).then(|| {
                code::SAME_VALUE.info(
                    &copy.path,
                    format!(
                        "can go: it is the same as {}, whose updates it keeps out",
                        escape_path(&below.path)
                    ),
                )
            })
        });
    copies.collect()
}

/// What the consumer does not read because of a line that it refuses.
pub(super) fn unread(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &subject.files {
        let mut unread = file.iter().filter(|a| a.state() == State::Invalid);
        let Some((first, by)) = unread.next().and_then(|first| Some((first, first.by()?))) else {
            continue;
        };
        let more = match unread.count() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("{}{more} not read, because of {by}", pair(first));
        findings.push(about(code::UNREAD, Level::Warning, first, message));
    }
    findings
}

/// Keys of which nobody can tell what their assignments come to.
pub(super) fn multi_valued(subject: &Subject<'_>) -> Vec<Finding> {
    let keys = subject.document.keys().filter(Key::is_multi_valued);
    keys.filter_map(|key| {
        let applied = key.applied();
        let last = applied.last()?;
        let values: BTreeSet<_> = applied.iter().map(Assignment::value).collect();
        (values.len() > 1 && !key.name().is_empty()).then(|| {
            let message = format!(
                "{} has {} values, and nothing is known of the key: the last may count, or all",
                escape(key.name()),
                applied.len()
            );
            about(code::MULTI_VALUED, Level::Info, last, message)
        })
    })
    .collect()
}

/// Values that hold the carriage return of a line end, and scripts whose interpreter's name does.
pub(super) fn carriage_return(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings = first_of_each_file(subject, code::CARRIAGE_RETURN, |assignment| {
        let holds = assignment.value().ends_with(b"\r") || assignment.value().contains_str("\r\n");
        holds.then_some(
            "ends in CR LF, and its consumer takes the CR for a part of the value; save the file \
             with LF",
        )
    });
    let opaque = subject
        .document
        .assignments()
        .filter(|a| a.key().is_empty());
    findings.extend(opaque.filter_map(|script| {
        let first = script.value().lines_with_terminator().next()?;
        (first.starts_with(b"#!") && first.ends_with(b"\r\n")).then(|| {
            let message = "ends in CR LF, and the kernel takes the CR for a part of the \
                           interpreter's name; save the file with LF";
            code::CARRIAGE_RETURN
                .warning(&script.fragment().path, message)
                .at(1)
        })
    }));
    findings
}

/// Values that are not UTF-8.
pub(super) fn not_utf8(subject: &Subject<'_>) -> Vec<Finding> {
    first_of_each_file(subject, code::NOT_UTF8, |assignment| {
        let text = std::str::from_utf8(assignment.value());
        text.is_err().then_some("the value is not UTF-8")
    })
}

/// One finding a file: its other lines are likely to be the same.
fn first_of_each_file(
    subject: &Subject<'_>,
    code: Code,
    find: impl Fn(&Assignment<'_>) -> Option<&'static str>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &subject.files {
        let mut read = file
            .iter()
            .filter(|a| matches!(a.state(), State::Applied | State::Superseded | State::Reset));
        findings.extend(read.find_map(|a| Some(about(code, Level::Warning, a, find(a)?))));
    }
    findings
}
