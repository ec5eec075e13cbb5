//! Which keys a file changes: over the file of its name below it, and over all that is read before it.

use std::collections::HashMap;
use std::path::Path;

use indexmap::{IndexMap, IndexSet};

use super::change::is_of_a_key;
use super::files::File;
use super::{Change, KeyChange, replay};
use crate::document::{Assignment, Document};
use crate::format::Kept;
use crate::ledger::Fate::Applied;
use crate::ledger::KeyId;
use crate::merge::{Keep, merge};
use crate::rules::Rules;
use crate::scan::{FileId, Fragment, Role};

/// What the files do, by file and by key.
pub(super) struct Rows<'d> {
    document: &'d Document,
    /// Those of the document, with the format of its files.
    rules: Rules,
    /// The main file, if it is merged.
    pub(super) main: Option<&'d Fragment>,
    /// The rank of the lowest file that is merged.
    lowest: Option<u32>,
    /// Of every file, the keys that it assigns, in its order, and those whose table it replaces.
    of_file: Vec<IndexSet<KeyId>>,
    /// What each file does to each key, over all that is read before it.
    steps: HashMap<(FileId, KeyId), KeyChange<'d>>,
}

impl<'d> Rows<'d> {
    pub(super) fn new(document: &'d Document, rules: &Rules, files: &[File<'d>]) -> Self {
        let merged = || {
            let merged = files.iter().filter(|file| file.is_merged());
            merged.map(|file| file.fragment)
        };
        let mut rows = Self {
            document,
            rules: Rules {
                format: Some(document.format()),
                ..rules.clone()
            },
            main: merged().find(|fragment| fragment.role == Role::Main),
            lowest: merged().map(|fragment| fragment.rank).min(),
            of_file: vec![IndexSet::new(); files.len()],
            steps: HashMap::new(),
        };
        for assignment in document.assignments() {
            if is_of_a_key(&assignment) {
                rows.of_file[assignment.file().index()].insert(assignment.key_id());
            }
        }
        for assignment in document.assignments() {
            if let Some(by) = assignment.winner() {
                rows.of_file[by.file().index()].insert(assignment.key_id());
            }
        }
        // Where nothing is loaded, no key has a value, with a drop-in or without it.
        for key in document.keys().filter(|_| document.loads()) {
            let steps = replay::steps(key).into_iter();
            rows.steps
                .extend(steps.map(|(file, step)| ((file, key.id()), step)));
        }
        rows
    }

    /// Whether a drop-in is merged over something. In a document it always is, if only over what the
    /// program has built in, and so is one of many documents; in a directory without a main file, if a lower
    /// layer has something there.
    pub(super) fn extends(&self, top: &Fragment) -> bool {
        let directory = top.path.parent().and_then(Path::file_name);
        self.rules.of_many
            || directory != Some(&self.document.entry().name)
            || self.lowest < Some(top.rank)
    }

    /// The keys that differ between two files, each taken for itself.
    pub(super) fn between(&self, bottom: FileId, top: FileId) -> Vec<KeyChange<'d>> {
        let mut keys = IndexMap::<KeyId, [Vec<Assignment<'d>>; 2]>::new();
        for (side, file) in [bottom, top].into_iter().enumerate() {
            for assignment in self.alone(file) {
                keys.entry(assignment.key_id()).or_default()[side].push(assignment);
            }
        }
        let changes = keys.into_values().filter_map(KeyChange::of_files);
        changes
            .filter(|change| change.change != Change::Same)
            .collect()
    }

    /// The assignments that would count if a file were the only one.
    fn alone(&self, file: FileId) -> Vec<Assignment<'d>> {
        let entry = self.document.entry();
        let file = entry.read_as(file);
        let ledger = merge(entry, &self.rules, Keep::Only(file), &Kept::default());
        // A file has the same assignments in the same order, whatever becomes of them.
        let here = self.document.assignments_of(file);
        let pairs = ledger.rows().zip(here);
        pairs
            .filter(|(row, here)| ledger[*row].fate == Applied && is_of_a_key(here))
            .map(|(_, here)| here)
            .collect()
    }

    /// What a drop-in does to the keys that it assigns, over all that is read before it.
    pub(super) fn by_drop_in(&mut self, file: FileId) -> Vec<KeyChange<'d>> {
        let keys = self.of_file[file.index()].iter();
        let steps = keys.map(|key| self.steps.remove(&(file, *key)));
        steps.flatten().collect()
    }
}
