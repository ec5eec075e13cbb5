//! A plan of remotes in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::root::{Kind, Reason};

use super::collections::REPOSITORY;
use super::intent::{Intent, Move, Traces};
use super::target::{Store as _, Target};
use crate::code;
use crate::commit::{Batch, Step, staged_name};
use crate::observer::Observer;
use crate::obstacles::Obstacles;
use crate::openpgp::{Fingerprint, Keyring};
use crate::report::{Operation, Request, Wish, full_name};
use crate::scope::Scope;

/// What there is beside the remotes themselves; read once, before the plan is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Observed {
    /// Files of the target that matter, by path: keyrings, copies of filters.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// Those of them that are symlinks to files of others, which are not written.
    pub(crate) links: BTreeMap<PathBuf, PathBuf>,
    /// Files that the layers' entries name, as far as they exist.
    pub(crate) references: BTreeMap<PathBuf, Vec<u8>>,
    /// Remotes that something depends on, among those that may have to go.
    pub(crate) in_use: BTreeSet<String>,
    /// What there is of remotes beside their group, for those that are gone or may have to go.
    pub(crate) residue: BTreeMap<String, Vec<PathBuf>>,
    /// The stamps of older mechanisms that exist.
    pub(crate) stamps: BTreeSet<PathBuf>,
    /// Remotes that must not be touched, and why.
    pub(crate) broken: BTreeMap<String, Finding>,
    /// Those of them of which nobody can tell whether they are there: nothing is concluded, and what a dead
    /// run left of them waits.
    pub(crate) unclear: BTreeSet<String>,
    /// Files that could not be written: nothing more is done to them.
    pub(crate) refused: BTreeSet<PathBuf>,
    /// The remotes that have a source which not everybody may read, each with that.
    pub(crate) private: BTreeMap<String, PathBuf>,
    /// Of the references, those that not everybody may read.
    pub(crate) narrow: BTreeSet<PathBuf>,
    /// What failed for no remote in particular.
    pub(crate) hindrances: Vec<Finding>,
    /// What other programs wrote at the same time as a run, kept because something newer has its place.
    pub(crate) saved: Vec<PathBuf>,
    /// What a run that was killed left staged.
    pub(crate) stale: Vec<PathBuf>,
    /// The file in which that run wrote down what it was about to do.
    pub(crate) unfinished: Option<Vec<u8>>,
    /// What it was about to do.
    pub(crate) intent: Intent,
    /// Why that cannot be told.
    pub(crate) damaged: Option<Finding>,
}

impl Observed {
    /// Reads what a run that was killed was about to do, if it left word of it at this path.
    ///
    /// # Errors
    /// It cannot be read, so it is not known what there is to mend.
    pub(crate) fn find_intent(
        &mut self,
        observer: &Observer<'_>,
        path: &Path,
    ) -> Result<(), Finding> {
        let text = match observer.read(path) {
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
            text => text.map_err(|error| code::UNREADABLE.error(path, error.to_string()))?,
        };
        let intent = text.as_ref().map(|text| Intent::parse(text, path));
        match intent.transpose() {
            Ok(intent) => self.intent = intent.unwrap_or_default(),
            Err(finding) => self.damaged = Some(finding),
        }
        self.unfinished = text;
        Ok(())
    }

    /// Takes in what stood in the way of an earlier attempt.
    pub(crate) fn beware(&mut self, obstacles: &Obstacles) {
        let remotes = obstacles.remotes.iter();
        let remotes = remotes.map(|(name, finding)| (name.clone(), finding.clone()));
        self.broken.extend(remotes);
        self.refused.extend(obstacles.files.iter().cloned());
        let private = obstacles.private.iter();
        let private = private.map(|(name, path)| (name.clone(), path.clone()));
        self.private.extend(private);
        self.hindrances.extend(obstacles.findings.iter().cloned());
    }
}

/// A plan in the making: the remotes as they are to be, and the writes around them.
pub(crate) struct Draft<'a, T: Target> {
    pub(crate) target: &'a T,
    pub(crate) observed: &'a Observed,
    pub(crate) request: &'a Request,
    /// The remotes before.
    pub(crate) before: T::Store,
    /// The remotes as they are to be.
    pub(crate) store: T::Store,
    /// Files to be put in place before the remotes that need them.
    pub(crate) files: BTreeMap<PathBuf, Vec<u8>>,
    /// What keyrings hold in between, which lose certificates.
    pub(crate) unions: BTreeMap<PathBuf, Vec<u8>>,
    /// What is to go once no remote needs it any more, with the remote that it was for.
    pub(crate) obsolete: BTreeMap<PathBuf, String>,
    /// The files that only their owner is to read.
    pub(crate) private: BTreeSet<PathBuf>,
    /// What is done for a remote beside its group, by remote.
    pub(crate) beside: BTreeMap<String, Vec<Beside>>,
    /// The entries that gave a remote its collection ID, or took it away: by remote.
    pub(crate) given: BTreeMap<String, String>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a, T: Target> Draft<'a, T> {
    pub(crate) fn new(
        target: &'a T,
        before: T::Store,
        observed: &'a Observed,
        request: &'a Request,
    ) -> Self {
        Self {
            target,
            observed,
            request,
            store: before.clone(),
            before,
            files: BTreeMap::new(),
            unions: BTreeMap::new(),
            obsolete: BTreeMap::new(),
            private: BTreeSet::new(),
            beside: BTreeMap::new(),
            given: BTreeMap::new(),
            findings: observed
                .saved
                .iter()
                .map(saved)
                .chain(observed.damaged.iter().cloned())
                .chain(observed.hindrances.iter().cloned())
                .collect(),
        }
    }

    /// What the owner asks of a remote.
    pub(crate) fn wish(&self, name: &str) -> Option<&'a Wish> {
        let wishes = &self.request.wishes;
        // A run for everything asks this several times of each remote.
        if wishes.is_empty() {
            return None;
        }
        wishes.get(&full_name(self.target.remotes(), name))
    }

    /// Whether a run has anything to do with a remote: where single entries are meant, with no other.
    pub(crate) fn is_meant(&self, name: &str) -> bool {
        self.request.wishes.is_empty() || self.wish(name).is_some()
    }

    /// The file that a remote stands in, or would, where this run may not write it.
    pub(crate) fn held(&self, name: &str) -> Option<PathBuf> {
        let place = self.target.place(&self.before, name);
        let may_write = self.request.scopes.contains(Scope::of(&place));
        (!may_write).then_some(place)
    }

    /// The steps that put the side files in place. Of a keyring that loses certificates all stay until the
    /// remote needs them no more.
    pub(crate) fn side_files(&self) -> impl Iterator<Item = Step> {
        self.files.iter().filter_map(|(path, content)| {
            let expected = self.observed.files.get(path);
            let content = self.unions.get(path).unwrap_or(content);
            replacement(path.clone(), expected.map(Vec::as_slice), content.clone())
        })
    }

    /// The steps after the remotes: what they need no more goes.
    pub(crate) fn cleanup(&self) -> impl Iterator<Item = Step> {
        let keyrings = self.unions.iter().filter_map(|(path, union)| {
            let content = self.files.get(path)?;
            replacement(path.clone(), Some(union), content.clone())
        });
        keyrings.chain(self.obsolete.keys().cloned().map(Step::Remove))
    }

    /// The batch of these steps, with what a run that is killed between any two of them has to leave.
    /// What programs watch that want to know of changes is touched last.
    ///
    /// Nothing is done to a file that could not be written. What was to be done to it waits, and so the
    /// intent stays.
    pub(crate) fn batch(&self, mut steps: Vec<Step>, watched: Option<PathBuf>) -> Batch {
        let observed = self.observed;
        let before = observed.unfinished.as_ref();
        let wanted = steps.len();
        steps.retain(|step| !observed.refused.contains(step.path()));
        let is_touched = !observed
            .refused
            .iter()
            .any(|path| watched.as_ref() == Some(path));
        // What a run for single entries does not look at stays to be mended.
        let mut unfinished = observed.intent.names();
        let ends_all = steps.len() == wanted
            && is_touched
            && (before.is_none() || unfinished.all(|name| self.is_mended(name)));
        if steps.is_empty() && before.is_none() {
            steps.extend(self.stale(&steps));
            return steps.into();
        }
        if steps.is_empty() && !ends_all {
            return steps.into();
        }
        let path = self.target.intent();
        steps.extend(watched.filter(|_| is_touched).map(Step::Touch));
        let content = self.intent().to_bytes();
        if before != Some(&content) {
            let before = before.cloned();
            let path = path.clone();
            steps.insert(
                0,
                Step::Intend {
                    path,
                    before,
                    content,
                },
            );
        }
        if ends_all {
            steps.extend(self.stale(&steps));
            steps.push(Step::Remove(path));
        }
        Batch {
            steps,
            private: self.private.clone(),
        }
    }

    /// Whether what a dead run left of a remote is mended by this one.
    fn is_mended(&self, name: &str) -> bool {
        self.is_meant(name) && !self.observed.unclear.contains(name)
    }

    /// What is about to become of what lies beside the remotes, with what a dead run has left to do.
    fn intent(&self) -> Intent {
        let mut intent = self.observed.intent.clone();
        for name in self.touched() {
            let residue = self.target.residue(&name).into_iter();
            let is_changed =
                |path: &PathBuf| self.files.contains_key(path) || self.obsolete.contains_key(path);
            let keyring = self.target.keyring(&name);
            let traces = Traces {
                certificates: self.exchanged(&keyring),
                files: residue
                    .filter(|path| *path != keyring)
                    .filter(is_changed)
                    .collect(),
                moves: self.moves(&name),
            };
            intent.add(&name, traces);
        }
        intent
    }

    /// The way that a remote goes, if it is to stand in another file.
    fn moves(&self, name: &str) -> Option<Move> {
        let [from, to] = [&self.before, &self.store].map(|store| self.target.place(store, name));
        let stays = from == to
            || ![&self.before, &self.store]
                .iter()
                .all(|s| s.has_remote(name));
        (!stays).then_some(Move { from, left: false })
    }

    /// The remotes whose group changes.
    pub(super) fn changed(&self) -> BTreeSet<String> {
        let stores = [&self.before, &self.store];
        let remotes = stores.into_iter().flat_map(T::Store::remotes);
        let changed = remotes.chain([REPOSITORY]).filter(|name| {
            let [before, after] = stores.map(|store| store.pairs(name));
            before != after
        });
        changed.map(str::to_owned).collect()
    }

    /// The remotes that change, or that something changes beside.
    pub(crate) fn touched(&self) -> BTreeSet<String> {
        let mut touched = self.changed();
        touched.remove(REPOSITORY);
        touched.extend(self.beside.keys().chain(self.obsolete.values()).cloned());
        touched
    }

    /// The certificates that come into a keyring or go.
    fn exchanged(&self, path: &Path) -> BTreeSet<Fingerprint> {
        let before = fingerprints_in(self.observed.files.get(path));
        let after = match self.files.get(path) {
            None if !self.obsolete.contains_key(path) => return BTreeSet::new(),
            after => fingerprints_in(after),
        };
        before.symmetric_difference(&after).cloned().collect()
    }

    /// What the steps do not stage again of what a killed run left.
    pub(crate) fn stale(&self, steps: &[Step]) -> Vec<Step> {
        let restaged: BTreeSet<_> = steps.iter().filter_map(staged).collect();
        let Observed { stale, refused, .. } = self.observed;
        let stale = stale.iter();
        let stale = stale.filter(|path| !restaged.contains(*path) && !refused.contains(*path));
        stale.cloned().map(Step::Remove).collect()
    }
}

fn saved(path: &PathBuf) -> Finding {
    let message = "another program wrote this at the same time as a run that was killed, and something newer has its place: take what you need of it, then remove it";
    code::DISPLACED_FILE.warning(path, message)
}

/// A change of what lies beside the group of a remote: of its keyring, or a copy that is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) operation: Operation,
    pub(crate) subject: String,
    /// The file.
    pub(crate) path: PathBuf,
}

/// The certificates of a keyring. What cannot be read is nobody's.
fn fingerprints_in(keyring: Option<&Vec<u8>>) -> BTreeSet<Fingerprint> {
    let keyring = keyring.and_then(|text| Keyring::parse(text).ok());
    let certificates = keyring.iter().flat_map(Keyring::iter);
    certificates.map(|one| one.fingerprint().clone()).collect()
}

/// The step that gives a file its content, unless it has it.
pub(crate) fn replacement(
    path: PathBuf,
    expected: Option<&[u8]>,
    content: Vec<u8>,
) -> Option<Step> {
    (expected != Some(content.as_slice())).then(|| Step::Replace {
        path,
        expected: expected.map(<[u8]>::to_vec),
        content,
    })
}

/// The name under which a step stages what it writes.
fn staged(step: &Step) -> Option<PathBuf> {
    let path = match step {
        Step::Create(_) | Step::Intend { .. } | Step::Replace { .. } => step.path(),
        Step::Remove(_) | Step::Take { .. } | Step::Touch(_) => return None,
    };
    Some(path.with_file_name(staged_name(path.file_name()?)))
}
