#![allow(
    clippy::disallowed_methods,
    reason = "a tree is a directory of the host, made by the test"
)]

use std::path::Path;

use super::*;
use crate::root::Root;

const CATALOG: &str = "
['systemd/*.conf']
['systemd/system/*.{service,slice,timer}']
drop-ins = 'unit'
main-decides = true
shape = 'document'
['NetworkManager/NetworkManager.conf']
drop-ins = 'conf.d'
shape = 'document'
['netplan']
layers = ['/lib', '/etc', '/run']
shape = 'collection'
drop-in-suffix = '.yaml'
['{tmpfiles,sysctl}.d']
['polkit-1/rules.d']
layers = ['/usr/share', '/etc']
drop-in-suffix = '.rules'
";

fn catalog() -> Catalog {
    Catalog::from_toml(Path::new("c.toml"), CATALOG.as_bytes()).unwrap()
}

fn with_sources() -> Catalog {
    let rules = Rules::from_toml(
        Path::new("s.toml"),
        b"layers = ['/usr/share', '/etc']\nshape = 'entries'\nsuffix = '.flatpakrepo'",
    );
    catalog().with(
        Path::new("flatpak/remotes.d"),
        rules.unwrap(),
        "flatpak-remotes",
    )
}

fn tree(files: &[&str]) -> Tree {
    let add = |tree: Tree, path: &&str| tree.with(Path::new(path), "A=1\n");
    files.iter().fold(Tree::default(), add)
}

fn found(tree: &Tree) -> Vec<String> {
    let survey = survey(tree, &with_sources());
    let show = |found: &Surveyed| format!("{} {}", found.path.display(), found.how.word());
    survey.paths.iter().map(show).collect()
}

#[test]
fn a_directory_belongs_to_what_it_extends() {
    for (files, expected) in [
        (&["/etc/app/x.conf.d/a.conf"][..], "app/x.conf.d directory"),
        (
            &["/etc/app/x.conf.d/a.conf", "/usr/lib/app/x.conf"],
            "app/x.conf drop-ins",
        ),
        (
            &["/etc/app/x.toml.d/a.toml", "/usr/lib/app/x.toml"],
            "app/x.toml drop-ins",
        ),
        (&["/usr/lib/app.d/a.conf", "/run/app"], "app drop-ins"),
        (&["/usr/lib/app.d/a.conf", "/etc/app/b"], "app.d directory"),
        (&["/etc/systemd/x.conf.d/a.conf"], "systemd/x.conf known"),
        (
            &["/etc/tmpfiles.d/a.conf", "/etc/tmpfiles"],
            "tmpfiles.d known",
        ),
        (
            &["/etc/NetworkManager/conf.d/a.conf"],
            "NetworkManager/NetworkManager.conf known",
        ),
        (&["/etc/other/conf.d/a.conf"], "other/conf.d directory"),
        (
            &["/etc/systemd/system/a.service.d/x.conf"],
            "systemd/system/a.service known",
        ),
        (
            &["/etc/systemd/system/a@b.service.d/x.conf"],
            "systemd/system/a@b.service known",
        ),
        (
            &["/etc/systemd/system/-.slice.d/x.conf"],
            "systemd/system/-.slice known",
        ),
        (
            &[
                "/etc/systemd/system/service.d/x.conf",
                "/usr/lib/systemd/system/a.service",
            ],
            "systemd/system/service.d known",
        ),
        (
            &["/usr/share/flatpak/remotes.d/a.flatpakrepo"],
            "flatpak/remotes.d source",
        ),
        // Of the same name as what is not searched elsewhere.
        (&["/etc/user/x.d/a.conf"], "user/x.d directory"),
        (&["/usr/lib/doc/x.d/a.conf"], "doc/x.d directory"),
        (
            &["/etc/flatpak/remotes.d/a.flatpakrepo.d/x.conf"],
            "flatpak/remotes.d source",
        ),
        (&["/etc/netplan/a.yaml"], "netplan known"),
        (&["/lib/netplan/a.yaml"], "netplan known"),
        (
            &["/usr/share/polkit-1/rules.d/a.rules"],
            "polkit-1/rules.d known",
        ),
    ] {
        assert_eq!(found(&tree(files)), [expected], "{files:?}");
    }
    let of_many = "/etc/systemd/system/a-.service.d/x.conf";
    assert_eq!(
        found(&tree(&[of_many, "/usr/lib/systemd/system/a-b.service"])),
        [
            "systemd/system/a-.service.d known",
            "systemd/system/a-b.service known"
        ]
    );
    // Nobody reads those of no unit.
    assert!(found(&tree(&[of_many])).is_empty());
    assert!(found(&tree(&["/etc/systemd/system/service.d/x.conf"])).is_empty());
}

#[test]
fn what_has_nothing_to_tell_is_left_out() {
    for files in [
        &["/usr/lib/systemd/x.conf"][..],
        &["/usr/lib/systemd/system/a.service"],
        &[
            "/usr/lib/systemd/system/a.service",
            "/etc/systemd/system/b.target.wants/a.service",
        ],
        // Nothing in them counts.
        &[
            "/etc/app.d/README",
            "/etc/app.d/.a.conf",
            "/etc/app.d/a.conf.rpmsave",
        ],
        &["/etc/netplan/a.conf"],
        &["/etc/app.d/below/a.conf"],
        // Their consumers do not read them there.
        &["/usr/share/app.d/a.conf"],
        &["/usr/share/tmpfiles.d/a.conf"],
        &["/usr/lib/polkit-1/rules.d/a.rules"],
        // No configuration, or too deep.
        &[
            "/etc/init.d/a.conf",
            "/etc/rc2.d/a.conf",
            "/etc/rc.d/a.conf",
        ],
        &["/usr/share/doc/app/x.d/a.conf", "/run/user/0/x.d/a.conf"],
        &["/etc/a/b/c/x.d/a.conf"],
        &["/etc/.hidden/x.d/a.conf", "/etc/x.d.dpkg-old/a.conf"],
    ] {
        assert_eq!(found(&tree(files)), [""; 0], "{files:?}");
    }
}

#[test]
fn known_files_appear_when_there_is_something_to_tell() {
    for (files, expected) in [
        // Two layers, or one above the lowest.
        (
            &["/usr/lib/systemd/x.conf", "/run/systemd/x.conf"][..],
            &["systemd/x.conf known"][..],
        ),
        (&["/etc/systemd/x.conf"], &["systemd/x.conf known"]),
        // Drop-ins of a prefix and of a template are a unit's, too; those of the type are everybody's.
        (
            &[
                "/usr/lib/systemd/system/a-b.service",
                "/usr/lib/systemd/system/c.service",
                "/usr/lib/systemd/system/a-.service.d/x.conf",
                "/etc/systemd/system/service.d/x.conf",
            ],
            &[
                "systemd/system/a-.service.d known",
                "systemd/system/a-b.service known",
                "systemd/system/service.d known",
            ],
        ),
        (
            &[
                "/usr/lib/systemd/system/a@.service",
                "/usr/lib/systemd/system/a@b.service",
                "/etc/systemd/system/a@.service.d/x.conf",
            ],
            &[
                "systemd/system/a@.service known",
                "systemd/system/a@b.service known",
            ],
        ),
        // In byte order, not component by component.
        (
            &["/etc/a/x.d/a.conf", "/etc/a.d/a.conf", "/etc/a-b.d/a.conf"],
            &["a-b.d directory", "a.d directory", "a/x.d directory"],
        ),
    ] {
        assert_eq!(found(&tree(files)), expected, "{files:?}");
    }
}

#[test]
fn a_mask_is_something_to_tell() {
    let tree = tree(&["/usr/lib/systemd/system/a.service"])
        .with_mask(Path::new("/etc/systemd/system/a.service"));
    let survey = survey(&tree, &catalog());
    let at = [
        "/usr/lib/systemd/system/a.service",
        "/etc/systemd/system/a.service",
    ];
    assert_eq!(survey.paths[0].at, at.map(PathBuf::from));
}

#[test]
fn nothing_is_found_twice_or_outside() {
    let place = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    let at = |path: &str| place.path().join(path);
    let write = |path: &str| {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), "A=1\n").unwrap();
    };
    let link = |text: &str, path: &str| std::os::unix::fs::symlink(text, at(path)).unwrap();
    for path in [
        "usr/lib/netplan/a.yaml",
        "usr/lib/app.d/a.conf",
        "usr/share/polkit-1/rules.d/a.rules",
        "etc/app.d/b.conf",
        "srv/moved/x.d/a.conf",
        "srv/elsewhere/a.conf",
    ] {
        write(path);
    }
    std::fs::create_dir_all(at("usr/local")).unwrap();
    std::fs::create_dir_all(outside.path().join("x.d")).unwrap();
    std::fs::write(outside.path().join("x.d/a.conf"), "A=1\n").unwrap();
    for (text, path) in [
        // Merged /usr, and a /usr/local that is none of its own.
        ("usr/lib", "lib"),
        ("../share", "usr/local/share"),
        ("../lib", "usr/local/lib"),
        // Into a layer, around in a circle, out of the root, to a file, to nothing.
        ("/usr/lib", "etc/into"),
        ("../etc", "etc/circle"),
        (".", "etc/here"),
        ("loop", "etc/loop"),
        (outside.path().to_str().unwrap(), "etc/outside"),
        ("app.d/b.conf", "etc/file"),
        ("/nowhere", "etc/gone"),
        ("/dev/null", "etc/null.d"),
        // What a consumer reads by way of a symlink.
        ("/srv/moved", "etc/moved"),
        ("/srv/elsewhere", "etc/elsewhere.d"),
    ] {
        link(text, path);
    }
    let tree = Tree::from(Root::open(place.path()).unwrap());
    assert_eq!(
        found(&tree),
        [
            "app.d directory",
            "elsewhere.d directory",
            "moved/x.d directory",
            "netplan known",
            // It masks nothing, and its consumer may stumble over it.
            "null.d directory",
            "polkit-1/rules.d known",
        ]
    );
    let survey = survey(&tree, &catalog());
    assert_eq!(survey.findings, []);
    assert_eq!(
        survey.paths[0].at,
        ["/usr/lib/app.d", "/etc/app.d"].map(PathBuf::from)
    );
}

#[test]
fn a_directory_that_cannot_be_followed_is_not_passed_over() {
    let place = tempfile::tempdir().unwrap();
    std::fs::create_dir(place.path().join("etc")).unwrap();
    std::os::unix::fs::symlink("/nowhere", place.path().join("etc/app.d")).unwrap();
    let tree = Tree::from(Root::open(place.path()).unwrap());
    assert_eq!(found(&tree), ["app.d directory"]);
}

/// A directory of the host with these files.
fn on_disk(files: &[&str]) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    for path in files {
        let path = place.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "A=1\n").unwrap();
    }
    place
}

fn link(place: &tempfile::TempDir, text: &str, path: &str) {
    std::os::unix::fs::symlink(text, place.path().join(path)).unwrap();
}

/// The paths and the findings, each in a line, of a search of at most so many directories a layer.
fn searched(place: &tempfile::TempDir, limit: usize) -> (Vec<String>, Vec<String>) {
    let tree = Tree::from(Root::open(place.path()).unwrap());
    let survey = survey_up_to(&tree, &catalog(), limit);
    let paths = survey.paths.iter().map(|found| found.path.display());
    let findings = survey.findings.iter();
    (
        paths.map(|path| path.to_string()).collect(),
        findings
            .map(|found| format!("{} {found}", found.level))
            .collect(),
    )
}

#[test]
fn what_is_not_searched_is_an_error_and_no_other_layer_suffers() {
    let place = on_disk(&[
        "etc/a/x.d/1.conf",
        "etc/b/x.d/1.conf",
        "etc/c/x.d/1.conf",
        "usr/lib/d/x.d/1.conf",
        "run/d/x.d/1.conf",
    ]);
    let (paths, findings) = searched(&place, 3);
    assert_eq!(paths, ["a/x.d", "b/x.d", "d/x.d"]);
    assert_eq!(
        findings,
        [
            "error /etc/c: not searched, nor is what comes after it in this layer: 3 directories of it are; \
             ask about a path by its name"
        ]
    );
    assert_eq!(searched(&place, 4).1, [""; 0]);
}

#[test]
fn a_place_counts_once_however_many_links_lead_to_it() {
    let directories: Vec<_> = (0..10).map(|n| format!("srv/big/{n}/x.d/1.conf")).collect();
    let directories: Vec<_> = directories.iter().map(String::as_str).collect();
    let place = on_disk(&directories);
    for layer in ["etc", "run"] {
        std::fs::create_dir_all(place.path().join(layer)).unwrap();
        for n in 0..30 {
            link(&place, "/srv/big", &format!("{layer}/{n:02}"));
        }
    }
    // The layer, the place and what is in it.
    let (paths, findings) = searched(&place, 12);
    assert_eq!(paths.len(), 10);
    assert_eq!(paths[0], "00/0/x.d");
    // Each layer has it by one name.
    assert_eq!(findings.len(), 2 * 29, "{findings:?}");
    assert_eq!(
        findings[0],
        "info /etc/01: searched under another name of it, /etc/00, and not under this one"
    );
}

#[test]
fn a_place_that_is_met_again_nearer_is_searched_further() {
    let place = on_disk(&["srv/sub/deep/er/x.d/1.conf", "etc/file"]);
    link(&place, "/srv", "etc/a");
    link(&place, "/srv/sub", "etc/b");
    assert_eq!(searched(&place, 99).0, [""; 0]);
    let place = on_disk(&["srv/sub/deep/x.d/1.conf", "etc/file"]);
    link(&place, "/srv", "etc/a");
    link(&place, "/srv/sub", "etc/b");
    assert_eq!(searched(&place, 99).0, ["b/deep/x.d"]);
}

#[test]
fn many_links_to_many_names_are_listed_once() {
    let files: Vec<_> = (0..2000).map(|n| format!("srv/x.d/{n}.conf")).collect();
    let files: Vec<_> = files.iter().map(String::as_str).collect();
    let place = on_disk(&files);
    std::fs::create_dir_all(place.path().join("etc")).unwrap();
    for n in 0..3 {
        link(&place, "/srv/x.d", &format!("etc/{n}.d"));
    }
    let tree = Tree::from(Root::open(place.path()).unwrap());
    let sighted = walk::walk(&tree, &catalog(), 9);
    let names = sighted.directories.values().flatten();
    let names: Vec<_> = names
        .map(|sighting| sighting.names.as_ref().unwrap().as_ptr())
        .collect();
    assert_eq!(names, [names[0]; 3]);
}
