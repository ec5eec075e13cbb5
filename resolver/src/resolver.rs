//! From a configuration path to its merged document, in one call.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::discover::{Query, discover};
use crate::document::Document;
use crate::finding::Finding;
use crate::merge::{Keep, merge};
use crate::root::{Root, RootError};
use crate::rules::{Rules, Shape};
use crate::scan::{Entry, Scan, scan};
use crate::tree::Tree;

/// Resolves configuration paths of one tree by one rule set.
///
/// ```
/// use overlay_resolver::Resolver;
///
/// # let image = tempfile::tempdir()?;
/// # std::fs::create_dir_all(image.path().join("etc/myapp.d"))?;
/// # std::fs::write(image.path().join("etc/myapp.d/10-port.conf"), "[Server]\nPort=8080\n")?;
/// let resolver = Resolver::open(image.path())?; // "/" for the running system
/// let document = resolver.resolve("myapp.d");
/// assert_eq!(document.get("Server", "Port").unwrap().value(), "8080");
/// assert_eq!(
///     document.explain("Server", "Port").to_string(),
///     "/etc/myapp.d/10-port.conf:2  Port=8080  wins\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resolver {
    tree: Tree,
    rules: Rules,
    history: bool,
}

/// The documents of a directory of entries.
#[derive(Debug)]
#[must_use = "it only tells"]
pub struct Collection {
    /// One an entry, in byte order of their names.
    pub documents: Vec<Document>,
    /// What is wrong with the directory and with files that belong to no entry.
    pub findings: Vec<Finding>,
    /// Whether every layer could be listed. If not, what is missing may well exist, and what is
    /// there may be masked or overridden.
    pub complete: bool,
}

impl Resolver {
    /// Resolves in the tree at `root`, such as `/`, by the rules of UAPI.6.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, RootError> {
        Ok(Self::new(Tree::from(Root::open(root.as_ref())?)))
    }

    /// Resolves in `tree` by the rules of UAPI.6.
    pub fn new(tree: impl Into<Tree>) -> Self {
        Self {
            tree: tree.into(),
            rules: Rules::default(),
            history: false,
        }
    }

    /// The same, by these rules.
    #[must_use]
    pub fn rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// The same, reading also the files that a higher layer hides, so that the document can say what
    /// they would have done.
    #[must_use]
    pub fn with_history(self) -> Self {
        Self {
            history: true,
            ..self
        }
    }

    /// The same in a tree that has a file of these bytes at `path`: what if?
    #[must_use]
    pub fn with(self, path: impl AsRef<Path>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            tree: self.tree.with(path.as_ref(), bytes),
            ..self
        }
    }

    /// The same in a tree that has nothing at `path`.
    #[must_use]
    pub fn without(self, path: impl AsRef<Path>) -> Self {
        Self {
            tree: self.tree.without(path.as_ref()),
            ..self
        }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The rules in use.
    pub fn rule_set(&self) -> &Rules {
        &self.rules
    }

    /// Finds the files of `path` and says which of them count, without reading what they mean.
    ///
    /// `path` is one below every layer, such as `systemd/journald.conf`, or one inside a layer, such
    /// as `/etc/systemd/journald.conf`, which means the same.
    pub fn scan(&self, path: impl AsRef<Path>) -> Scan {
        let path = self.rules.configuration_path(path.as_ref());
        let rules = self.rules.for_document(path);
        let discovery = discover(Query {
            tree: &self.tree,
            rules: &rules,
            path,
            history: self.history,
        });
        scan(&rules, rules.shape_of(path), discovery)
    }

    /// The document at `path`: a main file with its drop-ins, or a directory of drop-ins.
    ///
    /// It never fails: what is wrong is among the [findings](Document::findings).
    pub fn resolve(&self, path: impl AsRef<Path>) -> Document {
        let mut scan = self.scan(path);
        let entry = scan.entries.pop().unwrap_or_default();
        self.document(entry, scan.findings, scan.searched.into())
    }

    /// An entry, merged.
    fn document(
        &self,
        mut entry: Entry,
        mut findings: Vec<Finding>,
        searched: Arc<[PathBuf]>,
    ) -> Document {
        findings.append(&mut entry.findings);
        let ledger = merge(&entry, &self.rules, Keep::All);
        Document::new(entry, ledger, &self.rules, findings, searched)
    }

    /// The documents of the directory of entries at `path`, such as `flatpak/remotes.d`.
    pub fn entries(&self, path: impl AsRef<Path>) -> Collection {
        let rules = Rules {
            shape: Shape::Entries,
            ..self.rules.clone()
        };
        let resolver = Self {
            rules,
            ..self.clone()
        };
        let scan = resolver.scan(path);
        let searched: Arc<[_]> = scan.searched.into();
        let documents = (scan.entries.into_iter())
            .map(|entry| resolver.document(entry, Vec::new(), Arc::clone(&searched)));
        Collection {
            documents: documents.collect(),
            findings: scan.findings,
            complete: scan.complete,
        }
    }
}
