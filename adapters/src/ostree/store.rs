//! The remotes that ostree sees, wherever they are defined, and what is remembered of their names.

mod entries;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bstr::BStr;

use super::memory::Memory;
use super::places::Places;
use super::recollection::Unfinished;
use crate::editor::Editor;
use crate::keyed::store::is_note;
use crate::remotes::collection::REPOSITORY;
use crate::remotes::group::{group, remote_name};

/// All files that define remotes, as found or as they are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remotes {
    places: Places,
    /// The files, by path: those of the target, the repository's configuration and its parents'.
    files: BTreeMap<PathBuf, Editor>,
    /// The configuration of the system's repository.
    repository: Option<PathBuf>,
    /// Whether that is on a read-only file system, as `/sysroot` often is.
    frozen: bool,
    /// The configurations of the repositories that it builds on, which are not ours to change.
    parents: BTreeSet<PathBuf>,
    /// The files of the target that are symlinks to others elsewhere, with where those are: what lies
    /// there may be the vendor's, and is not ours to change.
    links: BTreeMap<PathBuf, PathBuf>,
    /// Where each remote is defined: the place that counts.
    defined: BTreeMap<String, PathBuf>,
    pub(super) memories: BTreeMap<String, Memory>,
    /// What a run that was killed left of names.
    pub(super) unfinished: BTreeMap<String, Unfinished>,
    /// The renames that these remember, by the later name: each run asks for it of every name.
    pub(super) earlier: BTreeMap<String, BTreeSet<String>>,
    /// The names that are masked where the target would stand.
    masked: BTreeSet<String>,
    /// The names whose file is there and defines nothing: the owner took the remote out of it, or has yet
    /// to write it.
    blank: BTreeSet<String>,
    /// The remotes that another deployment follows, each with the origin that says so.
    followed: BTreeMap<String, PathBuf>,
    /// The names of which nobody can tell what became: what is remembered of them stays as it is.
    pub(super) unknown: BTreeSet<String>,
    /// The files that lost their last group: only what held a remote can be in the way without one.
    emptied: BTreeSet<PathBuf>,
}

impl Remotes {
    pub(super) fn new(places: &Places) -> Self {
        Self {
            places: places.clone(),
            files: BTreeMap::new(),
            repository: None,
            frozen: false,
            parents: BTreeSet::new(),
            links: BTreeMap::new(),
            defined: BTreeMap::new(),
            memories: BTreeMap::new(),
            unfinished: BTreeMap::new(),
            earlier: BTreeMap::new(),
            masked: BTreeSet::new(),
            blank: BTreeSet::new(),
            followed: BTreeMap::new(),
            unknown: BTreeSet::new(),
            emptied: BTreeSet::new(),
        }
    }

    /// Takes in the configuration of the system's repository. Returns the names that were defined
    /// already, each with its other place.
    pub(super) fn add_repository(&mut self, path: &Path, file: Editor) -> Vec<(String, PathBuf)> {
        self.repository.get_or_insert_with(|| path.to_owned());
        self.add(path, file)
    }

    /// Notes that the repository's configuration cannot be written.
    pub(super) fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Whether a remote is defined where nothing can be written.
    pub(super) fn is_frozen(&self, name: &str) -> bool {
        self.frozen && self.defined_in(name) == self.repository.as_deref()
    }

    /// The repository's configuration, if it cannot be written and is to be another.
    pub(super) fn frozen_change(&self, before: &Self) -> Option<&Path> {
        let path = self.repository.as_deref().filter(|_| self.frozen)?;
        (self.files.get(path) != before.files.get(path)).then_some(path)
    }

    /// Takes in a configuration that remotes are inherited from: what is defined elsewhere counts more.
    pub(super) fn add_parent(&mut self, path: &Path, file: Editor) {
        for name in names(&file) {
            self.defined.entry(name).or_insert_with(|| path.to_owned());
        }
        self.parents.insert(path.to_owned());
        self.files.insert(path.to_owned(), file);
    }

    /// Notes that a file is a symlink to another one elsewhere.
    pub(super) fn note_link(&mut self, path: &Path, end: PathBuf) {
        self.links.insert(path.to_owned(), end);
    }

    /// Takes in a file that defines remotes. Returns the names that were defined already, each with its
    /// other place.
    pub(super) fn add(&mut self, path: &Path, file: Editor) -> Vec<(String, PathBuf)> {
        let mut twice = Vec::new();
        for name in names(&file) {
            match self.defined.get(&name) {
                Some(other) => twice.push((name, other.clone())),
                None => drop(self.defined.insert(name, path.to_owned())),
            }
        }
        self.files.insert(path.to_owned(), file);
        twice
    }

    /// Notes that the owner masked a name where its target would stand.
    pub(super) fn note_mask(&mut self, name: &str) {
        self.masked.insert(name.into());
    }

    /// Notes that nobody can tell what became of a name.
    pub(super) fn note_unknown(&mut self, name: &str) {
        self.unknown.insert(name.into());
    }

    /// Notes that another deployment follows a remote.
    pub(super) fn note_followed(&mut self, name: &str, origin: &Path) {
        self.followed.insert(name.into(), origin.into());
    }

    /// The origin of another deployment that follows a remote and finds it where all deployments do.
    pub(super) fn needed_by(&self, name: &str) -> Option<&Path> {
        let shared =
            self.repository.is_some() && self.defined_in(name) == self.repository.as_deref();
        self.followed
            .get(name)
            .filter(|_| shared)
            .map(PathBuf::as_path)
    }

    /// Notes that the file of a name is there and defines nothing.
    pub(super) fn note_blank(&mut self, name: &str) {
        self.blank.insert(name.into());
    }

    /// The file that a remote is defined in.
    pub(super) fn defined_in(&self, name: &str) -> Option<&Path> {
        self.defined.get(name).map(PathBuf::as_path)
    }

    /// The same, also of what stands for the repository.
    pub(super) fn file(&self, name: &str) -> Option<&Path> {
        self.place(name).map(|(path, _)| path)
    }

    pub(super) fn is_inherited(&self, name: &str) -> bool {
        self.defined
            .get(name)
            .is_some_and(|path| self.parents.contains(path))
    }

    /// Where the file of a remote leads, if that is elsewhere.
    pub(super) fn link(&self, name: &str) -> Option<&Path> {
        let end = self.links.get(self.defined_in(name)?)?;
        Some(end)
    }

    /// Whether a remote stands where nothing is taken away.
    pub(super) fn is_out_of_reach(&self, name: &str) -> bool {
        self.is_inherited(name) || self.is_frozen(name) || self.link(name).is_some()
    }

    /// Whether a file is ours to change.
    fn is_ours(&self, path: &Path) -> bool {
        let frozen = self.frozen && self.is_repository(path);
        !frozen && !self.parents.contains(path) && !self.links.contains_key(path)
    }

    /// The files that are ours to change, with their content; none for one that we took the last group from.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&Path, Option<Vec<u8>>)> {
        let files = self.files.iter();
        let files = files.filter(|(path, _)| self.is_ours(path));
        files.map(|(path, file)| {
            let goes = self.emptied.contains(path) && file.groups().next().is_none();
            (path.as_path(), (!goes).then(|| file.to_bytes()))
        })
    }

    /// The configuration of the system's repository, if there is one.
    pub(super) fn repository(&self) -> Option<&Path> {
        self.repository.as_deref()
    }

    pub(super) fn is_repository(&self, path: &Path) -> bool {
        self.repository.as_deref() == Some(path)
    }

    /// The names of the remotes that a file defines.
    pub(super) fn defined_by<'s>(
        &'s self,
        path: &'s Path,
    ) -> impl Iterator<Item = String> + use<'s> {
        self.files.get(path).into_iter().flat_map(names)
    }

    /// The comments in the file of a remote, which its owner wrote; none where they stay whatever becomes of it.
    fn comments_of(&self, name: &str) -> Option<Vec<u8>> {
        let path = self.defined_in(name)?;
        let goes_with_it = !self.is_repository(path) && self.is_ours(path);
        let comments = self.files.get(path).filter(|_| goes_with_it)?.comments();
        (!comments.is_empty()).then_some(comments)
    }

    /// Puts comments into the file where a remote is to stand.
    fn add_comments(&mut self, name: &str, comments: &[u8]) {
        let file = self.files.entry(self.places.conf(name)).or_default();
        file.add_comments(comments);
    }

    /// The file and group that a name stands for.
    fn place(&self, name: &str) -> Option<(&Path, String)> {
        if name == REPOSITORY {
            return Some((self.repository.as_deref()?, "core".into()));
        }
        Some((self.defined_in(name)?, group(name)))
    }

    /// What stands in the group of a remote: its keys, and our notes.
    fn keys(&self, name: &str, which: fn(bool) -> bool) -> Vec<(&BStr, &BStr)> {
        let Some((path, group)) = self.place(name) else {
            return Vec::new();
        };
        let Some(file) = self.files.get(path) else {
            return Vec::new();
        };
        let pairs = file.pairs(&group);
        let fits = |(key, _): &(&BStr, _)| which(is_note(key));
        pairs.filter(fits).collect()
    }
}

/// The names of the remotes that a file defines, in order. A group that stands twice is one to ostree, as
/// to GLib.
pub(super) fn names(file: &Editor) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let names = file.groups().filter_map(remote_name);
    let names = names.filter(|name| seen.insert(*name));
    names.map(str::to_owned).collect()
}
