use proptest::prelude::*;

use super::*;
use crate::format::nested::testing::{read, rebuild, show};

#[test]
fn table() {
    let cases: &[(&str, &[&str])] = &[
        ("", &[]),
        ("# nothing\n\n", &[]),
        ("a = 1", &["1: [] a = 1 | 1"]),
        (
            "a = 1\r\nb = 2\r\n",
            &["1: [] a = 1 | 1", "2: [] b = 2 | 2"],
        ),
        (
            "[s]\nb = 'x' # c\na = true\n",
            &["2: [s] b = 'x' | \"x\"", "3: [s] a = true | true"],
        ),
        ("a.b.c = 0x1F", &["1: [a.b] c = 0x1F | 31"]),
        ("[\"a.b\".c]\n\"\" = 1", &["2: [\"a.b\".c] \"\" = 1 | 1"]),
        ("'x y' = -0.5", &["1: [] \"x y\" = -0.5 | -0.5"]),
        (
            "é = 1",
            &["1: invalid unquoted key, expected letters, numbers, `-`, `_` at `é = 1`"],
        ),
        (
            "a = [\n 1,\n # c\n 2 ]\nb=3",
            &["1-4: [] a = [\n 1,\n # c\n 2 ] | [1,2]", "5: [] b = 3 | 3"],
        ),
        ("s = '''\nx\n'''", &["1-3: [] s = '''\nx\n''' | \"x\\n\""]),
        (
            "t = { b = 1, a.c = 'x' }",
            &["1: [t] b = 1 | 1", "1: [t.a] c = 'x' | \"x\""],
        ),
        ("t = {}", &["1: [] t = {} | {}"]),
        (
            "[a]\n[b.c]\n[d]\nx=1",
            &[
                "1: [] a = [a] | {}",
                "2: [b] c = [b.c] | {}",
                "4: [d] x = 1 | 1",
            ],
        ),
        (
            "l = [{ z = 1, a = {} }]",
            &["1: [] l = [{ z = 1, a = {} }] | [{\"z\":1,\"a\":{}}]"],
        ),
        (
            "[[l]]\nz = 1\n[o]\nx = 1\n[[l]]\n[l.in]\ny = 2",
            &[
                "1: [] l = [[l]] | [{\"z\":1},{\"in\":{\"y\":2}}]",
                "4: [o] x = 1 | 1",
            ],
        ),
        (
            // Not in the order of the keys, which is that of the crate's map.
            "z = 1\n[m]\ny = 1\n[a]\nx = 1",
            &["1: [] z = 1 | 1", "3: [m] y = 1 | 1", "5: [a] x = 1 | 1"],
        ),
        (
            "d = 1979-05-27 07:32:00Z\nt = 07:32:00.50",
            &[
                "1: [] d = 1979-05-27 07:32:00Z | \"1979-05-27 07:32:00Z\"",
                "2: [] t = 07:32:00.50 | \"07:32:00.50\"",
            ],
        ),
        (
            "i = 9223372036854775808",
            &["1: [] i = 9223372036854775808 | 9223372036854775808"],
        ),
        ("f = -inf", &["1: [] f = -inf | null"]),
        ("f = 1e400", &["1: the number is out of range at `1e400`"]),
        (
            "i = 1000000000000000000000000000000000000000",
            &["1: the number is out of range at `1000000000000000000000000000000000000000`"],
        ),
        (
            "a = 1\nb = x\nc = 2",
            &["2: string values must be quoted, expected literal string at `x`"],
        ),
        ("a = 1\na = 2", &["2: duplicate key at `a = 2`"]),
        ("a = 1\n\n[a]", &["3: duplicate key at `a]`"]),
        (
            "a =",
            &["1: string values must be quoted, expected literal string at ``"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(show(&Toml, text), *expected, "{text}");
    }
}

#[test]
fn other_bytes_are_a_problem_on_their_line() {
    let items = read(&Toml, b"a = 1\nb = '\xff'\n");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].span.clone(), items[0].lines.clone()),
        (11..14, 2..=2)
    );
}

#[test]
fn deep_texts_do_not_overflow_the_stack() {
    let deep = 100_000;
    // No single key and no nesting of values is deep here, but their product is.
    let long = vec!["a"; 60].join(".");
    for text in [
        format!("a = {}", "[".repeat(deep)),
        format!("a = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("a = {}1{}", "{a = ".repeat(deep), "}".repeat(deep)),
        format!("{} = 1", vec!["a"; deep].join(".")),
        format!("[{}]", vec!["a"; deep].join(".")),
        format!("[[{}]]", vec!["a"; deep].join(".")),
        format!(
            "[{long}]\n{long} = {}1{}",
            format!("{{{long} = ").repeat(60),
            "}".repeat(60)
        ),
    ] {
        let shown = show(&Toml, &text);
        assert_eq!(shown.len(), 1);
        assert!(
            shown[0].contains("nested deeper than 128 levels"),
            "{:.80}",
            shown[0]
        );
    }
}

#[test]
fn only_depth_counts() {
    let wide = "1, ".repeat(1000);
    let keys: Vec<_> = (0..1000).map(|i| format!("k{i}.x.y = 1.5\n")).collect();
    let headers: Vec<_> = (0..1000)
        .map(|i| format!("[h{i}.x.y]\nz.z = [{{ a.b = 1 }}, 2]\n"))
        .collect();
    for (text, count) in [
        (format!("a = [{wide}]"), 1),
        (format!("a = [{}]", "[1.5, 2.5], {}, ".repeat(1000)), 1),
        (keys.concat(), 1000),
        (headers.concat(), 1000),
        (format!("a = {}{}", "[".repeat(79), "]".repeat(79)), 1),
    ] {
        assert_eq!(show(&Toml, &text).len(), count, "{text:.80}");
        assert!(
            rebuild(read(&Toml, text.as_bytes())).is_some(),
            "{text:.80}"
        );
    }
}

fn to_toml(node: Node) -> toml::Value {
    match node {
        Node::Null => panic!("TOML has no null"),
        Node::Boolean(boolean) => boolean.into(),
        Node::Integer(integer) => i64::try_from(integer).unwrap().into(),
        Node::Float(float) => float.into(),
        Node::String(text) => text.into(),
        Node::Datetime(text) => toml::Value::Datetime(text.parse().unwrap()),
        Node::Array(elements) => toml::Value::Array(elements.into_iter().map(to_toml).collect()),
        Node::Table(entries) => {
            let entries = entries.into_iter();
            toml::Value::Table(entries.map(|(key, node)| (key, to_toml(node))).collect())
        }
    }
}

fn any_value() -> impl Strategy<Value = toml::Value> {
    const DATES: &[&str] = &[
        "1979-05-27T07:32:00.5-07:00",
        "1979-05-27T07:32:00",
        "1979-05-27",
        "07:32:00",
    ];
    let leaf = prop_oneof![
        any::<bool>().prop_map(toml::Value::from),
        any::<i64>().prop_map(toml::Value::from),
        prop::num::f64::ANY
            .prop_filter("NaN", |f| !f.is_nan())
            .prop_map(toml::Value::from),
        ".{0,8}".prop_map(toml::Value::from),
        "[a\\n\"'\\\\#]{0,8}".prop_map(toml::Value::from),
        prop::sample::select(DATES).prop_map(|date| toml::Value::Datetime(date.parse().unwrap())),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(toml::Value::from),
            any_table(inner).prop_map(toml::Value::Table),
        ]
    })
}

fn any_table(value: impl Strategy<Value = toml::Value>) -> impl Strategy<Value = toml::Table> {
    prop::collection::btree_map("[ab.]?|.{0,3}", value, 0..5)
        .prop_map(|entries| entries.into_iter().collect())
}

/// Texts that are nearly TOML.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "a",
        "b",
        ".",
        ".",
        "=",
        "=",
        " = ",
        "[",
        "]",
        "[[",
        "]]",
        "{",
        "}",
        ",",
        "\n",
        "\n",
        "\n",
        "1",
        "1.5",
        "'x'",
        "\"y\"",
        "'''",
        "\"\"\"",
        "#",
        " ",
        "\r\n",
        "a = 1\n",
        "[a]\n",
        "[[b]]\n",
        "a.b = 2\n",
        "\u{feff}",
        "é",
        "\0",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..16).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn the_leaves_are_the_document(table in any_table(any_value()), pretty: bool) {
        let text = if pretty { toml::to_string_pretty(&table) } else { toml::to_string(&table) }.unwrap();
        let expected: toml::Table = toml::from_str(&text).unwrap();
        let found = rebuild(read(&Toml, text.as_bytes())).map(to_toml);
        prop_assert_eq!(found, Some(toml::Value::Table(expected)), "{}", text);
    }

    #[test]
    fn any_bytes_keep_the_laws(bytes: Vec<u8>) {
        read(&Toml, &bytes);
    }

    #[test]
    fn what_toml_takes_is_taken(text in soup()) {
        let expected = toml::from_str::<toml::Table>(&text).ok().map(toml::Value::Table);
        let found = rebuild(read(&Toml, text.as_bytes())).map(to_toml);
        prop_assert_eq!(found, expected, "{}", text);
    }
}
