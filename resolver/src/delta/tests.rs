#![allow(
    clippy::disallowed_methods,
    reason = "a tree is a directory of the host, made by the test"
)]

use std::path::PathBuf;

use super::*;
use crate::Resolver;
use crate::format;
use crate::root::Root;
use crate::rules::{DropIns, Repeated, Rules};
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
            let items = |items: &[Cow<'_, [u8]>]| {
                let items = items
                    .iter()
                    .map(|item| String::from_utf8_lossy(item).into_owned());
                items.collect::<Vec<_>>().join(",")
            };
            lines.push(format!(
                "  {} {}: {} -> {}",
                change.change.word(),
                change.key.name(),
                items(change.from_items()),
                items(change.to_items())
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
fn symlinks_redirect_are_the_same_or_are_broken() {
    let place = tempfile::tempdir().unwrap();
    let at = |path: &str| place.path().join(path);
    for layer in ["usr/lib", "run", "etc", "srv"] {
        std::fs::create_dir_all(at(layer)).unwrap();
    }
    let texts = [
        ("usr/lib/x.conf", "[S]\nK=usr\n"),
        ("srv/a", "[S]\nK=srv\n"),
        ("srv/b", "[S]\nK=usr\n"),
    ];
    for (path, text) in texts {
        std::fs::write(at(path), text).unwrap();
    }
    for (text, expected) in [
        (
            "/srv/a",
            &[
                "redirected /etc/x.conf over /usr/lib/x.conf",
                "  changed K: usr -> srv",
            ][..],
        ),
        ("/srv/b", &["identical /etc/x.conf over /usr/lib/x.conf"]),
        (
            "../usr/lib/x.conf",
            &["equivalent /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            "/usr/lib/../lib/x.conf",
            &["equivalent /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            "../dev/null",
            &[
                "masked /etc/x.conf over /usr/lib/x.conf",
                "  removed K: usr -> ",
            ],
        ),
        ("/nowhere", &["broken /etc/x.conf over /usr/lib/x.conf"]),
        ("x.conf", &["broken /etc/x.conf over /usr/lib/x.conf"]),
        ("/srv", &["broken /etc/x.conf over /usr/lib/x.conf"]),
    ] {
        let link = at("etc/x.conf");
        std::fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(text, &link).unwrap();
        let root = Root::open(place.path()).unwrap();
        let document = document(root.into(), LAST(), "x.conf");
        let mut shown = shown(&document);
        shown.retain(|line| !line.starts_with("unchanged"));
        assert_eq!(shown, expected, "{text}");
    }
    // One file by two names.
    std::fs::remove_file(at("etc/x.conf")).unwrap();
    std::fs::hard_link(at("usr/lib/x.conf"), at("etc/x.conf")).unwrap();
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), LAST(), "x.conf");
    assert_eq!(
        shown(&document),
        ["equivalent /etc/x.conf over /usr/lib/x.conf"]
    );
}

#[test]
fn a_layer_that_is_another_by_a_symlink_is_the_same() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(place.path().join("usr/lib")).unwrap();
    std::fs::write(place.path().join("usr/lib/x.conf"), "[S]\nK=1\n").unwrap();
    std::os::unix::fs::symlink("usr/lib", place.path().join("lib")).unwrap();
    let rules = Rules {
        layers: Rules::default()
            .with_layers(["/lib", "/usr/lib"])
            .unwrap()
            .layers,
        ..LAST()
    };
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), rules, "x.conf");
    assert_eq!(
        shown(&document),
        ["equivalent /usr/lib/x.conf over /lib/x.conf"]
    );
}

#[test]
fn what_is_broken_does_not_hide_what_it_stands_over() {
    let place = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("usr/lib/x.conf", "[S]\nK=1\n"),
        ("etc/x.conf", "[S]\nK=2\n"),
    ] {
        std::fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(place.path().join(path), text).unwrap();
    }
    std::fs::create_dir_all(place.path().join("run/x.conf")).unwrap();
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), LAST(), "x.conf");
    assert_eq!(
        shown(&document),
        [
            "broken /run/x.conf over /usr/lib/x.conf",
            "overridden /etc/x.conf over /usr/lib/x.conf",
            "  changed K: 1 -> 2",
        ]
    );
}

#[test]
fn keys_without_a_schema_keep_every_value() {
    let rules = Rules {
        repeated: Repeated::Schema,
        ..LAST()
    };
    let files = [
        ("/usr/lib/x.conf", "[S]\nK=1\nK=2\n"),
        ("/etc/x.conf.d/a.conf", "[S]\nK=3\n"),
    ];
    assert_eq!(
        shown(&document(tree(&files), rules, "x.conf"))[2],
        "  changed K:  -> 3"
    );
}

#[test]
fn tables_that_become_values_lose_their_keys() {
    let files = [
        ("/usr/lib/x.toml", "[a]\nb = 1\nc = 2\n"),
        ("/etc/x.toml.d/1.toml", "a = 3\n"),
    ];
    let rules = Rules {
        drop_in_suffix: ".toml".into(),
        ..Rules::default()
    };
    assert_eq!(
        shown(&document(tree(&files), rules, "x.toml")),
        [
            "unchanged /usr/lib/x.toml over nothing",
            "extended /etc/x.toml.d/1.toml over /usr/lib/x.toml",
            "  added a:  -> 3",
            "  removed b: 1 -> ",
            "  removed c: 2 -> ",
        ]
    );
}

#[test]
fn without_history_files_that_are_hidden_are_not_compared() {
    let place = tempfile::tempdir().unwrap();
    for path in ["usr/lib/x.conf", "etc/x.conf"] {
        std::fs::create_dir_all(place.path().join(path).parent().unwrap()).unwrap();
        std::fs::write(place.path().join(path), "[S]\nK=1\n").unwrap();
    }
    let root = Root::open(place.path()).unwrap();
    let document = Resolver::new(root)
        .rules(LAST())
        .resolve(PathBuf::from("x.conf"))
        .unwrap();
    assert_eq!(delta(&document, &LAST())[0].class, Class::Overridden);
}

#[test]
fn a_list_of_several_keys_is_emptied_as_one() {
    let rules = Rules {
        schema: std::sync::Arc::new(crate::schema::Schema::named("systemd/unit").unwrap()),
        repeated: Repeated::Schema,
        ..LAST()
    };
    let files = [
        (
            "/usr/lib/x.timer",
            "[Timer]\nOnBootSec=1\nOnCalendar=daily\n",
        ),
        (
            "/etc/x.timer.d/1.conf",
            "[Timer]\nOnCalendar=\nOnCalendar=weekly\n",
        ),
    ];
    assert_eq!(
        shown(&document(tree(&files), rules, "x.timer")),
        [
            "unchanged /usr/lib/x.timer over nothing",
            "extended /etc/x.timer.d/1.conf over /usr/lib/x.timer",
            "  changed OnCalendar: daily -> weekly",
            "  removed OnBootSec: 1 -> ",
        ]
    );
}

/// An item of a set is the one that came first, however often it is added.
#[test]
fn a_set_changes_by_what_is_new_and_what_is_gone() {
    let schema = b"[section.S]\nset = ['N']\n";
    let schema = crate::schema::Schema::from_toml(Path::new("s.toml"), schema).unwrap();
    let rules = Rules {
        schema: schema.into(),
        repeated: Repeated::Schema,
        ..LAST()
    };
    for (lines, expected) in [
        ("N+=b", "changed N:  -> b"),
        ("N+=a", "same N: a -> a"),
        ("N+=a\nN+=a,d", "changed N: a -> a,d"),
        ("N+=a\nN-=a", "changed N: a -> "),
        ("N-=a\nN-=c", "removed N: a,c -> "),
        ("N=a,c", "same N: a,c -> a,c"),
        ("N+=a\nN=b", "changed N: a,c -> b"),
    ] {
        let drop_in = format!("[S]\n{lines}\n");
        let files = [
            ("/usr/lib/x.conf", "[S]\nN=a,c\n"),
            ("/etc/x.conf.d/1.conf", &*drop_in),
        ];
        let shown = shown(&document(tree(&files), rules.clone(), "x.conf"));
        assert_eq!(shown[2..], [format!("  {expected}")], "{lines}");
    }
}

/// What stands below another header is another item, which ends nothing.
#[test]
fn a_header_more_adds_to_a_section_that_repeats() {
    let path = "systemd/network/a.network";
    for (lines, expected) in [
        ("Gateway=2", "changed Gateway:  -> 2"),
        ("Gateway=1", "changed Gateway:  -> 1"),
        ("Gateway=2\nGateway=3", "changed Gateway:  -> 3"),
        ("Gateway=2\n[Route]\nGateway=3", "changed Gateway:  -> 2,3"),
    ] {
        let drop_in = format!("[Route]\n{lines}\n");
        let files = [
            ("/usr/lib/systemd/network/a.network", "[Route]\nGateway=1\n"),
            ("/etc/systemd/network/a.network.d/1.conf", &*drop_in),
        ];
        let rules = crate::Catalog::built_in().rules(path.as_ref()).unwrap();
        let shown = shown(&document(tree(&files), rules, path));
        assert_eq!(shown[2..], [format!("  {expected}")], "{lines}");
    }
}

#[test]
fn lines_are_there_or_are_not() {
    let rules = Rules {
        format: format::named("lines"),
        repeated: Repeated::Schema,
        ..LAST()
    };
    let files = [
        ("/usr/lib/x.d/1.conf", "a\nb\n"),
        ("/etc/x.d/2.conf", "b\nc\n"),
    ];
    assert_eq!(
        shown(&document(tree(&files), rules, "x.d"))[1..],
        [
            "extended /etc/x.d/2.conf over nothing",
            "  same b:  -> ",
            "  added c:  -> ",
        ]
    );
}

#[test]
fn a_text_that_nobody_takes_apart_has_no_keys() {
    let rules = Rules {
        format: format::named("opaque"),
        ..LAST()
    };
    let files = [("/usr/lib/x", "a\nb\n"), ("/etc/x", "a\nc\n")];
    assert_eq!(
        shown(&document(tree(&files), rules, "x")),
        ["overridden /etc/x over /usr/lib/x"]
    );
}

/// Keys that reset each other, in one file alone as in the document.
#[test]
fn a_file_alone_comes_to_what_merging_it_says() {
    let (both, one) = (
        "[Timer]\nOnBootSec=5\nOnCalendar=\n",
        "[Timer]\nOnBootSec=5\n",
    );
    let path = "systemd/system/a.timer";
    for (usr, etc, expected) in [
        (both, one, &["  added OnBootSec:  -> 5"][..]),
        (one, both, &["  removed OnBootSec: 5 -> "]),
    ] {
        let files = [
            ("/usr/lib/systemd/system/a.timer", usr),
            ("/etc/systemd/system/a.timer", etc),
        ];
        let rules = crate::Catalog::built_in().rules(path.as_ref()).unwrap();
        let shown = shown(&document(tree(&files), rules, path));
        assert_eq!(
            shown[0],
            "overridden /etc/systemd/system/a.timer over /usr/lib/systemd/system/a.timer"
        );
        assert_eq!(shown[1..], *expected);
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the tree is made by the test")]
fn a_file_that_is_hidden_extends_nothing() {
    let place = tempfile::tempdir().unwrap();
    let [usr, etc] = ["usr/lib", "etc"].map(|layer| place.path().join(layer).join("x.conf.d"));
    for directory in [&usr, &etc] {
        std::fs::create_dir_all(directory).unwrap();
    }
    std::fs::write(usr.join("a.conf"), "[S]\nK=1\n").unwrap();
    std::os::unix::fs::symlink("/nowhere", etc.join("a.conf")).unwrap();
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), LAST(), "x.conf");
    assert_eq!(
        shown(&document),
        [
            "unchanged /usr/lib/x.conf.d/a.conf over nothing",
            "broken /etc/x.conf.d/a.conf over /usr/lib/x.conf.d/a.conf",
        ]
    );
}

#[test]
fn where_nothing_is_loaded_no_key_changes() {
    let files = [(
        "/etc/systemd/system/a.timer.d/1.conf",
        "[Timer]\nOnCalendar=daily\n",
    )];
    let path = "systemd/system/a.timer";
    let rules = crate::Catalog::built_in().rules(Path::new(path)).unwrap();
    let found = document(tree(&files), rules, path);
    assert!(!found.0.loads());
    assert_eq!(
        shown(&found),
        ["extended /etc/systemd/system/a.timer.d/1.conf over nothing"]
    );
}
