//! One merge: what a program reads into types, what [`Document::effective`] has, what its text comes to
//! when it is read again, what figment gets and what [`explain`](Document::explain) says counts are the same,
//! for every format, every built-in rule set and every kind of key, on trees of several files.

#[path = "../../tests/support/thorough.rs"]
mod thorough;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use overlay_resolver::document::{Effective, Outcome};
use overlay_resolver::format::{self, path};
use overlay_resolver::rules::Shape;
use overlay_resolver::{Assignment, DeserializeError, Document, Resolver, Rules, Tree};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, FailurePersistence, TestCaseResult, TestRunner};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use thorough::one_in;

/// The names below the layers; a file may be a mask.
const NAMES: [&str; 3] = ["1", "2", "3"];

/// The formats: of lines below headers, of lines alone, of values with types.
const SECTIONS: &[&str] = &["systemd", "gkeyfile", "libeconf"];
const FLAT: &[&str] = &[
    "systemd-flat",
    "environment",
    "env-file",
    "sysctl",
    "lines",
    "opaque",
];
const TYPES: &[&str] = &["toml", "json"];

/// The kinds of the keys `A` and `B`; of `C` nobody says anything but the rule set.
const KINDS: [&str; 11] = [
    "", "scalar", "strict", "append", "words", "replace", "map", "set", "first", "cleared", "each",
];
/// Those of values with types.
const TYPED: [&str; 6] = ["", "scalar", "strict", "append", "first", "each"];

const OWN_KINDS: &str = "schema.kind.first = { merge = 'first', split = 'none', empty = 'value' }\n\
                         schema.kind.cleared = { merge = 'append', split = 'commas', empty = 'clear' }\n\
                         schema.kind.each = { merge = 'append', split = 'none', empty = 'value' }\n";

/// Fields, section by section.
type Sections<T> = BTreeMap<String, BTreeMap<String, T>>;

/// A file: the number of its layer, its name, its text.
type File = (usize, &'static str, String);

fn rules(set: &str, format: &str, kind: &str, more: &str) -> Rules {
    let mut text = format!("extends = '{set}'\nformat = '{format}'\n{more}\n");
    match kind {
        // What a built-in set knows of texts says nothing of values with types.
        "" if has_types(format) => text.push_str("schema = {}\n"),
        "" => {}
        kind => {
            text.push_str(OWN_KINDS);
            for section in ["''", "S", "T"] {
                let _ = writeln!(text, "schema.section.{section}.{kind} = ['A', 'B']");
            }
        }
    }
    let rules = Rules::from_toml("rules".as_ref(), text.as_bytes()).expect("rules");
    rules
        .into_builder()
        .shape(Shape::Auto)
        .build()
        .expect("rules")
}

fn has_types(format: &str) -> bool {
    TYPES.contains(&format)
}

fn resolve(rules: &Rules, files: &[File]) -> Document {
    let suffix = rules.drop_in_suffix().display();
    let resolver = Resolver::new(Tree::default()).rules(rules.clone());
    let with = |resolver: Resolver, (layer, name, text): &File| {
        let layer = rules.layers()[layer % rules.layers().len()]
            .base()
            .display();
        resolver.with(format!("{layer}/x.d/{name}{suffix}"), text.as_str())
    };
    files
        .iter()
        .fold(resolver, with)
        .with_history()
        .resolve("x.d")
        .expect("a path")
}

/// Files of lines, below headers or not.
fn lines(has_sections: bool) -> impl Strategy<Value = Vec<File>> {
    let value = select(vec!["", "a", "b", "a,b", "a b", "A=1", "A=2 B=1", "1"]);
    let key = select(vec!["A", "B", "C", "A+", "B-"]);
    // Seldom what cannot be read.
    let header =
        prop_oneof![10 => Just(""), 5 => Just("[S]\n"), 5 => Just("[T]\n"), 1 => Just("[x\n")];
    let line = (header, key, value).prop_map(move |(header, key, value)| {
        let is_used = has_sections || header == "[x\n";
        let header = if is_used { header } else { "" };
        format!("{header}{key}={value}\n")
    });
    let first = if has_sections { "[S]\n" } else { "" };
    let text = prop_oneof![
        1 => Just(String::new()),
        8 => vec(line, 0..5).prop_map(move |lines| format!("# x\n{first}{}", lines.concat())),
    ];
    vec((0..4usize, select(NAMES.to_vec()), text), 0..6)
}

/// Files of tables in tables.
fn tables(write: fn(&Value) -> String) -> impl Strategy<Value = Vec<File>> {
    let leaf = select(vec![
        json!(1),
        json!(2.5),
        json!("a b"),
        json!(true),
        json!(""),
    ]);
    let value = leaf.prop_recursive(3, 12, 3, |inner| {
        let table = prop::collection::btree_map(select(vec!["A", "B", "C d"]), inner.clone(), 0..3);
        prop_oneof![
            vec(inner, 0..3).prop_map(Value::from),
            table.prop_map(|table| json!(table))
        ]
    });
    let table = prop::collection::btree_map(select(vec!["A", "B", "C", "S"]), value, 0..4);
    let text = prop_oneof![
        1 => Just(String::new()),
        8 => table.prop_map(move |table| write(&json!(table))),
    ];
    vec((0..4usize, select(NAMES.to_vec()), text), 0..5)
}

/// What the values are as one tree, told from [`Document::effective`] alone.
fn effective(document: &Document, has_types: bool) -> Value {
    let mut root = Map::new();
    for part in document.effective() {
        let names = match has_types {
            true => path::split(&part.section.to_string()).expect("a path"),
            false if part.section.is_empty() => Vec::new(),
            false => vec![part.section.to_string()],
        };
        let mut table = &mut root;
        for name in names {
            // Where every header makes an item, the section is a list of them.
            let inner = match part.number {
                None => table.entry(name).or_insert_with(|| json!({})),
                Some(number) => {
                    let items = table.entry(name).or_insert_with(|| json!([]));
                    let items = items.as_array_mut().expect("a list");
                    assert_eq!(number, items.len() + 1, "one after the other");
                    items.push(json!({}));
                    items.last_mut().expect("it was just added")
                }
            };
            table = inner.as_object_mut().expect("a table");
        }
        for value in part.values {
            let name = value.key.name().to_string();
            let name = if has_types {
                path::split(&name).expect("a path").concat()
            } else {
                name
            };
            let items: Vec<_> = value
                .items
                .iter()
                .map(|item| read(&item.value, has_types))
                .collect();
            let is_several = value.is_list() || (value.kind.is_none() && items.len() > 1);
            let is = match &*items {
                [item] if !is_several => item.clone(),
                _ => Value::from(items),
            };
            assert_eq!(table.insert(name, is), None, "each key once");
        }
    }
    Value::Object(root)
}

/// An item: text, or what has its type in the notation of TOML.
fn read(item: &[u8], has_types: bool) -> Value {
    let text = String::from_utf8(item.to_vec()).expect("UTF-8");
    if has_types {
        let read = toml::from_str::<Value>(&format!("v = {text}"));
        read.expect("a value")["v"].take()
    } else {
        text.into()
    }
}

/// What `show` prints.
fn shown(document: &Document) -> String {
    let mut text = "# x\n".to_owned();
    for part in document.effective() {
        if !part.section.is_empty() {
            let _ = writeln!(text, "[{}]", part.section);
        }
        for line in part.values.iter().flat_map(Effective::lines) {
            text += &String::from_utf8(line.text).expect("UTF-8");
            text.push('\n');
        }
    }
    text
}

/// The lists, section by section, that a program of lists reads, and what it may not read.
fn lists(document: &Document) -> Option<Sections<Vec<String>>> {
    let mut read = Sections::<Vec<String>>::new();
    for part in document.effective() {
        for value in part.values {
            let items = value.items.iter().map(|item| item.value.to_vec());
            let items: Result<Vec<_>, _> = items.map(String::from_utf8).collect();
            let items = items.expect("UTF-8");
            if !value.is_list() && items.iter().any(String::is_empty) {
                return None;
            }
            let section = read.entry(part.section.to_string()).or_default();
            section.insert(value.key.name().to_string(), items);
        }
    }
    Some(read)
}

/// The single values: the last one, where nobody says that it is a list; else its one item.
fn singles(document: &Document) -> Option<Sections<String>> {
    let mut read = Sections::<String>::new();
    for part in document.effective() {
        for value in part.values {
            if value.is_list() && value.items.len() != 1 {
                return None;
            }
            let last = value.items.last().expect("a value");
            let last = String::from_utf8(last.value.to_vec()).expect("UTF-8");
            let section = read.entry(part.section.to_string()).or_default();
            section.insert(value.key.name().to_string(), last);
        }
    }
    Some(read)
}

fn agrees(rules: &Rules, files: &[File], format: &str) -> TestCaseResult {
    let has_types = has_types(format);
    let document = resolve(rules, files);
    let expected = effective(&document, has_types);
    let anything: Value = document.deserialize_anyway().expect("anything is read");
    prop_assert_eq!(&anything, &expected, "deserialized");
    // A file that nobody takes apart has no other text.
    if document.loads() && format != "opaque" {
        reads_back(rules, &document, has_types)?;
    }
    explained(&document)?;
    digested(rules, files, &document, &expected, has_types)?;
    types(&document, has_types)?;
    figment(&document, &expected)
}

/// The text of what it comes to, as a file alone, comes to the same.
fn reads_back(rules: &Rules, document: &Document, has_types: bool) -> TestCaseResult {
    let text = shown(document);
    let mut builder = rules.clone().into_builder();
    if has_types {
        // Values with types are shown in the notation of TOML.
        builder = builder.format("toml");
    }
    let rules = builder.build().expect("rules");
    let again = resolve(&rules, &[(0, "1", text.clone())]);
    let [is, expected] = [&again, document].map(|document| effective(document, has_types));
    prop_assert_eq!(is, expected, "shown: {}", text);
    prop_assert_eq!(again.digest(), document.digest(), "shown: {}", text);
    Ok(())
}

/// What counts brings the items, and what does not brings none.
fn explained(document: &Document) -> TestCaseResult {
    let parts = document.effective();
    let values = || parts.iter().flat_map(|part| &part.values);
    for key in document.keys().filter(|key| key.unknown().is_none()) {
        let name = (key.section(), key.name());
        let of_key = |value: &&Effective<'_>| (value.key.section(), value.key.name()) == name;
        let of_key: Vec<_> = values().filter(of_key).collect();
        let items: Vec<_> = of_key.iter().flat_map(|value| &value.items).collect();
        let texts: Vec<_> = items.iter().map(|item| item.value.clone()).collect();
        prop_assert_eq!(key.items(), texts, "{}", key.explain());
        let brings = |a: Assignment<'_>| items.iter().any(|item| item.from.number() == a.number());
        for numbered in key.explain().outcomes() {
            let (assignment, outcome) = (numbered.assignment, numbered.outcome);
            prop_assert!(outcome.counts() || !brings(assignment), "{}", key.explain());
            // What is empty brings nothing to a list.
            prop_assert!(
                !outcome.counts() || brings(assignment) || is_nothing(assignment),
                "{}",
                key.explain()
            );
            // A single value is the last of its item.
            let mut of_item = of_key.iter().filter(|value| {
                value
                    .items
                    .iter()
                    .any(|item| item.from.number() == assignment.number())
            });
            let last = of_item.next().and_then(|value| value.items.last());
            let is_last = last.is_none_or(|last| last.from.number() == assignment.number());
            let in_a_list = outcome.counts() && key.is_multi_valued() && !is_last;
            prop_assert_eq!(
                matches!(outcome, Outcome::CountsInAList),
                in_a_list,
                "{}",
                key.explain()
            );
        }
    }
    Ok(())
}

/// A digest is another one exactly where the values are: with one of the files, and without it.
fn digested(
    rules: &Rules,
    files: &[File],
    document: &Document,
    expected: &Value,
    has_types: bool,
) -> TestCaseResult {
    for left_out in 0..files.len() {
        let mut files = files.to_vec();
        files.remove(left_out);
        let other = resolve(rules, &files);
        let is = (other.loads(), effective(&other, has_types));
        let is_same = is == (document.loads(), expected.clone());
        prop_assert_eq!(
            other.digest() == document.digest(),
            is_same,
            "{} and {}",
            is.1,
            expected
        );
    }
    Ok(())
}

fn is_nothing(assignment: Assignment<'_>) -> bool {
    matches!(&*assignment.shown(), b"" | b"[]")
}

/// Fields that are lists, and fields that are none.
fn types(document: &Document, has_types: bool) -> TestCaseResult {
    let parts = document.effective();
    if has_types || parts.iter().any(|part| part.number.is_some()) {
        return Ok(());
    }
    let is_flat = parts.iter().any(|part| part.section.is_empty());
    let (read, expected) = (in_sections(document, is_flat), lists(document));
    prop_assert_eq!(read.as_ref().ok(), expected.as_ref(), "{:?}", read);
    let (read, expected) = (in_sections(document, is_flat), singles(document));
    prop_assert_eq!(read.as_ref().ok(), expected.as_ref(), "{:?}", read);
    Ok(())
}

/// Fields of this type, below sections or without.
fn in_sections<T: DeserializeOwned>(
    document: &Document,
    is_flat: bool,
) -> Result<Sections<T>, DeserializeError> {
    if !is_flat {
        return document.deserialize_anyway();
    }
    let keys = document.deserialize_anyway()?;
    Ok(Sections::from([(String::new(), keys)]))
}

#[cfg(feature = "figment")]
fn figment(document: &Document, expected: &Value) -> TestCaseResult {
    let read = figment::Figment::from(document).extract::<Value>();
    let expected = document.is_sound().then_some(expected);
    prop_assert_eq!(read.as_ref().ok(), expected, "figment: {:?}", read);
    Ok(())
}

#[cfg(not(feature = "figment"))]
#[allow(
    clippy::unnecessary_wraps,
    reason = "it stands for the one with the feature"
)]
fn figment(_: &Document, _: &Value) -> TestCaseResult {
    Ok(())
}

/// Tries some trees of each rule set and kind.
fn hold<S: Strategy<Value = Vec<File>>>(
    formats: &[&str],
    kinds: &[&str],
    more: &[&str],
    files: impl Fn(&str) -> S,
) {
    for &format in formats {
        for (set, kind) in Rules::names().flat_map(|set| kinds.iter().map(move |kind| (set, kind)))
        {
            for more in more {
                let rules = rules(set, format, kind, more);
                let config = Config {
                    cases: one_in(4, 4).try_into().expect("a small number"),
                    max_shrink_iters: 10_000,
                    failure_persistence: None::<Box<dyn FailurePersistence>>,
                    ..Config::default()
                };
                let tried = TestRunner::new(config)
                    .run(&files(format), |files| agrees(&rules, &files, format));
                if let Err(error) = tried {
                    panic!("{set}, {format}, kind `{kind}`, {more}: {error}");
                }
            }
        }
    }
}

#[test]
fn every_format_is_tried() {
    let tried = [SECTIONS, FLAT, TYPES].concat();
    assert!(format::names().all(|format| tried.contains(&format)));
}

#[test]
fn files_with_sections() {
    let more = ["", "schema.repeated = ['T']"];
    hold(SECTIONS, &KINDS, &more, |_| lines(true));
}

#[test]
fn files_without_sections() {
    hold(FLAT, &KINDS, &[""], |_| lines(false));
}

#[test]
fn files_with_types() {
    let more = ["append-lists = true", "append-lists = false"];
    hold(TYPES, &TYPED, &more, |format| {
        tables(match format {
            "toml" => |value| format!("# x\n{}", toml::to_string(value).expect("TOML")),
            _ => |value| value.to_string(),
        })
    });
}
