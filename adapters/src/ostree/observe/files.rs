//! The files that define remotes: those of the target, the repository's configuration and its parents'.

use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;
use overlay_resolver::keyfile::{Keyfile, LineKind, value};
use overlay_resolver::root::{MemberKind, Reason, Unusable};
use rustix::fs::StatVfsMountFlags;

use super::super::store::names;
use super::super::{TargetFiles, Text};
use super::{Eyes, is_elsewhere, staged_path};
use crate::code;
use crate::commit::{is_saved, is_staged};
use crate::editor::Editor;
use crate::keyed::management::Management;
use crate::remotes::group::remote_name;

/// How many repositories may build on one another.
const ANCESTORS: usize = 8;

impl Eyes<'_> {
    /// The configuration of the repository, under the first of its names. Returns its parent.
    pub(super) fn repository(&mut self) -> Result<Option<PathBuf>, Finding> {
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
    pub(super) fn target(&mut self, files: TargetFiles) -> Result<(), Finding> {
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
            self.conf(&path, text);
        }
        self.keyrings = files.keyrings;
        Ok(())
    }

    fn conf(&mut self, path: &Path, text: Text) {
        let name = path.file_stem().expect("a file has a name");
        // What is not text is the name of no remote, in whatever way it is shown.
        let name = name.to_string_lossy().into_owned();
        let text = match text {
            // A directory or a link to nothing is none to ostree; that it takes a name is found in the layers.
            Err(error) if is_nothing_to_ostree(&error) => return,
            Err(error) => return self.hidden(&name, path, &error),
            Ok(None) => return,
            Ok(Some(text)) if text.is_empty() => return,
            Ok(Some(text)) => text,
        };
        let file = match parse(&text, path) {
            Ok(file) => file,
            Err(finding) => return self.garbled(&name, &text, &finding),
        };
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
    }

    /// A file that ostree stumbles over: what is meant by the names in it, nobody can tell. It works no
    /// more until its owner mends the file, so the others' remotes may go on.
    fn garbled(&mut self, name: &str, text: &[u8], finding: &Finding) {
        let keyfile = Keyfile::parse(text);
        let groups = keyfile.lines().iter().filter_map(|line| match &line.kind {
            LineKind::Group { name } => keyfile.text().get(name.clone()),
            _ => None,
        });
        let named = groups.filter_map(|group| remote_name(group.as_bstr()));
        for name in named.chain([name]) {
            self.unclear(name, finding);
        }
        self.found.findings.push(finding.clone());
    }

    /// A file that we cannot read, and ostree may: it can define anything that is nowhere else.
    fn hidden(&mut self, name: &str, path: &Path, error: &Unusable) {
        let finding = code::UNREADABLE.error(path, error.to_string());
        self.unclear(name, &finding);
        self.found.findings.push(finding.clone());
        self.hidden.get_or_insert(finding);
    }

    /// A file that is a symlink out of the directory leads to what others see, too: the vendor's own
    /// file, or one that the deployments share. It is read, as ostree reads it, and never written.
    fn link(&mut self, path: &Path, defined: &[String]) {
        let Some(end) = self.elsewhere(path) else {
            return;
        };
        let store = &mut self.found.store;
        store.note_link(path, end.clone());
        for name in defined
            .iter()
            .filter(|name| Management::of(store, name).is_some())
        {
            let message = format!(
                "is a symlink to {}, which is not written: put the file itself in its place",
                escape_path(&end)
            );
            let broken = &mut self.found.observed.broken;
            broken.insert(name.clone(), code::SYMLINK.error(path, message));
        }
    }

    /// Where a file of the target leads, if that is not in the target.
    pub(super) fn elsewhere(&self, path: &Path) -> Option<PathBuf> {
        if self.observer.kind(path) == Ok(Some(MemberKind::File)) {
            return None;
        }
        let root = self.observer.root();
        let ends = [path, &self.places.target].map(|path| root.chase(path));
        let [Ok(end), Ok(target)] = ends else {
            return None;
        };
        (end.parent() != Some(&target)).then(|| Path::new("/").join(end))
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
    pub(super) fn inherited(&mut self, mut parent: Option<PathBuf>) -> Result<(), Finding> {
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
}

/// Whether ostree passes over what cannot be read for this reason: it opens regular files only.
pub(in crate::ostree) const fn is_nothing_to_ostree(error: &Unusable) -> bool {
    matches!(
        error.reason,
        Reason::Missing | Reason::Loop | Reason::NotAFile(_) | Reason::NotADirectory
    )
}

pub(super) fn parse(text: &[u8], path: &Path) -> Result<Editor, Finding> {
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
