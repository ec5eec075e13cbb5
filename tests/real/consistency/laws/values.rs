//! What is said of the values of a path.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{members, text};
use crate::consistency::case::{Answer, Case};

pub(super) fn examine(case: &Case<'_>, path: &str) {
    let show = case.json(&["show", path]);
    let (explain_text, explain) = case.both(&["explain", path]);
    case.agree(
        "show and explain have the same assignments",
        show.says(&sorted(show.list("assignments"))),
        explain.says(&sorted(explain.list("assignments"))),
    );
    origins(case, path, &show);
    winners(case, &show);
    outcomes(case, &explain_text, &explain);
    keys(case, path, &explain);
}

fn sorted(assignments: &[Value]) -> Vec<String> {
    let mut sorted: Vec<_> = assignments.iter().map(Value::to_string).collect();
    sorted.sort();
    sorted
}

fn place(value: &Value) -> String {
    format!("{}:{}", text(value, "path"), value["line"])
}

/// `show --origin` names the places that JSON names.
fn origins(case: &Case<'_>, path: &str, show: &Answer) {
    let origins = case.text(&["show", "--origin", path]);
    let items = show
        .list("effective")
        .iter()
        .flat_map(|key| members(key, "items"));
    let places: BTreeSet<_> = items.map(place).collect();
    let said = origins.text.lines().filter_map(|line| {
        places
            .iter()
            .find(|place| line.starts_with(&format!("{place}  ")))
    });
    let said: BTreeSet<_> = said.cloned().collect();
    case.agree(
        "show --origin names the places of the values",
        show.says(&places),
        origins.says(&said),
    );
    let lines = origins.text.lines().filter(|line| line.starts_with('/'));
    for line in lines {
        let is_known = places
            .iter()
            .any(|place| line.starts_with(&format!("{place}  ")));
        // A list that is emptied for good has no item, and yet is shown.
        let is_empty = line.ends_with('=');
        case.holds(
            "show --origin names no other place",
            is_known || is_empty,
            &origins,
            &line,
        );
    }
}

/// What counts in the ledger is what is shown, and nothing else is.
fn winners(case: &Case<'_>, show: &Answer) {
    let counts =
        |assignment: &&Value| assignment["state"] == "applied" && assignment["ignored"].is_null();
    let assignments = show.list("assignments");
    let counting: BTreeSet<_> = assignments
        .iter()
        .filter(counts)
        .map(name_and_place)
        .collect();
    let loads = show.json["loads"] == true;
    for key in show.list("effective") {
        case.holds("what loads nothing comes to nothing", loads, show, key);
        for item in members(key, "items") {
            let from = (text(key, "section"), text(key, "key"), place(item));
            case.holds(
                "what is shown counts",
                counting.contains(&from),
                show,
                &from,
            );
        }
    }
    let shown: BTreeSet<_> = show
        .list("effective")
        .iter()
        .flat_map(|key| {
            members(key, "items")
                .iter()
                .map(move |item| (text(key, "section"), text(key, "key"), place(item)))
        })
        .collect();
    let scalars: BTreeSet<_> = show
        .list("effective")
        .iter()
        .filter(|key| key["kind"] == "scalar" || key["kind"] == "multi-valued")
        .map(|key| (text(key, "section"), text(key, "key")))
        .collect();
    for assignment in assignments.iter().filter(counts) {
        let name = name_and_place(assignment);
        let is_shown = shown.contains(&name)
            || !scalars.contains(&(name.0, name.1))
            || text(assignment, "value").is_empty();
        case.holds("what counts is shown", is_shown, show, assignment);
    }
}

fn name_and_place(assignment: &Value) -> (&str, &str, String) {
    (
        text(assignment, "section"),
        text(assignment, "key"),
        place(assignment),
    )
}

/// The words of `explain` are those of its JSON.
fn outcomes(case: &Case<'_>, in_text: &Answer, json: &Answer) {
    let outcomes = in_text
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("    /"));
    let mut outcomes: Vec<_> = outcomes.collect();
    for assignment in json.list("assignments") {
        let start = format!("{}  ", &place(assignment)[1..]);
        let outcome = text(assignment, "outcome");
        let (words, state): (&[&str], _) = match outcome {
            "ignored" => (&["ignored: "], text(assignment, "state")),
            "counts" => (&["  wins", "  counts"], "applied"),
            "counts-in-a-list" => (&["  counts in a list only ("], "applied"),
            "resets" => (&["  resets it"], "applied"),
            "removes" => (&["  takes away from it"], "applied"),
            "says-nothing" => (&["  changes nothing: it is empty"], "applied"),
            "removes-nothing" => (&["  changes nothing: what it takes away"], "applied"),
            "superseded" => (&["loses: superseded by"], "superseded"),
            "reset" => (&["loses: reset by"], "reset"),
            "shadowed" => (&["loses: its file is shadowed by"], "shadowed"),
            "masked" => (&["loses: its file is masked by"], "masked"),
            "invalid" => (&["loses: not read because of"], "invalid"),
            _ => (
                &["loses: not read because of", "loses: nothing is loaded"],
                "invalid",
            ),
        };
        let is_ignored = outcome == "ignored" && !assignment["ignored"].is_null();
        case.holds(
            "the state and the outcome of an assignment are of one thing",
            text(assignment, "state") == state && is_ignored == (outcome == "ignored"),
            json,
            assignment,
        );
        let by = match assignment["by"].as_str() {
            Some(by) if words != ["ignored: "] => format!(" by {by}").replace(" by ", " "),
            _ => String::new(),
        };
        let is_told = |line: &&str| {
            line.starts_with(&start)
                && line.contains(&by)
                && words.iter().any(|word| line.contains(word))
        };
        let at = outcomes.iter().position(is_told);
        case.holds(
            "explain tells every assignment's fate in text as in JSON",
            at.is_some(),
            in_text,
            assignment,
        );
        if let Some(at) = at {
            outcomes.remove(at);
        }
    }
    case.holds(
        "explain tells of no assignment that JSON does not have",
        outcomes.is_empty(),
        json,
        &outcomes,
    );
}

/// `explain PATH KEY` is that part of `explain PATH`.
fn keys(case: &Case<'_>, path: &str, explain: &Answer) {
    let assignments = explain.list("assignments");
    let Some(first) = assignments.get(assignments.len() / 2) else {
        return;
    };
    let (section, key) = (text(first, "section"), text(first, "key"));
    let question = match section {
        "" => key.to_owned(),
        section => format!("[{section}] {key}"),
    };
    if question.starts_with('-')
        || section.is_empty() && assignments.iter().any(|other| other["section"] != "")
    {
        return;
    }
    let own = |other: &&Value| (text(other, "section"), text(other, "key")) == (section, key);
    let own: Vec<_> = assignments.iter().filter(own).cloned().collect();
    let one = case.both(&["explain", path, &question]).1;
    case.agree(
        "explain of a key is a part of explain",
        explain.says(&sorted(&own)),
        one.says(&sorted(one.list("assignments"))),
    );
}
