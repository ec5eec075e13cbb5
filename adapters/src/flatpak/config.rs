//! `repo/config` of a flatpak installation: its remotes, and the marks that live beside them.
//!
//! Everything that must change together lives in this one file and so changes in one rename: the
//! remotes, their baselines (keys `x-overlayctl.*` in the same group, which flatpak keeps and shows
//! nowhere), the names offered (`[core] xa.applied-remotes`, flatpak's own list), the names withheld
//! (`[core] x-overlayctl.withheld`), those of them that never were there (`[core] x-overlayctl.unseen`) and
//! the renames seen (`[core] x-overlayctl.renamed`).

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;

use crate::code;
use crate::editor::Editor;
use crate::keyed::store::{Notes, Remembered, Store, is_note};
use crate::reconcile::Marks;
use crate::remotes::NOTES;
use crate::remotes::group::{group, remote_name};

/// Where the file lies below the repository.
pub const FILE_NAME: &str = "config";

const CORE: &str = "core";
const OFFERED: &str = "xa.applied-remotes";
const WITHHELD: &str = "x-overlayctl.withheld";
const UNSEEN: &str = "x-overlayctl.unseen";
const RENAMED: &str = "x-overlayctl.renamed";

/// What `ostree init` and flatpak write into a new repository. flatpak would add the last key by
/// itself at its next run, and rewrite the file for that.
const NEW: &str = "[core]\nrepo_version=1\nmode=bare-user-only\nmin-free-space-size=500MB\n";

/// The configuration of a repository, and what is to become of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoConfig {
    /// The lists in it are as found; those that hold are below.
    file: Editor,
    found: Lists,
    lists: Lists,
    /// The remotes whose group stands there more than once.
    twice: BTreeSet<String>,
}

/// What is known of names, remotes or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Lists {
    /// As flatpak lists them.
    offered: Vec<String>,
    is_offered: BTreeSet<String>,
    withheld: BTreeSet<String>,
    unseen: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
}

impl RepoConfig {
    /// The configuration of a new repository.
    pub fn new() -> Self {
        Self {
            file: Editor::parse(NEW.as_bytes()).unwrap_or_default(),
            found: Lists::default(),
            lists: Lists::default(),
            twice: BTreeSet::new(),
        }
    }

    /// Reads the file, which errors call `path`.
    ///
    /// A file that cannot be understood whole is refused rather than repaired: it is the owner's.
    pub fn parse(text: &[u8], path: &std::path::Path) -> Result<Self, Finding> {
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
        let list = |key| match file.get(CORE, key) {
            None => Ok(Vec::new()),
            Some(raw) => value::decode_list(raw)
                .map_err(|error| refuse(format!("[core] {key} is not a list of strings: {error}"))),
        };
        let (offered, withheld) = (list(OFFERED)?, list(WITHHELD)?);
        let (unseen, renamed) = (list(UNSEEN)?, list(RENAMED)?);
        let pairs = renamed.iter().filter_map(|pair| pair.split_once(':'));
        let lists = Lists {
            renamed: pairs
                .map(|(old, new)| (old.to_owned(), new.to_owned()))
                .collect(),
            withheld: withheld.into_iter().collect(),
            unseen: unseen.into_iter().collect(),
            is_offered: offered.iter().cloned().collect(),
            offered,
        };
        Ok(Self {
            found: lists.clone(),
            lists,
            twice,
            file,
        })
    }

    /// The remotes whose group stands there more than once: it is not clear which values are meant.
    pub fn twice(&self) -> impl Iterator<Item = &str> {
        self.twice.iter().map(String::as_str)
    }

    /// The whole file.
    pub fn to_bytes(&self) -> Vec<u8> {
        // Written once for all that changed: each is as long as there are names.
        let mut file = self.file.clone();
        for ((key, list), (_, found)) in self.lists.written().into_iter().zip(self.found.written())
        {
            match list {
                list if list == found => {}
                Some(list) => file.set(CORE, key, list.as_bstr()),
                None => file.unset(CORE, key),
            }
        }
        file.to_bytes()
    }
}

impl Lists {
    /// The lists as they are written, each with its key; none for one that is empty.
    fn written(&self) -> [(&'static str, Option<BString>); 4] {
        // A `:` is in no name of a remote.
        let renamed = self.renamed.iter();
        let renamed = renamed.map(|(old, new)| format!("{old}:{new}"));
        [
            (OFFERED, list(&self.offered)),
            (WITHHELD, list(&self.withheld)),
            (UNSEEN, list(&self.unseen)),
            (RENAMED, list(renamed)),
        ]
    }
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> Option<BString> {
    let list = BString::from(value::encode_list(items));
    (!list.is_empty()).then_some(list)
}

impl Store for RepoConfig {
    const NOTES: &'static Notes = &NOTES;

    fn names(&self) -> Vec<&str> {
        self.file.groups().filter_map(remote_name).collect()
    }

    fn has(&self, name: &str) -> bool {
        self.file.has_group(&group(name))
    }

    fn pairs(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        let group = group(name);
        let pairs = self.file.pairs(&group);
        pairs.filter(|(key, _)| !is_note(key)).collect()
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

    fn get(&self, name: &str, key: &str) -> Option<&BStr> {
        self.file.get(&group(name), key)
    }

    fn put(&mut self, name: &str, key: &str, value: Option<&BStr>) {
        match value {
            Some(value) => self.file.set(&group(name), key, value),
            None => self.file.unset(&group(name), key),
        }
    }

    fn remove(&mut self, name: &str) {
        self.file.remove_group(&group(name));
    }

    /// The names that are absent by our doing.
    fn remembered(&self) -> Vec<&str> {
        self.lists.withheld.iter().map(String::as_str).collect()
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.lists.renamed.get(name).map(String::as_str)
    }

    fn rename(&mut self, name: &str, later: &str) {
        self.lists.renamed.insert(name.into(), later.into());
    }

    fn marks(&self, name: &str) -> Marks {
        Marks {
            offered: self.lists.is_offered.contains(name),
            withheld: self.lists.withheld.contains(name),
            unseen: self.lists.withheld.contains(name) && self.lists.unseen.contains(name),
        }
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        let mut memory = BTreeMap::<String, Remembered>::new();
        for name in &self.lists.offered {
            memory.entry(name.clone()).or_default().mark = Some("offered");
        }
        for name in &self.lists.withheld {
            let mark = &mut memory.entry(name.clone()).or_default().mark;
            *mark = Some(mark.map_or("withheld, not offered", |_| "withheld"));
        }
        for (name, later) in &self.lists.renamed {
            memory.entry(name.clone()).or_default().later = Some(later.clone());
        }
        memory
    }

    /// Offered is never taken back, as flatpak itself never does.
    fn mark(&mut self, name: &str, marks: Marks) {
        let lists = &mut self.lists;
        if marks.offered && lists.is_offered.insert(name.into()) {
            lists.offered.push(name.into());
        }
        for (names, holds) in [
            (&mut lists.withheld, marks.withheld),
            (&mut lists.unseen, marks.unseen),
        ] {
            if holds {
                names.insert(name.into());
            } else {
                names.remove(name);
            }
        }
    }
}

impl Default for RepoConfig {
    fn default() -> Self {
        Self::new()
    }
}
