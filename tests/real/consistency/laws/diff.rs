//! What is said of the differences between two consumers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{fragments, members, text};
use crate::consistency::case::{Answer, Case};

/// Rule sets that are compared, of those that have little in common.
const PAIRS: [[&str; 2]; 3] = [
    ["systemd", "uapi6"],
    ["libeconf", "systemd"],
    ["gkeyfile", "networkmanager-conf"],
];

/// A key, below which header of its section, and what it comes to.
type Values<'a> = BTreeMap<(&'a str, &'a str, Option<u64>), Vec<&'a str>>;

/// What keys come to.
pub(super) fn values(show: &Answer) -> Values<'_> {
    let values = show.list("effective").iter().map(|key| {
        let items = members(key, "items").iter();
        let name = (
            text(key, "section"),
            text(key, "key"),
            key["number"].as_u64(),
        );
        (name, items.map(|item| text(item, "value")).collect())
    });
    values.collect()
}

/// Where nobody can tell what several values come to, they may be one if all are the same.
fn distinct(mut values: Values<'_>) -> Values<'_> {
    values.values_mut().for_each(Vec::dedup);
    values
}

/// The keys that two answers have otherwise: section and name.
fn differing<'a>(one: &Values<'a>, other: &Values<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let keys = one.keys().chain(other.keys());
    let differs = keys.filter(|key| one.get(*key) != other.get(*key));
    differs.map(|(section, key, _)| (*section, *key)).collect()
}

/// `diff` with two rule sets is a comparison of what `show` says by each.
pub(super) fn consumers(case: &Case<'_>, path: &str, number: usize) {
    let pair = PAIRS[number % PAIRS.len()];
    let diff = case.json(&["diff", "--rules", pair[0], "--rules", pair[1], path]);
    let status = case
        .text(&["diff", "--rules", pair[0], "--rules", pair[1], path])
        .status;
    case.agree(
        "text and JSON end with the same status",
        diff.says(&diff.status),
        diff.says(&status),
    );
    let shows = pair.map(|rules| case.json(&["show", path, "--rules", rules]));
    let [one, other] = shows.each_ref().map(|show| values(show));
    let disagreements = diff.list("disagreements");
    let of_kind = |kinds: &'static [&str]| {
        let found = disagreements
            .iter()
            .filter(|found| kinds.contains(&text(found, "kind")));
        found.map(|found| (text(found, "section"), text(found, "key")))
    };
    let refused = disagreements.iter().any(|found| found["kind"] == "loads");
    let single = shows.iter().all(|show| show.list("entries").len() <= 1);
    if refused || !single {
        return;
    }
    let told: BTreeSet<_> = of_kind(&["key", "unsure"]).collect();
    let differing = differing(&one, &other);
    let surely = super::diff::differing(&distinct(one), &distinct(other));
    case.holds(
        "two consumers disagree on every key that comes to something else",
        surely.is_subset(&told),
        &diff,
        &surely,
    );
    let sure: BTreeSet<_> = of_kind(&["key"]).collect();
    case.holds(
        "two consumers disagree on no key that comes to the same",
        sure.is_subset(&differing),
        &diff,
        &differing,
    );
    let files = shows.each_ref().map(|show| counting(show));
    case.holds(
        "consumers that agree count the same files",
        diff.status != Some(0) || files[0] == files[1],
        &diff,
        &files,
    );
}

/// The files that something is read of.
fn counting(show: &Answer) -> BTreeSet<&str> {
    let assignments = show.list("assignments").iter();
    let read =
        assignments.filter(|found| found["ignored"].is_null() && found["state"] != "invalid");
    let read: BTreeSet<_> = read.map(|found| text(found, "path")).collect();
    let files = fragments(show).into_iter();
    let states = ["effective", "superseded", "unknown", "blank", "invalid"];
    let counting = files.filter(|file: &&Value| states.contains(&text(file, "state")));
    counting
        .map(|file| text(file, "path"))
        .filter(|path| read.contains(path))
        .collect()
}
