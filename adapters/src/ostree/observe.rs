//! What there is now: everything that the plan needs to know, read once.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::value;
use overlay_resolver::root::{MemberKind, Reason, Unusable};

use rustix::fs::StatVfsMountFlags;

use super::memory::{Memory, State};
use super::places::Places;
use super::store::{Remotes, names};
use super::{Layers, TargetFiles, Text};
use crate::code;
use crate::commit::{is_saved, is_staged, left_staged, staged_name};
use crate::editor::Editor;
use crate::observer::Observer;
use crate::remotes::draft::Observed;
use crate::remotes::intent::{Intent, Traces};
use crate::remotes::name::is_remote_name;
use crate::remotes::target::{Store as _, Target as _};
use crate::remotes::{KEYRING_BASELINE, ORIGIN, fingerprints, managed};
use crate::source::Want;

/// How many repositories may build on one another.
const ANCESTORS: usize = 8;

/// All that matters to the plan.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) store: Remotes,
    pub(super) observed: Observed,
    /// The files that may be changed, as they are on disk.
    pub(super) texts: BTreeMap<PathBuf, Vec<u8>>,
    /// The directory of the target is there. Without it, nothing that is remembered counts.
    pub(super) has_target: bool,
    /// Remotes on their way from one place to another.
    pub(super) journals: Vec<PathBuf>,
    /// What is worth telling of files that are not ours.
    pub(super) findings: Vec<Finding>,
}

/// Reads everything.
///
/// # Errors
/// The finding says what cannot be read or understood; nothing may be written then, since a name might
/// be defined there already.
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
            journals: Vec::new(),
            findings: Vec::new(),
        },
        taken: BTreeMap::new(),
    };
    let parent = eyes.repository()?;
    eyes.target(files)?;
    eyes.inherited(parent)?;
    eyes.remembered()?;
    eyes.wanted(layers);
    eyes.present(layers);
    Ok(eyes.found)
}

/// A file of what is remembered: its text, and what that means.
type Remembered = (Vec<u8>, Option<Memory>);

/// What looks.
pub(super) struct Eyes<'a> {
    pub(super) observer: &'a Observer<'a>,
    pub(super) places: &'a Places,
    found: Found,
    /// Names whose place is that of other remotes.
    taken: BTreeMap<String, Finding>,
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

    /// The configuration of the repository, under the first of its names. Returns its parent.
    fn repository(&mut self) -> Result<Option<PathBuf>, Finding> {
        for repository in &self.places.repositories {
            let path = repository.join("config");
            let text = match self.observer.read(&path) {
                Err(error) if is_elsewhere(&error) => continue,
                other => other.map_err(|error| code::UNREADABLE.error(&path, error.to_string()))?,
            };
            let Some(text) = text else { continue };
            let file = parse(&text, &path)?;
            let parent = parent_of(&file);
            let twice = self.found.store.add_repository(&path, file);
            self.refuse(&path, twice);
            self.found.texts.insert(path, text);
            if self.is_read_only(repository) {
                self.found.store.freeze();
            }
            return Ok(parent);
        }
        Ok(None)
    }

    fn is_read_only(&self, directory: &Path) -> bool {
        let Ok(Some(listing)) = self.observer.listing(directory) else {
            return false;
        };
        let mounted = rustix::fs::fstatvfs(listing.dir());
        mounted.is_ok_and(|mounted| mounted.f_flag.contains(StatVfsMountFlags::RDONLY))
    }

    /// The files of remotes. ostree reads every regular one that ends in .conf, hidden ones too.
    fn target(&mut self, files: TargetFiles) -> Result<(), Finding> {
        let staged = staged_path(&self.places.target);
        if self.observer.kind(&staged) == Ok(Some(MemberKind::Directory)) {
            self.found.observed.stale.push(staged);
        }
        let Some(listed) = self.names(&self.places.target)? else {
            return Ok(());
        };
        self.found.has_target = true;
        for name in &listed {
            let path = self.places.target.join(name);
            if is_staged(name) {
                self.found.observed.stale.push(path);
            } else if is_saved(name) {
                self.found.observed.saved.push(path);
            }
        }
        for (path, text) in files.texts {
            self.conf(&path, text)?;
        }
        Ok(())
    }

    fn conf(&mut self, path: &Path, text: Text) -> Result<(), Finding> {
        // A directory or a link to nothing is none to ostree; that it takes a name is found in the layers.
        let text = match text {
            Err(error) if is_nothing_to_ostree(&error) => None,
            other => other.map_err(|error| code::UNREADABLE.error(path, error.to_string()))?,
        };
        let Some(text) = text else { return Ok(()) };
        let name = path.file_stem().and_then(|stem| stem.to_str());
        let name = name.unwrap_or_default().to_owned();
        if text.is_empty() {
            return Ok(());
        }
        let file = parse(&text, path)?;
        let defined = names(&file);
        if file.groups().next().is_none() {
            self.found.store.note_blank(&name);
        }
        let others: Vec<_> = defined.iter().filter(|other| **other != name).collect();
        if !others.is_empty() && others.len() == defined.len() {
            let message = format!(
                "defines the remote {}, so {name} has no place there; name the file after its remote",
                defined.join(", ")
            );
            self.taken
                .insert(name, code::MISPLACED.error(path, message));
        }
        if defined.len() > 1 {
            let message = format!(
                "defines {}: `ostree remote delete` of one of them would remove the others, too; one remote a file",
                defined.join(" and ")
            );
            self.found
                .findings
                .push(code::SEVERAL_REMOTES.warning(path, message));
        }
        let twice = self.found.store.add(path, file);
        self.refuse(path, twice);
        self.link(path, &defined);
        self.found.texts.insert(path.to_owned(), text);
        Ok(())
    }

    /// A file that is a symlink out of the directory leads to what others see, too: the vendor's own
    /// file, or one that the deployments share. It is read, as ostree reads it, and never written.
    fn link(&mut self, path: &Path, defined: &[String]) {
        if self.observer.kind(path) == Ok(Some(MemberKind::File)) {
            return;
        }
        let root = self.observer.root();
        let ends = [path, &self.places.target].map(|path| root.chase(path));
        let [Ok(end), Ok(target)] = ends else { return };
        if end.parent() == Some(&target) {
            return;
        }
        let end = Path::new("/").join(end);
        let store = &mut self.found.store;
        store.note_link(path, end.clone());
        for name in defined
            .iter()
            .filter(|name| store.get(name, ORIGIN).is_some())
        {
            let message = format!(
                "is a symlink to {}, which is not written: put the file itself in its place",
                escape_path(&end)
            );
            let broken = &mut self.found.observed.broken;
            broken.insert(name.clone(), code::SYMLINK.error(path, message));
        }
    }

    /// What is defined twice makes ostree refuse to work, and only the owner can say which is right.
    fn refuse(&mut self, path: &Path, twice: Vec<(String, PathBuf)>) {
        for (name, other) in twice {
            let message = format!(
                "defines the remote {name}, which {} defines, too: ostree refuses to work until one of the two is removed",
                escape_path(&other)
            );
            let finding = code::DEFINED_TWICE.error(path, message);
            self.found.findings.push(finding.clone());
            self.found.observed.broken.insert(name, finding);
        }
    }

    /// The remotes of the repositories that the system's builds on.
    fn inherited(&mut self, mut parent: Option<PathBuf>) -> Result<(), Finding> {
        for _ in 0..ANCESTORS {
            let Some(path) = parent.map(|parent| parent.join("config")) else {
                return Ok(());
            };
            let Some(text) = self.file(&path)? else {
                return Ok(());
            };
            let file = parse(&text, &path)?;
            parent = parent_of(&file);
            self.found.store.add_parent(&path, file);
        }
        Ok(())
    }

    /// What is remembered; where the target was wiped, that counts as gone.
    fn remembered(&mut self) -> Result<(), Finding> {
        for name in self.names(&self.places.state)?.unwrap_or_default() {
            let path = self.places.state.join(&name);
            if is_staged(&name) {
                self.found.observed.stale.push(path);
                continue;
            }
            if path == self.places.intent() {
                self.found.observed.unfinished = self.file(&path)?;
                continue;
            }
            let Some(name) = name.to_str() else { continue };
            if let Some(remote) = Places::remembered(name) {
                match self.memory(&path) {
                    Ok(None) => {}
                    Ok(Some((text, memory))) => {
                        self.found.texts.insert(path, text);
                        if let Some(memory) = memory {
                            self.found.store.remember(remote, memory);
                        }
                    }
                    // Whatever became of that name, it is not to be told any more: it stays as it is.
                    Err(finding) => {
                        self.found.store.note_unknown(remote);
                        self.found.findings.push(finding.clone());
                        self.found.observed.broken.insert(remote.into(), finding);
                    }
                }
            } else if let Some(remote) = Places::moving(name) {
                if let Some(text) = self.file(&path)? {
                    self.arrived(remote, &text, &path);
                    self.found.texts.insert(path.clone(), text);
                }
                self.found.journals.push(path);
            }
        }
        self.unfinished();
        Ok(())
    }

    /// What a run that was killed was about to do.
    fn unfinished(&mut self) {
        let Found {
            store, observed, ..
        } = &mut self.found;
        let Some(text) = &observed.unfinished else {
            return self.staged_confs();
        };
        match Intent::parse(text, &self.places.intent()) {
            Ok(intent) => observed.intent = intent,
            Err(finding) => observed.damaged = Some(finding),
        }
        if let Some(config) = store.repository() {
            observed
                .stale
                .extend(left_staged(self.observer.root(), config));
        }
        let names: Vec<String> = observed.intent.names().map(str::to_owned).collect();
        for name in names.into_iter().filter(|_| self.found.has_target) {
            if let Some(memory) = self.unwritten(&name) {
                self.found.store.remember(&name, memory);
            }
        }
    }

    /// What a dead run had left to remember of a remote that it had put in place. Its file is staged before
    /// what is to be remembered, and not staged any more once it is in place: then it was offered, even if
    /// its owner has deleted it since.
    fn unwritten(&self, name: &str) -> Option<Memory> {
        let store = &self.found.store;
        let is_unknown = self.found.observed.broken.contains_key(name);
        if is_unknown || store.memories().any(|(known, _)| known == name) {
            return None;
        }
        if store.get(name, ORIGIN).is_some() {
            return Some(Memory::new(State::Offered));
        }
        let stale = &self.found.observed.stale;
        if stale.contains(&staged_path(&self.places.target)) {
            return None;
        }
        let memory = staged_path(&self.places.memory(name));
        let conf = staged_path(&self.places.conf(name));
        if stale.contains(&conf) || !stale.contains(&memory) {
            return None;
        }
        Memory::parse(&self.file(&memory).ok()??, &memory).ok()
    }

    /// Before there were intents, a staged file told which certificates a run was bringing.
    fn staged_confs(&mut self) {
        let staged: Vec<_> = self.found.observed.stale.clone();
        for path in staged
            .into_iter()
            .filter(|path| path.starts_with(&self.places.target))
        {
            let Ok(Some(text)) = self.file(&path) else {
                continue;
            };
            let Ok(file) = parse(&text, &path) else {
                continue;
            };
            let mut remotes = Remotes::new(self.places);
            remotes.add(&path, file);
            for name in managed(&remotes) {
                let traces = Traces {
                    certificates: fingerprints(&remotes, name),
                    ..Traces::default()
                };
                self.found.observed.intent.add(name, traces);
            }
        }
    }

    /// A file of what is remembered, as text and understood; the latter only while there is a target.
    fn memory(&self, path: &Path) -> Result<Option<Remembered>, Finding> {
        let Some(text) = self.file(path)? else {
            return Ok(None);
        };
        let memory = self.found.has_target.then(|| Memory::parse(&text, path));
        Ok(Some((text, memory.transpose()?)))
    }

    /// A run that was killed while it moved a remote has taken it from one place and not brought it to
    /// the other: its journal is what the other place is to hold.
    fn arrived(&mut self, name: &str, text: &[u8], journal: &Path) {
        if !self.found.store.has_remote(name)
            && let Ok(file) = parse(text, journal)
        {
            self.found.store.add(&self.places.conf(name), file);
        }
    }

    /// What the layers' remotes refer to.
    fn wanted(&mut self, layers: &Layers) {
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
                    observed.references.insert(path, Vec::new());
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
                self.found.observed.in_use.insert(name.clone());
            }
            if let Some(origin) = followed.elsewhere(&name) {
                self.found.store.note_followed(&name, origin);
            }
            if let Err(finding) = self.beside(layers, &name) {
                self.found.observed.broken.insert(name, finding);
            }
        }
        self.found.findings.append(&mut followed.unread);
    }

    /// What there is of one remote beside its file.
    fn beside(&mut self, layers: &Layers, name: &str) -> Result<(), Finding> {
        let path = self.places.keyring(name);
        let Some(text) = self.file(&path)? else {
            return Ok(());
        };
        let store = &self.found.store;
        let present = store.has_remote(name);
        let layered = layers
            .remotes
            .entries
            .get(name)
            .map(|layered| &layered.want);
        let stays = matches!(layered, Some(Want::Present(_) | Want::Unresolved(_)));
        let managed = present && store.get(name, KEYRING_BASELINE).is_some();
        let brought = store.brought(name).cloned().unwrap_or_default();
        let observed = &mut self.found.observed;
        if !managed && !brought.is_empty() {
            // `ostree remote delete` leaves the keyring, which the owner's next remote of the name would trust.
            let certificates = brought;
            let files = BTreeSet::new();
            observed.intent.add(
                name,
                Traces {
                    certificates,
                    files,
                },
            );
        }
        if managed && !stays {
            observed.residue.insert(name.into(), vec![path.clone()]);
        }
        self.found.observed.files.insert(path, text);
        Ok(())
    }
}

/// In an image, or in a deployment that is not booted, `/ostree` leads to nothing.
const fn is_elsewhere(error: &Unusable) -> bool {
    matches!(error.reason, Reason::Missing)
}

/// Whether ostree passes over what cannot be read for this reason: it opens regular files only.
const fn is_nothing_to_ostree(error: &Unusable) -> bool {
    matches!(
        error.reason,
        Reason::Missing | Reason::Loop | Reason::NotAFile(_) | Reason::NotADirectory
    )
}

fn parse(text: &[u8], path: &Path) -> Result<Editor, Finding> {
    Editor::parse(text).map_err(|(line, problem)| {
        let message = format!("{problem}; ostree refuses to work until this is mended");
        code::MALFORMED.error(path, message).at(line)
    })
}

/// The repository that a configuration says its own builds on.
fn parent_of(file: &Editor) -> Option<PathBuf> {
    let parent = value::decode_string(file.get("core", "parent")?).ok()?;
    Some(PathBuf::from(parent)).filter(|path| path.is_absolute())
}

/// Where the next content of a file waits.
fn staged_path(path: &Path) -> PathBuf {
    path.with_file_name(staged_name(path.file_name().unwrap_or_default()))
}
