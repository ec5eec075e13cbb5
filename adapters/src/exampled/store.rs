//! The services of exampled's file, with what is remembered of them in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bstr::{BStr, ByteSlice as _};
use overlay_resolver::finding::Finding;

use crate::code;
use crate::editor::Editor;
use crate::keyed::key::KeyName;
use crate::keyed::lists::{Keys, Lists};
use crate::keyed::store::{Pair, Remembered, Store, is_note};
use crate::reconcile::Marks;

/// Our own section of the file.
const OURS: &str = "x-overlayctl";

const LISTS: Keys = Keys {
    group: OURS,
    offered: "offered",
    withheld: "withheld",
    unseen: "unseen",
    renamed: "renamed",
    known: None,
};

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Services {
    file: Editor,
    found: Lists,
    lists: Lists,
}

/// The section of the file that is a section of a service.
fn group(service: &str, section: &str) -> String {
    match section {
        "" => service.to_owned(),
        section => [service, "/", section].concat(),
    }
}

/// What a section of the file is to a service: the empty name of its own one, none of one that is not of it.
fn section_of<'g>(group: &'g BStr, service: &str) -> Option<&'g str> {
    match group.to_str().ok()?.strip_prefix(service)? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}

impl Services {
    /// Reads the file, which errors call `path`.
    pub(super) fn parse(text: &[u8], path: &Path) -> Result<Self, Finding> {
        let file = Editor::parse(text)
            .map_err(|(line, problem)| code::MALFORMED.error(path, problem).at(line))?;
        let lists = Lists::read(&file, &LISTS);
        let lists = lists.map_err(|problem| code::MALFORMED.error(path, problem))?;
        Ok(Self {
            found: lists.clone(),
            lists,
            file,
        })
    }

    /// The whole file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut file = self.file.clone();
        self.lists.write(&self.found, &mut file, &LISTS);
        file.to_bytes()
    }

    /// The sections of a service, with what they are to it.
    fn sections(&self, name: &str) -> BTreeMap<&str, &str> {
        let groups = self.file.groups();
        let sections = groups.filter_map(|group| {
            let section = section_of(group, name)?;
            Some((group.to_str().ok()?, section))
        });
        sections.collect()
    }
}

impl Store for Services {
    fn names(&self) -> Vec<&str> {
        let groups = self.file.groups().filter_map(|group| group.to_str().ok());
        let names = groups.filter_map(|group| group.split('/').next());
        let names: BTreeSet<_> = names.filter(|name| *name != OURS).collect();
        names.into_iter().collect()
    }

    fn has(&self, name: &str) -> bool {
        !self.sections(name).is_empty()
    }

    fn pairs(&self, name: &str) -> Vec<Pair<'_>> {
        let mut pairs = Vec::<Pair<'_>>::new();
        for (group, section) in self.sections(name) {
            let own = self.file.pairs(group).filter(|(key, _)| !is_note(key));
            let named = own.filter_map(|(key, value)| Some((key.to_str().ok()?, value)));
            pairs.extend(named.map(|(key, value)| (KeyName::new(section, key), value)));
        }
        pairs
    }

    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr> {
        let key = key.into();
        self.file.get(&group(name, &key.section), &key.name)
    }

    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        let key = key.into();
        let group = group(name, &key.section);
        match value {
            Some(value) => self.file.set(&group, &key.name, value),
            None => self.file.unset(&group, &key.name),
        }
    }

    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        let pairs = self.file.pairs(name);
        pairs.filter(|(key, _)| is_note(key)).collect()
    }

    fn note(&self, name: &str, note: &str) -> Option<&BStr> {
        self.file.get(name, note)
    }

    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>) {
        self.put(name, note, value);
    }

    fn remove(&mut self, name: &str) {
        let groups = self.sections(name).into_keys().map(str::to_owned);
        for group in groups.collect::<Vec<_>>() {
            self.file.remove_group(&group);
        }
    }

    fn remembered(&self) -> Vec<&str> {
        self.lists.withheld()
    }

    fn marks(&self, name: &str) -> Marks {
        self.lists.marks(name)
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        self.lists.memory()
    }

    fn mark(&mut self, name: &str, marks: Marks) {
        self.lists.mark(name, marks);
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.lists.later_name(name)
    }

    fn earlier_names(&self, name: &str) -> Vec<&str> {
        self.lists.earlier_names(name)
    }

    fn rename(&mut self, name: &str, later: &str) {
        self.lists.rename(name, later);
    }
}
