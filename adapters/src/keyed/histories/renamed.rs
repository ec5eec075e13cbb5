//! One entry that each image calls as it likes: what its owner did is done under every name.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{NAMES, Scene, World};
use crate::keyed::key::KeyName;
use crate::keyed::store::Store as _;

/// What happens to the entry.
#[derive(Debug, Clone)]
pub(crate) enum Turn {
    /// An image calls it so. It knows all former names, or, if it can be told so, the last one only.
    Renames(usize, bool),
    /// The image's file cannot be read.
    Breaks,
    /// The image does not have it, under any name.
    LeavesOut,
    /// A layer of the vendor's masks it.
    Masks,
    /// Its owner changes it.
    Edits(u8),
    /// Its owner deletes it.
    Deletes,
}

/// Histories of one entry.
pub(crate) fn images() -> impl Strategy<Value = Vec<Turn>> {
    let turn = prop_oneof![
        6 => (0..NAMES.len(), any::<bool>()).prop_map(|(name, all)| Turn::Renames(name, all)),
        1 => Just(Turn::Breaks),
        1 => Just(Turn::LeavesOut),
        1 => Just(Turn::Masks),
        3 => (3..6u8).prop_map(Turn::Edits),
        1 => Just(Turn::Deletes),
    ];
    prop::collection::vec(turn, 1..24)
}

#[derive(Debug, Clone, Default)]
struct History<S> {
    world: World<S>,
    /// What the image calls it.
    at: usize,
    /// The images that there were, by what they call it.
    seen: BTreeSet<usize>,
    edit: Option<String>,
    is_deleted: bool,
    /// Whether the image has it, as far as can be read.
    is_shipped: bool,
}

impl<S: Scene> History<S> {
    fn there(&self) -> Vec<&'static str> {
        let names = NAMES.into_iter();
        names.filter(|name| self.world.has(name)).collect()
    }

    /// The next image; it is whole unless something else is said.
    fn image(&mut self, at: usize, knows_all: bool) {
        self.at = at;
        self.world.hidden.clear();
        self.world.shipped.clear();
        let first = match at.checked_sub(1) {
            // What no image was called here tells nothing.
            Some(last) if !knows_all && self.seen.contains(&last) => last,
            _ => 0,
        };
        let formers = NAMES[first..at].join(";");
        let text = format!("[Overlay]\nFormerNames={formers}\n");
        self.world.overlay.insert(NAMES[at], text);
        let value = Some("vendor0".to_owned());
        self.world.shipped.insert(NAMES[at], value);
        self.is_shipped = true;
    }

    fn take(&mut self, turn: &Turn) {
        match turn {
            Turn::Renames(at, knows_all) => {
                self.image(*at, *knows_all);
                self.seen.insert(*at);
            }
            Turn::Breaks => {
                self.image(self.at, true);
                self.world.shipped.insert(NAMES[self.at], None);
                self.is_shipped = false;
            }
            Turn::LeavesOut => {
                self.world.shipped.clear();
                self.world.hidden.clear();
                self.is_shipped = false;
            }
            Turn::Masks => {
                if self.world.shipped.contains_key(NAMES[self.at]) {
                    self.world.hidden.insert(NAMES[self.at]);
                    self.is_shipped = false;
                }
            }
            Turn::Edits(value) => {
                for name in self.there() {
                    let value = format!("owner{value}");
                    let change = |store: &mut S::Store| {
                        let key = KeyName::parse(S::KEY);
                        store.put(name, key, Some(value.as_str().into()));
                    };
                    self.world.scene.change(change);
                    self.edit = Some(value);
                }
            }
            Turn::Deletes => {
                for name in self.there() {
                    self.world.scene.change(|store| store.remove(name));
                    self.is_deleted = true;
                }
            }
        }
    }
}

/// After every turn, what its owner did is done, and nothing is there twice.
pub(crate) fn check_renames<S: Scene>(turns: &[Turn]) -> Result<(), TestCaseError> {
    let mut history = History::<S>::default();
    for turn in [Turn::Renames(0, true)].iter().chain(turns) {
        history.take(turn);
        let plan = history.world.plan(NAMES.into_iter());
        history.world.scene.carry_out(plan);
        let again = history.world.plan(NAMES.into_iter()).batch;
        prop_assert!(
            again.steps.is_empty(),
            "a second run writes nothing: {:?}",
            again
        );
        let there = history.there();
        if history.is_deleted {
            prop_assert!(there.is_empty(), "{:?} came back", there);
            continue;
        }
        if history.is_shipped {
            prop_assert_eq!(&there, &vec![NAMES[history.at]]);
        }
        if let Some(edit) = &history.edit {
            prop_assert_eq!(there.len(), 1, "edited, so it stays: {:?}", there);
            let value = history.world.get(there[0], S::KEY);
            prop_assert_eq!(value.as_ref(), Some(edit), "the owner's key");
        }
    }
    Ok(())
}
