//! `systemd-analyze cat-config`: files, their order and their texts.
//!
//! Version 252 takes symlinks as the host sees them when it is given `--root`, so most trees are its
//! own root. It stops at the first file that it cannot read; what comes before that file counts.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

use overlay_resolver::Rules;
use overlay_resolver::scan::State;
use proptest::strategy::BoxedStrategy;

use super::chamber::Chamber;
use super::generator::{Shape, Weights, lines, sectioned, trees};
use super::ours::Answer;
use super::tree::{Node, Place, Tree};
use super::{Peer, rules};
use crate::peers::{Found, read};

pub(crate) const LAYERS: [&str; 4] = ["usr/lib", "usr/local/lib", "run", "etc"];

const HOST_LINKS: &str = "§1.1 252 takes symlinks below --root as the host does";
const CLOSED_MAIN: &str = "§1.2 cat-config passes over any main file that does not open";

#[derive(Debug)]
pub(crate) struct CatConfig {
    version: String,
    path: &'static str,
    shape: Shape,
    count: usize,
    /// None with `--root`.
    chamber: Option<Chamber>,
}

/// What `cat-config` prints.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Printed {
    /// Paths and texts.
    pub(crate) files: Vec<(String, String)>,
    /// Paths of files without a text.
    pub(crate) empty: BTreeSet<String>,
    /// The file that it could not read.
    pub(crate) stopped_at: Option<String>,
}

/// Symlinks that mean the same on the host and in the root.
const OUTSIDE: Weights = Weights {
    text: 40,
    empty: 4,
    comment: 4,
    null: 6,
    null_upwards: 0,
    link: 2,
    same_inode: 0,
    dangling: 1,
    looped: 1,
    directory: 1,
    broken: 2,
    linked_directory: 0,
    no_dev: 0,
};

const INSIDE: Weights = Weights {
    null_upwards: 3,
    link: 8,
    linked_directory: 5,
    no_dev: 3,
    ..OUTSIDE
};

impl CatConfig {
    /// A main file and drop-ins, in the tree's own root.
    pub(crate) fn in_the_root() -> Found<Self> {
        let chamber = Chamber::new(&program()?)?;
        Self::new("foo/bar.conf", INSIDE, 2000, Some(chamber))
    }

    /// Drop-ins without a main file.
    pub(crate) fn collection() -> Found<Self> {
        let chamber = Chamber::new(&program()?)?;
        Self::new("foo.d", INSIDE, 1000, Some(chamber))
    }

    /// The same as [`CatConfig::in_the_root`] with `--root`.
    pub(crate) fn from_outside() -> Found<Self> {
        Self::new("foo/bar.conf", OUTSIDE, 1000, None)
    }

    fn new(
        path: &'static str,
        weights: Weights,
        count: usize,
        chamber: Option<Chamber>,
    ) -> Found<Self> {
        let version = read(Command::new("systemd-analyze").arg("--version"))?;
        let collection = path == "foo.d";
        Ok(Self {
            version: version
                .split_whitespace()
                .take(2)
                .collect::<Vec<_>>()
                .join(" "),
            path,
            shape: Shape {
                layers: &LAYERS,
                main_layers: &LAYERS,
                main: (!collection).then_some(("foo/bar.conf", 4)),
                drop_ins: if collection {
                    "foo.d"
                } else {
                    "foo/bar.conf.d"
                },
                suffix: ".conf",
                weights,
            },
            count,
            chamber,
        })
    }

    pub(crate) fn run(&self, root: &Path) -> Output {
        if let Some(chamber) = &self.chamber {
            return chamber.run(root, &["cat-config", self.path]);
        }
        let mut command = Command::new("systemd-analyze");
        command.env("LC_ALL", "C").arg("--root").arg(root);
        command.args(["cat-config", self.path]).output().unwrap()
    }
}

impl Peer for CatConfig {
    type Answer = Printed;

    fn name(&self) -> String {
        let how = if self.chamber.is_some() {
            ""
        } else {
            " --root"
        };
        format!("{}{how}, {}", self.version, self.path)
    }

    fn rules(&self) -> Found<Rules> {
        rules("extends = 'systemd'")
    }

    fn path(&self) -> &'static str {
        self.path
    }

    fn trees(&self) -> (BoxedStrategy<Tree>, usize) {
        let texts = lines(
            sectioned(&["x\\", "junk", "  # note"]),
            &["[Bad", "[S] # note"],
        );
        (trees(&self.shape, &texts), self.count)
    }

    fn ask(&mut self, root: &Path) -> Printed {
        let output = self.run(root);
        let root = if self.chamber.is_some() {
            Path::new("/")
        } else {
            root
        };
        let mut printed = Printed::parse(&String::from_utf8_lossy(&output.stdout), root);
        if !output.status.success() {
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            printed.stop(&error, root);
        }
        printed
    }

    fn expected(&self, ours: &Answer, tree: &Tree) -> Printed {
        let mut expected = Printed::default();
        for (path, state) in &ours.files {
            // The directory is printed as it really is.
            let (directory, name) = path.rsplit_once('/').unwrap();
            let real = tree.resolve(directory).unwrap_or_default();
            let shown = format!("/{real}/{name}");
            match tree.place(path) {
                _ if matches!(state, State::Unusable(_)) => {
                    expected.stopped_at = Some(shown);
                    break;
                }
                _ if !is_printed(state) => {}
                Place::Text(text) if !text.is_empty() => {
                    let end = if text.ends_with('\n') { "" } else { "\n" };
                    expected.files.push((shown, format!("{text}{end}")));
                }
                _ => {
                    expected.empty.insert(shown);
                }
            }
        }
        expected
    }

    fn refuses(answer: &Printed) -> bool {
        answer.stopped_at.is_some()
    }

    fn row(&self, tree: &Tree, _: &Printed, _: &Printed) -> Option<&'static str> {
        let leaves = |node: &Node| matches!(node, Node::Link(target) if target.starts_with('/') && target != "/dev/null");
        if self.chamber.is_none() && tree.nodes().any(|(_, node)| leaves(node)) {
            return Some(HOST_LINKS);
        }
        let main = |place: Place<'_>| {
            let mut mains = LAYERS
                .iter()
                .map(|layer| tree.place(&format!("{layer}/{}", self.path)));
            mains.any(|main| main == place)
        };
        (main(Place::Loop) || main(Place::Blocked)).then_some(CLOSED_MAIN)
    }
}

/// 252 prints a main file that is also a drop-in in both places; newer ones do so once, as we do.
const fn is_printed(state: &State) -> bool {
    matches!(
        state,
        State::Effective | State::Mask(_) | State::Duplicate(_)
    )
}

impl Printed {
    fn parse(text: &str, root: &Path) -> Self {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            match (line.strip_prefix("# /"), files.last_mut()) {
                (Some(path), last) => {
                    // The blank line between two files.
                    if let Some((_, text)) = last {
                        text.pop();
                    }
                    files.push((
                        inside(&format!("/{}", path.trim_end()), root),
                        String::new(),
                    ));
                }
                (None, Some((_, text))) => text.push_str(line),
                (None, None) => {
                    assert!(line.starts_with("# Main configuration file"), "{line}");
                }
            }
        }
        let (empty, files) = files.into_iter().partition(|(_, text)| text.is_empty());
        let empty: Vec<(String, String)> = empty;
        Self {
            files,
            empty: empty.into_iter().map(|(path, _)| path).collect(),
            stopped_at: None,
        }
    }

    /// `Failed to cat PATH: why`; the file may have been announced before it was read.
    fn stop(&mut self, error: &str, root: &Path) {
        let path = error
            .lines()
            .find_map(|line| line.strip_prefix("Failed to cat "));
        let path = path
            .and_then(|line| line.rsplit_once(": "))
            .map(|(path, _)| inside(path, root));
        let path = path.unwrap_or_else(|| error.to_owned());
        self.empty.remove(&path);
        self.stopped_at = Some(path);
    }
}

/// A path as seen in the root.
fn inside(path: &str, root: &Path) -> String {
    let path = Path::new(path);
    let below = path.strip_prefix(root).unwrap_or(path);
    Path::new("/").join(below).display().to_string()
}

fn program() -> Found<String> {
    read(Command::new("sh").args(["-c", "command -v systemd-analyze"]))
        .map(|path| path.trim().to_owned())
}
