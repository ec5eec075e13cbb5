//! What overlayctl answers for a path of a root.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::peers::{Found, read};

/// The values of each section's keys, in merge order: several where they add up, or where nothing
/// says that the last one wins.
pub(crate) type Values = BTreeMap<(String, String), Vec<Value>>;

/// A configuration as overlayctl sees it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    /// Whether the consumer loads it at all.
    pub(crate) loads: bool,
    /// The path and the state of every file, in merge order.
    pub(crate) files: Vec<(String, String)>,
    /// What applies.
    pub(crate) values: Values,
}

impl Answer {
    /// The files in one of these states.
    pub(crate) fn files<'a>(
        &'a self,
        states: &'a [&str],
    ) -> impl Iterator<Item = (&'a str, &'a str)> {
        (self.files.iter())
            .map(|(path, state)| (&**path, &**state))
            .filter(|(_, state)| states.contains(state))
    }

    /// Sections, keys and the last value of each.
    pub(crate) fn last_values(&self) -> Pairs {
        let last = |values: &Vec<Value>| values.last().map_or_else(String::new, text);
        (self.values.iter())
            .map(|(key, values)| (key.clone(), last(values)))
            .collect()
    }
}

/// Sections and keys, with one value each.
pub(crate) type Pairs = BTreeMap<(String, String), String>;

/// A value as the text that stands for it.
pub(crate) fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether overlayctl can be asked.
pub(crate) fn ready() -> Found<()> {
    let help = read(overlayctl().args(["show", "--help"]))?;
    let knows = help.contains("--rules");
    knows
        .then_some(())
        .ok_or_else(|| "overlayctl has no `show --rules`".to_owned())
}

/// What overlayctl answers for `path` below the layers of `root`, by these rules.
pub(crate) fn ours(root: &Path, rules: &str, path: &str) -> Answer {
    let ask = |verb: &str| -> Value {
        let mut command = overlayctl();
        command
            .arg("--root")
            .arg(root)
            .args([verb, path, "--rules", rules, "--json"]);
        // It may well end with a status of its own: a finding is an answer, too.
        let output = command.output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("overlayctl {verb}: {error}: {output:?}"))
    };
    let (show, list) = (ask("show"), ask("list"));
    let field = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut values = Values::new();
    for assignment in rows(&show["assignments"]) {
        if assignment["state"] == "applied" {
            let key = (field(assignment, "section"), field(assignment, "key"));
            values
                .entry(key)
                .or_default()
                .push(assignment["value"].clone());
        }
    }
    Answer {
        loads: show["loads"] != false,
        files: rows(&list["entries"])
            .flat_map(|entry| rows(&entry["fragments"]))
            .map(|fragment| (field(fragment, "path"), field(fragment, "state")))
            .collect(),
        values,
    }
}

fn rows(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn overlayctl() -> Command {
    Command::new(env!("CARGO_BIN_EXE_overlayctl"))
}
