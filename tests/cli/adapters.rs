//! Several adapters in one report, and their definitions.

use std::fs;
use std::os::unix::fs::symlink;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use insta::assert_snapshot;

use crate::image::Image;

const VENDOR: &str = "usr/lib/ostree/remotes.d/os.conf";

/// An image with a remote of the system's repository, too.
fn image() -> Image {
    let image = Image::new();
    image.write(
        VENDOR,
        "[remote \"os\"]\nurl=https://os.example.org/repo\ngpg-verify=false\n",
    );
    image
}

#[test]
fn a_name_is_printed_without_what_a_terminal_obeys() {
    let image = image();
    image.write(
        "usr/lib/ostree/remotes.d/new\nline\u{202e}.conf",
        "[remote \"a\"]\nurl=https://os.example.org/repo\n",
    );
    let output = image.run(&["status"]);
    for text in [output.stdout, output.stderr] {
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("new\\x0aline\\u{202e}"), "{text}");
        assert!(
            !text.contains("new\nline") && !text.contains('\u{202e}'),
            "{text}"
        );
    }
}

#[test]
fn reports_are_merged() {
    let image = image();
    assert_snapshot!("merged_dry_run", image.shown(&["sync", "--dry-run"]));
    image.run(&["sync"]);
    assert_snapshot!("merged_status", image.shown(&["status"]));
    assert_snapshot!("merged_select", image.shown(&["status", "ostree-*/*"]));
    assert_eq!(image.exit_status(&["status", "--check"]), 0);
}

#[test]
fn an_ostree_remote_in_words() {
    let image = image();
    image.run(&["sync"]);
    let target = "etc/ostree/remotes.d/os.conf";
    let text = fs::read_to_string(image.path(target)).expect("the target");
    assert_snapshot!("ostree_target", text);
    image.write(
        target,
        &text.replacen("url=https://os", "url=https://mirror", 1),
    );
    image.write(
        VENDOR,
        "[remote \"os\"]\nurl=https://new.example.org/repo\ngpg-verify=false\n",
    );
    assert_snapshot!("ostree_conflict", image.shown(&["sync"]));
    assert_snapshot!("ostree_explain", image.shown(&["explain", "os", "url"]));
    fs::remove_file(image.path(target)).expect("deleted, as ostree does it");
    assert_snapshot!("ostree_deleted", image.shown(&["status", "os"]));
    image.run(&["sync"]);
    let state = fs::read_to_string(image.path("etc/overlayctl/state/ostree-remotes/os.state"));
    assert_snapshot!("ostree_state", state.expect("what is remembered"));
    assert_snapshot!("ostree_restored", image.shown(&["restore", "os"]));
}

#[test]
fn a_remote_in_the_repository_is_moved_when_asked() {
    let image = image();
    image.write(
        "ostree/repo/config",
        "[core]\nrepo_version=1\nmode=bare\n\n[remote \"os\"]\nurl=https://old.example.org/\n",
    );
    assert_snapshot!("ostree_in_config", image.shown(&["sync"]));
    assert_snapshot!("ostree_adopted", image.shown(&["adopt", "os"]));
    assert_snapshot!("ostree_moved", image.shown(&["status", "os"]));
    image.write(
        "ostree/repo/config",
        "[core]\nrepo_version=1\nmode=bare\n\n[remote \"os\"]\nurl=https://old.example.org/\n",
    );
    assert_snapshot!("ostree_defined_twice", image.shown(&["sync"]));
}

#[test]
fn a_name_that_several_adapters_have() {
    let image = Image::new();
    image.write(
        "usr/lib/ostree/remotes.d/plain.conf",
        "[remote \"plain\"]\nurl=https://os.example.org/repo\ngpg-verify=false\n",
    );
    image.run(&["sync"]);
    fs::remove_file(image.path("etc/ostree/remotes.d/plain.conf")).expect("deleted");
    assert_snapshot!("ambiguous_status", image.shown(&["status", "plain"]));
    assert_snapshot!("ambiguous_restore", image.shown(&["restore", "plain"]));
    let full = "ostree-remotes/plain";
    assert_snapshot!("unambiguous_restore", image.shown(&["restore", full]));
}

#[test]
fn a_definition_that_cannot_be_used_hurts_itself_alone() {
    let image = image();
    image
        .write(
            "etc/overlayctl/adapters.d/flatpak.toml.d/50-bad.toml",
            "installation = 'x'\n",
        )
        .write("etc/overlayctl/adapters.d/more.toml", "kind = 'more'\n");
    assert_snapshot!("broken_definitions", image.shown(&["sync"]));
    image
        .write("etc/overlayctl/adapters.d/flatpak.toml", "")
        .write("etc/overlayctl/adapters.d/more.toml", "");
    assert_snapshot!("switched_off", image.shown(&["status"]));
}

/// The certificate that Flathub publishes.
pub(crate) fn certificate() -> Vec<u8> {
    let file = include_str!("../../data/demo/flathub.flatpakrepo");
    let key = file.lines().find_map(|line| line.strip_prefix("GPGKey="));
    STANDARD.decode(key.expect("a key")).expect("base64")
}

#[test]
fn a_keyring_is_an_entry_of_its_own() {
    let image = image();
    let keyring = "ostree/remotes.d/os.trustedkeys.gpg";
    image
        .write_bytes(&format!("usr/lib/{keyring}"), &certificate())
        .write(&format!("run/{keyring}"), "");
    image.run(&["sync"]);
    let path = "ostree/remotes.d";
    assert_snapshot!("keyring_list", image.shown(&["list", path]));
    assert_snapshot!("keyring_explain", image.shown(&["explain", "os", "url"]));
    assert_snapshot!("keyring_check", image.shown(&["check", path]));
    let why = |layer: &str| image.shown(&["why", &format!("{layer}/{keyring}")]);
    assert_snapshot!("keyring_why", [why("/usr/lib"), why("/run")].concat());
    fs::remove_file(image.path("run").join(keyring)).expect("a mask");
    assert_snapshot!("keyring_status", image.shown(&["status", "os"]));
    assert_snapshot!("keyring_cat", image.shown(&["cat", path]));
}

#[test]
fn a_target_is_no_layer() {
    let image = image();
    image.run(&["sync"]);
    image.write(
        "etc/ostree/remotes.d/os.conf.d/50-mine.conf",
        "[remote \"os\"]\nproxy=http://mine/\n",
    );
    assert_snapshot!("target_list", image.shown(&["list", "ostree/remotes.d"]));
    assert_snapshot!(
        "target_show",
        image.shown(&["show", "ostree/remotes.d", "--origin"])
    );
    assert_snapshot!("target_diff", image.shown(&["diff", "ostree/remotes.d"]));
    let why = |file: &str| image.shown(&["why", file]);
    assert_snapshot!("target_why", why("/etc/ostree/remotes.d/os.conf"));
    let drop_in = "/etc/ostree/remotes.d/os.conf.d/50-mine.conf";
    assert_snapshot!("target_why_drop_in", why(drop_in));
}

#[test]
fn a_symlink_out_of_the_target_is_never_written_through() {
    let image = image();
    let vendor = fs::read_to_string(image.path(VENDOR)).expect("the vendor's file");
    let link = image.path("etc/ostree/remotes.d/os.conf");
    fs::create_dir_all(link.parent().expect("below etc")).expect("a directory");
    symlink("/usr/lib/ostree/remotes.d/os.conf", &link).expect("a link");
    image.write(
        "usr/lib/ostree/collections.d/os.conf",
        "[Collection]\nRemote=os\nCollectionID=org.example.Os\n",
    );
    assert_snapshot!("ostree_link", image.shown(&["sync"]));
    assert_snapshot!("ostree_link_adopt", image.shown(&["adopt", "os"]));
    // To adopt it is no way out: it is not said to be one.
    let restored = image.shown(&["restore", "os"]);
    let words = "os: nothing to do: it is not deleted: a remote of somebody else has its name; to manage the remote, remove the symlink and run `overlayctl restore os`\n";
    assert!(restored.contains(words), "{restored}");
    let now = || fs::read_to_string(image.path(VENDOR)).expect("the vendor's file");
    assert_eq!(now(), vendor);
    assert_eq!(image.exit_status(&["status", "--check"]), 0);

    fs::remove_file(&link).expect("removed");
    assert_eq!(image.exit_status(&["restore", "os"]), 0);
    assert!(link.is_file() && !link.is_symlink());
    assert_eq!(now(), vendor);

    // One of ours that was moved away and linked to says what to do about it.
    fs::rename(&link, image.path("var/os.conf")).expect("moved");
    symlink("/var/os.conf", &link).expect("a link");
    image.write(VENDOR, &vendor.replace("repo", "new"));
    assert_snapshot!("ostree_link_ours", image.shown(&["sync"]));
}

#[test]
fn an_inherited_remote_gets_no_collection_id() {
    let image = image();
    image
        .write(
            "ostree/repo/config",
            "[core]\nrepo_version=1\nmode=bare\nparent=/ostree/parent\n",
        )
        .write(
            "ostree/parent/config",
            "[core]\nrepo_version=1\nmode=bare\n[remote \"os\"]\nurl=https://os.example.org/repo\n",
        )
        .write(
            "usr/lib/ostree/collections.d/os.conf",
            "[Collection]\nRemote=os\nCollectionID=org.example.Os\n",
        );
    assert_snapshot!("ostree_inherited", image.shown(&["sync"]));
}

/// Whom a deployment follows that cannot be read, nobody knows; the others' remotes come all the same.
#[test]
fn an_origin_that_cannot_be_read_keeps_what_it_may_follow() {
    let image = image();
    let origins = "ostree/deploy/os/deploy";
    for (name, text) in [("a.origin", "junk\n"), ("b.origin/directory", "")] {
        image.write(&format!("{origins}/{name}"), text);
    }
    image.write("ostree/repo/config", "[core]\nrepo_version=1\nmode=bare\n");
    assert_snapshot!("ostree_origins", image.shown(&["sync"]));
    fs::remove_file(image.path(VENDOR)).expect("withdrawn");
    assert_snapshot!("ostree_origins_withdrawn", image.shown(&["sync"]));
    assert!(image.path("etc/ostree/remotes.d/os.conf").is_file());
}

#[test]
fn one_target_under_two_names_is_refused() {
    let image = image();
    fs::create_dir_all(image.path("var/lib")).expect("a directory");
    symlink("lib/flatpak", image.path("var/apps")).expect("a link");
    image.write(
        "etc/overlayctl/adapters.d/apps.toml",
        "kind = 'flatpak'\nlayers = ['/usr/share']\nremotes = 'apps'\ncollections = 'ids'\ninstallation = '/var/apps'\n",
    );
    assert_snapshot!("one_target_two_names", image.shown(&["status"]));
}

#[test]
fn a_copy_of_a_remote_of_ours_is_its_owners() {
    let image = image();
    image.run(&["sync"]);
    let ours = fs::read_to_string(image.path("etc/ostree/remotes.d/os.conf")).expect("ours");
    image.write(
        "etc/ostree/remotes.d/mine.conf",
        &ours.replace("\"os\"", "\"mine\""),
    );
    assert_snapshot!("ostree_copied", image.shown(&["sync"]));
    let mine = fs::read_to_string(image.path("etc/ostree/remotes.d/mine.conf"));
    assert_eq!(
        mine.expect("theirs"),
        "[remote \"mine\"]\nurl=https://os.example.org/repo\ngpg-verify=false\n"
    );
}

#[test]
fn a_vendor_tree_that_is_not_there_is_an_error() {
    let image = image();
    image.run(&["sync"]);
    fs::rename(image.path("usr"), image.path("elsewhere")).expect("not mounted");
    assert_snapshot!("no_vendor", image.shown(&["sync"]));
}

/// The definitions that overlayctl is built with are a layer for every command.
#[test]
fn a_drop_in_of_a_definition_has_one_account() {
    let image = Image::new();
    let file = "/etc/overlayctl/adapters.d/flatpak.toml.d/x.toml";
    image.write(file.trim_start_matches('/'), "installation = \"/srv/x\"\n");
    for path in [file, "/etc/overlayctl/adapters.d/flatpak.toml.d/x.toml:1"] {
        let told = image.shown(&["why", path]);
        assert!(told.contains("effective"), "{told}");
    }
    let built_in = "/built-in/overlayctl/adapters.d/flatpak.toml";
    for arguments in [
        &["why", built_in][..],
        &["list", "overlayctl/adapters.d/flatpak.toml"],
        &[
            "explain",
            "overlayctl/adapters.d/flatpak.toml",
            "installation",
        ],
        &["diff", "overlayctl/adapters.d/flatpak.toml"],
        &["diff"],
        &["list"],
    ] {
        let told = image.shown(arguments);
        assert!(told.contains(file) || arguments[0] == "why", "{told}");
        assert!(!told.contains("headless"), "{told}");
    }
    for path in ["overlayctl/adapters.d/ostree.toml", "overlayctl/adapters.d"] {
        let told = image.shown(&["show", path]);
        assert!(told.contains("remotes=\"ostree/remotes.d\""), "{told}");
    }
}
