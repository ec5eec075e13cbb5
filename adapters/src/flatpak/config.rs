//! `repo/config` of a flatpak installation: its remotes, and the marks that live beside them.
//!
//! Everything that must change together lives in this one file and so changes in one rename: the
//! remotes, their baselines (keys `x-overlayctl.*` in the same group, which flatpak keeps and shows
//! nowhere), the names offered (`[core] xa.applied-remotes`, flatpak's own list), the names withheld
//! (`[core] x-overlayctl.withheld`), those of them that never were there (`[core] x-overlayctl.unseen`) and
//! the renames seen (`[core] x-overlayctl.renamed`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bstr::{BStr, ByteSlice as _};
use overlay_resolver::finding::Finding;

use crate::code;
use crate::editor::Editor;
use crate::keyed::key::KeyName;
use crate::keyed::lists::{Keys, Lists};
use crate::keyed::store::{Notes, Pair, Remembered, Store, is_note};
use crate::reconcile::Marks;
use crate::remotes::NOTES;
use crate::remotes::group::{group, remote_name};

/// Where the file lies below the repository.
pub(crate) const FILE_NAME: &str = "config";

const CORE: &str = "core";
/// The first is flatpak's own.
const LISTS: Keys = Keys {
    group: CORE,
    offered: "xa.applied-remotes",
    withheld: "x-overlayctl.withheld",
    unseen: "x-overlayctl.unseen",
    renamed: "x-overlayctl.renamed",
    known: None,
};

/// What `ostree init` and flatpak write into a new repository. flatpak would add the last key by
/// itself at its next run, and rewrite the file for that.
const NEW: &str = "[core]\nrepo_version=1\nmode=bare-user-only\nmin-free-space-size=500MB\n";

/// The configuration of a repository, and what is to become of it. A copy shares what it does not change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepoConfig {
    /// The lists in it are as found; those that hold are below.
    file: Editor,
    found: Arc<Lists>,
    lists: Arc<Lists>,
    /// The remotes whose group stands there more than once.
    twice: BTreeSet<String>,
}

impl RepoConfig {
    /// The configuration of a new repository.
    pub(crate) fn new() -> Self {
        Self {
            file: Editor::parse(NEW.as_bytes()).expect("it is a keyfile"),
            found: Arc::default(),
            lists: Arc::default(),
            twice: BTreeSet::new(),
        }
    }

    /// Reads the file, which errors call `path`.
    ///
    /// A file that cannot be understood whole is refused rather than repaired: it is the owner's.
    pub(crate) fn parse(text: &[u8], path: &std::path::Path) -> Result<Self, Finding> {
        let file = Editor::parse(text)
            .map_err(|(line, problem)| code::MALFORMED.error(path, problem).at(line))?;
        let refuse = |message: String| code::MALFORMED.error(path, message);
        if !file.has_group(CORE) {
            return Err(refuse(
                "has no [core] group, so it is not a repository's configuration".into(),
            ));
        }
        let mut seen = BTreeSet::new();
        let twice = file.groups().filter_map(remote_name);
        let twice = twice
            .filter(|name| !seen.insert(*name))
            .map(str::to_owned)
            .collect();
        let lists = Arc::new(Lists::read(&file, &LISTS).map_err(refuse)?);
        Ok(Self {
            found: Arc::clone(&lists),
            lists,
            twice,
            file,
        })
    }

    /// The remotes whose group stands there more than once: it is not clear which values are meant.
    pub(crate) fn twice(&self) -> impl Iterator<Item = &str> {
        self.twice.iter().map(String::as_str)
    }

    /// The whole file.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut file = self.file.clone();
        self.lists.write(&self.found, &mut file, &LISTS);
        file.to_bytes()
    }
}

impl Store for RepoConfig {
    const NOTES: &'static Notes = &NOTES;

    fn names(&self) -> Vec<&str> {
        self.file.groups().filter_map(remote_name).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.file.has_group(&group(name))
    }

    fn pairs(&self, name: &str) -> Vec<Pair<'_>> {
        let group = group(name);
        let pairs = self.file.pairs(&group);
        let pairs = pairs.filter(|(key, _)| !is_note(key));
        let named = pairs.filter_map(|(key, value)| Some((key.to_str().ok()?.into(), value)));
        named.collect()
    }

    fn notes(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        let group = group(name);
        let pairs = self.file.pairs(&group);
        pairs.filter(|(key, _)| is_note(key)).collect()
    }

    fn note(&self, name: &str, note: &str) -> Option<&BStr> {
        self.get(name, note)
    }

    fn put_note(&mut self, name: &str, note: &str, value: Option<&BStr>) {
        self.put(name, note, value);
    }

    fn get<'k>(&self, name: &str, key: impl Into<KeyName<'k>>) -> Option<&BStr> {
        self.file.get(&group(name), &key.into().name)
    }

    fn put<'k>(&mut self, name: &str, key: impl Into<KeyName<'k>>, value: Option<&BStr>) {
        let key = key.into().name;
        match value {
            Some(value) => self.file.set(&group(name), &key, value),
            None => self.file.unset(&group(name), &key),
        }
    }

    fn remove(&mut self, name: &str) {
        self.file.remove_group(&group(name));
    }

    fn remembered(&self) -> Vec<&str> {
        self.lists.withheld()
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.lists.later_name(name)
    }

    fn earlier_names(&self, name: &str) -> Vec<&str> {
        self.lists.earlier_names(name)
    }

    fn rename(&mut self, name: &str, later: &str) {
        Arc::make_mut(&mut self.lists).rename(name, later);
    }

    fn marks(&self, name: &str) -> Marks {
        self.lists.marks(name)
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        self.lists.memory()
    }

    fn mark(&mut self, name: &str, marks: Marks) {
        if marks != self.marks(name) {
            Arc::make_mut(&mut self.lists).mark(name, marks);
        }
    }
}

impl Default for RepoConfig {
    fn default() -> Self {
        Self::new()
    }
}
