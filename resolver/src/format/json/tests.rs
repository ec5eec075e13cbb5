use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use crate::format::nested::testing::{read, rebuild, show};

#[test]
fn table() {
    let cases: &[(&str, &[&str])] = &[
        ("{}", &[]),
        (" \n{ } \n", &[]),
        (r#"{"a":1}"#, &["1: [] a = 1 | 1"]),
        (
            "{\n  \"b\": \"x\",\r\n  \"a\": null\n}",
            &["2: [] b = \"x\" | \"x\"", "3: [] a = null | null"],
        ),
        (
            r#"{"a": {"b.c": {"d": true}, "e": {}}}"#,
            &[r#"1: [a."b.c"] d = true | true"#, "1: [a] e = {} | {}"],
        ),
        (
            "{\"l\": [1,\n {\"z\": 2, \"a\": {}}]}",
            &["1-2: [] l = [1,\n {\"z\": 2, \"a\": {}}] | [1,{\"z\":2,\"a\":{}}]"],
        ),
        (
            r#"{"a\u0020\"é": "\ud83d\ude00"}"#,
            &[r#"1: [] "a \"é" = "\ud83d\ude00" | "😀""#],
        ),
        // Both; the objects are not merged here.
        (
            r#"{"a": 1, "a": {"b": 2}, "a": 3}"#,
            &["1: [] a = 1 | 1", "1: [a] b = 2 | 2", "1: [] a = 3 | 3"],
        ),
        (
            r#"{"a": 170141183460469231731687303715884105727, "b": 170141183460469231731687303715884105728}"#,
            &[
                "1: [] a = 170141183460469231731687303715884105727 | 170141183460469231731687303715884105727",
                "1: [] b = 170141183460469231731687303715884105728 | 1.7014118346046923e+38",
            ],
        ),
        (
            r#"{"a": -1, "b": 1.0, "c": 1e2}"#,
            &[
                "1: [] a = -1 | -1",
                "1: [] b = 1.0 | 1.0",
                "1: [] c = 1e2 | 100.0",
            ],
        ),
        (
            r#"{"a": 1e400}"#,
            &["1: the number is out of range at `1e400}`"],
        ),
        (
            "[1]",
            &["1: expected an object (`{…}`) around everything at `[1]`"],
        ),
        (
            "\n \"x\"",
            &["2: expected an object (`{…}`) around everything at `\"x\"`"],
        ),
        ("", &["1: EOF while parsing a value at ``"]),
        ("{\"a\": 1,\n}", &["2: trailing comma at `}`"]),
        (
            "{\"a\": 1\n \"b\": 2}",
            &["2: expected `,` or `}` at `\"b\": 2}`"],
        ),
        ("{} {}", &["1: trailing characters at `{}`"]),
        ("{} // no", &["1: trailing characters at `// no`"]),
        ("{'a': 1}", &["1: key must be a string at `'a': 1}`"]),
        ("{\"a\": 01}", &["1: invalid number at `1}`"]),
        ("{\"a\": NaN}", &["1: expected value at `NaN}`"]),
        (
            "{\"a\":\n \"\t\"}",
            &["2: control character (\\u0000-\\u001F) found while parsing a string at `\t\"}`"],
        ),
        ("\u{feff}{}", &["1: expected value at `\u{feff}{}`"]),
        (
            "{\"a\": \"\\ud800\"}",
            &["1: unexpected end of hex escape at `\"}`"],
        ),
        (
            "{\n\"\\ud800\": 1}",
            &["2: unexpected end of hex escape at `\": 1}`"],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(show(&Json, text), *expected, "{text}");
    }
}

#[test]
fn other_bytes_are_a_problem_on_their_line() {
    let items = read(&Json, b"{\n\"a\": \"\xff\"}\n");
    assert_eq!(items.len(), 1);
    assert_eq!(
        (items[0].span.clone(), items[0].lines.clone()),
        (8..12, 2..=2)
    );
}

#[test]
fn deep_texts_do_not_overflow_the_stack() {
    let deep = 100_000;
    let cases = [
        (
            format!("{{\"a\": {}", "[".repeat(deep)),
            "deeper than 128 levels",
        ),
        (
            format!("{{\"a\": {}{}}}", "[".repeat(deep), "]".repeat(deep)),
            "deeper than 128 levels",
        ),
        (
            format!("{}1{}", "{\"a\":".repeat(deep), "}".repeat(deep)),
            "deeper than 128 levels",
        ),
        (
            format!("{}1{}", "{\"a\":[".repeat(deep), "]}".repeat(deep)),
            "deeper than 128 levels",
        ),
        (
            format!("{}{{}}{}", "{\"a\":".repeat(128), "}".repeat(128)),
            "deeper than 128 levels",
        ),
        (
            format!("{}{{}}{}", "{\"a\":".repeat(127), "}".repeat(127)),
            " = {} | {}",
        ),
        (
            format!("{{\"a\": {{}}, \"b\": \"{}\\\"{0}\"}}", "[{".repeat(1000)),
            "[] a = {}",
        ),
        (
            format!("{{\"a\": {}{}}}", "[".repeat(127), "]".repeat(127)),
            "[] a =",
        ),
    ];
    for (text, expected) in cases {
        let shown = show(&Json, &text);
        assert!(shown[0].contains(expected), "{:.80}", shown[0]);
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            any_object(inner).prop_map(Value::Object),
        ]
    })
}

fn any_object(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("[ab.]?|.{0,3}", value, 0..5)
        .prop_map(|entries| entries.into_iter().collect())
}

/// Texts that are nearly JSON.
fn soup() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "{\"a\":",
        "}",
        "\"a\"",
        "\"b\":",
        ":",
        ",",
        "[",
        "]",
        "1",
        "-",
        "0",
        ".5",
        "e3",
        "null",
        "true",
        "\"\\u0041\"",
        "\"\\ud800\"",
        " ",
        "\n",
        "\"",
        "\\",
        "/**/",
        "\t",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..12)
        .prop_map(|parts| format!("{{{}}}", parts.concat()))
}

proptest! {
    #[test]
    fn the_leaves_are_the_document(object in any_object(any_value()), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
        let text = text.unwrap();
        let found = rebuild(read(&Json, text.as_bytes())).unwrap();
        prop_assert_eq!(serde_json::to_value(found).unwrap(), Value::Object(object), "{}", text);
    }

    #[test]
    fn any_bytes_keep_the_laws(bytes: Vec<u8>) {
        read(&Json, &bytes);
    }

    #[test]
    fn what_serde_json_takes_is_taken(text in soup()) {
        let expected = serde_json::from_str::<Map<String, Value>>(&text).ok();
        let items = read(&Json, text.as_bytes());
        let problem = items.iter().any(|item| matches!(item.kind, crate::format::Kind::Problem(_)));
        prop_assert_eq!(!problem, expected.is_some(), "{}", text);
    }
}
