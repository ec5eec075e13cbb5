//! systemd's own `config_parse_many_nulstr()`, with which its daemons load a main file and drop-ins:
//! not only which files count, but what each key comes to, and where the loading ends.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use overlay_resolver::Rules;
use proptest::strategy::BoxedStrategy;
use tempfile::TempDir;

use super::chamber;
use super::generator::{Shape, Weights, lines, sectioned, trees};
use super::helper::{self, Helper};
use super::ours::{Answer, Pairs};
use super::systemd::LAYERS;
use super::tree::Tree;
use super::{Peer, rules};
use crate::peers::Found;
use crate::systemd_files::library;

const PATH: &str = "foo/bar.conf";
const READ_TWICE: &str = "§1.2 252 reads a main file that is a drop-in too twice";

#[derive(Debug)]
pub(crate) struct ParseMany {
    helper: Helper,
    _directory: TempDir,
}

impl ParseMany {
    pub(crate) fn build() -> Found<Self> {
        let library = library()?;
        let directory = chamber::directory();
        let program = directory.path().join("parser");
        helper::build("parser.c", &program, "-ldl")?;
        let mut command = Command::new(program);
        command.arg(library);
        Ok(Self {
            helper: Helper::new(command),
            _directory: directory,
        })
    }
}

impl Peer for ParseMany {
    type Answer = Pairs;

    fn name(&self) -> String {
        self.helper.name()
    }

    /// The caller needs no sections here; of a repeated key the last assignment is compared.
    fn rules(&self) -> Found<Rules> {
        rules("extends = 'systemd'\nformat = 'systemd-flat'\nrepeated = 'last'")
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 40,
            empty: 4,
            comment: 2,
            null: 4,
            null_upwards: 2,
            link: 6,
            dangling: 3,
            looped: 1,
            directory: 2,
            broken: 4,
            linked_directory: 5,
            no_dev: 3,
            // From version 255 on it is read once; this one reads it twice.
            same_inode: 0,
        };
        let shape = Shape {
            layers: &LAYERS,
            // In version 252 daemons look for the main file in /etc alone.
            main_layers: &["etc"],
            main: Some((PATH, 6)),
            drop_ins: "foo/bar.conf.d",
            suffix: ".conf",
            weights,
        };
        let also = &["K = v \\", "junk", "; note", "=v", "X-K=v"];
        let texts = lines(sectioned(also), &["[Bad", "[S] # note", "[]x"]);
        (trees(&shape, &texts), 4000)
    }

    fn ask(&mut self, root: &Path) -> Pairs {
        let lines = self.helper.ask(root);
        assert!(
            lines.iter().any(|line| line == "read" || line == "ended"),
            "{lines:?}"
        );
        helper::pairs(&lines)
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Pairs {
        if ours.loads {
            ours.joined("")
        } else {
            BTreeMap::new()
        }
    }

    fn row(&self, tree: &Tree, _ours: &Pairs, _theirs: &Pairs) -> Option<&'static str> {
        let main = tree.resolve("etc/foo/bar.conf");
        let is_main = |path: &str| main.is_some() && tree.resolve(path) == main;
        let mut drop_ins = tree
            .nodes()
            .map(|(path, _)| path)
            .filter(|path| path.contains(".d/"));
        drop_ins.any(is_main).then_some(READ_TWICE)
    }

    fn refuses(answer: &Pairs) -> bool {
        answer.is_empty()
    }
}
