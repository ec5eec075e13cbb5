//! What defines an adapter of flatpak: what it reads, and which installation it writes.

use std::path::PathBuf;

use serde::Deserialize;

use crate::paths::{BelowLayers, InRoot, LayersAt};
use crate::remotes::sources::Sources;

/// What a flatpak adapter reads and writes.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "File")]
pub(crate) struct Definition {
    pub(crate) sources: Sources,
    /// The installation, inside the root.
    pub(crate) installation: PathBuf,
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
    installation: InRoot,
}

impl From<File> for Definition {
    fn from(file: File) -> Self {
        Self {
            sources: Sources::new(file.layers, file.remotes, file.collections),
            installation: file.installation.0,
        }
    }
}
