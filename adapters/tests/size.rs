//! Inputs of a size at which whatever is quadratic takes minutes, and what is not a moment.
#![allow(
    clippy::disallowed_methods,
    reason = "a root is a directory of the host, made by the test"
)]

use std::fmt::Write as _;
use std::fs;

use overlay_adapters::report::Request;
use overlay_adapters::{Adapters, definition};
use overlay_resolver::root::Root;

const DEFINITION: &str = include_str!("../../data/adapters/flatpak.toml");

/// That no two have one target is asked once of each, not of each pair.
#[test]
fn many_definitions() {
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("etc").join(definition::DIRECTORY);
    fs::create_dir_all(&directory).expect("a directory");
    for number in 0..1000 {
        // One in four hundred has the target of the one before it.
        let target = number - usize::from(number % 400 == 1);
        let text = DEFINITION.replace("/var/lib/flatpak", &format!("/var/lib/flatpak{target}"));
        fs::write(directory.join(format!("a{number:04}.toml")), text).expect("a file");
    }
    let root = Root::open(place.path()).expect("a root");
    let (definitions, findings) = definition::load(&root);
    // The built-in two are among them.
    assert_eq!(definitions.len(), 1000 + 2 - 6);
    assert_eq!(findings.len(), 6, "{findings:#?}");
    assert_eq!(Adapters::open(&root).iter().count(), definitions.len());
}

/// A key of a remote is looked up, not looked for: when they are made, as they are, changed and withdrawn.
#[test]
fn many_keys_of_one_remote() {
    let place = tempfile::tempdir().expect("a directory");
    let directory = place.path().join("usr/lib/ostree/remotes.d");
    fs::create_dir_all(&directory).expect("a directory");
    let conf = place.path().join("etc/ostree/remotes.d/many.conf");
    fs::create_dir_all(conf.parent().expect("a parent")).expect("a directory");
    for (keys, value) in [(5_000, "a"), (5_000, "a"), (5_000, "b"), (1, "b")] {
        let mut text = "[remote \"many\"]\nurl=https://example.org/\n".to_owned();
        for key in 0..keys {
            writeln!(text, "x-key-{key:05}={value}").expect("text");
        }
        fs::write(directory.join("many.conf"), &text).expect("a file");
        let root = Root::open(place.path()).expect("a root");
        let report = Adapters::open(&root).sync(&Request::default());
        assert!(!report.failed(), "{:#?}", report.findings);
        let written = fs::read_to_string(&conf).expect("a file");
        let written = written.lines().filter(|line| line.starts_with("x-key-"));
        assert!(written.eq(text.lines().skip(2)));
    }
}
