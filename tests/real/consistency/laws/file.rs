//! What is said of one file.

use std::path::Path;

use overlay_resolver::escape::escape_path;
use serde_json::Value;

use super::{fragments, line, members, text, what_if};
use crate::consistency::case::{Answer, Case};
use crate::consistency::tree::Tree;

pub(super) fn examine(case: &Case<'_>, tree: &Tree, file: &Path) {
    let shown = escape_path(file).to_string();
    let (why_text, why) = case.both(&["why", &shown]);
    let effect = &why.json["effect"];
    if effect.is_null() {
        return;
    }
    let state = text(effect, "state");
    let head = format!("{shown}  {state}: {}", text(effect, "reason"));
    case.holds(
        "why says the same in text and in JSON",
        why_text.text.lines().any(|line| line == head),
        &why_text,
        &head,
    );
    // The drop-ins of many units are listed by themselves, whether or not there is such a unit.
    if !text(&why.json, "path").is_empty() {
        among_all(case, &why, &shown);
    }
    // Where it is a part of several documents, the strongest of its effects is told.
    if let [_] = why.list("entries") {
        of_document(case, tree, file, &why);
    }
}

/// What `list` says of a file where it lists all.
fn among_all(case: &Case<'_>, why: &Answer, shown: &str) {
    let all = case.json(&["list"]);
    for entry in all.list("entries") {
        let own = members(entry, "fragments")
            .iter()
            .filter(|found| found["path"] == *shown);
        if entry["path"] == why.json["path"] {
            own.for_each(|fragment| fits(case, &all, why, fragment));
        }
    }
}

/// What is said of a file that is a part of one document.
fn of_document(case: &Case<'_>, tree: &Tree, file: &Path, why: &Answer) {
    let shown = escape_path(file).to_string();
    let path = text(&why.json, "path");
    let list = case.json(&["list", path]);
    let found = fragments(&list)
        .into_iter()
        .find(|found| found["path"] == *shown);
    case.holds(
        "a path has the files that why says are its",
        found.is_some(),
        &list,
        &shown,
    );
    if let Some(fragment) = found {
        fits(case, &list, why, fragment);
    }
    if ["not-loaded", "not-reached"].contains(&text(&why.json["effect"], "state")) {
        case.agree(
            "why of a file that another keeps from being read fails where list does",
            list.says(&(list.status == Some(1))),
            why.says(&(why.status == Some(1))),
        );
    }
    what_if::examine(case, tree, file, path, text(&why.json["effect"], "state"));
    line::examine(case, &shown, path);
}

/// What `why` says of a file fits what `list` says.
fn fits(case: &Case<'_>, list: &Answer, why: &Answer, fragment: &Value) {
    let same = why
        .list("entries")
        .iter()
        .flat_map(|entry| members(entry, "fragments"));
    let told: Vec<_> = same
        .filter(|found| found["path"] == fragment["path"])
        .collect();
    case.holds(
        "why has the files that list has",
        told.contains(&fragment),
        why,
        fragment,
    );
    if why.list("entries").len() != 1 {
        return;
    }
    let effect = &why.json["effect"];
    let is_same = effect["state"] == fragment["state"] && effect["reason"] == fragment["reason"];
    case.holds(
        "why says of a file what list says",
        is_same,
        list,
        &(fragment, effect),
    );
}
