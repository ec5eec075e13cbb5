//! Every lint, on trees that have what it looks for and on trees that only look alike.

use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::root::Root;
use crate::tree::Tree;

/// A symlink to `/dev/null`.
const NULL: &str = "\0";

/// A lint, rules and a configuration path, files, and where it finds something.
type Case<'c> = (
    &'c str,
    &'c str,
    &'c str,
    &'c [(&'c str, &'c str)],
    &'c [&'c str],
);

/// Rules by which the last assignment counts, unless `text` says otherwise.
fn rules(text: &str) -> Rules {
    let mut text = text.to_owned();
    for (key, line) in [
        ("repeated", "repeated = 'last'"),
        ("format", "format = 'gkeyfile'"),
    ] {
        if !text.contains(key) {
            text = format!("{line}\n{text}");
        }
    }
    Rules::from_toml(Path::new("rules.toml"), text.as_bytes()).unwrap()
}

fn hits(lint: &str, resolver: &Resolver, path: &str) -> Vec<String> {
    let findings = resolver.check(path).unwrap().into_iter();
    findings
        .filter(|finding| finding.code.name() == lint)
        .map(|finding| {
            let path = finding.path.display();
            match finding.line {
                Some(number) => format!("{path}:{number}"),
                None => path.to_string(),
            }
        })
        .collect()
}

const ENTRIES: &str = "shape = 'entries'\nsuffix = '.repo'\nmain-decides = true\n";
const JOURNALD: &str = "schema = 'systemd/journald'";
const UNITS: &str = "drop-ins = 'unit'\nmain-decides = true\n";

/// The suffix of a file tells its format.
const OF_SUFFIX: &str = "# No format.\n[schema.section.a]\nwords = ['w']\n";

#[rustfmt::skip]
const CASES: &[Case<'_>] = &[
    // unreachable-file
    ("unreachable-file", "", "a.d", &[("etc/a.d/10-x", "")], &["/etc/a.d/10-x"]),
    ("unreachable-file", "", "a.d", &[("usr/lib/a.d/x.txt", "")], &["/usr/lib/a.d/x.txt"]),
    ("unreachable-file", "", "a.d", &[("etc/a.d/.x.conf", "")], &["/etc/a.d/.x.conf"]),
    ("unreachable-file", "", "a.d", &[("etc/a.d/x.conf~", "")], &["/etc/a.d/x.conf~"]),
    ("unreachable-file", "", "a.d", &[("etc/a.d/README.local", ""), ("etc/a.d/.keep", "")], &[]),
    ("unreachable-file", "", "a.d", &[("etc/a.d/x.conf.d/y.conf", "")], &["/etc/a.d/x.conf.d"]),
    ("unreachable-file", "", "a.conf", &[("etc/50-x.conf", "")], &["/etc/50-x.conf"]),
    ("unreachable-file", "", "a.conf", &[("etc/b.conf", ""), ("etc/a.conf.d/50-x.conf", "")], &[]),
    ("unreachable-file", "", "a.conf", &[("usr/lib/a.conf", "[a]\n"), ("etc/a.conf", "[a]\n")], &[]),
    ("unreachable-file", "", "x.d/a.conf", &[("etc/x.d/50-b.conf", "")], &[]),
    ("unreachable-file", ENTRIES, "r.d", &[("etc/r.d/a.repo.d/x.conf", "[a]\n")], &["/etc/r.d/a.repo.d/x.conf"]),
    ("unreachable-file", ENTRIES, "r.d", &[("etc/r.d/a.rep", "")], &["/etc/r.d/a.rep"]),
    ("unreachable-file", ENTRIES, "r.d", &[("etc/r.d/README", ""), ("etc/r.d/a.repo", "[a]\n")], &[]),
    ("unreachable-file", UNITS, "s/a.service", &[("etc/s/a.service.d/x.conf", "[a]\n")], &["/etc/s/a.service.d/x.conf"]),
    ("unreachable-file", UNITS, "s/a.service", &[("etc/s/service.d/x.conf", "[a]\n")], &[]),
    ("unreachable-file", UNITS, "s/a-.slice", &[("etc/s/a-.slice.d/x.conf", "[a]\n")], &[]),
    ("unreachable-file", UNITS, "s/a@1.service", &[("usr/lib/s/a@.service", "[a]\n"), ("etc/s/a@1.service.d/x.conf", "[a]\n")], &[]),
    // install-not-read
    ("install-not-read", UNITS, "s/a-b.service", &[("usr/lib/s/a-b.service", "[a]\n"), ("etc/s/a-.service.d/x.conf", "[Install]\nWantedBy=c\nAlias=d\n")], &["/etc/s/a-.service.d/x.conf:2"]),
    ("install-not-read", UNITS, "s/a-b.service", &[("usr/lib/s/a-b.service", "[a]\n"), ("etc/s/service.d/x.conf", "[Unit]\nAfter=c\n[Install]\nWantedBy=c\n")], &["/etc/s/service.d/x.conf:4"]),
    ("install-not-read", UNITS, "s/a-b.service", &[("usr/lib/s/a-b.service", "[Install]\nWantedBy=c\n"), ("etc/s/a-b.service.d/x.conf", "[Install]\nWantedBy=c\n")], &[]),
    ("install-not-read", UNITS, "s/a@b.service", &[("usr/lib/s/a@.service", "[a]\n"), ("etc/s/a@.service.d/x.conf", "[Install]\nWantedBy=c\n")], &[]),
    ("install-not-read", UNITS, "s/a-b.service", &[("usr/lib/s/a-b.service", "[a]\n"), ("etc/s/service.d/x.conf", "[Unit]\nAfter=c\n")], &[]),
    ("install-not-read", "", "s/a.conf", &[("etc/s/a.conf.d/x.conf", "[Install]\nWantedBy=c\n")], &[]),
    // mask-of-nothing
    ("mask-of-nothing", "", "a.d", &[("etc/a.d/x.conf", NULL)], &["/etc/a.d/x.conf"]),
    ("mask-of-nothing", "", "a.d", &[("etc/a.d/x.conf", "")], &["/etc/a.d/x.conf"]),
    ("mask-of-nothing", "", "a.d", &[("usr/lib/a.d/y.conf", "[a]\n"), ("etc/a.d/x.conf", NULL)], &["/etc/a.d/x.conf"]),
    ("mask-of-nothing", "", "a.d", &[("usr/lib/a.d/x.conf", "[a]\n"), ("etc/a.d/x.conf", NULL)], &[]),
    ("mask-of-nothing", "", "a.d", &[("usr/lib/a.d/x.conf", "")], &[]),
    ("mask-of-nothing", "", "a.conf", &[("etc/a.conf", NULL)], &["/etc/a.conf"]),
    ("mask-of-nothing", "", "a.conf", &[("usr/lib/a.conf", "[a]\n"), ("etc/a.conf", NULL)], &[]),
    ("mask-of-nothing", "", "a.conf", &[("usr/lib/a.conf", "[a]\n"), ("etc/a.conf.d/a.conf", NULL)], &["/etc/a.conf.d/a.conf"]),
    ("mask-of-nothing", UNITS, "s/a.service", &[("etc/s/a.service", NULL)], &[]),
    // empty-file-masks
    ("empty-file-masks", "", "a.d", &[("usr/lib/a.d/x.conf", "[a]\n"), ("etc/a.d/x.conf", "")], &["/etc/a.d/x.conf"]),
    ("empty-file-masks", "", "a.d", &[("usr/lib/a.d/x.conf", "[a]\n"), ("etc/a.d/x.conf", NULL)], &[]),
    ("empty-file-masks", "", "a.d", &[("usr/lib/a.d/x.conf", "[a]\n"), ("etc/a.d/x.conf", "# no\n")], &[]),
    ("empty-file-masks", "", "a.d", &[("etc/a.d/x.conf", "")], &[]),
    ("empty-file-masks", "empty-masks = false", "a.d", &[("usr/lib/a.d/x.conf", "[a]\n"), ("etc/a.d/x.conf", "")], &[]),
    // vendor-beats-admin
    ("vendor-beats-admin", "", "a.conf", &[("etc/a.conf", "[a]\nb=1\nk=1\n"), ("usr/lib/a.conf.d/x.conf", "[a]\nk=2\n")], &["/etc/a.conf:3"]),
    ("vendor-beats-admin", "", "a.conf", &[("etc/a.conf", "[a]\nk=1\n"), ("usr/lib/a.conf.d/x.conf", "[a]\nk=1\n")], &[]),
    ("vendor-beats-admin", "", "a.conf", &[("etc/a.conf", "[a]\nk=1\n"), ("etc/a.conf.d/x.conf", "[a]\nk=2\n")], &[]),
    ("vendor-beats-admin", "", "a.conf", &[("usr/lib/a.conf", "[a]\nk=1\n"), ("usr/lib/a.conf.d/x.conf", "[a]\nk=2\n")], &[]),
    ("vendor-beats-admin", "", "a.conf", &[("etc/a.conf", "[a]\nk=1\n"), ("usr/lib/a.conf.d/x.conf", "[a]\nk=2\n"), ("etc/a.conf.d/y.conf", "[a]\nk=1\n")], &[]),
    ("vendor-beats-admin", "drop-ins = 'conf.d'\ndrop-in-order = 'layer'\nmain-place = 'own-layer'", "N/a.conf", &[("etc/N/a.conf", "[a]\nk=1\n"), ("usr/lib/N/conf.d/x.conf", "[a]\nk=2\n")], &[]),
    // loses-always
    ("loses-always", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("usr/lib/a.d/50-y.conf", "[a]\nk=2\n")], &["/etc/a.d/10-x.conf"]),
    ("loses-always", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\nl=1\n"), ("usr/lib/a.d/50-y.conf", "[a]\nk=2\n")], &[]),
    ("loses-always", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("usr/lib/a.d/50-y.conf", "[a]\nk=1\n")], &[]),
    ("loses-always", "", "a.d", &[("usr/lib/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/50-y.conf", "[a]\nk=2\n")], &[]),
    ("loses-always", "", "a.d", &[("etc/a.d/10-x.conf", "# nothing\n"), ("usr/lib/a.d/50-y.conf", "[a]\nk=2\n")], &[]),
    ("loses-always", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\nk=2\n")], &[]),
    // locale-order
    ("locale-order", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/9-y.conf", "[a]\nk=2\n")], &["/etc/a.d/9-y.conf:2"]),
    ("locale-order", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/9-y.conf", "[a]\nl=2\n")], &[]),
    ("locale-order", "", "a.d", &[("etc/a.d/09-x.conf", "[a]\nk=1\n"), ("etc/a.d/10-y.conf", "[a]\nk=2\n")], &[]),
    ("locale-order", "", "a.d", &[("etc/a.d/Z.conf", "[a]\nk=1\n"), ("etc/a.d/a.conf", "[a]\nk=2\n")], &["/etc/a.d/a.conf:2"]),
    ("locale-order", "", "a.d", &[("etc/a.d/X.conf", "[a]\nk=1\n"), ("etc/a.d/x.conf", "[a]\nk=2\n")], &["/etc/a.d/x.conf:2"]),
    ("locale-order", "", "a.d", &[("etc/a.d/10-a.conf", "[a]\nk=1\n"), ("etc/a.d/10_b.conf", "[a]\nk=2\n")], &["/etc/a.d/10_b.conf:2"]),
    ("locale-order", "", "a.d", &[("etc/a.d/z.conf", "[a]\nk=1\n"), ("etc/a.d/ä.conf", "[a]\nk=2\n")], &["/etc/a.d/ä.conf:2"]),
    ("locale-order", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/9-y.conf", "[a]\nk=1\n")], &[]),
    ("locale-order", "", "a.d", &[("etc/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/50-x.conf", "[a]\nk=2\n"), ("etc/a.d/9-y.conf", "[a]\nk=2\n")], &[]),
    ("locale-order", "", "a.d", &[("etc/a.d/a.conf", "[a]\nk=1\n"), ("etc/a.d/b.conf", "[a]\nk=2\n")], &[]),
    ("locale-order", "drop-in-order = 'layer'", "a.d", &[("usr/lib/a.d/10-x.conf", "[a]\nk=1\n"), ("etc/a.d/9-y.conf", "[a]\nk=2\n")], &[]),
    // duplicate-key
    ("switched-file", "switch-key = '.c.on'", "a.d", &[("etc/a.d/x.conf", "[.c]\non=no\n")], &["/etc/a.d/x.conf:2"]),
    ("switched-file", "switch-key = '.c.on'", "a.d", &[("etc/a.d/x.conf", "[.c]\noff=no\n")], &[]),
    // unfit-key
    ("unfit-key", OF_SUFFIX, "x.toml", &[("etc/x.toml", "[a]\nw = ['a b']\n")], &["/etc/x.toml:2"]),
    ("unfit-key", OF_SUFFIX, "x.toml", &[("etc/x.toml", "[a]\nv = ['a b']\n")], &[]),
    ("duplicate-key", "format = 'environment'", "e.d", &[("etc/e.d/1.conf", "P=/a\nP=$P:/b\n")], &[]),
    ("duplicate-key", "format = 'environment'", "e.d", &[("etc/e.d/1.conf", "P=/a\nQ=${P:-x}\nP=/b\n")], &[]),
    ("duplicate-key", "format = 'environment'", "e.d", &[("etc/e.d/1.conf", "P=/a\nP=$PQ:$$P:/b\nQ=$P\n")], &["/etc/e.d/1.conf:1"]),
    ("duplicate-key", "format = 'systemd-flat'", "e.d", &[("etc/e.d/1.conf", "P=/a\nP=$P:/b\n")], &["/etc/e.d/1.conf:1"]),
    ("duplicate-key", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\n[b]\n[a]\nk=2\n")], &["/etc/a.d/x.conf:2"]),
    ("duplicate-key", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\n[b]\nk=2\n")], &[]),
    ("duplicate-key", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\n"), ("etc/a.d/y.conf", "[a]\nk=2\n")], &[]),
    ("duplicate-key", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=\nk=2\n")], &[]),
    ("duplicate-key", "repeated = 'schema'", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\nk=2\n")], &[]),
    ("duplicate-key", "repeated = 'libeconf'", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\nk=2\n")], &["/etc/a.d/x.conf:3"]),
    // same-value
    ("same-value", "", "a.conf", &[("usr/lib/a.conf", "[a]\nk=1\n"), ("etc/a.conf.d/x.conf", "[a]\nk=1\n")], &["/etc/a.conf.d/x.conf:2"]),
    ("same-value", "", "a.conf", &[("usr/lib/a.conf", "[a]\nk=1\n"), ("etc/a.conf", "[a]\nk=1\n")], &["/etc/a.conf"]),
    ("same-value", "", "a.conf", &[("usr/lib/a.conf", "[a]\nk=1\n"), ("etc/a.conf.d/x.conf", "[a]\nk=2\n")], &[]),
    ("same-value", "", "a.conf", &[("etc/a.conf", "[a]\nk=1\n"), ("usr/lib/a.conf.d/x.conf", "[a]\nk=1\n")], &[]),
    ("same-value", "", "a.d", &[("usr/lib/a.d/1.conf", "[a]\nk=1\n"), ("usr/lib/a.d/2.conf", "[a]\nk=2\n"), ("etc/a.d/3.conf", "[a]\nk=1\n")], &[]),
    // unread
    ("unread", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\njunk\nl=1\n")], &["/etc/a.d/x.conf:2"]),
    ("unread", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\n")], &[]),
    ("unread", "", "a.d", &[("usr/lib/a.d/x.conf", "[a]\nk=1\njunk\n"), ("etc/a.d/x.conf", "[a]\nk=1\n")], &[]),
    // multi-valued
    ("multi-valued", "repeated = 'schema'", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\nk=2\n")], &["/etc/a.d/x.conf:3"]),
    ("multi-valued", "repeated = 'schema'", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\nk=1\nl=1\n")], &[]),
    ("multi-valued", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\nk=2\n")], &[]),
    // not-utf8, unprintable-name, number-prefix
    ("not-utf8", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=\u{f6}\n")], &[]),
    ("unprintable-name", "", "a.d", &[("etc/a.d/x\u{200b}.conf", "[a]\n")], &["/etc/a.d/x\u{200b}.conf"]),
    ("unprintable-name", "", "a.d", &[("etc/a.d/x y\\x2d.conf", "[a]\n"), ("etc/a.d/ö.conf", "[a]\n")], &[]),
    ("number-prefix", "", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\n")], &["/etc/a.d/x.conf"]),
    ("number-prefix", "", "a.d", &[("etc/a.d/100-x.conf", "[a]\nk=1\n")], &["/etc/a.d/100-x.conf"]),
    ("number-prefix", "", "a.d", &[("etc/a.d/60-x.conf", "[a]\nk=1\n"), ("usr/lib/a.d/x.conf", "[a]\nk=1\n"), ("etc/a.d/y.conf", "# none\n")], &[]),
    ("number-prefix", UNITS, "s/a.service", &[("usr/lib/s/a.service", "[a]\n"), ("etc/s/a.service.d/override.conf", "[a]\nk=1\n")], &[]),
    ("unreachable-file", "", "a.d", &[("usr/lib/a.d/helper", "")], &[]),
    ("number-prefix", "", "a.d", &[("etc/a.d/90x.conf", "[a]\nk=1\n")], &[]),
    ("number-prefix", "format = 'lines'", "a.d", &[("etc/a.d/x.conf", "some line\n")], &[]),
    ("loses-always", "format = 'opaque'", "a.d", &[("etc/a.d/1.conf", "some text\n"), ("etc/a.d/2.conf", "other\n")], &[]),
    ("multi-valued", "format = 'opaque'\nrepeated = 'schema'", "a.d", &[("etc/a.d/1.conf", "some text\n"), ("etc/a.d/2.conf", "other\n")], &[]),
    // no-unit, part-of
    ("no-unit", "", "systemd/system/service.d", &[("etc/systemd/system/service.d/x.conf", "[Service]\n")], &["systemd/system/service.d"]),
    ("no-unit", "", "systemd/system/service.d", &[("etc/systemd/system/service.d/x.conf", "[Service]\n"), ("usr/lib/systemd/system/a.service", "[Service]\n")], &[]),
    ("part-of", "", "systemd/journald.conf.d", &[("etc/systemd/journald.conf.d/x.conf", "[Journal]\n")], &["systemd/journald.conf.d"]),
    ("part-of", "", "journald.conf.d", &[("etc/journald.conf.d/x.conf", "[Journal]\n")], &[]),
    // carriage-return
    ("carriage-return", "format = 'libeconf'", "a.d", &[("etc/a.d/x.conf", "[a]\nk=1\r\nl=1\\\r\n2\r\n")], &["/etc/a.d/x.conf:3"]),
    ("carriage-return", "format = 'opaque'", "a.d", &[("etc/a.d/x.conf", "#!/bin/sh\r\n")], &["/etc/a.d/x.conf:1"]),
    ("carriage-return", "format = 'opaque'", "a.d", &[("etc/a.d/x.conf", "#!/bin/sh\necho\r\n")], &[]),
    ("carriage-return", "format = 'systemd'", "a.d", &[("etc/a.d/x.conf", "#!/bin/sh\r\n[a]\r\nk=1\r\n")], &[]),
    ("carriage-return", "", "a.d", &[("etc/a.d/x.conf", "[a]\r\nk=1\r\n")], &[]),
    // unknown-key
    ("unknown-key", JOURNALD, "j.d", &[("etc/j.d/x.conf", "[Journal]\nStorag=none\nStorage=none\n")], &["/etc/j.d/x.conf:2"]),
    ("unknown-key", JOURNALD, "j.d", &[("etc/j.d/x.conf", "[Jurnal]\nStorage=none\nCompress=no\n")], &["/etc/j.d/x.conf:2"]),
    ("unknown-key", JOURNALD, "j.d", &[("etc/j.d/x.conf", "[Journal]\nRateLimitInterval=1\nX-Mine=1\n[X-Mine]\nk=1\n")], &[]),
    ("unknown-key", JOURNALD, "j.d", &[("usr/lib/j.d/x.conf", "[Journal]\nStorag=none\n"), ("etc/j.d/x.conf", NULL)], &[]),
    ("unknown-key", "", "j.d", &[("etc/j.d/x.conf", "[Journal]\nStorag=none\n")], &[]),
    // What scanning and merging found.
    ("broken-line", "", "a.d", &[("etc/a.d/x.conf", "[a]\njunk\n")], &["/etc/a.d/x.conf:2"]),
    ("broken-line", "", "a.d", &[("etc/a.d/x.conf", "[a]\n")], &[]),
];

#[test]
fn every_lint_finds_what_it_looks_for_and_nothing_else() {
    let mut failed = Vec::new();
    for (lint, text, path, files, expected) in CASES {
        let mut tree = Tree::default();
        for (file, bytes) in *files {
            let file = Path::new("/").join(file);
            tree = match *bytes {
                NULL => tree.with_mask(&file),
                bytes => tree.with(&file, bytes),
            };
        }
        let resolver = Resolver::new(tree).rules(rules(text));
        let found = hits(lint, &resolver, path);
        if found != *expected {
            failed.push(format!("{lint}: {files:?}: {found:?}"));
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

/// The suffix of a main file that tells its format is that of its drop-ins.
#[test]
fn drop_ins_of_toml_are_toml() {
    let files = [
        ("/usr/lib/app/x.toml", "a = 1"),
        ("/etc/app/x.toml.d/10-a.toml", "a = 2"),
        ("/etc/app/x.toml.d/20-b.conf", "a = 3"),
        ("/etc/app/x.toml.d/30-c.toml", "a = 4"),
        ("/etc/app/50-d.toml", "a = 5"),
    ];
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| {
        tree.with(Path::new(path), *text)
    });
    let findings = Resolver::new(tree).check("app/x.toml").unwrap();
    let told = findings.iter().map(ToString::to_string);
    let told = told.collect::<Vec<_>>().join("\n");
    for expected in [
        "10-a.toml: changes nothing: all that it sets is set again by what comes later, \
         /etc/app/x.toml.d/30-c.toml; named 60-a.toml it would win",
        "20-b.conf: is never read: its name does not end in .toml",
        "50-d.toml: is never read: it is named like a drop-in",
    ] {
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn a_value_that_is_not_utf8_is_told_once_a_file() {
    let text = &b"[a]\nk=\xff\nl=\xff\n"[..];
    let tree = Tree::default().with(Path::new("/etc/a.d/x.conf"), text);
    let resolver = Resolver::new(tree).rules(rules(""));
    assert_eq!(hits("not-utf8", &resolver, "a.d"), ["/etc/a.d/x.conf:2"]);
}

/// A tree with symlinks, which only a real one has.
#[allow(clippy::disallowed_methods, reason = "the tree of a test")]
fn linked(links: &[(&str, &str)]) -> (tempfile::TempDir, Resolver) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("usr/lib/a.d/real.conf");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, "[a]\nk=1\n").unwrap();
    std::fs::create_dir_all(place.path().join("etc/a.d")).unwrap();
    for (name, target) in links {
        let link = place.path().join("etc/a.d").join(name);
        std::os::unix::fs::symlink(target, link).unwrap();
    }
    let resolver = Resolver::new(Root::open(place.path()).unwrap()).rules(rules(""));
    (place, resolver)
}

#[test]
fn links_are_followed_by_their_text() {
    for (lint, target, finds) in [
        ("link-leaves-root", "../../../usr/lib/a.d/real.conf", true),
        ("link-leaves-root", "../../../../dev/null", true),
        (
            "link-leaves-root",
            "/build/image/usr/lib/a.d/real.conf",
            true,
        ),
        ("link-leaves-root", "../../usr/lib/a.d/real.conf", false),
        ("link-leaves-root", "/usr/lib/a.d/real.conf", false),
        ("link-leaves-root", "/usr/lib/a.d/gone.conf", false),
        ("link-leaves-root", "/dev/null", false),
        (
            "link-leaves-root",
            "x/../../../usr/lib/a.d/real.conf",
            false,
        ),
        ("broken-file", "/usr/lib/a.d/gone.conf", true),
        ("broken-file", "real.conf", true),
        ("broken-file", "/usr/lib/a.d", true),
        ("broken-file", "/usr/lib/a.d/real.conf", false),
        ("same-value", "/usr/lib/a.d/real.conf", false),
    ] {
        let (_place, resolver) = linked(&[("real.conf", target)]);
        let found = hits(lint, &resolver, "a.d");
        assert_eq!(!found.is_empty(), finds, "{lint}: {target}: {found:?}");
    }
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the tree of a test")]
fn drop_ins_under_another_name_of_a_unit_are_found() {
    let (place, resolver) = linked(&[("other.conf", "/usr/lib/a.d/real.conf")]);
    let resolver = resolver.rules(rules(UNITS));
    let check = |lint| hits(lint, &resolver, "a.d/real.conf");
    assert!(check("alias-drop-ins").is_empty());
    std::fs::create_dir(place.path().join("etc/a.d/other.conf.d")).unwrap();
    assert_eq!(check("alias-drop-ins"), ["/etc/a.d/other.conf.d"]);
    assert!(check("broken-directory").is_empty());
}

#[test]
#[allow(clippy::disallowed_methods, reason = "the tree of a test")]
fn a_directory_that_is_a_file_is_found() {
    let (place, resolver) = linked(&[]);
    assert!(hits("broken-directory", &resolver, "a.d").is_empty());
    std::fs::remove_dir(place.path().join("etc/a.d")).unwrap();
    std::fs::write(place.path().join("etc/a.d"), "").unwrap();
    assert_eq!(hits("broken-directory", &resolver, "a.d"), ["/etc/a.d"]);
}

#[test]
fn every_lint_has_a_name_of_its_own_and_cases() {
    let names: Vec<_> = LINTS.iter().map(|lint| lint.code.name()).collect();
    let mut sorted: Vec<_> = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted, names, "in order and once each");
    // A case that finds something, and one that does not.
    let apart = [
        "alias-drop-ins",
        "broken-directory",
        "broken-file",
        "link-leaves-root",
        "not-utf8",
    ];
    for finds in [true, false] {
        let tested = CASES.iter().filter(|(.., found)| found.is_empty() != finds);
        let tested: BTreeSet<_> = tested.map(|(lint, ..)| *lint).chain(apart).collect();
        let missing: Vec<_> = names
            .iter()
            .filter(|name| !tested.contains(*name))
            .collect();
        assert!(missing.is_empty(), "{missing:?} finds: {finds}");
    }
}

#[test]
fn no_finding_is_above_the_level_of_its_lint() {
    for (lint, text, path, files, _) in CASES {
        let tree = files.iter().fold(Tree::default(), |tree, (file, bytes)| {
            tree.with(&Path::new("/").join(file), *bytes)
        });
        for finding in Resolver::new(tree).rules(rules(text)).check(path).unwrap() {
            let found_by = named(finding.code.name());
            let level = found_by.map(|lint| lint.level);
            // The lower the level, the more it matters.
            assert!(
                level.is_some_and(|level| finding.level >= level),
                "{lint}: {finding}"
            );
        }
    }
}

#[test]
fn a_name_that_would_win_sorts_after_the_others() {
    for (others, expected) in [
        (&["50-a.conf"][..], "60-mine.conf"),
        (&["50-a.conf", "70-a.conf"], "90-mine.conf"),
        (&["99-a.conf"], "99-mine.conf"),
        (&["99-z.conf"], "zz-mine.conf"),
        (&["zzz.conf"], "zzzz.conf"),
        (&["é.conf"], "éz.conf"),
    ] {
        let others = || others.iter().map(Path::new);
        let name = names::after(others(), "mine", ".conf".as_ref());
        assert_eq!(name, expected);
        assert!(others().all(|other| other.as_os_str().as_encoded_bytes() < name.as_bytes()));
    }
}

#[test]
fn the_example_with_numbers() {
    let tree = Tree::default()
        .with(Path::new("/etc/a.d/10-x.conf"), "[a]\nk=1\n")
        .with(Path::new("/usr/lib/a.d/9-y.conf"), "[a]\nk=2\n");
    let findings = Resolver::new(tree).rules(rules("")).check("a.d").unwrap();
    let shown = findings
        .iter()
        .map(|finding| format!("{finding} [{}]", finding.code))
        .collect::<Vec<_>>();
    assert_eq!(
        shown,
        [
            "/etc/a.d/10-x.conf: changes nothing: all that it sets is set again by what comes later, \
             /usr/lib/a.d/9-y.conf; named 90-x.conf it would win [loses-always]",
            "/usr/lib/a.d/9-y.conf:2: beats /etc/a.d/10-x.conf with k=2, since names sort byte by byte; \
             by the numbers in them the other one is the last: rename one of them so that both agree \
             [locale-order]",
        ]
    );
}

/// Without it, what the vendor's file of its name has besides would count: `why` says that it replaces that one.
#[test]
fn what_hides_a_file_does_not_change_nothing() {
    let tree = Tree::default()
        .with(Path::new("/usr/lib/a.d/10-x.conf"), "[a]\nk=0\nl=0\n")
        .with(Path::new("/etc/a.d/10-x.conf"), "[a]\nk=1\n")
        .with(Path::new("/usr/lib/a.d/50-y.conf"), "[a]\nk=2\n");
    let findings = Resolver::new(tree).rules(rules("")).check("a.d").unwrap();
    let shown: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "/etc/a.d/10-x.conf: does nothing but replace /usr/lib/a.d/10-x.conf: all that it sets is set again \
             by what comes later, /usr/lib/a.d/50-y.conf; named 60-x.conf it would win"
        ]
    );
}

#[test]
fn an_unknown_key_may_be_meant_to_be_another() {
    for (schema, text, expected) in [
        ("journald", "[Journal]\nstorage=a\n", "Storage?"),
        ("journald", "[Journal]\nSystemMaxuse=a\n", "SystemMaxUse?"),
        (
            "journald",
            "[Journal]\nColour=a\n",
            "Colour is not known in [Journal], so it is ignored",
        ),
        (
            "journald",
            "[Log]\nColour=a\n",
            "[Log] is not known, so what is in it is ignored",
        ),
        ("journald", "[journal]\nColour=a\n", "; [Journal] is"),
        ("journald", "[Log]\nStorage=a\n", "; [Journal] is"),
        (
            "unit",
            "[Service]\nWantedBy=a\n",
            "; it belongs in [Install]",
        ),
        ("unit", "[Service]\nExecStrat=a\n", "ExecStart?"),
    ] {
        let tree = Tree::default().with(Path::new("/etc/a.d/10-x.conf"), text);
        let rules = rules(&format!("schema = 'systemd/{schema}'"));
        let findings = Resolver::new(tree).rules(rules).check("a.d").unwrap();
        let [finding] = findings.as_slice() else {
            panic!("{text}: {findings:?}");
        };
        assert_eq!(finding.code, code::UNKNOWN_KEY);
        assert!(finding.message.ends_with(expected), "{text}: {finding}");
    }
}
