//! What a file of the tree may be a part of.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use overlay_adapters::Adapters;
use overlay_resolver::account::Unread;
use overlay_resolver::escape::unescape;
use overlay_resolver::root::{Content, Kind, Reason, Root};
use overlay_resolver::rules::{Layer, Rules};
use overlay_resolver::tree::Tree;
use overlay_resolver::why::{Owner, Paths, has_drop_ins_in, owner};

use super::{Known, Reading, Subject, named, tree};
use crate::commands::Failure;

/// A file of the tree.
#[derive(Debug)]
pub(crate) struct File {
    /// As seen inside the root.
    pub(crate) path: PathBuf,
    /// The line that was asked for.
    pub(crate) line: Option<usize>,
    /// Whether it is none.
    pub(crate) is_directory: bool,
    /// Its path without symlinks in its directory.
    place: PathBuf,
    known: Known,
    tree: Tree,
}

/// What a file may be a part of.
#[derive(Debug)]
pub(crate) enum Whose {
    /// One of these.
    Subjects(Vec<Subject>),
    /// Nobody's.
    Nobody(Unread),
}

impl File {
    /// The file that `FILE[:LINE]` means, as it is named or as it was shown; below `outside`, the path of
    /// the root on the host, too.
    pub(crate) fn new(
        root: &Root,
        text: &str,
        outside: &Path,
        reading: &Reading,
    ) -> Result<Self, Failure> {
        let known = Known::new(root);
        let tree = tree(&known, reading)?;
        let adapters = Adapters::open(root);
        let shown = OsString::from_vec(unescape(text.as_bytes()));
        let line = shown.to_str().and_then(|shown| split_line(shown));
        let line = line.or_else(|| split_line(text));
        let texts = [
            Some((OsStr::new(text), None)),
            Some((&*shown, None)),
            split_line(text).map(|(file, line)| (OsStr::new(file), Some(line))),
            line.map(|(file, line)| (OsStr::new(file), Some(line))),
        ];
        for (file, line) in texts.into_iter().flatten() {
            let inside = Path::new(file).strip_prefix(outside).ok();
            for path in std::iter::once(Path::new(file)).chain(inside) {
                let path = Path::new("/").join(path);
                if let Some(adapter) = adapters.writer_of(&path) {
                    return Err(Failure::IsTarget { path, adapter });
                }
                if let Some(content) = look(&tree, &path) {
                    if line == Some(0) {
                        return Err(Failure::LineZero(path));
                    }
                    return Ok(Self {
                        is_directory: is_directory(&content),
                        place: place(&tree, &path),
                        path,
                        line,
                        known,
                        tree,
                    });
                }
            }
        }
        let path = split_line(text).map_or(text, |(file, _)| file);
        Err(Failure::NoSuchFile(Path::new("/").join(path)))
    }

    /// The name under which a document has it: layers may have several names.
    pub(crate) fn found_as<'p>(
        &self,
        mut paths: impl Iterator<Item = &'p Path> + Clone,
    ) -> Option<&'p Path> {
        let exact = paths.clone().find(|path| **path == self.path);
        exact.or_else(|| paths.find(|path| place(&self.tree, path) == self.place))
    }

    /// What it may be a part of.
    pub(crate) fn whose(&self, reading: &Reading) -> Result<Whose, Failure> {
        let known = &self.known;
        let layers = known.layers(reading)?;
        let Some(path) = self.below(&layers) else {
            return Ok(Whose::Nobody(Unread::NoLayer));
        };
        let known = InTree {
            known,
            layers: &layers,
            tree: &self.tree,
        };
        let rules = reading.rules.first().map(String::as_str);
        let subject = |path: &Path| Subject::among(known.known, path, reading, rules);
        match owner(&path, &known) {
            Owner::Document(path) | Owner::Entries(path) => {
                Ok(Whose::Subjects(vec![subject(&path)?]))
            }
            Owner::Units {
                directory,
                drop_ins,
            } => {
                let units = known.units(&directory, &drop_ins);
                let Some(first) = units.first() else {
                    return Ok(Whose::Nobody(Unread::NoUnit(drop_ins)));
                };
                // They are of one type, hence read by the same rules, which are long to prepare.
                let first = subject(&directory.join(first))?;
                let units = units.iter().map(|unit| Subject {
                    path: directory.join(unit),
                    ..first.clone()
                });
                Ok(Whose::Subjects(units.collect()))
            }
            Owner::Nobody(why) => Ok(Whose::Nobody(why)),
        }
    }

    /// Its path below the deepest layer that it is in.
    fn below(&self, layers: &[Layer]) -> Option<PathBuf> {
        let below = |file: &Path, base: &Path| file.strip_prefix(base).map(Path::to_owned).ok();
        let by_name = layers
            .iter()
            .filter_map(|layer| below(&self.path, layer.base()));
        let by_place = layers
            .iter()
            .filter_map(|layer| below(&self.place, &place(&self.tree, layer.base())));
        let shortest = |paths: &mut dyn Iterator<Item = PathBuf>| {
            paths.min_by_key(|path| path.components().count())
        };
        shortest(&mut by_name.into_iter()).or_else(|| shortest(&mut by_place.into_iter()))
    }
}

/// What is known of paths, with a tree to look into.
struct InTree<'k> {
    known: &'k Known,
    layers: &'k [Layer],
    tree: &'k Tree,
}

impl Paths for InTree<'_> {
    fn rules(&self, path: &Path) -> Option<Rules> {
        self.known.rules(path).1
    }

    fn document_of(&self, directory: &Path) -> Option<PathBuf> {
        self.known.catalog.document_of(directory)
    }

    fn exists(&self, path: &Path) -> bool {
        let mut layers = self.layers.iter();
        let file = |layer: &Layer| look(self.tree, &layer.base().join(path));
        layers.any(|layer| file(layer).is_some_and(|content| !is_directory(&content)))
    }
}

impl InTree<'_> {
    /// The units in a directory that have drop-ins in the directory of that name.
    fn units(&self, directory: &Path, drop_ins: &str) -> BTreeSet<String> {
        let mut units = BTreeSet::new();
        // `a.service` of `a.service.d`, whether or not it is there; not so a prefix or a type.
        let own = drop_ins.trim_end_matches(".d");
        if own.contains('.') && !own.contains("-.") {
            units.insert(own.to_owned());
        }
        for layer in self.layers {
            let names = self.tree.dir(&layer.base().join(directory));
            let names = names.ok().flatten().and_then(|dir| dir.names().ok());
            for name in names.unwrap_or_default() {
                if let Some(name) = name.to_str()
                    && has_drop_ins_in(name, drop_ins)
                    && self.known.catalog.knows(&directory.join(name))
                {
                    units.insert(name.to_owned());
                }
            }
        }
        units
    }
}

impl Known {
    /// All layers of all consumers.
    fn layers(&self, reading: &Reading) -> Result<Vec<Layer>, Failure> {
        let mut rules: Vec<_> = Rules::names().filter_map(Rules::named).collect();
        for name in &reading.rules {
            rules.push(named(name)?);
        }
        let of_sources = self.sources.iter().map(|source| &source.rules);
        let mut layers: Vec<_> = of_sources
            .chain(&rules)
            .flat_map(|rules| rules.layers.clone())
            .collect();
        layers.sort();
        layers.dedup();
        Ok(layers)
    }
}

/// `FILE:LINE`.
fn split_line(text: &str) -> Option<(&str, usize)> {
    let (file, line) = text.rsplit_once(':')?;
    Some((file, line.parse().ok()?))
}

/// What is at `path`, if anything is.
pub(super) fn look(tree: &Tree, path: &Path) -> Option<Content> {
    let dir = tree.dir(path.parent()?).ok()??;
    Some(dir.open(path.file_name()?)?.content)
}

fn is_directory(content: &Content) -> bool {
    matches!(content, Content::Unusable(why) if why.reason == Reason::NotAFile(Kind::Directory))
}

/// A path with the symlinks of its directory followed.
fn place(tree: &Tree, path: &Path) -> PathBuf {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return path.into();
    };
    match tree.place(parent) {
        Some(parent) => parent.join(name),
        None => path.into(),
    }
}
