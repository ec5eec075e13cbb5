//! What several values of a key are read as: by what the schema or the rules say, else by the type.

use super::*;

const SCHEMA: &str = "[schema.section.S]\nscalar = ['Scalar']\nappend = ['List']\nwords = ['Words']\n\
                      map = ['Map']\n";

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Keys {
    any: Option<serde_json::Value>,
    one: Option<String>,
    list: Vec<Located<String>>,
    words: Vec<String>,
    map: Vec<String>,
    scalar: Option<String>,
}

fn read(rules: &str, texts: &[&str]) -> Result<Keys, String> {
    let rules = Rules::from_toml(Path::new("r"), rules.as_bytes()).unwrap();
    let texts: Vec<_> = texts.iter().map(|text| format!("[S]\n{text}")).collect();
    let names: Vec<_> = (0..texts.len()).map(|n| format!("/etc/{n}.conf")).collect();
    let files = names.iter().zip(&texts);
    let files: Vec<_> = files
        .map(|(name, text)| (&**name, "gkeyfile", text.as_bytes()))
        .collect();
    let read: Result<BTreeMap<String, Keys>, _> = document_by(rules, &files).deserialize();
    let read = read.map_err(|error| error.to_string())?;
    Ok(read.into_values().next().unwrap_or_default())
}

#[test]
fn of_a_key_that_nobody_knows_the_type_tells() {
    let keys = read("", &["One=a\nAny=a\nList=a\n", "One=b\nAny=b\nList=b\n"]).unwrap();
    assert_eq!(keys.one.as_deref(), Some("b"));
    assert_eq!(keys.any, Some(serde_json::json!(["a", "b"])));
    let list: Vec<_> = keys.list.iter().map(|item| &**item).collect();
    assert_eq!(list, ["a", "b"]);
}

#[test]
fn whether_an_empty_value_empties_a_list_no_type_tells() {
    for texts in [&["List=a\n", "\nList=\nList=b\n"][..], &["", "\nList=\n"]] {
        let error = read("", texts).unwrap_err();
        assert_eq!(
            error,
            "/etc/1.conf:3:6: [S] List: is empty, and nothing says whether that empties a list: a schema \
             does (`append`)"
        );
    }
    let keys = read("", &["One=a\n", "One=\n"]).unwrap();
    assert_eq!(keys.one.as_deref(), Some(""), "a single value may be empty");
}

#[test]
fn what_the_rules_and_the_schema_say_holds_for_every_type() {
    let keys = read(
        "repeated = 'last'",
        &["Any=a\nWords=a\n", "Any=b\nWords=b\n"],
    )
    .unwrap();
    assert_eq!((keys.any, keys.words), (Some("b".into()), vec!["b".into()]));

    let keys = read(
        SCHEMA,
        &[
            "Scalar=a\nList=a b\nWords=a b\nMap=A=1 B=2\n",
            "Scalar=\nList=c\nWords=c\nMap=A=3\n",
        ],
    );
    let keys = keys.unwrap();
    assert_eq!(keys.scalar, None, "it was reset");
    let places = keys.list.iter().map(|item| (&**item, &*item.path));
    let [first, second] = ["/etc/0.conf", "/etc/1.conf"].map(Path::new);
    assert_eq!(
        places.collect::<Vec<_>>(),
        [(&"a b".to_owned(), first), (&"c".to_owned(), second)]
    );
    assert_eq!(keys.words, ["a", "b", "c"]);
    assert_eq!(keys.map, ["B=2", "A=3"]);
}

#[test]
fn a_list_of_several_items_is_no_single_value() {
    const ONE: &str = "[schema.section.S]\nappend = ['One']\n";
    let keys = read(ONE, &["One=a\n", "One=\nOne=b\n"]).unwrap();
    assert_eq!(keys.one.as_deref(), Some("b"), "one item is one value");
    assert_eq!(
        read(ONE, &["One=a\n", "One=b\n"]).unwrap_err(),
        "/etc/1.conf:2:5: [S] One: has 2 items, expected one: a string"
    );
}

/// Every header is an object of its own, so what stands below one does not mix with another's.
#[test]
fn a_section_that_repeats_is_a_list() {
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Network {
        network: One,
        route: Vec<Route>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct One {
        #[serde(rename = "DHCP")]
        dhcp: bool,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Route {
        gateway: Option<u8>,
        metric: Option<u8>,
    }
    let rules = Rules::from_toml(Path::new("r"), b"schema = 'systemd/network'").unwrap();
    let main = b"[Network]\nDHCP=no\n[Route]\nGateway=1\nGateway=2\n[Route]\nMetric=3\n";
    let files: &[(&str, &str, &[u8])] = &[
        ("/usr/lib/a.network", "systemd", main),
        (
            "/etc/x.conf",
            "systemd",
            b"[Route]\nGateway=4\n[Network]\nDHCP=yes\n",
        ),
    ];
    let document = document_by(rules, files);
    let read: Network = document.deserialize().unwrap();
    let route = |gateway, metric| Route { gateway, metric };
    assert_eq!(
        read.route,
        [
            route(Some(2), None),
            route(None, Some(3)),
            route(Some(4), None)
        ]
    );
    assert!(read.network.dhcp);
    let error = document
        .deserialize::<BTreeMap<String, BTreeMap<String, String>>>()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "/usr/lib/a.network:5:1: [Route]: has 3 headers, expected one: a map"
    );
}

#[test]
fn a_name_that_is_a_key_and_a_section_is_an_error() {
    let file = ("/etc/x.conf", "libeconf", &b"S=1\n[S]\nA=1\n"[..]);
    let error = document(&[file])
        .deserialize::<serde_json::Value>()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "/etc/x.conf:1:1: S: is a key and a section, and one name can be read as one thing only"
    );
}
