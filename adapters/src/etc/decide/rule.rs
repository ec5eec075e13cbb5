//! The one rule, of whole nodes and of their attributes.

use std::path::Path;

use super::{From, Piece, piece};
use crate::etc::side::{Attributes, Node};
use crate::reconcile::{self, KeyAction};

/// The one rule: old, current, new.
pub(super) fn rule(sides: [Option<&[u8]>; 3]) -> KeyAction {
    let [baseline, actual, desired] = sides;
    reconcile::key(reconcile::Key {
        baseline,
        actual,
        desired,
        owners: false,
        refreshed: false,
        lost: false,
    })
}

/// What is the same exactly if the nodes are.
pub(super) fn fingerprint(node: &Node) -> Vec<u8> {
    format!("{node:?}").into_bytes()
}

/// A path that both changed, each in its own way: files are taken apart into content and attributes.
/// The content that both changed stays the owner's until it is merged key by key.
pub(super) fn both_changed(
    path: &Path,
    old: Option<&Node>,
    current: &Node,
    new: &Node,
) -> (Piece, bool) {
    let owners = piece(From::Current, path, current);
    let contents = [old, Some(current), Some(new)].map(|node| node.and_then(Node::content));
    let [Some(before), Some(actual), Some(desired)] = contents else {
        return (owners, true);
    };
    let contents = [before, actual, desired].map(|content| format!("{content:?}").into_bytes());
    let action = rule(contents.each_ref().map(|content| Some(content.as_slice())));
    let (attributes, conflict) = merged_attributes(old, current, new);
    let piece = Piece {
        from: match action {
            KeyAction::Write | KeyAction::Record => From::New,
            KeyAction::Keep { .. } | KeyAction::Drift => From::Current,
        },
        attributes,
        ..owners
    };
    (
        piece,
        conflict || action == KeyAction::Keep { conflict: true },
    )
}

/// Mode, owner and group, each by the rule; and whether both changed one of them.
pub(crate) fn merged_attributes(
    old: Option<&Node>,
    current: &Node,
    new: &Node,
) -> (Attributes, bool) {
    let mut conflict = false;
    let mut merge = |of: fn(&Attributes) -> u32| {
        let sides = [
            old.map(|old| of(&old.attributes)),
            Some(of(&current.attributes)),
            Some(of(&new.attributes)),
        ];
        let bytes = sides.map(|side| side.map(u32::to_le_bytes));
        match rule(
            bytes
                .each_ref()
                .map(|side| side.as_ref().map(<[u8; 4]>::as_slice)),
        ) {
            KeyAction::Write | KeyAction::Record => of(&new.attributes),
            action => {
                conflict |= action == KeyAction::Keep { conflict: true };
                of(&current.attributes)
            }
        }
    };
    let attributes = Attributes {
        mode: merge(|attributes| attributes.mode),
        uid: merge(|attributes| attributes.uid),
        gid: merge(|attributes| attributes.gid),
    };
    (attributes, conflict)
}
