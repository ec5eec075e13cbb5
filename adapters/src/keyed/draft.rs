//! A plan of entries in the making.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use overlay_resolver::finding::Finding;
use rustix::fs::RawMode;

use super::facet::Facets;
use super::intent::{Intent, Move, Traces};
use super::key::KeyName;
use super::observed::Observed;
use super::store::Store as _;
use super::target::Target;
use crate::code;
use crate::commit::{Access, Batch, Step, staged_name};
use crate::report::{Operation, Remark, Request, Wish, full_name};
use crate::scope::Scope;

/// A plan in the making: the entries as they are to be, and the writes around them.
pub(crate) struct Draft<'a, T: Target> {
    pub(crate) target: &'a T,
    pub(crate) observed: &'a Observed,
    pub(crate) request: &'a Request,
    /// The entries before.
    pub(crate) before: T::Store,
    /// The entries as they are to be.
    pub(crate) store: T::Store,
    /// What lies beside an entry.
    pub(crate) facets: Facets<T>,
    /// Files to be put in place before the entries that need them.
    pub(crate) files: BTreeMap<PathBuf, SideFile>,
    /// What is to go once no entry needs it any more, with the entry that it was for.
    pub(crate) obsolete: BTreeMap<PathBuf, String>,
    /// The files that only their owner is to read.
    pub(crate) private: BTreeSet<PathBuf>,
    /// The files that get this mode back.
    pub(crate) widened: BTreeMap<PathBuf, RawMode>,
    /// The names that entries had before which are made with what the owner did under these.
    pub(crate) formers: BTreeMap<String, String>,
    /// The entries that a run for others has to do with as well: they are the same under other names.
    pub(crate) related: BTreeSet<String>,
    /// The entries that could not be made, and why.
    pub(crate) unmade: BTreeMap<String, Finding>,
    /// What is done for an entry beside its keys, by entry.
    pub(crate) beside: BTreeMap<String, Vec<Beside>>,
    /// Whom a key is from that another source gave, or took away: by entry and key.
    pub(crate) given: BTreeMap<String, BTreeMap<KeyName<'static>, Giver>>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) remarks: Vec<Remark>,
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
            facets: Vec::new,
            files: BTreeMap::new(),
            obsolete: BTreeMap::new(),
            private: BTreeSet::new(),
            widened: BTreeMap::new(),
            formers: BTreeMap::new(),
            related: BTreeSet::new(),
            unmade: BTreeMap::new(),
            beside: BTreeMap::new(),
            given: BTreeMap::new(),
            findings: observed
                .saved
                .iter()
                .map(saved)
                .chain(observed.damaged.iter().cloned())
                .chain(observed.hindrances.iter().cloned())
                .collect(),
            remarks: Vec::new(),
        }
    }

    /// The same with what lies beside the entries.
    pub(crate) fn with(self, facets: Facets<T>) -> Self {
        Self { facets, ..self }
    }

    /// What the owner asks of an entry.
    pub(crate) fn wish(&self, name: &str) -> Option<&'a Wish> {
        let wishes = &self.request.wishes;
        // A run for everything asks this several times of each entry.
        if wishes.is_empty() {
            return None;
        }
        wishes.get(&full_name(self.target.adapter(), name))
    }

    /// Whether a run has anything to do with an entry: where single entries are meant, with no other, whatever they
    /// are called.
    pub(crate) fn is_meant(&self, name: &str) -> bool {
        self.request.wishes.is_empty() || self.wish(name).is_some() || self.related.contains(name)
    }

    /// The file that an entry stands in, or would, where this run may not write it.
    pub(crate) fn held(&self, name: &str) -> Option<PathBuf> {
        let place = self.target.place(&self.before, name);
        let may_write = self.request.scopes.contains(Scope::of(&place));
        (!may_write).then_some(place)
    }

    /// The steps that put the side files in place. What is to lose something has it until the
    /// entry needs that no more.
    pub(crate) fn side_files(&self) -> impl Iterator<Item = Step> {
        self.files.iter().filter_map(|(path, file)| {
            let expected = self.observed.files.get(path);
            let content = file.meanwhile.as_ref().unwrap_or(&file.content);
            replacement(path.clone(), expected.map(Vec::as_slice), content.clone())
        })
    }

    /// The steps after the entries: what they need no more goes.
    pub(crate) fn cleanup(&self) -> impl Iterator<Item = Step> {
        let last = self.files.iter().filter_map(|(path, file)| {
            let meanwhile = file.meanwhile.as_deref()?;
            replacement(path.clone(), Some(meanwhile), file.content.clone())
        });
        last.chain(self.obsolete.keys().cloned().map(Step::Remove))
    }

    /// The batch of these steps, with what a run that is killed between any two of them has to leave.
    /// Others are told last, by what is touched or by a notice: as long as they were not, the intent stays, and the
    /// next run tells them.
    ///
    /// Nothing is done to a file that could not be written. What was to be done to it waits, and so the
    /// intent stays.
    pub(crate) fn batch(&self, mut steps: Vec<Step>, signal: Option<Step>) -> Batch {
        let observed = self.observed;
        let before = observed.unfinished.as_ref();
        let wanted = steps.len();
        steps.retain(|step| !observed.refused.contains(step.path()));
        let refused = |step: &Step| observed.refused.contains(step.path());
        let is_told = !signal.as_ref().is_some_and(refused);
        // What a run for single entries does not look at stays to be mended.
        let mut unfinished = observed.intent.names();
        let ends_all = steps.len() == wanted
            && is_told
            && (before.is_none() || unfinished.all(|name| self.is_mended(name)));
        if steps.is_empty() && before.is_none() {
            steps.extend(self.stale(&steps));
            return steps.into();
        }
        if steps.is_empty() && !ends_all {
            return steps.into();
        }
        let path = self.target.intent();
        steps.extend(signal.filter(|_| is_told));
        let content = self.intent().to_bytes(T::NOUN);
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
            access: self.access(),
        }
    }

    /// Who may do what with the files that are written.
    fn access(&self) -> BTreeMap<PathBuf, Access> {
        let private = self.private.iter();
        let private = private.map(|path| (path.clone(), Access::OwnerOnly));
        let widened = self.widened.iter();
        let widened = widened.map(|(path, mode)| {
            let (mode, owner) = (*mode, None);
            (path.clone(), Access::Exactly { mode, owner })
        });
        private.chain(widened).collect()
    }

    /// Whether what a dead run left of an entry is mended by this one.
    fn is_mended(&self, name: &str) -> bool {
        self.is_meant(name) && !self.observed.unclear.contains(name)
    }

    /// What is about to become of what lies beside the entries, with what a dead run has left to do.
    pub(super) fn intent(&self) -> Intent {
        let mut intent = self.observed.intent.clone();
        let facets = (self.facets)();
        let is_changed =
            |path: &PathBuf| self.files.contains_key(path) || self.obsolete.contains_key(path);
        for name in self.touched() {
            let mended: Vec<_> = facets
                .iter()
                .filter_map(|facet| facet.mended(self.target, &name))
                .collect();
            let residue = self.target.residue(&name).into_iter();
            let residue = residue.filter(|path| !mended.contains(path));
            let mut traces = Traces {
                lists: BTreeMap::new(),
                files: residue.filter(is_changed).collect(),
                moves: self.moves(&name),
                former: self.formers.get(&name).cloned(),
                recollection: None,
            };
            for facet in &facets {
                facet.intend(self, &name, &mut traces);
            }
            intent.add(&name, traces);
        }
        intent.recollect(self.before.recollections(&self.store));
        intent
    }

    /// The way that an entry goes, if it is to stand in another file, be it under another name.
    fn moves(&self, name: &str) -> Option<Move> {
        let former = self.formers.get(name);
        let old = former.map_or(name, String::as_str);
        let from = self.target.place(&self.before, old);
        let leaves = self.before.has(old) && (former.is_none() || !self.store.has(old));
        let arrives = self.store.has(name) && self.target.place(&self.store, name) != from;
        (leaves && arrives).then_some(Move { from, left: false })
    }

    /// The names under which keys or notes change.
    pub(super) fn changed(&self) -> BTreeSet<String> {
        // Whole copies share what is as it was; most runs change nothing.
        if self.before == self.store {
            return BTreeSet::new();
        }
        let stores = [&self.before, &self.store];
        let names = stores.into_iter().flat_map(T::Store::names);
        let names = names.chain(T::NO_ENTRIES.iter().copied());
        let changed = names.filter(|name| {
            let [before, after] = stores.map(|store| (store.pairs(name), store.notes(name)));
            before != after
        });
        changed.map(str::to_owned).collect()
    }

    /// The entries that change, or that something changes beside.
    pub(crate) fn touched(&self) -> BTreeSet<String> {
        let mut touched = self.changed();
        for other in T::NO_ENTRIES {
            touched.remove(*other);
        }
        touched.extend(self.beside.keys().chain(self.obsolete.values()).cloned());
        touched
    }

    /// What the steps do not stage again of what a killed run left. The last of it goes first: what an entry was to be
    /// remembered as, without what was to be put in place, says that this is in place.
    pub(crate) fn stale(&self, steps: &[Step]) -> Vec<Step> {
        let restaged: BTreeSet<_> = steps.iter().filter_map(staged).collect();
        let Observed { stale, refused, .. } = self.observed;
        let stale = stale.iter().rev();
        let stale = stale.filter(|path| !restaged.contains(*path) && !refused.contains(*path));
        stale.cloned().map(Step::Remove).collect()
    }
}

fn saved(path: &PathBuf) -> Finding {
    let message = "another program wrote this at the same time as a run that was killed, and something newer has its place: take what you need of it, then remove it";
    code::DISPLACED_FILE.warning(path, message)
}

/// A change of what lies beside the keys of an entry: of its keyring, or a copy that is kept there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beside {
    pub(crate) operation: Operation,
    pub(crate) subject: String,
    /// The file.
    pub(crate) path: PathBuf,
}

/// A file beside an entry, as it is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SideFile {
    /// The entry that it is for.
    pub(crate) of: String,
    /// What it is to hold.
    pub(crate) content: Vec<u8>,
    /// What it holds until the entry is as it is to be, if that is something else.
    pub(crate) meanwhile: Option<Vec<u8>>,
}

/// Whom a key is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Giver {
    /// What its entries are reported under.
    pub(crate) adapter: String,
    /// The entry.
    pub(crate) entry: String,
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
        Step::Create(_) | Step::Intend { .. } | Step::Replace { .. } | Step::Link { .. } => {
            step.path()
        }
        Step::Remove(_) | Step::Unlink(_) | Step::Take { .. } | Step::Touch(_) | Step::Tell(_) => {
            return None;
        }
    };
    Some(path.with_file_name(staged_name(path.file_name()?)))
}
