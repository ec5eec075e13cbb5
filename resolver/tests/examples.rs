//! The examples do what they say.
#![allow(clippy::disallowed_methods, reason = "the trees are the tests' own")]

use std::fs;
use std::mem::MaybeUninit;

use overlay_resolver::Resolver;
use rustix::fs::inotify::{self, CreateFlags};
use rustix::io::Errno;

#[path = "../examples/daemon.rs"]
mod daemon;

#[test]
fn the_daemon_reloads_when_the_result_is_another_one() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("etc/myapp/config.d");
    fs::create_dir_all(&directory).unwrap();
    let write = |name: &str, text: &str| fs::write(directory.join(name), text).unwrap();
    let resolver = Resolver::open(root.path()).unwrap();
    let resolve = || resolver.resolve("myapp/config.d").unwrap();
    let mut current = daemon::Current::default();

    write("10.conf", "port = 80\nallow = a\n");
    assert_eq!(current.update(&resolve()), Ok(true));
    write("20.conf", "# nothing\n");
    assert_eq!(current.update(&resolve()), Ok(false));
    write("20.conf", "allow = b\n");
    assert_eq!(current.update(&resolve()), Ok(true));
    write("20.conf", "\nport = many\n");
    let error = current.update(&resolve()).unwrap_err();
    assert_eq!(
        (error.line(), current.update(&resolve())),
        (Some(2), Ok(false))
    );
    // What was good stays.
    let config = current.config.as_ref().unwrap();
    assert_eq!(
        (*config.port, config.port.line, config.allow.len()),
        (80, 1, 2)
    );
}

/// Of a file that breaks while it runs, the values may stay the same, and so does the digest.
#[test]
fn the_daemon_tells_of_what_breaks() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("etc/myapp/config.d");
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("10.conf"), "port = 80\n").unwrap();
    let resolver = Resolver::open(root.path()).unwrap();
    let resolve = || resolver.resolve("myapp/config.d").unwrap();
    let mut current = daemon::Current::default();
    assert_eq!(current.update(&resolve()), Ok(true));
    let broken = directory.join("50.conf");
    for break_it in [
        &|| std::os::unix::fs::symlink("/nowhere", &broken).unwrap() as _,
        &|| fs::write(&broken, "[bad\n").unwrap() as _,
    ] as [&dyn Fn(); 2]
    {
        break_it();
        let document = resolve();
        let error = current.update(&document).unwrap_err();
        assert!(error.to_string().contains("/50.conf"), "{error}");
        assert_eq!(current.update(&document), Ok(false), "told once");
        fs::remove_file(&broken).unwrap();
        assert_eq!(current.update(&resolve()), Ok(false), "what was good is");
    }
    assert_eq!(*current.config.as_ref().unwrap().port, 80);
}

#[test]
fn the_daemon_sees_what_comes_into_being() {
    for file in [
        "etc/myapp/config.d/10.conf",
        "usr/lib/myapp/config.d/10.conf",
        "run/myapp/config.d/10.conf",
    ] {
        let root = tempfile::tempdir().unwrap();
        let resolver = Resolver::open(root.path()).unwrap();
        // Directory by directory, as an installation makes them.
        let path = root.path().join(file);
        let directories: Vec<_> = path.ancestors().skip(1).collect();
        let inside =
            |place: &&&std::path::Path| place.starts_with(root.path()) && **place != root.path();
        for place in directories.iter().rev().filter(inside) {
            let watched = watched(&resolver, root.path());
            fs::create_dir(place).unwrap();
            assert!(woken(&watched), "{} of {file}", place.display());
        }
        let watched = watched(&resolver, root.path());
        assert!(!woken(&watched));
        fs::write(&path, "port = 80\n").unwrap();
        assert!(woken(&watched), "{file}");
    }
}

/// What the README says that its first example prints.
#[test]
fn the_first_example_prints_what_it_says() {
    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Config {
        port: Option<u16>,
        allow: Vec<String>,
    }
    let resolver = Resolver::new(overlay_resolver::Tree::default())
        .with(
            "/usr/lib/myapp/config.d/10-vendor.conf",
            "port = 80\nallow = a\n",
        )
        .with(
            "/etc/myapp/config.d/50-mine.conf",
            "port = 8080\nallow = b\n",
        );
    let document = resolver.resolve("/etc/myapp/config.d").unwrap();
    let config: Config = document.deserialize().unwrap();
    let Config { port, allow } = &config;
    assert_eq!((*port, allow.len()), (Some(8080), 2));
    let printed = format!("{config:?}\n{}", document.explain("", "port"));
    let readme = include_str!("../README.md");
    assert!(
        readme.contains(&format!("```text\n{printed}```\n")),
        "{printed}"
    );
}

#[test]
fn the_daemon_sees_a_directory_that_is_moved_away_and_replaced() {
    // What is swapped, and a file in it, or where a symlink to it leads.
    for (swapped, file, link) in [
        ("etc/myapp", "config.d/10.conf", None),
        ("usr/lib/myapp", "config.d/10.conf", None),
        ("etc/myapp/config.d", "10.conf", None),
        (
            "opt/vendor/myapp",
            "config.d/10.conf",
            Some(("etc/myapp", "../opt/vendor/myapp")),
        ),
        (
            "opt/vendor/sets",
            "mine/10.conf",
            Some(("etc/myapp/config.d", "/opt/vendor/sets/mine")),
        ),
        (
            "opt/vendor/sets",
            "10.conf",
            Some(("run/myapp/config.d/10.conf", "/opt/vendor/sets/10.conf")),
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let host = |path: &str| root.path().join(path);
        for (generation, port) in [("", "80"), (".new", "8080")] {
            let path = host(&format!("{swapped}{generation}/{file}"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("port = {port}\n")).unwrap();
        }
        if let Some((link, target)) = link {
            fs::create_dir_all(host(link).parent().unwrap()).unwrap();
            std::os::unix::fs::symlink(target, host(link)).unwrap();
        }
        let resolver = Resolver::open(root.path()).unwrap();
        let mut current = daemon::Current::default();
        let document = resolver.resolve("myapp/config.d").unwrap();
        assert_eq!(current.update(&document), Ok(true), "{swapped}");

        let inotify = watched(&resolver, root.path());
        assert!(!woken(&inotify));
        fs::rename(host(swapped), host(&format!("{swapped}.old"))).unwrap();
        assert!(woken(&inotify), "{swapped} away");
        // The daemon may be late, or in time: then it watches anew.
        let anew = watched(&resolver, root.path());
        fs::rename(host(&format!("{swapped}.new")), host(swapped)).unwrap();
        assert!(woken(&anew), "{swapped} back");
        let document = resolver.resolve("myapp/config.d").unwrap();
        assert_eq!(current.update(&document), Ok(true), "{swapped}");
        assert_eq!(*current.config.as_ref().unwrap().port, 8080);
    }
}

fn watched(resolver: &Resolver, root: &std::path::Path) -> rustix::fd::OwnedFd {
    let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).expect("inotify");
    daemon::watch(
        &inotify,
        root,
        &resolver.resolve("myapp/config.d").expect("a path"),
    )
    .expect("watches");
    inotify
}

fn woken(inotify: &rustix::fd::OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    match inotify::Reader::new(inotify, &mut buffer).next() {
        Ok(_) => true,
        Err(Errno::AGAIN) => false,
        Err(errno) => panic!("{errno}"),
    }
}
