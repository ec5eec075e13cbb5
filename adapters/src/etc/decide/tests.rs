use overlay_resolver::root::Kind as Special;
use proptest::prelude::*;

use super::*;
use crate::etc::side::Content;

/// `f1` a file of that content, `f1:600` one of that mode, `l1` a symlink, `d` a directory, `p` a FIFO,
/// `-` nothing.
fn node(text: &str) -> Option<Node> {
    let (text, mode) = text.split_once(':').unwrap_or((text, "644"));
    let mode = u32::from_str_radix(mode, 8).unwrap();
    let kind = match text.split_at(1) {
        ("-", _) => return None,
        ("f", content) => Kind::File(Content {
            size: 1,
            digest: Some([content.as_bytes().first().copied().unwrap_or_default(); 32]),
        }),
        ("l", target) => Kind::Link(target.into()),
        ("d", _) => Kind::Directory,
        _ => Kind::Special(Special::Fifo),
    };
    let attributes = Attributes {
        mode,
        uid: 0,
        gid: 0,
    };
    Some(Node { attributes, kind })
}

fn spelled(from: &Nodes, piece: &Piece) -> String {
    let node = &from[&piece.path];
    let what = match &node.kind {
        Kind::File(content) => {
            let content = content.digest.map(|digest| char::from(digest[0]));
            format!("f{}", content.unwrap_or_default())
        }
        Kind::Link(target) => format!("l{}", target.display()),
        Kind::Directory => "d".into(),
        Kind::Special(_) => "p".into(),
    };
    match piece.attributes.mode {
        0o644 => what,
        mode => format!("{what}:{mode:o}"),
    }
}

fn nodes(paths: &[(&str, &str)]) -> Nodes {
    paths
        .iter()
        .filter_map(|(path, text)| Some((path.into(), node(text)?)))
        .collect()
}

type Pairs = Vec<(String, String)>;

/// The result, and the states of what was told.
fn decided(old: &Nodes, current: &Nodes, new: &Nodes) -> (Pairs, Pairs) {
    let decision = decide(old, current, new);
    let pieces = decision.pieces.iter().map(|(path, piece)| {
        let side = if piece.from == From::Current {
            current
        } else {
            new
        };
        (path.display().to_string(), spelled(side, piece))
    });
    let outcomes = decision.outcomes.iter();
    let states = outcomes.map(|outcome| {
        (
            outcome.path.display().to_string(),
            outcome.state.word().into(),
        )
    });
    (pieces.collect(), states.collect())
}

#[test]
fn the_table_row_by_row() {
    for (old, current, new, result, state) in [
        // The rows of ostree's merge.
        ("f1", "f1", "f1", "f1", ""),
        ("f1", "f1", "f2", "f2", "updated"),
        ("f1", "fu", "f1", "fu", "kept"),
        ("f1", "fu", "f2", "fu", "conflict"),
        ("f1", "-", "f1", "-", "deleted"),
        ("f1", "-", "f2", "-", "deleted"),
        ("f1", "-", "-", "-", "deleted"),
        ("f1", "f1", "-", "-", "withdrawn"),
        ("f1", "fu", "-", "fu", "conflict"),
        ("-", "-", "f2", "f2", "added"),
        ("-", "fu", "-", "fu", "kept"),
        ("-", "fu", "f2", "fu", "conflict"),
        ("-", "f2", "f2", "f2", "same"),
        ("f1", "f2", "f2", "f2", "same"),
        ("f1", "lu", "f1", "lu", "kept"),
        ("f1", "lu", "f2", "lu", "conflict"),
        ("l1", "l1", "l2", "l2", "updated"),
        ("l1", "l1", "f2", "f2", "updated"),
        ("l1", "lu", "l2", "lu", "conflict"),
        ("-", "d:700", "-", "d:700", "kept"),
        // What is dropped counts as not there.
        ("-", "p", "-", "-", "dropped"),
        ("f1", "p", "f2", "-", "dropped"),
        // The attributes are things of their own.
        ("f1", "f1:600", "f1", "f1:600", "kept"),
        ("f1", "f1:600", "f2", "f2:600", "merged"),
        ("f1", "fu", "f1:600", "fu:600", "merged"),
        ("f1", "f1:600", "f1:640", "f1:600", "conflict"),
        ("f1", "fu:600", "f2", "fu:600", "conflict"),
        ("f1:600", "f2:600", "f2", "f2", "merged"),
        ("d", "d:700", "d", "d:700", "kept"),
        ("d", "d", "d:700", "d:700", "updated"),
        ("d", "d:700", "d:700", "d:700", "same"),
        ("d", "d:700", "d:711", "d:700", "conflict"),
        ("d", "d:700", "-", "d:700", "conflict"),
        ("d", "d", "-", "-", "withdrawn"),
        // A directory in the place of something else, or the other way round.
        ("f1", "f1", "d", "d", "updated"),
        ("f1", "d", "f1", "d", "kept"),
        ("f1", "d", "f2", "d", "conflict"),
        ("f1", "d", "-", "d", "kept"),
        ("-", "d", "f2", "d", "conflict"),
        ("-", "fu", "d", "fu", "conflict"),
        ("d", "d", "f2", "f2", "updated"),
        ("d", "fu", "d", "fu", "kept"),
        ("d", "fu", "-", "fu", "conflict"),
        ("d", "fu", "f2", "fu", "conflict"),
        ("d", "lu", "d", "lu", "kept"),
        ("l1", "fu", "d", "fu", "conflict"),
    ] {
        let [o, c, n] = [old, current, new].map(|text| nodes(&[("a", text)]));
        let (pieces, states) = decided(&o, &c, &n);
        let row = format!("{old} / {current} / {new}");
        let pieces: Vec<_> = pieces.into_iter().map(|(_, piece)| piece).collect();
        assert_eq!(pieces.first().map_or("-", String::as_str), result, "{row}");
        assert_eq!(pieces.len(), usize::from(result != "-"), "{row}");
        let states: Vec<_> = states.into_iter().map(|(_, state)| state).collect();
        assert_eq!(states.join(" "), state, "{row}");
    }
}

#[test]
fn what_gave_way_is_saved() {
    let case =
        |old: &[(&str, &str)], current: &[(&str, &str)], new: &[(&str, &str)], expected: &str| {
            let (pieces, states) = decided(&nodes(old), &nodes(current), &nodes(new));
            let join = |pairs: Vec<(String, String)>| {
                let pairs: Vec<_> = pairs
                    .iter()
                    .map(|(path, what)| format!("{path}={what}"))
                    .collect();
                pairs.join(" ")
            };
            assert_eq!(format!("{} | {}", join(pieces), join(states)), expected);
        };
    case(
        &[("a", "f1")],
        &[("a", "fu:600")],
        &[("a", "d"), ("a/x", "f2")],
        "a=d a/x=f2 a.overlayctl-save=fu:600 | a=saved a/x=added",
    );
    case(
        &[("a", "f1")],
        &[("a", "fu"), ("a.overlayctl-save", "f9")],
        &[("a", "d")],
        "a=d a.overlayctl-save=f9 a.overlayctl-save.2=fu | a=saved a.overlayctl-save=kept",
    );
    case(
        &[
            ("a", "d"),
            ("a/x", "f1"),
            ("a/y", "f1"),
            ("a/z", "d"),
            ("a/z/w", "f1"),
            ("a/e", "d"),
        ],
        &[
            ("a", "d"),
            ("a/x", "fu"),
            ("a/y", "f1"),
            ("a/z", "d"),
            ("a/z/w", "f1"),
            ("a/z/n", "fn"),
            ("a/e", "d"),
        ],
        &[("a", "f2")],
        "a=f2 a.overlayctl-save=d a.overlayctl-save/x=fu a.overlayctl-save/z=d a.overlayctl-save/z/n=fn | a=saved a/x=saved a/z/n=saved",
    );
    // Deletions need no saving.
    case(
        &[("a", "d"), ("a/x", "f1"), ("a/y", "f1")],
        &[("a", "d"), ("a/x", "f1")],
        &[("a", "f2")],
        "a=f2 | a=updated",
    );
    let long = "n".repeat(NAME_LIMIT);
    let decision = decide(
        &nodes(&[(&long, "f1")]),
        &nodes(&[(&long, "fu")]),
        &nodes(&[(&long, "d")]),
    );
    assert!(
        decision
            .pieces
            .keys()
            .all(|path| path.as_os_str().len() == NAME_LIMIT)
    );
    assert_eq!(decision.pieces.len(), 2);
}

#[test]
fn directories_are_there_for_what_is_in_them() {
    let case = |old: &[(&str, &str)],
                current: &[(&str, &str)],
                new: &[(&str, &str)],
                expected: &[&str]| {
        let (pieces, _) = decided(&nodes(old), &nodes(current), &nodes(new));
        let paths: Vec<_> = pieces.into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, expected);
    };
    let vendor = [("a", "d"), ("a/b", "d"), ("a/b/x", "f1"), ("a/y", "f1")];
    case(&vendor, &vendor, &[], &[]);
    case(
        &vendor,
        &[("a", "d"), ("a/b", "d"), ("a/b/x", "fu"), ("a/y", "f1")],
        &[],
        &["a", "a/b", "a/b/x"],
    );
    // Deleted by the owner, with all that the vendor adds to it.
    case(&vendor, &[], &[("a", "d"), ("a/new", "f2")], &[]);
    // Names that sort between a directory and what is in it.
    case(
        &vendor,
        &vendor,
        &[("a", "d"), ("a.conf", "f1"), ("a/y", "f1")],
        &["a", "a/y", "a.conf"],
    );
    case(
        &[("a", "d"), ("a/x", "f1"), ("a.x", "f1")],
        &[("a.x", "f1")],
        &[("a.x", "f1")],
        &["a.x"],
    );
}

/// Trees of few paths, so that they meet.
fn tree() -> impl Strategy<Value = Nodes> {
    let text = prop::sample::select(vec![
        "-", "f1", "f2", "fu", "f1:600", "l1", "l2", "d", "d:700",
    ]);
    prop::collection::vec(text, 9).prop_map(|texts| {
        let paths = ["a", "a/x", "a/x/y", "a/z", "a.b", "b", "b/x", "b/x/y", "c"];
        let mut nodes = Nodes::new();
        nodes.insert(PathBuf::new(), node_of("d"));
        for (path, text) in paths.into_iter().zip(texts) {
            let has_parent = Path::new(path)
                .parent()
                .is_some_and(|up| nodes.get(up).is_some_and(Node::is_directory));
            if let Some(node) = node(text).filter(|_| has_parent) {
                nodes.insert(path.into(), node);
            }
        }
        nodes
    })
}

fn node_of(text: &str) -> Node {
    node(text).unwrap()
}

fn result(old: &Nodes, current: &Nodes, new: &Nodes) -> Nodes {
    let decision = decide(old, current, new);
    let pieces = decision.pieces.into_iter().map(|(path, piece)| {
        let side = if piece.from == From::Current {
            current
        } else {
            new
        };
        let kind = side[&piece.path].kind.clone();
        (
            path,
            Node {
                attributes: piece.attributes,
                kind,
            },
        )
    });
    pieces.collect()
}

proptest! {
    #[test]
    fn whoever_changed_nothing_gets_what_the_other_has(one in tree(), other in tree()) {
        prop_assert_eq!(&result(&one, &one, &other), &other);
        prop_assert_eq!(&result(&one, &other, &one), &other);
        prop_assert_eq!(&result(&one, &other, &other), &other);
    }

    #[test]
    fn the_result_is_a_tree(old in tree(), current in tree(), new in tree()) {
        let result = result(&old, &current, &new);
        for path in result.keys().filter(|path| !path.as_os_str().is_empty()) {
            let parent = result.get(path.parent().unwrap());
            prop_assert!(parent.is_some_and(Node::is_directory), "{}", path.display());
        }
    }

    #[test]
    fn nothing_that_the_owner_wrote_is_lost(old in tree(), current in tree(), new in tree()) {
        let decision = decide(&old, &current, &new);
        for (path, node) in &current {
            let is_owners = old.get(path).is_none_or(|old| old.kind != node.kind);
            let is_kept = decision.pieces.values().any(|piece| {
                piece.path == *path && [&current, &new][usize::from(piece.from == From::New)][path].kind == node.kind
            });
            prop_assert!(!is_owners || is_kept, "{}", path.display());
        }
    }

    #[test]
    fn every_change_is_told(old in tree(), current in tree(), new in tree()) {
        let decision = decide(&old, &current, &new);
        for path in old.keys().chain(current.keys()).chain(new.keys()) {
            let changed = old.get(path) != current.get(path) || old.get(path) != new.get(path);
            // Of what went as a whole, the top is told.
            let is_told = decision.outcomes.iter().any(|outcome| path.starts_with(&outcome.path));
            prop_assert!(!changed || is_told || decision.pieces.contains_key(path), "{}", path.display());
        }
    }

    #[test]
    fn the_merge_of_a_merge_is_itself(old in tree(), current in tree(), new in tree()) {
        let once = result(&old, &current, &new);
        prop_assert_eq!(&result(&new, &once, &new), &once);
    }
}
