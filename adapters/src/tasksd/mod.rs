//! An adapter whose entries are run, which only tests have: tasks, each a program that is to be run once for an
//! occasion.

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::tree::Tree;
use serde::Deserialize;

use crate::code;
use crate::job::{Job, Mark, mark_file};
use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::process;
use crate::route::{Route, SourcePath};
use crate::runner::{Agenda, Runner};
use crate::source::{Source, mistake, path_of, toml_entries};
use crate::system::is_running_systems;

/// How often a task is tried that does not say it.
const TRIES: u32 = 2;
/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What an adapter of tasks reads and writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    layers: LayersAt,
    tasks: BelowLayers,
    state: InRoot,
    occasion: String,
    /// `any`: what is run does not mind which root it is for.
    roots: Option<String>,
}

/// The adapter.
#[derive(Debug)]
pub(crate) struct Tasksd {
    name: String,
    rules: Rules,
    tasks: PathBuf,
    state: PathBuf,
    occasion: String,
    is_for_any_root: bool,
}

/// What a file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Task {
    command: Vec<String>,
    tries: Option<u32>,
}

impl Tasksd {
    /// The adapter of this name, as its definition has it.
    pub(crate) fn new(name: &str, definition: Definition) -> Self {
        Self {
            name: name.into(),
            rules: toml_entries(definition.layers.0),
            tasks: definition.tasks.0,
            state: definition.state.0,
            occasion: definition.occasion,
            is_for_any_root: definition.roots.as_deref() == Some("any"),
        }
    }
}

fn read(document: &Document) -> (Option<Task>, Vec<Finding>) {
    match document.deserialize() {
        Ok(task) => (Some(task), Vec::new()),
        Err(error) => (None, vec![mistake(code::INVALID_VALUE, document, &error)]),
    }
}

impl Route for Tasksd {
    fn sources(&self) -> Vec<SourcePath> {
        vec![SourcePath {
            path: self.tasks.clone(),
            adapter: self.name.clone(),
            rules: self.rules.clone(),
            whole: false,
        }]
    }

    fn target(&self) -> PathBuf {
        self.state.clone()
    }

    fn lock(&self) -> PathBuf {
        self.state.clone()
    }
}

impl Runner for Tasksd {
    fn noun(&self) -> &'static str {
        "task"
    }

    fn runs_for(&self, root: &Root) -> bool {
        self.is_for_any_root || is_running_systems(root)
    }

    fn due(&self, root: &Root) -> Agenda {
        let source = Source::read(&Tree::from(root.clone()), &self.rules, &self.tasks, read);
        Agenda::of(source, &self.name, self.noun(), |name, layered, task| {
            let place = mark_file(&self.state, name);
            Ok(Job {
                adapter: self.name.clone(),
                name: name.into(),
                command: task.command.clone(),
                patience: PATIENCE,
                is_required: true,
                occasion: self.occasion.clone(),
                tries: task.tries.unwrap_or(TRIES),
                mark: Mark::read(root, &place)?,
                boot: String::new(),
                place,
                origin: path_of(&layered.document),
                line: None,
            })
        })
    }

    fn run(&self, _: &Root, job: &Job) -> Result<(), String> {
        let (program, arguments) = job.command.split_first().ok_or("it has no program")?;
        let ended = process::run(Path::new(program), arguments, job.patience);
        ended.map_err(|why| why.to_string())
    }
}
