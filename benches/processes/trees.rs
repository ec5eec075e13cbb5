//! The trees that the programs work on.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine as _;

/// Lowest first, each with its share of the fragments in percent.
pub(crate) const LAYERS: [(&str, usize); 4] = [
    ("usr/lib", 60),
    ("usr/local/lib", 10),
    ("run", 10),
    ("etc", 20),
];

/// Half of each higher layer's files override one of the vendor's, one in ten of etc's is a mask.
/// 160 bytes, five keys and a section of its own each: the worst for merging.
pub(crate) fn fragments(root: &Path, size: usize) {
    for (layer, share) in LAYERS {
        let directory = root.join(layer).join("x.d");
        fs::create_dir_all(&directory).expect("a directory");
        let count = (size * share / 100).max(1);
        for number in 0..count {
            let name = if layer == "usr/lib" || number % 2 == 0 {
                format!("{number:06}.conf")
            } else {
                format!("{number:06}-{}.conf", layer.replace('/', "-"))
            };
            let file = directory.join(&name);
            if layer == "etc" && number % 10 == 0 {
                symlink("/dev/null", file).expect("a mask");
                continue;
            }
            let keys = ["One", "Two", "Three", "Four", "Five"];
            let keys = keys.map(|key| format!("Key{key}=the value of {number:06}\n"));
            let text = format!("[Section {name}]\n{}", keys.concat());
            fs::write(file, text).expect("a file");
        }
    }
    // econftool reads what it calls x.conf from these.
    fs::create_dir_all(root.join("usr/etc")).expect("a directory");
    let _ = symlink("../lib/x.d", root.join("usr/etc/x.conf.d"));
    let _ = symlink("x.d", root.join("etc/x.conf.d"));
}

/// A section that a file of every size of tree has, and no mask takes away.
pub(crate) const SECTION: &str = "[Section 000001.conf] KeyOne";

const REMOTE: &str = include_str!("../../data/demo/flathub.flatpakrepo");

/// An image whose vendor ships so many remotes of flatpak, each with its key.
pub(crate) fn flatpak(root: &Path, remotes: usize) {
    let directory = root.join("usr/share/flatpak/remotes.d");
    fs::create_dir_all(&directory).expect("a directory");
    for number in 0..remotes {
        fs::write(
            directory.join(format!("remote{number}.flatpakrepo")),
            REMOTE,
        )
        .expect("a file");
    }
}

/// The same of ostree, each with a keyring beside it.
pub(crate) fn ostree(root: &Path, remotes: usize) {
    let directory = root.join("usr/share/ostree/remotes.d");
    fs::create_dir_all(&directory).expect("a directory");
    let key = REMOTE.lines().find_map(|line| line.strip_prefix("GPGKey="));
    let key = base64::engine::general_purpose::STANDARD.decode(key.expect("a key"));
    let key = key.expect("base64");
    for number in 0..remotes {
        let name = format!("remote{number}");
        let text = format!("[remote \"{name}\"]\nurl=https://example.org/{number}/\n");
        fs::write(directory.join(format!("{name}.conf")), text).expect("a file");
        fs::write(directory.join(format!("{name}.trustedkeys.gpg")), &key).expect("a file");
    }
}
