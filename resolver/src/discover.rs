//! Finds what the layers hold under a configuration path: the only reading that [`scan`] needs.
//!
//! Each layer's directory is opened once, each file in it is pinned by its descriptor and read once.
//! What cannot be read is a value ([`Content::Unusable`]) or a finding, never a reason to stop.
//!
//! [`scan`]: crate::scan

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::finding::Finding;
use crate::root::{Content, Dir, Root};
use crate::rules::{Ignored, Name, Rules};

/// One file of one layer, as found.
#[derive(Debug)]
pub struct Found {
    /// The base directory of its layer.
    pub layer: PathBuf,
    /// Where it was found, as seen inside the root; symlinks are not followed in this name.
    pub path: PathBuf,
    /// Its content, or why nobody looked.
    pub content: Result<Content, Ignored>,
}

impl Found {
    /// The last component of the path.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or_default()
    }
}

/// All files that the layers hold under one configuration path, lowest layer first.
#[derive(Debug, Default)]
pub struct Discovery {
    /// The files beside each other in the layers' directories, by layer and then by name.
    pub mains: Vec<Found>,
    /// The files in drop-in directories, by the file name of their entry.
    pub drop_ins: BTreeMap<OsString, Vec<Found>>,
    /// Directories that exist and could not be listed: with one of these nobody can tell what is
    /// masked or overridden there.
    pub unreadable: Vec<Finding>,
    /// The same for drop-in directories, by the file name of the entry that they belong to.
    pub unreadable_drop_ins: BTreeMap<OsString, Finding>,
}

/// Reads all files of `path` (below every layer, such as `flatpak/remotes.d`).
pub fn discover(root: &Root, rules: &Rules, path: &Path) -> Discovery {
    let mut found = Discovery::default();
    for layer in &rules.layers {
        let directory = layer.base.join(path);
        match open(root, &directory) {
            Ok(Some(dir)) => found.read_layer(root, rules, &layer.base, &directory, &dir),
            Ok(None) => {}
            Err(finding) => found.unreadable.push(finding),
        }
    }
    found
}

impl Discovery {
    fn read_layer(
        &mut self,
        root: &Root,
        rules: &Rules,
        layer: &Path,
        directory: &Path,
        dir: &Dir,
    ) {
        let names = match dir.names() {
            Ok(names) => names,
            Err(error) => {
                self.unreadable.push(Finding::error(
                    directory,
                    format!("cannot be listed: {error}"),
                ));
                return;
            }
        };
        for name in names {
            let path = directory.join(&name);
            match rules.classify(&name) {
                Name::Entry => self.mains.push(Found {
                    layer: layer.into(),
                    path,
                    content: Ok(dir.content(&name)),
                }),
                Name::Ignored(reason) => self.mains.push(Found {
                    layer: layer.into(),
                    path,
                    content: Err(reason),
                }),
                Name::DropInDirectory(entry) => {
                    self.read_drop_ins(root, rules, layer, &path, entry);
                }
            }
        }
    }

    fn read_drop_ins(
        &mut self,
        root: &Root,
        rules: &Rules,
        layer: &Path,
        directory: &Path,
        entry: OsString,
    ) {
        let listed = open(root, directory).and_then(|dir| {
            let Some(dir) = dir else {
                return Err(Finding::error(
                    directory,
                    "leads to no directory; expected drop-ins in it (mask drop-ins one by one, by name)",
                ));
            };
            let names = dir
                .names()
                .map_err(|error| Finding::error(directory, format!("cannot be listed: {error}")))?;
            Ok((dir, names))
        });
        match listed {
            Ok((dir, names)) => {
                let drop_ins = names.into_iter().map(|name| Found {
                    layer: layer.into(),
                    path: directory.join(&name),
                    content: match rules.classify_drop_in(&name) {
                        Some(reason) => Err(reason),
                        None => Ok(dir.content(&name)),
                    },
                });
                self.drop_ins.entry(entry).or_default().extend(drop_ins);
            }
            Err(finding) => {
                self.unreadable_drop_ins.insert(entry, finding);
            }
        }
    }
}

fn open(root: &Root, directory: &Path) -> Result<Option<Dir>, Finding> {
    root.dir(directory).map_err(|error| {
        Finding::error(
            directory,
            format!("cannot be opened as a directory: {error}"),
        )
    })
}
