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
use crate::reconcile::Marks;
use crate::remotes::group::{group, remote_name};
use crate::remotes::target::{Remembered, Store};

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
    file: Editor,
    /// As flatpak lists them.
    offered: Vec<String>,
    is_offered: BTreeSet<String>,
    withheld: BTreeSet<String>,
    unseen: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
    /// The remotes whose group stands there more than once.
    twice: BTreeSet<String>,
}

impl RepoConfig {
    /// The configuration of a new repository.
    pub fn new() -> Self {
        Self {
            file: Editor::parse(NEW.as_bytes()).unwrap_or_default(),
            offered: Vec::new(),
            is_offered: BTreeSet::new(),
            withheld: BTreeSet::new(),
            unseen: BTreeSet::new(),
            renamed: BTreeMap::new(),
            twice: BTreeSet::new(),
        }
    }

    /// Reads the file, which errors call `path`.
    ///
    /// A file that cannot be understood whole is refused rather than repaired: it is the owner's.
    pub fn parse(text: &[u8], path: &std::path::Path) -> Result<Self, Finding> {
        let file = Editor::parse(text)
            .map_err(|(line, problem)| code::MALFORMED.error(path, problem.to_string()).at(line))?;
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
        Ok(Self {
            renamed: pairs
                .map(|(old, new)| (old.to_owned(), new.to_owned()))
                .collect(),
            withheld: withheld.into_iter().collect(),
            unseen: unseen.into_iter().collect(),
            is_offered: offered.iter().cloned().collect(),
            offered,
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
        self.file.to_bytes()
    }
}

impl Store for RepoConfig {
    fn remotes(&self) -> Vec<&str> {
        self.file.groups().filter_map(remote_name).collect()
    }

    fn has_remote(&self, name: &str) -> bool {
        self.file.has_group(&group(name))
    }

    fn pairs(&self, name: &str) -> Vec<(&BStr, &BStr)> {
        self.file.pairs(&group(name)).collect()
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
        self.withheld.iter().map(String::as_str).collect()
    }

    fn later_name(&self, name: &str) -> Option<&str> {
        self.renamed.get(name).map(String::as_str)
    }

    fn rename(&mut self, name: &str, later: &str) {
        if self.later_name(name) != Some(later) {
            self.renamed.insert(name.into(), later.into());
            // A `:` is in no name of a remote.
            let pairs = self.renamed.iter().map(|(old, new)| format!("{old}:{new}"));
            let list = BString::from(value::encode_list(pairs));
            self.file.set(CORE, RENAMED, list.as_bstr());
        }
    }

    fn marks(&self, name: &str) -> Marks {
        Marks {
            offered: self.is_offered.contains(name),
            withheld: self.withheld.contains(name),
            unseen: self.withheld.contains(name) && self.unseen.contains(name),
        }
    }

    fn memory(&self) -> BTreeMap<String, Remembered> {
        let mut memory = BTreeMap::<String, Remembered>::new();
        for name in &self.offered {
            memory.entry(name.clone()).or_default().mark = Some("offered");
        }
        for name in &self.withheld {
            let mark = &mut memory.entry(name.clone()).or_default().mark;
            *mark = Some(mark.map_or("withheld, not offered", |_| "withheld"));
        }
        for (name, later) in &self.renamed {
            memory.entry(name.clone()).or_default().later = Some(later.clone());
        }
        memory
    }

    /// Offered is never taken back, as flatpak itself never does.
    fn mark(&mut self, name: &str, marks: Marks) {
        let before = self.marks(name);
        if marks.offered && !before.offered {
            self.offered.push(name.into());
            self.is_offered.insert(name.into());
            let list = BString::from(value::encode_list(&self.offered));
            self.file.set(CORE, OFFERED, list.as_bstr());
        }
        for (key, names, holds) in [
            (WITHHELD, &mut self.withheld, marks.withheld),
            (UNSEEN, &mut self.unseen, marks.unseen),
        ] {
            let changed = if holds {
                names.insert(name.into())
            } else {
                names.remove(name)
            };
            if changed && names.is_empty() {
                self.file.unset(CORE, key);
            } else if changed {
                let list = BString::from(value::encode_list(names.iter()));
                self.file.set(CORE, key, list.as_bstr());
            }
        }
    }
}

impl Default for RepoConfig {
    fn default() -> Self {
        Self::new()
    }
}
