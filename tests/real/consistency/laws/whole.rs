//! What is said of a whole tree.

use serde_json::Value;

use tempfile::TempDir;

use super::{fragments, lines_of_files, text};
use crate::consistency::case::{Answer, Case};
use crate::consistency::tree::Tree;
use crate::peers::SCRATCH;

/// Directories whose documents are known each by its name.
const DIRECTORIES: [&str; 3] = ["systemd/system", "systemd/network", "systemd"];

pub(super) fn examine(case: &Case<'_>, tree: &Tree) {
    let (list_text, list) = case.both(&["list"]);
    let listed: Vec<_> = fragments(&list)
        .into_iter()
        .filter(|file| file["state"] != "ignored")
        .collect();
    let lines: Vec<_> = list_text
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("  "))
        .collect();
    lines_of_files(
        case,
        "list tells the same of every file in text and in JSON",
        &list_text,
        &lines,
        &listed,
    );
    let (diff_text, diff) = case.both(&["diff"]);
    case.agree(
        "list and diff have the same files",
        list.says(&list.list("entries")),
        diff.says(&diff.list("entries")),
    );
    differences(case, &diff_text, &diff);
    case.both(&["diff", "--text"]);
    let check = case.both(&["check"]).1;
    let checked = check.list("checked");
    for entry in list.list("entries") {
        case.holds(
            "all that list finds is checked",
            checked.contains(&entry["path"]),
            &check,
            &entry["path"],
        );
    }
    for directory in DIRECTORIES {
        members(case, &list, directory);
    }
    reports(case, tree);
}

/// A directory of known documents is those: each as it is among all, and none of them for what wants one.
fn members(case: &Case<'_>, all: &Answer, directory: &str) {
    let is_member = |entry: &&Value| {
        let name = text(entry, "path").strip_prefix(directory);
        let name = name.and_then(|name| name.strip_prefix('/'));
        name.is_some_and(|name| !name.contains('/'))
    };
    let of_all: Vec<_> = all.list("entries").iter().filter(is_member).collect();
    if of_all.is_empty() {
        return;
    }
    let own = case.both(&["list", directory]).1;
    for entry in of_all {
        case.holds(
            "list of a directory has what list has of its documents",
            own.list("entries").contains(entry),
            &own,
            entry,
        );
    }
    let refused = ["show", "explain", "digest", "cat", "watch-list"]
        .map(|command| case.json(&[command, directory]));
    let [first, ..] = &refused;
    for other in &refused {
        case.agree(
            "what wants one document refuses a directory of several alike",
            first.says(&(&first.json["findings"], first.status)),
            other.says(&(&other.json["findings"], other.status)),
        );
    }
    case.both(&["check", directory]);
    case.both(&["diff", directory]);
}

/// `diff` in text and in JSON.
pub(super) fn differences(case: &Case<'_>, in_text: &Answer, json: &Answer) {
    let heads = in_text
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("  "));
    let classes = heads.filter_map(|line| line.split_once(' '));
    let classes: Vec<_> = classes
        .filter(|(class, _)| class.len() > 5 && class.chars().all(char::is_uppercase))
        .collect();
    let differences = json.list("differences");
    let said: Vec<_> = classes
        .iter()
        .map(|(class, _)| class.to_lowercase())
        .collect();
    let expected: Vec<_> = differences
        .iter()
        .map(|found| text(found, "class"))
        .collect();
    case.agree(
        "diff has the same differences in text and in JSON",
        in_text.says(&said),
        json.says(&expected),
    );
    for ((_, words), found) in classes.iter().zip(differences) {
        // Of what is broken it is no question what it stands over.
        let names = |name| {
            text(found, "class") == "broken" && name == "bottom"
                || words.contains(text(found, name))
        };
        case.holds(
            "diff names the same files in text and in JSON",
            names("top") && names("bottom"),
            in_text,
            found,
        );
    }
    accounts(case, json);
}

/// `diff` calls no file two things: what it says of one fits what became of it.
fn accounts(case: &Case<'_>, diff: &Answer) {
    const BROKEN: [&str; 2] = ["unusable", "passed-over"];
    const MERGED: [&str; 5] = [
        "effective",
        "superseded",
        "unknown",
        "blank",
        "not-understood",
    ];
    let files = fragments(diff);
    let states = |path: &Value| -> Vec<&str> {
        let own = files.iter().filter(|file| file["path"] == *path);
        own.map(|file| text(file, "state")).collect()
    };
    let differences = diff.list("differences");
    for found in differences {
        let states = states(&found["top"]);
        let fits = match text(found, "class") {
            "broken" => states
                .iter()
                .any(|state| BROKEN.contains(state) || *state == "invalid"),
            "extended" => states.iter().any(|state| MERGED.contains(state)),
            "masked" if found["bottom"].is_null() => states.contains(&"mask"),
            _ => true,
        };
        case.holds(
            "diff says of a file what fits its state",
            fits,
            diff,
            &(found, states),
        );
    }
    for file in &files {
        let is_told = || {
            let mut own = differences.iter();
            own.any(|found| found["top"] == file["path"] && found["class"] == "broken")
        };
        case.holds(
            "diff says of every file that cannot be used that it is broken",
            !BROKEN.contains(&text(file, "state")) || is_told(),
            diff,
            file,
        );
    }
}

/// `status` and `sync --dry-run` are one plan.
fn reports(case: &Case<'_>, tree: &Tree) {
    let (status_text, status) = case.both(&["status"]);
    let (plan_text, plan) = case.both(&["sync", "--dry-run"]);
    case.agree(
        "status and sync --dry-run have the same entries",
        status.says(&status.list("entries")),
        plan.says(&plan.list("entries")),
    );
    let checked = case.both(&["status", "--check"]).1;
    case.agree(
        "status --check ends as sync --dry-run does",
        checked.says(&checked.status),
        plan.says(&plan.status),
    );
    let is_pending = |answer: &Answer| answer.text.contains("changes are pending");
    case.agree(
        "status and sync --dry-run agree on whether changes are pending",
        status_text.says(&is_pending(&status_text)),
        plan_text.says(&is_pending(&plan_text)),
    );
    case.agree(
        "status and sync --dry-run have the same pending changes",
        status.says(&status.list("pending")),
        plan.says(&plan.list("pending")),
    );
    case.agree(
        "what is pending is listed, and what is listed is pending",
        plan_text.says(&is_pending(&plan_text)),
        plan.says(&!plan.list("pending").is_empty()),
    );
    if plan.status != Some(1) {
        case.agree(
            "what is pending ends sync --dry-run with status 3",
            plan.says(&!plan.list("pending").is_empty()),
            plan.says(&(plan.status == Some(3))),
        );
    }
    for entry in status.list("entries").iter().take(3) {
        explained(case, &status, entry);
    }
    carried_out(tree, case, &plan);
}

/// `sync` does what was planned, and nothing of it is pending then.
fn carried_out(tree: &Tree, case: &Case<'_>, plan: &Answer) {
    let roots = [(); 2].map(|()| TempDir::new_in(SCRATCH).unwrap());
    let [in_text, in_json] = roots.each_ref().map(|root| {
        tree.write(root.path());
        Case::new(root.path())
    });
    let (told, done) = (in_text.text(&["sync"]), in_json.json(&["sync"]));
    case.agree(
        "sync changes what was pending",
        plan.says(&plan.list("pending")),
        done.says(&done.list("changes")),
    );
    let fails = plan.status == Some(1);
    case.agree(
        "sync fails where its plan does",
        plan.says(&fails),
        done.says(&(done.status == Some(1))),
    );
    case.agree(
        "text and JSON end with the same status",
        told.says(&told.status),
        done.says(&done.status),
    );
    let (after_text, after) = in_json.both(&["status", "--check"]);
    case.agree(
        "after sync nothing is pending",
        after.says(&after.list("pending")),
        after_text.says(&[(); 0]),
    );
    let other = in_text.json(&["status", "--check"]);
    case.agree(
        "sync leaves the same, whether it tells of it in text or in JSON",
        after.says(&after.json),
        other.says(&other.json),
    );
    case.take_over(&[&in_text, &in_json]);
}

/// `explain` of an entry says what `status` says.
fn explained(case: &Case<'_>, status: &Answer, entry: &Value) {
    let name = format!("{}/{}", text(entry, "adapter"), text(entry, "name"));
    if name.contains(['*', '?', '[', '{']) {
        return;
    }
    let explain = case.both(&["explain", &name]).1;
    let own = explain.list("entries").first().cloned().unwrap_or_default();
    for part in ["state", "code", "reason", "fragments"] {
        case.agree(
            "explain says of an entry what status says",
            status.says(&entry[part]),
            explain.says(&own[part]),
        );
    }
}
