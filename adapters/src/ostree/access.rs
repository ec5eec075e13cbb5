//! Who may read the file of a remote: nobody who could not read what it comes from. Which mode it had before is noted in
//! it, so that it comes back when there is nothing to hide any more.

use std::collections::BTreeSet;
use std::path::PathBuf;

use overlay_resolver::escape::escape_path;
use rustix::fs::RawMode;

use super::observe::{Found, staged_path};
use super::places::Places;
use super::store::Remotes;
use crate::keyed::draft::{Beside, Draft};
use crate::keyed::management::Management;
use crate::keyed::store::Store as _;
use crate::remotes::MODE;
use crate::report::Operation;

/// What a file has that we make.
const NEW: RawMode = 0o644;

/// What others than its owner may do with a file.
const OTHERS: RawMode = 0o077;

/// Writes down which modes there were, and gives back those of files that have nothing to hide any more. One that its
/// owner has changed since stays as they made it.
pub(super) fn restrict(draft: &mut Draft<'_, Places>, found: &Found) {
    let rewritten = rewritten(draft, found);
    for name in found.observed.private.keys() {
        let conf = draft.target.conf(name);
        let is_new = !found.texts.contains_key(&conf);
        let before = found.modes.get(&conf).copied();
        let before = before.filter(|_| found.too_wide.contains(&conf) || rewritten.contains(&conf));
        let before = before.or_else(|| is_new.then(|| former_mode(draft, found, name)));
        let before = before.filter(|mode| mode & OTHERS != 0);
        if let Some(mode) = before.filter(|_| is_ours(draft, name)) {
            let mode = format!("{mode:o}");
            draft.store.put_note(name, MODE, Some(mode.as_str().into()));
        }
        draft.private.extend([staged_path(&conf), conf]);
    }
    let names = draft.store.names().into_iter();
    let names = names.filter(|name| draft.store.note(name, MODE).is_some());
    let names: Vec<_> = names.map(str::to_owned).collect();
    for name in names {
        if !found.observed.private.contains_key(&name) && is_ours(draft, &name) {
            widen(draft, found, &name);
        }
    }
}

/// The files that are written for their text. Of those that become their owner's alone the mode is lost, also of one
/// that not everybody could read.
fn rewritten(draft: &Draft<'_, Places>, found: &Found) -> BTreeSet<PathBuf> {
    if found.observed.private.is_empty() || draft.store == draft.before {
        return BTreeSet::new();
    }
    let texts = draft.store.texts();
    let rewritten = texts.filter(|(path, text)| found.texts.get(*path) != text.as_ref());
    rewritten.map(|(path, _)| path.to_owned()).collect()
}

/// Which mode a file would have that is made: that of the former name's, if there is one, as its owner had it.
fn former_mode(draft: &Draft<'_, Places>, found: &Found, name: &str) -> RawMode {
    let Some(former) = draft.formers.get(name) else {
        return NEW;
    };
    let actual = found.modes.get(&draft.target.conf(former)).copied();
    let noted = noted(&draft.before, former);
    let noted = noted.filter(|mode| actual == Some(mode & !OTHERS));
    noted.or(actual).unwrap_or(NEW)
}

/// The mode that a file had before it was narrowed.
fn noted(store: &Remotes, name: &str) -> Option<RawMode> {
    let noted = store.note(name, MODE)?.to_string();
    let mode = RawMode::from_str_radix(&noted, 8).ok()?;
    (mode & !0o777 == 0).then_some(mode)
}

fn is_ours(draft: &Draft<'_, Places>, name: &str) -> bool {
    let conf = draft.target.conf(name);
    let is_there = draft.store.defined_in(name) == Some(&conf);
    is_there
        && Management::of(&draft.store, name).is_some()
        && draft.is_meant(name)
        && !draft.observed.broken.contains_key(name)
}

fn widen(draft: &mut Draft<'_, Places>, found: &Found, name: &str) {
    let path = draft.target.conf(name);
    let noted = noted(&draft.store, name);
    draft.store.put_note(name, MODE, None);
    let Some(mode) = noted else {
        return;
    };
    if found.modes.get(&path) == Some(&(mode & !OTHERS)) {
        draft.widened.insert(path.clone(), mode);
        draft.beside.entry(name.into()).or_default().push(Beside {
            operation: Operation::Widen,
            subject: escape_path(&path).to_string(),
            path,
        });
    }
}

/// The files that are too wide, of the remotes that are meant.
fn too_wide(draft: &Draft<'_, Places>, found: &Found) -> Vec<(String, PathBuf)> {
    let names = found.observed.private.keys();
    let files = names.map(|name| (name.clone(), draft.target.conf(name)));
    let files = files.filter(|(name, conf)| found.too_wide.contains(conf) && draft.is_meant(name));
    files.collect()
}

/// Notes which files become their owner's alone, before it is decided what else becomes of their remotes.
pub(super) fn narrow(draft: &mut Draft<'_, Places>, found: &Found) {
    for (name, path) in too_wide(draft, found) {
        draft.beside.entry(name).or_default().push(Beside {
            operation: Operation::Narrow,
            subject: escape_path(&path).to_string(),
            path,
        });
    }
}

/// Those of them that stay. Of one that goes, its mode is no news.
pub(super) fn narrowed(draft: &mut Draft<'_, Places>, found: &Found) -> BTreeSet<PathBuf> {
    let mut narrowed = BTreeSet::new();
    for (name, path) in too_wide(draft, found) {
        if draft.store.defined_in(&name) == Some(&path) {
            narrowed.insert(path);
        } else if let Some(beside) = draft.beside.get_mut(&name) {
            beside.retain(|beside| beside.operation != Operation::Narrow);
        }
    }
    draft.beside.retain(|_, beside| !beside.is_empty());
    narrowed
}
