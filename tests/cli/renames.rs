//! What the vendor calls otherwise, masks, or takes out of an image for a while: what its owner did stays done.

mod ostree;
mod waiting;

use crate::certificates::{Certificate, ONE, THREE};
use crate::image::Image;

const VENDOR: &str = "usr/share/flatpak/remotes.d";
const GROUP: &str = "[remote \"v\"]";
const OFF: &str = "[remote \"v\"]\nxa.disable=true\nxa.disable-is-set=true";
const FORMER_V: &str = "[Overlay]\nFormerNames=v;\n";

/// An image that has no remotes of its own.
fn empty() -> Image {
    let image = Image::new();
    for name in ["flathub", "plain"] {
        unship(&image, name);
    }
    image
}

fn unship(image: &Image, name: &str) {
    let file = image.path(&format!("{VENDOR}/{name}.flatpakrepo"));
    let _ = std::fs::remove_file(file);
}

/// The next image has this remote, and of the others none.
fn ship(image: &Image, name: &str, overlay: &str) {
    for other in ["v", "w", "x"] {
        unship(image, other);
    }
    image.write(
        &format!("{VENDOR}/{name}.flatpakrepo"),
        &format!("[Flatpak Repo]\nUrl=https://v.example/repo/\nTitle=V\n{overlay}"),
    );
}

fn config(image: &Image) -> String {
    let path = image.path("var/lib/flatpak/repo/config");
    std::fs::read_to_string(path).expect("a configuration")
}

/// The group of a remote.
fn group(image: &Image, name: &str) -> Option<String> {
    let config = config(image);
    let (_, group) = config.split_once(&format!("[remote \"{name}\"]\n"))?;
    let end = group.find("\n[").unwrap_or(group.len());
    Some(group[..end].to_owned())
}

fn is_off(image: &Image, name: &str) -> bool {
    group(image, name).is_some_and(|group| group.contains("xa.disable=true"))
}

/// Its owner deletes a remote.
fn delete(image: &Image, name: &str) {
    let text = config(image);
    let group = format!(
        "[remote \"{name}\"]\n{}",
        group(image, name).expect("a remote")
    );
    assert!(text.contains(&group));
    image.write("var/lib/flatpak/repo/config", &text.replace(&group, ""));
}

/// As an app of it leaves it.
fn install_from(image: &Image, name: &str) {
    let app = format!("var/lib/flatpak/repo/refs/remotes/{name}/app/org.x.A/x86_64/stable");
    image.write(&app, "a");
}

/// Under its new name alone, and off still; a second run has nothing to do.
fn assert_renamed(image: &Image, how: &str) {
    assert_eq!(group(image, "v"), None, "{how}");
    assert!(is_off(image, "w"), "{how}: {}", config(image));
    assert_settled(image, how);
}

fn assert_settled(image: &Image, how: &str) {
    let before = image.files();
    image.run(&["sync"]);
    assert!(image.files() == before, "{how}: {}", config(image));
}

/// Which file hides what its owner edited is told.
#[test]
fn a_mask_of_the_vendor_is_named() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    image.edit(GROUP, OFF);
    image.write("usr/local/lib/flatpak/remotes.d/v.flatpakrepo", "");
    let mask = "masked by /usr/local/lib/flatpak/remotes.d/v.flatpakrepo";
    // Before the run that leaves it to its owner, and after.
    let in_the_way = || {
        for wish in ["adopt", "revert"] {
            let shown = image.shown(&[wish, "v"]);
            assert!(
                shown.contains(&format!("nothing to do: it is {mask}: remove")),
                "{shown}"
            );
        }
    };
    in_the_way();
    for command in ["sync", "status", "sync"] {
        let shown = image.shown(&[command]);
        let told = format!("released: {mask}");
        assert!(shown.contains(&told), "{shown}");
    }
    in_the_way();
}

/// A mask of the former name takes all away that lies beside the later one, but for what is in use.
#[test]
fn a_mask_of_the_former_name_leaves_nothing() {
    for in_use in [false, true] {
        let image = empty();
        ship(&image, "v", "");
        image.run(&["sync"]);
        let key = format!("GPGKey={}\n{FORMER_V}", ONE.base64);
        ship(&image, "w", &key);
        image.run(&["sync"]);
        if in_use {
            install_from(&image, "w");
        }
        image.write("etc/flatpak/remotes.d/v.flatpakrepo", "");
        let shown = image.shown(&["sync"]);
        assert_eq!(group(&image, "w").is_some(), in_use, "{shown}");
        let keyring = image.path("var/lib/flatpak/repo/w.trustedkeys.gpg");
        assert_eq!(keyring.exists(), in_use, "{shown}");
        assert_settled(&image, "masked");
    }
}

/// What a rename brings along, and where it went, is told.
#[test]
fn a_rename_is_told() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    ship(&image, "w", FORMER_V);
    let shown = image.shown(&["revert", "v"]);
    assert!(
        shown.contains("nothing to do: it is not what the vendor ships, who calls it w now"),
        "{shown}"
    );
    let shown = image.shown(&["sync"]);
    assert!(
        shown.contains("flatpak-remotes/v            removed: the vendor calls it w now"),
        "{shown}"
    );
    assert!(
        shown.contains("flatpak-remotes/w            applied, from /usr/share/flatpak/remotes.d/w.flatpakrepo, with all that there was under its other name v"),
        "{shown}"
    );
}

/// What a script left, and an older release called otherwise.
#[test]
fn what_others_made_is_renamed() {
    let by_script = "[remote \"v\"]\nurl=https://v.example/repo/\ngpg-verify=false\nxa.title=V\nxa.disable=true\n";
    for is_adopted in [true, false] {
        let image = empty();
        image.write(
            "var/lib/flatpak/repo/config",
            &format!("[core]\nrepo_version=1\nmode=bare-user-only\n\n{by_script}"),
        );
        if is_adopted {
            ship(&image, "v", "");
            image.run(&["sync"]);
        }
        // A stamp says that what is missing was deleted, and this is not.
        image.write("etc/stamp", "");
        ship(&image, "w", &format!("{FORMER_V}DeletedIf=/etc/stamp\n"));
        image.run(&["sync"]);
        assert_renamed(&image, by_script);
        // It was there before, so it is never removed unasked.
        unship(&image, "w");
        image.run(&["sync"]);
        assert!(is_off(&image, "w"), "{}", config(&image));
    }
}

/// What an app needs of one stays, hidden.
#[test]
fn what_others_made_is_renamed_while_it_is_in_use() {
    let image = empty();
    let group_of_v = "[remote \"v\"]\nurl=https://v.example/repo/\nxa.disable=true\n";
    image.write(
        "var/lib/flatpak/repo/config",
        &format!("[core]\nrepo_version=1\nmode=bare-user-only\n\n{group_of_v}"),
    );
    install_from(&image, "v");
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    assert!(is_off(&image, "w"));
    let left = group(&image, "v").expect("it is in use");
    assert!(left.contains("xa.noenumerate=true"), "{left}");
    assert_settled(&image, "in use");
    let shown = image.shown(&["revert", "v"]);
    assert!(
        shown.contains(
            "nothing to do: it is withdrawn by the vendor, who calls it w now, and stays only because it is in use"
        ),
        "{shown}"
    );
}

/// The vendor's remote under its new name is not there beside it.
#[test]
fn what_was_released_is_so_under_any_name() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    image.edit(GROUP, OFF);
    image.run(&["release", "v"]);
    ship(&image, "w", FORMER_V);
    let shown = image.shown(&["sync"]);
    assert!(is_off(&image, "v"), "{shown}");
    assert_eq!(group(&image, "w"), None, "{shown}");
    assert_settled(&image, "released");
    assert_eq!(image.exit_status(&["adopt", "w"]), 0);
    assert_renamed(&image, "handed back");
}

/// Only its owner's mask takes away what they did.
#[test]
fn a_mask_of_the_vendor_is_a_withdrawal() {
    for (mask, stays) in [
        ("usr/local/lib/flatpak/remotes.d/v.flatpakrepo", true),
        ("etc/flatpak/remotes.d/v.flatpakrepo", false),
    ] {
        let image = empty();
        ship(&image, "v", "");
        image.run(&["sync"]);
        image.edit(GROUP, OFF);
        image.write(mask, "");
        image.run(&["sync"]);
        assert_eq!(is_off(&image, "v"), stays, "{mask}");
        assert_settled(&image, mask);
        std::fs::remove_file(image.path(mask)).expect("removed");
        image.run(&["sync"]);
        assert_eq!(is_off(&image, "v"), stays, "{mask}");
        assert_settled(&image, mask);
    }
}

#[test]
fn what_is_done_beside_one_in_use_comes_back_with_the_image() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    install_from(&image, "v");
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    image.edit(
        "[remote \"w\"]",
        "[remote \"w\"]\nxa.disable=true\nxa.disable-is-set=true",
    );
    ship(&image, "v", "");
    image.run(&["sync"]);
    assert!(is_off(&image, "v"), "{}", config(&image));
    assert_eq!(group(&image, "w"), None);
    assert!(!config(&image).contains("xa.noenumerate"));
    assert_settled(&image, "back");
    // And deleted under the new name, it is not put before its owner under the old one.
    image.edit(
        "xa.disable=true\nxa.disable-is-set=true",
        "xa.prio=3\nxa.prio-is-set=true",
    );
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    delete(&image, "w");
    ship(&image, "v", "");
    image.run(&["sync"]);
    let left = group(&image, "v").expect("it is in use");
    assert!(left.contains("xa.noenumerate=true"), "{left}");
    assert_settled(&image, "deleted");
}

#[test]
fn one_in_use_and_edited_stays_hidden() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    install_from(&image, "v");
    image.edit(GROUP, "[remote \"v\"]\nxa.prio=5");
    ship(&image, "w", FORMER_V);
    for _ in 0..2 {
        image.run(&["sync"]);
        let left = group(&image, "v").expect("it is in use");
        assert!(left.contains("xa.noenumerate=true"), "{left}");
        let new = group(&image, "w").expect("the new one");
        assert!(new.contains("xa.prio=5") && !new.contains("noenumerate"));
    }
    // Nothing is installed from it any more.
    std::fs::remove_dir_all(image.path("var/lib/flatpak/repo/refs")).expect("removed");
    image.run(&["sync"]);
    assert_eq!(group(&image, "v"), None);
}

/// The vendor leaves the oldest name out.
#[test]
fn a_deletion_follows_all_renames() {
    let image = empty();
    for (name, formers) in [("v", ""), ("w", "v;"), ("x", "v;w;"), ("v", "")] {
        ship(&image, name, &format!("[Overlay]\nFormerNames={formers}\n"));
        image.run(&["sync"]);
    }
    delete(&image, "v");
    ship(&image, "x", "[Overlay]\nFormerNames=w;\n");
    image.run(&["sync"]);
    assert_eq!(group(&image, "x"), None, "{}", config(&image));
}

#[test]
fn what_is_restored_has_what_was_done_under_the_former_name() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    image.edit(GROUP, OFF);
    image.edit("[core]", "[remote \"w\"]\nurl=https://mine/\n\n[core]");
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    delete(&image, "w");
    image.run(&["sync"]);
    assert_eq!(group(&image, "w"), None);
    assert_eq!(image.exit_status(&["restore", "w"]), 0);
    assert_renamed(&image, "restored");
}
