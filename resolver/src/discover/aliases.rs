//! Other names of a unit. Their drop-ins count for it as well (systemd.unit(5), "aliases"), and are not
//! read by this name: who asks is told.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::Query;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::root::{MemberKind, Unusable};
use crate::tree::Tree;

/// The other names of units.
#[derive(Debug, Default)]
pub(super) struct Aliases {
    /// By the name that their symlinks lead to.
    by_unit: HashMap<OsString, Vec<DropIns>>,
    /// The directories in which others may be, and why nobody can tell.
    unlisted: Vec<(PathBuf, Unusable)>,
}

/// A directory of drop-ins.
#[derive(Debug, Clone)]
struct DropIns {
    /// The unit whose name it has.
    alias: OsString,
    path: PathBuf,
}

impl Query<'_> {
    /// The directories of drop-ins of other names of the unit `name`, each as a warning.
    pub(super) fn aliases(&self, name: &OsStr) -> Vec<Finding> {
        let parent = self.path.parent().unwrap_or(Path::new(""));
        let places = self.below_layers(parent).into_iter();
        let directories = places.map(|place| place.directory).collect();
        let aliases = self.shared.aliases(self.tree, directories);
        let found = aliases.by_unit.get(name).into_iter().flatten();
        let finding = |DropIns { alias, path }: &DropIns| {
            let message = format!(
                "{} is another name of {}, so these drop-ins count for it as well and are not read here; ask for that name, too",
                escape_path(alias.as_ref()),
                escape_path(name.as_ref())
            );
            code::ALIAS_DROP_INS.warning(path, message)
        };
        let unlisted = aliases.unlisted.iter().map(|(directory, why)| {
            let message = format!(
                "cannot be listed: {why}; so nobody can tell which other names {} has, whose drop-ins count for it as well",
                escape_path(name.as_ref())
            );
            code::BROKEN_DIRECTORY.warning(directory, message)
        });
        found.map(finding).chain(unlisted).collect()
    }
}

impl Aliases {
    /// Those of the units in these directories, lowest layer first. A symlink of any layer makes one.
    pub(super) fn find(tree: &Tree, directories: &[PathBuf]) -> Self {
        let mut links = Vec::new();
        let mut drop_ins = Vec::new();
        let mut unlisted = Vec::new();
        for directory in directories {
            // That it cannot be opened is told where the unit itself is looked for in it.
            let Ok(Some(dir)) = tree.dir(directory) else {
                continue;
            };
            let members = match dir.members() {
                Ok(members) => members,
                Err(why) => {
                    unlisted.push((directory.clone(), why));
                    continue;
                }
            };
            let mut names = BTreeSet::new();
            for member in members {
                let is_link = member.kind == MemberKind::Symlink;
                let may_be_directory = is_link || member.kind == MemberKind::Directory;
                if let Some(alias) = member.name.as_bytes().strip_suffix(b".d")
                    && may_be_directory
                {
                    drop_ins.push(DropIns {
                        alias: OsStr::from_bytes(alias).into(),
                        path: directory.join(&member.name),
                    });
                }
                if is_link {
                    names.insert(member.name);
                }
            }
            links.push((directory, names));
        }
        let mut ends = HashMap::<&OsStr, BTreeSet<OsString>>::new();
        for DropIns { alias, .. } in &drop_ins {
            ends.entry(alias).or_insert_with(|| {
                let places = links.iter().filter(|(_, names)| names.contains(alias));
                // Only the way is looked at, not what is in the file.
                let ends = places.filter_map(|(directory, _)| tree.place(&directory.join(alias)));
                let ends = ends.filter_map(|end| end.file_name().map(OsStr::to_owned));
                let is_other = |end: &OsString| end != alias && kind(end) == kind(alias);
                ends.filter(is_other).collect()
            });
        }
        let mut by_unit = HashMap::<_, Vec<_>>::new();
        for of_alias in &drop_ins {
            for unit in &ends[&*of_alias.alias] {
                let known = by_unit.entry(unit.clone()).or_default();
                known.push(of_alias.clone());
            }
        }
        Self { by_unit, unlisted }
    }
}

/// The type of a unit.
fn kind(unit: &OsStr) -> Option<&OsStr> {
    Path::new(unit).extension()
}
