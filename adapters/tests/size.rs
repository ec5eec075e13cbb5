//! What costs more than in proportion to what there is.
#![allow(
    clippy::disallowed_methods,
    reason = "a root is a directory of the host, made by the test"
)]

#[path = "../../tests/support/growth.rs"]
mod growth;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use growth::{in_proportion, time};
use overlay_adapters::report::Request;
use overlay_adapters::{Adapters, definition};
use overlay_resolver::root::Root;
use tempfile::TempDir;

const DEFINITION: &str = include_str!("../definitions/flatpak.toml");

/// A tree of which the vendor ships what the test puts there.
struct Image(TempDir);

impl Image {
    fn new() -> Self {
        // In memory, where there is a place for that: thousands of files are made durable one by one.
        let place = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        Self(place.expect("a directory"))
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a directory");
        fs::write(path, text).expect("a file");
    }

    /// The time of a run, which has nothing to complain about.
    fn sync(&self) -> Duration {
        let root = Root::open(self.0.path()).expect("a root");
        time(|| {
            let report = Adapters::open(&root).sync(&Request::default());
            assert!(!report.failed(), "{:#?}", report.findings);
        })
    }
}

const FLATPAK: &str = "usr/share/flatpak/remotes.d";
const OSTREE: &str = "usr/lib/ostree/remotes.d";

fn flatpak_remotes(image: &Image, count: usize) {
    for number in 0..count {
        let text = format!("[Flatpak Repo]\nUrl=https://example.org/{number}\nGPGVerify=false\n");
        image.write(format!("{FLATPAK}/r{number}.flatpakrepo"), text);
    }
}

fn ostree_remotes(image: &Image, count: usize) {
    for number in 0..count {
        let text = format!("[remote \"r{number}\"]\nurl=https://example.org/{number}\n");
        image.write(format!("{OSTREE}/r{number}.conf"), text);
    }
}

#[test]
fn remotes_of_flatpak_come_and_go() {
    in_proportion(800, |count| {
        let image = Image::new();
        flatpak_remotes(&image, count);
        let first = image.sync();
        let again = image.sync();
        fs::remove_dir_all(image.path(FLATPAK)).expect("a directory");
        let withdrawn = image.sync();
        vec![("first", first), ("again", again), ("withdrawn", withdrawn)]
    });
}

#[test]
fn remotes_of_ostree_come_and_go() {
    in_proportion(300, |count| {
        let image = Image::new();
        ostree_remotes(&image, count);
        let first = image.sync();
        let again = image.sync();
        fs::remove_dir_all(image.path(OSTREE)).expect("a directory");
        let withdrawn = image.sync();
        vec![("first", first), ("again", again), ("withdrawn", withdrawn)]
    });
}

/// The owner's remotes are read with the vendor's, and may have a million lines.
#[test]
fn a_large_configuration_of_the_owners() {
    in_proportion(20_000, |lines| {
        let image = Image::new();
        let mut config = "[core]\nrepo_version=1\nmode=bare-user-only\n".to_owned();
        for line in 0..lines / 4 {
            write!(
                config,
                "[remote \"x{line}\"]\nurl=https://example.org/{line}\n# its own\n\n"
            )
            .expect("text");
        }
        image.write("var/lib/flatpak/repo/config", config);
        flatpak_remotes(&image, 1);
        vec![("first", image.sync()), ("again", image.sync())]
    });
}

/// Of a key that stands there again and again, all go at once.
#[test]
fn a_key_that_is_repeated() {
    in_proportion(20_000, |count| {
        let image = Image::new();
        let repo = "[Flatpak Repo]\nUrl=https://example.org/\nGPGVerify=false\n";
        let vendors = format!("{FLATPAK}/r.flatpakrepo");
        image.write(&vendors, format!("{repo}Title=T\n"));
        image.sync();
        let config = image.path("var/lib/flatpak/repo/config");
        let text = fs::read_to_string(&config).expect("a configuration");
        fs::write(
            &config,
            text.trim_end().to_owned() + &"\nxa.title=T".repeat(count),
        )
        .expect("a configuration");
        image.write(&vendors, repo);
        let taken_away = image.sync();
        let text = fs::read_to_string(&config).expect("a configuration");
        assert!(!text.contains("xa.title=T"), "all of them");
        vec![("taken away", taken_away)]
    });
}

/// Symlinks to directories beside them would double what is below with each level.
#[test]
fn links_below_the_refs_of_a_remote() {
    let image = Image::new();
    flatpak_remotes(&image, 1);
    image.sync();
    fs::remove_dir_all(image.path(FLATPAK)).expect("a directory");
    fs::create_dir_all(image.path("usr/share")).expect("a directory");
    let mut level = image.path("var/lib/flatpak/repo/refs/remotes/r0/app");
    for _ in 0..64 {
        fs::create_dir_all(level.join("a")).expect("a directory");
        std::os::unix::fs::symlink("a", level.join("b")).expect("a link");
        level.push("a");
    }
    // A link takes the place of a file: the remote is in use.
    image.sync();
    let config = fs::read_to_string(image.path("var/lib/flatpak/repo/config")).expect("a file");
    assert!(config.contains("[remote \"r0\"]"), "{config}");
}

/// Thousands of directories in one another, and no more of them open at once than a process may have.
#[test]
fn directories_below_the_refs_of_a_remote() {
    let image = Image::new();
    flatpak_remotes(&image, 1);
    image.sync();
    fs::remove_dir_all(image.path(FLATPAK)).expect("a directory");
    fs::create_dir_all(image.path("usr/share")).expect("a directory");
    let mut level = image.path("var/lib/flatpak/repo/refs/remotes/r0/app");
    for _ in 0..1800 {
        level.push("a");
    }
    fs::create_dir_all(level).expect("directories");
    image.sync();
    let config = fs::read_to_string(image.path("var/lib/flatpak/repo/config")).expect("a file");
    assert!(!config.contains("[remote"), "{config}");
}

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
    // The built-in three are among them.
    assert_eq!(definitions.len(), 1000 + 3 - 6);
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
