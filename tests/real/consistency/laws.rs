//! The laws between answers, by what they are about.

mod again;
mod diff;
mod file;
mod library;
mod line;
mod path;
mod values;
mod watched;
mod what_if;
mod whole;

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::case::{Answer, Case};
use super::kinds::Kind;
use super::tree::Tree;
use crate::random::Random;

/// What is asked about.
#[derive(Clone, Debug)]
pub(super) enum Subject {
    /// All of the tree, which has these kinds.
    Whole(Vec<&'static Kind>),
    /// A configuration path.
    Path(&'static Kind),
    /// A file, below the root.
    File(PathBuf),
}

/// What to ask about a tree: all of it, one of its paths and one of its files.
pub(super) fn subjects(random: &mut Random, tree: &Tree, kinds: &[&'static Kind]) -> Vec<Subject> {
    let kind = kinds[random.below(kinds.len())];
    let files: Vec<_> = tree.nodes().map(|(path, _)| path).collect();
    let file = files[random.below(files.len())].to_owned();
    vec![
        Subject::Whole(kinds.to_vec()),
        Subject::Path(kind),
        Subject::File(file),
    ]
}

pub(super) fn examine(case: &Case<'_>, tree: &Tree, subject: &Subject) {
    match subject {
        Subject::Whole(kinds) => {
            whole::examine(case, tree);
            library::alone(case, kinds);
        }
        Subject::Path(kind) => path::examine(case, tree, kind),
        Subject::File(file) => file::examine(case, tree, &Path::new("/").join(file)),
    }
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// The members of an array that a value has.
fn members<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

/// Whether a line of text says of a file what JSON says.
fn tells(line: &str, fragment: &Value) -> bool {
    let [path, state, reason] = ["path", "state", "reason"].map(|name| text(fragment, name));
    let Some(why) = line.strip_prefix(&format!("{path}  {state}")) else {
        return false;
    };
    match fragment["by"].as_str() {
        _ if why == format!(": {reason}") || why.is_empty() => true,
        // Several did it.
        None => why.starts_with(" by "),
        Some(by) => {
            [" by ", " of ", " because of "]
                .iter()
                .any(|word| why.starts_with(word))
                && why.contains(by)
        }
    }
}

/// The lines of a text about files are as many as the files in JSON, and say the same.
fn lines_of_files(
    case: &Case<'_>,
    law: &'static str,
    in_text: &Answer,
    lines: &[&str],
    fragments: &[&Value],
) {
    let said = lines
        .iter()
        .zip(fragments)
        .all(|(line, fragment)| tells(line, fragment));
    case.holds(
        law,
        said && lines.len() == fragments.len(),
        in_text,
        fragments,
    );
}

/// The files of a document about files, entry by entry.
fn fragments(answer: &Answer) -> Vec<&Value> {
    let entries = answer.list("entries").iter();
    entries
        .flat_map(|entry| members(entry, "fragments"))
        .collect()
}
