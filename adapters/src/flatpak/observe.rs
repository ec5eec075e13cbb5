//! What the installation has now: everything that the plan needs to know, read once.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;
use overlay_resolver::root::{MemberKind, Reason, Root, Unusable};

use super::config::{self, RepoConfig};
use super::installation::Installation;
use super::{Layers, filter};
use crate::code;
use crate::commit::{left_staged, staged_name};
use crate::keyed::managed;
use crate::keyed::observed::Observed;
use crate::keyed::store::Store;
use crate::keyed::target::Target as _;
use crate::observer::{LIMIT, Observer, is_for_all};
use crate::openpgp::Keyring;
use crate::remotes::exchanged::Exchanged;
use crate::remotes::fingerprints;
use crate::remotes::group::group;
use crate::remotes::name::is_remote_name;
use crate::remotes::servers;
use crate::report::Dependent;
use crate::source::Want;

/// The installation as found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// `repo/config`, as bytes and understood; none if there is no repository.
    pub(super) config: Option<(Vec<u8>, RepoConfig)>,
    pub(super) observed: Observed,
}

impl Found {
    /// Everybody reads the configuration, users' flatpaks too: what not everybody may read stays out of it.
    pub(super) fn refuse_private(&mut self, config: &Path) {
        let Observed {
            private, broken, ..
        } = &mut self.observed;
        for (name, source) in private {
            let message = format!(
                "not everybody may read this file, but {}, where the remote {name} would stand: make it readable (`chmod a+r`, and `a+x` for each directory above it), or leave out what is secret",
                escape_path(config)
            );
            broken.insert(name.clone(), code::PRIVATE_SOURCE.error(&*source, message));
        }
    }
}

/// Reads the installation.
///
/// # Errors
/// The finding says what cannot be read or understood; nothing may be written then.
pub(super) fn observe(
    root: &Root,
    paths: &Installation,
    layers: &Layers,
) -> Result<Found, Finding> {
    let wary = root.for_writing();
    let eyes = Eyes {
        root,
        observer: Observer::new(&wary),
        paths,
    };
    let mut observed = Observed::default();
    let mut config = None;
    let config_path = paths.config();
    if let Some(text) = eyes.file(&config_path)? {
        let parsed = RepoConfig::parse(&text, &config_path)?;
        for name in parsed.twice() {
            let message = format!(
                "has the group [{}] twice; join them, so that it is clear which values are meant",
                group(name)
            );
            let finding = code::DEFINED_TWICE.error(&config_path, message);
            observed.broken.insert(name.to_owned(), finding);
        }
        config = Some((text, parsed));
    } else if eyes.exists(&paths.repo())? {
        return Err(code::NO_CONFIGURATION.error(
            config_path,
            "the repository has no configuration; restore the file, or move the repository away so that a new one is made",
        ));
    }
    eyes.stale(&mut observed)?;
    let store = config.as_ref().map(|(_, config)| config);
    eyes.wanted(&mut observed, store, layers);
    eyes.present(&mut observed, store, layers);
    Ok(Found { config, observed })
}

/// What there is to say of certificates that servers sent for these remotes. What cannot be read is told by whoever
/// plans.
pub(super) fn servers_keys<'n>(
    root: &Root,
    paths: &Installation,
    names: impl Iterator<Item = &'n str>,
) -> Vec<Finding> {
    let root = root.for_writing();
    let observer = Observer::new(&root);
    let path = paths.config();
    let text = observer.read(&path).ok().flatten();
    let config = text.and_then(|text| RepoConfig::parse(&text, &path).ok());
    let Some(config) = config else {
        return Vec::new();
    };
    let of = |name: &str| {
        let text = observer.read(&paths.keyring_of(name)).ok()??;
        let keyring = Keyring::parse(&text).ok()?;
        Some(servers::findings(paths, &config, name, &keyring))
    };
    names.filter_map(of).flatten().collect()
}

struct Eyes<'a> {
    root: &'a Root,
    observer: Observer<'a>,
    paths: &'a Installation,
}

impl Eyes<'_> {
    fn file(&self, path: &Path) -> Result<Option<Vec<u8>>, Finding> {
        self.observer
            .read(path)
            .map_err(|error| code::UNREADABLE.error(path, error.to_string()))
    }

    /// Whether there is anything under this name; a dangling symlink is something.
    fn exists(&self, path: &Path) -> Result<bool, Finding> {
        self.observer
            .has(path)
            .map_err(|error| code::UNREADABLE.error(path, error.to_string()))
    }

    /// What a run that was killed left: what it was about to do, and what it had staged.
    fn stale(&self, observed: &mut Observed) -> Result<(), Finding> {
        for directory in [self.paths.path().to_owned(), self.paths.repo()] {
            observed.look_into(&self.observer, &directory, self.paths)?;
        }
        if observed.unfinished.is_none() {
            self.staged_config(observed);
        } else {
            self.stale_elsewhere(observed);
        }
        Ok(())
    }

    /// What waits beside the ends of symlinks.
    fn stale_elsewhere(&self, observed: &mut Observed) {
        let beside = |name| [self.paths.keyring_of(name), self.paths.filter_copy(name)];
        let files = observed.intent.names().flat_map(beside);
        let files = files.chain([self.paths.config()]);
        let known: BTreeSet<_> = observed.stale.iter().collect();
        let stale: Vec<_> = files
            .flat_map(|path| left_staged(self.root, &path))
            .filter(|path| !known.contains(path))
            .collect();
        observed.stale.extend(stale);
    }

    /// Before there were intents, the staged configuration told which certificates a run was bringing.
    fn staged_config(&self, observed: &mut Observed) {
        let staged = self.paths.config();
        let staged = staged.with_file_name(staged_name(OsStr::new(config::FILE_NAME)));
        if observed.stale.contains(&staged)
            && let Ok(Some(text)) = self.file(&staged)
            && let Ok(config) = RepoConfig::parse(&text, &staged)
        {
            for name in managed(&config) {
                let brought = Exchanged::of_vendor(fingerprints(&config, name));
                observed.intent.add(name, brought.into_traces());
            }
        }
    }

    /// What the layers' remotes refer to.
    fn wanted(&self, observed: &mut Observed, config: Option<&RepoConfig>, layers: &Layers) {
        observed.look_for_stamps(&self.observer, &layers.remotes);
        for (name, layered) in &layers.remotes.entries {
            let Want::Present(remote) = &layered.want else {
                continue;
            };
            let wanted = remote.get(filter::KEY);
            let wanted = wanted.and_then(|wanted| value::decode_string(&wanted.value).ok());
            let actual = config.and_then(|config| filter::named(config, name));
            for path in wanted.into_iter().chain(actual) {
                // One of which it cannot be told who may read it is as good as one that cannot be read.
                if let Ok(Some(text)) = self.root.read(Path::new(&path), LIMIT)
                    && let Ok(is_for_all) = is_for_all(self.root, Path::new(&path))
                {
                    if !is_for_all {
                        observed.narrow.insert(path.clone().into());
                    }
                    observed.references.insert(path.into(), text);
                }
            }
        }
    }

    /// What is there for each remote that the plan may touch.
    fn present(&self, observed: &mut Observed, config: Option<&RepoConfig>, layers: &Layers) {
        let mut names: BTreeSet<&str> = layers.remotes.entries.keys().map(String::as_str).collect();
        let is_there = |name: &&str| config.is_some_and(|config| config.has(name));
        names.extend(layers.remotes.former_names().filter(is_there));
        names.extend(config.into_iter().flat_map(managed));
        names.extend(config.into_iter().flat_map(Store::remembered));
        let dead = observed.intent.clone();
        names.extend(dead.names());
        for name in names.into_iter().filter(|name| is_remote_name(name)) {
            if let Err(finding) = self.beside(observed, layers, name) {
                observed.broken.insert(name.into(), finding);
            }
        }
    }

    /// What there is of one remote beside its group. What cannot be read hurts that remote alone.
    fn beside(&self, observed: &mut Observed, layers: &Layers, name: &str) -> Result<(), Finding> {
        if let Some(text) = self.file(&self.paths.keyring_of(name))? {
            observed.files.insert(self.paths.keyring_of(name), text);
        }
        self.filter_copy(observed, name)?;
        let keyring = self.paths.keyring_of(name);
        if let Some(end) = self.observer.link(&keyring) {
            observed.links.insert(keyring, end);
        }
        if !layers.remotes.may_go(name) && observed.intent.of(name).is_none() {
            return Ok(());
        }
        // It may go along to a later name.
        let copy = self.paths.filter_copy(name);
        if observed.files.contains_key(&copy) && !is_for_all(self.root, &copy)? {
            observed.narrow.insert(copy);
        }
        if self.has_files(&self.paths.refs(name).join("app"))?
            || self.has_files(&self.paths.refs(name).join("runtime"))?
        {
            observed.in_use.insert(name.into(), Dependent::Apps);
        }
        let mut residue = Vec::new();
        for path in self.paths.residue(name) {
            if self.exists(&path)? {
                residue.push(path);
            }
        }
        observed.residue.insert(name.into(), residue);
        Ok(())
    }

    /// The copy of a filter that not everybody may read is for root alone: another user's plan does without.
    fn filter_copy(&self, observed: &mut Observed, name: &str) -> Result<(), Finding> {
        let path = self.paths.filter_copy(name);
        match self.observer.read(&path) {
            Ok(Some(text)) => drop(observed.files.insert(path, text)),
            Ok(None) => {}
            Err(error) if is_denied(&error) => drop(observed.unread.insert(path)),
            Err(error) => return Err(code::UNREADABLE.error(path, error.to_string())),
        }
        Ok(())
    }

    /// Whether there is a file somewhere below: a ref is one, its directories may outlive it.
    ///
    /// A symlink is a file, wherever it leads: each that was followed could double what is below.
    fn has_files(&self, path: &Path) -> Result<bool, Finding> {
        let unreadable =
            |path: &Path, error: Unusable| code::UNREADABLE.error(path, error.to_string());
        let mut directories = vec![path.to_owned()];
        while let Some(path) = directories.pop() {
            let members = match self.observer.root().dir(&path) {
                Ok(None) => continue,
                Err(Unusable {
                    reason: Reason::NotADirectory | Reason::Missing,
                    ..
                }) => return Ok(true),
                Ok(Some(dir)) => dir.members(),
                Err(error) => Err(error),
            };
            for member in members.map_err(|error| unreadable(&path, error))? {
                if member.kind != MemberKind::Directory {
                    return Ok(true);
                }
                directories.push(path.join(member.name));
            }
        }
        Ok(false)
    }
}

/// Whether it is there, and not for whoever runs this.
fn is_denied(error: &Unusable) -> bool {
    let denied = rustix::io::Errno::ACCESS.raw_os_error();
    matches!(error.reason, Reason::Io(errno) if errno.raw_os_error() == denied)
}
