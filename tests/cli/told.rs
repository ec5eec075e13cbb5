//! Nothing is done, and nothing is trusted, that is not told; and what is told is so.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::certificates::{Certificate, ONE, THREE, TWO};
use crate::image::Image;

const VENDORS: &str = "usr/lib/flatpak/remotes.d/v.flatpakrepo";
const KEYRING: &str = "var/lib/flatpak/repo/v.trustedkeys.gpg";
const CONFIG: &str = "var/lib/flatpak/repo/config";
const GROUP: &str = "[remote \"v\"]";

/// An image with one remote that is verified with a certificate.
fn image(certificate: &Certificate) -> Image {
    let image = Image::new();
    for name in ["flathub", "plain"] {
        let file = format!("usr/share/flatpak/remotes.d/{name}.flatpakrepo");
        std::fs::remove_file(image.path(&file)).expect("removed");
    }
    std::fs::remove_dir_all(image.path("usr/share/flatpak/collections.d")).expect("removed");
    mode(&image, "", 0o755);
    ship(&image, certificate, "");
    image
}

fn ship(image: &Image, certificate: &Certificate, more: &str) {
    let key = certificate.base64;
    let text =
        format!("[Flatpak Repo]\nUrl=https://v.example/repo/\nTitle=V\nGPGKey={key}\n{more}");
    image.write(VENDORS, &text);
}

fn mode(image: &Image, path: &str, mode: u32) {
    std::fs::set_permissions(image.path(path), Permissions::from_mode(mode)).expect("a mode");
}

fn config(image: &Image) -> String {
    std::fs::read_to_string(image.path(CONFIG)).expect("a configuration")
}

fn trusts(image: &Image, certificate: &Certificate) -> bool {
    let keyring = std::fs::read(image.path(KEYRING)).expect("a keyring");
    let wanted = certificate.bytes();
    keyring.windows(wanted.len()).any(|found| found == wanted)
}

#[track_caller]
fn assert_settled(image: &Image) {
    let before = image.files();
    image.run(&["sync"]);
    assert!(image.files() == before, "{}", config(image));
}

/// As flatpak imports what a server calls its key (`xa.gpg-keys`).
fn server_sends(image: &Image, certificate: &Certificate) {
    let keyring = std::fs::read(image.path(KEYRING)).expect("a keyring");
    image.write_bytes(KEYRING, &[keyring, certificate.bytes()].concat());
    let digest = Sha256::digest(certificate.bytes());
    image.edit(GROUP, &format!("{GROUP}\nxa.gpg-keys-hash={digest:x}"));
}

#[test]
fn a_certificate_of_a_server_s() {
    let image = image(&ONE);
    image.run(&["sync"]);
    server_sends(&image, &THREE);
    ship(&image, &TWO, "");
    let told = format!(
        "certificate {} too, which its server sent",
        THREE.fingerprint
    );
    for command in [
        &["status"][..],
        &["sync", "--dry-run"],
        &["sync"],
        &["sync"],
        &["explain", "v"],
        &["check"],
        &["check", "flatpak/remotes.d"],
    ] {
        let shown = image.shown(command);
        assert!(shown.contains(&told), "{command:?}: {shown}");
    }
    assert!(trusts(&image, &TWO) && trusts(&image, &THREE) && !trusts(&image, &ONE));
    let explained = image.shown(&["explain", "v", THREE.fingerprint]);
    assert!(explained.contains("a server sent it"), "{explained}");
    // With all that is the owner's it does not go: it is not.
    image.edit("xa.title=V", "xa.title=Mine\nxa.title-is-set=true");
    image.run(&["revert", "v"]);
    assert!(trusts(&image, &THREE) && config(&image).contains("xa.title=V\n"));
    let shown = image.shown(&["revert", "v", THREE.fingerprint]);
    assert!(!trusts(&image, &THREE) && trusts(&image, &TWO), "{shown}");
    assert!(!image.shown(&["status"]).contains(&told));
    assert_settled(&image);
    // What a server did does not make a remote its owner's.
    server_sends(&image, &THREE);
    std::fs::remove_file(image.path(VENDORS)).expect("withdrawn");
    image.run(&["sync"]);
    assert!(!image.path(KEYRING).exists());
}

/// The last one that a remote is verified with stays.
#[test]
fn the_only_certificate_is_not_taken_out() {
    let image = image(&ONE);
    image.run(&["sync"]);
    image.write_bytes(KEYRING, &[]);
    server_sends(&image, &THREE);
    let group = config(&image);
    let line = group
        .lines()
        .find(|line| line.starts_with("x-overlayctl.remotes.keyring="));
    image.edit(
        line.expect("a note"),
        &format!("x-overlayctl.taken-out={};", ONE.fingerprint),
    );
    let before = image.files();
    let remedy = format!(
        "once it has another (`flatpak remote-modify --gpg-import=FILE v`), `overlayctl revert v {}` takes it out",
        THREE.fingerprint
    );
    let shown = image.shown(&["revert", "v", THREE.fingerprint]);
    let stays = "it stays, for v is verified with nothing else: ";
    assert!(
        shown.contains("error:") && shown.contains(&format!("{stays}{remedy}")),
        "{shown}"
    );
    assert_eq!(image.exit_status(&["revert", "v", THREE.fingerprint]), 1);
    assert!(image.files() == before, "{}", config(&image));
    // Without being asked, that is no error; and it promises no more.
    let shown = image.shown(&["check"]);
    assert!(shown.contains(&format!("{stays}{remedy}")), "{shown}");
    // As it says.
    let keyring = std::fs::read(image.path(KEYRING)).expect("a keyring");
    image.write_bytes(KEYRING, &[keyring, TWO.bytes()].concat());
    image.run(&["revert", "v", THREE.fingerprint]);
    assert!(trusts(&image, &TWO) && !trusts(&image, &THREE));
}

/// One that nothing is verified with is no news.
#[test]
fn a_certificate_of_a_server_s_that_nothing_is_verified_with() {
    let image = image(&ONE);
    image.run(&["sync"]);
    server_sends(&image, &THREE);
    let config = config(&image);
    for key in ["gpg-verify", "gpg-verify-summary"] {
        if config.contains(&format!("{key}=true\n")) {
            image.edit(&format!("{key}=true"), &format!("{key}=false"));
        }
    }
    for command in ["status", "sync", "check"] {
        let shown = image.shown(&[command]);
        assert!(
            !shown.contains("which its server sent"),
            "{command}: {shown}"
        );
    }
}

#[test]
fn a_title_that_is_overwritten() {
    let image = image(&ONE);
    image.run(&["sync"]);
    image.edit("xa.title=V\n", "xa.title=Mine\nxa.prio=7\n");
    let text = std::fs::read_to_string(image.path(VENDORS)).expect("a file");
    image.write(VENDORS, &text.replace("Title=V", "Title=V2"));
    let shown = image.shown(&["sync"]);
    assert!(
        shown.contains("edited by you: xa.prio; updated: xa.title"),
        "{shown}"
    );
    assert!(
        shown.contains("changed it to `V2`, which takes the place of `Mine`, the server's or yours; with `xa.title-is-set=true` beside it, yours stays"),
        "{shown}"
    );
    // What was ours is no news, nor is what its owner gives back.
    image.write(VENDORS, &text.replace("Title=V", "Title=V3"));
    let shown = image.shown(&["sync"]);
    assert!(!shown.contains("takes the place"), "{shown}");
    image.edit("xa.title=V3\n", "xa.title=Mine\n");
    let shown = image.shown(&["revert", "v", "Title"]);
    assert!(config(&image).contains("xa.title=V3\n"), "{shown}");
    assert!(!shown.contains("takes the place"), "{shown}");
}

/// Whether it was off at adoption or since, nobody can tell.
#[test]
fn verification_that_is_off_is_told_as_no_more_than_that() {
    let image = image(&ONE);
    image.write(
        CONFIG,
        &format!("[core]\nrepo_version=1\nmode=bare-user-only\n\n{GROUP}\nurl=https://v.example/repo/\ngpg-verify=true\n"),
    );
    image.run(&["sync"]);
    image.edit("gpg-verify=true", "gpg-verify=false");
    let shown = image.shown(&["sync"]);
    assert!(
        shown.contains("v: gpg-verify is off in a remote that was there before, so"),
        "{shown}"
    );
}

const CONF: &str = "etc/ostree/remotes.d/a.conf";
const DROP_IN: &str = "etc/ostree/remotes.d/a.conf.d/secret.conf";

fn mode_of(image: &Image, path: &str) -> u32 {
    let metadata = std::fs::metadata(image.path(path)).expect("a file");
    metadata.permissions().mode() & 0o777
}

/// What was narrowed is as it was when there is nothing to hide any more, unless somebody else changed it since.
#[test]
fn a_mode_comes_back() {
    let image = image(&ONE);
    let vendor = "[remote \"a\"]\nurl=https://a.example/\ngpg-verify=false\n";
    image.write("usr/lib/ostree/remotes.d/a.conf", vendor);
    let hide = || {
        image.write(DROP_IN, "[remote \"a\"]\nurl=https://u:p@a.example/\n");
        mode(&image, DROP_IN, 0o600);
        image.run(&["sync"]);
        assert_eq!(mode_of(&image, CONF), 0o600);
        assert_settled(&image);
        std::fs::remove_file(image.path(DROP_IN)).expect("removed");
    };
    image.run(&["sync"]);
    for before in [0o644, 0o664, 0o640] {
        mode(&image, CONF, before);
        hide();
        let planned = image.shown(&["status"]);
        assert!(planned.contains("back the mode that it had"), "{planned}");
        let shown = image.shown(&["sync"]);
        assert_eq!(mode_of(&image, CONF), before, "{shown}");
        assert_settled(&image);
        assert!(
            !std::fs::read_to_string(image.path(CONF))
                .expect("text")
                .contains(".mode")
        );
    }
    hide();
    mode(&image, CONF, 0o640);
    image.run(&["sync"]);
    assert_eq!(mode_of(&image, CONF), 0o640);
    assert_settled(&image);
    // One that was never wide gets no wider.
    mode(&image, CONF, 0o600);
    hide();
    image.run(&["sync"]);
    assert_eq!(mode_of(&image, CONF), 0o600);
    // One that was made so.
    image.write("usr/lib/ostree/remotes.d/a.conf", "");
    image.run(&["sync"]);
    image.write("usr/lib/ostree/remotes.d/a.conf", vendor);
    hide();
    image.run(&["sync"]);
    assert_eq!(mode_of(&image, CONF), 0o644);
}

/// So it is under a later name: no wider than its owner had it.
#[test]
fn a_mode_goes_along_with_a_later_name() {
    const LATER: &str = "etc/ostree/remotes.d/b.conf";
    // Whether it is hidden before the rename.
    for (before, is_hidden, back) in [
        (0o640, true, 0o640),
        (0o664, true, 0o664),
        (0o640, false, 0o640),
        (0o644, false, 0o644),
        (0o600, false, 0o600),
    ] {
        let image = image(&ONE);
        let hide = |name: &str| {
            let drop_in = format!("etc/ostree/remotes.d/{name}.conf.d/secret.conf");
            let text = format!("[remote \"{name}\"]\nurl=https://u:p@a.example/\n");
            image.write(&drop_in, &text);
            mode(&image, &drop_in, 0o600);
            image.path(&drop_in)
        };
        let vendor =
            |name: &str| format!("[remote \"{name}\"]\nurl=https://a.example/\ngpg-verify=false\n");
        image.write("usr/lib/ostree/remotes.d/a.conf", &vendor("a"));
        image.run(&["sync"]);
        mode(&image, CONF, before);
        if is_hidden {
            let drop_in = hide("a");
            image.run(&["sync"]);
            std::fs::remove_file(drop_in).expect("removed");
        }
        std::fs::remove_file(image.path("usr/lib/ostree/remotes.d/a.conf")).expect("renamed");
        let later = format!("{}[Overlay]\nFormerNames=a\n", vendor("b"));
        image.write("usr/lib/ostree/remotes.d/b.conf", &later);
        let drop_in = hide("b");
        let shown = image.shown(&["sync"]);
        assert!(!image.path(CONF).exists(), "{shown}");
        assert_eq!(mode_of(&image, LATER) & 0o077, 0, "{shown}");
        std::fs::remove_file(drop_in).expect("removed");
        let shown = image.shown(&["sync"]);
        assert_eq!(
            mode_of(&image, LATER),
            back,
            "{before:o}, {is_hidden}: {shown}"
        );
        assert_settled(&image);
    }
}

/// The copy of a filter that is for root alone does not make other users' questions fail.
#[test]
fn anybody_may_ask() {
    let image = image(&ONE);
    image.write("etc/filter", "deny *\n");
    mode(&image, "etc/filter", 0o640);
    ship(&image, &ONE, "Filter=/etc/filter\n");
    image.run(&["sync"]);
    assert_eq!(mode_of(&image, "var/lib/flatpak/repo/v.filter"), 0o600);
    // Only root can run something as somebody else.
    let own = std::fs::metadata("/proc/self").expect("a process");
    if own.uid() != 0 {
        return;
    }
    // Where it was built, only root may be able to look. Written by this process, it would be busy as long as what
    // another test starts meanwhile has inherited the descriptor.
    let place = tempfile::TempDir::new().expect("a directory");
    std::fs::set_permissions(place.path(), Permissions::from_mode(0o755)).expect("a mode");
    let program = place.path().join("overlayctl");
    let mut copy = Command::new("cp");
    let copy = copy.arg(env!("CARGO_BIN_EXE_overlayctl")).arg(&program);
    assert!(copy.status().expect("cp runs").success());
    let mut status = Command::new(program);
    status
        .env("OVERLAYCTL_NOW", "1767225600")
        .arg("--root")
        .arg(image.path(""))
        .arg("status");
    let output = status.uid(65534).gid(65534).output().expect("it runs");
    let shown = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{shown}");
    assert!(shown.contains("v  applied, as in"), "{shown}");
    assert!(!shown.contains("pending"), "{shown}");
}

#[test]
fn what_is_remembered_and_says_nothing() {
    let image = image(&ONE);
    image.write(
        "usr/lib/ostree/remotes.d/a.conf",
        "[remote \"a\"]\nurl=https://a.example/\ngpg-verify=false\n",
    );
    image.run(&["sync"]);
    let state = "etc/overlayctl/state/ostree-remotes/a.state";
    for text in ["", "junk\n", "[Entry]\nState=other\n"] {
        image.write(state, text);
        let shown = image.shown(&["status", "a"]);
        assert!(
            shown.contains("write `State=deleted` if you had deleted a"),
            "{shown}"
        );
    }
    // As it says.
    std::fs::remove_file(image.path(state)).expect("removed");
    assert_eq!(image.exit_status(&["sync"]), 0);
}

#[test]
fn an_intent_that_says_nothing() {
    let image = image(&ONE);
    image.run(&["sync"]);
    let intent = "var/lib/flatpak/.overlayctl.intent";
    image.write(intent, "");
    let shown = image.shown(&["sync"]);
    assert!(shown.contains(".overlayctl.intent: is empty"), "{shown}");
    assert!(!image.path(intent).exists());
}

/// Under the name that it has in the target, too.
#[test]
fn a_key_of_an_entry_that_is_broken() {
    let image = image(&ONE);
    image.run(&["sync"]);
    let drop_in = format!(
        "etc/{}.d/mine.conf",
        VENDORS.strip_prefix("usr/lib/").expect("below")
    );
    image.write(&drop_in, "[Flatpak Repo]\nUrl=https://u:p@v.example/\n");
    mode(&image, &drop_in, 0o600);
    for key in ["url", "Url"] {
        let shown = image.shown(&["explain", "v", key]);
        assert!(shown.contains("https://u:p@v.example/"), "{key}: {shown}");
        assert!(!shown.contains("no key"), "{key}: {shown}");
    }
}

/// The commands that `demo` shows are for a shell.
#[test]
fn a_directory_with_a_space() {
    let place = tempfile::TempDir::new().expect("a directory");
    let dir = place.path().join("my dir");
    let mut demo = Command::new(env!("CARGO_BIN_EXE_overlayctl"));
    let output = demo.arg("demo").arg(&dir).output().expect("it runs");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    let dir = dir.display();
    assert!(
        shown.contains(&format!("overlayctl --root '{dir}' sync\n")),
        "{shown}"
    );
    assert!(shown.contains(&format!("touch '{dir}'/etc/")), "{shown}");
}

/// A certificate that its owner took out is an edit like any other: it outlives a withdrawal, and goes along with a new name.
#[test]
fn what_was_taken_out_stays_out_under_a_later_name() {
    let image = image(&ONE);
    let both = [ONE.bytes(), TWO.bytes()].concat();
    let key = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, both);
    let text = format!("[Flatpak Repo]\nUrl=https://v.example/repo/\nTitle=V\nGPGKey={key}\n");
    image.write(VENDORS, &text);
    image.run(&["sync"]);
    image.write_bytes(KEYRING, &TWO.bytes());
    // One image ships it under neither name.
    for seen in [true, false] {
        if seen {
            image.run(&["sync"]);
        }
        std::fs::remove_file(image.path(VENDORS)).expect("withdrawn");
        image.run(&["sync"]);
        assert!(!trusts(&image, &ONE) && trusts(&image, &TWO), "{seen}");
        image.write(VENDORS, &text);
        image.run(&["sync"]);
        assert!(!trusts(&image, &ONE) && trusts(&image, &TWO), "{seen}");
    }
}

/// What a vendor gives a remote and its owner took away stays away, whoever masks or withdraws it meanwhile.
#[test]
fn a_collection_id_that_was_taken_away() {
    let entry = "usr/lib/flatpak/collections.d/v.conf";
    for meanwhile in ["", "usr/local/lib", "etc"] {
        let image = image(&ONE);
        let give = || image.write(entry, "[Collection]\nRemote=v\nCollectionID=org.v\n");
        give();
        image.run(&["sync"]);
        image.edit("collection-id=org.v\n", "");
        let mask = format!("{meanwhile}/flatpak/collections.d/v.conf");
        if meanwhile.is_empty() {
            std::fs::remove_file(image.path(entry)).expect("withdrawn");
        } else {
            image.write(&mask, "");
        }
        image.run(&["sync"]);
        assert_settled(&image);
        if meanwhile.is_empty() {
            give();
        } else {
            std::fs::remove_file(image.path(&mask)).expect("removed");
        }
        let shown = image.shown(&["sync"]);
        assert!(
            !config(&image).contains("\ncollection-id="),
            "{meanwhile}: {shown}"
        );
    }
}
