//! GLib's `g_key_file_load_from_dirs()`: one file, the first that is found.

use std::path::Path;
use std::process::Command;

use overlay_resolver::Rules;
use overlay_resolver::scan::State;
use proptest::prelude::*;
use tempfile::TempDir;

use super::chamber;
use super::generator::{Shape, Texts, Weights, lines, sectioned, trees};
use super::helper::{self, Helper};
use super::ours::{Answer, Pairs};
use super::systemd::LAYERS;
use super::tree::Tree;
use super::{Peer, rules};
use crate::peers::{Found, read};

const PATH: &str = "foo/bar.conf";

#[derive(Debug)]
pub(crate) struct LoadFromDirs {
    helper: Helper,
    _directory: TempDir,
}

impl LoadFromDirs {
    pub(crate) fn build() -> Found<Self> {
        let flags = read(Command::new("pkg-config").args(["--cflags", "--libs", "glib-2.0"]))?;
        let directory = chamber::directory();
        let program = directory.path().join("gkeyfile");
        helper::build("gkeyfile.c", &program, &flags)?;
        Ok(Self {
            helper: Helper::new(Command::new(program)),
            _directory: directory,
        })
    }
}

/// The file that was loaded, and its pairs; none where there is no file.
pub(crate) type Loaded = Option<(String, Pairs)>;

impl Peer for LoadFromDirs {
    type Answer = Result<Loaded, String>;

    fn name(&self) -> String {
        self.helper.name()
    }

    fn rules(&self) -> Found<Rules> {
        rules("extends = 'gkeyfile'\nlayers = ['/usr/lib', '/usr/local/lib', '/run', '/etc']")
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 40,
            empty: 6,
            comment: 2,
            null: 2,
            null_upwards: 1,
            link: 6,
            dangling: 4,
            looped: 1,
            directory: 2,
            broken: 6,
            no_dev: 5,
            ..Weights::default()
        };
        let shape = Shape {
            layers: &LAYERS,
            main_layers: &LAYERS,
            main: Some((PATH, 5)),
            drop_ins: "foo/bar.conf.d",
            suffix: ".conf",
            weights,
        };
        let texts = lines(
            sectioned(&["K = v", "K=a;b;"]),
            &["junk", "[Bad", "[S] # note"],
        );
        let below =
            |texts: BoxedStrategy<String>| texts.prop_map(|text| format!("[S]\n{text}")).boxed();
        let texts = Texts {
            good: below(texts.good),
            broken: below(texts.broken),
        };
        (trees(&shape, &texts), 3000)
    }

    fn ask(&mut self, root: &Path) -> Self::Answer {
        let lines = self.helper.ask(root);
        match lines
            .first()
            .map(|line| line.split_at(line.find(' ').unwrap_or(line.len())))
        {
            Some(("file", path)) => Ok(Some((path.trim().to_owned(), helper::pairs(&lines)))),
            Some(("absent", _)) => Ok(None),
            Some(("error", _)) => Err("refused".to_owned()),
            _ => panic!("the GLib helper: {lines:?}"),
        }
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Self::Answer {
        if !ours.loads {
            return Err("refused".to_owned());
        }
        let loads = |state: &State| matches!(state, State::Effective | State::Mask(_));
        let loaded = ours.files.iter().find(|(_, state)| loads(state));
        Ok(loaded.map(|(path, _)| (path.clone(), ours.joined(""))))
    }

    fn refuses(answer: &Self::Answer) -> bool {
        answer.is_err()
    }
}
