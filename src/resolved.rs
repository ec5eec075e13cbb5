//! What a command about files asks, and what it comes to.

use std::mem::ManuallyDrop;
use std::path::Path;

use overlay_adapters::Adapters;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;
use overlay_resolver::{Configuration, Document, Key, PathError, Resolver};

use crate::code;
use crate::failure::Failure;
use crate::reading::{Reading, unescaped};

/// The resolver that the commands ask: it knows what the adapters read, and reads as the owner wants.
///
/// It is made once a command. Where no adapter can have to do with a path, their definitions are not read.
pub(crate) fn resolver(
    root: &Root,
    path: Option<&Path>,
    reading: &Reading,
) -> Result<Resolver, Failure> {
    reading.apply(plain(root, path))
}

/// The same, without what the owner wants.
pub(crate) fn plain(root: &Root, path: Option<&Path>) -> Resolver {
    let concerns = |path: &Path| Adapters::may_read(root, &[path, Path::new(&unescaped(path))]);
    match path {
        Some(path) if !concerns(path) => Resolver::new(root.clone()),
        _ => Adapters::open(root).resolver(),
    }
}

/// The configuration that the owner names, or has copied from where it was shown with escapes.
pub(crate) fn configuration(resolver: &Resolver, path: &Path) -> Result<Configuration, Failure> {
    let named = resolver.configuration(path)?;
    let shown = unescaped(path);
    if shown == path.as_os_str() || exists(resolver, &named) {
        return Ok(named);
    }
    match resolver.configuration(&shown) {
        Ok(shown) if exists(resolver, &shown) => Ok(shown),
        _ => Ok(named),
    }
}

/// The same, or the documents of a directory in which each is read by rules of its own.
pub(crate) fn configurations(
    resolver: &Resolver,
    path: &Path,
) -> Result<Vec<Configuration>, Failure> {
    match configuration(resolver, path) {
        Err(Failure::Path(PathError::Members { path, .. })) => Ok(resolver.members(&path)),
        found => Ok(vec![found?]),
    }
}

fn exists(resolver: &Resolver, configuration: &Configuration) -> bool {
    let mut layers = configuration.rules().layers().iter();
    layers.any(|layer| {
        resolver
            .tree()
            .has(&layer.base().join(configuration.path()))
    })
}

/// What a configuration comes to.
#[derive(Debug)]
pub(crate) struct Resolved {
    /// One, or one an entry.
    pub(crate) documents: Vec<Document>,
    /// All that was found, about the directory and about the documents.
    pub(crate) findings: Vec<Finding>,
}

/// A document, and those of its keys that are asked about.
#[derive(Debug)]
pub(crate) struct Explained<'d> {
    pub(crate) document: &'d Document,
    pub(crate) keys: Vec<Key<'d>>,
}

impl Resolved {
    /// What `configuration` comes to.
    pub(crate) fn of(configuration: &Configuration) -> Self {
        let collection = configuration.resolve();
        Self {
            findings: configuration.findings(&collection),
            documents: collection.documents,
        }
    }

    /// The same of a path that nobody asked for by name. That a guess at its syntax is wrong is told with the
    /// files only.
    pub(crate) fn unasked(configuration: &Configuration) -> Self {
        let collection = configuration.resolve();
        Self {
            findings: configuration.certain_findings(&collection),
            documents: collection.documents,
        }
    }

    /// The same of what has to be there: a path that nobody has, and that nobody is known to read, is
    /// likely to be mistyped, unless the question takes it away.
    ///
    /// It is what the process has been started for, so its end takes the memory back. To give it back block by block
    /// was seen in the profile of a digest of 100,000 files.
    pub(crate) fn of_existing(
        configuration: &Configuration,
        reading: &Reading,
    ) -> ManuallyDrop<Self> {
        let mut resolved = Self::of(configuration);
        let may_be_absent = configuration.has_known_consumer()
            || configuration.is_unread()
            || !reading.without.is_empty();
        if resolved.is_empty() && !may_be_absent {
            let searched = configuration.scan().searched;
            let searched = searched.iter().map(|path| escape_path(path).to_string());
            let searched = searched.collect::<Vec<_>>().join(", ");
            let message = format!("no layer has it; looked for {searched}");
            let finding = code::NO_SUCH_PATH.error(configuration.path(), message);
            resolved.findings.push(finding);
        }
        ManuallyDrop::new(resolved)
    }

    /// Every path that can change the result.
    pub(crate) fn watched(&self) -> Vec<&Path> {
        let mut watched: Vec<_> = self.documents.iter().flat_map(Document::watched).collect();
        watched.sort_unstable();
        watched.dedup();
        watched
    }

    /// The documents, to show the lines of findings from.
    pub(crate) fn sources(&self) -> Vec<&Document> {
        self.documents.iter().collect()
    }

    /// The documents that have files, with all their keys; with a key named, those that have it.
    pub(crate) fn explained(&self, key: Option<&str>) -> Vec<Explained<'_>> {
        let documents = self.documents.iter();
        let documents = documents.filter(|document| !document.entry().fragments.is_empty());
        documents
            .map(|document| Explained {
                document,
                keys: match key {
                    Some(key) => document.keys_named(key),
                    None => document.keys().collect(),
                },
            })
            .filter(|explained| key.is_none() || !explained.keys.is_empty())
            .collect()
    }

    /// Whether no layer has anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.documents
            .iter()
            .all(|document| document.entry().fragments.is_empty())
    }

    /// Whether it is an error that no layer has anything.
    pub(crate) fn is_absent(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.code == code::NO_SUCH_PATH)
    }
}

/// What the entries of a configuration are reported under.
pub(crate) fn adapter(configuration: &Configuration) -> &str {
    configuration.name().unwrap_or("files")
}
