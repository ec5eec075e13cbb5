//! Machines with history: what scripts left is taken over, and all that stays of it is named. What the vendor
//! says that it was theirs follows.

use insta::assert_snapshot;

use crate::image::Image;

const CONFIG: &str = "var/lib/flatpak/repo/config";
const CORE: &str = "[core]\nrepo_version=1\nmode=bare-user-only\nmin-free-space-size=500MB\n";

/// A remote of flatpak that a script made.
fn flatpak(group: &str, overlay: &str) -> Image {
    let image = Image::new();
    let signed = include_str!("../../data/demo/flathub.flatpakrepo");
    let signed = signed
        .split("[Overlay]")
        .next()
        .expect("what flatpak reads");
    image
        .write(CONFIG, &format!("{CORE}\n[remote \"flathub\"]\n{group}"))
        .write("usr/share/flatpak/remotes.d/plain.flatpakrepo", "")
        .write(
            "usr/share/flatpak/remotes.d/flathub.flatpakrepo",
            &format!("{signed}\n[Overlay]\n{overlay}"),
        );
    image
}

const BY_SCRIPT: &str = "url=https://dl.flathub.org/repo/\ngpg-verify=false\ngpg-verify-summary=false\nxa.title=Fedora Flathub\nxa.disable=true\nxa.filter=/usr/share/gone.filter\n";

fn value(image: &Image, key: &str) -> Option<String> {
    let config = std::fs::read_to_string(image.path(CONFIG)).expect("a configuration");
    let (_, group) = config.split_once("[remote \"flathub\"]")?;
    let mut values = group
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    values.next().map(str::to_owned)
}

#[test]
fn what_a_script_left_is_named() {
    let image = flatpak(BY_SCRIPT, "");
    assert_snapshot!("adoption_names_what_stays", image.shown(&["sync"]));
    assert_snapshot!("adoption_still_unverified", image.shown(&["status"]));
    assert_eq!(image.exit_status(&["revert", "flathub", "gpg-verify"]), 0);
    assert_eq!(value(&image, "gpg-verify").as_deref(), Some("true"));
    assert!(!image.shown(&["status"]).contains("gpg-verify is off"));
}

#[test]
fn where_a_former_url_says_who_made_it_too() {
    let group = BY_SCRIPT.replace("dl.flathub", "old.flathub");
    let image = flatpak(&group, "FormerUrls=https://old.flathub.org/repo/\n");
    let shown = image.shown(&["sync"]);
    assert!(shown.contains("flathub: gpg-verify is off"), "{shown}");
    assert_eq!(
        value(&image, "url").as_deref(),
        Some("https://dl.flathub.org/repo/")
    );
}

#[test]
fn what_was_the_vendors_follows() {
    let former = "FormerValues=gpg-verify=false;gpg-verify-summary=false;xa.title=Fedora Flathub;xa.disable=true;xa.filter=/usr/share/gone.filter\n";
    let image = flatpak(BY_SCRIPT, former);
    assert_snapshot!("adoption_of_former_values", image.shown(&["sync"]));
    for (key, expected) in [
        ("gpg-verify", Some("true")),
        ("gpg-verify-summary", Some("true")),
        ("xa.title", Some("Flathub")),
        ("xa.disable", None),
        ("xa.filter", None),
    ] {
        assert_eq!(value(&image, key).as_deref(), expected, "{key}");
    }
    // What its user set is so whatever value it has.
    let image = flatpak(&format!("{BY_SCRIPT}xa.title-is-set=true\n"), former);
    image.run(&["sync"]);
    assert_eq!(value(&image, "xa.title").as_deref(), Some("Fedora Flathub"));
}

/// A later release has the key of the remote elsewhere; ostree is dead on the old path.
#[test]
fn a_path_of_keys_that_is_gone() {
    let image = Image::new();
    std::fs::remove_dir_all(image.path("usr/share/flatpak")).expect("removed");
    let theirs = "[remote \"iot\"]\nurl=https://iot.example/\ngpgkeypath=/etc/pki/gone\n";
    image.write("etc/ostree/remotes.d/iot.conf", theirs);
    image.write("etc/pki/there", "");
    let shipped = theirs.replace("gone", "there");
    let vendor = "usr/lib/ostree/remotes.d/iot.conf";
    image.write(vendor, &shipped);
    assert_snapshot!("adoption_key_path_gone", image.shown(&["sync"]));

    let image = Image::new();
    image.write("etc/ostree/remotes.d/iot.conf", theirs);
    image.write("etc/pki/there", "");
    image.write(
        vendor,
        &format!("{shipped}[Overlay]\nFormerValues=gpgkeypath=/etc/pki/gone\n"),
    );
    image.run(&["sync"]);
    let conf = std::fs::read_to_string(image.path("etc/ostree/remotes.d/iot.conf"));
    let conf = conf.expect("a file");
    assert!(conf.contains("gpgkeypath=/etc/pki/there\n"), "{conf}");
}

/// What is no filter may be anything: it is not copied to where everybody reads it.
#[test]
fn a_file_that_is_no_filter_is_not_copied() {
    let image = flatpak(BY_SCRIPT, "");
    image.write("etc/shadow", "root:$6$secret:19000::::::\n").write(
        "usr/share/flatpak/remotes.d/flathub.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://dl.flathub.org/repo/\nFilter=/etc/shadow\n[Overlay]\nFormerValues=xa.filter=/usr/share/gone.filter\n",
    );
    let shown = image.shown(&["sync"]);
    assert!(
        shown.contains("/etc/shadow:1: is the filter of the remote flathub"),
        "{shown}"
    );
    assert!(!shown.contains("$6$secret"), "{shown}");
    assert!(!image.path("var/lib/flatpak/repo/flathub.filter").exists());
}
