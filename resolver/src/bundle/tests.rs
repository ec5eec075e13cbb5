#![allow(clippy::disallowed_methods, reason = "the trees are made by the tests")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::finding::code;
use crate::root::Root;
use crate::scan::Entry;
use crate::tree::Tree;
use crate::{Resolver, Rules};

const ACME: &str = "/var/lib/overlayctl/bundles/acme";
const SITE: &str = "/usr/lib/overlayctl/bundles/site";

fn gone() -> Finding {
    code::BROKEN_DIRECTORY.error("/var/lib/overlayctl/bundles/gone", "is missing")
}

fn bundles() -> [Bundle; 3] {
    [
        Bundle::at("acme", ACME),
        Bundle::refused("gone", gone()),
        Bundle::at("site", SITE),
    ]
}

fn bases(layers: &[&str]) -> Vec<String> {
    let layers = Layer::all(layers).unwrap();
    let stacked = stacked(&layers, &bundles());
    let base = |layer: &Layer| match layer.bundle() {
        Some(name) => format!("{name}: {}", layer.base().display()),
        None => layer.base().display().to_string(),
    };
    let twice = super::stacked(&stacked, &bundles());
    assert_eq!(twice, stacked, "a second time changes nothing");
    stacked.iter().map(base).collect()
}

#[test]
fn bundles_are_between_the_image_and_all_else() {
    assert_eq!(
        bases(&["/usr/lib", "/usr/local/lib", "/run", "/etc"]),
        [
            "/usr/lib",
            "acme: /var/lib/overlayctl/bundles/acme/usr/lib",
            "site: /usr/lib/overlayctl/bundles/site/usr/lib",
            "/usr/local/lib",
            "/run",
            "/etc"
        ]
    );
    assert_eq!(
        bases(&["/usr/share", "/usr/lib", "/usr/local/share", "/etc"]),
        [
            "/usr/share",
            "/usr/lib",
            "acme: /var/lib/overlayctl/bundles/acme/usr/share",
            "acme: /var/lib/overlayctl/bundles/acme/usr/lib",
            "site: /usr/lib/overlayctl/bundles/site/usr/share",
            "site: /usr/lib/overlayctl/bundles/site/usr/lib",
            "/usr/local/share",
            "/etc"
        ]
    );
    // One directory under two names is one layer of a bundle.
    assert_eq!(bases(&["/lib", "/usr/lib", "/etc"]).len(), 5);
    // No bundle has it.
    assert_eq!(
        bases(&["/usr/etc", "/run", "/etc"]),
        ["/usr/etc", "/run", "/etc"]
    );
    assert_eq!(bases(&["/usr/local/lib"]), ["/usr/local/lib"]);
}

fn resolver(files: &[(&str, &str)]) -> Resolver {
    let tree = files.iter().fold(Tree::default(), |tree, (path, text)| {
        tree.with(Path::new(path), *text)
    });
    Resolver::new(tree.with_bundles(bundles()))
}

#[test]
fn a_bundle_overrides_the_image_and_the_owner_the_bundle() {
    let in_acme = format!("{ACME}/usr/lib/systemd/journald.conf.d/10.conf");
    let in_site = format!("{SITE}/usr/lib/systemd/journald.conf.d/10.conf");
    let vendor = (
        "/usr/lib/systemd/journald.conf.d/10.conf",
        "[Journal]\nSeal=vendor\n",
    );
    let owner = (
        "/etc/systemd/journald.conf.d/10.conf",
        "[Journal]\nSeal=owner\n",
    );
    let acme = (&*in_acme, "[Journal]\nSeal=acme\n");
    let site = (&*in_site, "[Journal]\nSeal=site\n");
    let seal = |files: &[(&str, &str)]| {
        let document = resolver(files).resolve("systemd/journald.conf").unwrap();
        let key = document.get("Journal", "Seal").unwrap();
        key.value().to_string()
    };
    assert_eq!(seal(&[vendor, acme]), "acme");
    assert_eq!(seal(&[vendor, acme, site]), "site");
    assert_eq!(seal(&[vendor, acme, site, owner]), "owner");
    // The file of a bundle is one of the configuration, whatever way it is asked for.
    let resolver = resolver(&[vendor, acme]);
    let asked = resolver.configuration(&in_acme).unwrap();
    assert_eq!(asked.path(), "systemd/journald.conf.d/10.conf");
    let owners = resolver.owners(Path::new(&in_acme)).unwrap();
    assert_eq!(owners[0].path(), "systemd/journald.conf");
}

#[test]
fn rules_that_the_caller_names_have_the_bundles_too() {
    let file = format!("{ACME}/usr/share/x.d/10.conf");
    let rules = Rules::builder()
        .layers(["/usr/share", "/etc"])
        .build()
        .unwrap();
    let resolver = resolver(&[(&file, "a=1\n")]).rules(rules.clone());
    assert!(resolver.resolve("x.d").unwrap().get("", "a").is_some());
    let configuration = resolver.configuration("x.d").unwrap().read_by(rules);
    assert!(configuration.document().get("", "a").is_some());
}

#[test]
fn the_directories_of_a_bundle_are_found() {
    let unit = format!("{ACME}/usr/lib/systemd/system/a.service");
    let resolver = resolver(&[
        (&unit, "[Service]\n"),
        (&format!("{SITE}/usr/lib/x.d/10.conf"), "a=1\n"),
    ]);
    let members = resolver.members(Path::new("systemd/system"));
    assert_eq!(members.len(), 1);
    #[cfg(feature = "inspect")]
    {
        let survey = crate::inspect::survey::survey(resolver.tree(), resolver.catalog());
        let paths: Vec<_> = survey
            .paths
            .iter()
            .map(|one| one.path.as_os_str())
            .collect();
        assert_eq!(paths, ["systemd/system/a.service", "x.d"]);
    }
}

/// What is in a bundle is read as if it were the root, and what is outside is not.
#[test]
fn no_symlink_leads_out_of_a_bundle() {
    let place = tempfile::tempdir().unwrap();
    let root = place.path();
    let dir = root.join(&format!("{ACME}/usr/lib/x.d")[1..]);
    fs::create_dir_all(&dir).unwrap();
    fs::create_dir_all(root.join("etc")).unwrap();
    fs::write(root.join("etc/shadow"), "secret=1\n").unwrap();
    fs::write(root.join(&format!("{ACME}/usr/lib/own")[1..]), "own=1\n").unwrap();
    for (name, text) in [
        ("1.conf", "/etc/shadow"),
        ("2.conf", "../../../../../../../../../etc/shadow"),
        ("3.conf", "/usr/lib/own"),
        ("4.conf", "../own"),
        ("5.conf", "../../../../../../../../../usr/lib/own"),
        ("6.conf", "/dev/null"),
    ] {
        symlink(text, dir.join(name)).unwrap();
    }
    // A directory that is a way out, and one that is not.
    symlink("/etc", dir.parent().unwrap().join("y.d")).unwrap();
    symlink("/usr/lib/x.d", dir.parent().unwrap().join("z.d")).unwrap();
    fs::write(root.join("etc/a.conf"), "secret=1\n").unwrap();

    let root = Root::open(root).unwrap().with_bundles(bundles());
    for changed in [false, true] {
        let tree = Tree::from(root.clone());
        let tree = if changed {
            tree.with(Path::new("/etc/other"), "x")
        } else {
            tree
        };
        let resolver = Resolver::new(tree);
        let scan = resolver.scan("x.d").unwrap();
        let text = |name: &str| {
            let mut files = scan.entries.iter().flat_map(Entry::effective);
            let file = files.find(|file| file.path.ends_with(name))?;
            Some(String::from_utf8(file.text.to_vec()).unwrap())
        };
        for name in ["3.conf", "4.conf", "5.conf"] {
            assert_eq!(text(name).as_deref(), Some("own=1\n"), "{name}");
        }
        for name in ["1.conf", "2.conf", "6.conf"] {
            assert_eq!(text(name), None, "{name}");
        }
        let document = resolver.resolve("x.d").unwrap();
        let told: Vec<_> = document.findings().map(ToString::to_string).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        let count = |path: &str| {
            let scan = resolver.scan(path).unwrap();
            scan.entries.iter().flat_map(Entry::effective).count()
        };
        assert_eq!((count("y.d"), count("z.d")), (0, 3));
    }
}

proptest! {
    /// What a bundle does not have, it does not change.
    #[test]
    fn no_bundle_changes_what_it_does_not_have(
        image in prop::collection::vec((0..3u8, 0..3u8), 0..6),
        of_bundle in prop::collection::vec(0..3u8, 0..3),
    ) {
        let image: Vec<_> = image
            .into_iter()
            .map(|(layer, name)| {
                let layer = ["/usr/lib", "/usr/local/lib", "/etc"][usize::from(layer)];
                (format!("{layer}/a{name}.conf"), format!("from={layer}\n"))
            })
            .collect();
        let of_bundle = of_bundle.into_iter().map(|name| {
            (format!("{ACME}/usr/lib/a{name}.conf"), "from=bundle\n".to_owned())
        });
        let of_bundle: Vec<_> = of_bundle.collect();
        let plain: Vec<_> = image.iter().map(|(path, text)| (&**path, &**text)).collect();
        let bundled = of_bundle.iter().map(|(path, text)| (&**path, &**text));
        let bundled: Vec<_> = plain.iter().copied().chain(bundled).collect();
        for name in 0..3 {
            let path = format!("a{name}.conf");
            let value = |files: &[(&str, &str)]| {
                let document = resolver(files).resolve(&path).unwrap();
                document.get("", "from").map(|key| key.value().to_string())
            };
            let in_bundle = of_bundle.iter().any(|(file, _)| file.ends_with(&path));
            let (without, with) = (value(&plain), value(&bundled));
            match without.as_deref() {
                None | Some("/usr/lib") if in_bundle => {
                    prop_assert_eq!(with.as_deref(), Some("bundle"));
                }
                _ => prop_assert_eq!(with, without),
            }
        }
    }
}
