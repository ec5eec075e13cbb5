//! What there is now: everything that the plan needs to know, read once.

mod files;
mod remembered;

pub(super) use self::files::is_nothing_to_ostree;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Reason, Root, Unusable};
use rustix::fs::RawMode;

use super::conf::{KEY_PATHS, key_paths};
use super::keys::GLOBAL_KEYS;
use super::places::Places;
use super::store::Remotes;
use super::{Layers, TargetFiles, Text, is_of_layers};
use crate::code;
use crate::commit::staged_name;
use crate::keyed::managed;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store as _;
use crate::observer::{Observer, is_for_all, mode_of};
use crate::openpgp::Keyring;
use crate::remotes::exchanged::Exchanged;
use crate::remotes::name::is_remote_name;
use crate::remotes::repository::Repository as _;
use crate::remotes::verification::is_verified;
use crate::remotes::{KEYRING_BASELINE, MODE};
use crate::report::Dependent;
use crate::source::Want;

/// All that matters to the plan.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) store: Remotes,
    pub(super) observed: Observed,
    /// The files that may be changed, as they are on disk.
    pub(super) texts: BTreeMap<PathBuf, Vec<u8>>,
    /// The directory of the target is there. Without it, nothing that is remembered counts.
    pub(super) has_target: bool,
    /// The files that everybody may read and not everybody is to.
    pub(super) too_wide: BTreeSet<PathBuf>,
    /// The modes of these, and of ours, where it matters.
    pub(super) modes: BTreeMap<PathBuf, RawMode>,
    /// What is worth telling of files that are not ours.
    pub(super) findings: Vec<Finding>,
}

impl Found {
    /// Notes whose values not everybody may read where they come from, and everybody where they are.
    ///
    /// # Errors
    /// It cannot be told of one.
    pub(super) fn note_too_wide(&mut self, root: &Root, places: &Places) -> Result<(), Finding> {
        let private = self.observed.private.keys();
        let files = private.map(|name| places.conf(name));
        for conf in files.filter(|conf| self.texts.contains_key(conf)) {
            if is_for_all(root, &conf)? {
                self.too_wide.insert(conf);
            }
        }
        // Three calls a file: asked where something is private, or was.
        let is_any = !self.observed.private.is_empty();
        let managed =
            managed(&self.store).filter(|name| is_any || self.store.note(name, MODE).is_some());
        let private = self.observed.private.keys();
        let names = managed.chain(private.map(String::as_str));
        let files: BTreeSet<_> = names.map(|name| places.conf(name)).collect();
        for path in files {
            if let Some(mode) = mode_of(root, &path)? {
                self.modes.insert(path, mode);
            }
        }
        Ok(())
    }
}

/// Reads everything.
///
/// # Errors
/// The finding says what all remotes share and what cannot be read or understood: nothing may be written
/// then. What is of one remote hurts that alone.
pub(super) fn observe(
    observer: &Observer<'_>,
    places: &Places,
    files: TargetFiles,
    layers: &Layers,
) -> Result<Found, Finding> {
    let mut eyes = Eyes {
        observer,
        places,
        found: Found {
            store: Remotes::new(places),
            observed: Observed::default(),
            texts: BTreeMap::new(),
            has_target: false,
            too_wide: BTreeSet::new(),
            modes: BTreeMap::new(),
            findings: Vec::new(),
        },
        keyrings: BTreeMap::new(),
        taken: BTreeMap::new(),
        hidden: None,
    };
    let parent = eyes.repository()?;
    eyes.target(files)?;
    eyes.inherited(parent)?;
    eyes.remembered()?;
    eyes.wanted(layers);
    eyes.present(layers);
    Ok(eyes.found)
}

/// What looks.
pub(super) struct Eyes<'a> {
    pub(super) observer: &'a Observer<'a>,
    pub(super) places: &'a Places,
    found: Found,
    /// The keyrings of the target that were not looked at yet.
    keyrings: BTreeMap<PathBuf, Text>,
    /// Names whose place is that of other remotes.
    taken: BTreeMap<String, Finding>,
    /// That a file cannot be read which may define remotes.
    hidden: Option<Finding>,
}

impl Eyes<'_> {
    pub(super) fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, Finding> {
        self.observer
            .read(path)
            .map_err(|error| code::UNREADABLE.error(path, error.to_string()))
    }

    /// The names in a directory; none if there is no such directory.
    pub(super) fn names(&self, path: &Path) -> Result<Option<Vec<OsString>>, Finding> {
        match self.observer.listing(path) {
            Err(error) if is_elsewhere(&error) => Ok(None),
            Err(error) => Err(code::UNREADABLE.error(path, error.to_string())),
            Ok(listing) => {
                Ok(listing.map(|listing| listing.names().map(OsStr::to_owned).collect()))
            }
        }
    }

    /// Notes that nobody can tell whether a remote is there, and as what.
    fn unclear(&mut self, name: &str, finding: &Finding) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        store.note_unknown(name);
        observed.unclear.insert(name.into());
        observed.broken.insert(name.into(), finding.clone());
    }

    /// What the layers' remotes refer to.
    fn wanted(&mut self, layers: &Layers) {
        if let Some(finding) = self.hidden.take() {
            for name in layers.remotes.entries.keys() {
                if !self.found.store.has(name) {
                    self.unclear(name, &finding);
                }
            }
        }
        let observed = &mut self.found.observed;
        for (name, layered) in &layers.remotes.entries {
            let remote = match &layered.want {
                Want::Present(remote) => remote,
                Want::Masked(by) if *by == self.places.conf(name) => {
                    self.found.store.note_mask(name);
                    continue;
                }
                _ => continue,
            };
            if let Some(finding) = self.taken.get(name) {
                observed.broken.insert(name.clone(), finding.clone());
            }
            if let Some(stamp) = &remote.deleted_if
                && super::exists(self.observer.root(), stamp)
            {
                observed.stamps.insert(stamp.clone());
            }
            for path in self.places.preferred_keyrings(name) {
                if self.observer.exists(&path) {
                    let keys = keys_at(self.observer, &path, ANY);
                    observed.references.insert(path, keys.to_bytes());
                }
            }
        }
    }

    /// What is there for each remote that the plan may touch.
    fn present(&mut self, layers: &Layers) {
        let store = &self.found.store;
        let wanted = layers.remotes.entries.keys().map(String::as_str);
        let dead = self.found.observed.intent.names();
        let names = wanted
            .chain(layers.remotes.former_names().filter(|name| store.has(name)))
            .chain(managed(store))
            .chain(store.remembered())
            .chain(dead);
        let names: BTreeSet<String> = names
            .filter(|name| is_remote_name(name))
            .map(str::to_owned)
            .collect();
        let mut followed = self.followed();
        for name in names {
            if followed.may_have(&name) {
                self.found
                    .observed
                    .in_use
                    .insert(name.clone(), Dependent::Deployment);
            }
            if let Some(origin) = followed.elsewhere(&name) {
                self.found.store.note_followed(&name, origin);
            }
            self.key_paths(&name);
            self.global_keys(layers, &name);
            if let Err(finding) = self.beside(layers, &name) {
                self.found.observed.broken.insert(name, finding);
            }
        }
        self.found.findings.append(&mut followed.unread);
    }

    /// Which of the paths exist at which a remote finds its keys.
    fn key_paths(&mut self, name: &str) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        let value = store.get(name, KEY_PATHS);
        for path in value.map(|value| key_paths(value)).unwrap_or_default() {
            let path = PathBuf::from(path);
            if !observed.references.contains_key(&path)
                && super::exists(self.observer.root(), &path)
            {
                let keys = keys_at(self.observer, &path, ANY);
                observed.references.insert(path, keys.to_bytes());
            }
        }
    }

    /// The certificates for remotes that have none of their own.
    fn global_keys(&mut self, layers: &Layers, name: &str) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        let wanted = layers.remotes.entries.get(name);
        let is_needed = match wanted.map(|layered| &layered.want) {
            _ if store.has(name) => is_verified(|key| store.get(name, key)),
            Some(Want::Present(remote)) => remote.needs_keys() && remote.keyring.is_empty(),
            _ => false,
        };
        if is_needed && !self.keyrings.contains_key(&self.places.keyring(name)) {
            let global = PathBuf::from(GLOBAL_KEYS);
            let keys = || keys_at(self.observer, Path::new(GLOBAL_KEYS), OF_THE_SYSTEM).to_bytes();
            observed.references.entry(global).or_insert_with(keys);
        }
    }

    /// What there is of one remote beside its file.
    fn beside(&mut self, layers: &Layers, name: &str) -> Result<(), Finding> {
        let path = self.places.keyring(name);
        let Some(text) = self.keyrings.remove(&path) else {
            return Ok(());
        };
        if is_of_layers(&text) {
            return Ok(());
        }
        let text = text.map_err(|error| code::UNREADABLE.error(&path, error.to_string()))?;
        let Some(text) = text else { return Ok(()) };
        if let Some(end) = self.observer.link(&path) {
            self.found.observed.links.insert(path.clone(), end);
        }
        let store = &self.found.store;
        let present = store.has(name);
        let managed = present && store.note(name, KEYRING_BASELINE).is_some();
        let brought = store.brought(name).cloned().unwrap_or_default();
        let observed = &mut self.found.observed;
        if !managed && !brought.is_empty() && !observed.unclear.contains(name) {
            // `ostree remote delete` leaves the keyring, which the owner's next remote of the name would trust.
            let brought = Exchanged::of_vendor(brought);
            observed.intent.add(name, brought.into_traces());
        }
        if managed && layers.remotes.may_go(name) {
            observed.residue.insert(name.into(), vec![path.clone()]);
        }
        self.found.observed.files.insert(path, text);
        Ok(())
    }
}

/// Which files of a directory ostree takes for keyrings: of one that `gpgkeypath` names all, of the system's own
/// those that end so.
const ANY: &str = "";
const OF_THE_SYSTEM: &str = ".gpg";

/// What certificates there are at a path, a file or a directory of them. What is no keyring is not told: ostree finds
/// no key there, and says so itself.
fn keys_at(observer: &Observer<'_>, path: &Path, ending: &str) -> Keyring {
    let texts: Vec<_> = match observer.listing(path) {
        Ok(Some(listing)) => {
            let names = listing.names();
            let names = names.filter(|name| name.as_encoded_bytes().ends_with(ending.as_bytes()));
            names
                .filter_map(|name| observer.read(&path.join(name)).ok()?)
                .collect()
        }
        Ok(None) => Vec::new(),
        Err(_) => observer.read(path).ok().flatten().into_iter().collect(),
    };
    let mut all = Keyring::default();
    for text in &texts {
        let keyring = Keyring::parse_key_data(text).unwrap_or_default();
        for certificate in keyring.iter() {
            all.merge(certificate);
        }
    }
    all
}

/// In an image, or in a deployment that is not booted, `/ostree` leads to nothing.
const fn is_elsewhere(error: &Unusable) -> bool {
    matches!(error.reason, Reason::Missing)
}

/// Where the next content of a file waits.
pub(super) fn staged_path(path: &Path) -> PathBuf {
    beside(path, staged_name)
}

/// What is called so after the name of a file, in its directory.
fn beside(path: &Path, named: fn(&OsStr) -> OsString) -> PathBuf {
    let name = path.file_name().expect("a file has a name");
    path.with_file_name(named(name))
}
