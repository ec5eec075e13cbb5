//! Adapters, each bringing its sources to its target: which there are in a root, and how they run.

use std::path::{Path, PathBuf};

use overlay_resolver::bundle::Bundle;
use overlay_resolver::finding::{Finding, Level};
use overlay_resolver::inspect::lint::Lint;
use overlay_resolver::root::Root;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Catalog, Configuration, Document, Resolver};

use crate::cleanup::Cleanup;
use crate::code;
use crate::definition;
use crate::expiry::Moment;
use crate::report::{Left, Report, Request};
use crate::route::SourcePath;
use crate::run::READ_TOTAL;
use crate::scope::Scope;
use crate::source::{stem, whole_for};
use crate::work::Work;

/// What `check` finds beside the lints of the resolver.
pub const LINTS: [Lint; 3] = [
    Lint::found_elsewhere(code::BAD_NAME, Level::Error),
    Lint::found_elsewhere(code::EXPIRED_KEY, Level::Warning),
    Lint::found_elsewhere(code::EXPIRING_KEY, Level::Warning),
];

/// One adapter on one root.
#[derive(Debug)]
pub struct Adapter<'r> {
    root: &'r Root,
    name: String,
    work: Work,
}

impl Adapter<'_> {
    /// Its name, which is that of its definition.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration paths that it reads.
    pub fn sources(&self) -> Vec<SourcePath> {
        self.work.route().sources()
    }

    /// What it writes: a file or a directory inside the root. Of one whose entries are run, where it is written down what
    /// became of them.
    pub fn target(&self) -> PathBuf {
        self.work.route().target()
    }

    /// Whose that is.
    pub fn scope(&self) -> Scope {
        Scope::within(self.root, &self.target())
    }

    fn left(&self) -> Left {
        Left {
            adapter: self.name.clone(),
            target: self.target(),
            scope: self.scope(),
            is_elsewhere: self.work.is_elsewhere(self.root),
        }
    }

    /// Whether a run may not write its target, or run what it runs.
    fn is_left(&self, request: &Request) -> bool {
        !request.scopes.contain(self.root, &self.target()) || self.work.is_elsewhere(self.root)
    }

    /// What a run would do. Writes and runs nothing.
    pub fn plan(&self, request: &Request) -> Report {
        self.work.plan(self.root, request)
    }

    /// Brings the target to what the layers and the owner want, or runs what is due.
    ///
    /// What fails hurts the entries that it is for: they say so, the others are done.
    pub fn sync(&self, request: &Request) -> Report {
        self.work.carry_out(self.root, request)
    }
}

/// An entry of an adapter, and the configuration path of its files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPath {
    /// What it is reported under.
    pub adapter: String,
    /// Its name.
    pub name: String,
    /// Below every layer.
    pub path: PathBuf,
}

impl EntryPath {
    /// What it is called where its name alone may be another's.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.adapter, self.name)
    }
}

/// All adapters of one root.
#[derive(Debug)]
pub struct Adapters<'r> {
    root: &'r Root,
    list: Vec<Adapter<'r>>,
    findings: Vec<Finding>,
}

impl<'r> Adapters<'r> {
    /// The adapters that are defined in a root, in the order of their names.
    pub fn open(root: &'r Root) -> Self {
        let (definitions, findings) = definition::load(&root.clone().for_one_run(READ_TOTAL));
        let refused = root.bundles().iter().filter_map(Bundle::refusal);
        let findings = refused.cloned().chain(findings).collect();
        let adapters = definitions.into_iter().map(|definition| Adapter {
            root,
            name: definition.name,
            work: definition.work,
        });
        Self {
            root,
            list: adapters.collect(),
            findings,
        }
    }

    /// The adapters.
    pub fn iter(&self) -> impl Iterator<Item = &Adapter<'r>> {
        self.list.iter()
    }

    /// The configuration paths that they read.
    pub fn sources(&self) -> Vec<SourcePath> {
        self.iter().flat_map(Adapter::sources).collect()
    }

    /// The entries that the layers have in the tree of `resolver`, which may be another than the adapters'.
    pub fn entries_in(&self, resolver: &Resolver) -> Vec<EntryPath> {
        let each = self.sources().into_iter().flat_map(|source| {
            let configuration = resolver.configuration_at(source.path.clone());
            // Whatever rules the caller names, an entry is called as its adapter calls it.
            let found = configuration.read_by(source.rules.clone()).resolve();
            let is_beside = |document: &&Document| whole_for(document, &source.rules).is_some();
            let own = found.documents.iter().filter(|one| !is_beside(one));
            let own = own.filter_map(|document| {
                Some(EntryPath {
                    adapter: source.adapter.clone(),
                    name: stem(document, &source.rules)?,
                    path: source.path.join(&document.entry().name),
                })
            });
            own.collect::<Vec<_>>()
        });
        each.collect()
    }

    /// Whether an adapter of this root may read one of these configuration paths; if not, none does. This costs
    /// less than opening them.
    pub fn may_read(root: &Root, paths: &[&Path]) -> bool {
        definition::may_concern(root, paths)
    }

    /// What is known of configuration paths: by the built-in catalog, and what they read, each under the
    /// name that its entries are reported under. Their definitions are a configuration path, too.
    fn catalog(&self) -> Catalog {
        let mut sources = self.sources();
        sources.push(definition::source());
        let sources = sources.into_iter();
        sources.rfold(Catalog::built_in(), |catalog, source| {
            catalog.with(&source.path, source.rules, &source.adapter)
        })
    }

    /// What to ask about configuration paths: it knows what they read, and has the tree as they read it. That is
    /// without the files that they write themselves where those of a layer would be, and with the definitions
    /// that overlayctl is built with.
    pub fn resolver(&self) -> Resolver {
        let targets = self
            .iter()
            .flat_map(|a| a.work.route().among_layers(self.root));
        let tree = Tree::from(self.root.clone()).without_all(targets);
        Resolver::new(definition::with_built_in(tree)).with_catalog(self.catalog())
    }

    /// What the entries are reported under whose target a file is.
    pub fn writer_of(&self, path: &Path) -> Option<String> {
        let writes = |adapter: &&Adapter<'r>| {
            adapter.target() == path
                || adapter
                    .work
                    .route()
                    .among_layers(self.root)
                    .iter()
                    .any(|target| target == path)
        };
        let adapter = self.iter().find(writes)?;
        let source = adapter.sources().into_iter().find(|source| source.whole);
        source.map(|source| source.adapter)
    }

    /// What there is to say of the files at a configuration path that only an adapter knows, such as that a name
    /// is none, or when the certificates in them expire.
    pub fn check(&self, configuration: &Configuration, now: Moment) -> Vec<Finding> {
        let (path, parent) = (configuration.path(), configuration.path().parent());
        let mut reading = Vec::new();
        for adapter in self.iter() {
            let sources = adapter.sources().into_iter();
            let read =
                sources.filter(|source| source.path == path || Some(&*source.path) == parent);
            reading.extend(read.map(|source| (adapter, source)));
        }
        if reading.is_empty() {
            return Vec::new();
        }
        let found = configuration.resolve();
        let each = reading.iter().flat_map(|(adapter, source)| {
            let route = adapter.work.route();
            route.check(self.root, source, &found, now)
        });
        each.collect()
    }

    /// What is wrong with the definitions of those that are not among them.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The one whose entries are run once after each deployment, if it is not turned off; with its name.
    pub fn cleanup(&self) -> Option<(&str, &Cleanup)> {
        let mut adapters = self.iter();
        adapters.find_map(|adapter| Some((adapter.name(), adapter.work.runner()?)))
    }

    /// What a run of all would do, as far as it may write their targets. Unless something is to be run, what is run
    /// is told, too, and waits.
    pub fn plan(&self, request: &Request) -> Report {
        let errand = request.errand.as_ref();
        let all = self.iter().filter(|adapter| {
            errand.is_none() || adapter.work.is_asked_for(&adapter.name, request)
        });
        // To look at what is run is not to run it.
        let is_left = |adapter: &Adapter<'r>| adapter.work.is_written() && adapter.is_left(request);
        self.all(all, is_left, |adapter| adapter.plan(request))
    }

    /// Runs all of them, or what is to be run. What fails hurts itself alone: its error is among the findings.
    pub fn sync(&self, request: &Request) -> Report {
        let asked = |adapter: &&Adapter<'r>| adapter.work.is_asked_for(&adapter.name, request);
        let is_left = |adapter: &Adapter<'r>| adapter.is_left(request);
        self.all(self.iter().filter(asked), is_left, |adapter| {
            adapter.sync(request)
        })
    }

    fn all<'a>(
        &self,
        adapters: impl Iterator<Item = &'a Adapter<'r>>,
        is_left: impl Fn(&Adapter<'r>) -> bool,
        mut run: impl FnMut(&Adapter<'r>) -> Report,
    ) -> Report
    where
        'r: 'a,
    {
        let mut report = Report {
            findings: self.findings.clone(),
            ..Report::default()
        };
        for adapter in adapters {
            if is_left(adapter) {
                report.left.push(adapter.left());
                continue;
            }
            report.absorb(run(adapter));
        }
        report.tell_apart();
        report
    }
}
