//! What changes, key by key.

use super::*;

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
        ["unchanged /etc/systemd/system/a.timer.d/1.conf over nothing"]
    );
}
