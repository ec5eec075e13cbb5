//! From what is wanted and what is there to the batch of writes, and the report on it. Pure.

use std::path::PathBuf;

use super::conventions::FACETS;
use super::installation::Installation;
use super::observe::Found;
use super::{Layers, config};
use crate::commit::{Batch, NewTree, Step};
use crate::keyed::{
    self,
    draft::{Draft, replacement},
};
use crate::plan::Plan;
use crate::remotes::collections;
use crate::report::Request;

/// The directories that `ostree init` makes, parents first.
const REPOSITORY: [&str; 8] = [
    "extensions",
    "objects",
    "refs",
    "refs/heads",
    "refs/mirrors",
    "refs/remotes",
    "state",
    "tmp",
];

/// Plans the whole transaction.
pub(super) fn plan(
    installation: &Installation,
    layers: Layers,
    found: &Found,
    request: &Request,
) -> Plan {
    let before = found
        .config
        .as_ref()
        .map(|(_, config)| config.clone())
        .unwrap_or_default();
    let mut draft = Draft::new(installation, before, &found.observed, request).with(FACETS);
    let mut entries = keyed::plan(&mut draft, &layers.remotes);
    entries.extend(collections::plan(&mut draft, &layers.collections));
    keyed::renew_baselines(&mut draft);
    let rewritten = (draft.store != draft.before).then(|| draft.store.to_bytes());
    let size = rewritten.as_ref().map_or(0, Vec::len);
    let too_large = draft.too_large(&installation.config(), size);
    let batch = batch(&draft, found, rewritten);
    keyed::finish(
        draft,
        batch,
        entries,
        too_large,
        layers.into_documents(installation),
    )
}

/// The writes in their order: a verified remote never stands without its keyring, so keyrings
/// come before the configuration that needs them and go after the one that does.
fn batch(draft: &Draft<'_, Installation>, found: &Found, rewritten: Option<Vec<u8>>) -> Batch {
    let mut steps = Vec::new();
    match (&found.config, rewritten) {
        (Some((found, _)), rewritten) => {
            steps.extend(draft.side_files());
            let config = draft.target.config();
            steps.extend(rewritten.and_then(|text| replacement(config, Some(found), text)));
        }
        (None, Some(config)) => steps.push(create(draft, config)),
        (None, None) => {}
    }
    steps.extend(draft.cleanup());
    let is_there = found.config.is_some() || !steps.is_empty();
    draft.batch(steps, is_there.then(|| Step::Touch(draft.target.changed())))
}

/// A new repository, whole.
fn create(draft: &Draft<'_, Installation>, config: Vec<u8>) -> Step {
    let repo = draft.target.repo();
    let side_files = draft.files.iter().filter_map(|(path, file)| {
        let path = path.strip_prefix(&repo).ok()?;
        Some((path.to_owned(), file.content.clone()))
    });
    Step::Create(NewTree {
        directories: REPOSITORY.map(PathBuf::from).into(),
        links: Vec::new(),
        files: side_files
            .chain([(config::FILE_NAME.into(), config)])
            .collect(),
        path: repo,
    })
}
