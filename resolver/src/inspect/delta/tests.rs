#![allow(
    clippy::disallowed_methods,
    reason = "a tree is a directory of the host, made by the test"
)]

mod keys;
mod links;

use std::path::{Path, PathBuf};

use super::*;
use crate::Resolver;
use crate::format;
use crate::root::Root;
use crate::rules::{BrokenFile, DropIns, Layer, Repeated, Rules};
use crate::tree::Tree;

const LAST: fn() -> Rules = || Rules {
    format: format::named("gkeyfile"),
    repeated: Repeated::Last,
    ..Rules::default()
};

fn document(tree: Tree, rules: Rules, path: &str) -> (Document, Rules) {
    let resolver = Resolver::new(tree).rules(rules.clone()).with_history();
    (resolver.resolve(path).unwrap(), rules)
}

fn tree(files: &[(&str, &str)]) -> Tree {
    files
        .iter()
        .fold(Tree::default(), |tree, (path, text)| match *text {
            "-> /dev/null" => tree.with_mask(Path::new(path)),
            text => tree.with(Path::new(path), text),
        })
}

/// `class top < bottom`, one a line, with the keys below.
fn shown((document, rules): &(Document, Rules)) -> Vec<String> {
    let mut lines = Vec::new();
    for difference in delta(document, rules) {
        let bottom = difference
            .bottom
            .map_or("nothing".into(), |b| b.path.display().to_string());
        lines.push(format!(
            "{} {} over {bottom}",
            difference.class.word(),
            difference.top.path.display()
        ));
        for change in &difference.keys {
            let items = |items: &[std::borrow::Cow<'_, [u8]>]| {
                let items = items
                    .iter()
                    .map(|item| String::from_utf8_lossy(item).into_owned());
                items.collect::<Vec<_>>().join(",")
            };
            lines.push(format!(
                "  {} {}: {} -> {}",
                change.change.word(),
                change.key.name(),
                items(&change.before.values()),
                items(&change.after.values())
            ));
        }
    }
    lines
}

#[test]
fn every_step_of_a_stack_has_a_class() {
    let usr = ("/usr/lib/x.conf", "[S]\nK=usr\n");
    for (files, expected) in [
        (&[usr][..], &["unchanged /usr/lib/x.conf over nothing"][..]),
        (
            &[("/etc/x.conf", "[S]\nK=etc\n")],
            &["unchanged /etc/x.conf over nothing"],
        ),
        (
            &[usr, ("/etc/x.conf", "")],
            &[
                "masked /etc/x.conf over /usr/lib/x.conf",
                "  removed K: usr -> ",
            ],
        ),
        (
            &[usr, ("/etc/x.conf", "-> /dev/null")],
            &[
                "masked /etc/x.conf over /usr/lib/x.conf",
                "  removed K: usr -> ",
            ],
        ),
        (&[("/etc/x.conf", "")], &["masked /etc/x.conf over nothing"]),
        (
            &[usr, ("/etc/x.conf", "[S]\nK=usr\n")],
            &["identical /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            &[usr, ("/etc/x.conf", "[S]\nK=usr\nL=1\n")],
            &[
                "overridden /etc/x.conf over /usr/lib/x.conf",
                "  added L:  -> 1",
            ],
        ),
        // A middle layer is visible, and not compared across.
        (
            &[
                usr,
                ("/run/x.conf", "[S]\nK=run\n"),
                ("/etc/x.conf", "[S]\nL=1\n"),
            ],
            &[
                "overridden /run/x.conf over /usr/lib/x.conf",
                "  changed K: usr -> run",
                "overridden /etc/x.conf over /run/x.conf",
                "  removed K: run -> ",
                "  added L:  -> 1",
            ],
        ),
        // A mask over a mask can go; a file over a mask brings its keys.
        (
            &[usr, ("/run/x.conf", ""), ("/etc/x.conf", "-> /dev/null")],
            &[
                "masked /run/x.conf over /usr/lib/x.conf",
                "  removed K: usr -> ",
                "identical /etc/x.conf over /run/x.conf",
            ],
        ),
        (
            &[("/usr/lib/x.conf", ""), ("/etc/x.conf", "[S]\nK=etc\n")],
            &[
                "overridden /etc/x.conf over /usr/lib/x.conf",
                "  added K:  -> etc",
            ],
        ),
    ] {
        let document = document(tree(files), LAST(), "x.conf");
        assert_eq!(shown(&document), expected, "{files:?}");
    }
}

#[test]
fn drop_ins_extend_and_are_counted_once() {
    for (files, expected) in [
        (
            &[
                ("/usr/lib/x.conf", "[S]\nK=usr\nL=1\nM=1\n"),
                ("/usr/lib/x.conf.d/10-v.conf", "[S]\nK=v\n"),
                ("/etc/x.conf.d/50-mine.conf", "[S]\nK=v\nL=2\nN=3\n"),
            ][..],
            &[
                "unchanged /usr/lib/x.conf over nothing",
                "extended /usr/lib/x.conf.d/10-v.conf over /usr/lib/x.conf",
                "  changed K: usr -> v",
                "extended /etc/x.conf.d/50-mine.conf over /usr/lib/x.conf",
                "  same K: v -> v",
                "  changed L: 1 -> 2",
                "  added N:  -> 3",
            ][..],
        ),
        // An overridden drop-in is overridden, and extends nothing a second time.
        (
            &[
                ("/usr/lib/x.conf", "[S]\nK=usr\n"),
                ("/usr/lib/x.conf.d/10.conf", "[S]\nK=v\nL=1\n"),
                ("/etc/x.conf.d/10.conf", "[S]\nK=mine\nL=1\n"),
            ],
            &[
                "unchanged /usr/lib/x.conf over nothing",
                "overridden /etc/x.conf.d/10.conf over /usr/lib/x.conf.d/10.conf",
                "  changed K: v -> mine",
            ],
        ),
        (
            &[
                ("/usr/lib/x.conf.d/10.conf", "[S]\nK=v\n"),
                ("/etc/x.conf.d/10.conf", ""),
            ],
            &[
                "masked /etc/x.conf.d/10.conf over /usr/lib/x.conf.d/10.conf",
                "  removed K: v -> ",
            ],
        ),
        // Over what the program has built in.
        (
            &[("/etc/x.conf.d/10.conf", "[S]\nK=1\n")],
            &[
                "extended /etc/x.conf.d/10.conf over nothing",
                "  added K:  -> 1",
            ],
        ),
        // What does not count is nothing.
        (&[("/etc/x.conf.d/README", "[S]\nK=1\n")], &[]),
    ] {
        let document = document(tree(files), LAST(), "x.conf");
        assert_eq!(shown(&document), expected, "{files:?}");
    }
}

#[test]
fn in_a_collection_the_lowest_files_are_what_is_extended() {
    let files = [
        ("/usr/lib/x.d/10.conf", "[S]\nK=1\n"),
        ("/usr/lib/x.d/20.conf", "[S]\nK=2\n"),
        ("/etc/x.d/15.conf", "[S]\nK=3\n"),
    ];
    assert_eq!(
        shown(&document(tree(&files), LAST(), "x.d")),
        [
            "unchanged /usr/lib/x.d/10.conf over nothing",
            "extended /etc/x.d/15.conf over nothing",
            "  changed K: 1 -> 3",
            "unchanged /usr/lib/x.d/20.conf over nothing",
        ]
    );
    let own = document(tree(&[("/etc/x.d/1.conf", "[S]\nK=1\n")]), LAST(), "x.d");
    assert_eq!(shown(&own), ["unchanged /etc/x.d/1.conf over nothing"]);
}

#[test]
fn units_are_extended_by_the_drop_ins_of_their_prefixes_templates_and_types() {
    let rules = Rules {
        drop_ins: DropIns::Unit,
        main_decides: true,
        ..LAST()
    };
    let files = [
        ("/usr/lib/a-b@.service", "[S]\nK=0\n"),
        ("/usr/lib/service.d/1.conf", "[S]\nK=1\n"),
        ("/etc/a-@.service.d/2.conf", "[S]\nK=2\n"),
        ("/etc/a-b@.service.d/3.conf", "[S]\nK=3\n"),
        ("/run/a-b@c.service.d/3.conf", "[S]\nK=4\n"),
    ];
    // The instance's own directory is more specific, and yet /etc wins over /run.
    assert_eq!(
        shown(&document(tree(&files), rules.clone(), "a-b@c.service")),
        [
            "unchanged /usr/lib/a-b@.service over nothing",
            "extended /usr/lib/service.d/1.conf over /usr/lib/a-b@.service",
            "  changed K: 0 -> 1",
            "extended /etc/a-@.service.d/2.conf over /usr/lib/a-b@.service",
            "  changed K: 1 -> 2",
            "overridden /etc/a-b@.service.d/3.conf over /run/a-b@c.service.d/3.conf",
            "  changed K: 4 -> 3",
        ]
    );
    // With the unit its drop-ins are masked: the mask is the difference.
    let masked = tree(&files).with_mask(Path::new("/etc/a-b@c.service"));
    assert_eq!(
        shown(&document(masked, rules, "a-b@c.service")),
        [
            "masked /etc/a-b@c.service over nothing",
            "unchanged /usr/lib/service.d/1.conf over nothing",
            "unchanged /etc/a-@.service.d/2.conf over nothing",
            "overridden /etc/a-b@.service.d/3.conf over /run/a-b@c.service.d/3.conf",
            "  changed K: 4 -> 3",
        ]
    );
}

#[test]
fn what_is_broken_and_hidden_does_nothing() {
    let [usr, etc] = [
        ("usr/lib/x.conf", "[S]\nK=1\n"),
        ("etc/x.conf", "[S]\nK=2\n"),
    ];
    for (files, directories, expected) in [
        (
            &[usr, etc][..],
            &["run/x.conf"][..],
            &[
                "unchanged /run/x.conf over /usr/lib/x.conf",
                "overridden /etc/x.conf over /usr/lib/x.conf",
                "  changed K: 1 -> 2",
            ][..],
        ),
        (
            &[etc],
            &["usr/lib/x.conf"],
            &["overridden /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            &[usr],
            &["run/x.conf", "etc/x.conf"],
            &[
                "unchanged /usr/lib/x.conf over nothing",
                "unchanged /run/x.conf over /usr/lib/x.conf",
                "broken /etc/x.conf over /usr/lib/x.conf",
            ],
        ),
    ] {
        let place = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(place.path().join(path), text).unwrap();
        }
        for path in directories {
            std::fs::create_dir_all(place.path().join(path)).unwrap();
        }
        let root = Root::open(place.path()).unwrap();
        let document = document(root.into(), LAST(), "x.conf");
        assert_eq!(shown(&document), expected, "{files:?} {directories:?}");
    }
}

#[test]
fn a_drop_in_that_is_not_read_extends_nothing() {
    let files = [
        ("/usr/lib/x.conf", "[S]\nK=1\n"),
        ("/etc/x.conf.d/1.conf", "[S\n"),
        ("/etc/x.conf.d/2.conf", "[S]\nK=2\n"),
    ];
    for (broken_file, expected) in [
        (
            BrokenFile::Alone,
            &[
                "unchanged /etc/x.conf.d/1.conf over nothing",
                "extended /etc/x.conf.d/2.conf over /usr/lib/x.conf",
                "  changed K: 1 -> 2",
            ][..],
        ),
        (
            BrokenFile::EndsLoading,
            &[
                "broken /etc/x.conf.d/1.conf over nothing",
                "unchanged /etc/x.conf.d/2.conf over nothing",
            ],
        ),
        (
            BrokenFile::Fatal,
            &[
                "broken /etc/x.conf.d/1.conf over nothing",
                "unchanged /etc/x.conf.d/2.conf over nothing",
            ],
        ),
    ] {
        let rules = Rules {
            broken_file,
            ..LAST()
        };
        let document = document(tree(&files), rules, "x.conf");
        let vendor = "unchanged /usr/lib/x.conf over nothing";
        assert_eq!(
            shown(&document),
            [&[vendor], expected].concat(),
            "{broken_file:?}"
        );
    }
}

#[test]
fn a_mask_has_no_text_to_be_identical_with() {
    let files = [("/usr/lib/x.conf", "-> /dev/null"), ("/etc/x.conf", "")];
    let rules = Rules {
        empty_masks: false,
        ..LAST()
    };
    let shown = shown(&document(tree(&files), rules, "x.conf"));
    assert_eq!(shown[0], "overridden /etc/x.conf over /usr/lib/x.conf");
}
