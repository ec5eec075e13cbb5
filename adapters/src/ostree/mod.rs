//! The remotes of the system's ostree repository: `remotes.d` and `collections.d` brought to
//! `/etc/ostree/remotes.d`, one remote a file.
//!
//! ostree reads remotes from two places, its repository's configuration and `/etc/ostree/remotes.d`, and
//! refuses every command while a name is defined twice. The first is shared by all deployments, the second
//! belongs to one, so the second is the target and the first is left alone unless the owner asks.
//!
//! The directory of the target is a layer, too: masks and drop-ins there are the owner's. A file that
//! defines a remote there is the target itself and never a layer, whoever made it.

mod conf;
#[cfg(test)]
mod histories;
mod memory;
mod observe;
mod origins;
mod places;
mod plan;
mod store;

use std::path::{Path, PathBuf};

use bstr::BString;
use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;
use overlay_resolver::root::{Root, Unusable};
use overlay_resolver::tree::Tree;

use self::places::{CONF, Places, keyring_name};
use crate::adapter::{Planner, SourcePath};
use crate::code;
use crate::commit::Batch;
use crate::definition::{OstreeDefinition, Sources};
use crate::observer::Observer;
use crate::obstacles::Obstacles;
use crate::openpgp::Keyring;
use crate::plan::Plan;
use crate::remotes::Remote;
use crate::remotes::collection::Collection;
use crate::remotes::target::Target as _;
use crate::report::Request;
use crate::source::{Documents, Layered, Source, Want};

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
    pub(crate) fn new(name: &str, definition: OstreeDefinition) -> Self {
        Self {
            places: Places::new(name, &definition),
            sources: definition.sources,
        }
    }
}

impl Planner for Ostree {
    fn sources(&self) -> Vec<SourcePath> {
        self.sources.paths(&self.places, CONF)
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

    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan {
        let observer = Observer::new(root);
        let files = TargetFiles::read(&observer, &self.places);
        let layers = Layers::read(&observer, &self.sources, &self.places, &files);
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
        match observe::observe(&observer, &self.places, files, &layers) {
            Ok(mut found) => {
                found.observed.beware(obstacles);
                plan::plan(&self.places, layers, &found, request)
            }
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
        observer: &Observer<'_>,
        sources: &Sources,
        places: &Places,
        files: &TargetFiles,
    ) -> Self {
        let tree = Tree::from(observer.root().clone()).without_all(files.defining());
        let remotes = Source::read(&tree, &sources.rules(CONF), &sources.remotes, conf::read);
        let mut remotes = remotes.refusing_names(CONF).refusing_giants();
        let mut findings = Vec::new();
        for (name, layered) in &mut remotes.entries {
            findings.extend(bring_keys(observer, places, name, layered));
        }
        remotes.findings.append(&mut findings);
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
            self.remotes.into_documents(places.remotes(), true),
            self.collections.into_documents(places.collections(), false),
        ]
    }
}

/// The files of the target that may define remotes, each read once: they are the target, and what of the
/// layers lies among them is what defines nothing.
struct TargetFiles {
    /// By path, in byte order.
    texts: Vec<(PathBuf, Text)>,
}

/// The bytes of a file; none if it is not there any more.
type Text = Result<Option<Vec<u8>>, Unusable>;

impl TargetFiles {
    fn read(observer: &Observer<'_>, places: &Places) -> Self {
        // That it cannot be listed is told by whoever observes the target.
        let listing = observer.listing(&places.target).ok().flatten();
        let names = listing.iter().flat_map(|listing| listing.names());
        let names = names.filter(|name| name.as_encoded_bytes().ends_with(CONF.as_bytes()));
        let paths = names.map(|name| places.target.join(name));
        let texts = paths.map(|path| {
            let text = observer.read(&path);
            (path, text)
        });
        Self {
            texts: texts.collect(),
        }
    }

    /// Those that define something. What masks or cannot be read is the layers' affair.
    fn defining(&self) -> impl Iterator<Item = PathBuf> {
        let texts = self.texts.iter();
        let defining = texts.filter(|(_, text)| matches!(text, Ok(Some(text)) if !text.is_empty()));
        defining.map(|(path, _)| path.clone())
    }
}

/// Where ostree finds the keys for remotes that have none of their own.
const GLOBAL_KEYS: &str = "/usr/share/ostree/trusted.gpg.d";

/// Brings the keys that come with a remote: the keyring beside its file, and those of the paths that it
/// names which exist. ostree fails where one does not.
fn bring_keys(
    observer: &Observer<'_>,
    places: &Places,
    name: &str,
    layered: &mut Layered<Remote>,
) -> Vec<Finding> {
    let Want::Present(remote) = &mut layered.want else {
        return Vec::new();
    };
    let main = layered.document.entry().effective().next();
    let main = main.map(|fragment| fragment.path.clone());
    match keyring_beside(observer, name, main.as_deref()) {
        Ok(keyring) => remote.keyring = keyring,
        Err(finding) => {
            layered.want = Want::Unresolved(finding.clone());
            return vec![finding];
        }
    }
    let mut findings = Vec::new();
    findings.extend(leave_out_missing(
        observer.root(),
        remote,
        &layered.document,
    ));
    let mut elsewhere = places.preferred_keyrings(name);
    if remote.needs_keys()
        && remote.keyring.is_empty()
        && !elsewhere.any(|path| observer.exists(&path))
        && !has_files(observer, Path::new(GLOBAL_KEYS))
    {
        let message = format!(
            "signatures of {name} are verified, and there is no key for it: put a keyring {} beside this file, or name one with gpgkeypath=",
            keyring_name(name)
        );
        findings.push(code::NO_KEY.warning(main.unwrap_or_default(), message));
    }
    findings
}

/// Leaves out of `gpgkeypath=` what does not exist.
fn leave_out_missing(root: &Root, remote: &mut Remote, document: &Document) -> Option<Finding> {
    let at = remote.settings.iter().position(|s| s.key == "gpgkeypath")?;
    let setting = remote.settings.get_mut(at)?;
    let paths = conf::key_paths(&setting.value);
    let (there, missing): (Vec<_>, Vec<_>) = paths
        .into_iter()
        .partition(|path| exists(root, Path::new(path)));
    if missing.is_empty() {
        return None;
    }
    let (section, key) = setting.source.clone();
    if there.is_empty() {
        remote.settings.remove(at);
    } else {
        setting.value = BString::from(value::encode_string(&there.join(";")));
    }
    let place = document.get(&*section, &*key)?;
    let message = format!(
        "gpgkeypath: {} does not exist here, and ostree fails where a path does not: left out",
        missing.join(", ")
    );
    Some(
        code::MISSING_KEY_PATH
            .warning(&place.fragment().path, message)
            .at(place.line()),
    )
}

fn has_files(observer: &Observer<'_>, path: &Path) -> bool {
    let listing = observer.listing(path).ok().flatten();
    listing.is_some_and(|listing| listing.names().next().is_some())
}

/// The vendor's keyring for a remote, binary or armored, beside the file that defines it.
fn keyring_beside(
    observer: &Observer<'_>,
    name: &str,
    main: Option<&Path>,
) -> Result<Keyring, Finding> {
    let Some(main) = main else {
        return Ok(Keyring::default());
    };
    let binary = keyring_name(name);
    let armored = binary.replace(".gpg", ".asc");
    for path in [binary, armored].map(|file| main.with_file_name(file)) {
        let text = observer
            .read(&path)
            .map_err(|error| code::UNREADABLE.error(&path, error.to_string()))?;
        if let Some(text) = text {
            return Keyring::parse_key_data(&text)
                .map_err(|error| code::BROKEN_KEYRING.error(&path, error.to_string()));
        }
    }
    Ok(Keyring::default())
}

fn exists(root: &Root, path: &Path) -> bool {
    matches!(root.dir(path), Ok(Some(_))) || matches!(root.read(path, LIMIT), Ok(Some(_)))
}
