//! Entries of keys, whoever reads them: the tables of [`reconcile`](crate::reconcile) applied to what a target
//! holds. Pure.
//!
//! An entry has a name, keys with raw values, and notes of ours; a `Store` holds all of a target in memory.
//! What is particular about a target is behind `Target`, what lies beside an entry is a `Facet`; what
//! follows from the tables is here, once. Neither files nor formats are known here.

mod adoption;
pub(crate) mod baseline;
mod beside;
pub(crate) mod bundles;
mod changes;
pub(crate) mod draft;
pub(crate) mod entry;
pub(crate) mod facet;
mod facts;
mod former;
mod hiding;
#[cfg(test)]
pub(crate) mod histories;
mod identity;
pub(crate) mod intent;
pub(crate) mod key;
mod keys;
pub(crate) mod lists;
pub(crate) mod management;
mod names;
pub(crate) mod observed;
pub(crate) mod store;
pub(crate) mod subject;
mod summary;
pub(crate) mod target;
mod victims;

use std::collections::{BTreeMap, BTreeSet};

use overlay_resolver::finding::Finding;

use self::baseline::Baseline;
use self::changes::changes;
use self::draft::Draft;
pub(crate) use self::management::managed;
use self::store::Store;
use self::subject::Subject;
use self::target::{Adoption, Target};
use crate::commit::Batch;
use crate::plan::Plan;
use crate::report::{Decision, EntryReport, Matter, Wish};
use crate::source::{Documents, Source};

/// Plans all entries, in byte order of their names.
pub(crate) fn plan<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<T::Wanted>,
) -> Vec<EntryReport> {
    let mut names: BTreeSet<String> = source.entries.keys().cloned().collect();
    names.extend(managed(&draft.before).map(str::to_owned));
    names.extend(draft.before.remembered().into_iter().map(str::to_owned));
    names.extend(draft.observed.intent.names().map(str::to_owned));
    names::relate(draft, source);
    for name in &names {
        refuse_unreachable(draft, name);
    }
    // What is called otherwise now takes over first: only then it is known what is left of it under the old name.
    let (wanted, mut others): (BTreeSet<_>, BTreeSet<_>) =
        names.into_iter().partition(|name| source.has(name));
    let mut entries = plan_each(draft, source, &wanted);
    draft.related.extend(draft.formers.values().cloned());
    others.extend(draft.formers.values().cloned());
    entries.extend(plan_each(draft, source, &others));
    entries.sort_by(|one, other| one.name.cmp(&other.name));
    // Of what cannot be told, nothing follows for other names.
    for entry in entries.iter().filter(|entry| !entry.decision.is_failure()) {
        let is_deleted = entry.decision == Decision::Deleted;
        names::unite(draft, source, &entry.name, is_deleted);
    }
    entries
}

/// Plans those of the entries that are meant.
fn plan_each<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<T::Wanted>,
    names: &BTreeSet<String>,
) -> Vec<EntryReport> {
    let meant: Vec<_> = names.iter().filter(|name| draft.is_meant(name)).collect();
    let entries = meant.into_iter();
    let entries = entries.filter_map(|name| Subject::new(draft, source, name).plan());
    entries.collect()
}

/// Writes what older versions remember in the form of this one, where a run writes anyway.
pub(crate) fn renew_baselines<T: Target>(draft: &mut Draft<'_, T>) {
    if draft.store == draft.before {
        return;
    }
    let names = draft.store.names().into_iter().map(str::to_owned);
    let names: Vec<String> = names.collect();
    for name in names
        .iter()
        .map(String::as_str)
        .chain(T::NO_ENTRIES.iter().copied())
    {
        let is_written = draft.is_meant(name)
            && draft.store.has(name)
            && draft.held(name).is_none()
            && !draft.observed.broken.contains_key(name)
            && !draft.target.is_never_written(&draft.store, name);
        for place in T::Store::NOTES.places() {
            if is_written && baseline::is_older(&draft.store, name, place) {
                Baseline::read(&draft.store, name, place).write(&mut draft.store, name, place);
            }
        }
    }
}

/// The plan that these writes are, with the report on it; none are made of which nothing could be read back.
pub(crate) fn finish<T: Target>(
    draft: Draft<'_, T>,
    batch: Batch,
    entries: Vec<EntryReport>,
    too_large: Result<BTreeMap<String, Finding>, Finding>,
    layers: Vec<Documents>,
) -> Plan {
    let too_large = match too_large {
        Ok(too_large) => too_large,
        Err(finding) => return Plan::impossible(finding, layers),
    };
    let changes = changes(&draft);
    let subjects = draft.subjects();
    let mut plan = Plan::new(batch, entries, changes, draft.findings, layers);
    plan.report.remarks = draft.remarks;
    Plan {
        subjects,
        too_large,
        ..plan
    }
}

/// Says that an entry which the owner wants adopted cannot be, or not now.
fn refuse_unreachable<T: Target>(draft: &mut Draft<'_, T>, name: &str) {
    if draft.wish(name) != Some(&Wish::Adopt) {
        return;
    }
    if draft.target.adoption(&draft.before, name) == Adoption::Never {
        let place = draft.target.place(&draft.before, name);
        let why = draft.target.foreign(&draft.before, name);
        let name = name.into();
        let noun = T::NOUN;
        let matter = Matter::CannotAdopt { name, noun, why };
        draft.remarks.push(matter.at(place, None));
    } else if let Some(place) = draft.held(name) {
        let name = name.into();
        draft
            .remarks
            .push(Matter::CannotMove { name }.at(place, None));
    }
}
