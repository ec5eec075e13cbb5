//! What becomes of each path: the table, and nothing else. Pure.
//!
//! The rule of a whole file, of its content and of each of its attributes is
//! [`reconcile::key`](crate::reconcile::key): what the owner did not touch follows the vendor, what the
//! owner touched stays. So a file whose mode alone the owner changed still gets the vendor's new content,
//! and one whose content the owner changed still gets the vendor's new mode; ostree freezes the whole file
//! in both cases.
//!
//! Where one side has a directory and the other something else, ostree gives up. Here the kind counts
//! as an attribute, too: **if the vendor alone changed it, the vendor's is put in place** and the owner's
//! version is saved beside it, because a program that expects a directory reads no file and the other way
//! round: the owner's would have no effect where it was, and the vendor's would have none either. In
//! every other case the owner chose what it is, and keeps it.

mod rule;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

pub(crate) use self::rule::merged_attributes;
use self::rule::{both_changed, fingerprint, rule};
use super::outcome::{Change, Outcome, State};
use super::side::{Attributes, Kind, Node, Nodes};
use crate::reconcile::KeyAction;

/// What is behind the name of a file that gave way to a directory, or the other way round.
pub const SAVED: &str = ".overlayctl-save";

/// The longest file name (`NAME_MAX`).
const NAME_LIMIT: usize = 255;

/// Where a piece of the result comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// What the owner has.
    Current,
    /// What the vendor has now.
    New,
}

/// One path of the result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Where what it is (content, target) comes from.
    pub(crate) from: From,
    /// Its path there.
    pub(crate) path: PathBuf,
    /// Where its extended attributes come from: they belong to whoever changed anything of it.
    pub(crate) metadata: From,
    /// Its attributes.
    pub(crate) attributes: Attributes,
    /// Merged content, in the place of what is there.
    pub(crate) content: Option<Vec<u8>>,
    /// A directory that the vendor withdrew: it is only there if something in it is.
    pub(crate) if_needed: bool,
}

/// The table applied.
#[derive(Debug, Default)]
pub(crate) struct Decision {
    /// The merged tree.
    pub(crate) pieces: BTreeMap<PathBuf, Piece>,
    /// What is worth telling, by path.
    pub(crate) outcomes: Vec<Outcome>,
}

/// Decides over all paths.
pub(crate) fn decide(old: &Nodes, current: &Nodes, new: &Nodes) -> Decision {
    let mut decider = Decider {
        old,
        current,
        new,
        decision: Decision::default(),
        settled: None,
    };
    let paths: BTreeSet<&PathBuf> = [old, current, new]
        .into_iter()
        .flat_map(BTreeMap::keys)
        .collect();
    for path in paths {
        let is_settled = decider
            .settled
            .as_ref()
            .is_some_and(|top| path.starts_with(top));
        if !is_settled {
            decider.path(path);
        }
    }
    decider.finish()
}

struct Decider<'n> {
    old: &'n Nodes,
    current: &'n Nodes,
    new: &'n Nodes,
    decision: Decision,
    /// What lies below this path is decided already.
    settled: Option<PathBuf>,
}

impl Decider<'_> {
    fn path(&mut self, path: &Path) {
        let [old, current, new] =
            [self.old, self.current, self.new].map(|nodes| usable(nodes.get(path)));
        let is_special = self
            .current
            .get(path)
            .is_some_and(|node| usable(Some(node)).is_none());
        if is_special {
            self.tell(path, State::Dropped);
        }
        match (old, current, new) {
            (None, None, None) => {}
            (Some(_), None, _) => {
                if !is_special {
                    self.tell(path, State::Deleted);
                }
                self.settled = Some(path.into());
            }
            (None, None, Some(new)) => {
                self.put(path, piece(From::New, path, new));
                self.tell(path, State::Added);
            }
            (_, Some(current), new) => {
                let is_leaf = new.is_none_or(|new| !new.is_directory());
                let is_tree = new.is_none_or(Node::is_directory);
                match current.is_directory() {
                    true if is_tree => self.directory(path, old, current, new),
                    false if is_leaf => self.leaf(path, old, current, new),
                    _ => self.clash(path, old, current),
                }
            }
        }
    }

    /// A directory, or one that the vendor has not (any more).
    fn directory(&mut self, path: &Path, old: Option<&Node>, current: &Node, new: Option<&Node>) {
        let before = old.filter(|old| old.is_directory());
        let (attributes, conflict) = match new {
            Some(new) => merged_attributes(before, current, new),
            None => (current.attributes, before.is_some()),
        };
        let touched = before != Some(current);
        let is_withdrawn = new.is_none() && !touched;
        let piece = Piece {
            attributes,
            if_needed: is_withdrawn,
            ..piece(owner_if(touched || new.is_none()), path, current)
        };
        self.put(path, piece);
        let state = match (touched, before != new) {
            _ if is_withdrawn => State::Withdrawn,
            (true, _) if conflict => State::Conflict,
            (true, true) if new.is_some_and(|new| new.attributes == attributes) => State::Same,
            (true, true) => State::Merged,
            (true, false) => State::Kept,
            (false, true) => State::Updated,
            (false, false) => return,
        };
        self.tell(path, state);
    }

    /// Files and symlinks.
    fn leaf(&mut self, path: &Path, old: Option<&Node>, current: &Node, new: Option<&Node>) {
        if old.is_some_and(Node::is_directory) {
            self.settled = Some(path.into());
        }
        let prints = [old, Some(current), new].map(|node| node.map(fingerprint));
        let touched = old != Some(current);
        let state = match (rule(prints.each_ref().map(Option::as_deref)), new) {
            (KeyAction::Record, _) => {
                self.put(path, piece(owner_if(touched), path, current));
                State::Same
            }
            (KeyAction::Write, Some(new)) => {
                self.put(path, piece(From::New, path, new));
                State::Updated
            }
            (KeyAction::Write, None) => State::Withdrawn,
            (KeyAction::Keep { conflict: true }, Some(new)) => {
                let (piece, conflict) = both_changed(path, old, current, new);
                self.put(path, piece);
                if conflict {
                    State::Conflict
                } else {
                    State::Merged
                }
            }
            (KeyAction::Keep { conflict }, _) => {
                self.put(path, piece(From::Current, path, current));
                if conflict {
                    State::Conflict
                } else {
                    State::Kept
                }
            }
            (KeyAction::Drift, _) => State::Kept,
        };
        if touched || state != State::Same {
            self.tell(path, state);
        }
    }

    /// One has a directory where the other has something else.
    fn clash(&mut self, path: &Path, old: Option<&Node>, current: &Node) {
        let Some(new) = self.new.get(path) else {
            return;
        };
        let by_vendor_alone = old.is_some_and(|old| old.is_like(current));
        if by_vendor_alone {
            self.put(path, piece(From::New, path, new));
            let state = if current.is_directory() {
                self.settled = Some(path.into());
                self.save_tree(path)
            } else if old == Some(current) {
                None
            } else {
                let saved = self.free_name(path);
                self.put(&saved, piece(From::Current, path, current));
                Some(State::Saved(saved))
            };
            self.tell(path, state.unwrap_or(State::Updated));
            return;
        }
        self.put(path, piece(From::Current, path, current));
        if !current.is_directory() {
            self.settled = Some(path.into());
        }
        let vendor_moved = old.is_none() || !same_below(self.old, self.new, path);
        self.tell(
            path,
            if vendor_moved {
                State::Conflict
            } else {
                State::Kept
            },
        );
    }

    /// Saves what the owner has changed and added in a directory that gave way to a file.
    fn save_tree(&mut self, path: &Path) -> Option<State> {
        let nodes = self.current;
        let is_owners = |(member, node): &(&PathBuf, &Node)| {
            usable(Some(*node)).is_some()
                && match self.old.get(*member) {
                    Some(old) if old.is_directory() => !node.is_directory(),
                    old => old != Some(*node),
                }
        };
        let owners: BTreeSet<_> = below(nodes, path)
            .filter(is_owners)
            .map(|(member, _)| member.clone())
            .collect();
        if owners.is_empty() {
            return None;
        }
        let saved = self.free_name(path);
        let mut members = BTreeSet::new();
        for member in &owners {
            let up = member
                .ancestors()
                .take_while(|above| above.starts_with(path));
            members.extend(up.map(Path::to_path_buf));
        }
        for member in members {
            if let (Some(node), Ok(rest)) = (nodes.get(&member), member.strip_prefix(path)) {
                let is_top = rest.as_os_str().is_empty();
                let place = if is_top {
                    saved.clone()
                } else {
                    saved.join(rest)
                };
                self.put(&place, piece(From::Current, &member, node));
                if !is_top && owners.contains(&member) {
                    self.tell(&member, State::Saved(place));
                }
            }
        }
        Some(State::Saved(saved))
    }

    /// The name under which the owner's version is saved, which nobody has.
    fn free_name(&self, path: &Path) -> PathBuf {
        let name = path.file_name().expect("only what has a name gives way");
        let name = name.as_bytes();
        let mut count = 1;
        loop {
            let suffix = match count {
                1 => SAVED.to_owned(),
                count => format!("{SAVED}.{count}"),
            };
            let kept = name.len().min(NAME_LIMIT - suffix.len());
            let mut bytes = name[..kept].to_vec();
            bytes.extend_from_slice(suffix.as_bytes());
            let free = path.with_file_name(OsString::from_vec(bytes));
            let is_taken = [self.old, self.current, self.new]
                .iter()
                .any(|nodes| nodes.contains_key(&free))
                || self.decision.pieces.contains_key(&free);
            if !is_taken {
                return free;
            }
            count += 1;
        }
    }

    fn put(&mut self, path: &Path, piece: Piece) {
        self.decision.pieces.insert(path.into(), piece);
    }

    fn tell(&mut self, path: &Path, state: State) {
        let [old, current, new] =
            [self.old, self.current, self.new].map(|nodes| usable(nodes.get(path)));
        self.decision.outcomes.push(Outcome {
            path: path.into(),
            owner: Change::of(old, self.current.get(path)),
            vendor: Change::of(old, new),
            attributes: Change::attributes([old, current, new]),
            state,
            keys: Vec::new(),
            note: None,
        });
    }

    /// Takes away the withdrawn directories that nothing lies in.
    fn finish(self) -> Decision {
        let mut decision = self.decision;
        let mut needed = BTreeSet::new();
        for (path, piece) in &decision.pieces {
            if !piece.if_needed {
                needed.extend(path.ancestors().skip(1).map(Path::to_path_buf));
            }
        }
        decision
            .pieces
            .retain(|path, piece| !piece.if_needed || needed.contains(path));
        // A directory is told of after what was saved of it is known.
        decision.outcomes.sort_by(|a, b| a.path.cmp(&b.path));
        let pieces = &decision.pieces;
        decision.outcomes.retain(|outcome| {
            outcome.state != State::Withdrawn || !pieces.contains_key(&outcome.path)
        });
        decision
    }
}

/// What can be in the result: FIFOs, sockets and devices can not.
fn usable(node: Option<&Node>) -> Option<&Node> {
    node.filter(|node| !matches!(node.kind, Kind::Special(_)))
}

const fn owner_if(touched: bool) -> From {
    if touched { From::Current } else { From::New }
}

/// A path as one side has it.
fn piece(from: From, path: &Path, node: &Node) -> Piece {
    Piece {
        from,
        path: path.into(),
        metadata: from,
        attributes: node.attributes,
        content: None,
        if_needed: false,
    }
}

/// `path` and all that lies below it.
fn below<'n>(nodes: &'n Nodes, path: &Path) -> impl Iterator<Item = (&'n PathBuf, &'n Node)> {
    let range =
        nodes.range::<Path, _>((std::ops::Bound::Included(path), std::ops::Bound::Unbounded));
    range.take_while(move |(member, _)| member.starts_with(path))
}

fn same_below(left: &Nodes, right: &Nodes, path: &Path) -> bool {
    below(left, path).eq(below(right, path))
}

#[cfg(test)]
mod tests;
