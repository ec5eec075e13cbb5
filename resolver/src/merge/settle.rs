//! What only the end of a merge tells.

use std::collections::HashSet;

use super::Keep;
use crate::ledger::{Fate, Ledger, Row, Unloaded};
use crate::rules::Rules;
use crate::scan::{Entry, Status};
use crate::schema::{KeyKind, Merge, Operator};
use crate::view::{Assignment, Items, View};

/// Says of sets and maps which assignments still give an item: one of which others give all items, or take them
/// away, counts no more. And of sets, which take away what is not there.
pub(super) fn items(entry: &Entry, ledger: &mut Ledger) {
    let (mut beaten, mut idle) = (Vec::new(), Vec::new());
    let view = View { entry, ledger };
    let by_item = |kind: &KeyKind| matches!(kind.merge, Merge::Map | Merge::Set);
    for key in view.keys() {
        if key.kind_in_item().is_some_and(by_item) {
            let applied = key.applied();
            let items = key.read(&applied);
            // One that comes first makes an emptied list of what has a default (`NetworkManager --print-config`).
            let stands = key
                .kind_in_item()
                .is_some_and(|kind| kind.stands_when_empty());
            let is_first = |a: &&Assignment<'_>| {
                let first = applied.iter().find(|one| one.header() == a.header());
                stands && first.is_some_and(|first| first.row() == a.row())
            };
            let nothing = items.idle().iter().filter(|a| !is_first(a));
            idle.extend(nothing.map(Assignment::row));
            losers(&applied, &items, &mut beaten);
        }
    }
    for (loser, by) in beaten {
        ledger[loser].fate = Fate::Superseded(by);
    }
    for row in idle {
        ledger[row].is_idle = true;
    }
}

fn losers<'d>(applied: &[Assignment<'d>], items: &Items<'d>, beaten: &mut Vec<(Row, Row)>) {
    let giving: HashSet<_> = items.iter().map(|item| item.from.row()).collect();
    let gives = |a: &&Assignment<'d>| a.operator() != Operator::Remove;
    let others = applied.iter().filter(gives);
    let others = others.filter(|a| !giving.contains(&a.row()));
    beaten.extend(others.filter_map(|loser| {
        let by = items.in_place_of(*loser)?;
        Some((loser.row(), by.row()))
    }));
}

/// Says of the assignments that would count that they do not, if nothing is loaded: because of what a file is
/// or says, which the ledger knows by now, or because of what there is of the main file.
pub(super) fn unload(entry: &Entry, rules: &Rules, ledger: &mut Ledger, keep: Keep) {
    match (keep, entry.status) {
        // What the other files of an entry do to one alone is not asked.
        (Keep::Only(_), _) => {}
        (_, Status::Headless) => ledger.unload(Unloaded::Headless),
        (_, Status::Masked(_)) if rules.main_decides => ledger.unload(Unloaded::Masked),
        (_, Status::Effective | Status::Masked(_) | Status::Unusable) => {}
    }
    if ledger.unloaded().is_some() {
        for row in ledger.rows() {
            if ledger[row].fate == Fate::Applied {
                ledger[row].fate = Fate::NotLoaded;
            }
        }
    }
}
