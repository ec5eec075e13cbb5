//! What fails hurts its own entry and no other: that one says why, the others are done.

use std::fs;

use crate::image::Image;

const TARGET: &str = "etc/ostree/remotes.d";
const STATE: &str = "etc/overlayctl/state/ostree-remotes";
const CONFIG: &str = "var/lib/flatpak/repo/config";

fn ship(image: &Image, name: &str, url: &str) {
    let text = format!("[remote \"{name}\"]\nurl=https://{url}.example/\ngpg-verify=false\n");
    image.write(&format!("usr/lib/ostree/remotes.d/{name}.conf"), &text);
}

/// An image with remotes of ostree and none of flatpak, synced; then all of them have another URL.
fn ostree(names: &[&str]) -> Image {
    let image = Image::new();
    fs::remove_dir_all(image.path("usr/share/flatpak")).expect("removed");
    for name in names {
        ship(&image, name, "old");
    }
    assert_eq!(image.exit_status(&["sync"]), 0);
    for name in names {
        ship(&image, name, "new");
    }
    image
}

fn text(image: &Image, path: &str) -> String {
    fs::read_to_string(image.path(path)).unwrap_or_default()
}

fn has(image: &Image, name: &str, url: &str) -> bool {
    let text = text(image, &format!("{TARGET}/{name}.conf"));
    text.contains(&format!("url=https://{url}.example/\n"))
}

/// Runs a command that fails, and says so of these entries.
#[track_caller]
fn fails(image: &Image, arguments: &[&str], states: &[(&str, &str)]) -> String {
    let shown = image.shown(arguments);
    assert!(shown.ends_with("[exit status 1]"), "{shown}");
    for (name, state) in states {
        let line = shown.lines().find(|line| {
            let mut words = line.split_whitespace();
            words
                .next()
                .is_some_and(|word| word.ends_with(&format!("/{name}")))
                && words
                    .next()
                    .is_some_and(|word| word.trim_end_matches([',', ':']) == *state)
        });
        assert!(line.is_some(), "{name} is not {state}: {shown}");
    }
    shown
}

/// No run can write down what it is about to do, so none begins; nothing is left staged.
#[test]
fn a_directory_in_the_place_of_the_intent() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["sync"]), 0);
    let signed = "usr/share/flatpak/remotes.d/flathub.flatpakrepo";
    image.write(signed, "[Flatpak Repo]\nUrl=https://new.example/\n");
    let intent = "var/lib/flatpak/.overlayctl.intent";
    image.write(&format!("{intent}/in the way"), "");
    for _ in 0..2 {
        let shown = fails(&image, &["sync"], &[("flathub", "failed")]);
        assert!(shown.contains("remove it"), "{shown}");
        let staged = image.path("var/lib/flatpak/.#.overlayctl.intent.overlayctl");
        assert!(!staged.exists());
    }
    fs::remove_dir_all(image.path(intent)).expect("mended");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(text(&image, CONFIG).contains("url=https://new.example/"));
}

/// What no run makes is not taken for a lock; all that it keeps from being done is told.
#[test]
fn a_directory_in_the_place_of_the_lock() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["sync"]), 0);
    let signed = "usr/share/flatpak/remotes.d/flathub.flatpakrepo";
    image.write(signed, "[Flatpak Repo]\nUrl=https://new.example/\n");
    let lock = "var/lib/flatpak/.overlayctl.lock";
    fs::create_dir(image.path(lock)).expect("in the way");
    for _ in 0..2 {
        let shown = fails(&image, &["sync"], &[("flathub", "failed")]);
        assert!(shown.contains("no regular file: remove it"), "{shown}");
    }
    fs::remove_dir(image.path(lock)).expect("mended");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(text(&image, CONFIG).contains("url=https://new.example/"));
    assert!(!image.path(lock).exists());
}

#[test]
fn garbage_in_the_place_of_a_remote() {
    let image = ostree(&["a", "b"]);
    let garbage = "[remote \"c\"]\nurl=x\njunk\n";
    let path = format!("{TARGET}/a.conf");
    let ours = text(&image, &path);
    image.write(&path, garbage);
    ship(&image, "c", "new");
    ship(&image, "d", "new");
    let states = [
        ("a", "failed"),
        ("b", "updated"),
        // Once the file is mended, it may be defined there.
        ("c", "failed"),
        ("d", "applied"),
    ];
    let shown = fails(&image, &["sync"], &states);
    assert!(shown.contains("/etc/ostree/remotes.d/a.conf:3:"), "{shown}");
    assert_eq!(text(&image, &path), garbage);
    fails(
        &image,
        &["status", "--check"],
        &[("a", "failed"), ("b", "applied")],
    );
    image.write(&path, &ours);
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(has(&image, "a", "new") && has(&image, "c", "new"));
}

#[test]
fn what_is_strange_among_what_is_remembered() {
    let image = ostree(&["a", "b", "c", "d"]);
    image.write(&format!("{STATE}/a.state"), "");
    fs::remove_file(image.path(&format!("{STATE}/b.state"))).expect("removed");
    image.write(&format!("{STATE}/b.state/directory"), "");
    image.write(&format!("{STATE}/strange"), "");
    let states = [
        ("a", "failed"),
        ("b", "failed"),
        ("c", "updated"),
        ("d", "updated"),
    ];
    let shown = fails(&image, &["sync"], &states);
    for file in ["a.state", "b.state"] {
        assert!(shown.contains(&format!("/{STATE}/{file}")), "{shown}");
    }
}

/// Of remotes that were being moved when a run died there is nothing but what is staged; and that cannot be read.
#[test]
fn what_is_strange_in_the_place_of_what_moves() {
    let image = ostree(&["a", "b", "c"]);
    let intent = "[remote \"b\"]\nFrom=/ostree/repo/config\nLeft=true\n\
                  [remote \"gone\"]\nFrom=/ostree/repo/config\nLeft=false\n";
    image.write(&format!("{STATE}/.overlayctl.intent"), intent);
    image.write("ostree/repo/config", "[core]\nrepo_version=1\nmode=bare\n");
    fs::remove_file(image.path(&format!("{TARGET}/b.conf"))).expect("removed");
    let staged = ["b", "gone"].map(|name| format!("{TARGET}/.#{name}.conf.overlayctl"));
    image.write(&format!("{}/directory", staged[0]), "");
    image.write(&staged[1], "junk\n");
    let states = [("a", "updated"), ("b", "failed"), ("c", "updated")];
    for _ in 0..2 {
        let shown = fails(&image, &["sync"], &states[1..2]);
        for file in &staged {
            assert!(shown.contains(&format!("/{file}")), "{shown}");
            assert!(image.path(file).exists());
        }
    }
    assert!(has(&image, "a", "new") && has(&image, "c", "new"));
    fs::remove_dir_all(image.path(&staged[0])).expect("removed");
    image.write(&staged[1], "[remote \"gone\"]\nurl=https://mine.example/\n");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(has(&image, "gone", "mine"));
    assert!(staged.iter().all(|file| !image.path(file).exists()));
}

/// Where the repository is mounted later, nobody can tell whether the remote is there still.
#[test]
fn what_moves_out_of_a_repository_that_is_not_there() {
    let image = ostree(&["a", "b"]);
    let intent = "[remote \"moved\"]\nFrom=/ostree/repo/config\nLeft=false\n";
    image.write(&format!("{STATE}/.overlayctl.intent"), intent);
    let staged = format!("{TARGET}/.#moved.conf.overlayctl");
    image.write(&staged, "[remote \"moved\"]\nurl=https://mine.example/\n");
    for _ in 0..2 {
        let shown = image.shown(&["sync"]);
        assert!(shown.contains("/ostree/repo/config: cannot"), "{shown}");
        assert!(image.path(&staged).is_file());
        assert!(!has(&image, "moved", "mine"));
    }
    assert!(has(&image, "a", "new") && has(&image, "b", "new"));
    let core = "[core]\nrepo_version=1\nmode=bare\n";
    image.write("ostree/repo/config", core);
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(has(&image, "moved", "mine") && !image.path(&staged).exists());
}

#[test]
fn a_group_that_stands_twice_is_one_to_ostree() {
    let image = ostree(&["a"]);
    let twice = "[remote \"p\"]\nurl=1\n[remote \"q\"]\nurl=2\n[remote \"p\"]\nurl=3\n";
    image.write(&format!("{TARGET}/p.conf"), twice);
    let config = format!(
        "[core]\nrepo_version=1\nmode=bare\n{}",
        twice.replace("\"p", "\"r")
    );
    image.write("ostree/repo/config", &config.replace("\"q", "\"s"));
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(has(&image, "a", "new"));
}

#[test]
fn what_would_be_too_large_to_read_back() {
    let image = Image::new();
    let plain = "usr/share/flatpak/remotes.d/plain.flatpakrepo";
    assert_eq!(image.exit_status(&["sync"]), 0);
    let config = text(&image, CONFIG);
    let room = 2000;
    let comment = "x".repeat((16 << 20) - config.len() - room - 2);
    image.write(CONFIG, &format!("{config}#{comment}\n"));
    let large = format!("Comment={}\n", "y".repeat(3000));
    image
        .write(
            plain,
            "[Flatpak Repo]\nUrl=https://a.example/\nTitle=Other\n",
        )
        .write(
            "usr/share/flatpak/remotes.d/large.flatpakrepo",
            &format!("[Flatpak Repo]\nUrl=https://large.example/\n{large}"),
        );
    let states = [
        ("flathub", "applied"),
        ("large", "failed"),
        ("plain", "updated"),
    ];
    let shown = fails(&image, &["sync"], &states);
    assert!(shown.contains("large: with it, this would have"), "{shown}");
    assert!(text(&image, CONFIG).contains("url=https://a.example/"));
    fails(&image, &["status"], &[("large", "failed")]);
    let smaller = text(&image, CONFIG).replace(&comment, "");
    image.write(CONFIG, &smaller);
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(text(&image, CONFIG).contains("url=https://large.example/"));
}

/// A run whose intent could not be read back would be one that nobody knows of.
#[test]
fn an_intent_that_would_be_too_large_to_read_back() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["sync"]), 0);
    let dead = |length| {
        format!(
            "[remote \"gone\"]\nCertificates=\nFiles=/{}\n",
            "x".repeat(length)
        )
    };
    // There is room for the group of one remote, not for one of a longer name.
    let room = 120;
    let intent = "var/lib/flatpak/.overlayctl.intent";
    image.write(intent, &dead((16 << 20) - dead(0).len() - room));
    let long = "long".repeat(20);
    for name in ["short", &long] {
        image.write(
            &format!("usr/share/flatpak/remotes.d/{name}.flatpakrepo"),
            "[Flatpak Repo]\nUrl=https://a.example/\n",
        );
    }
    let states = [
        ("flathub", "applied"),
        ("short", "applied"),
        (&*long, "failed"),
    ];
    let shown = fails(&image, &["sync"], &states);
    assert!(
        shown.contains("/.overlayctl.intent: ") && shown.contains("are not read back"),
        "{shown}"
    );
    assert!(!image.path(intent).exists());
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(text(&image, CONFIG).contains(&format!("[remote \"{long}\"]")));
}

/// What its owner deleted under a former name is not forgotten while the new one cannot be told.
#[test]
fn a_tombstone_outlives_an_obstacle() {
    let image = ostree(&["old"]);
    fs::remove_file(image.path(&format!("{TARGET}/old.conf"))).expect("deleted");
    fs::remove_file(image.path("usr/lib/ostree/remotes.d/old.conf")).expect("renamed");
    let renamed = "[remote \"young\"]\nurl=https://new.example/\ngpg-verify=false\n[Overlay]\nFormerNames=old\n";
    image.write("usr/lib/ostree/remotes.d/young.conf", renamed);
    let keyring = format!("{TARGET}/young.trustedkeys.gpg");
    image.write(&format!("{keyring}/in the way"), "");
    fails(&image, &["sync"], &[("young", "failed")]);
    fs::remove_dir_all(image.path(&keyring)).expect("mended");
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(!image.path(&format!("{TARGET}/young.conf")).exists());
}
