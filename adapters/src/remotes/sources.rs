//! What an adapter of remotes reads: the layers, the two configuration paths below them, and what of that it refuses.

use std::path::{Path, PathBuf};

use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::rules::{Layer, Rules};
use overlay_resolver::scan::Status;

use super::name::is_remote_name;
use super::remote::Remote;
use super::repository::Repository;
use crate::code;
use crate::paths::{BelowLayers, LayersAt};
use crate::route::SourcePath;
use crate::source::{Source, Want, keyfile_entries, not_utf8, stem, whole_for};

/// The layers that an adapter reads, and what it reads there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sources {
    /// The layers, lowest first.
    pub(crate) layers: Vec<Layer>,
    /// The configuration path of the remotes.
    pub(crate) remotes: PathBuf,
    /// The configuration path of the collection IDs.
    pub(crate) collections: PathBuf,
}

impl Sources {
    /// These paths, as a definition names them.
    pub(crate) fn new(
        layers: LayersAt,
        BelowLayers(remotes): BelowLayers,
        BelowLayers(collections): BelowLayers,
    ) -> Self {
        Self {
            layers: layers.0,
            remotes,
            collections,
        }
    }

    /// The rules by which a source whose files end with `suffix` is read.
    pub(crate) fn rules(&self, suffix: &str) -> Rules {
        keyfile_entries(self.layers.clone(), suffix)
    }

    /// The paths with the names that a target reports their entries under; remotes are read by these rules.
    pub(crate) fn paths(&self, target: &impl Repository, remotes: Rules) -> Vec<SourcePath> {
        let path = |path: &Path, adapter: &str, rules, whole| SourcePath {
            path: path.to_owned(),
            adapter: adapter.to_owned(),
            rules,
            whole,
        };
        let collections = self.rules(".conf");
        vec![
            path(&self.remotes, target.adapter(), remotes, true),
            path(&self.collections, target.collections(), collections, false),
        ]
    }
}

#[cfg(test)]
impl Sources {
    /// Where a test's layers are.
    pub(crate) fn of_tests() -> Self {
        Self {
            layers: Rules::default().layers().to_owned(),
            remotes: "remotes.d".into(),
            collections: "collections.d".into(),
        }
    }
}

/// The largest remote that is brought to a target, in bytes of its keys and values: real ones have some
/// hundred. What is beyond would make files that no consumer expects, and that we would not read back.
const LARGEST: usize = 256 << 10;

impl Source<Remote> {
    /// Nothing gets near the target that would make it unreadable.
    pub(crate) fn refusing_giants(mut self) -> Self {
        for layered in self.entries.values_mut() {
            let Want::Present(remote) = &layered.want else {
                continue;
            };
            let sizes = remote.settings.iter();
            let size: usize = sizes
                .map(|setting| setting.key.size() + setting.value.len())
                .sum();
            if size > LARGEST {
                let mut files = layered.document.entry().effective();
                let path = files
                    .next()
                    .map_or_else(PathBuf::new, |file| file.path.clone());
                let message = format!(
                    "its keys and values have {size} bytes; more than {LARGEST} are not brought to a target"
                );
                let finding = code::TOO_LARGE.error(path, message);
                self.findings.push(finding.clone());
                layered.want = Want::Unresolved(finding);
            }
        }
        self
    }

    /// Nothing with a name that ostree refuses gets near the target.
    pub(crate) fn refusing_names(mut self, suffix: &str) -> Self {
        for (name, layered) in &mut self.entries {
            if matches!(layered.want, Want::Masked(_) | Want::Headless) {
                continue;
            }
            if let Some(finding) = refused(name, &layered.document, suffix) {
                layered.want = Want::Unresolved(finding.clone());
                self.findings.push(finding);
            }
        }
        self
    }
}

/// Why a remote cannot have this name, if it cannot.
fn refused(name: &str, document: &Document, suffix: &str) -> Option<Finding> {
    if is_remote_name(name) {
        return None;
    }
    let mut files = document.entry().effective();
    let path = files
        .next()
        .map_or_else(PathBuf::new, |file| file.path.clone());
    Some(code::BAD_NAME.error(
        path,
        format!(
            "the name before {suffix} cannot be that of a remote: expected letters, digits, \
             `-`, `_` and `.`, beginning with none of `-` and `.`; rename the file"
        ),
    ))
}

/// What there is to say of the name of a document of a source.
pub(crate) fn misnamed(source: &SourcePath, document: &Document) -> Vec<Finding> {
    let rules = &source.rules;
    if whole_for(document, rules).is_some() {
        return Vec::new();
    }
    let Some(name) = stem(document, rules) else {
        return not_utf8(document);
    };
    let is_entry = !matches!(
        document.entry().status,
        Status::Masked(_) | Status::Headless
    );
    let suffix = rules.suffix().to_string_lossy();
    let refused = (source.whole && is_entry).then(|| refused(&name, document, &suffix));
    refused.flatten().into_iter().collect()
}
