//! From what is wanted and what is there to the batch of writes, and the report on it. Pure.
//!
//! Several files make one entry, so their order is what makes a killed run harmless:
//!
//! 1. what says that a remote is absent by our doing, before it goes;
//! 2. keyrings, before the remotes that need them;
//! 3. remotes that go or move leave their places before others come, since ostree bears nothing worse than
//!    a name that is defined twice, and so that a remote with a new name is never there under both; what is
//!    staged of one that moves holds it in between, also in a directory that is new;
//! 4. the remotes;
//! 5. what says that a remote is there or was deleted: a remote that is missing would be taken for deleted;
//! 6. what nothing needs any more.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::conventions::FACETS;
use super::observe::{Found, staged_path};
use super::places::Places;
use super::{Layers, access};
use crate::code;
use crate::commit::{Batch, NewTree, Step};
use crate::keyed;
use crate::keyed::draft::{Draft, replacement};
use crate::keyed::store::Store as _;
use crate::openpgp::Keyring;
use crate::plan::Plan;
use crate::remotes::collections;
use crate::remotes::repository::Repository as _;
use crate::report::Request;

/// Plans the whole transaction.
pub(super) fn plan(places: &Places, layers: Layers, found: &Found, request: &Request) -> Plan {
    let mut draft = Draft::new(places, found.store.clone(), &found.observed, request).with(FACETS);
    draft.findings.extend(found.findings.iter().cloned());
    access::narrow(&mut draft, found);
    let mut entries = keyed::plan(&mut draft, &layers.remotes);
    entries.extend(collections::plan(&mut draft, &layers.collections));
    keyed::renew_baselines(&mut draft);
    if let Some(path) = draft.store.frozen_change(&draft.before) {
        let message = "is on a read-only file system, so no collection ID is written there; make it writable and run `overlayctl sync` again";
        draft.findings.push(code::READ_ONLY.error(path, message));
    }
    forget_keyrings(&mut draft);
    access::restrict(&mut draft, found);
    let too_large = draft.too_large(&places.target, size(&draft));
    let narrowed = access::narrowed(&mut draft, found);
    let batch = Writes::new(&draft, found, narrowed).batch();
    let layers = layers.into_documents(places);
    keyed::finish(draft, batch, entries, too_large, layers)
}

/// Forgets what we brought into the keyrings of remotes that are not there, once that is not in them any more: what is
/// left in one, or comes to be, is not ours.
fn forget_keyrings(draft: &mut Draft<'_, Places>) {
    let remembered = draft.store.remembered().into_iter().map(str::to_owned);
    for name in remembered.collect::<Vec<_>>() {
        let brought = draft.store.brought(&name);
        let Some(brought) = brought.filter(|_| !draft.store.has(&name)) else {
            continue;
        };
        let path = draft.target.keyring(&name);
        let is_left = draft.observed.files.get(&path).is_some_and(|text| {
            // One that cannot be understood may hold anything.
            let Ok(keyring) = Keyring::parse(text) else {
                return true;
            };
            brought
                .iter()
                .any(|certificate| keyring.get(certificate).is_some())
        });
        if !is_left || draft.obsolete.contains_key(&path) || draft.files.contains_key(&path) {
            draft.store.forget_keyring(&name);
        }
    }
}

/// The bytes of all files that define remotes, if they become more: what was read can be read again.
fn size(draft: &Draft<'_, Places>) -> usize {
    if draft.store == draft.before {
        return 0;
    }
    let [before, after] = [&draft.before, &draft.store].map(|store| {
        let texts = store.texts().filter_map(|(_, text)| text);
        texts.map(|text| text.len()).sum::<usize>()
    });
    if after > before { after } else { 0 }
}

/// The writes, sorted by what they do.
struct Writes<'d> {
    draft: &'d Draft<'d, Places>,
    found: &'d Found,
    /// Files that get the mode which they are to have, be it with the same text.
    narrowed: BTreeSet<PathBuf>,
    /// Files that lose a remote to another one, and files that only change: by path.
    leaving: Vec<Step>,
    /// Files of remotes that are made or changed.
    changed: Vec<(PathBuf, Vec<u8>)>,
    /// Files of remotes that go, with what they hold.
    gone: Vec<(PathBuf, Vec<u8>)>,
    /// Files of remotes that move there from others.
    arriving: Vec<(PathBuf, Vec<u8>)>,
}

impl<'d> Writes<'d> {
    fn new(draft: &'d Draft<'d, Places>, found: &'d Found, narrowed: BTreeSet<PathBuf>) -> Self {
        let mut writes = Self {
            draft,
            found,
            narrowed,
            leaving: Vec::new(),
            changed: Vec::new(),
            gone: Vec::new(),
            arriving: Vec::new(),
        };
        for (path, text) in draft.store.texts() {
            writes.sort(path, text);
        }
        writes
    }

    fn sort(&mut self, path: &Path, text: Option<Vec<u8>>) {
        let before = self.found.texts.get(path);
        if before == text.as_ref() && !self.narrowed.contains(path) {
            return;
        }
        let Some(text) = text else {
            self.gone
                .extend(before.map(|text| (path.to_owned(), text.clone())));
            return;
        };
        let is_destination = self.draft.store.defined_by(path).any(|name| {
            let old = self.draft.before.defined_in(&name);
            old.is_some_and(|old| old != path)
        });
        match () {
            () if is_destination => self.arriving.push((path.to_owned(), text)),
            () if self.loses(path) => self.leaving.extend(self.replace(path, text)),
            () => self.changed.push((path.to_owned(), text)),
        }
    }

    /// Whether a file had a remote that it is to have no more.
    fn loses(&self, path: &Path) -> bool {
        let mut had = self.draft.before.defined_by(path);
        had.any(|name| self.draft.store.defined_in(&name) != Some(path))
    }

    fn replace(&self, path: &Path, text: Vec<u8>) -> Option<Step> {
        let before = self.found.texts.get(path).map(Vec::as_slice);
        if self.narrowed.contains(path) {
            return Some(Step::Replace {
                path: path.to_owned(),
                expected: before.map(<[u8]>::to_vec),
                content: text,
            });
        }
        replacement(path.to_owned(), before, text)
    }

    fn batch(self) -> Batch {
        let (withheld, known) = self.memories();
        let take = |(path, expected)| Step::Take { path, expected };
        let mut steps = self.forgotten();
        steps.extend(withheld);
        if self.found.has_target {
            steps.extend(self.draft.side_files());
        } else {
            steps.extend(self.directory());
        }
        steps.extend(self.leaving.iter().cloned());
        steps.extend(self.gone.iter().cloned().map(take));
        steps.extend(self.arrive());
        steps.extend(known);
        steps.extend(self.draft.cleanup());
        self.draft.batch(steps, None)
    }

    /// The directory of the target with all that comes into it; what moves there is staged.
    fn directory(&self) -> Option<Step> {
        let name = |path: &Path| path.file_name().map(PathBuf::from);
        let staged = self.arriving.iter();
        let staged = staged.map(|(path, text)| (staged_path(path), text));
        let keyrings = self
            .draft
            .files
            .iter()
            .map(|(path, file)| (path.clone(), &file.content));
        let confs = self.changed.iter().filter(|(path, _)| self.is_inside(path));
        let confs = confs.map(|(path, text)| (path.clone(), text));
        let files = keyrings.chain(confs).chain(staged);
        let files: Vec<_> = files
            .filter_map(|(path, text)| Some((name(&path)?, text.clone())))
            .collect();
        (!files.is_empty()).then(|| {
            Step::Create(NewTree {
                path: self.draft.target.target.clone(),
                directories: Vec::new(),
                links: Vec::new(),
                files,
            })
        })
    }

    fn is_inside(&self, path: &Path) -> bool {
        path.starts_with(&self.draft.target.target)
    }

    /// The remotes take their places, unless they came with the directory that they are the first in.
    fn arrive(&self) -> Vec<Step> {
        let inside = self.changed.iter().filter(|(path, _)| self.is_inside(path));
        let inside = inside.filter(|_| self.found.has_target);
        let outside = self
            .changed
            .iter()
            .filter(|(path, _)| !self.is_inside(path));
        let all = outside.chain(inside).chain(&self.arriving);
        all.filter_map(|(path, text)| self.replace(path, text.clone()))
            .collect()
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
