//! What the library says, asked in this process: to itself and to the program.

use overlay_resolver::document::Effective;
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::schema::Unknown;
use overlay_resolver::{Assignment, Catalog, Document, Resolver};
use serde_json::{Value, json};

use crate::consistency::case::Case;
use crate::consistency::kinds::Kind;

/// The document of a kind whose consumer the catalog knows, with and without what is hidden, by the rules
/// that the library chooses.
fn documents(case: &Case<'_>, kind: &Kind) -> Option<[Document; 2]> {
    Catalog::built_in().rules(kind.path.as_ref())?;
    let resolver = Resolver::open(case.root).unwrap();
    let both = [resolver.clone().with_history(), resolver];
    Some(both.map(|resolver| resolver.resolve(kind.path).unwrap()))
}

/// What the library says to itself, of every kind that a tree has.
pub(super) fn alone(case: &Case<'_>, kinds: &[&Kind]) {
    for kind in kinds {
        let Some([document, plain]) = documents(case, kind) else {
            continue;
        };
        let said = |what: &str| format!("the library: {what} of {}", kind.path);
        case.compare(
            "what is hidden has no say in what a document comes to",
            (said("effective"), effective(&plain)),
            (said("effective with history"), effective(&document)),
        );
        case.compare(
            "what is hidden has no say in the digest",
            (said("digest"), json!(plain.digest())),
            (said("digest with history"), json!(document.digest())),
        );
        let origins = format!("{:#}", document.snapshot());
        for item in items(&document) {
            case.compare(
                "the snapshot names the places of the values",
                (said("snapshot"), json!(origins.contains(&item))),
                (said("effective"), json!(true)),
            );
        }
        for key in document.keys() {
            let outcomes: Vec<_> = key.explain().outcomes().collect();
            let history = key.history().count();
            case.compare(
                "a key is explained by all of its assignments",
                (said("explain"), json!(outcomes.len())),
                (said("history"), json!(history)),
            );
            let applied = key
                .applied()
                .iter()
                .map(|found| found.place().to_string())
                .collect::<Vec<_>>();
            let wins = outcomes
                .iter()
                .filter(|outcome| outcome.outcome.has_effect());
            let odd = wins
                .filter(|outcome| !applied.contains(&outcome.assignment.place().to_string()))
                .count();
            case.compare(
                "what has an effect is applied",
                (said("explain"), json!(odd)),
                (said("applied"), json!(0)),
            );
        }
    }
}

fn items(document: &Document) -> Vec<String> {
    let parts = document.effective();
    let values = parts.iter().flat_map(|part| &part.values);
    let items = values.flat_map(|value| &value.items);
    items.map(|item| item.from.place().to_string()).collect()
}

/// The library and the program.
pub(super) fn and_program(case: &Case<'_>, kind: &Kind) {
    let Some([document, plain]) = documents(case, kind) else {
        return;
    };
    let path = kind.path;
    let said = |what: &str| format!("the library: {what} of {path}");
    let [show, digest, watched] =
        ["show", "digest", "watch-list"].map(|command| case.json(&[command, path]));
    if show.list("entries").len() != 1 {
        return;
    }
    let without_entries = |list: &[Value]| -> Value {
        let list = list.iter().cloned().map(|mut found| {
            for name in ["entry", "kind"] {
                found.as_object_mut().unwrap().remove(name);
            }
            found
        });
        list.collect()
    };
    for (law, program, library) in [
        (
            "the library has the values that show has",
            without_entries(show.list("effective")),
            effective(&document),
        ),
        (
            "the library has the assignments that show has",
            without_entries(show.list("assignments")),
            assignments(&document),
        ),
        (
            "the library has the digest that digest has",
            digest.list("digests")[0]["digest"].clone(),
            json!(document.digest()),
        ),
        (
            "the library watches what watch-list has",
            json!(watched.list("watched")),
            watches(&plain),
        ),
        (
            "the library knows whether anything is loaded",
            show.json["loads"].clone(),
            json!(document.loads()),
        ),
    ] {
        case.compare(
            law,
            (format!("overlayctl … {path}"), program),
            (said(""), library),
        );
    }
}

fn watches(document: &Document) -> Value {
    document
        .watched()
        .iter()
        .map(|path| json!(escape_path(path).to_string()))
        .collect()
}

fn effective(document: &Document) -> Value {
    let parts = document.effective();
    let values = parts
        .iter()
        .flat_map(|part| part.values.iter().map(move |value| (part, value)));
    let view = |Effective { key, items, .. }: &Effective<'_>, section, number| {
        let items = items.iter().map(|item| {
            json!({
                "value": exact(&item.value),
                "path": escape_path(&item.from.fragment().path).to_string(),
                "line": item.from.line(),
            })
        });
        json!({"section": shown(section), "number": number, "key": shown(key.name()), "items": items.collect::<Vec<_>>()})
    };
    values
        .map(|(part, value)| view(value, part.section, part.number))
        .collect()
}

fn assignments(document: &Document) -> Value {
    let view = |found: Assignment<'_>| {
        json!({
            "section": shown(found.section()),
            "key": shown(found.key()),
            "value": exact(&found.shown()),
            "path": escape_path(&found.fragment().path).to_string(),
            "line": found.lines().start(),
            "last_line": found.lines().end(),
            "layer": escape_path(found.fragment().layer.base()).to_string(),
            "state": found.state().word(),
            "outcome": found.outcome().word(),
            "by": found.by().map(|by| by.to_string()),
            "ignored": found.unknown().map(Unknown::word),
        })
    };
    document.assignments().map(view).collect()
}

fn shown(name: &[u8]) -> String {
    escape(name).to_string()
}

/// A value as the program's JSON has it.
fn exact(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_owned(),
        Err(_) => overlay_resolver::escape::escape_text(value).to_string(),
    }
}
