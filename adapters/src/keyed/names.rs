//! The names of one entry: what became of it under one of them, became of it under all.

use super::draft::Draft;
use super::store::Store;
use super::target::Target;
use crate::reconcile::Marks;
use crate::report::Wish;
use crate::source::{Source, Want};

/// What else an entry is called: its former names, and what is remembered of renames, be it by images that knew more
/// or fewer of them. One that the layers still ship is an entry of its own.
pub(super) fn others<'n, W>(
    store: &'n impl Store,
    source: &Source<W>,
    name: &'n str,
    formers: &'n [String],
) -> Vec<&'n str> {
    let mut names = vec![name];
    let mut related: Vec<&str> = formers.iter().map(String::as_str).collect();
    let mut at = 0;
    while let Some(known) = names.get(at).copied() {
        related.extend(store.later_name(known));
        related.extend(store.earlier_names(known));
        for other in related.drain(..) {
            if !names.contains(&other) && !source.has(other) {
                names.push(other);
            }
        }
        at += 1;
    }
    names.remove(0);
    names
}

/// A run that is meant for an entry which has another name now is for that as well.
pub(super) fn relate<T: Target>(draft: &mut Draft<'_, T>, source: &Source<T::Wanted>) {
    if draft.request.wishes.is_empty() {
        return;
    }
    for (name, layered) in &source.entries {
        let Want::Present(wanted) = &layered.want else {
            continue;
        };
        let formers = &wanted.as_ref().former_names;
        let others = others(&draft.before, source, name, formers);
        let is_meant = others.iter().any(|other| draft.wish(other).is_some());
        if is_meant && !draft.before.has(name) {
            draft.related.insert(name.clone());
        }
    }
}

/// Marks the other names of an entry as this one is: deleted under one of them, it is deleted under all, also
/// after a rollback to an image that calls it otherwise; there under one of them, it is only withheld
/// under the others.
pub(super) fn unite<T: Target>(
    draft: &mut Draft<'_, T>,
    source: &Source<T::Wanted>,
    name: &str,
    is_deleted: bool,
) {
    let Some(Want::Present(wanted)) = source.entries.get(name).map(|layered| &layered.want) else {
        return;
    };
    let formers = &wanted.as_ref().former_names;
    let others = others(&draft.before, source, name, formers);
    let others: Vec<_> = others.into_iter().map(str::to_owned).collect();
    for former in formers.iter().filter(|former| others.contains(former)) {
        if draft.store.marks(former).offered {
            draft.store.rename(former, name);
        }
    }
    let marks = if is_deleted {
        Marks::OFFERED
    } else {
        Marks::WITHHELD
    };
    let is_restored = !is_deleted && draft.wish(name) == Some(&Wish::Restore);
    for other in &others {
        // What was restored is so under all names, whatever an older mechanism knows of them.
        let is_known = draft.store.marks(other).offered || is_restored;
        if is_known && !draft.store.has(other) {
            draft.store.mark(other, marks);
        }
    }
}
