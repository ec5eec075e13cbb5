//! flatpak's remotes: `remotes.d` and `collections.d` brought to an installation's `repo/config`.
//!
//! The whole adapter is one transaction on one repository. What a remote's group is to hold comes
//! from [`repofile`], what a collection ID is to be from [`collection`]; the configuration with its
//! marks and baselines is [`config`].

pub mod collection;
mod collections;
pub mod config;
#[cfg(test)]
mod histories;
mod keys;
mod layered;
pub mod name;
mod observe;
mod plan;
mod reader;
mod remotes;
pub mod repofile;

use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

pub use self::layered::{Layered, Layers, Source, Want};
use self::plan::Plan;
use crate::commit::{CommitError, Lock, Outcome, commit};
use crate::definition::FlatpakDefinition;
use crate::report::{Report, Request};

/// The name of the adapter that keeps remotes.
pub const REMOTES: &str = "flatpak-remotes";
/// The name of the adapter that gives remotes their collection ID.
pub const COLLECTIONS: &str = "flatpak-collections";

/// The key that says that a remote is ours, and how it became so: `created` or `adopted`.
const ORIGIN: &str = "x-overlayctl.remotes";
/// The key that lists the certificates which the vendor brought.
const KEYRING_BASELINE: &str = "x-overlayctl.remotes.keyring";
/// The key that records the collection ID which `collections.d` gave.
const COLLECTION_BASELINE: &str = "x-overlayctl.collections.collection-id";

/// How often a run starts again because another program wrote the configuration meanwhile.
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
    /// Another program wrote the configuration again and again.
    #[error(
        "{}: another program rewrote it {ATTEMPTS} times while it was being changed; nothing of theirs was lost, but ours is not in place: run the command again when that program has finished",
        .0.display()
    )]
    Contended(PathBuf),
}

/// The flatpak adapter on one root.
#[derive(Debug)]
pub struct Flatpak<'r> {
    root: &'r Root,
    definition: FlatpakDefinition,
}

impl<'r> Flatpak<'r> {
    /// The adapter as its definition in this root has it; none if it is masked there.
    ///
    /// # Errors
    /// If the definition cannot be used.
    pub fn open(root: &'r Root) -> Result<Option<Self>, Finding> {
        let definition = FlatpakDefinition::load(root)?;
        Ok(definition.map(|definition| Self { root, definition }))
    }

    /// Where it reads and writes.
    pub const fn definition(&self) -> &FlatpakDefinition {
        &self.definition
    }

    /// What a run would do. Writes nothing.
    pub fn plan(&self, request: &Request) -> Report {
        self.make_plan(request).report
    }

    /// Brings the installation to what the layers and the owner want.
    ///
    /// What was planned is looked at again after it was written, so an update lost to a program that
    /// wrote at the same time is made up for.
    pub fn sync(&self, request: &Request) -> Result<Report, SyncError> {
        let plan = self.make_plan(request);
        if plan.batch.steps.is_empty() {
            return Ok(plan.report);
        }
        let _lock = Lock::directory(self.root, &self.definition.installation)?;
        let mut carried_out: Option<Report> = None;
        for _ in 0..ATTEMPTS {
            let plan = self.make_plan(request);
            if plan.batch.steps.is_empty() {
                return Ok(carried_out.unwrap_or(plan.report));
            }
            if commit(self.root, &plan.batch)? == Outcome::Done {
                carried_out = Some(plan.report);
                sleep(SETTLING_TIME);
            }
        }
        Err(SyncError::Contended(self.paths().config()))
    }

    fn make_plan(&self, request: &Request) -> Plan {
        let layers = Layers::read(self.root, &self.definition);
        let paths = self.paths();
        match observe::observe(self.root, &paths, &layers) {
            Ok(observed) => plan::plan(&paths, layers, &observed, request),
            Err(finding) => Plan::impossible(layers, finding),
        }
    }

    fn paths(&self) -> Paths {
        Paths {
            installation: self.definition.installation.clone(),
        }
    }
}

/// Where things lie in an installation, as seen inside the root.
#[derive(Debug, Clone)]
struct Paths {
    installation: PathBuf,
}

impl Paths {
    fn repo(&self) -> PathBuf {
        self.installation.join("repo")
    }

    fn config(&self) -> PathBuf {
        self.repo().join(config::FILE_NAME)
    }

    fn keyring(&self, name: &str) -> PathBuf {
        self.repo().join(format!("{name}.trustedkeys.gpg"))
    }

    /// flatpak's copy of a filter, which it uses when the filter itself is gone.
    fn filter_copy(&self, name: &str) -> PathBuf {
        self.repo().join(format!("{name}.filter"))
    }

    fn refs(&self, name: &str) -> PathBuf {
        self.repo().join("refs/remotes").join(name)
    }

    /// What flatpak caches of a server's summary, to be forgotten when its URL or keys change.
    fn summaries(&self, name: &str) -> impl Iterator<Item = PathBuf> {
        let cache = self.repo().join("tmp/cache/summaries");
        ["", ".sig", ".idx", ".idx.sig"]
            .into_iter()
            .map(move |end| cache.join(format!("{name}{end}")))
    }

    /// What flatpak stores of an OCI remote's contents.
    fn oci(&self, name: &str) -> [PathBuf; 2] {
        [".index.gz", ".summary"]
            .map(|end| self.installation.join("oci").join(format!("{name}{end}")))
    }

    fn appstream(&self, name: &str) -> PathBuf {
        self.installation.join("appstream").join(name)
    }

    /// All that there can be of a remote besides its group: what `flatpak remote-delete` removes,
    /// and the copy of the filter, which it forgets.
    fn residue(&self, name: &str) -> Vec<PathBuf> {
        let mut paths = vec![
            self.keyring(name),
            self.filter_copy(name),
            self.refs(name),
            self.appstream(name),
        ];
        paths.extend(self.oci(name));
        paths.extend(self.summaries(name));
        paths
    }

    /// The file whose times tell programs that the installation changed.
    fn changed(&self) -> PathBuf {
        self.installation.join(".changed")
    }
}

fn is_below(path: &Path, directory: &Path) -> Option<PathBuf> {
    path.strip_prefix(directory).ok().map(Path::to_owned)
}
