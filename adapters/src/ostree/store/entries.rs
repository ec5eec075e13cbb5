//! The remotes as entries of keys, with what is remembered of them.

use std::collections::BTreeMap;

use bstr::{BStr, ByteSlice as _};

use super::Remotes;
use crate::keyed::intent::Recollection;
use crate::keyed::key::KeyName;
use crate::keyed::store::{Notes, Pair, Remembered, Store};
use crate::ostree::memory::{Memory, State};
use crate::reconcile::Marks;
use crate::remotes::NOTES;
use crate::remotes::collection::REPOSITORY;
use crate::remotes::group::group;

impl Store for Remotes {
    const NOTES: &'static Notes = &NOTES;

    fn names(&self) -> Vec<&str> {
        self.defined.keys().map(String::as_str).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.place(name).is_some()
    }

    fn pairs(&self, name: &str) -> Vec<Pair<'_>> {
        let keys = self.keys(name, |is_note| !is_note).into_iter();
        let named = keys.filter_map(|(key, value)| Some((key.to_str().ok()?.into(), value)));
        named.collect()
    }

    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        self.keys(name, |is_note| is_note)
    }

    fn note(&self, name: &str, note: &str) -> Option<&BStr> {
        self.get(name, note)
    }

    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>) {
        self.put(name, note, value);
    }

    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr> {
        let (path, group) = self.place(name)?;
        self.files.get(path)?.get(&group, &key.into().name)
    }

    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        let key = key.into().name;
        let place = self.place(name);
        let place = place.map(|(path, group)| (path.to_owned(), group));
        let (path, group) = place.unwrap_or_else(|| (self.places.conf(name), group(name)));
        let file = self.files.entry(path.clone()).or_default();
        match value {
            None => file.unset(&group, &key),
            Some(value) => {
                file.set(&group, &key, value);
                if name != REPOSITORY {
                    self.defined.insert(name.into(), path);
                }
            }
        }
    }

    fn remove(&mut self, name: &str) {
        if let Some(path) = self.defined.remove(name)
            && let Some(file) = self.files.get_mut(&path)
        {
            file.remove_group(&group(name));
            if file.groups().next().is_none() && self.repository.as_ref() != Some(&path) {
                self.emptied.insert(path);
            }
        }
    }

    fn has_comments(&self, name: &str) -> bool {
        self.comments_of(name).is_some()
    }

    fn take_comments(&mut self, name: &str, former: &str) {
        if let Some(comments) = self.comments_of(former) {
            self.add_comments(name, &comments);
        }
    }

    fn take_over(&mut self, name: &str) {
        let conf = self.places.conf(name);
        if self.defined_in(name) == Some(&conf) {
            return;
        }
        self.take_comments(name, name);
        let pairs = self.keys(name, |_| true).into_iter();
        let pairs: Vec<_> = pairs.map(|(k, v)| (k.to_string(), v.to_owned())).collect();
        self.remove(name);
        for (key, value) in pairs {
            self.put(name, key.as_str(), Some(value.as_bstr()));
        }
    }

    fn remembered(&self) -> Vec<&str> {
        self.memories.keys().map(String::as_str).collect()
    }

    fn marks(&self, name: &str) -> Marks {
        let memory = self.memories.get(name);
        match memory.map(|memory| memory.state) {
            // As good as deleted, and what stands in the file by way of comments is the owner's.
            _ if self.blank.contains(name) && !self.has(name) => Marks::OFFERED,
            None => Marks::default(),
            // The mask took the place of the remote.
            Some(State::Offered) if self.masked.contains(name) && !self.has(name) => {
                Marks::WITHHELD
            }
            Some(State::Offered | State::Deleted) => Marks::OFFERED,
            Some(State::Withheld) if memory.is_some_and(|memory| memory.unseen) => Marks::UNSEEN,
            Some(State::Withheld) => Marks::WITHHELD,
        }
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        let memories = self.memories();
        memories
            .map(|(name, memory)| (name.to_owned(), memory.remembered()))
            .collect()
    }

    fn memory_found(&self) -> BTreeMap<String, Remembered> {
        let memories = self.memories.iter();
        memories
            .map(|(name, memory)| (name.clone(), memory.remembered()))
            .collect()
    }

    fn recollections(&self, wanted: &Self) -> BTreeMap<String, Recollection> {
        self.doubtful(wanted)
    }

    fn mark(&mut self, name: &str, marks: Marks) {
        if !marks.offered || self.unknown.contains(name) {
            return;
        }
        let state = match self.memories.get(name).map(|memory| memory.state) {
            _ if marks.withheld => State::Withheld,
            Some(State::Deleted) => State::Deleted,
            _ => State::Offered,
        };
        let memory = self.memories.entry(name.into());
        let memory = memory.or_insert_with(|| Memory::new(state));
        memory.state = state;
        memory.unseen = marks.unseen;
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.memories.get(name)?.later.as_deref()
    }

    fn earlier_names(&self, name: &str) -> Vec<&str> {
        let earlier = self.earlier.get(name).into_iter().flatten();
        earlier.map(String::as_str).collect()
    }

    fn rename(&mut self, name: &str, later: &str) {
        self.set_later_name(name, Some(later.into()));
    }
}
