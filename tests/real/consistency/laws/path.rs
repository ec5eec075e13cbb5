//! What is said of one configuration path.

use std::path::Path;

use overlay_resolver::Catalog;
use serde_json::Value;

use super::{
    again, diff, fragments, library, lines_of_files, members, text, values, watched, whole,
};
use crate::consistency::case::{Answer, Case};
use crate::consistency::kinds::Kind;
use crate::consistency::tree::Tree;

pub(super) fn examine(case: &Case<'_>, tree: &Tree, kind: &Kind) {
    let path = kind.path;
    let (list_text, list) = case.both(&["list", path]);
    let (lines, files) = (lines(&list_text, &list), fragments(&list));
    lines_of_files(
        case,
        "list of a path tells the same of every file in text and in JSON",
        &list_text,
        &lines,
        &files,
    );
    for command in ["show", "explain", "digest", "cat", "watch-list"] {
        let answer = case.both(&[command, path]).1;
        // Where nobody has anything, a watch list is what a daemon waits with.
        if command == "watch-list" && fragments(&list).is_empty() {
            continue;
        }
        same_entries(case, &list, &answer);
    }
    loads(case, &list);
    as_one_of_all(case, &list, path);
    if !Catalog::built_in().knows(path.as_ref()) {
        by_other_names(case, &list, kind);
    }
    spelled_by_layer(case, &list, kind);
    checked(case, &list, path);
    cat(case, &list, path);
    let (diff_text, diff) = case.both(&["diff", path]);
    whole::differences(case, &diff_text, &diff);
    differences_among_all(case, &diff, path);
    diff::rows(case, path);
    diff::consumers(case, path, tree.len());
    values::examine(case, path);
    watched::examine(case, tree, kind);
    again::examine(case, kind);
    library::and_program(case, kind);
}

/// The part of each line of `list` that is behind the name of the entry.
fn lines<'a>(answer: &'a Answer, list: &Answer) -> Vec<&'a str> {
    let paths: Vec<_> = fragments(list)
        .into_iter()
        .map(|found| text(found, "path"))
        .collect();
    let lines = answer.text.lines().zip(&paths);
    lines
        .map(|(line, path)| {
            line.find(&format!("  {path}  "))
                .map_or(line, |at| &line[at + 2..])
        })
        .collect()
}

fn same_entries(case: &Case<'_>, list: &Answer, other: &Answer) {
    case.agree(
        "every command tells the same of a path's files",
        list.says(&list.list("entries")),
        other.says(&other.list("entries")),
    );
    case.agree(
        "every command ends with the same status for a path",
        list.says(&list.status),
        other.says(&other.status),
    );
    for part in ["rules", "loads"] {
        case.agree(
            "every command reads a path by the same rules",
            list.says(&list.json[part]),
            other.says(&other.json[part]),
        );
    }
}

/// Whether its consumer loads a document, what the document is and what became of its files are one thing.
fn loads(case: &Case<'_>, list: &Answer) {
    const NOT_LOADED: [&str; 2] = ["refused", "headless"];
    let [entry] = list.list("entries") else {
        return;
    };
    let state = text(entry, "state");
    let is_loaded = list.json["loads"] == true;
    let fits = match state {
        // Of some it is masked whole, the others are as if nothing were there.
        "masked" => true,
        state => is_loaded != NOT_LOADED.contains(&state),
    };
    case.holds(
        "a document is loaded or not, as its state says",
        fits,
        list,
        &state,
    );
    let files = fragments(list);
    let mut counting = files
        .iter()
        .filter(|file| text(file, "state") == "effective");
    case.holds(
        "no file counts where nothing is loaded",
        is_loaded || counting.next().is_none(),
        list,
        &files,
    );
}

/// The path among all of the tree.
fn as_one_of_all(case: &Case<'_>, list: &Answer, path: &str) {
    let all = case.json(&["list"]);
    let is_own = |entry: &&Value| entry["path"] == path;
    let among: Vec<_> = all.list("entries").iter().filter(is_own).collect();
    if among.is_empty() {
        return;
    }
    let files = |entries: Vec<&Value>| -> Vec<Value> {
        entries
            .iter()
            .flat_map(|entry| members(entry, "fragments"))
            .cloned()
            .collect()
    };
    case.agree(
        "list tells of a path what it tells of all",
        all.says(&files(among)),
        list.says(&files(list.list("entries").iter().collect())),
    );
}

/// Where `diff` finds a path by itself, it tells of it what it tells where that is named.
fn differences_among_all(case: &Case<'_>, diff: &Answer, path: &str) {
    let all = case.json(&["diff"]);
    let is_found = all
        .list("entries")
        .iter()
        .any(|entry| entry["path"] == path);
    // What the search passes over is told where it is asked for (FORMATS.md).
    if !is_found {
        return;
    }
    let is_own = |found: &&Value| Path::new(text(found, "path")).starts_with(path);
    let among: Vec<_> = all.list("differences").iter().filter(is_own).collect();
    case.agree(
        "diff tells of a path what it tells of all",
        all.says(&among),
        diff.says(&diff.list("differences")),
    );
}

/// What nobody is known to read has the same files in whatever way it is asked for: as one of the documents of its
/// directory, and its drop-ins by themselves.
fn by_other_names(case: &Case<'_>, list: &Answer, kind: &Kind) {
    let own_drop_ins = format!("{}.d", kind.path);
    if kind.directories.contains(&&*own_drop_ins) {
        let alone = case.json(&["list", &own_drop_ins]);
        let is_ignored = |file: &Value| file["state"] == "ignored";
        for file in fragments(&alone) {
            let among = fragments(list);
            let among = among.iter().find(|found| found["path"] == file["path"]);
            let fits = among.is_some_and(|found| is_ignored(found) == is_ignored(file));
            case.holds(
                "a drop-in is ignored as one of its document or of its directory alike",
                fits,
                &alone,
                &among,
            );
        }
    }
    let Some((parent, name)) = kind.path.rsplit_once('/').filter(|_| kind.has_main()) else {
        return;
    };
    let all = case.json(&["list", parent]);
    // The directory may have drop-ins beside it, and so be taken for a document itself.
    let own = all
        .list("entries")
        .iter()
        .find(|entry| entry["name"] == name);
    if let Some(own) = own {
        let files: Vec<_> = fragments(list).into_iter().cloned().collect();
        case.agree(
            "a document is told as one of those of its directory",
            all.says(&members(own, "fragments")),
            list.says(&files),
        );
    }
}

/// `/etc/X` means `X`.
fn spelled_by_layer(case: &Case<'_>, list: &Answer, kind: &Kind) {
    for layer in ["usr/lib", "etc"] {
        let spelled = case.json(&["list", &format!("/{layer}/{}", kind.path)]);
        case.agree(
            "a path in a layer means the one below all",
            list.says(&list.json),
            spelled.says(&spelled.json),
        );
    }
}

/// What fails other commands is found by `check`, and the other way round.
fn checked(case: &Case<'_>, list: &Answer, path: &str) {
    let check = case.both(&["check", path]).1;
    if fragments(list).is_empty() {
        return;
    }
    case.agree(
        "check fails where the other commands do",
        list.says(&(list.status == Some(1))),
        check.says(&(check.status == Some(1))),
    );
    let errors = |answer: &Answer| -> Vec<Value> {
        let findings = answer.list("findings").iter();
        let errors = findings.filter(|finding| finding["level"] == "error");
        errors
            .map(|error| serde_json::json!([error["path"], error["line"]]))
            .collect()
    };
    let found = errors(&check);
    for error in errors(list) {
        case.holds(
            "check finds the errors that the other commands find",
            found.contains(&error),
            &check,
            &error,
        );
    }
}

/// `cat` prints the files that count, in their order.
fn cat(case: &Case<'_>, list: &Answer, path: &str) {
    let cat = case.text(&["cat", path]);
    let hidden = [
        "shadowed",
        "masked",
        "duplicate",
        "mask",
        "unusable",
        "passed-over",
        "ignored",
    ];
    let counting = fragments(list)
        .into_iter()
        .filter(|found| !hidden.contains(&text(found, "state")));
    let mut rest = &*cat.text;
    for fragment in counting {
        let head = format!("# {}\n", text(fragment, "path"));
        let at = rest.find(&head);
        case.holds(
            "cat prints the files that count, in their order",
            at.is_some(),
            &cat,
            &head,
        );
        rest = at.map_or(rest, |at| &rest[at + head.len()..]);
    }
}
