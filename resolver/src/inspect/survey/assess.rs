//! From what was met to configuration paths that have something to tell.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::walk::{Sighted, Sighting};
use super::{How, Surveyed};
use crate::catalog::{Catalog, is_unit_prefix, without_d};
use crate::owner::has_drop_ins_in;
use crate::rules::{DropIns, Name, Rules, Shape, unit};
use crate::tree::Tree;

struct Assessment<'t> {
    tree: &'t Tree,
    catalog: &'t Catalog,
    sighted: &'t Sighted,
    plain: Rules,
}

/// A candidate: whose rules, and which files and directories belong to it.
struct Candidate<'s> {
    how: How,
    rules: Rules,
    mains: Vec<&'s Sighting>,
    directories: Vec<&'s Sighting>,
}

/// The configuration paths that have something to tell, in byte order.
pub(super) fn assess(tree: &Tree, catalog: &Catalog, sighted: &Sighted) -> Vec<Surveyed> {
    let assessment = Assessment {
        tree,
        catalog,
        sighted,
        plain: Rules::default().stacked(tree.bundles()),
    };
    let mut candidates = BTreeMap::<PathBuf, Candidate<'_>>::new();
    for (directory, sightings) in &sighted.directories {
        let (path, how, rules) = assessment.owner(directory);
        let candidate = candidates
            .entry(path)
            .or_insert_with(|| Candidate::new(how, rules));
        candidate.directories.extend(sightings);
    }
    for (path, sightings) in &sighted.files {
        if let Some(rules) = assessment.catalog.rules(path) {
            let candidate = candidates
                .entry(path.clone())
                .or_insert_with(|| Candidate::new(How::Known, rules));
            candidate.mains.extend(sightings);
            candidate.directories.extend(assessment.of_unit(path));
        }
    }
    let tells = candidates
        .into_iter()
        .filter_map(|(path, candidate)| assessment.surveyed(path, candidate));
    let mut surveyed: Vec<_> = tells.collect();
    surveyed.sort_by(|a, b| a.path.as_os_str().cmp(b.path.as_os_str()));
    surveyed
}

impl Candidate<'_> {
    fn new(how: How, rules: Rules) -> Self {
        Self {
            how,
            rules,
            mains: Vec::new(),
            directories: Vec::new(),
        }
    }
}

impl<'t> Assessment<'t> {
    /// The path that a directory of drop-ins belongs to: the document that it extends, or itself.
    fn owner(&self, directory: &Path) -> (PathBuf, How, Rules) {
        let itself = || directory.to_owned();
        if self.catalog.has_added(directory)
            && let Some(rules) = self.catalog.rules(directory)
        {
            return (itself(), How::Source, rules);
        }
        if let Some(extended) = without_d(directory) {
            let of_document = self.catalog.rules(&extended).filter(|rules| {
                rules.shape_of(&extended) == Shape::Document && !is_unit_prefix(rules, &extended)
            });
            if let Some(rules) = of_document {
                return (extended, How::Known, rules);
            }
        }
        let itself_known = self.catalog.rules(directory);
        if let Some(rules) = itself_known.or_else(|| self.catalog.rules_of_many_units(directory)) {
            return (itself(), How::Known, rules);
        }
        if let Some(document) = self.catalog.document_of(directory)
            && let Some(rules) = self.catalog.rules(&document)
        {
            return (document, How::Known, rules);
        }
        match without_d(directory).filter(|path| self.is_file(path)) {
            Some(document) => (document, How::DropIns, self.plain.clone()),
            None => (itself(), How::Directory, self.plain.clone()),
        }
    }

    fn is_file(&self, path: &Path) -> bool {
        let mut layers = self.plain.layers.iter();
        layers.any(|layer| self.tree.has_no_directory(&layer.base().join(path)))
    }

    /// The drop-ins of a unit that are not in its own directory: its template's and its prefixes'. Those
    /// of its type belong to every unit, and say nothing about this one.
    fn of_unit(&self, path: &Path) -> Vec<&'t Sighting> {
        let Some(name) = path.file_name().and_then(OsStr::to_str) else {
            return Vec::new();
        };
        let is_unit = self
            .catalog
            .rules(path)
            .is_some_and(|rules| rules.drop_ins == DropIns::Unit);
        let directories = if is_unit {
            unit::directories(name)
        } else {
            Vec::new()
        };
        let found = directories.iter().skip(1).filter_map(|directory| {
            self.sighted
                .directories
                .get(&path.with_file_name(directory))
        });
        found.flatten().collect()
    }

    /// Whether a path is a directory of drop-ins for many units, none of which is there: nobody reads it.
    fn is_of_no_unit(&self, path: &Path) -> bool {
        let Some(directory) = path.file_name().and_then(OsStr::to_str) else {
            return false;
        };
        let has_it = |unit: &Path| {
            let name = unit.file_name().and_then(OsStr::to_str);
            unit.parent() == path.parent()
                && name.is_some_and(|name| has_drop_ins_in(name, directory))
                && (self.catalog).has_unit(unit, |path| self.sighted.files.contains_key(path))
        };
        let mut files = self.sighted.files.keys();
        let mut directories = self
            .sighted
            .directories
            .keys()
            .filter_map(|path| without_d(path));
        self.catalog.rules_of_many_units(path).is_some()
            && !files.any(|unit| has_it(unit))
            && !directories.any(|unit| has_it(&unit))
    }

    /// The path, if there is something to tell about it.
    fn surveyed(&self, path: PathBuf, mut candidate: Candidate<'_>) -> Option<Surveyed> {
        candidate.rules = candidate.rules.stacked(self.tree.bundles());
        let rules = &candidate.rules;
        let layers = rules.layers.iter().map(|layer| {
            let place = self.tree.place(layer.base());
            place.unwrap_or_else(|| layer.base().to_owned())
        });
        let layers: Vec<_> = layers.collect();
        let rank = |sighting: &Sighting| layers.iter().position(|place| *place == sighting.place);
        candidate.mains.retain(|main| rank(main).is_some());
        let (shape, of_path) = (rules.shape_of(&path), rules.for_document(&path));
        candidate.directories.retain(|directory| {
            rank(directory).is_some() && counts(&of_path, shape, directory.names.as_deref())
        });
        let overrides = candidate.mains.iter().any(|main| rank(main) > Some(0));
        if candidate.directories.is_empty() && !overrides || self.is_of_no_unit(&path) {
            return None;
        }
        let mut found = candidate.mains;
        found.extend(candidate.directories);
        found.sort_by_key(|sighting| rank(sighting));
        Some(Surveyed {
            path,
            how: candidate.how,
            at: found.iter().map(|sighting| sighting.at.clone()).collect(),
            rules: candidate.rules,
        })
    }
}

/// Whether anything in a directory counts; of one that cannot be listed nobody knows.
fn counts(rules: &Rules, shape: Shape, names: Option<&[std::ffi::OsString]>) -> bool {
    let Some(names) = names else { return true };
    names.iter().any(|name| match shape {
        Shape::Entries => !matches!(rules.classify(name), Name::Ignored(_)),
        _ => rules.classify_drop_in(name).is_none(),
    })
}
