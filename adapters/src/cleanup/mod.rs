//! What is to be done once after each deployment: tasks, each remembered for the deployment that it was done for.
//!
//! | file | what it says | who looks |
//! |---|---|---|
//! | `STATE/DEPLOYMENT/TASK.run` | what became of a task | a run |
//! | `STATE/DEPLOYMENT/cleaned` | that the deployment is cleaned, since which boot | a run, `status` |
//! | `/sysroot/.ostree-cleaned` | the same: a copy, for whoever asks only whether it is there | units, deploy processes |
//! | `/run/overlayctl/cleanup-stale` | that the copy is stale, and could not be removed | units |
//!
//! **Invariant**: what is remembered is remembered by deployment, so a copy that is stale, foreign or came back by a
//! power cut costs a look and no task; and a rollback finds what was done before.

mod found;
mod health;
mod marker;
#[cfg(test)]
mod model;
mod standing;
mod task;
#[cfg(test)]
mod tests;
mod verify;
mod writable;

use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::tree::Tree;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use self::found::Found;
pub use self::marker::{Marker, MarkerState};
pub use self::standing::Standing;
use self::task::Task;
pub use self::verify::{Armed, Verified};
pub use self::writable::make_writable;
use crate::commit::{Batch, Step};
use crate::launch;
use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::report::{Change, Decision, Operation, RunDecision};
use crate::route::{Route, SourcePath};
use crate::runner::{Agenda, Conclusion, Job, Mark, Runner, mark_file, put};
use crate::source::{Source, Want, toml_entries};
use crate::system::is_running_systems;

/// The name of the marker in a sysroot: what deploy processes remove.
const MARKER: &str = ".ostree-cleaned";
/// The name of what is remembered of a deployment that is cleaned.
const RECORD: &str = "cleaned";
/// What says that a marker is stale which could not be removed.
const STALE: &str = "/run/overlayctl/cleanup-stale";

/// What an adapter of tasks reads and writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Definition {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    layers: LayersAt,
    tasks: BelowLayers,
    state: InRoot,
    sysroot: InRoot,
    marker: InRoot,
}

/// The adapter whose entries are run once after each deployment.
#[derive(Debug)]
pub struct Cleanup {
    name: String,
    rules: Rules,
    tasks: PathBuf,
    state: PathBuf,
    sysroot: PathBuf,
    marker: PathBuf,
}

impl Cleanup {
    /// The adapter of this name, as its definition has it.
    pub(crate) fn new(name: &str, definition: Definition) -> Self {
        Self {
            name: name.into(),
            rules: toml_entries(definition.layers.0),
            tasks: definition.tasks.0,
            state: definition.state.0,
            sysroot: definition.sysroot.0,
            marker: definition.marker.0,
        }
    }

    fn read(&self, root: &Root) -> Source<Task> {
        let tree = Tree::from(root.clone());
        Source::read(&tree, &self.rules, &self.tasks, Task::read)
    }

    /// The units that keep this boot from counting as healthy, so that nothing is run: none of another root.
    pub fn failed_checks(root: &Root) -> Vec<String> {
        health::failed_checks(root)
    }

    /// How the system that is booted in a root stands.
    ///
    /// # Errors
    /// What is booted, or what is remembered of it, cannot be read.
    pub fn standing(&self, root: &Root) -> Result<Standing, Finding> {
        Standing::of(self, root, &self.read(root))
    }

    /// The directory of what is remembered of a deployment.
    fn place(&self, deployment: &str) -> PathBuf {
        self.state.join(file_name(deployment))
    }
}

/// A name for a file: of all but letters, digits and what does no harm in one, the bytes are told.
fn file_name(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":._-".contains(&byte);
    let bytes = text.bytes().enumerate();
    let each = bytes.map(|(at, byte)| match byte {
        b'.' if at == 0 => r"\x2e".to_owned(),
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("\\x{byte:02x}"),
    });
    each.collect()
}

/// A digest of the tasks that are wanted: with another one, there is something to look at.
fn digest(source: &Source<Task>) -> String {
    let mut digest = Sha256::new();
    for (name, layered) in &source.entries {
        if let Want::Present(task) = &layered.want
            && task.enabled
        {
            digest.update((name.len() as u64).to_be_bytes());
            digest.update(name);
            digest.update(task.occasion());
        }
    }
    format!("{:x}", digest.finalize())
}

impl Route for Cleanup {
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

impl Runner for Cleanup {
    fn noun(&self) -> &'static str {
        "task"
    }

    fn runs_for(&self, root: &Root) -> bool {
        // The tests of the crate run their tasks, which look after themselves, for trees.
        cfg!(test) || is_running_systems(root)
    }

    fn due(&self, root: &Root) -> Agenda {
        let source = self.read(root);
        let standing = Standing::of(self, root, &source);
        Agenda::of(source, &self.name, self.noun(), |name, _, task| {
            if !task.enabled {
                return Err(Decision::Run(RunDecision::Off));
            }
            let standing = standing.as_ref().map_err(Clone::clone)?;
            let Some(deployment) = &standing.deployment else {
                return Err(Decision::Run(RunDecision::NoOccasion));
            };
            let place = mark_file(&self.place(&deployment.to_string()), &file_name(name));
            Ok(Job {
                adapter: self.name.clone(),
                name: name.into(),
                command: task.command.value.clone(),
                patience: task.timeout(),
                is_required: task.required,
                occasion: task.occasion(),
                tries: task.tries(),
                mark: Mark::read(root, &place)?,
                place,
                origin: task.command.path.clone(),
                line: Some(task.command.line),
            })
        })
    }

    fn run(&self, root: &Root, job: &Job) -> Result<(), String> {
        let ended = launch::run(root, &file_name(&job.name), job);
        ended.map_err(|why| why.to_string())
    }

    /// The deployment is cleaned once each required task was done or given up.
    fn conclusion(
        &self,
        root: &Root,
        agenda: &Agenda,
        decided: &[RunDecision],
    ) -> Result<Conclusion, Finding> {
        let is_broken = |decision: &Decision| matches!(decision, Decision::Broken { .. });
        let required = agenda.jobs.iter().zip(decided);
        let mut required = required.filter(|(job, _)| job.is_required);
        let is_settled = |decision: &RunDecision| {
            matches!(decision, RunDecision::Done | RunDecision::GivenUp { .. })
        };
        let others = agenda.others.iter();
        if others.map(|entry| &entry.decision).any(is_broken)
            || !required.clone().all(|(_, decision)| is_settled(decision))
        {
            return Ok(Conclusion::default());
        }
        let is_degraded = required.any(|(_, decision)| *decision != RunDecision::Done);
        let standing = self.standing(root)?;
        let Some(marker) = standing.concluded(is_degraded) else {
            return Ok(Conclusion::default());
        };
        self.written(root, &standing, &marker)
    }
}

impl Cleanup {
    /// What writes that a deployment is cleaned: what is remembered first, its copy last, and then what nobody asks for
    /// any more goes.
    fn written(
        &self,
        root: &Root,
        standing: &Standing,
        marker: &Marker,
    ) -> Result<Conclusion, Finding> {
        let content = marker.to_bytes();
        let record = self.place(&marker.deployment).join(RECORD);
        let (mut steps, mut changes) = (Vec::new(), Vec::new());
        let copy = &standing.marker;
        let mut wanted = vec![(&record, standing.record_text.as_ref())];
        match &standing.found {
            Found::Text(text) => wanted.push((copy, Some(text))),
            Found::Nothing => wanted.push((copy, None)),
            Found::Foreign => {
                steps.push(Step::Remove(copy.clone()));
                wanted.push((copy, None));
            }
            Found::Directory => {}
        }
        for (path, before) in wanted {
            if before != Some(&content) {
                steps.push(put(root, path, before.cloned(), content.clone()));
                changes.push(self.change(Operation::Mark, path, Some("cleaned")));
            }
        }
        let mut gone = self.gone(root, standing)?;
        let obstacle = standing.obstacle();
        if standing.is_known_stale && obstacle.is_none() {
            gone.push(STALE.into());
        }
        changes.extend(
            gone.iter()
                .map(|path| self.change(Operation::Clean, path, None)),
        );
        steps.extend(gone.into_iter().map(Step::Remove));
        Ok(Conclusion {
            batch: Batch::from(steps),
            changes,
            obstacle,
        })
    }

    fn change(&self, operation: Operation, path: &Path, to: Option<&str>) -> Change {
        Change {
            adapter: self.name.clone(),
            entry: None,
            noun: "marker",
            operation,
            subject: path.display().to_string(),
            from: None,
            to: to.map(Into::into),
            path: path.into(),
        }
    }
}
