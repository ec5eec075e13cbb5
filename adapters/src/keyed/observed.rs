//! What a plan finds beside the entries themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Kind, Reason};

use super::entry::Entry;
use super::intent::Intent;
use super::target::Target;
use crate::code;
use crate::commit::{is_saved, is_staged};
use crate::observer::Observer;
use crate::obstacles::Obstacles;
use crate::report::Dependent;
use crate::source::{Source, Want};

/// What there is beside the entries themselves; read once, before the plan is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Files of the target that matter, by path: keyrings, copies of filters.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// What would be one of them and is not for whoever runs this: nothing is done to it.
    pub(crate) unread: BTreeSet<PathBuf>,
    /// Those of them that are symlinks, with where they lead. flatpak and ostree read that, and import nothing into a
    /// link; it may be the keyring of another remote, so it is not written.
    pub(crate) links: BTreeMap<PathBuf, PathBuf>,
    /// Files that the layers' entries name, as far as they exist.
    pub(crate) references: BTreeMap<PathBuf, Vec<u8>>,
    /// Entries that something depends on, among those that may have to go.
    pub(crate) in_use: BTreeMap<String, Dependent>,
    /// What there is of entries beside their keys, for those that are gone or may have to go.
    pub(crate) residue: BTreeMap<String, Vec<PathBuf>>,
    /// The stamps of older mechanisms that exist.
    pub(crate) stamps: BTreeSet<PathBuf>,
    /// Entries that must not be touched, and why.
    pub(crate) broken: BTreeMap<String, Finding>,
    /// Those of them of which nobody can tell whether they are there: nothing is concluded, and what a dead
    /// run left of them waits.
    pub(crate) unclear: BTreeSet<String>,
    /// Files that could not be written: nothing more is done to them.
    pub(crate) refused: BTreeSet<PathBuf>,
    /// The entries that have a source which not everybody may read, each with that.
    pub(crate) private: BTreeMap<String, PathBuf>,
    /// Of the references, and of the copies of them, those that not everybody may read.
    pub(crate) narrow: BTreeSet<PathBuf>,
    /// What failed for no entry in particular.
    pub(crate) hindrances: Vec<Finding>,
    /// What other programs wrote at the same time as a run, kept because something newer has its place.
    pub(crate) saved: Vec<PathBuf>,
    /// What a run that was killed left staged; what it staged last is found last.
    pub(crate) stale: Vec<PathBuf>,
    /// The file in which that run wrote down what it was about to do.
    pub(crate) unfinished: Option<Vec<u8>>,
    /// What it was about to do.
    pub(crate) intent: Intent,
    /// Why that cannot be told.
    pub(crate) damaged: Option<Finding>,
}

impl Observed {
    /// Looks for what a run that was killed left in a directory: what it had staged, what it was about to do,
    /// and what other programs wrote meanwhile.
    ///
    /// # Errors
    /// It cannot be read, so it is not known what there is to mend.
    pub(crate) fn look_into<T: Target>(
        &mut self,
        observer: &Observer<'_>,
        directory: &Path,
        target: &T,
    ) -> Result<(), Finding> {
        let listing = observer.listing(directory);
        let listing =
            listing.map_err(|error| code::UNREADABLE.error(directory, error.to_string()))?;
        for name in listing.iter().flat_map(|listing| listing.names()) {
            if is_staged(name) {
                self.stale.push(directory.join(name));
            } else if is_saved(name) {
                self.saved.push(directory.join(name));
            }
        }
        let intent = target.intent();
        let is_there = intent.parent() == Some(directory) && observer.has(&intent) == Ok(true);
        if is_there {
            self.find_intent(observer, target)?;
        }
        Ok(())
    }

    /// Looks which stamps of older mechanisms exist, of those that the entries name.
    pub(crate) fn look_for_stamps<W: AsRef<Entry>>(
        &mut self,
        observer: &Observer<'_>,
        source: &Source<W>,
    ) {
        for layered in source.entries.values() {
            if let Want::Present(wanted) = &layered.want
                && let Some(stamp) = &wanted.as_ref().deleted_if
                // A place where it cannot be is one where it is not.
                && observer.has(stamp).unwrap_or_default()
            {
                self.stamps.insert(stamp.clone());
            }
        }
    }

    /// Reads what a run that was killed was about to do, if it left word of it.
    ///
    /// # Errors
    /// It cannot be read, so it is not known what there is to mend.
    pub(crate) fn find_intent<T: Target>(
        &mut self,
        observer: &Observer<'_>,
        target: &T,
    ) -> Result<(), Finding> {
        let path = target.intent();
        let text = match observer.read(&path) {
            // No run leaves such a thing.
            Err(error) if matches!(error.reason, Reason::NotAFile(_) | Reason::Missing) => {
                let message =
                    format!("{error}; runs write down here what they are about to do: remove it");
                let finding = code::MALFORMED.error(path, message);
                // No file takes the place of a directory, so no run could write down anything.
                if error.reason == Reason::NotAFile(Kind::Directory) {
                    return Err(finding);
                }
                self.damaged = Some(finding);
                return Ok(());
            }
            text => text.map_err(|error| code::UNREADABLE.error(&path, error.to_string()))?,
        };
        if text
            .as_ref()
            .is_some_and(|text| text.trim_ascii().is_empty())
        {
            let message = "is empty, and no run leaves it so: what a run that was killed had left to do is not known, and some of it may stay undone";
            self.damaged = Some(code::MALFORMED.warning(&path, message));
        }
        let intent = text
            .as_ref()
            .map(|text| Intent::parse(text, &path, T::NOUN, |name| target.is_name(name), T::LISTS));
        match intent.transpose() {
            Ok(None) => {}
            Ok(Some((intent, damaged))) => {
                self.intent = intent;
                self.damaged = damaged.or(self.damaged.take());
            }
            Err(finding) => self.damaged = Some(finding),
        }
        self.unfinished = text;
        Ok(())
    }

    /// Takes in what stood in the way of an earlier attempt.
    pub(crate) fn beware(&mut self, obstacles: &Obstacles) {
        let entries = obstacles.entries.iter();
        let entries = entries.map(|(name, finding)| (name.clone(), finding.clone()));
        self.broken.extend(entries);
        self.refused.extend(obstacles.files.iter().cloned());
        let private = obstacles.private.iter();
        let private = private.map(|(name, path)| (name.clone(), path.clone()));
        self.private.extend(private);
        self.hindrances.extend(obstacles.findings.iter().cloned());
    }
}
