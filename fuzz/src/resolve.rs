//! Whole trees. The text says all of it, so that seeds can be written by hand:
//!
//! ```text
//! RULES FORMAT PATH  FILE 0xff FILE 0xff …      FILE = LAYER PLACE text
//! ```
//!
//! Each word in capitals is one byte, `a` for the first choice, `b` for the second and so on, round and
//! round. The tables below may only grow at their ends, or seeds and regressions would change their
//! meaning. A text `/dev/null` is a symlink to it, `-` a file that is not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use overlay_resolver::document::State;
use overlay_resolver::{Document, Resolver, Rules, Tree, format};
use serde::de::IgnoredAny;

use crate::is_fit_to_show;

const RULES: [&str; 8] = [
    "uapi6",
    "systemd",
    "systemd-unit",
    "libeconf",
    "networkmanager-conf",
    "liboverdrop",
    "gkeyfile",
    "netplan-files",
];
/// As the rules say, where it is empty.
const FORMATS: [&str; 12] = [
    "",
    "systemd",
    "systemd-flat",
    "gkeyfile",
    "libeconf",
    "environment",
    "env-file",
    "toml",
    "json",
    "lines",
    "opaque",
    "sysctl",
];
const PATHS: [&str; 4] = [
    "x.d",
    "x.conf",
    "a-b@c.service",
    "NetworkManager/NetworkManager.conf",
];

static RULE_SETS: LazyLock<Vec<Rules>> = LazyLock::new(|| {
    assert!(
        Rules::names().all(|name| RULES.contains(&name)),
        "a rule set is not fuzzed"
    );
    assert!(
        format::names().all(|name| FORMATS.contains(&name)),
        "a format is not fuzzed"
    );
    RULES
        .iter()
        .map(|name| Rules::named(name).expect("a rule set"))
        .collect()
});

/// Resolves a tree and asks all that can be asked.
pub fn resolve(data: &[u8]) {
    let [rules, format, path, files @ ..] = data else {
        return;
    };
    let rules = choose(&RULE_SETS, *rules);
    let rules = match *choose::<&str>(&FORMATS, *format) {
        "" => Ok(rules.clone()),
        format => rules.clone().into_builder().format(format).build(),
    };
    let Ok(rules) = rules else { return };
    let path = Path::new(*choose::<&str>(&PATHS, *path));
    let mut tree = Tree::default();
    for file in files.split(|&byte| byte == 0xff) {
        let [layer, place, text @ ..] = file else {
            continue;
        };
        let at = choose(rules.layers(), *layer)
            .base()
            .join(place_of(path, *place));
        tree = match text {
            b"/dev/null" => tree.with_mask(&at),
            b"-" => tree.without(&at),
            text => tree.with(&at, text),
        };
    }
    let resolver = Resolver::new(tree).rules(rules).with_history();
    let document = resolver.configuration_at(path.into()).document();
    ask(&document);
    for document in &resolver.entries(path).expect("a path below the layers").documents {
        ask(document);
    }
    for finding in resolver.check(path).expect("a path below the layers") {
        is_fit_to_show(&finding.to_string());
    }
}

fn ask(document: &Document) {
    for key in document.keys() {
        let applied = key.applied();
        assert_eq!(key.last().is_some(), !applied.is_empty());
        assert!(applied.is_sorted_by_key(|assignment| assignment.number()));
        key.items();
        // A value is shown with its tabs, which move the cursor and nothing else.
        is_fit_to_show(&key.explain().to_string().replace('\t', " "));
    }
    for part in document.effective() {
        for value in part.values {
            assert_eq!(value.lines().is_empty(), value.lines_by_item().is_empty());
        }
    }
    let rows = document.assignments().count();
    for assignment in document.assignments() {
        let text = &assignment.fragment().text;
        assert!(text.get(assignment.span()).is_some());
        assert!(text.get(assignment.raw_span()).is_some());
        // Whoever loses loses to something, if not to what is missing, and the chain of winners ends.
        let counts = assignment.state() == State::Applied;
        assert!(!counts || document.loads());
        assert!(assignment.by().is_none() == counts || !document.loads());
        let (mut winner, mut steps) = (assignment.winner(), 0);
        while let Some(next) = winner {
            steps += 1;
            assert!(steps < rows, "the winners go round in a circle");
            winner = next.winner();
        }
    }
    document.watched();
    assert_eq!(document.digest(), document.digest());
    let _ = document.deserialize_anyway::<BTreeMap<String, IgnoredAny>>();
    let typed = document.deserialize_anyway::<BTreeMap<String, BTreeMap<String, u16>>>();
    if let Err(error) = typed {
        is_fit_to_show(&error.to_string());
        is_fit_to_show(&error.excerpt().unwrap_or_default());
    }
}

fn choose<T>(choices: &[T], byte: u8) -> &T {
    &choices[usize::from(byte.wrapping_sub(b'a')) % choices.len()]
}

/// The main file, a drop-in, or something that should be ignored.
fn place_of(path: &Path, choice: u8) -> PathBuf {
    let beside = |directory: &str| path.with_file_name(directory);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let own = beside(&format!("{name}.d"));
    let places = [
        path.to_owned(),
        path.join("a.conf"),
        path.join("b.conf"),
        own.join("a.conf"),
        own.join("b.conf"),
        beside("conf.d").join("c.conf"),
        beside("a-.service.d").join("a.conf"),
        path.join(".hidden.conf~"),
        path.join("a.conf.d/c.conf"),
        beside("a-b@.service"),
    ];
    choose(&places, choice).clone()
}
