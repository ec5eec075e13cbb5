//! libeconf's `econf_readConfig()` of the newer Debian suites: a main file and drop-ins.

use std::path::Path;

use overlay_resolver::Rules;
use overlay_resolver::scan::State;
use proptest::prelude::*;
use tempfile::TempDir;

use super::chamber;
use super::generator::{Shape, Weights, lines, sectioned, trees};
use super::helper::{self, Helper};
use super::ours::{Answer, Pairs};
use super::tree::{Place, Tree};
use super::{Peer, rules};
use crate::libraries::Libraries;
use crate::peers::{Found, require_root};

/// The vendor's layer is the caller's choice.
const LAYERS: [&str; 3] = ["usr/lib", "run", "etc"];
const BROKEN: [&str; 2] = ["[Bad", "[]"];

const CRASHED: &str = "crashed";
const SECTIONS_ALONE: &str = "libeconf dies where a file has sections and no keys";
const SUFFIX_ALONE: &str = "libeconf does not read a drop-in whose name is the suffix alone";
const HIDDEN: &str = "libeconf reads, and fails at, a file that is hidden";
const PATH: &str = "foo/bar.conf";

#[derive(Debug)]
pub(crate) struct Libeconf {
    helper: Helper,
    _directory: TempDir,
}

impl Libeconf {
    /// Every libeconf that reads layers as UAPI.6 has them (since 0.6), by suite.
    pub(crate) fn all() -> Vec<(&'static str, Found<Self>)> {
        let newer = Libraries::all().into_iter().skip(1);
        newer
            .map(|(suite, libraries)| (suite, libraries.and_then(|libraries| Self::of(&libraries))))
            .collect()
    }

    fn of(libraries: &Libraries) -> Found<Self> {
        require_root()?;
        let directory = chamber::directory();
        let program = directory.path().join("libeconf");
        helper::build("libeconf.c", &program, "-ldl")?;
        Ok(Self {
            helper: Helper::new(libraries.command(&program)),
            _directory: directory,
        })
    }
}

impl Peer for Libeconf {
    type Answer = Result<Pairs, String>;

    fn name(&self) -> String {
        self.helper.name()
    }

    fn rules(&self) -> Found<Rules> {
        rules("extends = 'libeconf'\nlayers = ['/usr/lib', '/run', '/etc']")
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 100,
            empty: 10,
            comment: 8,
            null: 10,
            null_upwards: 5,
            link: 8,
            same_inode: 3,
            dangling: 1,
            looped: 1,
            directory: 2,
            broken: 2,
            linked_directory: 5,
            no_dev: 3,
        };
        let shape = Shape {
            layers: &LAYERS,
            main_layers: &LAYERS,
            main: Some((PATH, 4)),
            drop_ins: "foo/bar.conf.d",
            suffix: ".conf",
            weights,
        };
        (trees(&shape, &lines(sectioned(&["K = v"]), &BROKEN)), 3000)
    }

    fn ask(&mut self, root: &Path) -> Self::Answer {
        let lines = self.helper.ask(root);
        match lines.iter().find(|line| !line.starts_with("pair ")) {
            Some(line) if line.starts_with("error ") => Err("refused".to_owned()),
            Some(line) if line.starts_with("died ") => Err(CRASHED.to_owned()),
            Some(line) => panic!("the libeconf helper: {line}"),
            None => Ok(helper::pairs(&lines)),
        }
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Self::Answer {
        // "No such file" is what it says of a dangling drop-in and of no files at all.
        let meant = |state: &State| !matches!(state, State::Ignored(_) | State::PassedOver(_));
        if ours.loads && ours.files.iter().any(|(_, state)| meant(state)) {
            Ok(ours.joined(""))
        } else {
            Err("refused".to_owned())
        }
    }

    fn row(&self, tree: &Tree, _: &Self::Answer, theirs: &Self::Answer) -> Option<&'static str> {
        match theirs {
            Err(why) if why == CRASHED => Some(SECTIONS_ALONE),
            _ if tree.nodes().any(|(path, _)| path.ends_with("/.conf")) => Some(SUFFIX_ALONE),
            Err(_) if hidden(tree).any(|path| is_refused(tree.place(path))) => Some(HIDDEN),
            _ => None,
        }
    }

    fn refuses(answer: &Self::Answer) -> bool {
        answer.is_err()
    }
}

/// Drop-ins below one of the same name.
fn hidden(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.nodes().map(|(path, _)| path).filter(|path| {
        let Some((_, name)) = path.split_once("/foo/bar.conf.d/") else {
            return false;
        };
        let above = LAYERS
            .iter()
            .rev()
            .take_while(|layer| !path.starts_with(**layer));
        let mut others = above.map(|layer| tree.place(&format!("{layer}/foo/bar.conf.d/{name}")));
        others.any(|other| other != Place::Missing)
    })
}

fn is_refused(place: Place<'_>) -> bool {
    match place {
        Place::Missing | Place::Loop | Place::Blocked => true,
        Place::Text(text) => BROKEN.iter().any(|line| text.contains(line)),
        Place::Directory | Place::Null => false,
    }
}
