//! The reader, the lookup and the items.

use std::path::Path;

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Result<Schema, String> {
    Schema::from_toml(Path::new("/etc/s.toml"), text.as_bytes()).map_err(|error| error.to_string())
}

/// `append words reset`, or `-` for a key that is not known.
pub(super) fn shown(kind: Option<&KeyKind>) -> String {
    kind.map_or("-".to_owned(), |kind| {
        format!("{:?} {:?} {:?}", kind.merge, kind.split, kind.empty).to_lowercase()
    })
}

#[test]
fn operators() {
    let schema = Schema::named("NetworkManager/NetworkManager").unwrap();
    for (section, key, base, operator, kind) in [
        (
            "main",
            "plugins",
            "plugins",
            Operator::Set,
            "set commas value",
        ),
        (
            "main",
            "plugins+",
            "plugins",
            Operator::Add,
            "set commas value",
        ),
        (
            "main",
            "plugins-",
            "plugins",
            Operator::Remove,
            "set commas value",
        ),
        ("main", "plugins++", "plugins++", Operator::Set, "-"),
        ("main", "dns+", "dns+", Operator::Set, "-"),
        ("main", "+", "+", Operator::Set, "-"),
        ("main", "", "", Operator::Set, "-"),
        (
            "main",
            "no-auto-default+",
            "no-auto-default",
            Operator::Add,
            "set specs value",
        ),
        (
            "keyfile",
            "unmanaged-devices-",
            "unmanaged-devices",
            Operator::Remove,
            "set specs value",
        ),
        (
            "device",
            "match-device+",
            "match-device",
            Operator::Add,
            "set specs value",
        ),
        (
            "device-wifi",
            "managed",
            "managed",
            Operator::Set,
            "last none value",
        ),
        (
            "connection.a",
            "ipv6.ip6-privacy",
            "ipv6.ip6-privacy",
            Operator::Set,
            "last none value",
        ),
        (
            "connectivity",
            "uri",
            "uri",
            Operator::Set,
            "last none value",
        ),
        (
            "connectivity",
            "match-device",
            "match-device",
            Operator::Set,
            "-",
        ),
        (
            "global-dns-domain-*",
            "servers",
            "servers",
            Operator::Set,
            "last commas value",
        ),
        (
            ".config",
            "enable",
            "enable",
            Operator::Set,
            "append none value",
        ),
    ] {
        let (found, op, found_kind) = schema.resolve_key(section.as_bytes(), key.as_bytes());
        let found = (str::from_utf8(found).unwrap(), op, shown(found_kind));
        assert_eq!(
            found,
            (base, operator, kind.to_owned()),
            "[{section}] {key}"
        );
    }
}

#[test]
fn keys_that_are_one() {
    let unit = Schema::named("systemd/unit").unwrap();
    assert_eq!(unit.canonical(b"Unit", b"BindTo"), b"BindsTo");
    assert_eq!(
        unit.canonical(b"Swap", b"ReadOnlyDirectories"),
        b"ReadOnlyPaths"
    );
    assert_eq!(
        unit.canonical(b"Unit", b"ReadOnlyDirectories"),
        b"ReadOnlyDirectories"
    );
    assert_eq!(unit.resolve_key(b"Unit", b"BindTo").0, b"BindsTo");
    let together = |section: &[u8], key: &[u8]| unit.together(section, key).count();
    assert_eq!(together(b"Path", b"PathExists"), 5);
    assert_eq!(together(b"Timer", b"OnCalendar"), 6);
    assert_eq!(together(b"Timer", b"Unit"), 0);
    assert_eq!(together(b"Mount", b"BindReadOnlyPaths"), 2);
    assert!(
        unit.together(b"Unit", b"ConditionHost")
            .all(|key| key.starts_with(b"Condition"))
    );
}

#[test]
fn sections_that_repeat() {
    let network = Schema::named("systemd/network").unwrap();
    let kinds = |section: &[u8], key: &[u8]| {
        let one = network.kind_in_item(section, key);
        (
            network.is_repeated(section),
            shown(network.kind(section, key)),
            shown(one),
        )
    };
    let each = "append none value".to_owned();
    let last = "last none ignored".to_owned();
    assert_eq!(kinds(b"Route", b"Metric"), (true, each, last.clone()));
    assert_eq!(kinds(b"Network", b"DHCP"), (false, last.clone(), last));
    assert_eq!(
        kinds(b"Route", b"Nothing"),
        (true, "-".to_owned(), "-".to_owned())
    );
    assert!(network.has_section(b"Route") && !network.has_section(b"Rout"));
}

#[test]
fn a_schema_of_ones_own() {
    let text = "extends = ['systemd/journald']\n\
        [kind.paths]\nmerge = 'first'\nsplit = 'colons'\nempty = 'value'\n\
        [section.Journal]\nappend = ['Storage']\n\
        [section.'A|B|C*']\npaths = ['P']\n[section.C]\nwords = ['W']\n[section.'']\nscalar = ['k']\n";
    let schema = parse(text).unwrap();
    assert!(schema.ignores_unknown, "as the one it extends");
    assert!(!parse("").unwrap().ignores_unknown);
    for (section, key, expected) in [
        ("Journal", "Storage", "append none reset"),
        ("Journal", "SystemMaxUse", "last none ignored"),
        ("A", "P", "first colons value"),
        ("B", "P", "first colons value"),
        ("A|B|C*", "P", "-"),
        ("C", "P", "first colons value"),
        ("C", "W", "append words reset"),
        ("C2", "P", "first colons value"),
        ("C2", "W", "-"),
        ("", "k", "last none reset"),
    ] {
        let kind = schema.kind(section.as_bytes(), key.as_bytes());
        assert_eq!(shown(kind), expected, "[{section}] {key}");
    }
}

#[test]
fn errors_say_where() {
    for (text, expected) in [
        ("\nunknow = 'ignored'\n", "2: unknown field `unknow`"),
        ("unknown = 'kept'\n", "1: unknown variant `kept`"),
        (
            "[section.A]\n\nscalr = ['k']\n",
            "3: scalr is no kind; expected one of append, map,",
        ),
        (
            "[section.A]\nscalar = ['k',\n 'k']\n",
            "3: k is listed twice in this section",
        ),
        (
            "[section.A]\nscalar = ['k']\nwords = ['k']\n",
            "3: k is listed twice in this section",
        ),
        (
            "[section.'A|B']\nwords = ['k']\n[section.B]\nmap = [\n 'k']\n",
            "5: k is listed twice for [B]",
        ),
        (
            "[section.'A*']\nwords = ['k']\n[section.AB]\nmap = ['k']\n",
            "4: k is listed twice for [AB]",
        ),
        ("\n[section.'A||B']\n", "2: A||B has an empty alternative"),
        ("\n[section.'A|']\n", "2: A| has an empty alternative"),
        (
            "[section.'A*B']\n",
            "1: A*B has a `*` that is not at the end",
        ),
        (
            "[section.'*A|B']\n",
            "1: *A|B has a `*` that is not at the end",
        ),
        ("repeated = ['A', '*|']\n", "1: *| has an empty alternative"),
        (
            "[kind.scalar]\nmerge='last'\nsplit='none'\nempty='reset'\n",
            "1: scalar is a built-in kind",
        ),
        (
            "[kind.a]\nmerge='last'\nsplit='none'\nempty='x'\n",
            "4: unknown variant `x`",
        ),
        (
            "[kind.a]\nmerge='last'\nsplit='none'\n",
            "1: missing field `empty`",
        ),
        (
            "[kind.a]\nmerge='last'\nsplit='none'\nempty='reset'\nmore=1\n",
            "5: unknown field `more`",
        ),
        (
            "extends = [\n'systemd/x']\n",
            "2: systemd/x is no built-in schema",
        ),
        (
            "[section.A]\nwords=['k']\n[alias.A]\nk = 'l'\n",
            "4: l is no key of [A]",
        ),
        (
            "[section.A]\nwords=['k']\nmap=['l']\n[alias.A]\nk = 'l'\n",
            "5: k is of another kind than the key that it names",
        ),
        (
            "[section.A]\nwords=['k']\n[together]\nA = [['k', 'l']]\n",
            "4: l is no key of [A]",
        ),
        (
            "[section.A]\nwords = 'k'\n",
            "2: invalid type: string \"k\", expected a sequence",
        ),
        ("[section.A\n", "1: "),
    ] {
        let error = parse(text).unwrap_err();
        let expected = format!("/etc/s.toml:{expected}");
        assert!(error.starts_with(&expected), "{error}\n{expected}");
    }
}

#[test]
fn items() {
    for (split, value, expected) in [
        (Split::None, " a b ", &[" a b "][..]),
        (Split::None, "", &[""]),
        (Split::Words, "", &[]),
        (Split::Words, " \t", &[]),
        (Split::Words, "foo", &["foo"]),
        (Split::Words, "foo bar foo", &["foo", "bar", "foo"]),
        (Split::Words, "\"foo bar\" foo", &["foo bar", "foo"]),
        (Split::Words, " 'a b'c\"d e\" f ", &["a bcd e", "f"]),
        (Split::Words, "'\"' \"'\"", &["\"", "'"]),
        (Split::Words, "\"\" ''", &["", ""]),
        (Split::Words, r"a\ b c\x20d", &[r"a\", "b", r"c\x20d"]),
        (Split::Words, r#""a\" b" c"#, &[r"a\", "b c"][..1]),
        (Split::Words, "a \"b c", &["a"]),
        (Split::Words, "a b'", &["a"]),
        (Split::Blanks, " 'a b' \t\"c\"", &["'a", "b'", "\"c\""]),
        (Split::Commas, "a, b c ,,d,", &["a", "b c", "d"]),
        (Split::Commas, r"a\,b,c\\,d", &[r"a\,b", r"c\\", "d"]),
        (Split::Semicolons, "a;b,c;", &["a", "b,c"]),
        (Split::Colons, "/a:/b c::/d", &["/a", "/b c", "/d"]),
        (Split::Specs, r"a,b;c\;d", &["a", "b", r"c\;d"]),
    ] {
        let items = split.items(value.as_bytes());
        let items: Vec<&str> = items
            .iter()
            .map(|item| str::from_utf8(item).unwrap())
            .collect();
        assert_eq!(items, expected, "{split:?} `{value}`");
    }
}

proptest! {
    #[test]
    fn quoted_items_come_back(items in prop::collection::vec("[ab '\\\\]{0,4}", 0..5)) {
        let quoted: Vec<String> = items.iter().map(|item| format!("\"{item}\"")).collect();
        let quoted = quoted.join("  ");
        let words = Split::Words.items(quoted.as_bytes());
        prop_assert!(words.iter().map(|word| &**word).eq(items.iter().map(String::as_bytes)));
    }

    #[test]
    fn any_value_has_items(value in prop::collection::vec(any::<u8>(), 0..24)) {
        for split in [Split::Words, Split::Blanks, Split::Commas, Split::Specs, Split::Colons] {
            let total: usize = split.items(&value).iter().map(|item| item.len()).sum();
            prop_assert!(total <= value.len());
        }
    }
}
