//! The story of the README: remotes that come, and what their owner does with them.

use super::container::Boot;
use super::system::System;

pub(super) fn remote(system: &System, name: &str, url: &str) {
    system.write(
        &format!("usr/lib/flatpak/remotes.d/{name}.flatpakrepo"),
        &format!("[Flatpak Repo]\nUrl={url}\nTitle=The {name}\nGPGVerify=false\n"),
    );
}

/// A name and a URL a line.
pub(super) fn remotes(boot: &Boot) -> Vec<String> {
    let remotes = boot.output(&["flatpak", "remotes", "--system", "--columns=name,url"]);
    let words = remotes.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        words.join(" ")
    });
    let mut remotes: Vec<_> = words.collect();
    remotes.sort();
    remotes
}

/// The owner deletes one, edits another, and masks a third.
pub(super) fn owner_acts(boot: &Boot) {
    for arguments in [
        &["flatpak", "remote-delete", "--system", "deleted"][..],
        &[
            "flatpak",
            "remote-modify",
            "--system",
            "--title=Mine",
            "edited",
        ],
        &["mkdir", "-p", "/etc/flatpak/remotes.d"],
        &[
            "ln",
            "-s",
            "/dev/null",
            "/etc/flatpak/remotes.d/masked.flatpakrepo",
        ],
    ] {
        boot.run(arguments);
    }
}

pub(crate) fn stay(system: &System) {
    for name in ["deleted", "edited", "masked", "plain"] {
        remote(system, name, "https://one.example.org/");
    }
    let boot = system.boot();
    let one = "https://one.example.org/";
    let all = ["deleted", "edited", "masked", "plain"].map(|name| format!("{name} {one}"));
    assert_eq!(remotes(&boot), all);
    owner_acts(&boot);
    boot.off();

    let boot = system.boot();
    let two = ["edited", "plain"].map(|name| format!("{name} {one}"));
    assert_eq!(remotes(&boot), two);
    let config = system
        .read("var/lib/flatpak/repo/config")
        .expect("it is there");
    boot.off();

    // A boot that changes nothing writes nothing.
    let boot = system.boot();
    assert_eq!(system.read("var/lib/flatpak/repo/config"), Some(config));
    boot.off();

    // The next image: another URL, another remote, and one that is withdrawn.
    let next = "https://two.example.org/";
    remote(system, "edited", next);
    remote(system, "new", next);
    system.remove("usr/lib/flatpak/remotes.d/plain.flatpakrepo");
    let boot = system.boot();
    assert_eq!(
        remotes(&boot),
        ["edited", "new"].map(|name| format!("{name} {next}"))
    );
    let title = boot.output(&["flatpak", "remotes", "--system", "--columns=title"]);
    assert!(title.contains("Mine"), "{title}");
    boot.off();
}
