//! `NetworkManager --print-config`: the merged keyfile, or that it would not start.

use std::path::Path;
use std::process::Command;

use overlay_resolver::Rules;
use proptest::prelude::*;
use proptest::sample::select;

use super::chamber::Chamber;
use super::generator::{Shape, Weights, lines, sectioned, trees};
use super::ours::{Answer, Pairs};
use super::tree::Tree;
use super::{Peer, rules};
use crate::peers::{Found, read};

const PROGRAM: &str = "/usr/sbin/NetworkManager";
const LAYERS: [&str; 3] = ["usr/lib", "run", "etc"];
const MAIN: &str = "NetworkManager/NetworkManager.conf";

const OPERATORS: &str = "§1.5 #25 NetworkManager drops += and -= of what is no list";

/// What it prints of itself.
const ITS_OWN: (&str, &str) = ("main", "configure-and-quit");

#[derive(Debug)]
pub(crate) struct NetworkManager {
    version: String,
    chamber: Chamber,
}

impl NetworkManager {
    pub(crate) fn find() -> Found<Self> {
        Ok(Self {
            version: read(Command::new(PROGRAM).arg("--version"))?
                .trim()
                .to_owned(),
            chamber: Chamber::new(PROGRAM)?,
        })
    }
}

impl Peer for NetworkManager {
    type Answer = Result<Pairs, String>;

    fn name(&self) -> String {
        format!("NetworkManager {}", self.version)
    }

    fn rules(&self) -> Found<Rules> {
        rules("extends = 'networkmanager-conf'")
    }

    fn path(&self) -> &'static str {
        MAIN
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 200,
            empty: 20,
            comment: 20,
            link: 16,
            same_inode: 4,
            null: 1,
            null_upwards: 1,
            dangling: 2,
            looped: 1,
            directory: 1,
            broken: 4,
            linked_directory: 3,
            no_dev: 10,
        };
        let shape = Shape {
            layers: &LAYERS,
            // It knows no other main file; our rules have main files in any layer.
            main_layers: &["etc"],
            main: Some((MAIN, 6)),
            drop_ins: "NetworkManager/conf.d",
            suffix: ".conf",
            weights,
        };
        let also = &[
            "[main]",
            "[device-x]",
            "dns=none",
            "plugins=a,b",
            "plugins+=c,a",
            "plugins-=a",
            "[S]",
            "K = v",
            "K=a;b;",
        ][..];
        let texts = lines(sectioned(also), &["junk", "[Bad", "[S] # note"]);
        // Above the first line there is a section, or NetworkManager refuses the file.
        let section = || select(&["[S]\n", "[main]\n", "[T]\n"][..]);
        let below = |texts: BoxedStrategy<String>| {
            (section(), texts)
                .prop_map(|(section, text)| format!("{section}{text}"))
                .boxed()
        };
        let texts = super::generator::Texts {
            good: below(texts.good),
            broken: below(texts.broken),
        };
        (trees(&shape, &texts), 1000)
    }

    fn ask(&mut self, root: &Path) -> Self::Answer {
        let output = self.chamber.run(root, &["--print-config"]);
        if !output.status.success() {
            return Err("refused".to_owned());
        }
        let mut section = String::new();
        let mut pairs = Pairs::new();
        for line in String::from_utf8(output.stdout).unwrap().lines() {
            if let Some(name) = line
                .strip_prefix('[')
                .and_then(|line| line.strip_suffix(']'))
            {
                name.clone_into(&mut section);
            } else if let Some((key, value)) =
                line.split_once('=').filter(|_| !line.starts_with('#'))
            {
                pairs.insert((section.clone(), key.to_owned()), value.to_owned());
            }
        }
        Ok(without_its_own(pairs))
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Self::Answer {
        if !ours.loads {
            return Err("refused".to_owned());
        }
        Ok(without_its_own(ours.joined(",")))
    }

    fn row(&self, _: &Tree, ours: &Self::Answer, theirs: &Self::Answer) -> Option<&'static str> {
        let mut ours = ours.clone().ok()?;
        ours.retain(|(_, key), _| !key.ends_with(['+', '-']));
        (Ok(ours) == *theirs).then_some(OPERATORS)
    }

    fn refuses(answer: &Self::Answer) -> bool {
        answer.is_err()
    }
}

fn without_its_own(mut pairs: Pairs) -> Pairs {
    pairs.remove(&(ITS_OWN.0.to_owned(), ITS_OWN.1.to_owned()));
    pairs
}
