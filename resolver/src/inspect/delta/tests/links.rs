//! Symlinks, on disk.

use super::*;

#[test]
fn symlinks_redirect_are_the_same_or_are_broken() {
    let place = tempfile::tempdir().unwrap();
    let at = |path: &str| place.path().join(path);
    for layer in ["usr/lib", "run", "etc", "srv"] {
        std::fs::create_dir_all(at(layer)).unwrap();
    }
    let texts = [
        ("usr/lib/x.conf", "[S]\nK=usr\n"),
        ("srv/a", "[S]\nK=srv\n"),
        ("srv/b", "[S]\nK=usr\n"),
    ];
    for (path, text) in texts {
        std::fs::write(at(path), text).unwrap();
    }
    for (text, expected) in [
        (
            "/srv/a",
            &[
                "redirected /etc/x.conf over /usr/lib/x.conf",
                "  changed K: usr -> srv",
            ][..],
        ),
        ("/srv/b", &["identical /etc/x.conf over /usr/lib/x.conf"]),
        (
            "../usr/lib/x.conf",
            &["equivalent /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            "/usr/lib/../lib/x.conf",
            &["equivalent /etc/x.conf over /usr/lib/x.conf"],
        ),
        (
            "../dev/null",
            &[
                "masked /etc/x.conf over /usr/lib/x.conf",
                "  removed K: usr -> ",
            ],
        ),
        ("/nowhere", &["broken /etc/x.conf over /usr/lib/x.conf"]),
        ("x.conf", &["broken /etc/x.conf over /usr/lib/x.conf"]),
        ("/srv", &["broken /etc/x.conf over /usr/lib/x.conf"]),
    ] {
        let link = at("etc/x.conf");
        std::fs::remove_file(&link).ok();
        std::os::unix::fs::symlink(text, &link).unwrap();
        let root = Root::open(place.path()).unwrap();
        let document = document(root.into(), LAST(), "x.conf");
        let mut shown = shown(&document);
        shown.retain(|line| !line.starts_with("unchanged"));
        assert_eq!(shown, expected, "{text}");
    }
    // One file by two names.
    std::fs::remove_file(at("etc/x.conf")).unwrap();
    std::fs::hard_link(at("usr/lib/x.conf"), at("etc/x.conf")).unwrap();
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), LAST(), "x.conf");
    assert_eq!(
        shown(&document),
        ["equivalent /etc/x.conf over /usr/lib/x.conf"]
    );
}

#[test]
fn a_layer_that_is_another_by_a_symlink_is_the_same() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(place.path().join("usr/lib")).unwrap();
    std::fs::write(place.path().join("usr/lib/x.conf"), "[S]\nK=1\n").unwrap();
    std::os::unix::fs::symlink("usr/lib", place.path().join("lib")).unwrap();
    let rules = Rules {
        layers: ["/lib", "/usr/lib"]
            .map(|base| Layer::new(base).unwrap())
            .into(),
        ..LAST()
    };
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), rules, "x.conf");
    assert_eq!(
        shown(&document),
        ["equivalent /usr/lib/x.conf over /lib/x.conf"]
    );
}

#[test]
fn a_file_that_is_hidden_extends_nothing() {
    let place = tempfile::tempdir().unwrap();
    let [usr, etc] = ["usr/lib", "etc"].map(|layer| place.path().join(layer).join("x.conf.d"));
    for directory in [&usr, &etc] {
        std::fs::create_dir_all(directory).unwrap();
    }
    std::fs::write(usr.join("a.conf"), "[S]\nK=1\n").unwrap();
    std::os::unix::fs::symlink("/nowhere", etc.join("a.conf")).unwrap();
    let root = Root::open(place.path()).unwrap();
    let document = document(root.into(), LAST(), "x.conf");
    assert_eq!(
        shown(&document),
        [
            "unchanged /usr/lib/x.conf.d/a.conf over nothing",
            "broken /etc/x.conf.d/a.conf over /usr/lib/x.conf.d/a.conf",
        ]
    );
}
