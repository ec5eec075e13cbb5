//! What the layers hold, by name.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use crate::catalog::Catalog;
use crate::finding::{Finding, code};
use crate::root::{Member, MemberKind};
use crate::rules::{Layer, Name, Rules};
use crate::tree::{Tree, TreeDir};

/// How many directories are listed at most.
pub const DIRECTORIES_LIMIT: usize = 1 << 16;

/// Directories that are never searched: there is no layered configuration in them, and much else.
///
/// What is excluded by rule needs no place here: nothing below a directory of drop-ins is searched,
/// nor are those in which units are linked (`.wants`), and start scripts (`init.d`, `rc2.d`) are no
/// drop-ins.
pub const NOT_CONFIGURATION: [&str; 19] = [
    "/etc/alternatives",
    "/etc/ssl/certs",
    // Vendors' data: documents, translations, pictures, code.
    "/usr/lib/debug",
    "/usr/lib/firmware",
    "/usr/lib/modules",
    // Databases of hardware, many megabytes of them.
    "/usr/lib/udev/hwdb.d",
    "/usr/share/doc",
    "/usr/share/help",
    "/usr/share/icons",
    "/usr/share/info",
    "/usr/share/licenses",
    "/usr/share/locale",
    "/usr/share/man",
    "/usr/share/zoneinfo",
    // Other users', other machines', secret.
    "/run/credentials",
    "/run/host",
    "/run/media",
    "/run/netns",
    "/run/user",
];

/// How deep below a layer is searched.
const DEPTH: usize = 3;

/// Places besides the default layers where vendors put configuration that some consumer reads; `/lib`
/// for trees whose `/usr` is not merged.
const MORE: [&str; 3] = ["/lib", "/usr/share", "/usr/local/share"];

/// What was met below the layers.
#[derive(Debug, Default)]
pub(super) struct Sighted {
    /// Directories of drop-ins and those that somebody knows, by configuration path.
    pub(super) directories: BTreeMap<PathBuf, Vec<Sighting>>,
    /// Files that the catalog knows.
    pub(super) files: BTreeMap<PathBuf, Vec<Sighting>>,
    pub(super) findings: Vec<Finding>,
}

/// A file or directory of one layer.
#[derive(Debug)]
pub(super) struct Sighting {
    /// Where its layer is, without symlinks.
    pub(super) place: PathBuf,
    /// Where it is.
    pub(super) at: PathBuf,
    /// What a directory holds; none if that cannot be told.
    pub(super) names: Option<Vec<OsString>>,
}

struct Walk<'t> {
    tree: &'t Tree,
    catalog: &'t Catalog,
    /// Where the layers are, without symlinks.
    places: Vec<PathBuf>,
    plain: Rules,
    sighted: Sighted,
    listed: usize,
}

/// Searches below every layer, the lowest first.
pub(super) fn walk(tree: &Tree, catalog: &Catalog) -> Sighted {
    let plain = Rules::default();
    let added = catalog.added().flat_map(|rules| &rules.layers);
    let known = added.chain(&plain.layers).map(Layer::base);
    let bases = MORE.iter().map(Path::new).chain(known);
    let mut places = Vec::<(PathBuf, PathBuf)>::new();
    for base in bases {
        let place = tree.place(base).unwrap_or_else(|| base.to_owned());
        match places.iter_mut().find(|(known, _)| *known == place) {
            // A layer is called by the name that it has as such.
            Some((_, name)) if MORE.iter().any(|more| name == Path::new(more)) => {
                base.clone_into(name);
            }
            Some(_) => {}
            None => places.push((place, base.to_owned())),
        }
    }
    let rank = |base: &Path| plain.layers.iter().position(|layer| layer.base() == base);
    places.sort_by_key(|(_, base)| rank(base).map_or(0, |rank| rank + 1));
    let mut walk = Walk {
        tree,
        catalog,
        places: places.iter().map(|(place, _)| place.clone()).collect(),
        plain: Rules::default(),
        sighted: Sighted::default(),
        listed: 0,
    };
    for (place, base) in &places {
        walk.layer(place, base);
    }
    walk.sighted
}

impl Walk<'_> {
    fn layer(&mut self, place: &Path, base: &Path) {
        let mut todo = vec![PathBuf::new()];
        while let Some(below) = todo.pop() {
            let directory = base.join(&below);
            if self.listed == DIRECTORIES_LIMIT {
                self.sighted.findings.push(code::NOT_SEARCHED.warning(
                    directory,
                    format!(
                        "not searched, nor what comes after it: {DIRECTORIES_LIMIT} directories are"
                    ),
                ));
                return;
            }
            self.listed += 1;
            let dir = match self.tree.dir(&directory) {
                Ok(dir) => dir,
                // A symlink to a file, or to nothing.
                Err(_) if below.components().count() == 1 && self.is_link(&directory) => continue,
                Err(why) => {
                    self.unreadable(&directory, &why);
                    continue;
                }
            };
            let members = dir.map(|dir| dir.members());
            match members {
                Some(Ok(members)) => {
                    for member in members {
                        todo.extend(self.member(place, base, &below, &member));
                    }
                }
                Some(Err(why)) => self.unreadable(&directory, &why),
                None => {}
            }
        }
    }

    fn is_link(&self, path: &Path) -> bool {
        self.tree.place(path).is_none_or(|place| place != path)
    }

    fn unreadable(&mut self, directory: &Path, why: &dyn std::fmt::Display) {
        let message = format!("not searched for configuration: {why}");
        let finding = code::NOT_SEARCHED.info(directory, message);
        self.sighted.findings.push(finding);
    }

    /// Notes a name, and returns the directory if it is one to be searched.
    fn member(
        &mut self,
        place: &Path,
        base: &Path,
        below: &Path,
        member: &Member,
    ) -> Option<PathBuf> {
        if matches!(self.plain.classify(&member.name), Name::Ignored(_)) {
            return None;
        }
        let path = below.join(&member.name);
        let depth = path.components().count();
        let is_link = member.kind == MemberKind::Symlink;
        if member.kind == MemberKind::Directory || is_link {
            let at = base.join(&path);
            let is_excluded = NOT_CONFIGURATION.iter().any(|no| at == Path::new(no));
            if is_excluded || is_start_scripts(&member.name) {
                return None;
            }
            if is_d(&member.name) || self.is_known_directory(&at, &path, is_link) {
                self.directory(place, base, path);
                return None;
            }
        }
        let is_file = matches!(member.kind, MemberKind::File | MemberKind::Symlink);
        if is_file && self.catalog.knows(&path) {
            let sighting = Sighting {
                place: place.into(),
                at: base.join(&path),
                names: None,
            };
            self.sighted.files.entry(path).or_default().push(sighting);
            return None;
        }
        let is_searched = match member.kind {
            MemberKind::Directory => true,
            MemberKind::Symlink => depth == 1 && self.leads_out_of_layers(&base.join(&path)),
            _ => false,
        };
        (is_searched && depth < DEPTH && !links_units(&path)).then_some(path)
    }

    /// Whether a directory that is not called `X.d` is one that somebody reads.
    fn is_known_directory(&self, at: &Path, path: &Path, is_link: bool) -> bool {
        self.catalog.knows(path) && (!is_link || matches!(self.tree.dir(at), Ok(Some(_))))
    }

    fn directory(&mut self, place: &Path, base: &Path, path: PathBuf) {
        let at = base.join(&path);
        let names = match self.tree.dir(&at) {
            Ok(Some(dir)) => dir.names().ok(),
            Ok(None) => return,
            // Who resolves the path will learn why.
            Err(_) => None,
        };
        let sighting = Sighting {
            place: place.into(),
            at,
            names,
        };
        self.sighted
            .directories
            .entry(path)
            .or_default()
            .push(sighting);
    }

    /// Whether a symlink leads to where no layer is, so that it is not met otherwise.
    fn leads_out_of_layers(&self, link: &Path) -> bool {
        let Some(target) = self.tree.place(link) else {
            return false;
        };
        let inside = |place: &PathBuf| target.starts_with(place) || place.starts_with(&target);
        !self.places.iter().any(inside)
    }
}

/// Whether a directory of this name holds drop-ins.
fn is_d(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name.ends_with(b".d") && !name.starts_with(b".")
}

/// `init.d`, `rc2.d`: scripts that are run by name and order, not read by layer.
fn is_start_scripts(name: &OsStr) -> bool {
    let name = name.as_bytes();
    name == b"init.d" || matches!(name, [b'r', b'c', .., b'.', b'd'] if name.len() <= 5)
}

/// `multi-user.target.wants` and its like hold symlinks to units.
fn links_units(path: &Path) -> bool {
    let end = path.extension();
    end.is_some_and(|end| end == "wants" || end == "requires" || end == "upholds")
}

/// Whether `directory` of the tree has a file (or what else is no directory) of this name.
pub(super) fn has_file(dir: &TreeDir<'_>, name: &OsStr) -> bool {
    let members = dir.members().unwrap_or_default();
    members
        .iter()
        .any(|member| member.name == name && member.kind != MemberKind::Directory)
}
