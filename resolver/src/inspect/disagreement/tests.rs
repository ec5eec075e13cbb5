use super::*;
use crate::Resolver;
use crate::format;
use crate::rules::{BrokenFile, Layer, OnUnusable, Order, Repeated, Taken};
use crate::tree::Tree;

fn base() -> Rules {
    Rules {
        format: format::named("gkeyfile"),
        repeated: Repeated::Last,
        ..Rules::default()
    }
}

/// `what: first | second`, one a line.
fn shown(tree: &Tree, path: &str, [a, b]: [Rules; 2]) -> Vec<String> {
    let configurations = [a, b].map(|rules| {
        let resolver = Resolver::new(tree.clone()).rules(rules).with_history();
        resolver.configuration(path).unwrap()
    });
    let documents = [0, 1].map(|side: usize| configurations[side].document());
    let found = disagreements([0, 1].map(|side| Side {
        document: &documents[side],
        rules: configurations[side].rules(),
    }));
    let mut lines = Vec::new();
    if let Some(refusal) = &found.refusal {
        lines.push(format!(
            "{} loads nothing: {}",
            refusal.side,
            refusal.refusal.place()
        ));
    }
    for key in &found.keys {
        let show = |key: &Option<Key<'_>>| match key {
            Some(key) => {
                let items: Vec<_> = key
                    .items()
                    .iter()
                    .map(|i| BStr::new(&**i).to_string())
                    .collect();
                format!("{} {}", items.join(","), key.last().unwrap().place())
            }
            None => "none".into(),
        };
        let [a, b] = [&key.sides[0], &key.sides[1]].map(show);
        lines.push(format!("{}: {a} | {b}", key.name));
    }
    for file in &found.files {
        lines.push(format!(
            "{} {}: {}",
            file.counts_for,
            file.path.display(),
            file.why.brief()
        ));
    }
    for [a, b] in &found.order {
        let show = |paths: &[&Path]| {
            let names = paths
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap());
            names.collect::<Vec<_>>().join(" ")
        };
        lines.push(format!("order: {} | {}", show(a), show(b)));
    }
    assert_eq!(found.is_empty(), lines.is_empty());
    lines.extend(
        found
            .unsure
            .iter()
            .map(|key| format!("{}: unsure", key.name)),
    );
    lines
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let add = |tree: Tree, (path, text): &(&str, &str)| tree.with(Path::new(path), *text);
    files.iter().fold(Tree::default(), add)
}

#[test]
fn who_reads_alike_agrees() {
    let tree = tree(&[
        ("/usr/lib/x.conf", "[S]\nK=1\n"),
        ("/etc/x.conf.d/a.conf", "[S]\nK=2\n"),
    ]);
    assert_eq!(shown(&tree, "x.conf", [base(), base()]), [""; 0]);
}

#[test]
fn layers_order_and_names() {
    let files = [
        ("/usr/lib/x.d/z.conf", "[S]\nK=z\n"),
        ("/usr/local/lib/x.d/l.conf", "[S]\nL=1\n"),
        ("/etc/x.d/a.conf", "[S]\nK=a\nM=1\n"),
        ("/etc/x.d/.b.conf", "[S]\nN=1\n"),
        ("/etc/x.d/c.conf~", "[S]\nN=1\n"),
    ];
    let other = Rules {
        layers: ["/usr/lib", "/etc"]
            .map(|base| Layer::new(base).unwrap())
            .into(),
        drop_in_order: Order::Layer,
        read_hidden: true,
        ..base()
    };
    assert_eq!(
        shown(&tree(&files), "x.d", [base(), other]),
        [
            "K: z /usr/lib/x.d/z.conf:2 | a /etc/x.d/a.conf:2",
            "L: 1 /usr/local/lib/x.d/l.conf:2 | none",
            "N: none | 1 /etc/x.d/.b.conf:2",
            "1 /etc/x.d/.b.conf: ignored: hidden name",
            "0 /usr/local/lib/x.d/l.conf: unread: it is in a layer that its consumer does not have; those are /usr/lib and /etc",
            "order: a.conf z.conf | z.conf a.conf",
        ]
    );
}

#[test]
fn masks_and_what_they_hide() {
    let files = [
        ("/usr/lib/x.d/a.conf", "[S]\nK=1\n"),
        ("/usr/lib/x.d/b.conf", "[S]\nL=1\n"),
        ("/etc/x.d/a.conf", ""),
    ];
    // Empty as a file or as a mask: both hide what is below, so there is nothing to disagree about.
    let data = Rules {
        empty_masks: false,
        ..base()
    };
    assert_eq!(shown(&tree(&files), "x.d", [base(), data]), [""; 0]);
    let leaking = Rules {
        first_always_counts: true,
        ..base()
    };
    assert_eq!(
        shown(&tree(&files), "x.d", [base(), leaking]),
        [
            "K: none | 1 /usr/lib/x.d/a.conf:2",
            "1 /usr/lib/x.d/a.conf: masked by /etc/x.d/a.conf",
        ]
    );
    // The drop-ins of a masked main file.
    let files = [
        ("/usr/lib/x.conf", "[S]\nK=1\n"),
        ("/etc/x.conf", ""),
        ("/etc/x.conf.d/a.conf", "[S]\nL=1\n"),
    ];
    let unit = Rules {
        main_decides: true,
        lone_drop_ins: false,
        ..base()
    };
    assert_eq!(
        shown(&tree(&files), "x.conf", [base(), unit.clone()]),
        [
            "L: 1 /etc/x.conf.d/a.conf:2 | none",
            "0 /etc/x.conf.d/a.conf: masked by /etc/x.conf"
        ]
    );
    assert_eq!(
        shown(&tree(&files[2..]), "x.conf", [base(), unit]),
        [
            "L: 1 /etc/x.conf.d/a.conf:2 | none",
            "0 /etc/x.conf.d/a.conf: headless: changes nothing: no layer has a x.conf that it could be merged over",
        ]
    );
}

#[test]
fn links_that_one_follows_and_the_other_does_not() {
    let tree =
        tree(&[("/usr/lib/x.d/a.conf", "[S]\nK=1\n")]).with_mask(Path::new("/etc/x.d/a.conf"));
    let other = Rules {
        null_masks: crate::rules::NullMask::Never,
        unusable: OnUnusable::all(Taken::FallThrough),
        ..base()
    };
    assert_eq!(
        shown(&tree, "x.d", [base(), other]),
        [
            "K: none | 1 /usr/lib/x.d/a.conf:2",
            "1 /usr/lib/x.d/a.conf: masked by /etc/x.d/a.conf",
        ]
    );
}

#[test]
fn a_consumer_that_loads_nothing_is_all_there_is_to_tell() {
    let broken = tree(&[("/etc/x.conf", "[S]\nK=1\njunk\n")]);
    let strict = Rules {
        broken_file: BrokenFile::Fatal,
        ..base()
    };
    assert_eq!(
        shown(&broken, "x.conf", [base(), strict.clone()]),
        ["1 loads nothing: /etc/x.conf:3"]
    );
    assert_eq!(shown(&broken, "x.conf", [strict.clone(), strict]), [""; 0]);
    let null = Tree::default().with_mask(Path::new("/etc/x.conf"));
    let refuses = Rules {
        null_masks: crate::rules::NullMask::Never,
        unusable_main: OnUnusable::all(Taken::Fatal),
        ..base()
    };
    assert_eq!(
        shown(&null, "x.conf", [refuses, base()]),
        ["0 loads nothing: /etc/x.conf"]
    );
}

#[test]
fn files_after_a_broken_one_may_not_be_read() {
    let tree = tree(&[
        ("/etc/x.d/a.conf", "[S]\nK=1\n"),
        ("/etc/x.d/b.conf", "[S]\njunk\n"),
        ("/etc/x.d/c.conf", "[S]\nK=2\n"),
    ]);
    let stops = Rules {
        broken_file: BrokenFile::EndsLoading,
        ..base()
    };
    assert_eq!(
        shown(&tree, "x.d", [base(), stops]),
        [
            "K: 2 /etc/x.d/c.conf:2 | 1 /etc/x.d/a.conf:2",
            "0 /etc/x.d/c.conf: not-reached because of /etc/x.d/b.conf:2",
        ]
    );
}

#[test]
fn a_value_that_nobody_knows_may_be_the_same_and_is_told() {
    let tree = tree(&[
        ("/etc/x.conf", "[S]\nK=1\nK=2\nL=1\n"),
        ("/etc/x.conf.d/a.conf", "[S]\nL=1\n"),
    ]);
    let unknown = || Rules {
        repeated: Repeated::Schema,
        ..base()
    };
    // What says the same each time is the same in any case.
    assert_eq!(shown(&tree, "x.conf", [base(), unknown()]), ["K: unsure"]);
    let first = Rules {
        repeated: Repeated::Libeconf,
        ..base()
    };
    assert_eq!(
        shown(&tree, "x.conf", [unknown(), first]),
        ["K: 1,2 /etc/x.conf:3 | 1 /etc/x.conf:2"]
    );
}

#[test]
fn the_order_matters_where_it_has_an_effect_or_may_have_one() {
    let by_layer = |rules: Rules| Rules {
        drop_in_order: Order::Layer,
        ..rules
    };
    let files = [
        ("/usr/lib/x.d/z.conf", "[S]\nK=1\n"),
        ("/etc/x.d/a.conf", "[S]\nL=1\n"),
    ];
    let opaque = || Rules {
        format: format::named("opaque"),
        ..base()
    };
    let tree = tree(&files);
    assert_eq!(shown(&tree, "x.d", [base(), by_layer(base())]), [""; 0]);
    assert_eq!(
        shown(&tree, "x.d", [opaque(), by_layer(opaque())]),
        ["order: a.conf z.conf | z.conf a.conf"]
    );
}

#[test]
fn what_a_consumer_ignores_is_no_value() {
    let tree = tree(&[("/etc/x.conf", "[main]\ndns=none\n[other]\nK=1\n")]);
    let strict = || Rules {
        schema: Rules::named("networkmanager-conf").unwrap().schema,
        ..base()
    };
    assert_eq!(
        shown(&tree, "x.conf", [base(), strict()]),
        ["K: 1 /etc/x.conf:4 | none"]
    );
    assert_eq!(shown(&tree, "x.conf", [strict(), strict()]), [""; 0]);
}

/// A list that was reset is as if nobody had assigned it; that a set is empty may be what its owner wants.
#[test]
fn an_empty_set_may_be_something_else_than_none() {
    let path = "NetworkManager/NetworkManager.conf";
    let tree = tree(&[(
        "/etc/NetworkManager/NetworkManager.conf",
        "[main]\nplugins-=keyfile\n",
    )]);
    let known = || crate::Catalog::built_in().rules(path.as_ref()).unwrap();
    let other = Rules {
        schema: crate::Catalog::built_in()
            .rules("systemd/journald.conf".as_ref())
            .unwrap()
            .schema,
        ..known()
    };
    assert_eq!(shown(&tree, path, [other, known()]), ["plugins: unsure"]);
}
