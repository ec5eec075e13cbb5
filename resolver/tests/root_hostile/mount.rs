//! Another root in the place of a directory.

use std::ffi::OsStr;
use std::path::Path;

use overlay_resolver::root::Root;

use crate::tree::Tree;

#[test]
fn a_mount_is_crossed_as_a_real_one_is() {
    let (image, state) = (Tree::new(), Tree::new());
    image.file("var/hidden", "the image's own");
    image.file("etc/hostname", "image");
    image.link("etc/log", "/var/log");
    state.file("log/today", "state");
    state.link("log/host", "/etc/hostname");
    state.link("log/up", "../../etc/hostname");
    state.link("log/round", "/var/log/today");
    let root = Root::open(&image.path("")).expect("the root");
    let var = Root::open(&state.path("")).expect("the state");
    let root = root.with_mount(Path::new("/var"), &var);
    let read = |path: &str| {
        let read = root.read(Path::new(path), 100);
        read.map(|text| text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    };
    for (path, expected) in [
        ("/var/hidden", None),
        ("/var/log/today", Some("state")),
        ("var/./log//today", Some("state")),
        ("/etc/../var/log/today", Some("state")),
        ("/etc/log/today", Some("state")),
        ("/var/log/host", Some("image")),
        ("/var/log/up", Some("image")),
        ("/var/log/round", Some("state")),
        ("/var/../etc/hostname", Some("image")),
    ] {
        assert_eq!(read(path), Ok(expected.map(str::to_owned)), "{path}");
    }
    for (path, name) in [("/var", "log"), ("/etc/log", "today"), ("/var/..", "etc")] {
        let dir = root
            .dir(Path::new(path))
            .expect("it opens")
            .expect("it is there");
        let names = dir.names().expect("its names");
        assert!(
            names.iter().any(|found| found == OsStr::new(name)),
            "{path}: {names:?}"
        );
    }
    let chased = root.chase(Path::new("/etc/log/round"));
    assert_eq!(chased.as_deref(), Ok(Path::new("var/log/today")));
}
