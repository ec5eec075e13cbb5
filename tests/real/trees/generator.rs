//! Whole trees, thick with what layered configuration stumbles over.
//!
//! A [`Shape`] says where a peer looks, [`Weights`] how often which sort of file stands there: some
//! corners make a peer give up as a whole, so they are rare, but they are there.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use super::tree::{Node, Tree};

/// Where a peer looks.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// The layers' directories, without the leading slash.
    pub(crate) layers: &'static [&'static str],
    /// The layers that may have a main file.
    pub(crate) main_layers: &'static [&'static str],
    /// The main file below them, and how many of ten layers have one.
    pub(crate) main: Option<(&'static str, u32)>,
    /// The directory of drop-ins below them; empty for none.
    pub(crate) drop_ins: &'static str,
    /// What a drop-in's name ends with.
    pub(crate) suffix: &'static str,
    /// How often which sort of file stands there.
    pub(crate) weights: Weights,
}

/// How often each sort of file is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Weights {
    pub(crate) text: u32,
    pub(crate) empty: u32,
    /// A comment alone: overrides, and masks nothing.
    pub(crate) comment: u32,
    /// A symlink to `/dev/null`, as it is or by way of `..`.
    pub(crate) null: u32,
    pub(crate) null_upwards: u32,
    /// A symlink to another file of the tree: a spare one, a drop-in or the main file.
    pub(crate) link: u32,
    /// A second name of the main file.
    pub(crate) same_inode: u32,
    pub(crate) dangling: u32,
    pub(crate) looped: u32,
    pub(crate) directory: u32,
    /// A text that the peer refuses.
    pub(crate) broken: u32,
    /// Of a hundred trees, how many have a drop-in directory that is a symlink.
    pub(crate) linked_directory: u32,
    /// Of a hundred trees, how many have no `/dev`.
    pub(crate) no_dev: u32,
}

/// What stands in the files.
#[derive(Clone, Debug)]
pub(crate) struct Texts {
    pub(crate) good: BoxedStrategy<String>,
    pub(crate) broken: BoxedStrategy<String>,
}

/// Names of drop-ins that sort differently by byte, by locale and by number.
const PLAIN: [&str; 10] = ["10", "2", "B", "_z", "a", "a-b", "é", "z", "99-x", "a b"];

/// Names that some peers do not look at. `SUFFIX` is the shape's.
const SHARP: [&str; 12] = [
    ".hidSUFFIX",
    "SUFFIX",
    "aSUFFIX~",
    "aSUFFIX.rpmsave",
    "aSUFFIX.bak",
    "a.oldSUFFIX",
    "README",
    "zSUFFIXx",
    "zSUFFIX.d",
    "lost+found",
    "barSUFFIX",
    "a",
];

/// A regular file that symlinks lead to, outside of all layers.
const SPARE: &str = "opt/spare.conf";

/// A directory of drop-ins outside of all layers.
const ELSEWHERE: &str = "opt/elsewhere.d";

/// Trees of this shape.
pub(crate) fn trees(shape: &Shape, texts: &Texts) -> BoxedStrategy<Tree> {
    let mains: Vec<_> = (shape.main_layers.iter())
        .map(|layer| main_file(shape, texts, layer))
        .collect();
    let directories: Vec<_> = (shape.layers.iter())
        .map(|layer| (layer, directory_link(shape)))
        .map(|(layer, link)| link.prop_map(move |link| (*layer, link)))
        .collect();
    let shape = shape.clone();
    let spare = texts.good.clone();
    (
        mains,
        directories,
        vec(drop_in(&shape, texts), 0..9),
        vec(spare, 2),
        0..100u32,
    )
        .prop_map(move |(mains, directories, drop_ins, spare, dev)| {
            let mut tree = Tree::new();
            tree.has_dev = dev + shape.weights.no_dev < 100;
            for (path, node) in mains.into_iter().flatten() {
                tree.put(path, node);
            }
            for (layer, target) in directories {
                if let Some(target) = target {
                    tree.put(format!("{layer}/{}", shape.drop_ins), Node::Link(target));
                }
            }
            for (path, node) in drop_ins {
                match &node {
                    Node::SameAs(other) if !tree.is_file(other) => {}
                    _ => tree.put(path, node),
                }
            }
            for (path, text) in [SPARE, &format!("{ELSEWHERE}/a{}", shape.suffix)]
                .into_iter()
                .zip(spare)
            {
                tree.put(path, Node::File(text));
            }
            tree
        })
        .boxed()
}

type Placed = (String, Node);

fn main_file(shape: &Shape, texts: &Texts, layer: &str) -> BoxedStrategy<Option<Placed>> {
    let Some((main, of_ten)) = shape.main else {
        return Just(None).boxed();
    };
    let path = format!("{layer}/{main}");
    let without = Weights {
        same_inode: 0,
        ..shape.weights.clone()
    };
    let node = node(
        &Shape {
            weights: without,
            ..shape.clone()
        },
        texts,
        &path,
    );
    option::weighted(
        f64::from(of_ten) / 10.0,
        node.prop_map(move |node| (path.clone(), node)),
    )
    .boxed()
}

fn drop_in(shape: &Shape, texts: &Texts) -> BoxedStrategy<Placed> {
    if shape.drop_ins.is_empty() {
        return Just((format!("{SPARE}.unused"), Node::Directory)).boxed();
    }
    let suffix = shape.suffix;
    let name = prop_oneof![
        9 => select(&PLAIN[..]).prop_map(move |name| format!("{name}{suffix}")),
        1 => select(&SHARP[..]).prop_map(move |name| name.replace("SUFFIX", suffix)),
    ];
    let (shape, texts) = (shape.clone(), texts.clone());
    (select(shape.layers), name)
        .prop_flat_map(move |(layer, name)| {
            let path = format!("{layer}/{}/{name}", shape.drop_ins);
            (Just(path.clone()), node(&shape, &texts, &path))
        })
        .boxed()
}

/// What stands at `path`.
fn node(shape: &Shape, texts: &Texts, path: &str) -> BoxedStrategy<Node> {
    let weights = &shape.weights;
    let upwards = "../".repeat(path.matches('/').count());
    let name = path.rsplit('/').next().unwrap_or(path);
    let link = |target: String| Just(Node::Link(target)).boxed();
    let text = |texts: &BoxedStrategy<String>| texts.clone().prop_map(Node::File).boxed();
    let choices = [
        (weights.text, text(&texts.good)),
        (weights.empty, Just(Node::File(String::new())).boxed()),
        (
            weights.comment,
            Just(Node::File("# nothing\n".to_owned())).boxed(),
        ),
        (weights.null, link("/dev/null".to_owned())),
        (weights.null_upwards, link(format!("{upwards}dev/null"))),
        (
            weights.link,
            targets(shape, upwards).prop_map(Node::Link).boxed(),
        ),
        (weights.same_inode, same_inode(shape)),
        (weights.dangling, link("nowhere".to_owned())),
        (weights.looped, link(name.to_owned())),
        (weights.directory, Just(Node::Directory).boxed()),
        (weights.broken, text(&texts.broken)),
    ];
    Union::new_weighted(
        choices
            .into_iter()
            .filter(|(weight, _)| *weight > 0)
            .collect(),
    )
    .boxed()
}

fn same_inode(shape: &Shape) -> BoxedStrategy<Node> {
    let Some((main, _)) = shape.main else {
        return Just(Node::Directory).boxed();
    };
    select(shape.main_layers)
        .prop_map(move |layer| Node::SameAs(format!("{layer}/{main}")))
        .boxed()
}

/// Where symlinks lead: to a file of the tree, if it is there, from the root or from where they are.
fn targets(shape: &Shape, upwards: String) -> BoxedStrategy<String> {
    let (drop_ins, suffix) = (shape.drop_ins, shape.suffix);
    let main = shape.main.map_or("nowhere", |(main, _)| main);
    let other = (select(shape.layers), select(&PLAIN[..]))
        .prop_map(move |(layer, name)| format!("{layer}/{drop_ins}/{name}{suffix}"));
    let main = select(shape.layers).prop_map(move |layer| format!("{layer}/{main}"));
    let target = prop_oneof![4 => Just(SPARE.to_owned()), 1 => other, 1 => main];
    (target, any::<bool>())
        .prop_map(move |(target, absolute)| {
            let start = if absolute { "/" } else { &*upwards };
            format!("{start}{target}")
        })
        .boxed()
}

/// Where a layer's drop-in directory leads, if it is a symlink.
fn directory_link(shape: &Shape) -> BoxedStrategy<Option<String>> {
    if shape.weights.linked_directory == 0 {
        return Just(None).boxed();
    }
    let target = prop_oneof![
        3 => Just(format!("/{ELSEWHERE}")),
        1 => Just("nowhere".to_owned()),
        1 => Just(format!("/{SPARE}")),
        1 => Just("/dev/null".to_owned()),
    ];
    option::weighted(f64::from(shape.weights.linked_directory) / 100.0, target).boxed()
}

/// Texts of lines: each line alone is one of `lines`, `broken` has one of `wrong` among them.
pub(crate) fn lines(lines: BoxedStrategy<String>, wrong: &'static [&'static str]) -> Texts {
    let text = |lines: Vec<String>, ends: bool| lines.join("\n") + if ends { "\n" } else { "" };
    let good = (vec(lines.clone(), 1..7), prop::bool::weighted(0.9))
        .prop_map(move |(lines, ends)| text(lines, ends));
    let broken = (vec(lines.clone(), 0..3), select(wrong), vec(lines, 0..3)).prop_map(
        |(before, wrong, after)| [before, vec![wrong.to_owned()], after].concat().join("\n") + "\n",
    );
    Texts {
        good: good.boxed(),
        broken: broken.boxed(),
    }
}

/// Lines of a file with sections: mostly assignments, of few keys so that they meet.
pub(crate) fn sectioned(also: &'static [&'static str]) -> BoxedStrategy<String> {
    prop_oneof![
        8 => assignment(),
        2 => select(&["[S]", "[T]", "[S t]"][..]).prop_map(str::to_owned),
        1 => select(&["", "# note"][..]).prop_map(str::to_owned),
        1 => select(also).prop_map(str::to_owned),
    ]
    .boxed()
}

/// An assignment.
pub(crate) fn assignment() -> BoxedStrategy<String> {
    let value = prop_oneof![
        8 => (0..1000u32).prop_map(|number| format!("v{number}")),
        1 => Just(String::new()),
        1 => select(&["a b", "x=y", "é"][..]).prop_map(str::to_owned),
    ];
    (select(&["K", "L", "M", "k"][..]), value)
        .prop_map(|(key, value)| format!("{key}={value}"))
        .boxed()
}
