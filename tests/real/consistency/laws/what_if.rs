//! What would be if a file were not there, or another.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use overlay_resolver::Catalog;
use overlay_resolver::escape::escape_path;
use serde_json::Value;
use tempfile::TempDir;

use super::diff::values;
use super::{fragments, text};
use crate::consistency::case::{Answer, Case};
use crate::consistency::tree::{Node, Tree};
use crate::peers::SCRATCH;

/// The effects of a file that its absence cannot leave as they are.
const WITH_EFFECT: &[&str] = &["effective"];

/// Those without which the values are the same, though a file that they hide is told of otherwise.
const WITHOUT_EFFECT: &[&str] = &[
    "shadowed",
    "masked",
    "ignored",
    "not-reached",
    "headless",
    "passed-over",
];

pub(super) fn examine(case: &Case<'_>, tree: &Tree, file: &Path, path: &str, state: &str) {
    // As it is shown, and so as it is copied.
    let shown = escape_path(file).to_string();
    let name = shown.as_str();
    let here = case.json(&["show", path]);
    let gone = case.json(&["show", path, "--without", name]);
    let changes = result(&here, name) != result(&gone, name);
    if WITH_EFFECT.contains(&state) {
        case.holds(
            "the result is another without a file that counts",
            changes,
            &gone,
            &(name, state),
        );
    }
    if WITHOUT_EFFECT.contains(&state) && !is_led_to(tree, file) && !tells_shape(file, path) {
        case.holds(
            "the values are the same without a file that does not count",
            result(&here, name).0 == result(&gone, name).0,
            &gone,
            &(name, state, result(&here, name)),
        );
    }
    digests(case, path, name, [&here, &gone]);
    taken_away(case, tree, file, path, name);
    put_there(case, tree, file, path, name);
}

/// Whether a symlink leads to the file, which then counts under another name, whatever it does by itself.
fn is_led_to(tree: &Tree, file: &Path) -> bool {
    let place = file.strip_prefix("/").unwrap().as_os_str().as_bytes();
    tree.nodes()
        .any(|(_, node)| matches!(node, Node::Link(target) if target.ends_with(place)))
}

/// Whether the file is at a path that nobody is known to read: it says that the path is no directory of
/// documents, whatever hides it.
fn tells_shape(file: &Path, path: &str) -> bool {
    let is_known = Catalog::built_in().knows(path.as_ref());
    !is_known && file.ends_with(path)
}

/// The values with their origins, in their order, and what became of all other files.
fn result<'a>(show: &'a Answer, without: &str) -> (Vec<String>, Vec<(&'a str, &'a str)>) {
    let files = fragments(show)
        .into_iter()
        .filter(|found| found["path"] != *without);
    let values: Vec<_> = show
        .list("effective")
        .iter()
        .map(Value::to_string)
        .collect();
    (
        values,
        files
            .map(|found| (text(found, "path"), text(found, "state")))
            .collect(),
    )
}

/// The digest of a path is another exactly where it comes to something else.
fn digests(case: &Case<'_>, path: &str, name: &str, shows: [&Answer; 2]) {
    let [one, other] = shows.map(|show| (values(show), &show.json["loads"]));
    let digests = [&["digest", path][..], &["digest", path, "--without", name]];
    let [here, gone] = digests.map(|arguments| case.json(arguments));
    let [digest, without] = [&here, &gone].map(|answer| answer.list("digests"));
    // Of several documents each has its own.
    if let ([digest], [without]) = (digest, without) {
        case.agree(
            "the digest is another exactly where the values are",
            here.says(&(digest["digest"] == without["digest"])),
            gone.says(&(one == other)),
        );
    }
}

/// `--without` answers for a tree in which the file is not.
fn taken_away(case: &Case<'_>, tree: &Tree, file: &Path, path: &str, shown: &str) {
    let root = TempDir::new_in(SCRATCH).unwrap();
    tree.write(root.path());
    let place = root.path().join(file.strip_prefix("/").unwrap());
    if fs::remove_file(&place)
        .or_else(|_| fs::remove_dir(&place))
        .is_err()
    {
        return;
    }
    let changed = Case::new(root.path());
    for command in ["show", "watch-list"] {
        let (asked, real) = (
            case.json(&[command, path, "--without", shown]),
            changed.json(&[command, path]),
        );
        case.agree(
            "--without answers as the tree without the file",
            asked.says(&but_for_absence(&asked)),
            real.says(&but_for_absence(&real)),
        );
    }
    case.take_over(&[&changed]);
}

/// The document without the error that no layer has the path: who takes the last file away knows.
fn but_for_absence(answer: &Answer) -> Value {
    let mut document = answer.json.clone();
    if let Some(findings) = document["findings"].as_array_mut() {
        findings.retain(|finding| finding["code"] != "no-such-path");
    }
    document
}

/// `--with` answers for a tree in which the file is.
fn put_there(case: &Case<'_>, tree: &Tree, file: &Path, path: &str, shown: &str) {
    const TEXT: &str = "[Journal]\nStorage=with\n";
    let root = TempDir::new_in(SCRATCH).unwrap();
    tree.write(root.path());
    let place = root.path().join(file.strip_prefix("/").unwrap());
    if fs::remove_file(&place)
        .or_else(|_| fs::remove_dir(&place))
        .is_err()
    {
        return;
    }
    fs::write(&place, TEXT).unwrap();
    let other = TempDir::new_in(SCRATCH).unwrap();
    let new = other.path().join("new");
    fs::write(&new, TEXT).unwrap();
    let with = format!("{shown}={}", new.display());
    let changed = Case::new(root.path());
    let (asked, real) = (
        case.json(&["show", path, "--with", &with]),
        changed.json(&["show", path]),
    );
    case.agree(
        "--with answers as the tree with the file",
        asked.says(&asked.json),
        real.says(&real.json),
    );
    case.take_over(&[&changed]);
}
