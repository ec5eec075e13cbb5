//! What is remembered of names, as lists in one group of a keyfile: for a target that is one such file, so that
//! entries and memory change in one rename.

use std::collections::{BTreeMap, BTreeSet};

use bstr::{BString, ByteSlice as _};
use overlay_resolver::keyfile::value;

use super::store::Remembered;
use crate::editor::Editor;
use crate::reconcile::Marks;

/// Where the lists stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keys {
    /// The group.
    pub(crate) group: &'static str,
    /// The names that were put before the owner.
    pub(crate) offered: &'static str,
    /// Those that are absent by our doing.
    pub(crate) withheld: &'static str,
    /// Those of them that never were there.
    pub(crate) unseen: &'static str,
    /// The renames seen.
    pub(crate) renamed: &'static str,
    /// Where entries have identities: the name that each had last.
    pub(crate) known: Option<&'static str>,
}

/// What is known of names, whether there are such entries or not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lists {
    /// In the order of the file.
    offered: Vec<String>,
    is_offered: BTreeSet<String>,
    withheld: BTreeSet<String>,
    unseen: BTreeSet<String>,
    renamed: BTreeMap<String, String>,
    /// Names by identity.
    pub(super) known: BTreeMap<String, String>,
}

impl Lists {
    /// Reads them.
    ///
    /// # Errors
    /// One is no list of strings, and which.
    pub(crate) fn read(file: &Editor, keys: &Keys) -> Result<Self, String> {
        let list = |key| match file.get(keys.group, key) {
            None => Ok(Vec::new()),
            Some(raw) => value::decode_list(raw).map_err(|error| {
                let group = keys.group;
                format!("[{group}] {key} is not a list of strings: {error}")
            }),
        };
        let (offered, withheld) = (list(keys.offered)?, list(keys.withheld)?);
        let (unseen, renamed) = (list(keys.unseen)?, list(keys.renamed)?);
        let known = keys.known.map(list).transpose()?;
        Ok(Self {
            renamed: pairs(&renamed),
            known: pairs(&known.unwrap_or_default()),
            withheld: withheld.into_iter().collect(),
            unseen: unseen.into_iter().collect(),
            is_offered: offered.iter().cloned().collect(),
            offered,
        })
    }

    /// Writes those that are not as they were found: each is as long as there are names.
    pub(crate) fn write(&self, found: &Self, file: &mut Editor, keys: &Keys) {
        let lists = self.written(keys).into_iter().zip(found.written(keys));
        for ((key, list), (_, found)) in lists {
            match list {
                list if list == found => {}
                Some(list) => file.set(keys.group, key, list.as_bstr()),
                None => file.unset(keys.group, key),
            }
        }
    }

    /// The lists as they are written, each with its key; none for one that is empty.
    fn written(&self, keys: &Keys) -> Vec<(&'static str, Option<BString>)> {
        let lists = [
            (keys.offered, list(&self.offered)),
            (keys.withheld, list(&self.withheld)),
            (keys.unseen, list(&self.unseen)),
            (keys.renamed, list(joined(&self.renamed))),
        ];
        let known = keys.known.map(|key| (key, list(joined(&self.known))));
        lists.into_iter().chain(known).collect()
    }

    /// The names that are absent by our doing.
    pub(crate) fn withheld(&self) -> Vec<&str> {
        self.withheld.iter().map(String::as_str).collect()
    }

    /// What a name is called later.
    pub(crate) fn later_name(&self, name: &str) -> Option<&str> {
        self.renamed.get(name).map(String::as_str)
    }

    /// What a name was called before.
    pub(crate) fn earlier_names(&self, name: &str) -> Vec<&str> {
        let renamed = self.renamed.iter();
        let earlier = renamed.filter(|(_, later)| *later == name);
        earlier.map(|(earlier, _)| earlier.as_str()).collect()
    }

    /// Remembers that.
    pub(crate) fn rename(&mut self, name: &str, later: &str) {
        self.renamed.insert(name.into(), later.into());
    }

    /// The marks of a name.
    pub(crate) fn marks(&self, name: &str) -> Marks {
        Marks {
            offered: self.is_offered.contains(name),
            withheld: self.withheld.contains(name),
            unseen: self.withheld.contains(name) && self.unseen.contains(name),
        }
    }

    /// Remembers marks for a name. Offered is never taken back, as flatpak itself never does.
    pub(crate) fn mark(&mut self, name: &str, marks: Marks) {
        if marks.offered && self.is_offered.insert(name.into()) {
            self.offered.push(name.into());
        }
        for (names, holds) in [
            (&mut self.withheld, marks.withheld),
            (&mut self.unseen, marks.unseen),
        ] {
            if holds {
                names.insert(name.into());
            } else {
                names.remove(name);
            }
        }
    }

    /// All of it, by name.
    pub(crate) fn memory(&self) -> BTreeMap<String, Remembered> {
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
}

/// Pairs with a `:` between them, which the first does not have.
fn pairs(list: &[String]) -> BTreeMap<String, String> {
    let pairs = list.iter().filter_map(|pair| pair.split_once(':'));
    let owned = pairs.map(|(one, other)| (one.to_owned(), other.to_owned()));
    owned.collect()
}

fn joined(pairs: &BTreeMap<String, String>) -> impl Iterator<Item = String> {
    let pairs = pairs.iter();
    pairs.map(|(one, other)| format!("{one}:{other}"))
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> Option<BString> {
    let list = BString::from(value::encode_list(items));
    (!list.is_empty()).then_some(list)
}
