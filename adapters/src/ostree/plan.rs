//! From what is wanted and what is there to the batch of writes, and the report on it. Pure.
//!
//! Several files make one entry, so their order is what makes a killed run harmless:
//!
//! 1. what says that a remote is absent by our doing, before it goes;
//! 2. keyrings, before the remotes that need them;
//! 3. remotes that go or move leave their places before others come, since ostree bears nothing worse than
//!    a name that is defined twice, and so that a remote with a new name is never there under both; a
//!    journal holds one that moves;
//! 4. the remotes;
//! 5. what says that a remote is there or was deleted: a remote that is missing would be taken for deleted;
//! 6. what nothing needs any more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::Layers;
use super::observe::Found;
use super::places::Places;
use crate::code;
use crate::commit::{Batch, NewTree, Step};
use crate::plan::Plan;
use crate::remotes::draft::{Draft, replacement};
use crate::remotes::target::{Store as _, Target as _};
use crate::remotes::{self, collections};
use crate::report::Request;

/// Plans the whole transaction.
pub(super) fn plan(places: &Places, layers: Layers, found: &Found, request: &Request) -> Plan {
    let mut draft = Draft::new(places, found.store.clone(), &found.observed, request);
    draft.findings.extend(found.findings.iter().cloned());
    let mut entries = remotes::plan(&mut draft, &layers.remotes);
    entries.extend(collections::plan(&mut draft, &layers.collections));
    remotes::renew_baselines(&mut draft);
    if let Some(path) = draft.store.frozen_change(&draft.before) {
        let message = "is on a read-only file system, so no collection ID is written there; make it writable and run `overlayctl sync` again";
        draft.findings.push(code::READ_ONLY.error(path, message));
    }
    let remembered = draft.store.remembered().into_iter().map(str::to_owned);
    for name in remembered.collect::<Vec<_>>() {
        let keyring = draft.target.keyring(&name);
        let is_gone = !draft.observed.files.contains_key(&keyring);
        // What is left in it, or comes to be, is not ours.
        if is_gone || draft.obsolete.contains_key(&keyring) || draft.files.contains_key(&keyring) {
            draft.store.forget_keyring(&name);
        }
    }
    for name in found.observed.private.keys() {
        draft
            .private
            .extend([places.conf(name), places.journal(name)]);
    }
    let too_large = draft.too_large(&places.target, size(&draft));
    let batch = Writes::new(&draft, found).batch();
    let changes = remotes::changes(&draft);
    let subjects = draft.subjects();
    let (findings, layers) = (draft.findings, layers.into_documents(places));
    Plan {
        subjects,
        too_large,
        ..Plan::new(batch, entries, changes, findings, layers)
    }
}

/// The bytes of all files that define remotes, if they change.
fn size(draft: &Draft<'_, Places>) -> usize {
    if draft.store == draft.before {
        return 0;
    }
    let texts = draft.store.texts().filter_map(|(_, text)| text);
    texts.map(|text| text.len()).sum()
}

/// The writes, sorted by what they do.
struct Writes<'d> {
    draft: &'d Draft<'d, Places>,
    found: &'d Found,
    /// Files that lose a remote to another one, and files that only change: by path.
    leaving: Vec<Step>,
    /// Files of remotes that are made or changed.
    changed: Vec<(PathBuf, Vec<u8>)>,
    /// Files of remotes that go, with what they hold.
    gone: Vec<(PathBuf, Vec<u8>)>,
    /// Remotes that move, each with what its new file is to hold.
    moving: Vec<(String, Vec<u8>)>,
}

impl<'d> Writes<'d> {
    fn new(draft: &'d Draft<'d, Places>, found: &'d Found) -> Self {
        let mut writes = Self {
            draft,
            found,
            leaving: Vec::new(),
            changed: Vec::new(),
            gone: Vec::new(),
            moving: Vec::new(),
        };
        for (path, text) in draft.store.texts() {
            writes.sort(path, text);
        }
        writes
    }

    fn sort(&mut self, path: &Path, text: Option<Vec<u8>>) {
        let before = self.found.texts.get(path);
        if before == text.as_ref() {
            return;
        }
        let Some(text) = text else {
            self.gone
                .extend(before.map(|text| (path.to_owned(), text.clone())));
            return;
        };
        let arriving = self.draft.store.defined_by(path).find(|name| {
            let old = self.draft.before.defined_in(name);
            old.is_some_and(|old| old != path)
        });
        match arriving {
            Some(name) => {
                self.moving.push((name, text.clone()));
                self.changed.push((path.to_owned(), text));
            }
            None if self.loses(path) => self.leaving.extend(self.replace(path, text)),
            None => self.changed.push((path.to_owned(), text)),
        }
    }

    /// Whether a file had a remote that it is to have no more.
    fn loses(&self, path: &Path) -> bool {
        let mut had = self.draft.before.defined_by(path);
        had.any(|name| self.draft.store.defined_in(&name) != Some(path))
    }

    fn replace(&self, path: &Path, text: Vec<u8>) -> Option<Step> {
        let before = self.found.texts.get(path).map(Vec::as_slice);
        replacement(path.to_owned(), before, text)
    }

    fn batch(self) -> Batch {
        let (withheld, known) = self.memories();
        let take = |(path, expected)| Step::Take { path, expected };
        let mut steps = self.forgotten();
        steps.extend(withheld);
        let journals = self.moving.iter().map(|(name, text)| {
            let path = self.draft.target.journal(name);
            Step::Replace {
                expected: self.found.texts.get(&path).cloned(),
                path,
                content: text.clone(),
            }
        });
        steps.extend(journals);
        if self.found.has_target {
            steps.extend(self.draft.side_files());
        }
        steps.extend(self.leaving.iter().cloned());
        steps.extend(self.gone.iter().cloned().map(take));
        steps.extend(self.arrive());
        steps.extend(known);
        let arrived = self
            .moving
            .iter()
            .map(|(name, _)| self.draft.target.journal(name));
        steps.extend(self.draft.cleanup());
        let journals = self.found.journals.iter();
        let journals = journals.filter(|(name, _)| self.may_arrive(name));
        let journals = journals.map(|(_, journal)| journal.clone());
        steps.extend(journals.chain(arrived).map(Step::Remove));
        self.draft.batch(steps, None)
    }

    /// Whether the file of a remote that is on its way can be written: else its journal is all there is of it.
    fn may_arrive(&self, name: &str) -> bool {
        let place = self.draft.target.conf(name);
        !self.draft.observed.refused.contains(&place)
    }

    /// The remotes take their places: one by one, or with the directory that they are the first in.
    fn arrive(&self) -> Vec<Step> {
        let (inside, outside): (Vec<_>, Vec<_>) = self
            .changed
            .iter()
            .partition(|(path, _)| path.starts_with(&self.draft.target.target));
        let replace = |(path, text): &(PathBuf, Vec<u8>)| self.replace(path, text.clone());
        let mut steps: Vec<_> = outside.into_iter().filter_map(replace).collect();
        if self.found.has_target {
            steps.extend(inside.into_iter().filter_map(replace));
        } else if !inside.is_empty() {
            let name = |path: &Path| path.file_name().map(PathBuf::from);
            let keyrings = self.draft.files.iter();
            let confs = inside.iter().map(|(path, text)| (path, text));
            let files = keyrings.chain(confs);
            steps.push(Step::Create(NewTree {
                path: self.draft.target.target.clone(),
                directories: Vec::new(),
                files: files
                    .filter_map(|(path, text)| Some((name(path)?, text.clone())))
                    .collect(),
            }));
        }
        steps
    }

    /// What is to be remembered: first that a remote is absent by our doing, then the rest.
    fn memories(&self) -> (Vec<Step>, Vec<Step>) {
        let steps = self.draft.store.memories().filter_map(|(name, memory)| {
            let path = self.draft.target.memory(name);
            let step = self.replace(&path, memory.to_bytes())?;
            Some((self.draft.store.marks(name).withheld, step))
        });
        let (first, last): (Vec<_>, Vec<_>) = steps.partition(|(withheld, _)| *withheld);
        let plain = |steps: Vec<(bool, Step)>| steps.into_iter().map(|(_, step)| step).collect();
        (plain(first), plain(last))
    }

    /// What was remembered of a target that was wiped and is not to be remembered again.
    fn forgotten(&self) -> Vec<Step> {
        let known: BTreeMap<_, _> = self
            .draft
            .store
            .memories()
            .map(|(name, memory)| (self.draft.target.memory(name), memory.to_bytes()))
            .collect();
        let states = self.found.texts.keys();
        states
            .filter(|path| self.draft.target.is_memory(path) && !known.contains_key(*path))
            .cloned()
            .map(Step::Remove)
            .collect()
    }
}
