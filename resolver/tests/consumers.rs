//! What single consumers do differently, by their rule sets: found by whole trees given to the real
//! ones (`tests/real/trees/`).
#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
#![allow(
    clippy::disallowed_methods,
    reason = "the root is a directory of the host, made by the test"
)]

use std::fs;
use std::os::unix::fs::symlink;

use overlay_resolver::{Resolver, Rules};

/// The value of `K` that the consumer loads from these files (`-> TARGET` is a symlink); none where
/// it loads nothing at all.
fn value(rules: &str, path: &str, files: &[(&str, &str)]) -> Option<String> {
    let root = tempfile::tempdir().unwrap();
    for (file, content) in files {
        let file = root.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        match content.strip_prefix("-> ") {
            Some(target) => symlink(target, file).unwrap(),
            None => fs::write(file, content).unwrap(),
        }
    }
    let rules = Rules::named(rules).unwrap();
    let document = Resolver::open(root.path())
        .unwrap()
        .rules(rules)
        .resolve(path)
        .unwrap();
    let value = |document: &overlay_resolver::Document| {
        let section =
            ["S", ""].map(|section| document.get(section, "K").map(|k| k.value().to_string()));
        section.into_iter().flatten().next().unwrap_or_default()
    };
    document.loads().then(|| value(&document))
}

#[test]
fn networkmanager() {
    const MAIN: &str = "NetworkManager/NetworkManager.conf";
    const ETC: &str = "etc/NetworkManager/NetworkManager.conf";
    const USR_A: (&str, &str) = ("usr/lib/NetworkManager/conf.d/a.conf", "[S]\nK=a\n");
    const RUN_B: (&str, &str) = ("run/NetworkManager/conf.d/b.conf", "[S]\nK=b\n");
    let value = |files: &[(&str, &str)]| value("networkmanager-conf", MAIN, files);
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(
        value(&[USR_A, (ETC, "-> nowhere")]),
        some("a"),
        "a dangling main file is none"
    );
    assert_eq!(
        value(&[USR_A, (ETC, "-> NetworkManager.conf")]),
        some("a"),
        "nor is a loop one"
    );
    let link = "-> ../../usr/lib/NetworkManager/conf.d/a.conf";
    assert_eq!(
        value(&[USR_A, RUN_B, (ETC, link)]),
        some("a"),
        "read twice, the last time as main"
    );
    assert_eq!(
        value(&[USR_A, ("etc/NetworkManager/conf.d", "-> nowhere")]),
        some("a"),
        "a directory that does not open has no files"
    );
}

#[test]
fn libeconf() {
    const MAIN: &str = "run/foo/bar.conf";
    const USR_A: (&str, &str) = ("usr/etc/foo/bar.conf.d/a.conf", "K=usr\n");
    const ETC_A: (&str, &str) = ("etc/foo/bar.conf.d/a.conf", "L=etc\n");
    let value = |files: &[(&str, &str)]| value("libeconf", "foo/bar.conf", files);
    let some = |value: &str| Some(value.to_owned());
    assert_eq!(
        value(&[USR_A, ETC_A]),
        some("usr"),
        "nothing hides the first file"
    );
    assert_eq!(
        value(&[USR_A, ETC_A, (MAIN, "M=main\n")]),
        some(""),
        "which the main file is"
    );
    for nothing in ["-> nowhere", "-> bar.conf", "-> bar.conf.d/x/y"] {
        let files = [USR_A, ETC_A, (MAIN, nothing), ("run/foo/bar.conf.d/x", "")];
        assert_eq!(
            value(&files),
            some("usr"),
            "a main file that does not open is none: {nothing}"
        );
    }
    let blocked = (
        "run/foo/bar.conf.d/b.conf",
        "-> ../../../etc/foo/bar.conf.d/a.conf/x",
    );
    assert_eq!(value(&[USR_A, ETC_A, blocked]), None, "a drop-in must open");
}

#[test]
fn netplan() {
    let value = |target| {
        value(
            "netplan-files",
            "netplan",
            &[("etc/netplan/a.yaml", target)],
        )
    };
    assert_eq!(value("{}"), Some(String::new()));
    assert_eq!(value("-> nowhere"), None);
    assert_eq!(value("-> a.yaml"), None);
}
