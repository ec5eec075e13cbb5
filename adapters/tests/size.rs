//! Inputs of a size at which whatever is quadratic takes minutes, and what is not a moment.
#![allow(
    clippy::disallowed_methods,
    reason = "a root is a directory of the host, made by the test"
)]

use std::fs;

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
