//! The three-way merge of `/etc` that ostree makes at every deployment, made better where ostree's
//! loses something.
//!
//! Three trees: the vendor's old `/usr/etc`, the owner's `/etc` that was made from it, and the vendor's
//! new `/usr/etc`. The result is what ostree's merge gives
//! (libostree: `ostree-sysroot-deploy.c` `merge_configuration_from()`), byte by byte, but for these:
//!
//! * a file that both changed is merged key by key ([`keys`]) where it is known how it is read; ostree
//!   keeps the owner's and says nothing of the vendor's change;
//! * content, mode, owner and group are four things: who changed one of them does not freeze the others;
//! * a directory in the place of a file, or the other way round, aborts ostree's deployment; here the
//!   kind that only the vendor changed is the vendor's, and the owner's version is saved beside it
//!   (`decide`);
//! * the attributes of a directory follow the same rule; with ostree the owner's or the vendor's win,
//!   depending on whether a file in it was changed.
//!
//! As with ostree, times and extended attributes make no difference of their own, and a file whose owner
//! changed anything else of it keeps them; FIFOs, sockets and devices are not taken over.
//!
//! Deliberately absent: following symlinks, hard links (every name becomes a file), and the extended
//! attributes of symlinks.

pub(crate) mod decide;
pub mod keys;
pub mod outcome;
pub mod side;

mod consumer;

use std::path::Path;

use overlay_resolver::Resolver;
use overlay_resolver::finding::Finding;
use overlay_resolver::root::Root;

pub use self::decide::SAVED;
use self::decide::{Decision, From, Piece};
use self::keys::Unmergeable;
pub use self::outcome::{Change, Note, Outcome, State};
pub use self::side::{Side, SideError};
use crate::code;
use crate::commit::{CommitError, Member, Source, assemble};

/// The largest file that is merged key by key.
const TEXT_LIMIT: usize = 4 << 20;

/// The three trees: the vendor's old, the owner's, the vendor's new.
#[derive(Debug)]
pub struct Sides([Side; 3]);

/// What the merge of three trees comes to.
#[derive(Debug)]
#[must_use = "it only tells"]
pub struct Merge<'s> {
    sides: &'s Sides,
    decision: Decision,
    /// What was found beside.
    pub findings: Vec<Finding>,
}

impl Sides {
    /// Reads the trees at these paths inside `root`.
    pub fn read(root: &Root, old: &Path, current: &Path, new: &Path) -> Result<Self, SideError> {
        let mut sides = [
            Side::open(root, old)?,
            Side::open(root, current)?,
            Side::open(root, new)?,
        ];
        side::digest(&mut sides)?;
        Ok(Self(sides))
    }

    /// The trees, the vendor's old one first.
    pub fn each(&self) -> &[Side; 3] {
        &self.0
    }

    /// Whether the result may be written to `out` inside `root`, which is in none of the trees.
    ///
    /// # Errors
    /// It is in one of them.
    pub fn allow(&self, root: &Root, out: &Path) -> Result<(), SideError> {
        let end = |path: &Path| root.chase(path).unwrap_or_else(|_| path.to_owned());
        let place = end(out);
        match self
            .each()
            .iter()
            .find(|side| place.starts_with(end(side.path())))
        {
            None => Ok(()),
            Some(side) => Err(SideError::Within {
                out: out.to_owned(),
                side: side.path().to_owned(),
            }),
        }
    }

    /// Merges them, each file as the resolver says that its consumer reads it. Writes nothing.
    pub fn merge(&self, resolver: &Resolver) -> Result<Merge<'_>, SideError> {
        let [old, current, new] = &self.0;
        let mut decision = decide::decide(&old.nodes, &current.nodes, &new.nodes);
        for outcome in &mut decision.outcomes {
            let piece = decision.pieces.get_mut(&outcome.path);
            self.merge_keys(resolver, outcome, piece)?;
        }
        let dropped = decision
            .outcomes
            .iter()
            .filter(|outcome| outcome.state == State::Dropped);
        let findings = dropped.map(|outcome| {
            let message = "is a FIFO, a socket or a device, which is not taken over";
            code::DROPPED.warning(current.path_of(&outcome.path), message)
        });
        Ok(Merge {
            sides: self,
            findings: findings.collect(),
            decision,
        })
    }

    /// Looks at the keys of a file that is there on all sides, and merges them if both changed it.
    fn merge_keys(
        &self,
        resolver: &Resolver,
        outcome: &mut Outcome,
        piece: Option<&mut Piece>,
    ) -> Result<(), SideError> {
        let path = &outcome.path;
        let nodes = self.0.each_ref().map(|side| side.nodes.get(path));
        let [Some(old), Some(current), Some(new)] = nodes else {
            return Ok(());
        };
        let contents = [old, current, new].map(side::Node::content);
        let [Some(before), Some(actual), Some(desired)] = contents else {
            return Ok(());
        };
        if before == actual && actual == desired {
            return Ok(());
        }
        let both = actual != before && desired != before && actual != desired;
        let (dialect, note) = consumer::dialect(resolver, path);
        let texts = self.texts(path)?;
        let merged = match &texts {
            Some(texts) => keys::merge(dialect, texts.each_ref().map(Vec::as_slice)),
            None => Err(Unmergeable::TooLarge { limit: TEXT_LIMIT }),
        };
        match (merged, piece) {
            (Ok(merged), piece) => {
                outcome.note = Some(note);
                outcome.keys = merged.keys;
                if let Some(piece) = piece.filter(|_| both) {
                    let (_, conflict) = decide::merged_attributes(Some(old), current, new);
                    outcome.state = if conflict || outcome.conflicts().next().is_some() {
                        State::Conflict
                    } else {
                        State::Merged
                    };
                    // What the owner has may be the result, times and all.
                    let is_new = texts.is_none_or(|[_, current, _]| current != merged.text);
                    piece.content = is_new.then_some(merged.text);
                }
            }
            (Err(why), _) if both => outcome.note = Some(Note::NotMerged(why)),
            (Err(_), _) => {}
        }
        Ok(())
    }

    /// The texts of a file on all sides; none if one is too large.
    fn texts(&self, path: &Path) -> Result<Option<[Vec<u8>; 3]>, SideError> {
        let [old, current, new] = &self.0;
        let texts = [
            old.read(path, TEXT_LIMIT)?,
            current.read(path, TEXT_LIMIT)?,
            new.read(path, TEXT_LIMIT)?,
        ];
        Ok(match texts {
            [Some(old), Some(current), Some(new)] => Some([old, current, new]),
            _ => None,
        })
    }
}

impl Merge<'_> {
    /// Every path that somebody changed, in order.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.decision.outcomes
    }

    /// The trees that it is about.
    pub fn sides(&self) -> &Sides {
        self.sides
    }

    /// Whether something was changed on both sides, so that the owner should look at it.
    pub fn has_conflicts(&self) -> bool {
        self.outcomes()
            .iter()
            .any(|outcome| outcome.state.is_conflict())
    }

    /// Writes the merged tree to `out` inside `root`, which is not there or an empty directory: whole,
    /// or not at all.
    pub fn write(&self, root: &Root, out: &Path) -> Result<(), CommitError> {
        let [_, current, new] = &self.sides.0;
        let side = |from| match from {
            From::Current => current,
            From::New => new,
        };
        let members = self.decision.pieces.iter().map(|(path, piece)| {
            let from = side(piece.from);
            let node = from.nodes.get(&piece.path);
            let source = match (node.map(|node| &node.kind), &piece.content) {
                (Some(side::Kind::Directory), _) => Source::Directory,
                (Some(side::Kind::Link(target)), _) => Source::Link(target),
                (_, Some(content)) => Source::Bytes(content),
                (_, None) => Source::File(from.fd(), &piece.path),
            };
            Member {
                path,
                source,
                mode: piece.attributes.mode,
                owner: (piece.attributes.uid, piece.attributes.gid),
                metadata: (side(piece.metadata).fd(), &piece.path),
            }
        });
        assemble(root, out, members)
    }
}
