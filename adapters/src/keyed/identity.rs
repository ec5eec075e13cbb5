//! Entries that a target knows by something else than the name of their file, such as a UUID: what the layers rename, or
//! its owner puts into another file, is the same entry as long as its identity is.
//!
//! The tables, the notes and the sentences speak of names. A store that goes by identities is put into [`Named`], which
//! translates; what is remembered of an entry is remembered of its identity.
#![cfg_attr(
    not(test),
    allow(
        dead_code,
        reason = "the entries of all adapters that are shipped are known by their names"
    )
)]

use std::collections::BTreeMap;
use std::sync::Arc;

use bstr::BStr;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;

use super::entry::Entry;
use super::intent::Recollection;
use super::key::KeyName;
use super::lists::Lists;
use super::store::{Notes, Pair, Remembered, Store};
use super::subject::Subject;
use super::target::Target;
use crate::code;
use crate::reconcile::Marks;
use crate::source::{Source, Want, path_of};

/// A store that goes by identities. It remembers under which name the layers had one last, whatever became of the
/// entry: they do not say it of one that they mask, or that cannot be read.
pub(crate) trait Identified: Store {
    /// The identities of which a name is known, with that.
    fn known_names(&self) -> Vec<(&str, &str)>;

    /// Remembers a name.
    fn know_name(&mut self, identity: &str, name: &str);
}

/// The lists of a target that is one file have a place for them.
impl Lists {
    /// Where entries have identities: those of which a name is known, with that.
    pub(crate) fn known_names(&self) -> Vec<(&str, &str)> {
        let known = self.known.iter();
        known
            .map(|(identity, name)| (identity.as_str(), name.as_str()))
            .collect()
    }

    /// Remembers the name of one.
    pub(crate) fn know_name(&mut self, identity: &str, name: &str) {
        self.known.insert(identity.into(), name.into());
    }
}

/// Which name stands for which identity, where they differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Identities {
    by_name: BTreeMap<String, String>,
    by_identity: BTreeMap<String, String>,
}

impl Identities {
    /// Those of the layers, and of what they had before.
    fn of<W: AsRef<Entry>>(source: &Source<W>, store: &impl Identified) -> Self {
        let mut all = Self::default();
        for (name, layered) in &source.entries {
            if let Want::Present(wanted) = &layered.want {
                all.add(name, wanted.as_ref().identity(name));
            }
        }
        // What the layers call an entry now counts more.
        for (identity, name) in store.known_names() {
            all.add(name, identity);
        }
        all
    }

    /// Of two, the first counts.
    fn add(&mut self, name: &str, identity: &str) {
        if !self.by_name.contains_key(name) && !self.by_identity.contains_key(identity) {
            self.by_name.insert(name.into(), identity.into());
            self.by_identity.insert(identity.into(), name.into());
        }
    }

    fn identity<'n>(&'n self, name: &'n str) -> &'n str {
        self.by_name.get(name).map_or(name, String::as_str)
    }

    fn name<'i>(&'i self, identity: &'i str) -> &'i str {
        self.by_identity
            .get(identity)
            .map_or(identity, String::as_str)
    }
}

/// A store that goes by identities, under the names that the layers have for them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Named<S> {
    store: S,
    identities: Arc<Identities>,
}

impl<S: Identified> Named<S> {
    /// The entries of a store, by the names that a source has for them.
    pub(crate) fn of<W: AsRef<Entry>>(store: S, source: &Source<W>) -> Self {
        let identities = Arc::new(Identities::of(source, &store));
        Self { store, identities }
    }

    /// The store itself.
    pub(crate) const fn store(&self) -> &S {
        &self.store
    }
}

impl<S: Identified> Store for Named<S> {
    const NOTES: &'static Notes = S::NOTES;

    fn identity<'s>(&'s self, name: &'s str) -> &'s str {
        self.identities.identity(name)
    }

    fn names(&self) -> Vec<&str> {
        let identities = self.store.names().into_iter();
        identities.map(|one| self.identities.name(one)).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.store.has(self.identity(name))
    }

    fn pairs(&self, name: &str) -> Vec<Pair<'_>> {
        self.store.pairs(self.identities.identity(name))
    }

    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr> {
        self.store.get(self.identities.identity(name), key)
    }

    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        self.store.put(self.identities.identity(name), key, value);
    }

    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        self.store.notes(self.identities.identity(name))
    }

    fn note(&self, name: &str, note: &str) -> Option<&BStr> {
        self.store.note(self.identities.identity(name), note)
    }

    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>) {
        self.store
            .put_note(self.identities.identity(name), note, value);
    }

    fn remove(&mut self, name: &str) {
        self.store.remove(self.identities.identity(name));
    }

    fn has_comments(&self, name: &str) -> bool {
        self.store.has_comments(self.identity(name))
    }

    fn take_comments(&mut self, name: &str, former: &str) {
        let [name, former] = [name, former].map(|name| self.identities.identity(name));
        self.store.take_comments(name, former);
    }

    fn take_over(&mut self, name: &str) {
        self.store.take_over(self.identities.identity(name));
    }

    fn remembered(&self) -> Vec<&str> {
        let identities = self.store.remembered().into_iter();
        identities.map(|one| self.identities.name(one)).collect()
    }

    fn marks(&self, name: &str) -> Marks {
        self.store.marks(self.identity(name))
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        self.by_name(self.store.memory())
    }

    fn memory_found(&self) -> BTreeMap<String, Remembered> {
        self.by_name(self.store.memory_found())
    }

    fn recollections(&self, wanted: &Self) -> BTreeMap<String, Recollection> {
        self.by_name(self.store.recollections(&wanted.store))
    }

    fn mark(&mut self, name: &str, marks: Marks) {
        let identity = self.identities.identity(name);
        self.store.mark(identity, marks);
        if marks.offered && identity != name {
            self.store.know_name(identity, name);
        }
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.store.later_name(name)
    }

    fn earlier_names(&self, name: &str) -> Vec<&str> {
        self.store.earlier_names(name)
    }

    fn rename(&mut self, name: &str, later: &str) {
        self.store.rename(name, later);
    }
}

impl<S> Named<S> {
    fn by_name<V>(&self, memory: BTreeMap<String, V>) -> BTreeMap<String, V> {
        let memory = memory.into_iter();
        let named =
            |(identity, known): (String, _)| (self.identities.name(&identity).into(), known);
        memory.map(named).collect()
    }
}

impl<T: Target> Subject<'_, '_, T> {
    /// That another entry of the layers has the same identity: the first of them counts.
    pub(super) fn identity_taken(&self) -> Option<Finding> {
        let identity = self.entry()?.identity.as_deref()?;
        let has_it = |(_, want): &(&str, &Want<T::Wanted>)| match want {
            Want::Present(wanted) => wanted.as_ref().identity.as_deref() == Some(identity),
            Want::Masked(_) | Want::Unresolved(_) | Want::Headless => false,
        };
        let entries = self.source.entries.iter();
        let mut entries = entries.map(|(name, layered)| (name.as_str(), &layered.want));
        let (first, _) = entries.find(has_it)?;
        let message = format!(
            "is the same {} as {}: both have the identity {}; give one of them another, or remove it",
            T::NOUN,
            escape(first.as_bytes()),
            escape(identity.as_bytes())
        );
        let place = path_of(&self.layered?.document);
        (first != self.name).then(|| code::DEFINED_TWICE.error(place, message))
    }
}

#[cfg(test)]
mod tests;
