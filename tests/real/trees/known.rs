//! What the peers were measured to do, tree by tree: the trees that tell consumers apart.
//!
//! This is the harness's own test. A peer that answers otherwise has changed, or is asked wrongly.

use std::fmt::Write as _;

use libtest_mimic::Trial;

use super::environment::Generator;
use super::gkeyfile::LoadFromDirs;
use super::libeconf::Libeconf;
use super::liboverdrop::Liboverdrop;
use super::networkmanager::NetworkManager;
use super::ours::Pairs;
use super::systemd::CatConfig;
use super::tree::{Node, Tree};
use super::{Peer, chamber};
use crate::NotRun;
use crate::peers::Found;

/// A tree a line and what each peer makes of it, in columns.
///
/// A tree is `LAYER/NAME CONTENT, …`: `usr/main` is the main file, `etc/a` the drop-in `a.conf`. The
/// content is a text (`;` ends a line), `empty`, `dir`, or `->TARGET`. `/opt/real` says `K=real`. Of
/// systemd and liboverdrop the files with a text count, in order, `!` before the one that
/// `cat-config` stops at; of the others, what applies.
const KNOWN: &str = include_str!("known.txt");

const TREE: usize = 2;
const SYSTEMD: usize = 3;
const LIBECONF: usize = 4;
const LIBOVERDROP: usize = 5;
const NETWORK_MANAGER: usize = 6;
const ENVIRONMENT: usize = 7;
const GLIB: usize = 8;
const COLUMNS: usize = 9;

/// Where a peer has what a known tree names.
struct Layout {
    main: &'static str,
    drop_ins: &'static str,
    /// What a text begins with.
    start: &'static str,
}

const FOO: Layout = Layout {
    main: "foo/bar.conf",
    drop_ins: "foo/bar.conf.d",
    start: "",
};
const OVERDROP: Layout = Layout {
    drop_ins: "foo/bar.d",
    ..FOO
};
const SECTIONED: Layout = Layout {
    start: "[S]\n",
    ..FOO
};
const ENVIRONMENTS: Layout = Layout {
    drop_ins: "environment.d",
    ..FOO
};
const NM: Layout = Layout {
    main: "NetworkManager/NetworkManager.conf",
    drop_ins: "NetworkManager/conf.d",
    start: "[S]\n",
};

const LAYERS: [(&str, &str); 4] = [
    ("usr", "usr/lib"),
    ("local", "usr/local/lib"),
    ("run", "run"),
    ("etc", "etc"),
];

pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let mut trials = vec![
        trial(
            not_run,
            "systemd",
            CatConfig::in_the_root(),
            FOO,
            SYSTEMD,
            |printed, layout| {
                let stop = printed
                    .stopped_at
                    .iter()
                    .map(|path| format!("!{}", short(path, layout)));
                let files = printed.files.iter().map(|(path, _)| short(path, layout));
                files.chain(stop).collect::<Vec<_>>().join(" ")
            },
        ),
        trial(
            not_run,
            "liboverdrop",
            Ok(Liboverdrop),
            OVERDROP,
            LIBOVERDROP,
            |files, layout| {
                files
                    .iter()
                    .map(|path| short(path, layout))
                    .collect::<Vec<_>>()
                    .join(" ")
            },
        ),
        trial(
            not_run,
            "NetworkManager",
            NetworkManager::find(),
            NM,
            NETWORK_MANAGER,
            |pairs, _| values(pairs),
        ),
        trial(
            not_run,
            "environment.d",
            Generator::find(),
            ENVIRONMENTS,
            ENVIRONMENT,
            |pairs, _| values(pairs),
        ),
        trial(
            not_run,
            "GLib",
            LoadFromDirs::build(),
            SECTIONED,
            GLIB,
            |loaded, _| {
                values(
                    &loaded
                        .clone()
                        .map(|loaded| loaded.map(|(_, pairs)| pairs).unwrap_or_default()),
                )
            },
        ),
    ];
    for (suite, found) in Libeconf::all() {
        let name = format!("libeconf of {suite}");
        trials.push(trial(not_run, &name, found, FOO, LIBECONF, |pairs, _| {
            values(pairs)
        }));
    }
    trials
}

fn trial<P: Peer + Send + 'static>(
    not_run: &NotRun,
    name: &str,
    peer: Found<P>,
    layout: Layout,
    column: usize,
    words: fn(&P::Answer, &Layout) -> String,
) -> Trial {
    not_run.trial(format!("trees: known to {name}"), peer, move |mut peer| {
        let mut wrong = String::new();
        for line in KNOWN.lines().filter(|line| !line.starts_with('#')) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert_eq!(cells.len(), COLUMNS, "{line}");
            let root = chamber::directory();
            let tree = layout.tree(cells[TREE]);
            tree.write(root.path());
            tree.complete(root.path());
            let answer = words(&peer.ask(root.path()), &layout);
            if answer != cells[column] {
                let (name, expected) = (cells[0], cells[column]);
                write!(wrong, "{name}: {answer}, expected {expected}\n{tree:?}").unwrap();
            }
        }
        assert!(wrong.is_empty(), "{}:\n{wrong}", peer.name());
    })
}

impl Layout {
    fn tree(&self, words: &str) -> Tree {
        let mut tree = Tree::new();
        for file in words.split(", ") {
            let (place, content) = file.split_once(' ').unwrap();
            let (layer, name) = place.split_once('/').unwrap();
            let layer = LAYERS.iter().find(|(short, _)| *short == layer).unwrap().1;
            let path = match name {
                "main" => format!("{layer}/{}", self.main),
                name => format!("{layer}/{}/{name}.conf", self.drop_ins),
            };
            let node = match content {
                "empty" => Node::File(String::new()),
                "dir" => Node::Directory,
                link if link.starts_with("->") => Node::Link(link[2..].to_owned()),
                text => Node::File(format!("{}{}\n", self.start, text.replace(';', "\n"))),
            };
            tree.put(path, node);
        }
        tree.file("opt/real", &format!("{}K=real\n", self.start))
    }
}

/// A path as a known tree names it.
fn short(path: &str, layout: &Layout) -> String {
    let (short, rest) = LAYERS
        .iter()
        .rev()
        .find_map(|(short, layer)| Some((short, path.strip_prefix(&format!("/{layer}/"))?)))
        .unwrap_or((&"", path));
    let name = rest
        .rsplit('/')
        .next()
        .unwrap_or(rest)
        .trim_end_matches(".conf");
    if rest == layout.main {
        format!("{short}/main")
    } else {
        format!("{short}/{name}")
    }
}

fn values(pairs: &Result<Pairs, String>) -> String {
    let pair = |((section, key), value): (&(String, String), &String)| match &**section {
        "" | "S" => format!("{key}={value}"),
        section => format!("{section}.{key}={value}"),
    };
    match pairs {
        Ok(pairs) => pairs.iter().map(pair).collect::<Vec<_>>().join(" "),
        Err(why) => why.clone(),
    }
}
