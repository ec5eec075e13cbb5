//! What `delta` says is what merging the subsets says: of a file over another, each of them alone; of a
//! drop-in, all that is read before it without it and with it.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::format;
use crate::format::Kept;
use crate::merge::{Keep, merge};
use crate::rules::{BrokenFile, Repeated};
use crate::scan::State;
use crate::schema::Schema;
use crate::view::View;
use crate::{Document, Resolver, Tree};

const SCHEMA: &str = "[section.S]
scalar = ['A', 'B']
first = ['F']
append = ['L', 'T', 'U']
words = ['W']
map = ['M']
set = ['N']
strict = ['E']
[section.R]
scalar = ['A']
append = ['L']
[kind.first]
merge = 'first'
split = 'none'
empty = 'value'
";

/// Lines of a keyfile.
const LINES: &[&str] = &[
    "A=",
    "A=1",
    "A=2",
    "B=1",
    "F=1",
    "F=2",
    "F=",
    "L=",
    "L=1",
    "L=2",
    "T=",
    "T=1",
    "U=",
    "U=2",
    "W=",
    "W=a b",
    "W=c",
    "M=",
    "M=a=1",
    "M=a=2 b=1",
    "N=",
    "N=x",
    "N=x,y",
    "N+=y",
    "N-=x",
    "E=",
    "E=1",
    "[R]",
    "[R]\nA=1",
    "[R]\nL=1\nL=",
    "[S]",
    "X=1",
    "X=2",
    "junk",
];

/// Lines of TOML, which stand at the top each.
const TABLES: &[&str] = &[
    "a = 1",
    "a = {}",
    "a.b = 1",
    "a.b.c = 2",
    "a = [1]",
    "l = [1]",
    "l = [2, 3]",
    "l = 4",
    "l.x = 1",
    "b = '1'",
];

fn schema(text: &str) -> std::sync::Arc<Schema> {
    let schema = Schema::from_toml(Path::new("s.toml"), text.as_bytes());
    schema.unwrap_or_else(|error| panic!("{error}")).into()
}

fn rules(format: &str, number: usize, broken_file: BrokenFile, append_lists: bool) -> Rules {
    let (repeated, schema) = match number {
        0 => (Repeated::Schema, schema(SCHEMA)),
        1 => (Repeated::Last, schema(SCHEMA)),
        2 => (Repeated::Schema, std::sync::Arc::default()),
        3 => (Repeated::Last, std::sync::Arc::default()),
        4 => (Repeated::Libeconf, std::sync::Arc::default()),
        5 => (
            Repeated::Schema,
            schema(
                "repeated = ['R', 'S']\n[section.S]\nappend = ['L']\nmap = ['M']\nscalar = ['A']\nset = ['N']\n",
            ),
        ),
        _ => (
            Repeated::Schema,
            schema("[section.S]\nappend = ['L', 'T', 'U']\n[together]\nS = [['L', 'T', 'U']]\n"),
        ),
    };
    Rules {
        format: format::named(format),
        repeated,
        schema,
        broken_file,
        append_lists,
        suffix: "".into(),
        ..Rules::default()
    }
}

fn resolve(rules: &Rules, files: &[(String, String)]) -> Document {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| {
        tree.with(Path::new(path), text.as_str())
    });
    let resolver = Resolver::new(tree).rules(rules.clone()).with_history();
    resolver.resolve("x.conf").expect("a path")
}

/// Whether it is an array, and its items.
type Value = (bool, Vec<Vec<u8>>);

/// What a key comes to by some of the files; none if it has no value. Of a map the order says nothing.
fn value(view: View<'_>, key: Key<'_>) -> Option<Value> {
    let key = view.key(key.section(), key.name())?;
    let applied = key.applied();
    let sum = key.sum_of(&applied);
    let mut items: Vec<_> = sum.items.iter().map(|item| item.to_vec()).collect();
    if key
        .kind_in_item()
        .is_some_and(|kind| kind.merge == crate::schema::Merge::Map)
    {
        items.sort();
    }
    key.has_value(&applied).then_some((sum.is_array, items))
}

fn holds(
    change: Option<&KeyChange<'_>>,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), TestCaseError> {
    let said = change.map(|change| change.change);
    match (before, after) {
        (None, None) => prop_assert_eq!(said, None),
        (None, Some(_)) => prop_assert_eq!(said, Some(Change::Added)),
        (Some(_), None) => prop_assert_eq!(said, Some(Change::Removed)),
        (Some((_, before)), Some((_, after))) if before.is_empty() && !after.is_empty() => {
            prop_assert_eq!(said, Some(Change::Added));
        }
        (Some((_, before)), Some((_, after))) if after.is_empty() && !before.is_empty() => {
            prop_assert_eq!(said, Some(Change::Removed));
        }
        (Some(before), Some(after)) if before == after => {
            prop_assert!(matches!(said, None | Some(Change::Same)), "{:?}", said);
        }
        (Some(_), Some(_)) => prop_assert_eq!(said, Some(Change::Changed)),
    }
    Ok(())
}

/// What is left and new makes what it comes to.
fn adds_up(
    change: &KeyChange<'_>,
    before: Option<&Value>,
    after: Option<&Value>,
) -> Result<(), TestCaseError> {
    let mut left = before.map_or_else(Vec::new, |(_, items)| items.clone());
    for item in &change.before.items {
        let place = left.iter().position(|known| *known == **item);
        prop_assert!(place.is_some(), "{:?} is not in {:?}", item, left);
        left.remove(place.unwrap());
    }
    left.extend(change.after.items.iter().map(|item| item.to_vec()));
    let mut after = after.map_or_else(Vec::new, |(_, items)| items.clone());
    left.sort();
    after.sort();
    prop_assert_eq!(left, after);
    Ok(())
}

fn law(rules: &Rules, files: &[(String, String)]) -> Result<(), TestCaseError> {
    let document = resolve(rules, files);
    let entry = document.entry();
    let accounts = File::all(&document);
    let mut rows = Rows::new(&document, rules, &accounts);
    for (index, (number, file)) in entry.files().enumerate() {
        if file.state != State::Effective || !document.loads() {
            continue;
        }
        let [before, after] =
            [index, index + 1].map(|n| merge(entry, rules, Keep::First(n), &Kept::default()));
        let [before, after] = [&before, &after].map(|ledger| View { entry, ledger });
        let changes = rows.by_drop_in(number);
        for key in document.keys() {
            let change = changes.iter().find(|change| change.key.id() == key.id());
            let [before, after] = [before, after].map(|view| value(view, key));
            holds(change, before.as_ref(), after.as_ref())?;
            if let Some(change) = change {
                adds_up(change, before.as_ref(), after.as_ref())?;
            }
        }
    }
    for difference in delta(&document, rules) {
        let (Some(bottom), true) = (difference.bottom, difference.class != Class::Extended) else {
            continue;
        };
        // Each of them alone: in a tree that has no other file.
        let alone = [bottom, difference.top].map(|file| {
            let own = files
                .iter()
                .filter(|(path, _)| Path::new(path) == file.path);
            resolve(rules, &own.cloned().collect::<Vec<_>>())
        });
        if difference.class == Class::Broken {
            continue;
        }
        for key in document.keys() {
            let mut changes = difference.keys.iter();
            let change = changes.find(|change| change.key.id() == key.id());
            let [before, after] = alone.each_ref().map(|alone| value(alone.view(), key));
            holds(change, before.as_ref(), after.as_ref())?;
        }
    }
    Ok(())
}

/// Files of all layers and some names, some of them twice.
fn files(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<(String, String)>> {
    let paths = vec![
        "/usr/lib/x.conf",
        "/etc/x.conf",
        "/usr/lib/x.conf.d/1.conf",
        "/etc/x.conf.d/1.conf",
        "/usr/lib/x.conf.d/2.conf",
        "/etc/x.conf.d/3.conf",
        "/run/x.conf.d/4.conf",
        "/etc/x.conf.d/4.conf",
    ];
    let count = paths.len();
    let lines = proptest::collection::vec(proptest::sample::select(lines), 0..5);
    let files = (
        proptest::sample::subsequence(paths, 1..=count),
        proptest::collection::vec(lines, count),
    );
    files.prop_map(|(paths, texts)| {
        let files = paths.into_iter().zip(texts);
        files
            .map(|(path, lines)| (path.to_owned(), lines.join("\n") + "\n"))
            .collect()
    })
}

fn broken_file() -> impl Strategy<Value = BrokenFile> {
    proptest::sample::select(vec![
        BrokenFile::Alone,
        BrokenFile::EndsLoading,
        BrokenFile::Fatal,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn of_keyfiles(files in files(LINES), number in 0..7_usize, broken_file in broken_file()) {
        let files: Vec<_> = files.into_iter()
            .map(|(path, text)| (path, format!("[S]\n{text}")))
            .collect();
        law(&rules("gkeyfile", number, broken_file, false), &files)?;
    }

    #[test]
    fn of_tables(files in files(TABLES), appends in proptest::bool::ANY, broken_file in broken_file()) {
        law(&rules("toml", 3, broken_file, appends), &files)?;
    }
}
