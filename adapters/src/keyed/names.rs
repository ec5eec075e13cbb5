//! The names of one entry: what became of it under one of them, became of it under all.

use super::draft::Draft;
use super::store::Store as _;
use super::target::Target;
use crate::reconcile::Marks;
use crate::report::Wish;
use crate::source::{Source, Want};

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
    // One that the layers still ship is an entry of its own.
    let later = draft.before.later_name(name).map(str::to_owned);
    let later = later.filter(|later| !source.entries.contains_key(later));
    let formers = wanted.as_ref().former_names.iter();
    let formers: Vec<&String> = formers
        .filter(|former| !source.entries.contains_key(*former))
        .collect();
    for former in &formers {
        if draft.before.marks(former).offered {
            draft.store.rename(former, name);
        }
    }
    let marks = if is_deleted {
        Marks::OFFERED
    } else {
        Marks::WITHHELD
    };
    let is_restored = !is_deleted && draft.wish(name) == Some(&Wish::Restore);
    for other in formers.into_iter().chain(&later) {
        // What was restored is so under all names, whatever an older mechanism knows of them.
        let is_known = draft.before.marks(other).offered || is_restored;
        if is_known && !draft.store.has(other) {
            draft.store.mark(other, marks);
        }
    }
}
