use overlay_resolver::format::named;
use proptest::prelude::*;

use super::plain::is_plain;
use super::*;

fn known(format: &str) -> Dialect {
    Dialect::Known(named(format).unwrap())
}

fn merged(dialect: Dialect, texts: [&str; 3]) -> Result<String, String> {
    let merged = merge(dialect, texts.map(str::as_bytes)).map_err(|why| why.to_string())?;
    Ok(String::from_utf8(merged.text).unwrap())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_table_of_lines() {
    for (what, format, old, current, new, expected) in [
        (
            "the row of the reference",
            "",
            "a=1\nb=1\n",
            "a=USER\nb=1\n",
            "a=1\nb=2\nc=2\n",
            "a=USER\nb=2\nc=2\n",
        ),
        (
            "nothing changed",
            "systemd",
            "[A]\nx=1\n",
            "[A]\nx=1\n",
            "[A]\nx=1\n",
            "[A]\nx=1\n",
        ),
        (
            "comments, blanks and order are the owner's",
            "systemd",
            "[A]\nx=1\ny=1\n",
            "# mine\n[A]\n\ny = 1\n; why\n  x = 2\n",
            "[A]\n# the vendor's\nx=1\ny=3\n",
            "# mine\n[A]\n\ny=3\n; why\n  x = 2\n",
        ),
        (
            "both changed one: the owner's stays",
            "systemd",
            "[A]\nx=1\n",
            "[A]\nx=2\n",
            "[A]\nx=3\n",
            "[A]\nx=2\n",
        ),
        (
            "a key that the owner took away stays away",
            "systemd",
            "[A]\nx=1\ny=1\n",
            "[A]\ny=1\n",
            "[A]\nx=2\ny=2\n",
            "[A]\ny=2\n",
        ),
        (
            "a key that the vendor took away goes, one that the owner changed stays",
            "systemd",
            "[A]\nx=1\ny=1\n",
            "[A]\nx=1\n# of y\ny=2\n",
            "[A]\n",
            "[A]\n# of y\ny=2\n",
        ),
        (
            "new keys go behind those that they follow",
            "systemd",
            "[A]\nx=1\ny=1\n",
            "[A]\ny=2\nx=1\n# end\n\n[B]\nz=1\n",
            "[A]\nx=1\np=1\nq=1\ny=1\n",
            "[A]\ny=2\nx=1\np=1\nq=1\n# end\n\n[B]\nz=1\n",
        ),
        (
            "a new first key goes to the end of its section",
            "systemd",
            "[A]\nx=1\n",
            "[A]\nx=2\n\n[B]\n",
            "[A]\np=1\nx=1\n",
            "[A]\nx=2\np=1\n\n[B]\n",
        ),
        (
            "a new section goes to the end, a missing line end is made up for",
            "gkeyfile",
            "[A]\nx=1\n",
            "[A]\nx=2",
            "[B]\np=1\n\n[A]\nx=1\n\n[C]\nq=1",
            "[A]\nx=2\n\n[B]\np=1\n\n[C]\nq=1\n",
        ),
        (
            "into an empty section",
            "systemd",
            "[A]\n",
            "[A]\n# mine\n",
            "[A]\nx=1\n",
            "[A]\nx=1\n# mine\n",
        ),
        (
            "into a file without a section",
            "systemd-flat",
            "[A]\nx=1\n",
            "# about A\n[A]\nx=2\n",
            "y=1\n[A]\nx=1\n",
            "y=1\n# about A\n[A]\nx=2\n",
        ),
        (
            "all assignments of a key are its value",
            "systemd",
            "[A]\nx=1\nx=2\ny=1\n",
            "[A]\nx=1\nx=2\ny=2\n",
            "[A]\nx=\nx=1\nx=3\ny=1\n",
            "[A]\nx=\nx=1\nx=3\ny=2\n",
        ),
        (
            "fewer of them",
            "systemd",
            "[A]\nx=1\nx=2\nx=3\ny=1\n",
            "[A]\nx=1\ny=2\nx=2\nx=3\n",
            "[A]\nx=4\ny=1\n",
            "[A]\nx=4\ny=2\n",
        ),
        (
            "the owner added to a list, the vendor too: the owner's stays",
            "systemd",
            "[A]\nx=1\n",
            "[A]\nx=1\nx=2\n",
            "[A]\nx=1\nx=3\n",
            "[A]\nx=1\nx=2\n",
        ),
        (
            "continued lines",
            "systemd",
            "[A]\nx=1 \\\n 2\ny=1\n",
            "[A]\nx=1 \\\n 2\ny=2\n",
            "[A]\nx=1 \\\n 3\ny=1\n",
            "[A]\nx=1 \\\n 3\ny=2\n",
        ),
        (
            "sysctl: two spellings of one variable",
            "sysctl",
            "kernel.panic=1\na.b=1\n",
            "kernel/panic = 1\na.b=2\n",
            "kernel.panic=5\na.b=1\n",
            "kernel.panic=5\na.b=2\n",
        ),
        (
            "quotes",
            "env-file",
            "A=\"1 2\"\nB=1\n",
            "A='1 2'\nB=2\n",
            "A=\"1 3\"\nB=1\n",
            "A=\"1 3\"\nB=2\n",
        ),
        (
            "TOML: single values",
            "toml",
            "a = 1\n[t]\nb = [1]\nc = 'x'\n",
            "# mine\na = 5 # five\n[t]\nc = 'x' # c\nb = [1]\nmine = 1\n",
            "a = 1\n[t]\nb = [\n  1,\n  2,\n]\nc = \"y\"\n",
            "# mine\na = 5 # five\n[t]\nc = \"y\" # c\nb = [\n  1,\n  2,\n]\nmine = 1\n",
        ),
        (
            "JSON: single values",
            "json",
            r#"{"a": 1, "t": {"b": [1]}}"#,
            r#"{ "mine": 1, "t": {"b": [1]}, "a": 1 }"#,
            r#"{"a": "1", "t": {"b": [1, 2]}}"#,
            r#"{ "mine": 1, "t": {"b": [1, 2]}, "a": "1" }"#,
        ),
        (
            "locales are keys of their own",
            "gkeyfile",
            "[A]\nx=1\nx[de]=1\n",
            "[A]\nx=2\nx[de]=1\n",
            "[A]\nx=1\nx[de]=3\n",
            "[A]\nx=2\nx[de]=3\n",
        ),
        ("into nothing", "", "", "\n", "x=1\n", "\nx=1\n"),
    ] {
        let dialect = if format.is_empty() {
            Dialect::Plain
        } else {
            known(format)
        };
        assert_eq!(
            merged(dialect, [old, current, new]).as_deref(),
            Ok(expected),
            "{what}"
        );
    }
}

#[test]
fn what_nobody_can_be_sure_of_is_not_merged() {
    for (dialect, texts, expected) in [
        (
            known("systemd"),
            ["[A]\nx=1\n", "[A]\nx=2\njunk\n", "[A]\nx=1\ny=1\n"],
            "line 3 of your file: ",
        ),
        (
            known("systemd"),
            ["[R]\nx=1\n", "[R]\nx=1\n[R]\nx=2\n", "[R]\nx=1\ny=1\n"],
            "your file has the section [R] twice",
        ),
        (
            known("toml"),
            ["x=1", "x=2", "x=1\ny=1"],
            "of files of this format single values are merged, and the vendor added or removed y",
        ),
        (
            known("json"),
            [r#"{"a": 1, "b": 1}"#, r#"{"a": 1, "b": 2}"#, r#"{"b": 1}"#],
            "of files of this format single values are merged, and the vendor added or removed a",
        ),
        (
            known("toml"),
            [
                "[[a]]\nx=1\n[[a]]\ny=1\n",
                "z=1\n[[a]]\nx=1\n[[a]]\ny=1\n",
                "[[a]]\nx=2\n[[a]]\ny=1\n",
            ],
            "the result would be read otherwise than it is meant",
        ),
        (
            known("lines"),
            ["a", "a\nb", "a\nc"],
            "files of this format are taken as a whole",
        ),
        (
            known("opaque"),
            ["a", "a\nb", "a\nc"],
            "files of this format are taken as a whole",
        ),
        (
            Dialect::Plain,
            ["x=1\n", "x=2\n", "x=1\nroot:x:0:0\n"],
            "its consumer is not known, and line 2 of the vendor's new file is no plain `key=value`",
        ),
    ] {
        let found = merged(dialect, texts).unwrap_err();
        assert!(found.starts_with(expected), "{found}");
    }
}

#[test]
fn plain_is_what_can_be_read_in_one_way_only() {
    for (line, expected) in [
        ("", true),
        ("# x", true),
        ("[a]", true),
        ("[remote x]", true),
        ("a=b", true),
        ("a-b.c_9 = b c", true),
        ("a=", true),
        ("a=\"b\"", true),
        ("a='b c'", true),
        ("; x", false),
        ("a", false),
        ("=b", false),
        ("a b=c", false),
        ("a=b\\", false),
        ("# x\\", false),
        ("a=\"b", false),
        ("a='b", false),
        ("a=`b", false),
        ("[a]b]", false),
        ("[]", false),
        ("export A=b", false),
        ("UUID=1 / ext4 defaults 0 1", true),
        ("/dev/sda1 / ext4 ro=1 0 1", false),
        ("a=b\0c", false),
    ] {
        assert_eq!(is_plain(line.as_bytes()), expected, "{line}");
    }
    assert_eq!(
        merged(Dialect::Plain, ["a=1\n", "a=1\na=2\n", "a=1\nb=1\n"]).unwrap_err(),
        "its consumer is not known, and line 2 of your file is no plain `key=value`"
    );
}

/// Quadratic, this would take long.
#[test]
fn time_is_in_proportion_to_size() {
    let sections = |value: &str| -> String {
        let section = |number| format!("[{number}]\nx{value}={value}\n");
        (0..10_000).map(section).collect()
    };
    let (one, two) = (sections("1"), sections("2"));
    let merge = |texts: [&str; 3]| merged(known("systemd"), texts).unwrap().len();
    assert_eq!(merge(["", "", &one]), one.len() + 10_000 - 1);
    assert_eq!(merge([&one, &one, &two]), two.len());
    assert_eq!(merge(["", &one, &two]), one.len() + 10_000 * "x2=2\n".len());
}

#[test]
fn every_key_says_where_its_values_stand() {
    let texts = [
        "[A]\nx=1\ny=1\nz=1\n",
        "[A]\n\nx=2\ny=1\nz=1\n",
        "# new\n[A]\nx=3\ny=2\nz=1\n",
    ];
    let found = merge(known("systemd"), texts.map(str::as_bytes))
        .unwrap()
        .keys;
    let lines = |key: &KeyReport| {
        [&key.old, &key.current, &key.new].map(|side| side.as_ref().map(|side| side.line))
    };
    let found: Vec<_> = found
        .iter()
        .map(|key| (key.key.to_string(), key.action, lines(key)))
        .collect();
    assert_eq!(
        found,
        [
            (
                "x".into(),
                KeyAction::Keep { conflict: true },
                [Some(2), Some(3), Some(3)]
            ),
            ("y".into(), KeyAction::Write, [Some(3), Some(4), Some(4)]),
        ]
    );
}

/// A text of few keys, so that they meet.
fn text() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        6 => ("[abc]", "[12 ]{0,2}").prop_map(|(key, value)| format!("{key}={value}\n")),
        1 => Just("# comment\n".to_owned()),
        1 => Just("\n".to_owned()),
    ];
    let lines = prop::collection::vec(line, 0..5).prop_map(|lines| lines.concat());
    (lines.clone(), lines.clone(), lines, any::<bool>()).prop_map(|(first, second, third, swap)| {
        let [x, y] = if swap { ["Y", "X"] } else { ["X", "Y"] };
        format!("{first}[{x}]\n{second}[{y}]\n{third}")
    })
}

fn values(dialect: Dialect, text: &[u8]) -> BTreeMap<(BString, BString), Vec<BString>> {
    let text = read(dialect, text, "").unwrap_or_else(|why| panic!("{why}"));
    let found = assigned(dialect, &text, "").unwrap_or_else(|why| panic!("{why}"));
    found
        .into_iter()
        .map(|((section, key), found)| ((section.to_owned(), key.to_owned()), found.values))
        .collect()
}

proptest! {
    #[test]
    fn each_key_follows_the_rule(old in text(), current in text(), new in text()) {
        for format in ["systemd-flat", "libeconf", "sysctl"] {
            let dialect = known(format);
            let texts = [&old, &current, &new].map(String::as_bytes);
            let Ok(merged) = merge(dialect, texts) else { continue };
            let [old, current, new, result] =
                [texts[0], texts[1], texts[2], &merged.text].map(|text| values(dialect, text));
            let names: BTreeSet<_> = old.keys().chain(current.keys()).chain(new.keys()).collect();
            for name in names {
                let expected = if current.get(name) == old.get(name) { new.get(name) } else { current.get(name) };
                prop_assert_eq!(result.get(name), expected, "{:?}", name);
            }
        }
    }

    #[test]
    fn whoever_changed_nothing_loses_nothing(one in text(), other in text()) {
        let dialect = known("systemd-flat");
        let merge = |texts: [&String; 3]| merge(dialect, texts.map(String::as_bytes)).unwrap();
        prop_assert_eq!(values(dialect, &merge([&one, &one, &other]).text), values(dialect, other.as_bytes()));
        prop_assert_eq!(merge([&one, &other, &one]).text, other.as_bytes());
        prop_assert_eq!(merge([&one, &other, &other]).text, other.as_bytes());
    }

    #[test]
    fn the_merge_of_a_merge_is_itself(old in text(), current in text(), new in text()) {
        let dialect = known("systemd-flat");
        let once = merge(dialect, [&old, &current, &new].map(String::as_bytes)).unwrap().text;
        let again = merge(dialect, [new.as_bytes(), &once, new.as_bytes()]).unwrap().text;
        prop_assert_eq!(once, again);
    }

    #[test]
    fn no_bytes_are_a_surprise(
        old in prop::collection::vec(bytes(), 0..24),
        current in prop::collection::vec(bytes(), 0..24),
        new in prop::collection::vec(bytes(), 0..24),
    ) {
        for format in overlay_resolver::format::names() {
            let _ = merge(known(format), [&old, &current, &new]);
        }
        let _ = merge(Dialect::Plain, [&old, &current, &new]);
    }
}

/// What has a meaning in some format.
fn bytes() -> impl Strategy<Value = u8> {
    prop_oneof![
        prop::sample::select(b"ab=[]\n\r\0\\\"'#; \t-/.".to_vec()),
        any::<u8>()
    ]
}
