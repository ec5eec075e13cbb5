//! An installation that belongs to a user, who is not trusted with what root may write: root syncs it, and neither writes
//! nor removes anything elsewhere by a symlink of theirs, nor stops syncing what is the system's.

use std::fs;
use std::os::unix::fs::{lchown, symlink};
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::image::Image;

/// Who owns the installation.
const USER: u32 = 65534;

/// The name under which definitions lie that the image's builder adds.
const DEFINITION: &str = "usr/lib/overlayctl/adapters.d/theirs.toml";

/// An image whose builder lets a user's installation be synced, too, and which was synced; none if this is not run by root,
/// who alone can give files to others.
fn image() -> Option<Image> {
    let image = Image::new();
    let home = image.path("home/u");
    fs::create_dir_all(&home).expect("a home");
    lchown(&home, Some(USER), Some(USER)).ok()?;
    image.write(
        DEFINITION,
        "kind = 'flatpak'\nlayers = ['/usr/share', '/etc']\nremotes = 'flatpak/remotes.d'\ncollections = 'none.d'\ninstallation = '/home/u/apps'\n",
    );
    assert_eq!(
        image.exit_status(&["sync"]),
        0,
        "{}",
        image.shown(&["sync"])
    );
    image
        .write("etc/shadow", "secret")
        .write("etc/ssh/key", "secret");
    Some(image)
}

/// Makes a symlink of this user's in the place of what is there.
fn link(image: &Image, user: u32, path: &str, to: &str) {
    let link = image.path(path);
    if link.exists() {
        fs::rename(&link, link.with_extension("aside")).expect("moved away");
    }
    symlink(to, &link).expect("a symlink");
    lchown(&link, Some(user), Some(user)).expect("given away");
}

/// Writes remotes into the user's configuration as if overlayctl had made them and nobody had changed them.
fn forge(image: &Image, names: &[&str]) {
    let path = "home/u/apps/repo/config";
    let mut text = fs::read_to_string(image.path(path)).expect("a configuration");
    for name in names {
        let lines = "url=x\n";
        let digest = Sha256::digest(format!("{name}\n{lines}"));
        let baseline = URL_SAFE_NO_PAD.encode([&digest[..12], lines.as_bytes()].concat());
        text = text.replacen(
            "xa.applied-remotes=",
            &format!("xa.applied-remotes={name};"),
            1,
        );
        let remote = format!(
            "\n[remote \"{name}\"]\nurl=x\nx-overlayctl.remotes=created\nx-overlayctl.remotes.baseline={baseline}\n"
        );
        text.push_str(&remote);
    }
    image.write(path, &text);
}

/// What of the tree is not the user's, but what overlayctl does for the system.
fn others(image: &Image) -> Vec<(PathBuf, Vec<u8>)> {
    let files = image.files().into_iter();
    files
        .filter(|(path, _)| !path.starts_with("home"))
        .collect()
}

#[test]
fn no_symlink_of_a_user_leads_a_removal_elsewhere() {
    for (place, to) in [
        ("home/u/apps/appstream", "/etc"),
        ("home/u/apps/appstream", "../../../etc"),
        ("home/u/apps/repo/tmp", "/etc"),
        ("home/u/apps/repo/refs/remotes", "/etc"),
        ("home/u/apps/repo/refs", "/gone"),
    ] {
        let Some(image) = image() else { return };
        image.write("etc/app/a/stable", "ref");
        forge(&image, &["shadow", "ssh", "app"]);
        link(&image, USER, place, to);
        let before = others(&image);
        let shown = image.shown(&["sync"]);
        assert_eq!(others(&image), before, "{place}: {shown}");
        assert!(
            shown.contains(&format!("symlink of user {USER}")),
            "{place}: {shown}"
        );
    }
}

#[test]
fn no_symlink_of_a_user_leads_a_write_elsewhere() {
    for (place, to) in [
        ("home/u/apps", "/srv"),
        ("home/u/apps/repo", "/srv"),
        ("home/u/apps/repo", "/srv/new"),
        ("home/u/apps/repo/config", "/srv/config"),
        ("home/u/apps/repo/flathub.trustedkeys.gpg", "/srv/keyring"),
    ] {
        let Some(image) = image() else { return };
        let config = fs::read(image.path("home/u/apps/repo/config")).expect("a configuration");
        let config = String::from_utf8(config).expect("UTF-8");
        image.write("srv/config", &config);
        link(&image, USER, place, to);
        // Both remotes are to change, and a new one comes.
        let remotes = "usr/share/flatpak/remotes.d";
        for name in ["flathub", "plain"] {
            let path = format!("{remotes}/{name}.flatpakrepo");
            let text = fs::read_to_string(image.path(&path)).expect("a file");
            image.write(&path, &text.replace("Title=", "Title=New "));
        }
        let count = || walkdir::WalkDir::new(image.path("srv")).into_iter().count();
        let before = count();
        let shown = image.shown(&["sync"]);
        let after = fs::read(image.path("srv/config")).expect("a configuration");
        assert_eq!(
            String::from_utf8(after).expect("UTF-8"),
            config,
            "{place}: {shown}"
        );
        assert_eq!(count(), before, "{place}: {shown}");
        assert!(
            shown.contains(&format!("symlink of user {USER}")),
            "{place}: {shown}"
        );
        let systems = fs::read_to_string(image.path("var/lib/flatpak/repo/config"));
        let systems = systems.expect("a configuration");
        assert!(
            systems.contains("xa.title=New "),
            "the system's is done: {shown}"
        );
    }
}

#[test]
fn a_symlink_of_a_user_switches_no_other_adapter_off() {
    for (place, to) in [
        ("home/u/apps", "/var/lib/flatpak"),
        ("home/u/apps/repo", "/var/lib/flatpak/repo"),
        ("home/u/apps/repo/config", "/var/lib/flatpak/repo/config"),
    ] {
        let Some(image) = image() else { return };
        link(&image, USER, place, to);
        image.write(
            "usr/share/flatpak/remotes.d/new.flatpakrepo",
            "[Flatpak Repo]\nUrl=https://new.example/\n",
        );
        let shown = image.shown(&["sync"]);
        let systems = fs::read_to_string(image.path("var/lib/flatpak/repo/config"));
        let systems = systems.expect("a configuration");
        assert!(systems.contains("[remote \"new\"]"), "{place}: {shown}");
        assert!(!systems.contains("theirs"), "{place}: {shown}");
        // Where root made the symlink, the two are one target: neither is guessed to be meant.
        fs::remove_file(image.path(place)).expect("removed");
        link(&image, 0, place, to);
        let shown = image.shown(&["sync"]);
        assert!(shown.contains("as flatpak does"), "{place}: {shown}");
    }
}

#[test]
fn a_symlink_of_roots_is_followed() {
    let Some(image) = image() else { return };
    for path in ["var/lib/flatpak", "home/u/apps"] {
        let place = image.path(path);
        let to = format!("/data/{path}");
        let to = to.as_str();
        let moved = image.path(to.trim_start_matches('/'));
        fs::create_dir_all(moved.parent().expect("a parent")).expect("made");
        fs::rename(&place, moved).expect("moved");
        link(&image, 0, path, to);
    }
    image.write(
        "usr/share/flatpak/remotes.d/new.flatpakrepo",
        "[Flatpak Repo]\nUrl=https://new.example/\n",
    );
    assert_eq!(
        image.exit_status(&["sync"]),
        0,
        "{}",
        image.shown(&["sync"])
    );
    for path in ["data/var/lib/flatpak", "data/home/u/apps"] {
        let config = fs::read_to_string(image.path(&format!("{path}/repo/config")));
        assert!(
            config
                .expect("a configuration")
                .contains("[remote \"new\"]")
        );
    }
}

/// What a user's symlink in ostree's directory leads to is neither a file of the layers nor a remote that is there.
#[test]
fn a_symlink_of_a_user_brings_ostree_no_remote() {
    const VENDORS: &str = "usr/lib/ostree/remotes.d/a.conf";
    const LINK: &str = "etc/ostree/remotes.d/a.conf";
    let remote =
        |url: &str| format!("[remote \"a\"]\nurl=https://{url}.example/\ngpg-verify=false\n");
    for (user, is_read) in [(0, true), (USER, false)] {
        let image = Image::new();
        image
            .write(VENDORS, &remote("vendor"))
            .write("srv/a.conf", &remote("elsewhere"))
            .write("etc/ostree/remotes.d/b.conf.d/.keep", "");
        let path = image.path(LINK);
        symlink("/srv/a.conf", &path).expect("a symlink");
        if lchown(&path, Some(user), Some(user)).is_err() {
            return;
        }
        let shown = image.shown(&["sync"]);
        let is_told = shown.contains(&format!("symlink of user {USER}"));
        assert_eq!(is_told, !is_read, "{shown}");
        assert!(path.is_symlink(), "{shown}");
        let text = fs::read_to_string(image.path("srv/a.conf")).expect("a file");
        assert_eq!(text, remote("elsewhere"), "{shown}");
        let explained = image.shown(&["explain", "ostree-remotes/a", "url"]);
        assert!(explained.contains("https://vendor.example/"), "{explained}");
        assert!(!explained.contains("elsewhere.example"), "{explained}");
    }
}
