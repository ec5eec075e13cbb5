//! liboverdrop, in process: the files it chooses.

use std::path::Path;

use overlay_resolver::Rules;
use proptest::strategy::BoxedStrategy;

use super::generator::{Shape, Weights, assignment, lines, trees};
use super::ours::Answer;
use super::tree::Tree;
use super::{Peer, rules};
use crate::peers::Found;

/// liboverdrop's order, lowest first: `/run` over `/etc`.
const LAYERS: [&str; 4] = ["usr/lib", "usr/local/lib", "etc", "run"];
const PATH: &str = "foo/bar.d";

#[derive(Debug)]
pub(crate) struct Liboverdrop;

impl Peer for Liboverdrop {
    /// Paths in order.
    type Answer = Vec<String>;

    fn name(&self) -> String {
        "liboverdrop 0.1".to_owned()
    }

    fn rules(&self) -> Found<Rules> {
        rules("extends = 'liboverdrop'\ndrop-in-suffix = '.conf'")
    }

    fn path(&self) -> &'static str {
        PATH
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let weights = Weights {
            text: 20,
            empty: 3,
            comment: 1,
            null: 4,
            null_upwards: 2,
            link: 3,
            dangling: 1,
            looped: 1,
            directory: 2,
            no_dev: 20,
            ..Weights::default()
        };
        let shape = Shape {
            layers: &LAYERS,
            main_layers: &[],
            main: None,
            drop_ins: PATH,
            suffix: ".conf",
            weights,
        };
        (trees(&shape, &lines(assignment(), &["x"])), 4000)
    }

    fn ask(&mut self, root: &Path) -> Vec<String> {
        let layers = LAYERS.map(|layer| root.join(layer));
        let chosen = liboverdrop::scan(layers, PATH, &["conf"], true);
        let inside = |path: &Path| format!("/{}", path.strip_prefix(root).unwrap().display());
        chosen.values().map(|path| inside(path)).collect()
    }

    fn expected(&self, ours: &Answer, _tree: &Tree) -> Vec<String> {
        ours.effective().map(str::to_owned).collect()
    }

    fn refuses(_: &Vec<String>) -> bool {
        false
    }
}
