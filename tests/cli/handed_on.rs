//! What lies beside a remote goes along to its later name. What of that cannot be understood is not thrown away: the
//! remote stays under the name that it has, and the file is named with what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::certificates::{Certificate, ONE, TWO};
use crate::image::Image;

/// The places of one adapter.
struct Kind {
    name: &'static str,
    /// Ships the remote of this name, with these lines of `[Overlay]`, and no other.
    ship: fn(&Image, &str, &str),
    /// Where its keyrings lie.
    keyrings: &'static str,
    /// Whether it has a remote of this name.
    has: fn(&Image, &str) -> bool,
}

const KINDS: [Kind; 2] = [
    Kind {
        name: "flatpak-remotes",
        ship: |image, name, overlay| {
            let _ = fs::remove_dir_all(image.path("usr/share/flatpak"));
            let text = format!(
                "[Flatpak Repo]\nUrl=https://v.example/repo/\nTitle=V\nGPGKey={}\n{overlay}",
                ONE.base64
            );
            let path = format!("usr/share/flatpak/remotes.d/{name}.flatpakrepo");
            image.write(&path, &text);
        },
        keyrings: "var/lib/flatpak/repo",
        has: |image, name| {
            let config = fs::read_to_string(image.path("var/lib/flatpak/repo/config"));
            config.is_ok_and(|config| config.contains(&format!("[remote \"{name}\"]")))
        },
    },
    Kind {
        name: "ostree-remotes",
        ship: |image, name, overlay| {
            for other in ["usr/share/flatpak", "usr/lib/ostree"] {
                let _ = fs::remove_dir_all(image.path(other));
            }
            let text = format!("[remote \"{name}\"]\nurl=https://v.example/\n{overlay}");
            let place = "usr/lib/ostree/remotes.d";
            image.write(&format!("{place}/{name}.conf"), &text);
            let keyring = format!("{place}/{name}.trustedkeys.gpg");
            image.write_bytes(&keyring, &ONE.bytes());
        },
        keyrings: "etc/ostree/remotes.d",
        has: |image, name| {
            image
                .path(&format!("etc/ostree/remotes.d/{name}.conf"))
                .exists()
        },
    },
];

impl Kind {
    fn keyring(&self, name: &str) -> String {
        format!("{}/{name}.trustedkeys.gpg", self.keyrings)
    }
}

fn has(bytes: &[u8], certificate: &Certificate) -> bool {
    let wanted = certificate.bytes();
    bytes.windows(wanted.len()).any(|found| found == wanted)
}

/// A keyring that cannot be understood is not one of no certificates: the owner's may be in it.
#[test]
fn a_keyring_that_cannot_be_understood_is_not_thrown_away() {
    for kind in &KINDS {
        let image = Image::new();
        (kind.ship)(&image, "v", "");
        image.run(&["sync"]);
        let keyring = kind.keyring("v");
        let imported = [ONE.bytes(), TWO.bytes()].concat();
        let garbled = [&*imported, b"no packet"].concat();
        image.write_bytes(&keyring, &garbled);
        (kind.ship)(&image, "w", "[Overlay]\nFormerNames=v;\n");
        for _ in 0..2 {
            let shown = image.shown(&["sync"]);
            assert!((kind.has)(&image, "v"), "{}: {shown}", kind.name);
            assert!(!(kind.has)(&image, "w"), "{}: {shown}", kind.name);
            let left = fs::read(image.path(&keyring)).unwrap_or_default();
            assert!(left == garbled, "{}: {shown}", kind.name);
            assert!(shown.ends_with("[exit status 1]"), "{shown}");
            assert!(shown.contains(&format!("/{keyring}: ")), "{shown}");
            assert!(shown.contains("mend it, or move it away"), "{shown}");
        }
        image.write_bytes(&keyring, &imported);
        let shown = image.shown(&["sync"]);
        assert!(shown.ends_with("[exit status 0]"), "{shown}");
        assert!(!(kind.has)(&image, "v"), "{}: {shown}", kind.name);
        let new = fs::read(image.path(&kind.keyring("w"))).expect("a keyring");
        assert!(has(&new, &ONE) && has(&new, &TWO), "{shown}");
    }
}

/// flatpak uses its copy of a filter whose file is gone: it may be all that is left of that.
#[test]
fn the_copy_of_a_filter_goes_along() {
    const COPY: &str = "# backup copy of /home/me/filter, do not edit!\ndeny *\n";
    for mode in [0o644, 0o600] {
        let [flatpak, _] = &KINDS;
        let image = Image::new();
        fs::set_permissions(image.path(""), fs::Permissions::from_mode(0o755)).expect("a mode");
        (flatpak.ship)(&image, "v", "");
        image.run(&["sync"]);
        image.edit(
            "[remote \"v\"]",
            "[remote \"v\"]\nxa.filter=/home/me/filter",
        );
        image.write("var/lib/flatpak/repo/v.filter", COPY);
        let copy = image.path("var/lib/flatpak/repo/v.filter");
        fs::set_permissions(&copy, fs::Permissions::from_mode(mode)).expect("a mode");
        (flatpak.ship)(&image, "w", "[Overlay]\nFormerNames=v;\n");
        let shown = image.shown(&["sync"]);
        assert!(!copy.exists(), "{shown}");
        let copy = image.path("var/lib/flatpak/repo/w.filter");
        assert_eq!(
            fs::read_to_string(&copy).ok().as_deref(),
            Some(COPY),
            "{shown}"
        );
        let metadata = fs::metadata(copy).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, mode, "{shown}");
        assert!(!shown.contains("cannot be read"), "{shown}");
        let before = image.files();
        image.run(&["sync"]);
        assert!(image.files() == before, "{shown}");
    }
}

/// A collection ID is for a remote by its name: that this is another now is told, with what to write.
#[test]
fn whom_a_collection_id_is_for_has_another_name() {
    let [flatpak, _] = &KINDS;
    let image = Image::new();
    (flatpak.ship)(&image, "v", "");
    let mine = "[Collection]\nRemote=v\nCollectionID=org.mine.Id\n";
    image.write("etc/flatpak/collections.d/mine.conf", mine);
    image.run(&["sync"]);
    (flatpak.ship)(&image, "w", "[Overlay]\nFormerNames=v;\n");
    for _ in 0..2 {
        let shown = image.shown(&["sync"]);
        assert!(
            shown.contains("waiting: there is no remote v: the vendor calls it w now, and `Remote=w` gives it this"),
            "{shown}"
        );
    }
    image.write(
        "etc/flatpak/collections.d/mine.conf",
        &mine.replace("Remote=v", "Remote=w"),
    );
    let shown = image.shown(&["sync"]);
    assert!(shown.contains("given to w"), "{shown}");
}
