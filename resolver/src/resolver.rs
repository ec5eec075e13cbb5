//! From a configuration path to its merged document, in one call.

mod choose;
mod members;
mod owners;
mod part;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use crate::catalog::Catalog;
use crate::configuration::{Collection, PathError};
use crate::discover::Shared;
use crate::document::Document;
use crate::root::{Root, RootError};
use crate::rules::{Rules, Shape};
use crate::scan::Scan;
use crate::tree::Tree;

/// Resolves configuration paths of one tree.
///
/// It knows the paths of the [catalog](Catalog) and reads each of them by the rules of its consumer; any
/// other path by those of UAPI.6. The caller may name [rules](Self::rules) instead.
///
/// ```
/// use overlay_resolver::Resolver;
///
/// # let image = tempfile::tempdir()?;
/// # std::fs::create_dir_all(image.path().join("etc/myapp.d"))?;
/// # std::fs::write(image.path().join("etc/myapp.d/10-port.conf"), "[Server]\nPort=8080\n")?;
/// let resolver = Resolver::open(image.path())?; // "/" for the running system
/// let document = resolver.resolve("myapp.d")?;
/// assert_eq!(document.get("Server", "Port").unwrap().value(), "8080");
/// assert_eq!(
///     document.explain("Server", "Port").to_string(),
///     "/etc/myapp.d/10-port.conf:2  Port=8080  wins\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resolver {
    pub(crate) tree: Arc<Tree>,
    /// What several documents look at, kept where the tree stays the same.
    pub(crate) shared: Option<Arc<Shared>>,
    /// Most processes of the adapters never ask for the built-in one, and it takes longer to read than a
    /// hundred files.
    catalog: OnceLock<Catalog>,
    pub(crate) choice: Choice,
    pub(crate) history: bool,
}

/// Whose rules hold.
#[derive(Debug, Clone)]
pub(crate) enum Choice {
    /// Those of each path's consumer.
    Consumer,
    /// These.
    Rules(Arc<Rules>),
    /// These, as another consumer of the same files has them.
    Another(Arc<Rules>),
}

impl Choice {
    /// The rules that the caller named.
    pub(crate) fn rules(&self) -> Option<&Rules> {
        match self {
            Self::Consumer => None,
            Self::Rules(rules) | Self::Another(rules) => Some(rules),
        }
    }
}

impl Resolver {
    /// Resolves in the tree at `root`, such as `/`.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, RootError> {
        Ok(Self::new(Tree::from(Root::open(root.as_ref())?)))
    }

    /// Resolves in `tree`.
    pub fn new(tree: impl Into<Tree>) -> Self {
        let tree = tree.into();
        Self {
            shared: tree.stays().then(Arc::default),
            tree: tree.into(),
            catalog: OnceLock::new(),
            choice: Choice::Consumer,
            history: false,
        }
    }

    /// The same, with this catalog in the place of the [built-in](Catalog::built_in) one.
    #[must_use]
    pub fn with_catalog(self, catalog: Catalog) -> Self {
        Self {
            catalog: catalog.into(),
            ..self
        }
    }

    /// The same, by these rules, whatever the path. Where they say nothing of the keys, what is known of
    /// those of the path stays.
    #[must_use]
    pub fn rules(self, rules: Rules) -> Self {
        Self {
            choice: Choice::Rules(rules.into()),
            ..self
        }
    }

    /// The same, as another consumer would read each path: by these rules, but for the names of a known
    /// path's files and, where the rules leave that to a schema, the meaning of its keys.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Rules, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default())
    ///     .with("/usr/lib/systemd/journald.conf.d/z.conf", "[Journal]\nStorage=auto\n")
    ///     .with("/etc/systemd/journald.conf.d/a.conf", "[Journal]\nStorage=none\n");
    /// let storage = |resolver: &Resolver| {
    ///     let document = resolver.resolve("systemd/journald.conf").unwrap();
    ///     document.get("Journal", "Storage").unwrap().value().to_string()
    /// };
    /// assert_eq!(storage(&resolver), "auto"); // By name over all layers.
    /// let rules = Rules::named("libeconf").unwrap().into_builder().layers(["/usr/lib", "/etc"]);
    /// assert_eq!(storage(&resolver.as_read_by(rules.build()?)), "none"); // Layer by layer.
    /// # Ok::<(), overlay_resolver::rules::RulesError>(())
    /// ```
    #[must_use]
    pub fn as_read_by(self, rules: Rules) -> Self {
        Self {
            choice: Choice::Another(rules.into()),
            ..self
        }
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
        self.in_tree(|tree| tree.with(path.as_ref(), bytes))
    }

    /// The same in a tree that has nothing at `path`.
    #[must_use]
    pub fn without(self, path: impl AsRef<Path>) -> Self {
        self.in_tree(|tree| tree.without(path.as_ref()))
    }

    fn in_tree(self, change: impl FnOnce(Tree) -> Tree) -> Self {
        let tree = change(Arc::unwrap_or_clone(self.tree));
        Self {
            shared: tree.stays().then(Arc::default),
            tree: tree.into(),
            ..self
        }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What is known of paths.
    pub fn catalog(&self) -> &Catalog {
        self.catalog.get_or_init(Catalog::built_in)
    }

    /// Finds the files of `path` and says which of them count, without reading what they mean.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default())
    ///     .with("/usr/lib/myapp.d/10.conf", "port = 80\n")
    ///     .with("/etc/myapp.d/10.conf", "port = 8080\n");
    /// let scan = resolver.scan("myapp.d")?;
    /// let files: Vec<_> = scan.entries[0].effective().map(|file| &*file.path).collect();
    /// assert_eq!(files, [std::path::Path::new("/etc/myapp.d/10.conf")]);
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`configuration`](Self::configuration).
    pub fn scan(&self, path: impl AsRef<Path>) -> Result<Scan, PathError> {
        Ok(self.configuration(path)?.scan())
    }

    /// The document at `path`: a main file with its drop-ins, or a directory of drop-ins.
    ///
    /// What is wrong with the files is among the [findings](Document::findings). A directory in the place of
    /// a file is wrong where the path has the name of a file, or a layer has one.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let document = Resolver::new(Tree::default())
    ///     .with("/usr/lib/myapp.conf", "port = 80\n")
    ///     .with("/etc/myapp.conf.d/mine.conf", "port = 8080\n")
    ///     .resolve("myapp.conf")?;
    /// assert!(document.is_sound());
    /// assert_eq!(document.key("", "port").unwrap().last().unwrap().value(), "8080");
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`configuration`](Self::configuration), or the path is a directory of documents: its consumer
    /// reads it so, or nobody says what it is, and that is what the layers have. The commands show those
    /// documents; [`Configuration::resolve`](crate::Configuration::resolve) has them here.
    pub fn resolve(&self, path: impl AsRef<Path>) -> Result<Document, PathError> {
        let configuration = self.configuration(path)?;
        if configuration.is_directory() {
            return Err(PathError::Directory(configuration.path().into()));
        }
        Ok(configuration.document())
    }

    /// The documents of the directory of entries at `path`, such as `flatpak/remotes.d`.
    ///
    /// ```
    /// use overlay_resolver::{Resolver, Tree};
    ///
    /// let resolver = Resolver::new(Tree::default())
    ///     .with("/usr/lib/myapp/services/web", "port = 80\n")
    ///     .with("/usr/lib/myapp/services/mail", "port = 25\n")
    ///     .with("/etc/myapp/services/mail", ""); // Masks it.
    /// let services = resolver.entries("myapp/services")?;
    /// let names = services.documents.iter().filter(|one| one.entry().effective().next().is_some());
    /// let names: Vec<_> = names.map(|one| one.entry().name.to_str().unwrap()).collect();
    /// assert_eq!(names, ["web"]);
    /// # Ok::<(), overlay_resolver::PathError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`configuration`](Self::configuration).
    pub fn entries(&self, path: impl AsRef<Path>) -> Result<Collection, PathError> {
        let configuration = self.configuration(path)?;
        Ok(configuration.with_shape(Shape::Entries).entries())
    }
}
