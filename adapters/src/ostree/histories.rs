//! The laws of histories, held against files in memory; and what a killed run leaves is mended.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::rules::Rules;
use proptest::prelude::*;

use super::definition::Definition;
use super::memory::Memory;
use super::observe::Found;
use super::places::{CONF, Places};
use super::plan::plan;
use super::store::Remotes;
use super::{Layers, conf};
use crate::commit::Step;
use crate::editor::Editor;
use crate::keyed::histories::{Scene, cases, check, check_renames, images, turns};
use crate::keyed::observed::Observed;
use crate::keyed::store::Store as _;
use crate::plan::Plan;
use crate::remotes::Remote;
use crate::remotes::sources::Sources;
use crate::report::Request;
use crate::source::Source;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct InMemory {
    /// The files by path; the target's directory is there as soon as it has been made.
    files: BTreeMap<PathBuf, Vec<u8>>,
    has_target: bool,
}

fn places() -> Places {
    let definition = Definition {
        sources: Sources::of_tests(),
        target: "/etc/remotes.d".into(),
        state: "/etc/state".into(),
        repositories: vec!["/repo".into()],
        origins: "/deploy".into(),
    };
    Places::new("ostree", &definition)
}

impl InMemory {
    /// As `observe` has it.
    fn found(&self, masked: &BTreeSet<&'static str>) -> Found {
        let mut store = Remotes::new(&places());
        for (path, text) in &self.files {
            let file = path.file_name().and_then(|name| name.to_str()).unwrap();
            if path.starts_with(&places().target) {
                store.add(path, Editor::parse(text).unwrap());
            } else if let Some(name) = Places::remembered(file).filter(|_| self.has_target) {
                store.remember(name, Memory::parse(text, path).unwrap());
            }
        }
        for name in masked {
            store.note_mask(name);
        }
        Found {
            store,
            observed: Observed::default(),
            texts: self.files.clone(),
            has_target: self.has_target,
            too_wide: BTreeSet::new(),
            modes: BTreeMap::new(),
            findings: Vec::new(),
        }
    }

    fn take_step(&mut self, step: Step) {
        match step {
            Step::Create(tree) => {
                assert!(!self.has_target, "the directory is there already");
                self.has_target = true;
                for (name, text) in tree.files {
                    self.files.insert(tree.path.join(name), text);
                }
            }
            Step::Replace {
                path,
                expected,
                content,
            } => {
                assert_eq!(self.files.get(&path), expected.as_ref(), "raced");
                assert!(self.has_target || !path.starts_with("/etc/remotes.d"));
                self.files.insert(path, content);
            }
            Step::Take { path, expected } => {
                assert_eq!(self.files.remove(&path), Some(expected), "raced");
            }
            Step::Remove(path) => drop(self.files.remove(&path)),
            Step::Intend { .. } | Step::Touch(_) => {}
            Step::Unlink(_) | Step::Link { .. } | Step::Tell(_) => unreachable!("ostree has none"),
        }
    }
}

impl Scene for InMemory {
    type Store = Remotes;
    type Wanted = Remote;
    const SUFFIX: &'static str = CONF;
    const KEY: &'static str = "proxy";
    const MASK_IN_PLACE: bool = true;
    const OTHER: (&'static str, &'static str) = ("url", "https://owner/");

    fn vendor(name: &str, value: &str) -> String {
        format!("[remote \"{name}\"]\nurl=https://vendor/\nproxy={value}\n")
    }

    fn read(document: &Document) -> (Option<Remote>, Vec<Finding>) {
        conf::read(document)
    }

    fn rules() -> Rules {
        Sources::of_tests().rules(CONF)
    }

    fn mask(name: &str) -> PathBuf {
        places().conf(name)
    }

    fn store(&self, masked: &BTreeSet<&'static str>) -> Option<Remotes> {
        Some(self.found(masked).store)
    }

    fn change(&mut self, change: impl FnOnce(&mut Remotes)) {
        let mut store = self.found(&BTreeSet::new()).store;
        change(&mut store);
        self.has_target = true;
        for (path, text) in store.texts() {
            match text {
                Some(text) => drop(self.files.insert(path.to_owned(), text)),
                None => drop(self.files.remove(path)),
            }
        }
    }

    fn replace(&mut self, from: &str, to: &str) {
        for (path, text) in &mut self.files {
            if path.starts_with(&places().target) {
                *text = text.replace(from, to);
            }
        }
    }

    fn plan(&self, remotes: Source<Remote>, masked: &BTreeSet<&'static str>) -> Plan {
        let layers = Layers {
            remotes,
            ..Layers::default()
        };
        plan(&places(), layers, &self.found(masked), &Request::default())
    }

    fn carry_out(&mut self, plan: Plan) {
        for step in plan.batch.steps {
            self.take_step(step);
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn every_law_holds_after_every_turn(turns in turns()) {
        check::<InMemory>(&turns)?;
    }

    #[test]
    fn what_its_owner_did_is_done_under_every_name(images in images()) {
        check_renames::<InMemory>(&images)?;
    }
}

/// A vendor that ships these remotes.
fn shipping(names: &[&'static str]) -> Source<Remote> {
    let mut source = Source::default();
    for name in names {
        let path = format!("/usr/lib/remotes.d/{name}{CONF}");
        let tree = overlay_resolver::tree::Tree::default()
            .with(Path::new(&path), InMemory::vendor(name, "v"));
        let resolver = overlay_resolver::Resolver::new(tree).rules(Sources::of_tests().rules(CONF));
        let document = resolver
            .entries("remotes.d")
            .unwrap()
            .documents
            .pop()
            .unwrap();
        let want = crate::source::Want::Present(conf::read(&document).0.unwrap());
        let layered = crate::source::Layered::new(document, want);
        source.entries.insert((*name).into(), layered);
    }
    source
}

/// Carries out only the first steps of a plan, as a run that is killed does; then syncs.
#[test]
fn killed_between_any_two_steps_the_next_run_ends_the_same() {
    let none = BTreeSet::new();
    let mut scene = InMemory::default();
    scene.carry_out(scene.plan(shipping(&["kept", "gone", "deleted"]), &none));
    scene.change(|store| store.remove("deleted"));
    for start in [InMemory::default(), scene] {
        let ships = || shipping(&["kept", "deleted", "new"]);
        let mut whole = start.clone();
        whole.carry_out(start.plan(ships(), &none));
        let steps = start.plan(ships(), &none).batch.steps;
        for killed_after in 0..steps.len() {
            let mut scene = start.clone();
            for step in steps.iter().take(killed_after).cloned() {
                scene.take_step(step);
            }
            scene.carry_out(scene.plan(ships(), &none));
            assert_eq!(
                scene.files, whole.files,
                "killed after {killed_after} steps"
            );
        }
    }
}
