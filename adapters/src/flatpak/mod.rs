//! flatpak's remotes: `remotes.d` and `collections.d` brought to an installation's `repo/config`.
//!
//! The whole adapter is one transaction on one repository. What a remote's group is to hold comes
//! from [`repofile`]; the configuration with its marks and baselines is [`config`]; what is particular
//! about a remote of flatpak is in `conventions`.

pub(crate) mod config;
mod conventions;
mod definition;
mod filter;
#[cfg(test)]
mod histories;
mod installation;
mod observe;
mod plan;
pub(crate) mod repofile;

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use overlay_resolver::Collection as Found;
use overlay_resolver::escape::escape;
use overlay_resolver::finding::Finding;
use overlay_resolver::finding::code::UNREACHABLE_FILE;
use overlay_resolver::root::Root;
use overlay_resolver::tree::Tree;

pub(crate) use self::definition::Definition;
use self::installation::Installation;
use crate::code;
use crate::expiry::Moment;
use crate::keyed::target::Target as _;
use crate::observer::LIMIT;
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

const REPOFILE: &str = ".flatpakrepo";

/// The adapter of one installation.
#[derive(Debug)]
pub(crate) struct Flatpak {
    sources: Sources,
    installation: Installation,
}

impl Flatpak {
    /// The adapter of this name, as its definition has it.
    pub(crate) fn new(name: &str, definition: Definition) -> Self {
        Self {
            sources: definition.sources,
            installation: Installation::new(name, definition.installation),
        }
    }
}

impl Route for Flatpak {
    fn sources(&self) -> Vec<SourcePath> {
        let remotes = self.sources.rules(REPOFILE);
        self.sources.paths(&self.installation, remotes)
    }

    fn check(&self, root: &Root, source: &SourcePath, found: &Found, now: Moment) -> Vec<Finding> {
        let mut findings = hidden(root, &found.findings);
        for document in &found.documents {
            let shipped = repofile::shipped(document).into_iter();
            findings.extend(shipped.flat_map(|shipped| shipped.outlook(now)));
            findings.extend(misnamed(source, document));
        }
        let names = found.documents.iter().filter_map(|document| {
            let name = document.entry().name.to_str()?;
            name.strip_suffix(REPOFILE)
        });
        findings.extend(observe::servers_keys(root, &self.installation, names));
        findings
    }

    fn target(&self) -> PathBuf {
        self.installation.config()
    }

    fn lock(&self) -> PathBuf {
        self.installation.path().to_owned()
    }
}

impl Planner for Flatpak {
    fn plan(&self, root: &Root, request: &Request, obstacles: &Obstacles) -> Plan {
        let layers = Layers::read(root, &self.sources);
        match observe::observe(root, &self.installation, &layers) {
            Ok(mut found) => {
                found.observed.beware(obstacles);
                found.refuse_private(&self.installation.config());
                plan::plan(&self.installation, layers, &found, request)
            }
            Err(finding) => Plan::impossible(finding, layers.into_documents(&self.installation)),
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
    fn read(root: &Root, sources: &Sources) -> Self {
        let tree = Tree::from(root.clone());
        let mut remotes = Source::read(
            &tree,
            &sources.rules(REPOFILE),
            &sources.remotes,
            repofile::read,
        );
        let hidden = hidden(root, &remotes.findings);
        remotes.findings.extend(hidden);
        Self {
            remotes: remotes.refusing_names(REPOFILE).refusing_giants(),
            collections: Source::read(
                &tree,
                &sources.rules(".conf"),
                &sources.collections,
                Collection::read,
            ),
        }
    }

    fn into_documents(self, installation: &Installation) -> Vec<Documents> {
        vec![
            self.remotes
                .into_documents(installation.adapter(), Installation::NOUN, true),
            self.collections
                .into_documents(installation.collections(), Installation::NOUN, false),
        ]
    }
}

/// Where flatpak itself looks for remotes (1.14 only in the first): it imports every regular file whose name
/// ends in the suffix, those with a dot in front, too.
const ITS_OWN: [&str; 2] = ["/etc/flatpak/remotes.d", "/usr/share/flatpak/remotes.d"];

/// What there is to say of files that are passed over here, and that flatpak imports.
fn hidden(root: &Root, passed_over: &[Finding]) -> Vec<Finding> {
    let imported = passed_over.iter().filter_map(|finding| {
        let path = &finding.path;
        let name = path.file_name()?.as_bytes().strip_suffix(REPOFILE.as_bytes())?;
        let is_its_own = ITS_OWN.iter().any(|its| path.parent() == Some(Path::new(its)));
        let is_imported = finding.code == UNREACHABLE_FILE && is_its_own && is_regular(root, path);
        is_imported.then(|| {
            let message = format!(
                "is passed over here, but flatpak imports it, as the remote {}: rename the file, or remove it",
                escape(name)
            );
            code::BAD_NAME.warning(path, message)
        })
    });
    imported.collect()
}

/// Whether a path leads to a regular file.
fn is_regular(root: &Root, path: &Path) -> bool {
    let is_null = root
        .chase(path)
        .is_ok_and(|end| end == Path::new("/dev/null"));
    !is_null && matches!(root.read(path, LIMIT), Ok(Some(_)))
}
