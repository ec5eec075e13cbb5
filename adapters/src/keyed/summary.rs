//! What was decided over an entry, from what was decided over its keys.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::key::KeyName;
use super::store::Store as _;
use super::subject::Subject;
use super::target::Target;
use crate::reconcile::KeyAction;
use crate::report::{Decision, KeyReport, Matter};
use crate::source::Want;

impl<T: Target> Subject<'_, '_, T> {
    pub(super) fn summary(&mut self) -> Decision {
        let conflicts: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.action == Some(KeyAction::Keep { conflict: true }))
            .cloned()
            .collect();
        for key in &conflicts {
            self.report_conflict(key);
        }
        if !conflicts.is_empty() {
            let (unclear, keys) = by_whether_clear(&conflicts);
            return Decision::Conflict { keys, unclear };
        }
        let yours = self.keys.iter().filter(|key| key.is_owners());
        let (unclear, keys) = by_whether_clear(yours);
        if !keys.is_empty() || !unclear.is_empty() {
            return Decision::Edited { keys, unclear };
        }
        let changed = self.changed();
        if !changed.is_empty() {
            return Decision::Updated { changed };
        }
        let refreshed = self.keys.iter();
        let refreshed = refreshed.filter(|key| key.action == Some(KeyAction::Drift));
        Decision::UpToDate {
            origin: self.origin_path(),
            refreshed: refreshed.map(|key| key.key.clone()).collect(),
        }
    }

    /// What is to be otherwise: keys, and what lies beside them.
    pub(crate) fn changed(&self) -> Vec<String> {
        let (before, after) = (&self.draft.before, &self.draft.store);
        let [had, has] = [before, after].map(|store| store.pairs(self.name));
        // Mostly the entry stays as it is, which all of it tells sooner than each key.
        let pairs = if had == has {
            Vec::new()
        } else {
            [had, has].concat()
        };
        let mut changed = Vec::new();
        let mut told = BTreeSet::new();
        for (key, _) in &pairs {
            let differs = before.get(self.name, key) != after.get(self.name, key);
            if differs && told.insert(key) {
                changed.push(key.to_string());
            }
        }
        let beside = self.draft.beside.get(self.name).into_iter().flatten();
        changed.extend(beside.map(|beside| beside.subject.clone()));
        changed
    }

    pub(super) fn owners_keys(&self) -> Vec<String> {
        let owners = self.keys.iter().filter(|key| key.is_owners());
        owners.map(|key| key.key.clone()).collect()
    }

    /// Whether nobody can tell a server's setting of a key from the owner's.
    pub(super) fn may_be_servers(&self, key: &KeyName<'_>) -> bool {
        self.draft.target.may_be_servers(key) && !self.is_owners(key)
    }

    pub(super) fn report_conflict(&mut self, key: &KeyReport) {
        let (path, line) = self.place_of(key);
        let matter = Matter::Conflict {
            name: self.name.into(),
            key: key.key.clone(),
            baseline: key.baseline.clone(),
            desired: key.desired.clone(),
            actual: key.actual.clone(),
            is_unclear: key.is_unclear,
        };
        self.draft.remarks.push(matter.at(path, line));
    }

    pub(crate) fn place_of(&self, key: &KeyReport) -> (PathBuf, Option<usize>) {
        let assignment =
            self.layered
                .zip(key.source.as_ref())
                .and_then(|(layered, (section, source))| {
                    let assignment = layered.document.get(&**section, &**source)?;
                    Some((assignment.fragment().path.clone(), Some(assignment.line())))
                });
        assignment.unwrap_or_else(|| (self.place(), None))
    }

    /// Says that nobody can tell any more what we wrote.
    pub(super) fn tell_lost(&mut self) {
        let name = self.name.into();
        let remark = Matter::BaselineLost { name }.at(self.place(), None);
        self.draft.remarks.push(remark);
    }

    pub(super) fn unresolved(&mut self) -> Decision {
        match (&self.broken, self.layered.map(|layered| &layered.want)) {
            (Some(finding), _) | (None, Some(Want::Unresolved(finding))) => finding.clone().into(),
            _ => {
                let name = self.name.into();
                let remark = Matter::LayerMissing { name }.at(self.place(), None);
                self.draft.remarks.push(remark);
                Decision::LayerMissing
            }
        }
    }

    pub(super) fn origin_path(&self) -> PathBuf {
        self.layered
            .and_then(|layered| layered.document.entry().effective().next())
            .map_or_else(PathBuf::new, |fragment| fragment.path.clone())
    }
}

/// What keys are called: those that nobody can tell to be the owner's, and those that are.
fn by_whether_clear<'k>(
    keys: impl IntoIterator<Item = &'k KeyReport>,
) -> (Vec<String>, Vec<String>) {
    let (mut unclear, mut clear) = (Vec::new(), Vec::new());
    for key in keys {
        let names = if key.is_unclear {
            &mut unclear
        } else {
            &mut clear
        };
        names.push(key.key.clone());
    }
    (unclear, clear)
}
