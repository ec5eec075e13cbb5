//! What lies beside an entry: its facets, what is done to files, and what a dead run left.

use std::path::PathBuf;

use overlay_resolver::finding::Finding;

use super::draft::{Beside, Draft};
use super::facet::Turn;
use super::store::Store as _;
use super::subject::Subject;
use super::target::Target;

impl<T: Target> Subject<'_, '_, T> {
    /// The facets look at what is there: what they cannot understand leaves the entry as it is.
    pub(super) fn observe(&mut self) -> Result<(), Finding> {
        let mut facets = std::mem::take(&mut self.facets);
        let seen = facets.iter_mut().try_for_each(|one| one.observe(self));
        self.facets = facets;
        seen
    }

    /// The facets follow what was decided over the keys.
    pub(super) fn follow(&mut self, wanted: &T::Wanted, turn: Turn<'_>) {
        let mut facets = std::mem::take(&mut self.facets);
        for facet in &mut facets {
            facet.follow(self, wanted, turn);
        }
        self.facets = facets;
    }

    /// Why the entry cannot be made, as the first of its facets has it.
    pub(super) fn hindrance(&self) -> Option<Finding> {
        let mut facets = self.facets.iter();
        facets.find_map(|facet| facet.hindrance(self))
    }

    /// The facets say what there is to say of what they have in the end.
    pub(super) fn tell(&mut self) {
        let mut facets = std::mem::take(&mut self.facets);
        for facet in &mut facets {
            facet.tell(self);
        }
        self.facets = facets;
    }

    /// Whether what lies beside the entry is as we left it.
    pub(super) fn is_pristine_beside(&self) -> bool {
        self.facets.iter().all(|facet| facet.is_pristine(self))
    }

    /// Mends what a run that died left beside the entry.
    pub(super) fn settle(&mut self) {
        let draft = &self.draft;
        let Some(traces) = draft.observed.intent.of(self.name) else {
            return;
        };
        if draft.observed.unclear.contains(self.name) {
            return;
        }
        let Draft {
            target,
            observed,
            store,
            ..
        } = draft;
        let residue = observed.residue.get(self.name).into_iter().flatten();
        let left: Vec<_> = if store.has(self.name) {
            let expendable = target.expendable(store, self.name);
            residue
                .filter(|path| traces.files.contains(*path) && expendable.contains(path))
                .cloned()
                .collect()
        } else if observed.in_use.contains_key(self.name) {
            Vec::new()
        } else {
            let facets = self.facets.iter();
            let mended: Vec<_> = facets
                .filter_map(|facet| facet.mended(target, self.name))
                .collect();
            residue
                .filter(|path| !mended.contains(path))
                .cloned()
                .collect()
        };
        self.forget(left);
        let mut facets = std::mem::take(&mut self.facets);
        for facet in &mut facets {
            facet.mend(self);
        }
        self.facets = facets;
    }

    /// Notes what is done beside the entry.
    pub(crate) fn beside(&mut self, beside: impl IntoIterator<Item = Beside>) {
        let mut beside = beside.into_iter().peekable();
        if beside.peek().is_some() {
            let known = self.draft.beside.entry(self.name.into());
            known.or_default().extend(beside);
        }
    }

    /// Takes away what there is of an entry beside its keys. Returns what that is.
    pub(super) fn clean(&mut self) -> Vec<PathBuf> {
        let observed = self.draft.observed;
        // Refs without a remote may still be somebody's apps.
        if observed.in_use.contains_key(self.name) {
            return Vec::new();
        }
        let residue = observed.residue.get(self.name).cloned().unwrap_or_default();
        self.forget(residue.iter().cloned());
        residue
    }

    /// Takes away what nothing needs any more.
    pub(crate) fn forget(&mut self, paths: impl IntoIterator<Item = PathBuf>) {
        let paths = paths.into_iter().map(|path| (path, self.name.to_owned()));
        self.draft.obsolete.extend(paths);
    }
}
