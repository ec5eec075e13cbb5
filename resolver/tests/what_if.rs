//! "What if" over a tree is what comes of really doing it to a copy of the tree, and what changes a result
//! was in the watch list. Random trees, with symlinks of every sort.
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![allow(clippy::disallowed_methods, reason = "the tree is made by the test")]

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use overlay_resolver::root::Root;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Document, Resolver, Rules};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use tempfile::TempDir;

/// What may stand at a path.
#[derive(Debug, Clone)]
enum Node {
    File(&'static str),
    Link(&'static str),
    Directory,
    Nothing,
}

const DOCUMENT: &str = "x.conf";
const DIRECTORY: &str = "x.conf.d";
const RULES: [&str; 6] = [
    "uapi6",
    "systemd",
    "systemd-unit",
    "libeconf",
    "liboverdrop",
    "gkeyfile",
];

const PATHS: [&str; 20] = [
    "/etc",
    "/etc/x.conf",
    "/etc/x.conf.d",
    "/etc/x.conf.d/10.conf",
    "/etc/x.conf.d/20.conf",
    "/run/x.conf",
    "/run/x.conf.d",
    "/run/x.conf.d/10.conf",
    "/usr/lib",
    "/usr/lib/x.conf",
    "/usr/lib/x.conf.d",
    "/usr/lib/x.conf.d/20.conf",
    "/usr/lib/x.conf.d/30.conf",
    "/opt",
    "/opt/a",
    "/opt/a/10.conf",
    "/opt/a/40.conf",
    "/opt/b",
    "/opt/b/x.conf",
    "/opt/b/a/10.conf",
];

/// Those of the document `app/x.conf`.
const NESTED: [&str; 14] = [
    "/etc/app",
    "/etc/app/x.conf",
    "/etc/app/x.conf.d",
    "/etc/app/x.conf.d/10.conf",
    "/run/app/x.conf",
    "/run/app/x.conf.d/10.conf",
    "/usr/lib/app/x.conf",
    "/usr/lib/app/x.conf.d/20.conf",
    "/usr/lib/app/x.conf.d/30.conf",
    "/opt/a/10.conf",
    "/opt/a/x.conf",
    "/opt/b/x.conf",
    "/opt/b/a/10.conf",
    "/opt/b/x.conf.d/10.conf",
];

/// Directories below a layer, and where symlinks may lead.
const SWAPPED: [&str; 9] = [
    "/etc/app",
    "/etc/app/x.conf.d",
    "/run/app",
    "/usr/lib/app",
    "/usr/lib/app/x.conf.d",
    "/opt/a",
    "/opt/b",
    "/opt/b/a",
    "/opt/b/x.conf.d",
];

const TARGETS: [&str; 20] = [
    "/opt/a",
    "/opt/b",
    "/opt/a/10.conf",
    "/opt/a/../b",
    "../opt/a",
    "../../opt/b",
    "../opt/none/there.conf",
    "../opt/none/../a",
    "a",
    "b",
    "10.conf",
    "20.conf",
    "x.conf.d/10.conf",
    ".",
    "..",
    "/",
    "/etc",
    "/usr/lib/x.conf.d",
    "/dev/null",
    "../../../dev/null",
];

fn node() -> impl Strategy<Value = Node> {
    prop_oneof![
        4 => select(&["A=1\n", "A=2\n", "B=1\n", "[S]\nA=3\n", ""][..]).prop_map(Node::File),
        4 => select(&TARGETS[..]).prop_map(Node::Link),
        1 => Just(Node::Directory),
    ]
}

fn nodes() -> impl Strategy<Value = Vec<(&'static str, Node)>> {
    vec((select(&PATHS[..]), node()), 0..14)
}

/// What can be made up: a file, a mask, nothing.
fn change() -> impl Strategy<Value = (&'static str, Node)> {
    let node = prop_oneof![
        4 => select(&["A=8\n", "B=8\n", "[S]\nA=8\n", ""][..]).prop_map(Node::File),
        1 => Just(Node::Link("/dev/null")),
        2 => Just(Node::Nothing),
    ];
    (select(&PATHS[..]), node)
}

/// A real tree.
struct Real {
    place: TempDir,
    root: Root,
}

impl Real {
    fn of(nodes: &[(&str, Node)]) -> Self {
        let place = TempDir::new().unwrap();
        let root = Root::open(place.path()).unwrap();
        let real = Self { place, root };
        for (path, node) in nodes {
            real.put(path, node);
        }
        real
    }

    fn host(&self, path: &Path) -> PathBuf {
        self.place.path().join(path.strip_prefix("/").unwrap())
    }

    /// Puts a node there, whatever is there now; returns the highest place that was changed.
    fn put(&self, path: &str, node: &Node) -> Option<PathBuf> {
        let path = Path::new(path);
        let (parent, name) = (path.parent().unwrap(), path.file_name().unwrap());
        let parent = match node {
            Node::Nothing => (self.chase(parent)?, None),
            _ => self.make_way(parent),
        };
        let (parent, made) = parent;
        let place = parent.join(name);
        let host = self.host(&place);
        Self::remove(&host);
        match node {
            Node::File(text) => fs::write(host, text).unwrap(),
            Node::Link(target) => symlink(target, host).unwrap(),
            Node::Directory => fs::create_dir(host).unwrap(),
            Node::Nothing => {}
        }
        Some(made.unwrap_or(place))
    }

    /// Whether somebody who watches these, each in the nearest directory where it is not there, sees that the
    /// directory `moved` is moved: from the directory that it is in, or from itself.
    fn wakes(&self, watched: &[&Path], moved: &str) -> bool {
        let moved = Path::new(moved);
        watched.iter().any(|path| {
            let is_there = |path: &&Path| fs::symlink_metadata(self.host(path)).is_ok();
            let place = path.ancestors().find(is_there);
            place.is_some_and(|place| place == moved || Some(place) == moved.parent())
        })
    }

    fn chase(&self, path: &Path) -> Option<PathBuf> {
        Some(Path::new("/").join(self.root.chase(path).ok()?))
    }

    fn remove(host: &Path) {
        if fs::symlink_metadata(host).is_ok_and(|metadata| metadata.is_dir()) {
            fs::remove_dir_all(host).unwrap();
        } else if fs::symlink_metadata(host).is_ok() {
            fs::remove_file(host).unwrap();
        }
    }

    /// Makes a directory; what is in its way goes, symlinks that may lead to a directory stay. Returns it
    /// with what had to be changed first.
    fn make_way(&self, directory: &Path) -> (PathBuf, Option<PathBuf>) {
        let mut place = PathBuf::from("/");
        let mut changed = None;
        for name in directory.iter().skip(1) {
            let next = place.join(name);
            let end = self.chase(&next).filter(|end| end != "/dev/null");
            let made = end.filter(|end| {
                let missing = |path: &&Path| fs::symlink_metadata(self.host(path)).is_err();
                let highest = end.ancestors().take_while(missing).last();
                changed = changed.take().or(highest.map(PathBuf::from));
                let made = fs::create_dir_all(self.host(end));
                made.is_ok() && fs::symlink_metadata(self.host(end)).unwrap().is_dir()
            });
            place = made.unwrap_or_else(|| {
                Self::remove(&self.host(&next));
                fs::create_dir(self.host(&next)).unwrap();
                changed = changed.take().or(Some(next.clone()));
                next
            });
        }
        (place, changed)
    }
}

fn changed(tree: Tree, changes: &[(&str, Node)]) -> Tree {
    changes.iter().fold(tree, |tree, (path, node)| match node {
        Node::File(text) => tree.with(Path::new(path), *text),
        Node::Link(_) => tree.with_mask(Path::new(path)),
        _ => tree.without(Path::new(path)),
    })
}

fn resolver(tree: &Tree, rules: &str) -> Resolver {
    // Making a rule set takes longer than reading by it.
    static ALL: LazyLock<Vec<Rules>> =
        LazyLock::new(|| RULES.map(|name| Rules::named(name).unwrap()).into());
    let index = RULES.iter().position(|name| *name == rules).unwrap();
    Resolver::new(tree.clone())
        .rules(ALL[index].clone())
        .with_history()
}

/// All that a document comes to, without what tells one file system from another.
fn told(document: &Document) -> String {
    let entry = document.entry();
    let mut told = format!("{:?}\n{:#}", entry.status, document.snapshot());
    for fragment in &entry.fragments {
        let (path, link) = (&fragment.path, &fragment.link);
        writeln!(told, "{} {:?} {link:?}", path.display(), fragment.state).unwrap();
    }
    for finding in document.findings() {
        writeln!(told, "{finding}").unwrap();
    }
    told
}

/// What every directory holds, and where every path leads.
fn listed(tree: &Tree) -> String {
    let mut listed = String::new();
    for path in PATHS
        .into_iter()
        .chain(["/", "/opt/none", "/dev"])
        .map(Path::new)
    {
        let members = tree.dir(path).map(|dir| dir.map(|dir| dir.members()));
        writeln!(
            listed,
            "{} -> {:?}: {members:?}",
            path.display(),
            tree.place(path)
        )
        .unwrap();
    }
    listed
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    #[test]
    fn what_if_is_what_comes_of_it(nodes in nodes(), changes in vec(change(), 1..4)) {
        let before = Real::of(&nodes);
        let made_up = changed(Tree::from(before.root.clone()), &changes);
        let copy = Real::of(&nodes);
        for (path, node) in &changes {
            copy.put(path, node);
        }
        let real = Tree::from(copy.root.clone());
        prop_assert_eq!(listed(&made_up), listed(&real));
        for rules in RULES {
            let (if_so, so) = (resolver(&made_up, rules), resolver(&real, rules));
            let (a, b) = (if_so.resolve(DOCUMENT).unwrap(), so.resolve(DOCUMENT).unwrap());
            prop_assert_eq!(told(&a), told(&b), "{}", rules);
            prop_assert_eq!(a.watched(), b.watched(), "{}", rules);
            let (a, b) = (if_so.entries(DIRECTORY).unwrap(), so.entries(DIRECTORY).unwrap());
            prop_assert_eq!(
                a.documents.iter().map(told).collect::<Vec<_>>(),
                b.documents.iter().map(told).collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn what_changes_the_result_was_watched(
        nodes in nodes(),
        path in select(&PATHS[..]),
        node in prop_oneof![3 => node(), 1 => Just(Node::Nothing)],
    ) {
        let real = Real::of(&nodes);
        let tree = Tree::from(real.root.clone());
        let resolve = || RULES.map(|rules| resolver(&tree, rules).resolve(DOCUMENT).unwrap());
        let before = resolve();
        let Some(place) = real.put(path, &node) else {
            return Ok(());
        };
        for (rules, (before, after)) in RULES.iter().zip(before.iter().zip(&resolve())) {
            let watched = before.watched();
            let is_watched = watched
                .iter()
                .any(|path| path.starts_with(&place) || place.starts_with(path));
            prop_assert!(
                is_watched || told(before) == told(after),
                "{}: {} is not among {:#?}\n{}\n{}",
                rules, place.display(), watched, told(before), told(after)
            );
        }
    }

    #[test]
    fn a_directory_that_is_swapped_was_watched(
        nodes in vec((select(&NESTED[..]), node()), 0..10),
        others in vec((select(&NESTED[..]), node()), 0..10),
        swapped in select(&SWAPPED[..]),
        history in any::<bool>(),
    ) {
        let [real, other] = [&nodes, &others].map(|nodes| Real::of(nodes));
        let tree = Tree::from(real.root.clone());
        let resolve = || RULES.map(|rules| {
            let resolver = Resolver::new(tree.clone()).rules(Rules::named(rules).unwrap());
            let resolver = if history { resolver.with_history() } else { resolver };
            resolver.resolve("app/x.conf").unwrap()
        });
        let before = resolve();
        let woken = before.each_ref().map(|document| real.wakes(&document.watched(), swapped));
        let [away, here, theirs] = [
            other.host(Path::new("/away")), real.host(Path::new(swapped)), other.host(Path::new(swapped)),
        ];
        let is_directory = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir());
        if !is_directory(&here) || !is_directory(&theirs) {
            return Ok(());
        }
        fs::rename(&here, away).unwrap();
        fs::rename(theirs, here).unwrap();
        for ((rules, woken), (before, after)) in RULES.iter().zip(woken).zip(before.iter().zip(&resolve())) {
            prop_assert!(
                woken || told(before) == told(after),
                "{}: {} is not among {:#?}\n{}\n{}",
                rules, swapped, before.watched(), told(before), told(after)
            );
        }
    }
}

/// `/etc/x.conf.d`, a symlink to one that leads to a directory, and a file that is one through two more.
#[test]
fn each_link_of_a_chain_is_watched() {
    let real = Real::of(&[
        ("/etc/x.conf.d", Node::Link("../opt/a")),
        ("/opt/a", Node::Link("/opt/b")),
        ("/opt/b/10.conf", Node::Link("20.conf")),
        ("/opt/b/20.conf", Node::Link("/opt/none/30.conf")),
        ("/usr/lib", Node::Link("/opt/gone/lib")),
    ]);
    let document = resolver(&Tree::from(real.root.clone()), "uapi6")
        .resolve(DOCUMENT)
        .unwrap();
    let expected = [
        "/etc/x.conf",
        "/etc/x.conf.d",
        "/etc/x.conf.d/10.conf",
        "/etc/x.conf.d/20.conf",
        "/opt/a",
        "/opt/b",
        "/opt/b/20.conf",
        "/opt/gone",
        "/opt/gone/lib",
        "/opt/gone/lib/x.conf",
        "/opt/gone/lib/x.conf.d",
        "/opt/none",
        "/opt/none/30.conf",
        "/run",
        "/run/x.conf",
        "/run/x.conf.d",
        "/usr/lib",
        "/usr/lib/x.conf",
        "/usr/lib/x.conf.d",
        "/usr/local/lib",
        "/usr/local/lib/x.conf",
        "/usr/local/lib/x.conf.d",
    ];
    let watched = document.watched();
    assert_eq!(watched, expected.map(Path::new));
}
