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

/// The keys of a drop-in's row are those that `show` has otherwise without it, where nothing comes after.
pub(super) fn rows(case: &Case<'_>, path: &str) {
    let diff = case.json(&["diff", path]);
    let found = diff
        .list("differences")
        .iter()
        .find(|found| found["class"] == "extended");
    let (Some(row), [entry]) = (found, diff.list("entries")) else {
        return;
    };
    let files: Vec<_> = members(entry, "fragments")
        .iter()
        .map(|file| text(file, "path"))
        .collect();
    let top = text(row, "top");
    let after = files.iter().skip_while(|file| **file != top).skip(1);
    let mut with = vec!["show", path];
    with.extend(after.flat_map(|file| ["--without", *file]));
    let without = [&*with, &["--without", top]].concat();
    let (with, without) = (case.json(&with), case.json(&without));
    // Where nothing is loaded no key is told of: the error is what there is to say.
    if with.json["loads"] != true {
        return;
    }
    let all = [&with, &without].map(|show| values(show));
    let mut changed = differing(&all[0], &all[1]);
    let [with_it, without_it] = all.map(distinct);
    let mut surely = differing(&with_it, &without_it);
    // A text that nobody takes apart is not told of key by key.
    for keys in [&mut changed, &mut surely] {
        keys.remove(&("", ""));
    }
    let rows = members(row, "keys")
        .iter()
        .filter(|key| key["change"] != "same");
    let told: BTreeSet<_> = rows
        .map(|key| (text(key, "section"), text(key, "key")))
        .collect();
    case.holds(
        "diff has the keys that show has otherwise without the file",
        surely.is_subset(&told) && told.is_subset(&changed),
        &diff,
        &(told, surely, changed),
    );
}

/// `diff` with two rule sets is a comparison of what `show` says by each.
pub(super) fn consumers(case: &Case<'_>, path: &str, number: usize) {
    let pair = PAIRS[number % PAIRS.len()];
    let (_, diff) = case.both(&["diff", "--rules", pair[0], "--rules", pair[1], path]);
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
        !disagreements.is_empty() || files[0] == files[1],
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
