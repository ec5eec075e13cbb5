//! The collection IDs: one key of a remote, whoever made the remote. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bstr::{BStr, BString, ByteSlice as _};
use overlay_resolver::escape::{escape, escape_path};
use overlay_resolver::finding::Finding;

use super::baseline::{self, Baseline, OF_COLLECTIONS, OF_REMOTES};
use super::collection::{Collection, ID, SECTION};
use super::draft::Draft;
use super::target::{Store, Target};
use crate::reconcile::{self, Key, KeyAction};
use crate::report::{Change, EntryReport, KeyReport, State};
use crate::source::{Layered, Source, Want};

const KEY: &str = "collection-id";

/// What stands for the repository itself where a remote is named. It is no name of a remote.
pub(crate) const REPOSITORY: &str = "[core]";

/// How a message calls it.
fn shown(remote: &str) -> &str {
    if remote == REPOSITORY {
        "the repository"
    } else {
        remote
    }
}

fn shown_as_remote(remote: &str) -> String {
    if remote == REPOSITORY {
        shown(remote).into()
    } else {
        format!("the remote {remote}")
    }
}

/// Plans all collection IDs, in byte order of the files' names; the remotes are planned already.
pub(crate) fn plan<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<Collection>,
) -> Vec<EntryReport> {
    let mut given = BTreeMap::<&str, &str>::new();
    let mut entries = Vec::new();
    for (name, layered) in &source.entries {
        let (state, reason, keys, changes) = match &layered.want {
            Want::Headless => continue,
            Want::Masked(path) => (
                State::Masked,
                format!("masked by {}", escape_path(path)),
                vec![],
                vec![],
            ),
            Want::Unresolved(finding) => (State::Failed, finding.to_string(), vec![], vec![]),
            Want::Present(wanted) => match given.insert(&wanted.remote, name) {
                None => give(draft, layered, wanted),
                Some(first) => {
                    given.insert(&wanted.remote, first);
                    let message = format!(
                        "{} gets its collection ID from the entry {first} already; mask one of the two",
                        shown_as_remote(&wanted.remote)
                    );
                    draft
                        .findings
                        .push(place(layered, Finding::error, message.clone()));
                    (State::Failed, message, vec![], vec![])
                }
            },
        };
        entries.push(EntryReport {
            adapter: draft.target.collections().into(),
            name: name.clone(),
            whole: false,
            state,
            reason,
            layered: None,
            keys,
            changes,
        });
    }
    let unresolved = source
        .entries
        .values()
        .any(|layered| matches!(layered.want, Want::Unresolved(_)));
    // An entry that cannot be read does not say which remote it is for, so none is taken for withdrawn.
    if source.complete && !unresolved {
        let wanted: BTreeSet<&str> = given.keys().copied().collect();
        for withdrawn in withdraw(draft, &wanted) {
            match entries
                .iter_mut()
                .find(|entry| entry.name == withdrawn.name)
            {
                Some(masked) => masked.changes = withdrawn.changes,
                None => entries.push(withdrawn),
            }
        }
    }
    entries
}

type Planned = (State, String, Vec<KeyReport>, Vec<Change>);

/// Gives a remote its ID if it has none, and follows the vendor where the ID came from us.
fn give<T: Target>(
    draft: &mut Draft<'_, T>,
    layered: &Layered<Collection>,
    wanted: &Collection,
) -> Planned {
    let remote = wanted.remote.as_str();
    if !draft.store.has_remote(remote) {
        return (
            State::Applied,
            if remote == REPOSITORY {
                "waits for a repository".into()
            } else {
                format!("waits for a remote {remote}")
            },
            vec![],
            vec![],
        );
    }
    if draft.target.is_never_written(&draft.store, remote) {
        let reason = draft.target.foreign(&draft.store, remote);
        return (State::Foreign, reason, vec![], vec![]);
    }
    let owned = |value: Option<&BStr>| value.map(BStr::to_owned);
    let actual = owned(draft.store.get(remote, KEY));
    let given = Baseline::read(&draft.store, remote, OF_COLLECTIONS);
    let baseline = owned(given.get(KEY));
    let action = reconcile::key(Key {
        baseline: baseline.as_deref().map(|v| v.as_bytes()),
        actual: actual.as_deref().map(|v| v.as_bytes()),
        desired: Some(&wanted.id),
        owners: false,
        refreshed: false,
        lost: given.is_lost(),
    });
    let mut changes = Vec::new();
    let held = draft.held(remote);
    if action == KeyAction::Write && held.is_none() {
        let id = wanted.id.as_bstr();
        draft.store.put(remote, KEY, Some(id));
        let mut given = given;
        given.record(KEY, Some(id));
        given.write(&mut draft.store, remote, OF_COLLECTIONS);
        changes.push(Change::of_key(KEY, actual.clone(), Some(wanted.id.clone())));
    }
    let has = actual
        .as_ref()
        .map_or_else(String::new, |id| escape(id).to_string());
    let (state, reason) = match (action, held) {
        (KeyAction::Write, Some(place)) => (State::Waiting, waits(&place)),
        (KeyAction::Write, None) if actual.is_none() => {
            (State::Applied, format!("given to {}", shown(remote)))
        }
        (KeyAction::Write, None) => (State::Updated, format!("changed for {}", shown(remote))),
        (KeyAction::Record, _) => (State::Applied, format!("{} has it", shown(remote))),
        (KeyAction::Keep { .. } | KeyAction::Drift, _) => {
            let state = if has.is_empty() {
                State::Edited
            } else {
                State::Conflict
            };
            (state, differs(shown(remote), actual.as_ref(), &has))
        }
    };
    if matches!(state, State::Edited | State::Conflict) {
        let message = format!("{reason}; `{}` is not set", escape(&wanted.id));
        draft
            .findings
            .push(place(layered, Finding::warning, message));
    }
    let key = KeyReport {
        key: KEY.into(),
        baseline,
        actual,
        desired: Some(wanted.id.clone()),
        source: Some((SECTION.into(), ID.into())),
        action: Some(action),
    };
    (state, reason, vec![key], changes)
}

/// Why a file is not written.
fn waits(place: &Path) -> String {
    format!(
        "{} is not written in this run (`--scope all` writes it)",
        escape_path(place)
    )
}

fn differs(remote: &str, actual: Option<&BString>, has: &str) -> String {
    match actual {
        None => format!("you took the collection ID of {remote} away, so it stays away"),
        Some(id) if id.is_empty() => {
            format!("{remote} has an empty collection ID, which is your choice and stays")
        }
        Some(_) => format!(
            "{remote} has the collection ID `{has}` from you, the server or its own entry, which stays"
        ),
    }
}

/// Unsets the key where we set it and nobody wants it any more.
fn withdraw<T: Target>(draft: &mut Draft<'_, T>, wanted: &BTreeSet<&str>) -> Vec<EntryReport> {
    let ours: Vec<(String, Baseline)> = draft
        .store
        .remotes()
        .into_iter()
        .chain([REPOSITORY])
        .filter(|remote| !wanted.contains(remote))
        .filter(|remote| !draft.target.is_never_written(&draft.store, remote))
        .map(|remote| {
            let given = Baseline::read(&draft.store, remote, OF_COLLECTIONS);
            (remote.to_owned(), given)
        })
        .filter(|(_, given)| given.is_lost() || given.get(KEY).is_some())
        .collect();
    let mut entries = Vec::new();
    for (remote, given) in ours {
        let held = draft.held(&remote);
        if held.is_none() {
            baseline::forget(&mut draft.store, &remote, OF_COLLECTIONS);
        }
        let set_by_us = given.get(KEY).is_some() && draft.store.get(&remote, KEY) == given.get(KEY);
        let of_remotes = Baseline::read(&draft.store, &remote, OF_REMOTES);
        let wanted_elsewhere = of_remotes.get(KEY).is_some();
        let (state, reason, changes) = if let Some(place) = held {
            (State::Waiting, waits(&place), vec![])
        } else if set_by_us && !wanted_elsewhere {
            draft.store.put(&remote, KEY, None);
            let change = Change::of_key(KEY, given.get(KEY).map(BStr::to_owned), None);
            (
                State::Removed,
                "withdrawn by the vendor".into(),
                vec![change],
            )
        } else {
            let reason = "withdrawn by the vendor, but changed by you: it is yours now";
            (State::Released, reason.into(), vec![])
        };
        entries.push(EntryReport {
            adapter: draft.target.collections().into(),
            name: shown(&remote).to_owned(),
            whole: false,
            state,
            reason,
            layered: None,
            keys: Vec::new(),
            changes,
        });
    }
    entries
}

/// A finding at the line of the ID.
fn place(
    layered: &Layered<Collection>,
    make: fn(std::path::PathBuf, String) -> Finding,
    message: String,
) -> Finding {
    match layered.document.get(SECTION, ID) {
        Some(id) => make(id.fragment().path.clone(), message).at(id.line()),
        None => make(layered.document.entry().name.clone().into(), message),
    }
}
