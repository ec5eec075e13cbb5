//! What the layers hold, by name.

use std::collections::{BTreeMap, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::bundle::stacked;
use crate::catalog::Catalog;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::root::{Inode, Member, MemberKind, Reason, Unusable};
use crate::rules::{Name, Rules};
use crate::tree::{Tree, TreeDir};

/// How many directories are searched at most below one layer.
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
    pub(super) names: Option<Names>,
}

/// The names in a directory, however many links lead to it.
type Names = Rc<[OsString]>;

struct Walk<'t> {
    tree: &'t Tree,
    catalog: &'t Catalog,
    /// Where the layers are, without symlinks.
    places: Vec<PathBuf>,
    plain: Rules,
    /// How many directories are searched at most below one layer.
    limit: usize,
    sighted: Sighted,
    /// The names in directories of drop-ins that were met so far.
    names: HashMap<Inode, Names>,
}

/// The search below one layer.
struct Layer<'l> {
    /// Where it is, without symlinks.
    place: &'l Path,
    base: &'l Path,
    /// The directories that were searched, with the least depth at which they were met: from there, the
    /// search reaches furthest.
    met: HashMap<Inode, (usize, PathBuf)>,
    /// How many directories were searched; more than the limit once there are too many.
    searched: usize,
}

/// Searches below every layer, the lowest first.
pub(super) fn walk(tree: &Tree, catalog: &Catalog, limit: usize) -> Sighted {
    let plain = Rules::default().stacked(tree.bundles());
    let added = catalog.added();
    let added = added.flat_map(|rules| stacked(&rules.layers, tree.bundles()));
    let added: Vec<_> = added.collect();
    let known = added.iter().chain(&plain.layers);
    let bases = MORE.iter().map(Path::new);
    let bases = bases.chain(known.map(crate::rules::Layer::base));
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
        plain,
        limit,
        sighted: Sighted::default(),
        names: HashMap::new(),
    };
    for (place, base) in &places {
        walk.layer(&mut Layer {
            place,
            base,
            met: HashMap::new(),
            searched: 0,
        });
    }
    walk.sighted
}

impl Walk<'_> {
    fn layer(&mut self, layer: &mut Layer<'_>) {
        let mut todo = vec![PathBuf::new()];
        while let Some(below) = todo.pop()
            && layer.searched <= self.limit
        {
            match self.search(layer, &below) {
                // The first name comes first.
                Ok(found) => todo.extend(found.into_iter().rev()),
                // A symlink to a file, or to nothing.
                Err(why)
                    if why.target.is_some()
                        && matches!(why.reason, Reason::Missing | Reason::NotADirectory) => {}
                Err(why) => {
                    let message = format!("not searched for configuration: {why}");
                    self.not_searched(layer.base.join(&below), &message);
                }
            }
        }
    }

    /// Notes what a directory has, and returns those in it that are to be searched.
    fn search(&mut self, layer: &mut Layer<'_>, below: &Path) -> Result<Vec<PathBuf>, Unusable> {
        let directory = layer.base.join(below);
        let Some(dir) = self.tree.dir(&directory)? else {
            return Ok(Vec::new());
        };
        if let Some(inode) = dir.inode()? {
            let depth = below.components().count();
            match layer.met.get(&inode) {
                Some((least, name)) if *least <= depth => {
                    let message = format!(
                        "searched under another name of it, {}, and not under this one",
                        escape_path(name)
                    );
                    let finding = code::NOT_SEARCHED.info(directory, message);
                    self.sighted.findings.push(finding);
                    return Ok(Vec::new());
                }
                _ => layer.met.insert(inode, (depth, directory)),
            };
        }
        layer.searched += 1;
        if layer.searched > self.limit {
            let message = format!(
                "not searched, nor is what comes after it in this layer: {} directories of it are; ask \
                 about a path by its name",
                self.limit
            );
            self.not_searched(layer.base.join(below), &message);
            return Ok(Vec::new());
        }
        let members = dir.members()?;
        let members = members.iter();
        Ok(members
            .filter_map(|member| self.member(layer, below, member))
            .collect())
    }

    fn not_searched(&mut self, directory: PathBuf, message: &str) {
        let finding = code::NOT_SEARCHED.error(directory, message);
        self.sighted.findings.push(finding);
    }

    /// Notes a name, and returns the directory if it is one to be searched.
    fn member(&mut self, layer: &Layer<'_>, below: &Path, member: &Member) -> Option<PathBuf> {
        let base = layer.base;
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
                self.directory(layer, path);
                return None;
            }
        }
        let is_file = matches!(member.kind, MemberKind::File | MemberKind::Symlink);
        if is_file && self.catalog.knows(&path) {
            let sighting = Sighting {
                place: layer.place.into(),
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

    fn directory(&mut self, layer: &Layer<'_>, path: PathBuf) {
        let at = layer.base.join(&path);
        let names = match self.tree.dir(&at) {
            Ok(Some(dir)) => self.names_in(&dir).ok(),
            Ok(None) => return,
            // Who resolves the path will learn why.
            Err(_) => None,
        };
        let sighting = Sighting {
            place: layer.place.into(),
            at,
            names,
        };
        let known = self.sighted.directories.entry(path).or_default();
        known.push(sighting);
    }

    /// What a directory holds. It is listed once, since any number of links may lead to it.
    fn names_in(&mut self, dir: &TreeDir<'_>) -> Result<Names, Unusable> {
        let inode = dir.inode()?;
        if let Some(names) = inode.and_then(|inode| self.names.get(&inode)) {
            return Ok(Rc::clone(names));
        }
        let names = Names::from(dir.names()?);
        if let Some(inode) = inode {
            self.names.insert(inode, Rc::clone(&names));
        }
        Ok(names)
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
