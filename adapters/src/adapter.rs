//! Adapters, each bringing its sources to its target: which there are in a root, and how they run.

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use overlay_resolver::Catalog;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::rules::Rules;
use overlay_resolver::tree::Tree;

use crate::code;
use crate::commit::{CommitError, Lock, Outcome, commit};
use crate::definition::{self, Kind};
use crate::flatpak::Flatpak;
use crate::ostree::Ostree;
use crate::remotes::draft::Plan;
use crate::report::{Left, Report, Request};
use crate::scope::Scope;

/// How often a run starts again because another program wrote the target meanwhile.
const ATTEMPTS: usize = 20;
/// How long after writing another program's overwriting is looked for: longer than flatpak takes
/// from reading the configuration to writing it.
const SETTLING_TIME: Duration = Duration::from_millis(100);

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// Writing failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Another program wrote the target again and again.
    #[error("{}", self.finding())]
    Contended(PathBuf),
}

impl SyncError {
    /// The same, as what it is to the other adapters.
    fn finding(&self) -> Finding {
        match self {
            Self::Commit(error) => code::WRITE_FAILED.error(
                &error.path,
                format!("cannot {} it: {}", error.doing, error.source),
            ),
            Self::Contended(path) => code::CONTENDED.error(
                path,
                format!(
                    "another program rewrote it {ATTEMPTS} times while it was being changed; nothing of theirs was lost, but ours is not in place: run the command again when that program has finished"
                ),
            ),
        }
    }
}

/// A configuration path that an adapter reads.
#[derive(Debug, Clone)]
pub struct SourcePath {
    /// Below every layer.
    pub path: PathBuf,
    /// What its entries are reported under, such as `flatpak-remotes`.
    pub adapter: String,
    /// How it is read.
    pub rules: Rules,
    /// Whether an entry of it stands for a whole object, which can be deleted, restored and adopted.
    pub whole: bool,
}

/// What the adapters of one kind have to know how to do. All reading is done when a plan is made.
pub(crate) trait Planner: std::fmt::Debug {
    /// The configuration paths that it reads.
    fn sources(&self) -> Vec<SourcePath>;

    /// What it writes: a file or a directory inside the root.
    fn target(&self) -> PathBuf;

    /// Files of the target that lie where a layer's would, and are none.
    fn among_layers(&self, _root: &Root) -> Vec<PathBuf> {
        Vec::new()
    }

    /// The directory to hold while writing.
    fn lock(&self) -> PathBuf;

    /// What is to be done.
    fn plan(&self, root: &Root, request: &Request) -> Plan;
}

/// One adapter on one root.
#[derive(Debug)]
pub struct Adapter<'r> {
    root: &'r Root,
    name: String,
    planner: Box<dyn Planner>,
}

impl Adapter<'_> {
    /// Its name, which is that of its definition.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration paths that it reads.
    pub fn sources(&self) -> Vec<SourcePath> {
        self.planner.sources()
    }

    /// What it writes: a file or a directory inside the root.
    pub fn target(&self) -> PathBuf {
        self.planner.target()
    }

    /// Whose that is.
    pub fn scope(&self) -> Scope {
        Scope::within(self.root, &self.target())
    }

    fn left(&self) -> Left {
        Left {
            adapter: self.name.clone(),
            target: self.target(),
            scope: self.scope(),
        }
    }

    /// What a run would do. Writes nothing.
    pub fn plan(&self, request: &Request) -> Report {
        self.planner.plan(self.root, request).report
    }

    /// Brings the target to what the layers and the owner want.
    ///
    /// What was planned is looked at again after it was written, so an update lost to a program that
    /// wrote at the same time is made up for.
    pub fn sync(&self, request: &Request) -> Result<Report, SyncError> {
        let plan = self.planner.plan(self.root, request);
        if plan.batch.steps.is_empty() {
            return Ok(plan.report);
        }
        let _lock = Lock::directory(self.root, &self.planner.lock())?;
        let mut carried_out: Option<Report> = None;
        for _ in 0..ATTEMPTS {
            let plan = self.planner.plan(self.root, request);
            if plan.batch.steps.is_empty() {
                // What went wrong meanwhile is news; what was done is not in a plan of nothing.
                let done = carried_out.filter(|done| done.failed() || !plan.report.failed());
                return Ok(done.unwrap_or(plan.report));
            }
            if commit(self.root, &plan.batch)? == Outcome::Done {
                carried_out = Some(plan.report);
                sleep(SETTLING_TIME);
            }
        }
        Err(SyncError::Contended(self.target()))
    }
}

/// All adapters of one root.
#[derive(Debug)]
pub struct Adapters<'r> {
    root: &'r Root,
    list: Vec<Adapter<'r>>,
    findings: Vec<Finding>,
}

impl<'r> Adapters<'r> {
    /// The adapters that are defined in a root, in the order of their names.
    pub fn open(root: &'r Root) -> Self {
        let (definitions, findings) = definition::load(root);
        let adapters = definitions.into_iter().map(|definition| {
            let name = definition.name;
            let planner: Box<dyn Planner> = match definition.kind {
                Kind::Flatpak(flatpak) => Box::new(Flatpak::new(&name, flatpak)),
                Kind::Ostree(ostree) => Box::new(Ostree::new(&name, ostree)),
            };
            Adapter {
                root,
                name,
                planner,
            }
        });
        Self {
            root,
            list: adapters.collect(),
            findings,
        }
    }

    /// The adapters.
    pub fn iter(&self) -> impl Iterator<Item = &Adapter<'r>> {
        self.list.iter()
    }

    /// The configuration paths that they read.
    pub fn sources(&self) -> Vec<SourcePath> {
        self.iter().flat_map(Adapter::sources).collect()
    }

    /// Whether an adapter of this root may read a configuration path; if not, none does. This costs less than
    /// opening them.
    pub fn may_read(root: &Root, path: impl AsRef<Path>) -> bool {
        definition::may_concern(root, path.as_ref())
    }

    /// What is known of configuration paths: by the built-in catalog, and what they read, each under the
    /// name that its entries are reported under. Their definitions are a configuration path, too.
    pub fn catalog(&self) -> Catalog {
        let mut sources = self.sources();
        sources.push(definition::source());
        let sources = sources.into_iter();
        sources.rfold(Catalog::built_in(), |catalog, source| {
            catalog.with(&source.path, source.rules, &source.adapter)
        })
    }

    /// The tree as they read it: without the files that they write themselves where those of a layer
    /// would be.
    pub fn tree(&self) -> Tree {
        let targets = self.iter().flat_map(|a| a.planner.among_layers(self.root));
        Tree::from(self.root.clone()).without_all(targets)
    }

    /// What the entries are reported under whose target a file is.
    pub fn writer_of(&self, path: &Path) -> Option<String> {
        let writes = |adapter: &&Adapter<'r>| {
            adapter.target() == path
                || adapter
                    .planner
                    .among_layers(self.root)
                    .iter()
                    .any(|target| target == path)
        };
        let adapter = self.iter().find(writes)?;
        let source = adapter.sources().into_iter().find(|source| source.whole);
        source.map(|source| source.adapter)
    }

    /// What a run of all would do, as far as it may write their targets.
    pub fn plan(&self, request: &Request) -> Report {
        self.all(request, |adapter| Ok(adapter.plan(request)))
    }

    /// Runs all of them. One that fails hurts itself alone: its error is among the findings.
    pub fn sync(&self, request: &Request) -> Report {
        let report = self.all(request, |adapter| adapter.sync(request));
        Report {
            is_done: true,
            ..report
        }
    }

    fn all(
        &self,
        request: &Request,
        mut run: impl FnMut(&Adapter<'r>) -> Result<Report, SyncError>,
    ) -> Report {
        let mut report = Report {
            findings: self.findings.clone(),
            ..Report::default()
        };
        for adapter in self.iter() {
            if !request.scopes.contains(adapter.scope()) {
                report.left.push(adapter.left());
                continue;
            }
            match run(adapter) {
                Ok(theirs) => report.absorb(theirs),
                Err(error) => report.findings.push(error.finding()),
            }
        }
        report.tell_apart();
        report
    }
}
