//! What documents come to, in corners that were wrong once.

#![allow(clippy::disallowed_methods, reason = "real trees are made by the test")]

use std::path::Path;

use overlay_resolver::scan::Status;
use overlay_resolver::tree::Tree;
use overlay_resolver::{Document, Level, Located, Resolver, Rules};
use serde::Deserialize;

fn tree(files: &[(&str, &str)]) -> Tree {
    let file = |tree: Tree, (path, text): &(&str, &str)| tree.with(Path::new(path), *text);
    files.iter().fold(Tree::default(), file)
}

fn rules(toml: &str) -> Rules {
    Rules::from_toml(Path::new("r.toml"), toml.as_bytes()).expect("rules")
}

fn resolve(toml: &str, path: &str, files: &[(&str, &str)]) -> Document {
    let resolver = Resolver::new(tree(files)).rules(rules(toml));
    resolver.resolve(path).expect("a path")
}

/// What the usual syntax has no name for is no error where that is a guess; but nobody gets values out of it unasked.
#[test]
fn what_is_sound_is_what_is_read() {
    let guessed = |text: &str| {
        let resolver = Resolver::new(Tree::default()).with("/usr/lib/a.d/1.conf", "port=80\n");
        resolver
            .with("/etc/a.d/2.conf", text)
            .resolve("a.d")
            .unwrap()
    };
    for (text, is_sound) in [
        ("host=a\n", true),
        ("[bad\n", false),
        ("host=a\nno pair\n", true),
    ] {
        let document = guessed(text);
        let values = document.deserialize::<std::collections::BTreeMap<String, String>>();
        assert_eq!(
            (document.is_sound(), values.is_ok()),
            (is_sound, is_sound),
            "{text}"
        );
        let errors = document
            .findings()
            .filter(|found| found.level == Level::Error);
        assert_eq!(errors.count(), 0, "{text}");
    }
}

#[test]
fn lists_of_tables_differ_by_what_is_in_them() {
    let of = |text: &str| resolve("", "x.toml", &[("/etc/x.toml", text)]);
    let [one, other, spaced] = ["[[t]]\nn=1\n", "[[t]]\nn=77\n", "t = [ { n  =  1 } ]\n"].map(of);
    assert_ne!(one.digest(), other.digest());
    assert_eq!(
        one.digest(),
        spaced.digest(),
        "the value counts, not its layout"
    );
    let shown = one.get("", "t").expect("the list").shown();
    assert_eq!(String::from_utf8_lossy(&shown), "[{ n = 1 }]");
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unit {
    after: Option<Vec<Located<String>>>,
}

#[test]
fn items_of_a_list_know_the_line_that_brought_them() {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct File {
        unit: Unit,
    }
    let text = "[Unit]\nAfter=a.service b.service\nAfter=aa.service\n";
    let path = "systemd/system/x.service";
    let document = resolve(
        "extends = 'systemd-unit'",
        path,
        &[("/etc/systemd/system/x.service", text)],
    );
    let after = document
        .deserialize::<File>()
        .expect("a unit")
        .unit
        .after
        .expect("a list");
    let lines: Vec<_> = after
        .iter()
        .map(|item| (item.value.as_str(), item.line))
        .collect();
    assert_eq!(
        lines,
        [("a.service", 2), ("b.service", 2), ("aa.service", 3)]
    );
}

#[test]
fn an_emptied_list_is_an_empty_one() {
    #[derive(Deserialize)]
    struct Flat {
        list: Option<Vec<String>>,
    }
    let schema = "[schema.kind.own]\nmerge='append'\nsplit='words'\nempty='clear'\n[schema.section.\"\"]\nown=['list']";
    let of = |text: &str| resolve(schema, "x.conf", &[("/etc/x.conf", text)]);
    let list = |text: &str| of(text).deserialize::<Flat>().expect("flat").list;
    assert_eq!(list("list=a b\nlist=\n"), Some(Vec::new()));
    assert_eq!(list("other=1\n"), None);
    assert_ne!(of("list=\n").digest(), of("# nothing\n").digest());
}

#[test]
fn drop_ins_of_a_toml_file_are_toml_files() {
    let files = [
        ("/usr/lib/x.toml", "a = 1\nb = 1\n"),
        ("/etc/x.toml.d/50-mine.toml", "b = 2\n"),
    ];
    let document = resolve("", "x.toml", &files);
    assert_eq!(document.get("", "b").expect("b").value(), "2");
}

/// Real links: a broken file is the concern of its entry alone, also beside one that is named like its
/// directory; a masked main file does not hide that its only drop-in is broken; and a unit that is
/// another name of one says so.
#[test]
fn links_of_a_real_tree() -> Result<(), Box<dyn std::error::Error>> {
    use std::os::unix::fs::symlink;
    let place = tempfile::tempdir()?;
    for directory in ["etc/x.conf.d", "etc/systemd/system"] {
        std::fs::create_dir_all(place.path().join(directory))?;
    }
    let etc = place.path().join("etc");
    symlink("/dev/null", etc.join("x.conf"))?;
    symlink("nowhere", etc.join("x.conf.d/a.conf"))?;
    std::fs::write(
        etc.join("systemd/system/foo.service"),
        "[Service]\nExecStart=/a\n",
    )?;
    symlink("foo.service", etc.join("systemd/system/alias.service"))?;

    std::fs::create_dir(etc.join("cron.d"))?;
    std::fs::write(etc.join("cron.d/cron"), "A=1\n")?;
    symlink("nowhere", etc.join("cron.d/other"))?;

    let resolver = Resolver::open(place.path())?;
    let entries = resolver.clone().rules(rules("shape = 'entries'"));
    let documents = entries.entries("cron.d").unwrap().documents;
    let sound: Vec<_> = documents.iter().map(Document::is_sound).collect();
    assert_eq!(sound, [true, false], "each has its own findings");
    assert_eq!(
        resolver.resolve("x.conf").unwrap().entry().status,
        Status::Unusable
    );
    let units = resolver.rules(rules("extends = 'systemd-unit'"));
    let says = |path: &str| {
        units
            .resolve(path)
            .unwrap()
            .findings()
            .any(|f| f.message.contains("another name"))
    };
    assert_eq!(
        ["alias.service", "foo.service"].map(|unit| says(&format!("systemd/system/{unit}"))),
        [true, false]
    );
    Ok(())
}

#[test]
fn a_table_beats_all_of_a_list_that_grew() {
    use overlay_resolver::document::State;
    use overlay_resolver::{Resolver, Rules, Tree};

    let rules = b"format = 'toml'\nappend-lists = true\nsuffix = '.toml'\ndrop-in-suffix = '.toml'";
    let rules = Rules::from_toml("rules".as_ref(), rules).unwrap();
    for (last, counting) in [
        ("a.b = 1", &["1"][..]),
        ("a = 'text'", &["\"text\""]),
        ("a = [3]", &["[1]", "[2]", "[3]"]),
        ("a = {}", &["{}"]),
    ] {
        let files = ["a = [1]", "a = [2]", last];
        let tree = files
            .iter()
            .enumerate()
            .fold(Tree::default(), |tree, (n, text)| {
                tree.with(format!("/etc/x.d/{n}.toml").as_ref(), *text)
            });
        let document = Resolver::new(tree)
            .rules(rules.clone())
            .resolve("x.d")
            .unwrap();
        let applied = document
            .assignments()
            .filter(|a| a.state() == State::Applied);
        let applied: Vec<_> = applied
            .map(|a| String::from_utf8(a.shown().into_owned()).unwrap())
            .collect();
        assert_eq!(applied, counting, "{last}");
    }
}

/// What a fragment may say of one key, and what the key comes to: bootc's `kargs.d`, and zincati's windows.
mod ported {
    use super::*;

    const APPENDED: &str = "format = 'toml'\ndrop-in-suffix = '.toml'\nappend-lists = true";

    #[test]
    fn the_kernel_arguments_of_bootc() {
        #[derive(Deserialize)]
        struct Kargs {
            kargs: Vec<Located<String>>,
        }
        let files = [
            (
                "/usr/lib/bootc/kargs.d/00-base.toml",
                "kargs = [\"nosmt\", 'quiet']\n",
            ),
            ("/usr/lib/bootc/kargs.d/10-none.toml", "kargs = []\n"),
            (
                "/usr/lib/bootc/kargs.d/20-console.toml",
                "# serial\nkargs = ['console=ttyS0']\n",
            ),
            ("/etc/bootc/kargs.d/90-mine.toml", "kargs = ['debug']\n"),
        ];
        let schema =
            "format = 'toml'\ndrop-in-suffix = '.toml'\nschema.section.''.append = ['kargs']";
        for rules in [APPENDED, schema] {
            let document = resolve(rules, "bootc/kargs.d", &files);
            let Kargs { kargs } = document.deserialize().expect("lists");
            let found: Vec<_> = kargs
                .iter()
                .map(|arg| {
                    let name = arg.path.file_name().and_then(|name| name.to_str());
                    (arg.as_str(), name.expect("a name"), arg.line)
                })
                .collect();
            let expected = [
                ("nosmt", "00-base.toml", 1),
                ("quiet", "00-base.toml", 1),
                ("console=ttyS0", "20-console.toml", 2),
                ("debug", "90-mine.toml", 1),
            ];
            assert_eq!(found, expected);
            let explained = document.explain("", "kargs").to_string();
            assert!(
                explained.contains("['debug']  counts (4 of 4)"),
                "{explained}"
            );
            // The same in one file is the same.
            let all = "kargs = ['nosmt', 'quiet', 'console=ttyS0', 'debug']\n";
            let one = resolve(
                rules,
                "bootc/kargs.d",
                &[("/etc/bootc/kargs.d/1.toml", all)],
            );
            assert_eq!(one.digest(), document.digest());
        }
    }

    #[test]
    fn the_update_windows_of_zincati() {
        #[derive(Deserialize)]
        struct Config {
            updates: Updates,
        }
        #[derive(Deserialize)]
        struct Updates {
            strategy: Located<String>,
            periodic: Periodic,
        }
        #[derive(Deserialize)]
        struct Periodic {
            window: Vec<Located<Window>>,
        }
        #[derive(Debug, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Window {
            days: Vec<String>,
            start_time: String,
            length_minutes: u32,
        }
        let vendor = "[updates]\nstrategy = 'immediate'\n\n[[updates.periodic.window]]\ndays = ['Sat', 'Sun']\n\
                      start_time = '23:30'\nlength_minutes = 60\n\n[[updates.periodic.window]]\ndays = ['Wed']\n\
                      start_time = '01:00'\nlength_minutes = 30\n";
        let owner = "[updates]\nstrategy = 'periodic'\n[[updates.periodic.window]]\ndays = ['Mon']\n\
                     start_time = '04:00'\nlength_minutes = 15\n";
        let files = [
            ("/usr/lib/zincati/config.d/50-fedora.toml", vendor),
            ("/etc/zincati/config.d/55-strategy.toml", owner),
        ];
        let document = resolve(APPENDED, "zincati/config.d", &files);
        let Config { updates } = document.deserialize().expect("windows");
        let places = updates.periodic.window.iter().map(|window| {
            let name = window.path.file_name().expect("a name");
            (
                &*window.days[0],
                window.length_minutes,
                name.to_str().expect("UTF-8"),
            )
        });
        assert_eq!(
            places.collect::<Vec<_>>(),
            [
                ("Sat", 60, "50-fedora.toml"),
                ("Wed", 30, "50-fedora.toml"),
                ("Mon", 15, "55-strategy.toml")
            ]
        );
        assert_eq!(
            (&**updates.strategy, updates.strategy.line),
            ("periodic", 2)
        );
    }
}

#[test]
fn kinds_of_text_are_refused_where_values_have_types() {
    let schema =
        |format: &str| format!("{format}[schema.section.a]\nscalar = ['s']\nwords = ['w']\n");
    let at_once = schema("\nformat = 'toml'\n");
    let at_once = Rules::from_toml("r.toml".as_ref(), at_once.as_bytes()).unwrap_err();
    let what = "its schema takes text apart, and values of this format have types: use the kind `append`, which \
                adds lists up element by element, or leave the key out";
    assert_eq!(at_once.to_string(), format!("r.toml:3: [a] w: {what}"));

    // Which format it is may be told by the suffix of a file.
    let document = resolve(
        &schema(""),
        "x.toml",
        &[("/etc/x.toml", "[a]\ns = 1\nw = ['a b', 'c']\n")],
    );
    let error = document.deserialize::<serde_json::Value>().unwrap_err();
    assert_eq!(error.to_string(), format!("/etc/x.toml:3:1: w: {what}"));
    let anyway: serde_json::Value = document.deserialize_anyway().unwrap();
    assert_eq!(
        anyway["a"]["w"],
        serde_json::json!(["a b", "c"]),
        "as if it said nothing"
    );
}
