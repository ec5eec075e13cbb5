//! The laws of resolving, on trees that are made of virtual files.

use std::path::{Path, PathBuf};

use overlay_resolver::document::State;
use overlay_resolver::rules::{Repeated, Rules};
use overlay_resolver::schema::Schema;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Document, Resolver, format};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const LAYERS: [&str; 4] = ["/usr/lib", "/usr/local/lib", "/run", "/etc"];
const KEYS: [&str; 3] = ["Scalar", "List", "Map"];

/// One file: the layer, the name and what it assigns.
type File = (usize, u8, Vec<(usize, String)>);

fn file() -> impl Strategy<Value = File> {
    let value = select(vec!["", "a", "b", "A=1", "A=2 B=1"]).prop_map(str::to_owned);
    (0..LAYERS.len(), 0..5u8, vec((0..KEYS.len(), value), 0..4))
}

fn files() -> impl Strategy<Value = Vec<File>> {
    vec(file(), 0..8)
}

fn path((layer, name, _): &File) -> PathBuf {
    format!("{}/x.d/{name}.conf", LAYERS[*layer]).into()
}

fn text((_, _, assignments): &File) -> String {
    let lines = assignments.iter();
    // A comment, so that a file without assignments is no mask.
    let lines = lines.map(|(key, value)| format!("{}={value}\n", KEYS[*key]));
    format!("# x\n[S]\n{}", lines.collect::<String>())
}

fn tree(files: &[File]) -> Tree {
    files.iter().fold(Tree::default(), |tree, file| {
        tree.with(&path(file), text(file))
    })
}

fn rules() -> Rules {
    let schema = b"[section.S]\nscalar = ['Scalar']\nappend = ['List']\nmap = ['Map']\n";
    let schema = Schema::from_toml(Path::new("s.toml"), schema).expect("a schema");
    Rules::builder()
        .format("systemd")
        .repeated(Repeated::Schema)
        .schema(schema)
        .build()
        .expect("rules")
}

fn resolve(tree: Tree) -> Document {
    Resolver::new(tree)
        .rules(rules())
        .with_history()
        .resolve("x.d")
        .expect("a path")
}

/// What a document comes to.
fn result(document: &Document) -> Vec<(String, Vec<String>)> {
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut result: Vec<_> = document
        .keys()
        // A key whose list was emptied is as if it had never been assigned.
        .filter(|key| !key.items().is_empty())
        .map(|key| {
            (
                key.name().to_string(),
                key.items().iter().map(|i| show(i)).collect(),
            )
        })
        .collect();
    result.sort();
    result
}

/// One file that says what the document comes to.
fn flattened(document: &Document) -> String {
    let applied = document
        .assignments()
        .filter(|a| a.state() == State::Applied);
    let lines = applied.map(|a| format!("{}={}\n", a.key(), a.value()));
    format!("[S]\n{}", lines.collect::<String>())
}

proptest! {
    #[test]
    fn merging_is_associative(a in file(), b in file(), c in file()) {
        let stack = |texts: &[String]| {
            let file = |tree: Tree, (number, text): (usize, &String)| {
                tree.with(format!("/etc/x.d/{number}.conf").as_ref(), text.as_str())
            };
            resolve(texts.iter().enumerate().fold(Tree::default(), file))
        };
        let [a, b, c] = [a, b, c].map(|file| text(&file));
        let whole = result(&stack(&[a.clone(), b.clone(), c.clone()]));
        let left = flattened(&stack(&[a.clone(), b.clone()]));
        let right = flattened(&stack(&[b, c.clone()]));
        prop_assert_eq!(&whole, &result(&stack(&[left, c])), "first the lower two");
        prop_assert_eq!(&whole, &result(&stack(&[a, right])), "first the upper two");
    }

    #[test]
    fn masking_is_idempotent(files in files(), name in 0..5u8) {
        let mask = |layer: &str| PathBuf::from(format!("{layer}/x.d/{name}.conf"));
        let once = tree(&files).with_mask(&mask("/etc"));
        let twice = once.clone().with(&mask("/run"), "").with_mask(&mask("/etc"));
        let masked = resolve(once);
        prop_assert_eq!(result(&masked), result(&resolve(twice)));
        for assignment in masked.assignments() {
            if assignment.fragment().path.ends_with(format!("{name}.conf")) {
                prop_assert_eq!(assignment.state(), State::Masked);
            }
        }
    }

    #[test]
    fn what_sorts_before_the_winner_changes_nothing(files in files(), value in "[a-z]{1,3}") {
        let tree = tree(&files);
        let before = resolve(tree.clone());
        let Some(winner) = before.get("S", "Scalar") else { return Ok(()) };
        if winner.value().is_empty() {
            return Ok(());
        }
        let first = tree.with(Path::new("/etc/x.d/!.conf"), format!("[S]\nScalar={value}\n"));
        let after = resolve(first);
        let kept = after.get("S", "Scalar").unwrap();
        prop_assert_eq!((kept.value(), kept.place()), (winner.value(), winner.place()));
    }

    #[test]
    fn the_ledger_alone_gives_the_result(files in files()) {
        let document = resolve(tree(&files));
        for key in document.keys() {
            let rows = document.assignments().filter(|a| a.key() == key.name());
            let applied: Vec<_> = rows.filter(|a| a.state() == State::Applied).collect();
            let numbers = |list: &[overlay_resolver::Assignment<'_>]| {
                list.iter().map(overlay_resolver::Assignment::number).collect::<Vec<_>>()
            };
            prop_assert_eq!(numbers(&applied), numbers(&key.applied()));
            for loser in key.history().filter(|a| a.state() != State::Applied) {
                prop_assert!(loser.by().is_some(), "{:?} says what beat it", loser);
            }
        }
    }

    #[test]
    fn history_changes_nothing_but_what_is_told(files in files()) {
        let resolver = Resolver::new(tree(&files)).rules(rules());
        let short = resolver.clone().resolve("x.d").unwrap();
        let long = resolver.with_history().resolve("x.d").unwrap();
        prop_assert_eq!(short.digest(), long.digest());
        prop_assert_eq!(result(&short), result(&long));
    }

    #[test]
    fn the_digest_is_that_of_the_result(a in files(), b in files()) {
        let [a, b] = [a, b].map(|files| resolve(tree(&files)));
        prop_assert_eq!(a.digest() == b.digest(), result(&a) == result(&b));
    }

    #[test]
    fn nothing_panics(
        files in vec((0..LAYERS.len(), "[a-z.~=\u{e9}-]{1,6}(.conf)?", vec(any::<u8>(), 0..40)), 0..6),
        rules in select(Rules::names().collect::<Vec<_>>()),
        path in select(vec!["x.d", "x.conf", "a-b@c.service", "", "/", "..", "x.d/y"]),
        format in select(format::names().collect::<Vec<_>>()),
    ) {
        let tree = files.iter().fold(Tree::default(), |tree, (layer, name, bytes)| {
            let layer = LAYERS[*layer];
            tree.with(format!("{layer}/x.d/{name}").as_ref(), bytes.clone())
                .with(format!("{layer}/{name}").as_ref(), bytes.clone())
        });
        let Ok(rules) = Rules::named(rules).unwrap().into_builder().format(format).build() else {
            return Ok(());
        };
        let resolver = Resolver::new(tree).rules(rules).with_history();
        let _ = (resolver.resolve(path), resolver.configuration(path));
        let document = resolver.configuration_at(path.into()).document();
        for key in document.keys() {
            let _ = (key.items(), document.explain(key.section(), key.name()).to_string());
        }
        let _ = (document.digest(), document.deserialize_anyway::<serde_json::Value>());
        let _ = resolver.entries(path);
    }
}
