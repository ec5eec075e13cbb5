//! The collection IDs: one key of a remote, whoever made the remote. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use bstr::{BStr, ByteSlice as _};

use super::collection::{Collection, ID, KEY, REPOSITORY, SECTION};
use super::notes::{NOTES, OF_COLLECTIONS};
use super::repository::Repository;
use crate::keyed::baseline::{self, Baseline};
use crate::keyed::bundles;
use crate::keyed::draft::{Draft, Giver};
use crate::keyed::store::Store as _;
use crate::reconcile::{self, Key, KeyAction};
use crate::report::{
    CollectionDecision, Decision, EntryReport, Going, Holder, KeyReport, Mask, Matter, NotSet,
    Remark, Wish, full_name,
};
use crate::source::{Layered, Source, Want};

fn holder(remote: &str) -> Holder {
    if remote == REPOSITORY {
        Holder::Repository
    } else {
        Holder::Remote(remote.into())
    }
}

/// Plans all collection IDs, in byte order of the files' names; the remotes are planned already.
pub(crate) fn plan<T: Repository>(
    draft: &mut Draft<'_, T>,
    source: &Source<Collection>,
) -> Vec<EntryReport> {
    let mut given = BTreeMap::<&str, &str>::new();
    let mut entries = Vec::new();
    for (name, layered) in &source.entries {
        let (decision, keys) = match &layered.want {
            Want::Headless => continue,
            Want::Present(wanted) if !is_meant(draft, name, wanted) => continue,
            Want::Masked(_) | Want::Unresolved(_) if !draft.request.wishes.is_empty() => continue,
            Want::Masked(path) => {
                let mask = Mask {
                    path: path.clone(),
                    is_former_name: false,
                };
                (Decision::Masked { mask }, vec![])
            }
            Want::Unresolved(finding) => (finding.clone().into(), vec![]),
            Want::Present(wanted) => match given.get(wanted.remote.as_str()) {
                None => {
                    given.insert(&wanted.remote, name);
                    note_giver(draft, &wanted.remote, name);
                    let one = Giving {
                        name,
                        layered,
                        wanted,
                        mask: source.top.join(&layered.document.entry().name),
                        source,
                    };
                    one.give(draft)
                }
                Some(first) => (refuse_second(draft, layered, wanted, first), vec![]),
            },
        };
        entries.push(entry(draft, name, decision, keys));
    }
    let unresolved = source
        .entries
        .values()
        .any(|layered| matches!(layered.want, Want::Unresolved(_)));
    // An entry that cannot be read does not say which remote it is for, so none is taken for withdrawn.
    if source.complete && !unresolved && draft.request.wishes.is_empty() {
        let wanted: BTreeSet<&str> = given.keys().copied().collect();
        for (name, decision) in withdraw(draft, source, &wanted) {
            // One that is masked says so itself.
            if !entries.iter().any(|entry| entry.name == name) {
                entries.push(entry(draft, &name, decision, vec![]));
            }
        }
    }
    entries
}

/// Whether a run has anything to do with an ID: with that of a remote that is meant, or that is meant itself.
fn is_meant<T: Repository>(draft: &Draft<'_, T>, name: &str, wanted: &Collection) -> bool {
    draft.is_meant(&wanted.remote) || wish(draft, name).is_some()
}

/// What the owner asks of a collection ID.
fn wish<'a, T: Repository>(draft: &Draft<'a, T>, name: &str) -> Option<&'a Wish> {
    let name = full_name(draft.target.collections(), name);
    draft.request.wishes.get(&name)
}

/// Notes from which entry a remote has its ID.
fn note_giver<T: Repository>(draft: &mut Draft<'_, T>, remote: &str, entry: &str) {
    let giver = Giver {
        adapter: draft.target.collections().to_owned(),
        entry: entry.to_owned(),
    };
    let keys = draft.given.entry(remote.to_owned()).or_default();
    keys.insert(KEY.into(), giver);
}

fn entry<T: Repository>(
    draft: &Draft<'_, T>,
    name: &str,
    decision: Decision,
    keys: Vec<KeyReport>,
) -> EntryReport {
    EntryReport {
        adapter: draft.target.collections().into(),
        name: name.into(),
        noun: T::NOUN,
        whole: false,
        is_ambiguous: false,
        decision,
        layered: None,
        beside: Vec::new(),
        keys,
    }
}

/// Two entries for one remote: the first one counts.
fn refuse_second<T: Repository>(
    draft: &mut Draft<'_, T>,
    layered: &Layered<Collection>,
    wanted: &Collection,
    first: &str,
) -> Decision {
    let of = holder(&wanted.remote);
    let matter = Matter::IdTwice {
        of: of.clone(),
        first: first.into(),
    };
    draft.remarks.push(remark(layered, matter));
    let first = first.into();
    CollectionDecision::Twice { of, first }.into()
}

/// A collection ID that a remote is to get.
struct Giving<'s> {
    /// The name of its entry.
    name: &'s str,
    layered: &'s Layered<Collection>,
    wanted: &'s Collection,
    /// Where a file masks it.
    mask: PathBuf,
    source: &'s Source<Collection>,
}

impl Giving<'_> {
    /// Gives a remote its ID if it has none, and follows the vendor where the ID came from us.
    fn give<T: Repository>(&self, draft: &mut Draft<'_, T>) -> (Decision, Vec<KeyReport>) {
        let Collection { remote, id } = self.wanted;
        let of = holder(remote);
        if !draft.store.has(remote) {
            let later = draft.store.later_name(remote);
            let later = later.filter(|later| draft.store.has(later));
            let later = later.map(str::to_owned);
            return (CollectionDecision::NoHolder { of, later }.into(), vec![]);
        }
        if draft.target.is_never_written(&draft.store, remote) {
            let foreign = draft.target.foreign(&draft.store, remote);
            return (Decision::Foreign(foreign), vec![]);
        }
        let broken = draft.observed.broken.get(remote).cloned();
        let refused = &self.source.refused;
        let kept = || bundles::kept(&draft.store, remote, OF_COLLECTIONS, refused);
        if let Some(finding) = broken.or_else(kept) {
            return (finding.into(), vec![]);
        }
        let owned = |value: Option<&BStr>| value.map(BStr::to_owned);
        let actual = owned(draft.store.get(remote, KEY));
        let given = Baseline::read(&draft.store, remote, OF_COLLECTIONS);
        let baseline = owned(given.get(KEY));
        let reverted = self.is_reverted(draft);
        let last = if reverted { &actual } else { &baseline };
        let action = reconcile::key(Key {
            baseline: last.as_deref().map(|v| v.as_bytes()),
            actual: actual.as_deref().map(|v| v.as_bytes()),
            desired: Some(id),
            owners: false,
            refreshed: false,
            lost: given.is_lost() && !reverted,
        });
        let held = draft.held(remote);
        if action == KeyAction::Write && held.is_none() {
            let id = id.as_bstr();
            draft.store.put(remote, KEY, Some(id));
            let mut given = given;
            given.record(KEY, Some(id));
            given.write(&mut draft.store, remote, OF_COLLECTIONS);
        }
        if given_by_us(draft, remote) && held.is_none() {
            let brought = self.source.bundles_of(self.name);
            bundles::note(&mut draft.store, remote, OF_COLLECTIONS, &brought);
        }
        let decision = match (action, held, &actual) {
            (KeyAction::Write, Some(place), _) => CollectionDecision::OutOfScope { place },
            (KeyAction::Write, None, None) => CollectionDecision::Given { of },
            (KeyAction::Write, None, Some(_)) => CollectionDecision::Changed { of },
            (KeyAction::Record, ..) => CollectionDecision::There { of },
            (KeyAction::Keep { .. } | KeyAction::Drift, _, None) => {
                CollectionDecision::TakenAway { of }
            }
            (KeyAction::Keep { .. } | KeyAction::Drift, _, Some(id)) if id.is_empty() => {
                CollectionDecision::Emptied { of }
            }
            (KeyAction::Keep { .. } | KeyAction::Drift, _, Some(has)) => {
                CollectionDecision::Differs {
                    of,
                    has: has.clone(),
                    has_its_own: has_its_own(draft, remote),
                }
            }
        };
        let remark = self.not_set(draft, &decision);
        draft.remarks.extend(remark);
        let key = KeyReport {
            key: KEY.into(),
            baseline,
            actual,
            desired: Some(id.clone()),
            source: Some((SECTION.into(), ID.into())),
            action: Some(action),
            is_unclear: matches!(action, KeyAction::Keep { .. })
                && draft.target.may_be_servers(&KEY.into()),
        };
        (decision.into(), vec![key])
    }

    /// Whether the owner gives it back to the vendor, be it with its remote. Where the remote's own entry has one,
    /// that is the vendor's.
    fn is_reverted<T: Repository>(&self, draft: &Draft<'_, T>) -> bool {
        let remote = &*self.wanted.remote;
        let is_asked = matches!(
            wish(draft, self.name),
            Some(Wish::Restore | Wish::Revert(_))
        ) || draft.wish(remote).is_some_and(|wish| wish.reverts(KEY));
        is_asked && !has_its_own(draft, remote)
    }

    /// That an ID is not set, where the remote has another one, or none by its owner's choice.
    fn not_set<T: Repository>(
        &self,
        draft: &Draft<'_, T>,
        decision: &CollectionDecision,
    ) -> Option<Remark> {
        let (of, why) = match decision {
            CollectionDecision::TakenAway { of } => (of, NotSet::TakenAway),
            CollectionDecision::Emptied { of } => (of, NotSet::Emptied),
            CollectionDecision::Differs {
                of,
                has,
                has_its_own: true,
            } => (of, NotSet::OwnEntrys(has.clone())),
            CollectionDecision::Differs { of, has, .. } => (of, NotSet::Differs(has.clone())),
            _ => return None,
        };
        let matter = Matter::IdNotSet {
            name: full_name(draft.target.collections(), self.name),
            id: self.wanted.id.clone(),
            of: of.clone(),
            why,
            mask: self.mask.clone(),
        };
        Some(remark(self.layered, matter))
    }
}

/// Whether a remote has an ID that an entry of this source gave it.
fn given_by_us<T: Repository>(draft: &Draft<'_, T>, remote: &str) -> bool {
    let given = Baseline::read(&draft.store, remote, OF_COLLECTIONS);
    given.get(KEY).is_some()
}

/// Whether a remote's own entry gives it an ID.
fn has_its_own<T: Repository>(draft: &Draft<'_, T>, remote: &str) -> bool {
    let of_remotes = Baseline::read(&draft.store, remote, NOTES.baseline);
    of_remotes.get(KEY).is_some()
}

/// Unsets the key where we set it and nobody wants it any more.
///
/// Returns the names under which that is reported.
fn withdraw<T: Repository>(
    draft: &mut Draft<'_, T>,
    source: &Source<Collection>,
    wanted: &BTreeSet<&str>,
) -> Vec<(String, Decision)> {
    let ours: Vec<(String, Baseline)> = draft
        .store
        .names()
        .into_iter()
        .chain([REPOSITORY])
        .filter(|remote| !wanted.contains(remote))
        .filter(|remote| !draft.observed.broken.contains_key(*remote))
        .filter(|remote| !draft.target.is_never_written(&draft.store, remote))
        .filter(|remote| {
            bundles::kept(&draft.store, remote, OF_COLLECTIONS, &source.refused).is_none()
        })
        .map(|remote| {
            let given = Baseline::read(&draft.store, remote, OF_COLLECTIONS);
            (remote.to_owned(), given)
        })
        .filter(|(_, given)| given.is_lost() || given.get(KEY).is_some())
        .collect();
    // What its owner put in its place, or took away, stays as it is, and known: whoever withdraws or masks it, should it
    // be given again, they have had their say.
    let is_owners = |(remote, given): &(String, Baseline)| {
        !given.is_lost() && draft.store.get(remote, KEY) != given.get(KEY)
    };
    let ours: Vec<_> = ours.into_iter().filter(|one| !is_owners(one)).collect();
    let withdrawn = ours.into_iter().map(|(remote, given)| {
        // The entry that gave it is not there any more, so this goes by the name of whom it is taken from.
        let name = match holder(&remote) {
            Holder::Repository => "the repository".into(),
            Holder::Remote(name) => name,
        };
        let decision = withdraw_from(draft, &remote, &given);
        note_giver(draft, &remote, &name);
        (name, decision)
    });
    withdrawn.collect()
}

fn withdraw_from<T: Repository>(
    draft: &mut Draft<'_, T>,
    remote: &str,
    given: &Baseline,
) -> Decision {
    if let Some(place) = draft.held(remote) {
        return CollectionDecision::OutOfScope { place }.into();
    }
    baseline::forget(&mut draft.store, remote, OF_COLLECTIONS);
    bundles::note(&mut draft.store, remote, OF_COLLECTIONS, &[]);
    let is_set_by_us = given.get(KEY).is_some() && draft.store.get(remote, KEY) == given.get(KEY);
    if is_set_by_us && !has_its_own(draft, remote) {
        draft.store.put(remote, KEY, None);
        Decision::Removed {
            why: Going::Withdrawn,
        }
    } else {
        Decision::Released {
            why: Going::Withdrawn,
        }
    }
}

/// What there is to tell, at the line of the ID.
fn remark(layered: &Layered<Collection>, matter: Matter) -> Remark {
    match layered.document.get(SECTION, ID) {
        Some(id) => matter.at(&id.fragment().path, Some(id.line())),
        None => matter.at(&layered.document.entry().name, None),
    }
}
