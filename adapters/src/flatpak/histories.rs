//! Tests of whole histories: image and owner take turns, a sync after each turn, all in memory.

use std::collections::{BTreeMap, BTreeSet};

use overlay_resolver::tree::Tree;
use overlay_resolver::{Resolver, Rules};
use proptest::prelude::*;

use super::config::RepoConfig;
use super::installation::Installation;
use super::observe::Found;
use super::plan::plan;
use super::{Layers, REPOFILE, repofile};
use crate::commit::Step;
use crate::definition::Sources;
use crate::remotes::draft::Plan;
use crate::remotes::target::Store as _;
use crate::remotes::{ORIGIN, Remote};
use crate::report::Request;
use crate::source::{Layered, Want};

const NAMES: [&str; 3] = ["one", "two", "three"];
/// A key that servers leave alone, so that every difference is somebody's will.
const KEY: &str = "xa.subset";

#[derive(Debug, Clone)]
enum Turn {
    VendorShips(usize, u8),
    VendorWithdraws(usize),
    VendorBreaks(usize),
    OwnerMasks(usize),
    OwnerUnmasks(usize),
    OwnerDeletes(usize),
    OwnerEdits(usize, u8),
    OwnerAdds(usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    let name = || 0..NAMES.len();
    prop_oneof![
        4 => (name(), 0..3u8).prop_map(|(name, value)| Turn::VendorShips(name, value)),
        1 => name().prop_map(Turn::VendorWithdraws),
        1 => name().prop_map(Turn::VendorBreaks),
        1 => name().prop_map(Turn::OwnerMasks),
        1 => name().prop_map(Turn::OwnerUnmasks),
        2 => name().prop_map(Turn::OwnerDeletes),
        1 => (name(), 3..6u8).prop_map(|(name, value)| Turn::OwnerEdits(name, value)),
        1 => name().prop_map(Turn::OwnerAdds),
    ]
}

#[derive(Debug, Clone, Default)]
struct World {
    shipped: BTreeMap<&'static str, String>,
    masked: BTreeSet<&'static str>,
    config: Option<RepoConfig>,
    deleted: BTreeSet<&'static str>,
    edited: BTreeMap<&'static str, String>,
}

impl World {
    fn take(&mut self, turn: &Turn) {
        match *turn {
            Turn::VendorShips(name, value) => {
                let text = format!("[Flatpak Repo]\nUrl=https://vendor/\nSubset=v{value}\n");
                self.shipped.insert(NAMES[name], text);
            }
            Turn::VendorWithdraws(name) => drop(self.shipped.remove(NAMES[name])),
            Turn::VendorBreaks(name) => drop(self.shipped.insert(NAMES[name], "junk\n".into())),
            Turn::OwnerMasks(name) => drop(self.masked.insert(NAMES[name])),
            Turn::OwnerUnmasks(name) => drop(self.masked.remove(NAMES[name])),
            Turn::OwnerDeletes(name) => self.change(name, |world, config| {
                config.remove(NAMES[name]);
                // What the vendor never offered cannot come back, and what it offers later is new.
                if config.marks(NAMES[name]).offered {
                    world.deleted.insert(NAMES[name]);
                }
                world.edited.remove(NAMES[name]);
            }),
            Turn::OwnerEdits(name, value) => self.change(name, |world, config| {
                let value = format!("o{value}");
                config.put(NAMES[name], KEY, Some(value.as_str().into()));
                world.edited.insert(NAMES[name], value);
            }),
            Turn::OwnerAdds(name) => {
                let config = self.config.get_or_insert_default();
                if !config.has_remote(NAMES[name]) {
                    config.put(NAMES[name], "url", Some("https://owner/".into()));
                    self.deleted.remove(NAMES[name]);
                    self.edited.remove(NAMES[name]);
                }
            }
        }
    }

    /// Lets the owner change a remote that is there.
    fn change(&mut self, name: usize, change: impl FnOnce(&mut Self, &mut RepoConfig)) {
        if let Some(mut config) = self.config.take() {
            if config.has_remote(NAMES[name]) {
                change(self, &mut config);
            }
            self.config = Some(config);
        }
    }

    fn layers(&self, names: impl Iterator<Item = &'static str>) -> Layers {
        let mut layers = Layers::default();
        for name in names {
            if let Some(layered) = self.layered(name) {
                layers.remotes.entries.insert(name.into(), layered);
            }
        }
        layers
    }

    fn layered(&self, name: &'static str) -> Option<Layered<Remote>> {
        let masked = self.masked.contains(name);
        let text = self.shipped.get(name);
        if text.is_none() && !masked {
            return None;
        }
        let file = |layer: &str| format!("/{layer}/remotes.d/{name}.flatpakrepo");
        let mut tree = Tree::default();
        if let Some(text) = text {
            tree = tree.with(file("usr/lib").as_ref(), text.as_str());
        }
        if masked {
            tree = tree.with_mask(file("etc").as_ref());
        }
        let resolver = Resolver::new(tree).rules(rules());
        let document = resolver.entries("remotes.d").documents.pop()?;
        let want = if masked {
            Want::Masked("/etc/mask".into())
        } else {
            match (repofile::read(&document), document.problems()) {
                (_, [problem, ..]) => Want::Unresolved(problem.clone()),
                ((Some(remote), _), _) => Want::Present(remote),
                ((None, findings), _) => Want::Unresolved(findings[0].clone()),
            }
        };
        Some(Layered { document, want })
    }

    fn plan(&self, names: impl Iterator<Item = &'static str>) -> Plan {
        let found = Found {
            config: self
                .config
                .clone()
                .map(|config| (config.to_bytes(), config)),
            ..Found::default()
        };
        plan(&paths(), self.layers(names), &found, &Request::default())
    }

    fn sync(&mut self) {
        for step in self.plan(NAMES.into_iter()).batch.steps {
            let text = match step {
                Step::Create(tree) => tree.files.last().expect("a configuration").1.clone(),
                Step::Replace { content, .. } => content,
                Step::Remove(_) | Step::Touch(_) => continue,
            };
            self.config = Some(RepoConfig::parse(&text, &paths().config()).expect("sound"));
        }
    }

    fn has(&self, name: &str) -> bool {
        self.config
            .as_ref()
            .is_some_and(|config| config.has_remote(name))
    }

    fn get(&self, name: &str, key: &str) -> Option<String> {
        Some(self.config.as_ref()?.get(name, key)?.to_string())
    }
}

fn rules() -> Rules {
    Sources {
        layers: Rules::default().layers,
        remotes: "remotes.d".into(),
        collections: "collections.d".into(),
    }
    .rules(REPOFILE)
}

fn paths() -> Installation {
    Installation::new("flatpak", "/var/lib/flatpak".into())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn every_law_holds_after_every_turn(turns in prop::collection::vec(turn(), 1..24)) {
        let mut world = World::default();
        for turn in &turns {
            world.take(turn);
            let forwards = world.plan(NAMES.into_iter()).batch;
            let backwards = world.plan(NAMES.into_iter().rev()).batch;
            prop_assert_eq!(forwards, backwards, "the order of entries does not matter");

            world.sync();
            let again = world.plan(NAMES.into_iter()).batch;
            prop_assert!(again.steps.is_empty(), "a second run writes nothing: {:?}", again);

            for name in NAMES {
                let present = world.has(name);
                prop_assert!(!(present && world.deleted.contains(name)), "{} came back", name);
                if !present {
                    world.edited.remove(name);
                }
                if let Some(value) = world.edited.get(name) {
                    prop_assert_eq!(world.get(name, KEY), Some(value.clone()), "the owner's key");
                }
                let ours = world.get(name, ORIGIN).is_some();
                let shipped = world.shipped.get(name).and_then(|text| text.split("Subset=").nth(1));
                if let Some(value) = shipped.filter(|_| ours && !world.masked.contains(name) && !world.edited.contains_key(name)) {
                    prop_assert_eq!(world.get(name, KEY), Some(value.trim().to_owned()), "the vendor's key");
                }
            }
        }
    }
}
