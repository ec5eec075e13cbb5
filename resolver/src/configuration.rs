//! A configuration path, with the rules by which it is read and how they are known.
//!
//! [`Resolver::configuration`](crate::Resolver::configuration) chooses; what is chosen can be asked as often as one
//! likes.

mod path;

use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::path::PathError;
pub(crate) use self::path::below_layers;
use crate::account::{Unread, tell};
use crate::bundle::Bundle;
use crate::discover::{Query, Shared, discover};
use crate::document::Document;
use crate::escape::escape_path;
use crate::finding::{Finding, code};
use crate::format::Kept;
use crate::merge::{Keep, merge};
use crate::rules::{DropIns, Rules, Shape};
use crate::scan::{Entry, Scan, scan};
use crate::tree::Tree;

/// How it is known by which rules a path is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The catalog knows the consumer.
    Consumer,
    /// The caller named the rules.
    Caller,
    /// Nobody says, so these are the rules of UAPI.6.
    Guess,
}

/// A configuration path of a tree, and how it is read.
///
/// ```
/// use overlay_resolver::{Basis, Resolver, Tree};
///
/// let resolver = Resolver::new(Tree::default())
///     .with("/etc/systemd/journald.conf.d/a.conf", "[Journal]\nStorage=auto\nStorage=none\n");
/// let journald = resolver.configuration("/etc/systemd/journald.conf")?;
/// assert_eq!(journald.basis(), Basis::Consumer);
/// assert_eq!(journald.document().key("Journal", "Storage").unwrap().applied().len(), 1);
///
/// let mine = resolver.configuration("myapp.conf")?;
/// assert_eq!((mine.basis(), mine.rules().name()), (Basis::Guess, "uapi6"));
/// # Ok::<(), overlay_resolver::PathError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Configuration {
    pub(crate) tree: Arc<Tree>,
    pub(crate) shared: Option<Arc<Shared>>,
    pub(crate) history: bool,
    pub(crate) path: PathBuf,
    pub(crate) rules: Rules,
    pub(crate) basis: Basis,
    /// Whether the catalog knows the consumer of this very path, whatever rules the caller named.
    pub(crate) is_known: bool,
    pub(crate) name: Option<String>,
    pub(crate) part_of: Option<PathBuf>,
    /// Why nobody reads what is there.
    pub(crate) unread: Option<Unread>,
}

/// The documents of a directory of entries.
#[derive(Debug, Clone)]
#[must_use = "it only tells"]
#[non_exhaustive]
pub struct Collection {
    /// One an entry, in byte order of their names.
    pub documents: Vec<Document>,
    /// What is wrong with the directory and with files that belong to no entry.
    pub findings: Vec<Finding>,
    /// Whether every layer could be listed. If not, what is missing may well exist, and what is
    /// there may be masked or overridden.
    pub complete: bool,
}

impl Configuration {
    /// The path below every layer.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The rules by which it is read.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How they are known.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// Whether the catalog knows its consumer, whatever rules the caller named; not of a [part](Self::part_of), which
    /// nobody looks for by its name.
    pub fn has_known_consumer(&self) -> bool {
        self.is_known
    }

    /// What its documents are reported under, where [`Catalog::with`](crate::Catalog::with) said so.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The known document that it is only a part of, by whose rules it is read: `systemd/journald.conf` of
    /// `systemd/journald.conf.d`. Other files have a say in that, too.
    pub fn part_of(&self) -> Option<&Path> {
        self.part_of.as_deref()
    }

    /// Whether nobody reads what is there: they are drop-ins of many units, and no layer has one, or its name says that
    /// it is not meant.
    pub fn is_unread(&self) -> bool {
        self.unread.is_some()
    }

    /// Whether each file of the path is a document of its own.
    pub fn is_directory(&self) -> bool {
        self.rules.shape_of(&self.path) == Shape::Entries
    }

    /// Whether nobody says what syntax the files have that do not tell it by their names.
    pub fn has_guessed_syntax(&self) -> bool {
        self.basis == Basis::Guess && self.rules.format.is_none()
    }

    /// The configuration path of one of its documents.
    pub fn path_of(&self, document: &Document) -> PathBuf {
        if self.is_directory() {
            self.path.join(&document.entry().name)
        } else {
            self.path.clone()
        }
    }

    /// The same path, read by these rules.
    #[must_use]
    pub fn read_by(self, rules: Rules) -> Self {
        let rules = rules.stacked(self.tree.bundles());
        Self { rules, ..self }
    }

    pub(crate) fn with_history(self) -> Self {
        Self {
            history: true,
            ..self
        }
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn with_shape(self, shape: Shape) -> Self {
        let rules = Rules {
            shape,
            ..self.rules
        };
        Self { rules, ..self }
    }

    /// A path without a suffix that tells may be a directory of documents: it is one if a layer has a
    /// directory there, and none has a file or drop-ins of one. Only names are read.
    pub(crate) fn directory_of_documents(self) -> Self {
        let is_open = self.basis != Basis::Consumer
            && self.rules.shape == Shape::Auto
            && self.rules.shape_of(&self.path) == Shape::Document
            && !self.rules.is_named_as_file(&self.path);
        let layers = self.rules.layers.iter();
        let mut places = layers.map(|layer| layer.base().join(&self.path));
        let is_directory = |place: &Path| matches!(self.tree.dir(place), Ok(Some(_)));
        if !is_open || !places.any(|place| is_directory(&place)) || self.has_file() {
            return self;
        }
        self.with_shape(Shape::Entries)
    }

    fn has_file(&self) -> bool {
        let beside = match (&self.rules.drop_ins, self.path.file_name()) {
            (DropIns::None | DropIns::Unit, _) | (_, None) => None,
            (DropIns::Named(name), _) => Some(self.path.with_file_name(name)),
            (DropIns::Beside, Some(name)) => {
                let mut directory = name.to_owned();
                directory.push(".d");
                Some(self.path.with_file_name(directory))
            }
        };
        self.rules.layers.iter().any(|layer| {
            let has_names = |directory: &PathBuf| {
                let dir = self.tree.dir(&layer.base().join(directory));
                let names = dir.ok().flatten().and_then(|dir| dir.names().ok());
                names.is_some_and(|names| !names.is_empty())
            };
            self.tree.is_file(&layer.base().join(&self.path))
                || beside.as_ref().is_some_and(has_names)
        })
    }

    /// Finds its files and says which of them count, without reading what they mean.
    pub fn scan(&self) -> Scan {
        let rules = self.rules.for_document(&self.path);
        let unshared = Shared::default();
        let discovery = discover(Query {
            tree: &self.tree,
            rules: &rules,
            path: &self.path,
            history: self.history,
            shared: self.shared.as_deref().unwrap_or(&unshared),
        });
        let (mut scan, others) = scan(&rules, rules.shape_of(&self.path), discovery);
        tell(&mut scan, &others);
        if let Some(why) = &self.unread {
            (scan.entries, scan.findings) = (Vec::new(), vec![why.finding(&self.path)]);
        }
        scan
    }

    /// All that it comes to: one document, or those of a [directory](Self::is_directory).
    ///
    /// It never fails: what is wrong is among the findings.
    pub fn resolve(&self) -> Collection {
        if self.is_directory() {
            return self.entries();
        }
        Collection {
            documents: vec![self.document()],
            findings: Vec::new(),
            complete: true,
        }
    }

    /// The document: a main file with its drop-ins, or a directory of drop-ins. Of a
    /// [directory](Self::is_directory) of documents an empty one.
    ///
    /// It never fails: what is wrong is among the [findings](Document::findings).
    pub fn document(&self) -> Document {
        let mut scan = self.scan();
        let entry = scan.entries.pop().filter(|_| !self.is_directory());
        let searched = [scan.searched, scan.on_the_way].concat();
        scan.findings.extend(self.is_a_part());
        self.merged(entry.unwrap_or_default(), scan.findings, searched.into())
    }

    /// That it is no document by itself.
    fn is_a_part(&self) -> Option<Finding> {
        let whole = escape_path(self.part_of().filter(|_| !self.is_unread())?);
        let message =
            format!("is a part of {whole}, in which other files have a say, too; ask for that");
        Some(code::PART_OF.warning(&self.path, message))
    }

    /// An entry, merged.
    fn merged(
        &self,
        mut entry: Entry,
        mut findings: Vec<Finding>,
        searched: Arc<[PathBuf]>,
    ) -> Document {
        findings.append(&mut entry.findings);
        let kept = Kept::default();
        let kept = self.shared.as_ref().map_or(&kept, |shared| &shared.kept);
        let ledger = merge(&entry, &self.rules, Keep::All, kept);
        let document = Document::new(entry, ledger, &self.rules, findings, searched);
        if self.has_guessed_syntax() {
            document.of_guessed_syntax()
        } else {
            document
        }
    }

    /// The documents of a directory of entries.
    pub(crate) fn entries(&self) -> Collection {
        let scan = self.scan();
        let searched: Arc<[_]> = [scan.searched, scan.on_the_way].concat().into();
        let documents = (scan.entries.into_iter())
            .map(|entry| self.merged(entry, Vec::new(), Arc::clone(&searched)));
        let mut findings = scan.findings;
        findings.extend(self.is_a_part());
        Collection {
            documents: documents.collect(),
            findings,
            complete: scan.complete,
        }
    }

    /// All that is to be said about what it came to: of the directory, of each document, and of the choice
    /// of the path itself.
    ///
    /// What cannot be read by a syntax that is only [guessed](Self::has_guessed_syntax) is no error: one
    /// warning a file.
    pub fn findings(&self, resolved: &Collection) -> Vec<Finding> {
        self.told(resolved, |document| document.findings().collect())
    }

    /// The same without what may only say that the guess is wrong: for whoever did not ask about this path.
    pub fn certain_findings(&self, resolved: &Collection) -> Vec<Finding> {
        self.told(resolved, |document| document.certain_findings().collect())
    }

    /// That what it comes to is not what its consumer sees: only the rules that a program named itself, or added to the
    /// catalog, are those of one that reads bundles.
    fn unseen_bundle(&self, resolved: &Collection) -> Option<Finding> {
        if self.basis == Basis::Caller || self.name.is_some() {
            return None;
        }
        let documents = resolved.documents.iter();
        let mut files = documents.flat_map(|document| document.entry().effective());
        let file = files.find(|file| file.layer.bundle().is_some())?;
        let message = "is a file of a bundle, and nothing brings it to where the consumer of this path reads: what is told is what it would come to";
        Some(code::UNSEEN_BUNDLE.warning(&file.path, message))
    }

    /// What there is to say of the bundles that are chosen.
    pub(crate) fn of_bundles(&self, resolved: &Collection) -> Vec<Finding> {
        let bundles = self.tree.bundles();
        if bundles.is_empty() {
            return Vec::new();
        }
        let refused = bundles.iter().filter_map(Bundle::refusal);
        self.unseen_bundle(resolved)
            .into_iter()
            .chain(refused.cloned())
            .collect()
    }

    fn told(&self, resolved: &Collection, of: fn(&Document) -> Vec<&Finding>) -> Vec<Finding> {
        let documents = resolved.documents.iter().flat_map(of).cloned();
        let mut findings = resolved.findings.clone();
        findings.extend(documents);
        findings.extend(self.of_bundles(resolved));
        findings.sort();
        findings
    }
}
