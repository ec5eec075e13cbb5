//! The configuration path that a command is about, and how its consumer reads it.

mod file;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use overlay_adapters::adapter::SourcePath;
use overlay_adapters::{Adapters, definition};
use overlay_resolver::catalog::Catalog;
use overlay_resolver::escape::{escape_path, unescape};
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::root::Root;
use overlay_resolver::rules::{Repeated, Rules, Shape};
use overlay_resolver::scan::State;
use overlay_resolver::survey::of_many_units;
use overlay_resolver::tree::Tree;
use overlay_resolver::why::{self, Owner};
use overlay_resolver::{Collection, Document, Key, Resolver};

pub(crate) use self::file::{File, Whose};
use crate::Exit;
use crate::commands::Failure;

/// How to read, for every command that reads files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(crate) struct Reading {
    /// Read by this rule set: a name, or a TOML file of your own (a path with a `/`).
    ///
    /// Without it, the path tells: systemd's files are read as systemd reads them, and what is not
    /// known by uapi6.
    #[arg(long, value_name = "RULES")]
    pub(crate) rules: Vec<String>,

    /// What if PATH (inside the root) were FILE (on this machine)? An empty FILE masks.
    #[arg(long, value_name = "PATH=FILE")]
    pub(crate) with: Vec<With>,

    /// What if nothing were at PATH?
    #[arg(long, value_name = "PATH")]
    pub(crate) without: Vec<PathBuf>,
}

/// A virtual file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct With {
    path: PathBuf,
    file: PathBuf,
}

impl FromStr for With {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((path, file)) if !path.is_empty() && !file.is_empty() => Ok(Self {
                path: path.into(),
                file: file.into(),
            }),
            _ => Err("expected PATH=FILE, such as /etc/x.conf=new.conf"),
        }
    }
}

/// A configuration path of a tree, with the rules by which it is read.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) resolver: Resolver,
    /// Below every layer.
    pub(crate) path: PathBuf,
    /// The adapter that it belongs to; `files` where there is none.
    pub(crate) adapter: String,
    /// Whether its consumer is known or was named.
    pub(crate) is_known: bool,
    /// The known document that it is only a part of.
    pub(crate) part_of: Option<PathBuf>,
    /// Whether it is no surprise that no layer has it: something reads it if it is there, or the
    /// question takes it away.
    pub(crate) may_be_absent: bool,
}

/// What a subject comes to.
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

impl Subject {
    /// The subject that `path` means.
    pub(crate) fn new(root: &Root, path: &Path, reading: &Reading) -> Result<Self, Failure> {
        Self::by(
            root,
            path,
            reading,
            reading.rules.first().map(String::as_str),
        )
    }

    /// The same, read by a certain rule set.
    pub(crate) fn by(
        root: &Root,
        path: &Path,
        reading: &Reading,
        rules: Option<&str>,
    ) -> Result<Self, Failure> {
        Self::among(&Known::new(root), path, reading, rules)
    }

    /// The same, for whoever has many and asks once what is known.
    pub(crate) fn among(
        known: &Known,
        path: &Path,
        reading: &Reading,
        rules: Option<&str>,
    ) -> Result<Self, Failure> {
        let path = as_shown(reading, known, path)?;
        let (adapter, found) = known.rules(&path);
        let found = found.or_else(|| of_many_units(&known.catalog, &path));
        let is_known = found.is_some() || rules.is_some();
        let may_be_absent = found.is_some() || !reading.without.is_empty();
        let part_of = match found {
            Some(_) => None,
            None => whole(known, &path),
        };
        let rules = match rules {
            Some(name) if is_file(name) => as_written(named(name)?, found),
            Some(name) => as_read_by(named(name)?, found),
            None => found.unwrap_or_default(),
        };
        let mut tree = tree(known, reading)?;
        // Only there, since a tree with something laid over it takes longer to read.
        if path.starts_with(definition::DIRECTORY) {
            tree = definition::with_built_in(tree);
        }
        let resolver = Resolver::new(tree).rules(rules).with_history();
        let resolver = as_directory(resolver, &path);
        Ok(Self {
            resolver,
            path,
            adapter: adapter.to_owned(),
            is_known,
            part_of,
            may_be_absent,
        })
    }

    /// Whether each file of the path is a document of its own.
    pub(crate) fn is_directory(&self) -> bool {
        self.resolver.rule_set().shape_of(&self.path) == Shape::Entries
    }

    /// The configuration path of one of its documents.
    pub(crate) fn path_of(&self, document: &Document) -> PathBuf {
        if self.is_directory() {
            self.path.join(&document.entry().name)
        } else {
            self.path.clone()
        }
    }

    /// Resolves what has to be there: a path that nobody has, and that nobody is known to read, is
    /// likely to be mistyped.
    pub(crate) fn resolve_existing(&self) -> Resolved {
        let mut resolved = self.resolve();
        if resolved.is_empty() && !self.may_be_absent {
            let searched = self.resolver.scan(&self.path).searched;
            let searched = searched.iter().map(|path| escape_path(path).to_string());
            let searched = searched.collect::<Vec<_>>().join(", ");
            let message = format!("no layer has it; looked for {searched}");
            resolved.findings.push(Finding::error(&self.path, message));
        }
        resolved
    }

    /// Resolves it.
    pub(crate) fn resolve(&self) -> Resolved {
        if self.is_directory() {
            let Collection {
                documents,
                mut findings,
                ..
            } = self.resolver.entries(&self.path);
            findings.extend(
                documents
                    .iter()
                    .flat_map(|document| self.findings(document)),
            );
            findings.sort();
            return Resolved {
                documents,
                findings,
            };
        }
        let document = self.resolver.resolve(&self.path);
        let mut findings = self.findings(&document);
        findings.extend(self.part_of.as_ref().map(|whole| {
            let whole = escape_path(whole);
            let message =
                format!("is a part of {whole}, in which other files have a say, too; ask for that");
            Finding::warning(&self.path, message)
        }));
        findings.sort();
        Resolved {
            documents: vec![document],
            findings,
        }
    }
}

impl Subject {
    fn findings(&self, document: &Document) -> Vec<Finding> {
        let findings = document.findings().cloned();
        if self.is_guessed() {
            let problems: BTreeSet<_> = document.problems().iter().collect();
            guessed(findings, |finding| problems.contains(finding))
        } else {
            findings.collect()
        }
    }

    /// Whether nobody says what syntax the files have that do not tell it by their names.
    pub(crate) fn is_guessed(&self) -> bool {
        !self.is_known && self.resolver.rule_set().format.is_none()
    }
}

/// What cannot be read by a syntax that is only guessed is no error: one warning a file.
pub(crate) fn guessed(
    findings: impl Iterator<Item = Finding>,
    is_of_syntax: impl Fn(&Finding) -> bool,
) -> Vec<Finding> {
    // These say by their names what they are.
    let tells = |path: &Path| {
        path.extension()
            .is_some_and(|end| end == "toml" || end == "json")
    };
    let (mut problems, mut others): (Vec<_>, Vec<_>) =
        findings.partition(|finding| is_of_syntax(finding) && !tells(&finding.path));
    // Those of a file follow each other, whatever their levels are.
    problems.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    for file in problems.chunk_by(|a, b| a.path == b.path) {
        let Some(first) = file.first() else {
            continue;
        };
        let count = match file.len() {
            1 => "a line".to_owned(),
            count => format!("{count} lines"),
        };
        let message = format!(
            "{count} cannot be read as systemd's files are; the consumer is not known, so the syntax may be \
             another: `--rules` says which"
        );
        others.push(Finding {
            level: Level::Warning,
            message,
            ..first.clone()
        });
    }
    others
}

impl Resolved {
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

    /// An error among the findings fails the command.
    pub(crate) fn exit(&self) -> Exit {
        exit(&self.findings)
    }
}

/// An error among the findings fails the command.
pub(crate) fn exit(findings: &[Finding]) -> Exit {
    if findings.iter().any(|finding| finding.level == Level::Error) {
        Exit::Failed
    } else {
        Exit::Fine
    }
}

/// The tree that the owner asks about.
pub(crate) fn tree(known: &Known, reading: &Reading) -> Result<Tree, Failure> {
    let mut tree = known.tree.clone();
    // What is put somewhere stays, also below what is taken away.
    for path in &reading.without {
        tree = tree.without(path);
    }
    for With { path, file } in &reading.with {
        tree = tree.with(path, read_host(file)?);
    }
    Ok(tree)
}

/// The configuration path that the owner names, or has copied from where it was shown with escapes.
fn as_shown(reading: &Reading, known: &Known, path: &Path) -> Result<PathBuf, Failure> {
    let named = known.configuration_path(path);
    let shown = OsString::from_vec(unescape(path.as_os_str().as_bytes()));
    if shown == path.as_os_str() {
        return Ok(named);
    }
    let tree = tree(known, reading)?;
    let exists = |path: &Path| {
        let mut layers = Rules::default()
            .layers
            .into_iter()
            .map(|layer| layer.base().join(path));
        layers.any(|path| file::look(&tree, &path).is_some())
    };
    let shown = known.configuration_path(Path::new(&shown));
    Ok(if !exists(&named) && exists(&shown) {
        shown
    } else {
        named
    })
}

/// A path without a suffix that tells may be a directory of documents: it is one if no layer has a
/// file there.
fn as_directory(resolver: Resolver, path: &Path) -> Resolver {
    let rules = resolver.rule_set();
    if rules.shape != Shape::Auto || rules.shape_of(path) != Shape::Document {
        return resolver;
    }
    let is_directory = |path: &Path| matches!(resolver.tree().dir(path), Ok(Some(_)));
    let scan = resolver.scan(path);
    let mut fragments = scan.entries.iter().flat_map(|entry| &entry.fragments);
    let is_file = fragments.any(|fragment| {
        // A directory that another one hides was not looked at.
        !matches!(fragment.state, State::Unusable(_)) && !is_directory(&fragment.path)
    });
    let mut bases = rules.layers.iter().map(|layer| layer.base().join(path));
    if is_file || !bases.any(|path| is_directory(&path)) {
        return resolver;
    }
    let rules = Rules {
        shape: Shape::Entries,
        ..rules.clone()
    };
    resolver.rules(rules)
}

/// What is known of configuration paths: by the catalog and by the adapters.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) catalog: Catalog,
    /// What the adapters read, and their definitions.
    pub(crate) sources: Vec<SourcePath>,
    /// The tree as they read it.
    tree: Tree,
}

impl Known {
    /// The paths that are named, without the patterns that stand for any number of them.
    pub(crate) fn paths(&self) -> impl Iterator<Item = PathBuf> {
        let of_sources = self.sources.iter().map(|source| source.path.clone());
        of_sources.chain(self.catalog.paths())
    }

    /// Whether the consumer of a configuration path is known.
    pub(crate) fn knows(&self, path: &Path) -> bool {
        self.rules(path).1.is_some()
    }

    pub(crate) fn new(root: &Root) -> Self {
        let adapters = Adapters::open(root);
        let mut sources = adapters.sources();
        sources.push(definition::source());
        Self {
            catalog: Catalog::built_in(),
            sources,
            tree: adapters.tree(),
        }
    }

    /// `/etc/flatpak/remotes.d` means `flatpak/remotes.d`.
    pub(crate) fn configuration_path(&self, path: &Path) -> PathBuf {
        let plain = overlay_resolver::tree::absolute(path);
        let path = if path.is_absolute() {
            &*plain
        } else {
            plain.strip_prefix("/").unwrap_or(&plain)
        };
        let usual = Rules::default();
        let of_sources = self.sources.iter().map(|source| &source.rules);
        std::iter::once(&usual)
            .chain(of_sources)
            .map(|rules| rules.configuration_path(path))
            .min_by_key(|path| path.components().count())
            .unwrap_or(path)
            .to_owned()
    }

    /// What the entries of a configuration path are reported under, and how it is read.
    fn rules(&self, path: &Path) -> (&str, Option<Rules>) {
        for source in &self.sources {
            if path == source.path {
                return (&source.adapter, Some(source.rules.clone()));
            }
            // One file of it.
            if path.parent() == Some(&source.path) {
                let rules = Rules {
                    shape: Shape::Document,
                    ..source.rules.clone()
                };
                return (&source.adapter, Some(rules));
            }
        }
        ("files", self.catalog.rules(path))
    }
}

/// The known document that a file or directory at `path` is a part of: of `X.conf.d` and of what is in it,
/// `X.conf`.
fn whole(known: &Known, path: &Path) -> Option<PathBuf> {
    let inside = path.join("_.conf");
    let owner = |path: &Path| match why::owner(path, &known.catalog) {
        Owner::Document(document) => Some(document),
        _ => None,
    };
    let owners = [path, &inside].into_iter().filter_map(owner);
    owners
        .into_iter()
        .find(|document| document != path && known.knows(document))
}

/// What another consumer would make of a path of which something is known: the names of its files and
/// the meaning of its keys stay.
fn as_read_by(rules: Rules, known: Option<Rules>) -> Rules {
    let Some(known) = known else {
        return rules;
    };
    Rules {
        suffix: known.suffix,
        drop_in_suffix: known.drop_in_suffix,
        shape: known.shape,
        schema: if rules.repeated == Repeated::Schema {
            known.schema
        } else {
            rules.schema
        },
        ..rules
    }
}

/// Rules of the owner's: taken as they are. Where they say nothing of the keys, what is known of those
/// stays.
fn as_written(rules: Rules, known: Option<Rules>) -> Rules {
    match known {
        Some(known) if rules.schema.is_empty() => Rules {
            schema: known.schema,
            ..rules
        },
        _ => rules,
    }
}

/// Whether this names a file with rules, not a built-in set.
fn is_file(name: &str) -> bool {
    name.contains('/')
}

fn named(name: &str) -> Result<Rules, Failure> {
    if is_file(name) {
        let path = Path::new(name);
        return Ok(Rules::from_toml(path, &read_host(path)?)?);
    }
    Rules::named(name).ok_or_else(|| Failure::NoSuchRules { name: name.into() })
}

/// A file that the user names on the command line: it is the user's, not the tree's.
#[allow(
    clippy::disallowed_methods,
    reason = "the path is given for the host, where the user is"
)]
pub(crate) fn read_host(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = || {
        let kind = std::fs::metadata(path)?.file_type();
        // `/dev/null` is the way to write "an empty file"; a FIFO would wait, another device never end.
        if !kind.is_file() && path != Path::new("/dev/null") {
            return Err(std::io::Error::other("expected a regular file"));
        }
        std::fs::read(path)
    };
    read().map_err(|source| Failure::Read {
        path: path.into(),
        source,
    })
}
