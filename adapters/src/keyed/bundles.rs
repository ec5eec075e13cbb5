//! From which bundles an entry has anything, so that it stays as it is while one of them is chosen and cannot be
//! applied.

use bstr::ByteSlice as _;
use overlay_resolver::bundle::Bundle;
use overlay_resolver::finding::Finding;

use super::management::Management;
use super::store::{Place, Store};
use super::subject::Subject;
use super::target::Target;

/// What stands between the names: no name of a bundle has it.
const SEPARATOR: char = ',';

/// Notes from which bundles a source gives an entry anything.
pub(crate) fn note(store: &mut impl Store, name: &str, place: Place, brought: &[&str]) {
    let names = brought.join(&SEPARATOR.to_string());
    let names = (!names.is_empty()).then(|| names.as_bytes().as_bstr());
    if store.note(name, place.bundles) != names {
        store.put_note(name, place.bundles, names);
    }
}

/// Why what a source gave an entry stays as it is: something of it is from one of these bundles, of which nothing can be
/// applied. Of one that is not named nobody can tell which it is.
pub(crate) fn kept(
    store: &impl Store,
    name: &str,
    place: Place,
    refused: &[Bundle],
) -> Option<Finding> {
    let noted = store.note(name, place.bundles)?.to_str_lossy();
    let is_noted = |bundle: &&Bundle| {
        let mut names = noted.split(SEPARATOR);
        bundle.is_untold() || names.any(|name| name == bundle.name())
    };
    let bundle = refused.iter().find(is_noted)?;
    bundle.refusal().cloned()
}

impl<T: Target> Subject<'_, '_, T> {
    /// Why it has to stay as it is because of a bundle. What a bundle masks has nothing that could be noted, so what is
    /// held back and would come now waits for each.
    pub(super) fn refused_bundle(&self) -> Option<Finding> {
        let (store, refused) = (&self.draft.before, &*self.source.refused);
        let is_held_back =
            self.value().is_some() && !store.has(self.name) && store.marks(self.name).withheld;
        if is_held_back {
            return refused.first()?.refusal().cloned();
        }
        let follows = self.management.is_some_and(Management::follows);
        let place = T::Store::NOTES.baseline;
        kept(store, self.name, place, refused).filter(|_| follows)
    }

    /// It is its owner's from now on.
    pub(super) fn forget_bundles(&mut self) {
        let place = T::Store::NOTES.baseline;
        note(&mut self.draft.store, self.name, place, &[]);
    }

    /// Notes from which bundles it has anything now.
    pub(super) fn note_bundles(&mut self) {
        let brought = self.source.bundles_of(self.name);
        let place = T::Store::NOTES.baseline;
        note(&mut self.draft.store, self.name, place, &brought);
    }
}
