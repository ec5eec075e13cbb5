//! The laws of histories, held against an installation in memory.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bstr::ByteSlice as _;
use overlay_resolver::Document;
use overlay_resolver::finding::Finding;
use overlay_resolver::rules::Rules;
use proptest::prelude::*;

use super::config::RepoConfig;
use super::installation::Installation;
use super::observe::Found;
use super::plan::plan;
use super::{Layers, REPOFILE, repofile};
use crate::commit::Step;
use crate::keyed::histories::{Scene, cases, check, check_renames, images, turns};
use crate::plan::Plan;
use crate::remotes::Remote;
use crate::remotes::sources::Sources;
use crate::report::Request;
use crate::source::Source;

#[derive(Debug, Clone, Default)]
struct InMemory {
    config: Option<RepoConfig>,
}

fn installation() -> Installation {
    Installation::new("flatpak", "/var/lib/flatpak".into())
}

impl Scene for InMemory {
    type Store = RepoConfig;
    type Wanted = Remote;
    const SUFFIX: &'static str = REPOFILE;
    const KEY: &'static str = "xa.subset";
    const MASK_IN_PLACE: bool = false;
    const OTHER: (&'static str, &'static str) = ("url", "https://owner/");

    fn vendor(_name: &str, value: &str) -> String {
        format!("[Flatpak Repo]\nUrl=https://vendor/\nSubset={value}\n")
    }

    fn read(document: &Document) -> (Option<Remote>, Vec<Finding>) {
        repofile::read(document)
    }

    fn rules() -> Rules {
        Sources::of_tests().rules(REPOFILE)
    }

    fn mask(_name: &str) -> PathBuf {
        "/etc/mask".into()
    }

    fn store(&self, _masked: &BTreeSet<&'static str>) -> Option<RepoConfig> {
        self.config.clone()
    }

    fn change(&mut self, change: impl FnOnce(&mut RepoConfig)) {
        change(self.config.get_or_insert_default());
    }

    fn replace(&mut self, from: &str, to: &str) {
        if let Some(config) = &mut self.config {
            let text = config.to_bytes().replace(from, to);
            *config = RepoConfig::parse(&text, &installation().config()).expect("sound");
        }
    }

    fn plan(&self, remotes: Source<Remote>, _masked: &BTreeSet<&'static str>) -> Plan {
        let config = self.config.clone();
        let found = Found {
            config: config.map(|config| (config.to_bytes(), config)),
            ..Found::default()
        };
        let layers = Layers {
            remotes,
            ..Layers::default()
        };
        plan(&installation(), layers, &found, &Request::default())
    }

    fn carry_out(&mut self, plan: Plan) {
        for step in plan.batch.steps {
            let text = match step {
                Step::Create(tree) => tree.files.last().expect("a configuration").1.clone(),
                Step::Replace { content, .. } => content,
                Step::Intend { .. } | Step::Remove(_) | Step::Take { .. } | Step::Touch(_) => {
                    continue;
                }
                Step::Unlink(_) | Step::Link { .. } | Step::Tell(_) => {
                    unreachable!("flatpak has none")
                }
            };
            let config = RepoConfig::parse(&text, &installation().config());
            self.config = Some(config.expect("sound"));
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
