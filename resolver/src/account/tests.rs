use crate::inspect::why::{Line, line};
use crate::tree::Tree;
use crate::{Document, Resolver};

use super::*;
use crate::rules::Rules;

/// The document `x.conf` of a tree of `path: text`, where `null` is a symlink to `/dev/null`.
fn document(rules: &str, files: &[(&str, &str)]) -> (Rules, Document) {
    let mut tree = Tree::default();
    for (path, text) in files {
        tree = match *text {
            "null" => tree.with_mask(Path::new(path)),
            text => tree.with(Path::new(path), text),
        };
    }
    let rules = format!("format = 'gkeyfile'\nrepeated = 'last'\n{rules}");
    let rules = Rules::from_toml(Path::new("r"), rules.as_bytes()).unwrap();
    let document = Resolver::new(tree)
        .rules(rules.clone())
        .with_history()
        .resolve("x.conf")
        .unwrap();
    (rules, document)
}

const MAIN: (&str, &str) = ("/usr/lib/x.conf", "[S]\nA=1\nB=1\n");

fn check(rules: &str, files: &[(&str, &str)], expected: &[(&str, &str)]) {
    let (_, document) = document(rules, files);
    for (path, expected) in expected {
        let account = document.account(Path::new(path)).unwrap();
        assert_eq!(
            format!("{}: {account}", account.word()),
            *expected,
            "{path}"
        );
    }
}

#[test]
fn a_file_that_counts() {
    check(
        "",
        &[
            MAIN,
            ("/etc/x.conf.d/1.conf", "[S]\nA=2\n"),
            ("/etc/x.conf.d/2.conf", "# nothing\n"),
        ],
        &[
            (MAIN.0, "effective: 1 of its 2 assignments counts"),
            (
                "/etc/x.conf.d/1.conf",
                "effective: its one assignment counts",
            ),
            ("/etc/x.conf.d/2.conf", "blank: it assigns nothing"),
        ],
    );
}

#[test]
fn a_main_file_of_which_nothing_is_left() {
    check(
        "",
        &[
            ("/etc/x.conf", "[S]\nA=1\nA=2\nB=3\n"),
            ("/usr/lib/x.conf.d/1.conf", "[S]\nA=4\n"),
            ("/usr/lib/x.conf.d/2.conf", "[S]\nB=4\n"),
            // Whoever beats first is not who has to be beaten.
            ("/etc/x.conf.d/0.conf", "[S]\nA=3\n"),
        ],
        &[(
            "/etc/x.conf",
            "superseded: it is the main file, over which drop-ins are merged: all that it assigns is \
             assigned again by /usr/lib/x.conf.d/1.conf and /usr/lib/x.conf.d/2.conf",
        )],
    );
}

#[test]
fn a_drop_in_that_is_read_too_early() {
    check(
        "",
        &[
            ("/etc/x.conf.d/1.conf", "[S]\nA=1\n"),
            ("/usr/lib/x.conf.d/2.conf", "[S]\nA=2\n"),
        ],
        &[(
            "/etc/x.conf.d/1.conf",
            "superseded: it sorts too early: all that it assigns is assigned again by \
             /usr/lib/x.conf.d/2.conf",
        )],
    );
    check(
        "drop-in-order = 'layer'",
        &[
            ("/etc/x.conf.d/1.conf", "[S]\nA=1\n"),
            ("/usr/lib/x.conf.d/2.conf", "[S]\nA=2\n"),
        ],
        &[(
            "/usr/lib/x.conf.d/2.conf",
            "superseded: its layer is read too early: all that it assigns is assigned again by \
             /etc/x.conf.d/1.conf",
        )],
    );
}

/// The file that hides another is in a higher layer mostly, and not always.
#[test]
fn a_file_of_the_same_layer_hides_another() {
    let path = "systemd/system/a-b.service";
    let rules = crate::Catalog::built_in().rules(path.as_ref()).unwrap();
    let at = |path: &str| format!("/etc/systemd/system/{path}");
    let vendor = "/usr/lib/systemd/system/a-.service.d/1.conf";
    let tree = Tree::default()
        .with(at("a-b.service").as_ref(), "[Unit]\n")
        .with(at("service.d/1.conf").as_ref(), "[Unit]\nA=1\n")
        .with(at("a-.service.d/1.conf").as_ref(), "[Unit]\nA=1\n")
        .with(vendor.as_ref(), "[Unit]\nA=1\n");
    let document = Resolver::new(tree).rules(rules).resolve(path).unwrap();
    let highest = at("a-.service.d/1.conf");
    for (path, place) in [
        (
            &*at("service.d/1.conf"),
            "in a directory that ranks above its own",
        ),
        (vendor, "in a higher layer"),
    ] {
        let account = document.account(path.as_ref()).unwrap();
        let expected = format!("{highest} {place} has the same name, and replaces it whole");
        assert_eq!(account.to_string(), expected, "{path}");
    }
}

#[test]
fn files_of_one_name() {
    check(
        "",
        &[
            MAIN,
            ("/etc/x.conf", "[S]\nC=1\n"),
            ("/usr/lib/x.conf.d/1.conf", "[S]\nA=2\n"),
            ("/etc/x.conf.d/1.conf", "# off\n"),
            ("/usr/lib/x.conf.d/2.conf", "[S]\nA=2\n"),
            ("/etc/x.conf.d/2.conf", "null"),
            ("/etc/x.conf.d/3.conf", ""),
            ("/etc/x.conf.d/README", "x"),
            ("/etc/x.conf.d/.a.conf", "x"),
            ("/etc/x.conf.d/a.conf~", "x"),
        ],
        &[
            (
                MAIN.0,
                "shadowed: /etc/x.conf in a higher layer has the same name, and replaces it whole",
            ),
            (
                "/etc/x.conf.d/1.conf",
                "blank: it assigns nothing, and hides /usr/lib/x.conf.d/1.conf",
            ),
            (
                "/usr/lib/x.conf.d/2.conf",
                "masked: /etc/x.conf.d/2.conf masks it",
            ),
            (
                "/etc/x.conf.d/2.conf",
                "mask: a symlink to /dev/null masks /usr/lib/x.conf.d/2.conf",
            ),
            (
                "/etc/x.conf.d/3.conf",
                "mask: an empty file masks, but nothing of this name is below it",
            ),
            (
                "/etc/x.conf.d/README",
                "ignored: name does not end in .conf",
            ),
            ("/etc/x.conf.d/.a.conf", "ignored: hidden name"),
            ("/etc/x.conf.d/a.conf~", "ignored: name of a backup copy"),
        ],
    );
}

#[test]
fn a_file_that_cannot_be_read_right() {
    check(
        "",
        &[MAIN, ("/etc/x.conf.d/1.conf", "[S]\nA=1\njunk\n")],
        &[(
            "/etc/x.conf.d/1.conf",
            "invalid: its consumer reads nothing of it because of /etc/x.conf.d/1.conf:3",
        )],
    );
    check(
        "broken-file = 'fatal'",
        &[MAIN, ("/etc/x.conf.d/1.conf", "[S]\nA=1\njunk\n")],
        &[
            (
                "/etc/x.conf.d/1.conf",
                "invalid: its consumer loads nothing at all because of /etc/x.conf.d/1.conf:3",
            ),
            (
                MAIN.0,
                "not-loaded: its consumer loads nothing at all because of /etc/x.conf.d/1.conf:3",
            ),
        ],
    );
}

#[test]
fn a_file_that_its_consumer_does_not_come_to() {
    check(
        "broken-file = 'ends-loading'",
        &[
            ("/etc/x.conf.d/1.conf", "[S]\njunk\n"),
            ("/etc/x.conf.d/2.conf", "[S]\nA=1\n"),
        ],
        &[
            (
                "/etc/x.conf.d/1.conf",
                "invalid: its consumer stops at /etc/x.conf.d/1.conf:2, and reads none of the files after it",
            ),
            (
                "/etc/x.conf.d/2.conf",
                "not-reached: its consumer stops at /etc/x.conf.d/1.conf:2, and reads none of the files after it",
            ),
        ],
    );
}

#[test]
fn drop_ins_without_a_main_file() {
    check(
        "main-decides = true",
        &[("/etc/x.conf.d/1.conf", "[S]\nA=1\n")],
        &[(
            "/etc/x.conf.d/1.conf",
            "headless: changes nothing: no layer has a x.conf that it could be merged over",
        )],
    );
    check(
        "main-decides = true",
        &[
            MAIN,
            ("/etc/x.conf", ""),
            ("/etc/x.conf.d/1.conf", "[S]\nA=1\n"),
        ],
        &[
            (
                "/etc/x.conf",
                "mask: an empty file masks /usr/lib/x.conf and /etc/x.conf.d/1.conf",
            ),
            ("/etc/x.conf.d/1.conf", "masked: /etc/x.conf masks it"),
        ],
    );
}

proptest::proptest! {
    /// What is said to have no effect can go without one.
    #[test]
    fn a_file_without_effect_is_not_missed(
        texts in proptest::array::uniform8(0_usize..7),
        by_schema in proptest::bool::ANY,
        broken_file in proptest::sample::select(vec!["alone", "ends-loading", "fatal"]),
    ) {
        const TEXTS: [&str; 7] = ["", "# c\n", "[S]\nA=1\n", "[S]\nA=2\nB=1\n", "[S]\nB=3\n", "[S]\nA=1\njunk\n", "none"];
        let paths = ["/usr/lib/x.conf", "/etc/x.conf"].into_iter().chain([
            "/usr/lib/x.conf.d/1.conf", "/etc/x.conf.d/1.conf",
            "/usr/lib/x.conf.d/2.conf", "/run/x.conf.d/2.conf",
            "/etc/x.conf.d/0.conf", "/etc/x.conf.d/README",
        ]);
        let files = paths.zip(texts).map(|(path, text)| (path, TEXTS[text]));
        let files: Vec<_> = files.filter(|(_, text)| *text != "none").collect();
        let rules = format!(
            "format = 'gkeyfile'\nrepeated = '{}'\nbroken-file = '{broken_file}'",
            if by_schema { "schema" } else { "last" },
        );
        let rules = Rules::from_toml(Path::new("r"), rules.as_bytes()).unwrap();
        let tree = files.iter().fold(Tree::default(), |tree, (path, text)| tree.with(Path::new(path), *text));
        let resolver = Resolver::new(tree).rules(rules).with_history();
        let document = resolver.resolve("x.conf").unwrap();
        for (path, _) in files {
            let account = document.account(Path::new(path)).unwrap();
            if !account.has_effect() {
                let without = resolver.clone().without(path).resolve("x.conf").unwrap();
                let result = |d: &Document| d.loads().then(|| d.digest());
                proptest::prop_assert_eq!(result(&document), result(&without), "{} {}", path, account.word());
            }
        }
    }
}

#[test]
fn files_that_nobody_looks_at() {
    for (rules, path, expected) in [
        (
            "",
            "/opt/x.conf",
            "it is in a layer that its consumer does not have; those are \
          /usr/lib, /usr/local/lib, /run and /etc",
        ),
        (
            "drop-ins = 'none'",
            "/etc/x.conf.d/1.conf",
            "its consumer has no drop-ins",
        ),
        (
            "drop-ins = 'conf.d'",
            "/etc/x.conf.d/1.conf",
            "its consumer looks for drop-ins in conf.d",
        ),
    ] {
        let (rules, document) = document(rules, &[MAIN, (path, "[S]\nA=1\n")]);
        assert!(document.account(Path::new(path)).is_none(), "{path}");
        let why = Unread::by(&rules, Path::new(path), Path::new("x.conf"));
        assert_eq!(why.to_string(), expected, "{path}");
    }
}

#[test]
fn a_line_by_its_number() {
    let (rules, document) = document(
        "",
        &[
            ("/etc/x.conf", "# c\n\n[S]\nA=1\nA=2"),
            ("/etc/x.conf.d/1.conf", "[S]\njunk\n"),
            ("/etc/x.conf.d/2", "x"),
        ],
    );
    let format = document.entry().format(&rules);
    let shown = |path: &str, number| match line(&document, Path::new(path), format, number).unwrap()
    {
        Line::Assignments { first, others } => {
            let all: Vec<_> = std::iter::once(first).chain(others).collect();
            format!("{all:?}")
        }
        other => format!("{other:?}"),
    };
    for (path, number, expected) in [
        ("/etc/x.conf", 0, "Beyond(5)"),
        ("/etc/x.conf", 1, "Comment"),
        ("/etc/x.conf", 2, "Blank"),
        ("/etc/x.conf", 3, r#"Header("S")"#),
        ("/etc/x.conf", 4, "[/etc/x.conf:4 [S] A=1 superseded]"),
        ("/etc/x.conf", 5, "[/etc/x.conf:5 [S] A=2 applied]"),
        ("/etc/x.conf", 6, "Beyond(5)"),
        ("/etc/x.conf.d/2", 1, "NotRead"),
    ] {
        assert_eq!(shown(path, number), expected, "{path}:{number}");
    }
    assert!(shown("/etc/x.conf.d/1.conf", 2).starts_with("Problem("));
    assert!(line(&document, Path::new("/etc/y"), format, 1).is_none());
}
