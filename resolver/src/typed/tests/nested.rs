//! Documents of TOML and JSON, which give their values types.

use proptest::prelude::*;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    name: String,
    #[serde(default)]
    ports: Vec<Located<u16>>,
    #[serde(default)]
    server: BTreeMap<String, Server>,
    #[serde(default)]
    backend: Option<Backend>,
    #[serde(default)]
    since: Option<toml::value::Datetime>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Server {
    address: String,
    #[serde(default)]
    weight: Option<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Backend {
    None,
    Memory(u32),
    Disk { path: PathBuf },
}

fn read<T: DeserializeOwned>(files: &[(&str, &str, &str)]) -> Result<T, DeserializeError> {
    let bytes = files
        .iter()
        .map(|(path, format, text)| (*path, *format, text.as_bytes()));
    document(&bytes.collect::<Vec<_>>()).deserialize()
}

fn toml<T: DeserializeOwned>(text: &str) -> Result<T, DeserializeError> {
    read(&[("/etc/x.toml", "toml", text)])
}

#[test]
fn files_merge_key_by_key() {
    let vendor = r#"{"name": "v",
"ports": [1, 2], "server": {"a.b": {"address": "x", "weight": 1}}}"#;
    let owner = r#"{"name": "o", "server": {"a.b": {"weight": 0.5}, "c": {"address": "y", "weight": null}}}"#;
    let files = [
        ("/usr/lib/x.json", "json", vendor),
        ("/etc/x.json", "json", owner),
    ];
    let config: Config = read(&files).unwrap();
    assert_eq!(config.name, "o");
    let ports = config.ports.iter().map(|port| (port.value, port.line));
    assert_eq!(ports.collect::<Vec<_>>(), [(1, 2), (2, 2)]);
    let server = |address: &str, weight| Server {
        address: address.into(),
        weight,
    };
    assert_eq!(config.server["a.b"], server("x", Some(0.5)));
    assert_eq!(config.server["c"], server("y", None));
}

#[test]
fn a_value_and_a_table_replace_each_other() {
    let cases = [
        (
            &[r#"{"a": 1}"#, r#"{"a": {"b": 2}}"#][..],
            r#"{"a":{"b":2}}"#,
        ),
        (&[r#"{"a": {"b": 2}}"#, r#"{"a": 1}"#], r#"{"a":1}"#),
        (&[r#"{"a": {"b": 2}}"#, r#"{"a": {}}"#], r#"{"a":{"b":2}}"#),
        (&[r#"{"a": {}}"#, r#"{"a": {"b": 2}}"#], r#"{"a":{"b":2}}"#),
        (&[r#"{"a": {}}"#], r#"{"a":{}}"#),
        (&[r#"{"a": [1]}"#, r#"{"a": [2]}"#], r#"{"a":[2]}"#),
        (&[r#"{"a": 1, "a": null}"#], r#"{"a":null}"#),
        (&[r#"{"": {"": 1}}"#], r#"{"":{"":1}}"#),
    ];
    for (texts, expected) in cases {
        let files: Vec<_> = texts.iter().map(|text| ("/x", "json", *text)).collect();
        let value: serde_json::Value = read(&files).unwrap();
        assert_eq!(value.to_string(), expected, "{texts:?}");
    }
}

#[test]
fn enums_and_dates_are_read_as_in_their_format() {
    let cases = [
        ("backend = 'none'", Some(Backend::None)),
        ("backend = { memory = 3 }", Some(Backend::Memory(3))),
        (
            "backend.disk.path = '/x'",
            Some(Backend::Disk { path: "/x".into() }),
        ),
        (
            "[backend.disk]\npath = '/x'",
            Some(Backend::Disk { path: "/x".into() }),
        ),
        ("since = 1979-05-27T07:32:00Z", None),
    ];
    for (text, expected) in cases {
        let config: Config = toml(&format!("name = ''\n{text}")).unwrap();
        assert_eq!(config.backend, expected);
        let since = config.since.map(|date| date.to_string());
        assert_eq!(since.as_deref(), text.strip_prefix("since = "));
    }
    let list: BTreeMap<String, Vec<Backend>> =
        toml("l = ['none', { memory = 1 }, { disk.path = 'x' }]").unwrap();
    let disk = Backend::Disk { path: "x".into() };
    assert_eq!(list["l"], [Backend::None, Backend::Memory(1), disk]);
}

#[test]
fn errors_name_the_place() {
    let cases = [
        (
            "name = 1",
            "/etc/x.toml:1:8: name: invalid type: integer `1`, expected a string",
        ),
        (
            "ports = [1,\n 70000]",
            "/etc/x.toml:1:9: ports: invalid value: integer `70000`, expected u16",
        ),
        (
            "ports = 1",
            "/etc/x.toml:1:9: ports: invalid type: integer `1`, expected a sequence",
        ),
        (
            "name = ''\nserver.a = { address = '', wait = 1 }",
            "/etc/x.toml:2:28: [server.a] wait: unknown field `wait`, expected `address` or `weight`",
        ),
        (
            "name = ''\n[server.\"a.b\"]\nweight = 1",
            "/etc/x.toml: [server.\"a.b\"]: missing field `address`",
        ),
        (
            "name = ''\n[server.a]",
            "/etc/x.toml:2:1: [server] a: missing field `address`",
        ),
        (
            "\n[name]\nx = 1",
            "/etc/x.toml:3:1: [name]: invalid type: map, expected a string",
        ),
        (
            "name = ''\nbackend = { memory = 1, disk.path = '' }",
            "/etc/x.toml:2:13: [backend]: invalid value: map, expected a table of one key, which names the variant",
        ),
        (
            "name = ''\nbackend = 'x'",
            "/etc/x.toml:2:11: backend: unknown variant `x`, expected one of `none`, `memory`, `disk`",
        ),
        (
            "ports = [-1]\nname = ''",
            "/etc/x.toml:1:9: ports: invalid value: integer `-1`, expected u16",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            toml::<Config>(text).unwrap_err().to_string(),
            expected,
            "{text}"
        );
    }
    let many = "name = ''\nserver.a = { address = '', wait = 1 }";
    assert_eq!(
        toml::<Config>(many).unwrap_err().excerpt().unwrap(),
        " --> /etc/x.toml:2:28\n  |\n2 | server.a = { address = '', wait = 1 }\n  |                            ^^^^"
    );
    let later = [("/x.json", "json", "{\n \"name\":\n  5}")];
    let error = read::<Config>(&later).unwrap_err();
    assert_eq!(
        error.excerpt().unwrap(),
        " --> /x.json:2:2\n  |\n2 |  \"name\":\n  |  ^^^^^^"
    );
}

/// Values that both formats have.
fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        prop::num::f64::NORMAL.prop_map(serde_json::Value::from),
        ".{0,4}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            any_table(inner),
        ]
    })
}

fn any_table(
    value: impl Strategy<Value = serde_json::Value>,
) -> impl Strategy<Value = serde_json::Value> {
    prop::collection::btree_map("[ab.]?|.{0,2}", value, 0..4)
        .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect()))
}

proptest! {
    #[test]
    fn any_document_is_read_as_its_own_reader_does(document in any_table(any_value())) {
        let text = toml::to_string(&document).unwrap();
        prop_assert_eq!(&toml::<serde_json::Value>(&text).unwrap(), &document, "{}", text);
        let text = document.to_string();
        let files = [("/x.json", "json", &*text)];
        prop_assert_eq!(&read::<serde_json::Value>(&files).unwrap(), &document, "{}", text);
    }
}
