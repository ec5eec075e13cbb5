//! What defines an adapter of ostree: what it reads, and where its repository's remotes and their memory are.

use std::path::PathBuf;

use serde::Deserialize;

use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::remotes::sources::Sources;

/// What an ostree adapter reads and writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "File")]
pub(crate) struct Definition {
    pub(crate) sources: Sources,
    /// The directory that ostree reads remotes from, inside the root.
    pub(crate) target: PathBuf,
    /// The directory for what is remembered of names, inside the root.
    pub(crate) state: PathBuf,
    /// The places of the system's repository, of which any or none may be there.
    pub(crate) repositories: Vec<PathBuf>,
    /// The directories of deployments' origins, with `*` for one name.
    pub(crate) origins: PathBuf,
}

/// As its file has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "kind")]
    _kind: Option<String>,
    layers: LayersAt,
    remotes: BelowLayers,
    collections: BelowLayers,
    target: InRoot,
    state: InRoot,
    repositories: Vec<InRoot>,
    origins: InRoot,
}

impl From<File> for Definition {
    fn from(file: File) -> Self {
        let repositories = file.repositories.into_iter();
        Self {
            sources: Sources::new(file.layers, file.remotes, file.collections),
            target: file.target.0,
            state: file.state.0,
            repositories: repositories.map(|InRoot(path)| path).collect(),
            origins: file.origins.0,
        }
    }
}
