//! Trees of several kinds of configuration, thick with what readers stumble over.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::kinds::{BROKEN, KINDS, Kind};
use super::tree::{Node, Tree};
use crate::random::Random;

/// How many kinds a tree has, which do not meddle with each other.
const KINDS_OF_A_TREE: usize = 16;

/// Names of drop-ins that sort differently by byte, by locale and by number.
const PLAIN: &[&str] = &["10-a", "50-b", "9", "B", "a", "a-b", "z", "é", "a b"];

/// Names that are ignored, for backups, or nearly something else. `S` is the suffix.
const SHARP: &[&str] = &[
    ".hidS",
    "S",
    "aS~",
    "aS.rpmsave",
    "a.bakS",
    "README",
    "aSx",
    "zS.d",
    "lost+found",
    "a",
    "10-a.conf",
];

/// Names that a terminal or a parser would stumble over.
const HOSTILE: &[&[u8]] = &[
    b"esc\x1b[31m",
    b"new\nline",
    b"not\xffutf8",
    b"back\\x1bslash",
    b"colon:3",
    b"quote\"'",
    "rtl\u{202e}".as_bytes(),
    b"tab\tbed",
    b" blank ",
];

/// Files that symlinks lead to, outside of all layers.
const SPARE: &str = "opt/spare";
const ELSEWHERE: &str = "opt/elsewhere";

/// A tree, and the kinds in it.
pub(super) fn tree(random: &mut Random) -> (Tree, Vec<&'static Kind>) {
    let mut tree = Tree::default();
    let mut kinds = Vec::new();
    whole(random, &mut tree);
    while kinds.len() < KINDS_OF_A_TREE {
        let kind = &KINDS[random.below(KINDS.len())];
        if kinds.iter().all(|known: &&Kind| known.path != kind.path) {
            files(random, &mut tree, kind);
            kinds.push(kind);
        }
    }
    (tree, kinds)
}

/// What is not of one kind.
fn whole(random: &mut Random, tree: &mut Tree) {
    // As on systems whose /usr is merged, and on those of ostree.
    if random.one_in(4) {
        tree.put("lib", Node::Link(b"usr/lib".to_vec()));
    }
    if random.one_in(12) {
        tree.put("usr/local", Node::Link(b"../var/usrlocal".to_vec()));
    }
    tree.put(SPARE, Node::File(b"[Journal]\nStorage=none\n".to_vec()));
    tree.put(
        format!("{ELSEWHERE}/50-b.conf"),
        Node::File(b"A=elsewhere\n".to_vec()),
    );
    if random.one_in(2) {
        let text = "[core]\nrepo_version=1\nmode=bare-user-only\n\n[remote \"a\"]\nurl=https://a.example/\n";
        tree.put("var/lib/flatpak/repo/config", Node::File(text.into()));
    }
}

/// Files of a kind, in all layers.
fn files(random: &mut Random, tree: &mut Tree, kind: &Kind) {
    for layer in kind.layers {
        for directory in kind.directories {
            if random.one_in(24) {
                let place = Path::new(layer).join(directory);
                let node = directory_node(random, kind, &place);
                tree.put(place, node);
            }
        }
        if kind.has_main() && random.one_in(3) {
            let path = Path::new(layer).join(kind.path);
            let node = node(random, kind, &path);
            tree.put(path, node);
        }
    }
    for _ in 0..random.below(7) {
        let directory = random.pick(kind.directories);
        let path = Path::new(random.pick(kind.layers))
            .join(directory)
            .join(name(random, kind));
        let node = node(random, kind, &path);
        tree.put(path, node);
    }
    if kind.path.contains("/system/") && random.one_in(3) {
        unit_links(random, tree, kind);
    }
}

/// Another name of a unit, and one below a target.
fn unit_links(random: &mut Random, tree: &mut Tree, kind: &Kind) {
    let target = format!("/{}/{}", random.pick(kind.layers), kind.path);
    let end = kind.path.rsplit_once('.').map_or("", |(_, end)| end);
    let alias = ["etc/systemd/system/alias", "usr/lib/systemd/system/alias"][random.below(2)];
    tree.put(format!("{alias}.{end}"), Node::Link(target.clone().into()));
    tree.put(
        format!("etc/systemd/system/multi-user.target.wants/a.{end}"),
        Node::Link(target.into()),
    );
}

fn name(random: &mut Random, kind: &Kind) -> OsString {
    let stem: &[u8] = match random.below(12) {
        0 => {
            let name = random.pick(SHARP);
            return name.replace('S', kind.suffix).into();
        }
        1 => random.pick(HOSTILE),
        _ => random.pick(PLAIN).as_bytes(),
    };
    OsString::from_vec([stem, kind.suffix.as_bytes()].concat())
}

/// What stands at `path` as a file of a kind.
fn node(random: &mut Random, kind: &Kind, path: &Path) -> Node {
    match random.below(40) {
        0..=2 => Node::File(Vec::new()),
        3 => Node::File(b"# a note\n".to_vec()),
        4 | 5 => Node::Link(b"/dev/null".to_vec()),
        6 => Node::Link(upwards(path, "dev/null")),
        7 => Node::Link(b"nowhere".to_vec()),
        8 => Node::Link(path.file_name().unwrap_or_default().as_bytes().to_vec()),
        9..=11 => Node::Link(target(random, kind, path)),
        12 => Node::SameAs(sibling(random, kind)),
        13 => Node::Directory,
        14 => Node::Fifo,
        15 => Node::File([&*text(random, kind), b"K=\xff\x1b[31m\n"].concat()),
        16 => Node::File(b"\0\0".to_vec()),
        17 => Node::File(crlf(&text(random, kind))),
        18 | 19 => Node::File(broken(random, kind)),
        _ => Node::File(text(random, kind)),
    }
}

/// What stands in the place of a directory of a kind.
fn directory_node(random: &mut Random, kind: &Kind, place: &Path) -> Node {
    match random.below(7) {
        0 => Node::Link(format!("/{ELSEWHERE}").into()),
        1 => Node::Link(upwards(place, ELSEWHERE)),
        2 => Node::Link(
            format!(
                "/{}/{}",
                random.pick(kind.layers),
                random.pick(kind.directories)
            )
            .into(),
        ),
        3 => Node::Link(b"nowhere".to_vec()),
        4 => Node::Link(b"/dev/null".to_vec()),
        5 => Node::Link(format!("/{SPARE}").into()),
        _ => Node::File(text(random, kind)),
    }
}

/// `to`, from the directory of `from`.
fn upwards(from: &Path, to: &str) -> Vec<u8> {
    let levels = from.components().count() - 1;
    ["../".repeat(levels).as_bytes(), to.as_bytes()].concat()
}

/// Where a symlink of a kind leads: from the root or from where it is, mostly to something.
fn target(random: &mut Random, kind: &Kind, from: &Path) -> Vec<u8> {
    let to = if random.one_in(3) {
        PathBuf::from(SPARE)
    } else {
        sibling(random, kind)
    };
    if random.one_in(2) {
        return Path::new("/").join(to).into_os_string().into_vec();
    }
    let to: &OsStr = to.as_os_str();
    [&*upwards(from, ""), to.as_bytes()].concat()
}

/// A path at which a file of the kind may be.
fn sibling(random: &mut Random, kind: &Kind) -> PathBuf {
    let layer = Path::new(random.pick(kind.layers));
    if kind.has_main() && random.one_in(2) {
        return layer.join(kind.path);
    }
    let name = format!("{}{}", random.pick(PLAIN), kind.suffix);
    layer.join(random.pick(kind.directories)).join(name)
}

fn text(random: &mut Random, kind: &Kind) -> Vec<u8> {
    let lines: Vec<_> = kind.lines.split('|').collect();
    let has_header = lines[0].starts_with('[') && !random.one_in(8);
    let mut text: Vec<_> = lines
        .iter()
        .copied()
        .take(usize::from(has_header))
        .collect();
    for _ in 0..=random.below(6) {
        text.push(random.pick(&lines));
    }
    let end = if random.one_in(10) { "" } else { "\n" };
    (text.join("\n") + end).into()
}

fn broken(random: &mut Random, kind: &Kind) -> Vec<u8> {
    let broken: Vec<_> = BROKEN.split('|').collect();
    [
        text(random, kind),
        format!("{}\n", random.pick(&broken)).into(),
        text(random, kind),
    ]
    .concat()
}

fn crlf(text: &[u8]) -> Vec<u8> {
    let lines: Vec<_> = text.split(|&byte| byte == b'\n').collect();
    lines.join(&b"\r\n"[..])
}
