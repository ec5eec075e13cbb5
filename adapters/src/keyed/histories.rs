//! Tests of whole histories: image and owner take turns, a sync after each turn, all in memory. The laws
//! are the same for every target of entries.

mod renamed;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use overlay_resolver::finding::Finding;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Document, Resolver, Rules};
use proptest::prelude::*;

pub(crate) use self::renamed::{check_renames, images};
use super::entry::Entry;
use super::key::KeyName;
use super::management::Management;
use super::store::Store;
use crate::plan::Plan;
use crate::report::Operation;
use crate::source::{Layered, Source, Want};
use crate::thorough::one_in;

/// The names, in the order in which an entry has them where it is renamed.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// How many histories are tried.
pub(crate) fn cases() -> ProptestConfig {
    let cases = one_in(16, 512);
    ProptestConfig::with_cases(cases.try_into().expect("a small number"))
}

/// One target of entries, in memory.
pub(crate) trait Scene: Debug + Clone + Default {
    /// How it holds its entries.
    type Store: Store;
    /// What the layers want of one.
    type Wanted: AsRef<Entry>;
    /// What the vendor's files end with.
    const SUFFIX: &'static str;
    /// A key that servers leave alone, so that every difference is somebody's will.
    const KEY: &'static str;
    /// Whether a mask takes the place of the entry itself.
    const MASK_IN_PLACE: bool;

    /// The vendor's file of an entry, with this value of [`Scene::KEY`].
    fn vendor(name: &str, value: &str) -> String;

    /// Reads one.
    fn read(document: &Document) -> (Option<Self::Wanted>, Vec<Finding>);

    /// How the vendor's files are read.
    fn rules() -> Rules;

    /// A key with a value that makes an entry of this name another than the vendor's.
    const OTHER: (&'static str, &'static str);

    /// Where a mask stands.
    fn mask(name: &str) -> PathBuf;

    /// The entries as they are; none if there is no target yet.
    fn store(&self, masked: &BTreeSet<&'static str>) -> Option<Self::Store>;

    /// The owner changes the target with a tool of theirs.
    fn change(&mut self, change: impl FnOnce(&mut Self::Store));

    /// The owner replaces a text by another, all over the target.
    fn replace(&mut self, from: &str, to: &str);

    /// The plan for these layers.
    fn plan(&self, entries: Source<Self::Wanted>, masked: &BTreeSet<&'static str>) -> Plan;

    /// Carries it out.
    fn carry_out(&mut self, plan: Plan);
}

#[derive(Debug, Clone)]
pub(crate) enum Turn {
    VendorShips(usize, u8),
    VendorWithdraws(usize),
    VendorBreaks(usize),
    OwnerMasks(usize),
    OwnerUnmasks(usize),
    OwnerDeletes(usize),
    OwnerEdits(usize, u8),
    OwnerReplaces(u8, u8),
    OwnerAdds(usize),
}

pub(crate) fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let name = || 0..NAMES.len();
    let turn = prop_oneof![
        4 => (name(), 0..3u8).prop_map(|(name, value)| Turn::VendorShips(name, value)),
        1 => name().prop_map(Turn::VendorWithdraws),
        1 => name().prop_map(Turn::VendorBreaks),
        1 => name().prop_map(Turn::OwnerMasks),
        1 => name().prop_map(Turn::OwnerUnmasks),
        2 => name().prop_map(Turn::OwnerDeletes),
        1 => (name(), 3..6u8).prop_map(|(name, value)| Turn::OwnerEdits(name, value)),
        1 => (0..3u8, 3..6u8).prop_map(|(from, to)| Turn::OwnerReplaces(from, to)),
        1 => name().prop_map(Turn::OwnerAdds),
    ];
    prop::collection::vec(turn, 1..24)
}

#[derive(Debug, Clone, Default)]
struct World<S> {
    scene: S,
    /// The values that the vendor ships; none where the file is broken.
    shipped: BTreeMap<&'static str, Option<String>>,
    masked: BTreeSet<&'static str>,
    /// What the vendor masks.
    hidden: BTreeSet<&'static str>,
    /// What the vendor's files say beside that.
    overlay: BTreeMap<&'static str, String>,
    deleted: BTreeSet<&'static str>,
    edited: BTreeMap<&'static str, String>,
}

impl<S: Scene> World<S> {
    fn take(&mut self, turn: &Turn) {
        match *turn {
            Turn::VendorShips(name, value) => {
                self.shipped
                    .insert(NAMES[name], Some(format!("vendor{value}")));
            }
            Turn::VendorWithdraws(name) => drop(self.shipped.remove(NAMES[name])),
            Turn::VendorBreaks(name) => drop(self.shipped.insert(NAMES[name], None)),
            Turn::OwnerMasks(name) => {
                if S::MASK_IN_PLACE {
                    self.scene.change(|store| store.remove(NAMES[name]));
                    self.edited.remove(NAMES[name]);
                }
                self.masked.insert(NAMES[name]);
            }
            Turn::OwnerUnmasks(name) => drop(self.masked.remove(NAMES[name])),
            Turn::OwnerDeletes(name) if self.has(NAMES[name]) => {
                let name = NAMES[name];
                let offered = self.store().is_some_and(|store| store.marks(name).offered);
                self.scene.change(|store| store.remove(name));
                // What the vendor never offered cannot come back, and what it offers later is new.
                if offered {
                    self.deleted.insert(name);
                }
                self.edited.remove(name);
            }
            Turn::OwnerEdits(name, value) if self.has(NAMES[name]) => {
                let value = format!("owner{value}");
                self.scene.change(|store| {
                    let key = KeyName::parse(S::KEY);
                    store.put(NAMES[name], key, Some(value.as_str().into()));
                });
                self.edited.insert(NAMES[name], value);
            }
            Turn::OwnerReplaces(from, to) => {
                let (from, to) = (format!("vendor{from}"), format!("owner{to}"));
                for name in NAMES {
                    if self.get(name, S::KEY).as_ref() == Some(&from) {
                        self.edited.insert(name, to.clone());
                    }
                }
                self.scene.replace(&from, &to);
            }
            Turn::OwnerAdds(name) if !self.has(NAMES[name]) => {
                let name = NAMES[name];
                let (key, value) = S::OTHER;
                self.scene
                    .change(|store| store.put(name, KeyName::parse(key), Some(value.into())));
                self.deleted.remove(name);
                self.edited.remove(name);
                if S::MASK_IN_PLACE {
                    self.masked.remove(name);
                }
            }
            Turn::OwnerDeletes(_) | Turn::OwnerEdits(..) | Turn::OwnerAdds(_) => {}
        }
    }

    fn layers(&self, names: impl Iterator<Item = &'static str>) -> Source<S::Wanted> {
        let mut source = Source::default();
        for name in names {
            if let Some(layered) = self.layered(name) {
                source.entries.insert(name.into(), layered);
            }
        }
        source
    }

    fn layered(&self, name: &'static str) -> Option<Layered<S::Wanted>> {
        let shipped = self.shipped.get(name);
        let masked = self.masked.contains(name) || self.hidden.contains(name);
        if shipped.is_none() && !masked {
            return None;
        }
        let mut tree = Tree::default();
        if let Some(value) = shipped {
            let text = value.as_ref();
            let mut text = text.map_or_else(|| "junk\n".into(), |value| S::vendor(name, value));
            text.extend(self.overlay.get(name).map(String::as_str));
            let path = format!("/usr/lib/entries.d/{name}{}", S::SUFFIX);
            tree = tree.with(path.as_ref(), text);
        }
        let by_vendor = format!("/usr/local/lib/entries.d/{name}{}", S::SUFFIX);
        if self.hidden.contains(name) {
            tree = tree.with_mask(Path::new(&by_vendor));
        }
        if self.masked.contains(name) {
            let path = format!("/etc/entries.d/{name}{}", S::SUFFIX);
            tree = tree.with_mask(Path::new(&path));
        }
        let resolver = Resolver::new(tree).rules(S::rules());
        let document = resolver.entries("entries.d").unwrap().documents.pop()?;
        let want = if masked {
            let is_owners = self.masked.contains(name);
            Want::Masked(if is_owners {
                S::mask(name)
            } else {
                by_vendor.into()
            })
        } else {
            match (S::read(&document), document.problems()) {
                (_, [problem, ..]) => Want::Unresolved(problem.clone()),
                ((Some(wanted), _), _) => Want::Present(wanted),
                ((None, findings), _) => Want::Unresolved(findings[0].clone()),
            }
        };
        Some(Layered::new(document, want))
    }

    fn plan(&self, names: impl Iterator<Item = &'static str>) -> Plan {
        self.scene.plan(self.layers(names), &self.masked)
    }

    fn store(&self) -> Option<S::Store> {
        self.scene.store(&self.masked)
    }

    fn has(&self, name: &str) -> bool {
        self.store().is_some_and(|store| store.has(name))
    }

    fn get(&self, name: &str, key: &str) -> Option<String> {
        Some(self.store()?.get(name, KeyName::parse(key))?.to_string())
    }
}

/// Every law holds after every turn.
pub(crate) fn check<S: Scene>(turns: &[Turn]) -> Result<(), TestCaseError> {
    let mut world = World::<S>::default();
    for turn in turns {
        world.take(turn);
        let forwards = world.plan(NAMES.into_iter());
        let backwards = world.plan(NAMES.into_iter().rev()).batch;
        prop_assert_eq!(
            &forwards.batch,
            &backwards,
            "the order of entries does not matter"
        );

        let told = &forwards.report.pending;
        prop_assert_eq!(
            forwards.batch.steps.is_empty(),
            told.is_empty(),
            "what is written is told, and nothing else: {:?}",
            told
        );
        prop_assert!(
            told.iter()
                .all(|change| change.operation != Operation::WriteFile),
            "what is written is told by what it means: {:?}",
            told
        );

        world.scene.carry_out(forwards);
        let again = world.plan(NAMES.into_iter()).batch;
        prop_assert!(
            again.steps.is_empty(),
            "a second run writes nothing: {:?}",
            again
        );

        for name in NAMES {
            let present = world.has(name);
            prop_assert!(
                !(present && world.deleted.contains(name)),
                "{} came back",
                name
            );
            if !present {
                world.edited.remove(name);
            }
            if let Some(value) = world.edited.get(name) {
                prop_assert_eq!(
                    world.get(name, S::KEY),
                    Some(value.clone()),
                    "the owner's key"
                );
            }
            let management = world.store().map(|store| Management::of(&store, name));
            let ours = management.flatten().is_some();
            let follows = ours && !world.masked.contains(name) && !world.edited.contains_key(name);
            let shipped = world.shipped.get(name).cloned().flatten();
            if let Some(value) = shipped.filter(|_| follows) {
                prop_assert_eq!(world.get(name, S::KEY), Some(value), "the vendor's key");
            }
            // What the vendor ships is there unless the owner did something about it.
            if world.shipped.get(name).is_some_and(Option::is_some) && !world.masked.contains(name)
            {
                prop_assert!(
                    present || world.deleted.contains(name),
                    "{} is missing",
                    name
                );
            }
        }
    }
    Ok(())
}
