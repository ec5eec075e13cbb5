//! What only the end of a merge tells.

use std::collections::HashSet;

use super::Keep;
use crate::document::View;
use crate::ledger::{Fate, Ledger, Row, Unloaded};
use crate::rules::Rules;
use crate::scan::{Entry, Status};
use crate::schema::{KeyKind, Merge};

/// Says of maps which assignments still give a variable its value: one of which later assignments give
/// all variables anew counts no more.
pub(super) fn maps(entry: &Entry, ledger: &mut Ledger) {
    for (loser, by) in beaten(View { entry, ledger }) {
        ledger[loser].fate = Fate::Superseded(by);
    }
}

fn beaten(view: View<'_>) -> Vec<(Row, Row)> {
    let mut beaten = Vec::new();
    let is_map = |kind: &KeyKind| kind.merge == Merge::Map;
    for key in view.keys().filter(|key| key.kind().is_some_and(is_map)) {
        let applied = key.applied();
        let items = key.read(&applied);
        let giving: HashSet<_> = items.iter().map(|item| item.from.row()).collect();
        let others = applied.iter().filter(|a| !giving.contains(&a.row()));
        beaten.extend(others.filter_map(|loser| {
            let by = items.in_place_of(*loser)?.from;
            Some((loser.row(), by.row()))
        }));
    }
    beaten
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
