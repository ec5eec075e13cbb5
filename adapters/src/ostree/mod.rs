//! The remotes of the system's ostree repository: `remotes.d` and `collections.d` brought to
//! `/etc/ostree/remotes.d`, one remote a file.
//!
//! ostree reads remotes from two places, its repository's configuration and `/etc/ostree/remotes.d`, and
//! refuses every command while a name is defined twice. The first is shared by all deployments, the second
//! belongs to one, so the second is the target and the first is left alone unless the owner asks.
//!
//! The directory of the target is a layer, too: masks and drop-ins there are the owner's. A file that
//! defines a remote there is the target itself and never a layer, whoever made it.

mod access;
mod conf;
mod conventions;
mod definition;
#[cfg(test)]
mod histories;
mod keys;
mod memory;
mod observe;
mod origins;
mod places;
mod plan;
mod recollection;
mod store;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use overlay_resolver::Collection as Found;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Reason, Root, Unusable};
use overlay_resolver::tree::Tree;

pub(crate) use self::definition::Definition;
use self::places::{CONF, KEYRING, Places};
use crate::commit::Batch;
use crate::expiry::Moment;
use crate::keyed::target::Target as _;
use crate::observer::Observer;
use crate::obstacles::Obstacles;
use crate::plan::Plan;
use crate::planner::Planner;
use crate::remotes::Remote;
use crate::remotes::collection::Collection;
use crate::remotes::repository::Repository as _;
use crate::remotes::sources::{Sources, misnamed};
use crate::report::Request;
use crate::route::{Route, SourcePath};
use crate::source::{Documents, Source};

/// The largest file that is read.
const LIMIT: usize = 16 << 20;

/// The adapter of the system's repository.
#[derive(Debug)]
pub(crate) struct Ostree {
    sources: Sources,
    places: Places,
}

impl Ostree {
    /// The adapter of this name, as its definition has it.
    pub(crate) fn new(name: &str, definition: Definition) -> Self {
        Self {
            places: Places::new(name, &definition),
            sources: definition.sources,
        }
    }
}

impl Route for Ostree {
    fn sources(&self) -> Vec<SourcePath> {
        self.sources.paths(&self.places, keys::rules(&self.sources))
    }

    fn check(&self, _: &Root, source: &SourcePath, found: &Found, now: Moment) -> Vec<Finding> {
        let documents = found.documents.iter();
        let each = documents.flat_map(|document| {
            let shipped = keys::shipped(document).into_iter();
            let outlook = shipped.flat_map(|shipped| shipped.outlook(now));
            outlook
                .chain(misnamed(source, document))
                .collect::<Vec<_>>()
        });
        each.collect()
    }

    fn target(&self) -> PathBuf {
        self.places.target.clone()
    }

    fn among_layers(&self, root: &Root) -> Vec<PathBuf> {
        let files = TargetFiles::read(&Observer::new(root), &self.places);
        files.defining().collect()
    }

    fn lock(&self) -> PathBuf {
        self.places.state.clone()
    }
}

impl Planner for Ostree {
    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan {
        let wary = root.for_writing();
        let observer = Observer::new(&wary);
        let files = TargetFiles::read(&observer, &self.places);
        let layers = Layers::read(root, &observer, &self.sources, &self.places, &files);
        let has_state = || matches!(observer.listing(&self.places.state), Ok(Some(_)));
        let is_managed = !layers.is_empty() || has_state();
        if !is_managed {
            return Plan::new(
                Batch::default(),
                Vec::new(),
                Vec::new(),
                Vec::new(),
                layers.into_documents(&self.places),
            );
        }
        let found = observe::observe(&observer, &self.places, files, &layers);
        let found = found.and_then(|mut found| {
            found.observed.beware(obstacles);
            found.note_too_wide(root, &self.places)?;
            Ok(found)
        });
        match found {
            Ok(found) => plan::plan(&self.places, layers, &found, request),
            Err(finding) => Plan::impossible(finding, layers.into_documents(&self.places)),
        }
    }
}

/// Both sources of the adapter.
#[derive(Debug, Default)]
struct Layers {
    /// `remotes.d`, by the name of the remote.
    remotes: Source<Remote>,
    /// `collections.d`, by the name of the file.
    collections: Source<Collection>,
}

impl Layers {
    fn read(
        root: &Root,
        observer: &Observer<'_>,
        sources: &Sources,
        places: &Places,
        files: &TargetFiles,
    ) -> Self {
        let tree = Tree::from(root.clone()).without_all(files.defining());
        let rules = keys::rules(sources);
        let remotes = Source::read(&tree, &rules, &sources.remotes, conf::read);
        let mut remotes = remotes.refusing_names(CONF).refusing_giants();
        keys::bring(observer, places, &mut remotes);
        Self {
            remotes,
            collections: Source::read(
                &tree,
                &sources.rules(CONF),
                &sources.collections,
                Collection::read_any,
            ),
        }
    }

    /// Whether no layer has anything to say. Other people's files are none of our business then.
    fn is_empty(&self) -> bool {
        self.remotes.entries.is_empty() && self.collections.entries.is_empty()
    }

    fn into_documents(self, places: &Places) -> Vec<Documents> {
        vec![
            self.remotes
                .into_documents(places.adapter(), Places::NOUN, true),
            self.collections
                .into_documents(places.collections(), Places::NOUN, false),
        ]
    }
}

/// The files of the target, each read once: they are the target, and what of the layers lies among them is
/// what defines nothing.
struct TargetFiles {
    /// Those that may define remotes, by path, in byte order.
    texts: Vec<(PathBuf, Text)>,
    /// The keyrings, by path.
    keyrings: BTreeMap<PathBuf, Text>,
}

/// The bytes of a file; none if it is not there any more.
type Text = Result<Option<Vec<u8>>, Unusable>;

impl TargetFiles {
    fn read(observer: &Observer<'_>, places: &Places) -> Self {
        // That it cannot be listed is told by whoever observes the target.
        let listing = observer.listing(&places.target).ok().flatten();
        let ending = |suffix: &'static str| {
            let names = listing.iter().flat_map(|listing| listing.names());
            let names = names.filter(|name| name.as_encoded_bytes().ends_with(suffix.as_bytes()));
            names.map(|name| {
                let path = places.target.join(name);
                let text = observer.read(&path);
                (path, text)
            })
        };
        Self {
            texts: ending(CONF).collect(),
            keyrings: ending(KEYRING).collect(),
        }
    }

    /// Those that define something, and keyrings with something in them. What masks or leads to nothing is the
    /// layers' affair.
    fn defining(&self) -> impl Iterator<Item = PathBuf> {
        let texts = self.texts.iter();
        let defining = texts.filter(|(_, text)| match text {
            Ok(text) => text.as_ref().is_some_and(|text| !text.is_empty()),
            // Where it leads to is not the layers' affair.
            Err(error) => matches!(error.reason, Reason::NotTrusted { .. }),
        });
        let keyrings = self.keyrings.iter();
        let keyrings = keyrings.filter(|(_, text)| !is_of_layers(text));
        let paths = defining.map(|(path, _)| path);
        paths.chain(keyrings.map(|(path, _)| path)).cloned()
    }
}

/// Whether a keyring is empty, or nothing to ostree: it masks the layers', or is in their way.
fn is_of_layers(text: &Text) -> bool {
    match text {
        Ok(text) => text.as_ref().is_some_and(Vec::is_empty),
        Err(error) => observe::is_nothing_to_ostree(error),
    }
}

fn exists(root: &Root, path: &Path) -> bool {
    matches!(root.dir(path), Ok(Some(_))) || matches!(root.read(path, LIMIT), Ok(Some(_)))
}
