//! Lines of a remote of ostree that its owner takes out of the way while it is renamed, and brings back.

use super::*;

const CONF: &str = "etc/ostree/remotes.d/a.conf";

/// An image with a remote of ostree; the next has it under this name.
fn ship_ostree(image: &Image, name: &str, overlay: &str) {
    let _ = std::fs::remove_dir_all(image.path("usr/lib/ostree"));
    image.write(
        &format!("usr/lib/ostree/remotes.d/{name}.conf"),
        &format!("[remote \"{name}\"]\nurl=https://a.example/\ngpg-verify=false\n{overlay}"),
    );
}

/// As `sed` takes the lines of a file out of the way, and brings them back.
fn comment_out(image: &Image) -> String {
    let text = std::fs::read_to_string(image.path(CONF)).expect("a remote");
    let lines = text.lines().map(|line| format!("#{line}\n"));
    image.write(CONF, &lines.collect::<String>());
    text
}

#[test]
fn whose_lines_are_back_was_not_deleted() {
    let image = empty();
    ship_ostree(&image, "a", "");
    image.run(&["sync"]);
    let text = comment_out(&image);
    image.run(&["sync"]);
    ship_ostree(&image, "b", "[Overlay]\nFormerNames=a\n");
    image.run(&["sync"]);
    assert!(!image.path("etc/ostree/remotes.d/b.conf").exists());
    image.write(CONF, &text);
    let shown = image.shown(&["sync"]);
    assert!(
        image.path("etc/ostree/remotes.d/b.conf").exists(),
        "{shown}"
    );
    assert!(!image.path(CONF).exists(), "{shown}");
    assert_settled(&image, "back");
}

/// We took the vendor's certificate out while the lines were out of the way: it comes back with these.
#[test]
fn whose_lines_are_back_is_verified_as_before() {
    let image = empty();
    ship_ostree(&image, "a", "");
    let conf = image.path("usr/lib/ostree/remotes.d/a.conf");
    let text = std::fs::read_to_string(&conf).expect("a remote");
    std::fs::write(conf, text.replace("gpg-verify=false", "gpg-verify=true")).expect("written");
    image.write_bytes("usr/lib/ostree/remotes.d/a.trustedkeys.gpg", &ONE.bytes());
    image.run(&["sync"]);
    let keyring = "etc/ostree/remotes.d/a.trustedkeys.gpg";
    let trusts = |certificate: &Certificate| {
        let bytes = std::fs::read(image.path(keyring)).expect("a keyring");
        let wanted = certificate.bytes();
        bytes.windows(wanted.len()).any(|found| found == wanted)
    };
    image.write_bytes(keyring, &[ONE.bytes(), THREE.bytes()].concat());
    image.run(&["sync"]);
    let text = comment_out(&image);
    image.run(&["sync"]);
    assert!(!trusts(&ONE) && trusts(&THREE));
    image.write(CONF, &text);
    let shown = image.shown(&["sync"]);
    assert!(trusts(&ONE) && trusts(&THREE), "{shown}");
    assert!(!shown.contains("edited by you"), "{shown}");
    assert_settled(&image, "back");
}
