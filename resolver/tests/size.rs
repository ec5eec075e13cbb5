//! Inputs of a size at which whatever is quadratic takes minutes, and what is not a moment.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;

use overlay_resolver::document::State;
use overlay_resolver::{Catalog, Document, Resolver, Rules, Tree};

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
    assert_eq!(differences[1].keys[0].to_items().len(), MANY / 4);
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
    assert_eq!(unknown.count(), MANY / 4);
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
        assert_eq!(change.to_items().len(), 1);
        assert!(change.from_items().len() <= 1);
    }
}
