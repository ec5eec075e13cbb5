//! Our keyfile reader against rust-ini, which shares no code and no author with it.
//!
//! The two agree only on a subset: rust-ini trims values, reads `:` as `=` and a `\` before a line
//! end as a continuation, and knows neither indented comments nor locales. So only that subset is
//! generated; the rest of the dialect is held against GLib itself (`tests/real/glib.rs` of the
//! command).

use ini::{Ini, ParseOption};
use overlay_resolver::keyfile::Keyfile;
use proptest::prelude::*;

/// Group, key and value of every pair, in file order.
type Pairs = Vec<(String, String, String)>;

fn blanks() -> impl Strategy<Value = String> {
    prop_oneof![4 => Just(String::new()), 1 => "[ \t]{1,3}"]
}

fn group() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        "[abc]",
        "remote \"[a-z]{1,3}\"",
        "[A-Za-z0-9é.:=#;\"']{1,8}"
    ];
    (blanks(), name, blanks())
        .prop_map(|(before, name, behind)| format!("{before}[{name}]{behind}"))
}

fn pair() -> impl Strategy<Value = String> {
    let key = "[abc]|[A-Za-z0-9é.@/+-]([A-Za-z0-9é.@/+ -]{0,6}[A-Za-z0-9é.@/+-])?";
    let value = r"|[!-\[\]-~é€]([ -\[\]-~é€]{0,12}[!-\[\]-~é€])?";
    (blanks(), key, blanks(), blanks(), value).prop_map(|(indent, key, before, behind, value)| {
        format!("{indent}{key}{before}={behind}{value}")
    })
}

fn document() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        2 => group(),
        6 => pair(),
        1 => "#[ -~]{0,12}",
        1 => blanks(),
    ];
    let end = prop_oneof![3 => Just("\n"), 1 => Just("\r\n")];
    let lines = prop::collection::vec((line, end), 0..24);
    (group(), lines).prop_map(|(group, lines)| {
        let lines = lines.into_iter().map(|(line, end)| line + end);
        group + "\n" + &lines.collect::<String>()
    })
}

fn ours(text: &str) -> Pairs {
    let keyfile = Keyfile::parse(text);
    assert_eq!(keyfile.problems().collect::<Vec<_>>(), []);
    keyfile
        .pairs()
        .map(|pair| {
            (
                pair.group.to_string(),
                pair.key.to_string(),
                pair.value.to_string(),
            )
        })
        .collect()
}

fn theirs(text: &str) -> Result<Pairs, ini::ParseError> {
    let options = ParseOption {
        enabled_quote: false,
        enabled_escape: false,
        ..ParseOption::default()
    };
    let ini = Ini::load_from_str_opt(text, options)?;
    let mut pairs = Pairs::new();
    for (group, properties) in &ini {
        for (key, value) in properties {
            pairs.push((group.unwrap_or_default().into(), key.into(), value.into()));
        }
    }
    Ok(pairs)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn rust_ini_reads_the_same_pairs(text in document()) {
        // rust-ini gathers the sections of one name, each key's values in order; so do we here.
        let mut ours = ours(&text);
        let mut theirs = theirs(&text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        ours.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        theirs.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
        prop_assert_eq!(ours, theirs);
    }
}
