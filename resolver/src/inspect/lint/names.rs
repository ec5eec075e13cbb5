//! What the names of drop-ins come to: their order, and whether people see it as it is.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::{Subject, about, pair};
use crate::document::{Assignment, State as AssignmentState};
use crate::escape::{escape, escape_path};
use crate::finding::{Finding, Level, code};
use crate::rules::{DropIns, Order};
use crate::scan::{Fragment, Role, State};

/// Drop-ins that win a key by the order of bytes, where a locale or a reader of numbers would have
/// another one win, with another value.
///
/// Consumers compare byte by byte, or should; `ls`, file managers and people do not (dnf5 PR#741).
pub(super) fn locale_order(subject: &Subject<'_>) -> Vec<Finding> {
    let mut pairs = BTreeMap::new();
    for key in &subject.keys {
        let mut applied = key.iter().filter(|a| a.state() == AssignmentState::Applied);
        let (Some(winner), None) = (applied.next(), applied.next()) else {
            continue;
        };
        if winner.fragment().role != Role::DropIn {
            continue;
        }
        for (order, words) in [
            (natural_order as Compare, "by the numbers in them"),
            (collated_order, "in most locales"),
        ] {
            if let Some(other) = winner_by(order, subject, key, winner) {
                let pair = (winner.file(), other.file());
                pairs.entry(pair).or_insert((winner, other, words));
            }
        }
    }
    let findings = pairs.into_values().map(|(winner, other, words)| {
        let message = format!(
            "beats {} with {}, since names sort byte by byte; {words} the other one is the last: \
             rename one of them so that both agree",
            escape_path(&other.fragment().path),
            pair(winner),
        );
        about(code::LOCALE_ORDER, Level::Warning, winner, message)
    });
    findings.collect()
}

type Compare = fn(&[u8], &[u8]) -> Ordering;

/// The assignment that would win in another order of names, if it is another one and says otherwise.
fn winner_by<'s>(
    order: Compare,
    subject: &Subject<'_>,
    key: &[Assignment<'s>],
    winner: &Assignment<'s>,
) -> Option<Assignment<'s>> {
    let by_name = subject.rules.drop_in_order == Order::Name;
    let competes = |a: &&Assignment<'_>| {
        let file = a.fragment();
        matches!(
            a.state(),
            AssignmentState::Applied | AssignmentState::Superseded
        ) && file.role == Role::DropIn
            && (by_name || file.layer == winner.fragment().layer)
    };
    let last = key
        .iter()
        .filter(competes)
        .max_by(|a, b| order(name(a.fragment()), name(b.fragment())))?;
    (last.file() != winner.file() && last.value() != winner.value()).then_some(*last)
}

/// Drop-ins of the owner without a number.
///
/// standard-conf.xml of systemd, in the pages of its daemons, of sysctl.d(5) and others: two digits
/// and a dash, 60 to 90 for `/etc`. Of units it says nothing (`systemctl edit` makes
/// `override.conf`), and UAPI.6 neither.
pub(super) fn number_prefix(subject: &Subject<'_>) -> Vec<Finding> {
    let rules = subject.rules;
    if rules.drop_ins == DropIns::Unit || rules.drop_in_order != Order::Name {
        return Vec::new();
    }
    let fragments = subject.fragments().iter().zip(&subject.files);
    fragments
        .filter(|(f, _)| f.role == Role::DropIn && f.state == State::Effective)
        .filter(|(f, assignments)| {
            // Where lines are their own keys, as in tmpfiles.d, the name of a package is usual.
            let is_setting = |a: &Assignment<'_>| !a.value().is_empty();
            subject.is_owners(&f.layer)
                && !has_number(name(f))
                && assignments.iter().any(is_setting)
        })
        .map(|(fragment, _)| {
            code::NUMBER_PREFIX.info(
                &fragment.path,
                "its name does not begin with two digits, which would show its place among the \
                 others; 60- to 90- is for the machine's owner",
            )
        })
        .collect()
}

/// Names that cannot be shown as they are.
pub(super) fn unprintable_name(subject: &Subject<'_>) -> Vec<Finding> {
    let hidden = |f: &&Fragment| escape(name(f)).to_string().as_bytes() != name(f);
    let fragments = subject.fragments().iter().filter(hidden);
    fragments
        .map(|fragment| {
            code::UNPRINTABLE_NAME.warning(
                &fragment.path,
                "its name has characters that cannot be seen, or bytes that are not UTF-8; rename it",
            )
        })
        .collect()
}

fn name(fragment: &Fragment) -> &[u8] {
    fragment.name().as_bytes()
}

/// The number that a name begins with, if a dash follows.
pub(super) fn number(name: &OsStr) -> Option<u32> {
    let name = name.to_str()?;
    let (number, _) = name.split_once('-')?;
    number
        .bytes()
        .all(|b| b.is_ascii_digit())
        .then(|| number.parse().ok())?
}

/// Two digits and no third one; whether a dash follows changes no order.
fn has_number(name: &[u8]) -> bool {
    let digits = name.iter().take_while(|byte| byte.is_ascii_digit());
    digits.count() == 2
}

fn natural_order(a: &[u8], b: &[u8]) -> Ordering {
    natural(a).cmp(&natural(b)).then(a.cmp(b))
}

/// Where only the case differs, the lower one comes first.
fn collated_order(a: &[u8], b: &[u8]) -> Ordering {
    collated(a).cmp(&collated(b)).then(b.cmp(a))
}

/// A name as a list of numbers and other bytes, so that 9 comes before 10.
fn natural(name: &[u8]) -> Vec<(u64, &[u8])> {
    let is_digit = |byte: &u8| byte.is_ascii_digit();
    name.chunk_by(|a, b| is_digit(a) == is_digit(b))
        .map(|run| match std::str::from_utf8(run).map(str::parse) {
            // After dashes and dots and before letters, as in ASCII.
            Ok(Ok(number)) => (1_u64.saturating_add(number), &b""[..]),
            _ if run.first().is_some_and(|&byte| byte < b'0') => (0, run),
            _ => (u64::MAX, run),
        })
        .collect()
}

/// About the order of glibc's locales: punctuation, then digits, then letters without regard to case
/// and accents.
fn collated(name: &[u8]) -> Vec<(u8, char)> {
    const PUNCTUATION: &str = "_-,;:!?/.`^~'\"()[]{}@$*\\&#%+<=>|";
    let text = String::from_utf8_lossy(name);
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| match PUNCTUATION.find(c) {
            Some(at) => (0, char::from(u8::try_from(at).expect("fewer than 256"))),
            None if c.is_ascii_digit() => (1, c),
            None => (2, base_letter(c)),
        })
        .collect()
}

/// The letter below an accent, for those of Latin-1.
fn base_letter(c: char) -> char {
    match c {
        'à'..='æ' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' | 'ø' => 'o',
        'ù'..='ü' => 'u',
        'ý' | 'ÿ' => 'y',
        'ß' => 's',
        c => c,
    }
}

/// A name that sorts after `others`, made of `stem`, with the number that suits the owner.
pub(super) fn after<'n>(
    others: impl IntoIterator<Item = &'n Path>,
    stem: &str,
    suffix: &OsStr,
) -> String {
    let names = others.into_iter().filter_map(Path::file_name);
    // Behind none, any name is good.
    let last = names.max().unwrap_or_default();
    let suffix = suffix.to_string_lossy();
    let numbered = ["60", "90", "99", "zz"].map(|number| format!("{number}-{stem}{suffix}"));
    let later = numbered
        .into_iter()
        .find(|name| name.as_bytes() > last.as_bytes());
    later.unwrap_or_else(|| {
        let last = last.to_string_lossy();
        let known = last.strip_suffix(&*suffix).unwrap_or(&last);
        format!("{known}z{suffix}")
    })
}

/// What a name is about: without the number and the suffix.
pub(super) fn stem<'n>(path: &'n Path, suffix: &OsStr) -> std::borrow::Cow<'n, str> {
    let name = path.file_name().expect("a file has a name");
    let bytes = name.as_bytes();
    let bytes = bytes.strip_suffix(suffix.as_bytes()).unwrap_or(bytes);
    let is_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let start = bytes.iter().position(|byte| !is_number(byte));
    let stem = start.map_or(&b"local"[..], |start| &bytes[start..]);
    String::from_utf8_lossy(stem)
}

/// The end of the chain of winners, if it stands in another file.
pub(super) fn winner_elsewhere<'d>(assignment: &Assignment<'d>) -> Option<Assignment<'d>> {
    let winner = assignment.final_winner()?;
    (winner.file() != assignment.file()).then_some(winner)
}
