//! What is to be done once after each deployment: tasks, each remembered for the deployment that it was done for.
//!
//! | file | what it says | who looks |
//! |---|---|---|
//! | `STATE/DEPLOYMENT/TASK.run` | what became of a task | a run |
//! | `STATE/DEPLOYMENT/cleaned` | that the deployment is cleaned, since which boot | a run, `status` |
//! | `/sysroot/.ostree-cleaned` | the same: a copy, for whoever asks only whether it is there | units, deploy processes |
//! | `/run/overlayctl/cleanup-stale` | that there is something to do or to say, whatever the copy says | units |
//!
//! `DEPLOYMENT` is its name, and which directory has that: a name may be used again.
//!
//! **Invariant**: what is remembered is remembered by deployment, so a copy that is stale, foreign or came back by a
//! power cut costs a look and no task; and a rollback finds what was done before. How far the tasks are is one account of it
//! ([`Progress`]): whether there is anything to do, and whether the copy is true, nothing else says.

mod found;
mod health;
mod marker;
#[cfg(test)]
mod model;
mod progress;
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
pub use self::progress::{Overall, Progress, TaskProgress};
pub use self::standing::Standing;
use self::task::Task;
pub use self::verify::{Armed, Verified, have_it_told};
pub use self::writable::make_writable;
use crate::commit::{Batch, Step};
use crate::deployment::Deployment;
use crate::job::{Job, Mark, mark_file};
use crate::launch;
use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::report::{Change, Decision, Operation, RunDecision};
use crate::route::{Route, SourcePath};
use crate::runner::{Agenda, Conclusion, Copied, Runner, put};
use crate::source::{Source, Want, toml_entries};
use crate::system::is_running_systems;

/// The name of the marker in a sysroot: what deploy processes remove.
const MARKER: &str = ".ostree-cleaned";
/// The name of what is remembered of a deployment that is cleaned.
const RECORD: &str = "cleaned";
/// What starts the cleanup where the marker keeps it from starting: that is stale and cannot be removed, or there is something
/// to tell.
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

    /// The place of the sysroot inside the root.
    pub fn sysroot(&self) -> &Path {
        &self.sysroot
    }

    /// The directory of what is remembered of a deployment: of that very one, and of none that had its name before.
    fn place(&self, root: &Root, deployment: &Deployment) -> Result<PathBuf, Finding> {
        let by_name = self.state.join(file_name(&deployment.to_string()));
        // Earlier releases took the name for the whole of it.
        if root.has_dir(&by_name) == Ok(true) {
            return Ok(by_name);
        }
        Ok(match deployment.directory(root, &self.sysroot)? {
            Some(own) => self.state.join(file_name(&format!("{deployment}:{own}"))),
            None => by_name,
        })
    }

    /// A task of a deployment, and what is remembered of it.
    fn job(&self, root: &Root, name: &str, task: &Task, place: &Path) -> Result<Job, Box<Finding>> {
        let place = mark_file(place, &file_name(name));
        Ok(Job {
            adapter: self.name.clone(),
            name: name.into(),
            command: task.command.value.clone(),
            patience: task.timeout(),
            is_required: task.required,
            occasion: task.occasion(),
            tries: task.tries(),
            mark: Mark::read(root, &place)?,
            boot: standing::boot(root),
            place,
            origin: task.command.path.clone(),
            line: Some(task.command.line),
        })
    }

    /// How far the tasks are that are wanted for the deployment of which this directory is about. One whose file cannot be read hurts itself alone: a run and
    /// `status` tell of it.
    fn tasks_for(&self, root: &Root, source: &Source<Task>, place: &Path) -> Vec<TaskProgress> {
        let wanted = source
            .entries
            .iter()
            .filter_map(|(name, layered)| match &layered.want {
                Want::Present(task) if task.enabled => Some((name, task)),
                _ => None,
            });
        let each = wanted.map(|(name, task)| match self.job(root, name, task, place) {
            Ok(job) => TaskProgress::of(&job),
            Err(why) => TaskProgress {
                name: name.clone(),
                is_required: task.required,
                tries: 0,
                limit: task.tries(),
                decision: Err(why),
            },
        });
        each.collect()
    }
}

/// The longest name that is taken as it is. What is written beside it, and the unit of a task, have longer ones.
const LONGEST: usize = 128;

/// A name for a file: of all but letters, digits and what does no harm in one, the bytes are told; of one that is too long, the
/// beginning and a digest.
fn file_name(text: &str) -> String {
    let name = escaped(text);
    if name.len() <= LONGEST {
        return name;
    }
    let digest = Sha256::digest(text);
    format!("{}-{digest:x}", &name[..LONGEST / 2])
}

fn escaped(text: &str) -> String {
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
        let of_root = Deployment::of(root, &self.sysroot);
        let place = of_root.and_then(|of_root| {
            let of_root = of_root.map(|of_root| self.place(root, &of_root.deployment));
            of_root.transpose()
        });
        Agenda::of(source, &self.name, self.noun(), |name, _, task| {
            if !task.enabled {
                return Err(Decision::Run(RunDecision::Off));
            }
            match place.as_ref().map_err(Clone::clone)? {
                Some(place) => Ok(self.job(root, name, task, place).map_err(|why| *why)?),
                None => Err(Decision::Run(RunDecision::NoOccasion)),
            }
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
        // What a dry run would do first is not done.
        let is_to_be_run = |(job, decision): (&Job, &RunDecision)| {
            job.is_required && matches!(decision, RunDecision::Due { .. })
        };
        if agenda.jobs.iter().zip(decided).any(is_to_be_run) {
            return Ok(Conclusion::default());
        }
        let standing = self.standing(root)?;
        let Some(marker) = standing.concluded() else {
            return Ok(Conclusion::default());
        };
        self.written(root, &standing, &marker)
    }
}

impl Cleanup {
    /// What writes that a deployment is cleaned: what is remembered first, its copy last. What nobody asks for any more goes.
    fn written(
        &self,
        root: &Root,
        standing: &Standing,
        marker: &Marker,
    ) -> Result<Conclusion, Finding> {
        let content = marker.to_bytes();
        let place = standing.place.as_deref().unwrap_or(&self.state);
        let record = place.join(RECORD);
        let (mut steps, mut changes) = (Vec::new(), Vec::new());
        let recorded = &standing.record_text;
        if recorded.as_ref() != Some(&content) {
            steps.push(put(root, &record, recorded.clone(), content.clone()));
            changes.push(self.change(Operation::Mark, &record, Some("cleaned")));
        }
        for gone in self.gone(root, standing)? {
            changes.push(self.change(Operation::Clean, &gone, None));
            steps.push(Step::Remove(gone));
        }
        Ok(Conclusion {
            batch: Batch::from(steps),
            changes,
            copy: self.copied(root, standing, content),
            obstacle: standing.obstacle(),
        })
    }

    /// What makes the marker.
    fn copied(&self, root: &Root, standing: &Standing, content: Vec<u8>) -> Copied {
        let (mut steps, mut changes) = (Vec::new(), Vec::new());
        let copy = &standing.marker;
        let before = match &standing.found {
            Found::Text(text) => Some(text.clone()),
            Found::Nothing => None,
            Found::Foreign => {
                steps.push(Step::Unlink(copy.clone()));
                None
            }
            Found::Directory => return Copied::default(),
        };
        if before.as_ref() != Some(&content) {
            steps.push(put(root, copy, before, content));
            changes.push(self.change(Operation::Mark, copy, Some("cleaned")));
        }
        // There is no more to be started.
        if standing.is_noted {
            steps.push(Step::Unlink(STALE.into()));
            changes.push(self.change(Operation::Clean, Path::new(STALE), None));
        }
        Copied {
            batch: Batch::from(steps),
            changes,
            instead: verify::note(root, standing, verify::STALE_MARKER),
            without_it: "all is done and remembered without the marker; each boot looks again whether it is",
        }
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
