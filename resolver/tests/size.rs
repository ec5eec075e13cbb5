//! Inputs of a size at which whatever is quadratic takes minutes, and what is not a moment. Where it does not, four
//! times as much is read and takes no more than in proportion.
#![allow(
    clippy::disallowed_methods,
    reason = "a root is a directory of the host, made by the test"
)]

#[path = "../../tests/support/growth.rs"]
mod growth;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use growth::{in_proportion, time};
use overlay_resolver::document::State;
use overlay_resolver::root::Root;
use overlay_resolver::{Catalog, Document, Level, Resolver, Rules, Tree};
use tempfile::TempDir;

const MANY: usize = 20_000;

fn rules(text: &str) -> Rules {
    Rules::from_toml(Path::new("rules"), text.as_bytes()).expect("rules")
}

fn resolve(files: &[(&str, String)], rules: Rules, path: &str) -> Document {
    let add = |tree: Tree, (path, text): &(&str, String)| tree.with(path.as_ref(), text.as_str());
    let tree = files.iter().fold(Tree::default(), add);
    Resolver::new(tree)
        .rules(rules)
        .with_history()
        .resolve(path)
        .expect("a path")
}

/// `line` for each of many numbers.
fn many(line: impl Fn(usize) -> String) -> String {
    lines(MANY, line)
}

fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect()
}

fn unit(lines: &str) -> Document {
    let path = "systemd/system/a.service";
    let rules = Catalog::built_in()
        .rules(path.as_ref())
        .expect("it is known");
    let text = format!("[Service]\n{lines}");
    resolve(&[("/etc/systemd/system/a.service", text)], rules, path)
}

#[test]
fn a_line_of_many_keys_becomes_a_type() {
    let mut text = String::from("{");
    text += &many(|n| format!("\"k{n}\":{n},"));
    text += "\"last\":0}";
    let files = [("/etc/x.json", text)];
    let document = resolve(&files, rules("format = 'json'"), "x.json");
    let read: HashMap<String, usize> = document.deserialize().unwrap();
    assert_eq!(read.len(), MANY + 1);
    // What is wrong is still found in the line.
    let error = document.deserialize::<HashMap<String, u8>>().unwrap_err();
    assert_eq!(error.key().as_deref(), Some("k256"));
    assert!(error.column().unwrap() > 256);
}

#[test]
fn many_keys_are_explained() {
    let text = many(|n| format!("k{n}=1\n"));
    let document = resolve(
        &[("/etc/x.conf", text)],
        rules("repeated = 'last'"),
        "x.conf",
    );
    let lines = |key: overlay_resolver::Key<'_>| key.explain().assignments.len();
    assert_eq!(document.keys().map(lines).sum::<usize>(), MANY);
}

#[test]
fn a_key_that_is_beaten_many_times_has_one_winner() {
    let files = [
        ("/usr/lib/x.d/1.conf", many(|n| format!("a={n}\n"))),
        ("/etc/x.d/2.conf", many(|n| format!("a={n}\n"))),
        ("/etc/x.d/3.conf", "a=1\n".into()),
    ];
    let document = resolve(&files, rules("repeated = 'last'"), "x.d");
    let last = document.assignments().last().unwrap();
    for beaten in document
        .assignments()
        .filter(|a| a.state() != State::Applied)
    {
        assert_eq!(beaten.final_winner().unwrap().number(), last.number());
    }
    let account = document.account("/etc/x.d/2.conf".as_ref()).unwrap();
    assert!(
        account.to_string().ends_with("by /etc/x.d/3.conf"),
        "{account}"
    );

    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| {
        tree.with(path.as_ref(), text.as_str())
    });
    let resolver = Resolver::new(tree).rules(rules("repeated = 'last'"));
    let found = resolver.check("x.d").unwrap();
    let found: Vec<_> = found.iter().map(|finding| finding.code.name()).collect();
    assert!(found.contains(&"loses-always"), "{:?}", found.first());
}

/// Each beaten line may be used by any that comes before the one that wins.
#[test]
fn a_variable_that_is_set_many_times() {
    let text = many(|n| format!("A={n}\n"));
    let tree = Tree::default().with("/etc/x.d/10-x.conf".as_ref(), text);
    let resolver = Resolver::new(tree).rules(rules("format = 'environment'\nrepeated = 'last'"));
    let found = resolver.check("x.d").unwrap();
    let found = found.iter();
    let found: Vec<_> = found
        .filter(|one| one.code.name() == "duplicate-key")
        .collect();
    assert_eq!(found.len(), 1001);
    let more =
        |one: &overlay_resolver::finding::Finding| one.message.ends_with("more problems below");
    assert_eq!(found.iter().filter(|one| more(one)).count(), 1);
}

/// Each might be meant to be any that is known, which is not asked of more than are told.
#[test]
fn many_unknown_keys() {
    let text = many(|n| format!("UnknownKey{n}=1\n"));
    let text = format!("[Service]\n{text}");
    let tree = Tree::default().with("/etc/systemd/system/a.service".as_ref(), text);
    let resolver = Resolver::new(tree);
    let found = resolver.check("systemd/system/a.service").unwrap();
    assert!(found.iter().all(|one| one.code.name() == "unknown-key"));
    assert_eq!(found.len(), 1001);
}

#[test]
fn many_items_have_a_place() {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Unit {
        service: Service,
    }
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Service {
        environment: Vec<String>,
    }
    // Every variable is given twice, and then one again and again.
    let mut lines = many(|n| format!("Environment=V{}={n}\n", n % (MANY / 2)));
    lines += &many(|n| format!("Environment=W={n}\n"));
    let document = unit(&lines);
    let key = document.key("Service", "Environment").unwrap();
    assert_eq!(key.applied().len(), MANY / 2 + 1);
    assert_eq!(key.items().len(), MANY / 2 + 1);
    let read: Unit = document.deserialize().unwrap();
    assert_eq!(read.service.environment.len(), MANY / 2 + 1);
    assert_eq!(
        read.service.environment.last().unwrap(),
        &format!("W={}", MANY - 1)
    );
}

/// What the consumer ends with, of lists and of maps.
#[test]
fn many_values_are_effective() {
    let mut lines = many(|n| format!("ExecStartPre=/bin/{n}\n"));
    lines += &many(|n| format!("Environment=V{n}=1\n"));
    let document = unit(&lines);
    let effective = document.effective();
    let shown = effective.iter().flat_map(|part| &part.values);
    assert_eq!(
        shown.map(|value| value.lines().len()).sum::<usize>(),
        2 * MANY
    );
}

#[test]
fn many_headers_of_a_section_that_repeats() {
    let path = "systemd/network/a.network";
    let rules = Catalog::built_in().rules(path.as_ref()).unwrap();
    let routes = || lines(MANY / 4, |n| format!("[Route]\nGateway={n}\nGateway={n}\n"));
    let files = [
        ("/usr/lib/systemd/network/a.network", routes()),
        ("/etc/systemd/network/a.network.d/b.conf", routes()),
    ];
    let document = resolve(&files, rules.clone(), path);
    assert_eq!(document.effective().len(), MANY / 2);
    let differences = overlay_resolver::inspect::delta::delta(&document, &rules);
    assert_eq!(differences[1].keys[0].after.items.len(), MANY / 4);
}

/// A set to which the same is added again and again.
#[test]
fn a_set_has_each_item_once() {
    let mut tree = Tree::default().with(
        "/usr/lib/NetworkManager/NetworkManager.conf".as_ref(),
        "[main]\nplugins=a\n",
    );
    for n in 0..MANY / 10 {
        let path = format!("/etc/NetworkManager/conf.d/{n:05}.conf");
        tree = tree.with(path.as_ref(), format!("[main]\nplugins+=a,b{n}\n"));
    }
    let path = "NetworkManager/NetworkManager.conf";
    let rules = Catalog::built_in().rules(path.as_ref()).unwrap();
    let document = Resolver::new(tree)
        .rules(rules.clone())
        .resolve(path)
        .unwrap();
    let effective = document.effective();
    assert_eq!(effective[0].values[0].items.len(), MANY / 10 + 1);
    let differences = overlay_resolver::inspect::delta::delta(&document, &rules);
    assert_eq!(differences.len(), MANY / 10 + 1);
}

/// Each file has an empty table where the first has many keys.
#[test]
fn empty_tables_over_many_keys() {
    let mut tree = Tree::default().with(
        "/usr/lib/x.d/0.toml".as_ref(),
        many(|n| format!("a.k{n} = 1\n")),
    );
    for n in 0..2000 {
        tree = tree.with(format!("/etc/x.d/{n:05}.toml").as_ref(), "a = {}\n");
    }
    let rules = rules("format = 'toml'\nsuffix = '.toml'\ndrop-in-suffix = '.toml'");
    let document = Resolver::new(tree).rules(rules).resolve("x.d").unwrap();
    let counting = document
        .assignments()
        .filter(|a| a.state() == State::Applied);
    assert_eq!(counting.count(), MANY);
}

/// The name of a table is not stored once for each of its keys.
#[test]
fn a_long_table_of_many_keys() {
    let name = "n".repeat(100_000);
    let keys = lines(MANY / 2, |n| format!("k{n} = 1\n"));
    let files = [("/etc/x.toml", format!("[{name}]\n{keys}"))];
    let document = resolve(&files, rules("format = 'toml'"), "x.toml");
    assert_eq!(document.keys().count(), MANY / 2);
}

#[test]
fn many_files_are_checked() {
    let mut tree = Tree::default();
    for n in 0..5000 {
        let name = format!("/etc/x.d/{n}.conf");
        let text = format!("[S]\na{n}=1\n");
        tree = tree.with(name.as_ref(), text.clone());
        tree = tree.with(Path::new("/usr/lib").join(&name[5..]).as_ref(), text);
        // Masks of nothing, and files that are ignored.
        tree = tree.with_mask(format!("/etc/x.d/m{n}.conf").as_ref());
        tree = tree.with(format!("/etc/x.d/{n}.conf.bak").as_ref(), "");
    }
    let found = Resolver::new(tree).check("x.d").unwrap();
    let count = |code| {
        found
            .iter()
            .filter(|finding| finding.code.name() == code)
            .count()
    };
    assert_eq!(count("same-value"), 5000);
    assert_eq!(count("mask-of-nothing"), 5000);
    assert_eq!(count("unreachable-file"), 5000);
}

/// Each ignored file belongs to the entry that its name begins with.
#[test]
fn many_ignored_files_of_many_entries() {
    let mut tree = Tree::default();
    for n in 0..5000 {
        tree = tree.with(format!("/etc/x.d/{n}.conf").as_ref(), "a=1\n");
        tree = tree.with(format!("/etc/x.d/{n}.conf.bak").as_ref(), "a=1\n");
    }
    let rules = rules("shape = 'entries'");
    let scan = Resolver::new(tree).rules(rules).scan("x.d").unwrap();
    assert!(scan.entries.iter().all(|entry| entry.fragments.len() == 2));
}

#[test]
fn many_sections_that_nobody_knows() {
    let mut text = String::new();
    for n in 0..MANY / 4 {
        let _ = write!(text, "[s{n}]\nk=1\n");
    }
    let path = "systemd/journald.conf";
    let rules = Catalog::built_in().rules(path.as_ref()).unwrap();
    let tree = Tree::default().with("/etc/systemd/journald.conf".as_ref(), text);
    let found = Resolver::new(tree).rules(rules).check(path).unwrap();
    let unknown = found
        .iter()
        .filter(|finding| finding.code.name() == "unknown-key");
    // As many as are told, and that there are more.
    assert_eq!(unknown.count(), 1001);
}

/// What each of many drop-ins does to one key: of a scalar, a list and a map.
#[test]
fn many_drop_ins_of_one_key() {
    let drop_ins = 5000;
    let mut tree = Tree::default().with("/etc/systemd/system/a.service".as_ref(), "[Service]\n");
    for n in 0..drop_ins {
        let text = format!("[Service]\nType={n}\nExecStartPre=/bin/{n}\nEnvironment=V{n}=1\n");
        let path = format!("/etc/systemd/system/a.service.d/{n:05}.conf");
        tree = tree.with(path.as_ref(), text);
    }
    let path = "systemd/system/a.service";
    let rules = Catalog::built_in().rules(path.as_ref()).unwrap();
    let document = Resolver::new(tree)
        .rules(rules.clone())
        .with_history()
        .resolve(path)
        .unwrap();
    let differences = overlay_resolver::inspect::delta::delta(&document, &rules);
    assert_eq!(differences.len(), drop_ins + 1);
    for change in differences.iter().flat_map(|difference| &difference.keys) {
        assert_eq!(change.after.items.len(), 1);
        assert!(change.before.items.len() <= 1);
    }
}

/// A root in memory, where there is a place for that.
struct Image(TempDir);

impl Image {
    fn new() -> Self {
        let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self(place.expect("a directory"))
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    fn link(&self, text: &str, path: &str) {
        std::os::unix::fs::symlink(text, self.0.path().join(path)).expect("a symlink");
    }

    /// A resolver for one run that takes so many bytes apart.
    fn resolver(&self, total: usize) -> Resolver {
        let root = Root::open(self.0.path()).expect("a root");
        Resolver::new(root.for_one_run(total)).with_history()
    }
}

const UNITS: &str = "systemd/system";

/// Units that have drop-ins of their own and some of their type, and half of them another name.
fn units(count: usize) -> Image {
    let image = Image::new();
    for number in 0..4 {
        let type_wide = format!("usr/lib/{UNITS}/service.d/{number}.conf");
        image.write(&type_wide, "[Service]\nNice=1\n");
    }
    for number in 0..count {
        image.write(&format!("usr/lib/{UNITS}/a{number}.service"), "[Service]\n");
        let own = format!("etc/{UNITS}/a{number}.service.d/own.conf");
        image.write(&own, "[Service]\nNice=2\n");
    }
    for number in 0..count / 2 {
        let other = format!("etc/{UNITS}/b{number}.service");
        image.link(&format!("/usr/lib/{UNITS}/a{number}.service"), &other);
        image.write(&format!("{other}.d/x.conf"), "[Service]\nNice=3\n");
    }
    image
}

/// Each looks at the directory in which all of them are: for drop-ins of its type, and for its other names.
#[test]
fn many_units() {
    in_proportion(200, |count| {
        let image = units(count);
        let resolver = image.resolver(1 << 30);
        let mut told = 0;
        let taken = time(|| {
            for unit in resolver.members(UNITS.as_ref()) {
                let document = unit.document();
                assert!(document.get("Service", "Nice").is_some());
                told += document.findings().count();
            }
        });
        // Each unit is told of its other name, and each other name of its unit.
        assert_eq!(told, 2 * (count / 2));
        vec![("resolved", taken)]
    });
}

/// Files that are reached in every way, and how many documents each is a part of.
const WAYS: [(&str, usize); 8] = [
    ("usr/lib/x.conf", 1),
    ("etc/x.conf.d/a.conf", 1),
    // By a symlink, by another name, and below one of a higher layer.
    ("usr/share/linked", 1),
    ("usr/share/hard", 1),
    ("usr/lib/x.conf.d/a.conf", 1),
    // A template, and drop-ins of all units of a type and with a prefix.
    ("usr/lib/systemd/system/a-b@.service", 2),
    ("usr/lib/systemd/system/service.d/a.conf", 2),
    ("etc/systemd/system/a-@.service.d/b.conf", 2),
];

/// No read goes by the total of a run: a file counts for each document that it is a part of, once.
#[test]
fn every_read_counts_to_the_total_of_a_run() {
    const TEXT: &str = "[Service]\nNice=1\n";
    let image = Image::new();
    for (file, _) in WAYS {
        image.write(file, TEXT);
    }
    image.link("/usr/share/linked", "etc/x.conf.d/link.conf");
    let at = |path: &str| image.0.path().join(path);
    std::fs::hard_link(at("usr/share/hard"), at("etc/x.conf.d/hard.conf")).expect("a name");
    let paths = [
        "x.conf",
        "systemd/system/a-b@1.service",
        "systemd/system/a-b@2.service",
    ];
    let files: usize = WAYS.iter().map(|(_, documents)| documents).sum();
    // So many files of so many bytes: the one that does not fit is an error, and has no assignment.
    for fit in 0..=files {
        let resolver = image.resolver(fit * TEXT.len());
        let documents = paths.map(|path| resolver.resolve(path).expect("a path"));
        let read: usize = documents.iter().map(|one| one.assignments().count()).sum();
        assert_eq!(read, fit);
        let too_much = documents.iter().flat_map(Document::findings);
        let too_much = too_much
            .filter(|found| found.level == Level::Error && found.message.contains("one run reads"));
        let too_much = too_much.count();
        assert_eq!(too_much == 0, fit == files, "{fit}");
    }
}
