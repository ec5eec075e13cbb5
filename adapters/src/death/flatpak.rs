//! flatpak's remotes through every death.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::machine::{Machine, certificate};
use super::{Change, NAME, Subject, campaign};
use crate::editor::Editor;
use crate::flatpak::{Definition, Flatpak};
use crate::openpgp::Keyring;
use crate::remotes::group::group;
use crate::remotes::sources::Sources;
use crate::report::Wish;

pub(super) const CONFIG: &str = "/var/lib/flatpak/repo/config";
const KEYRING: &str = "/var/lib/flatpak/repo/x.trustedkeys.gpg";
const GROUP: &str = "remote \"x\"";
const URL: &str = "Url=https://vendor/";

pub(super) fn subject() -> Subject {
    let definition = Definition {
        sources: Sources::of_tests(),
        installation: "/var/lib/flatpak".into(),
    };
    Subject {
        planner: Box::new(Flatpak::new("flatpak", definition)),
        other,
        strip: |machine| {
            for layer in ["/usr", "/run", "/etc"] {
                machine.remove(layer);
            }
        },
        delete,
        add,
        // All change in one rename.
        entry: |_| String::new(),
        is_cache: |path| {
            ["summaries", "appstream", "oci"]
                .iter()
                .any(|cache| path.components().any(|part| part.as_os_str() == *cache))
        },
        fault,
    }
}

/// As `flatpak remote-delete` does, and somebody who takes the copy of the filter away that it forgets.
fn delete(machine: &Machine, name: &str) -> bool {
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    let group = group(name);
    let was_there = config.has_group(&group);
    if was_there {
        config.remove_group(&group);
        machine.write(CONFIG, config.to_bytes());
        for beside in ["trustedkeys.gpg", "filter"] {
            machine.remove(&format!("/var/lib/flatpak/repo/{name}.{beside}"));
        }
    }
    was_there
}

/// As `flatpak remote-add --gpg-import` does, which adds to the keyring that it finds.
fn add(machine: &Machine) {
    if machine.read(CONFIG).is_empty() {
        return;
    }
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    config.set(GROUP, "url", "https://owner/".into());
    config.set(GROUP, "gpg-verify", "true".into());
    machine.write(CONFIG, config.to_bytes());
    import(machine, b'o');
}

/// The owner sets keys.
fn edit(machine: &Machine) {
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    config.set(GROUP, "xa.title", "mine".into());
    config.set(GROUP, "xa.title-is-set", "true".into());
    config.set(GROUP, "xa.prio", "7".into());
    machine.write(CONFIG, config.to_bytes());
}

fn import(machine: &Machine, letter: u8) {
    let keyring = [machine.read(KEYRING), certificate(letter)].concat();
    machine.write(KEYRING, keyring);
}

/// A remote that is verified without a key is not usable.
fn fault(machine: &Machine) -> Option<String> {
    let config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    let verified = config.get(GROUP, "gpg-verify").is_some_and(|v| v == "true");
    (verified && machine.read(KEYRING).is_empty()).then(|| "verified without a key".into())
}

/// The image ships the remote with these lines and the certificates of these letters.
fn ship(machine: &Machine, name: &str, lines: &[&str], keys: &[u8]) {
    let mut text = format!("[Flatpak Repo]\n{}\n", lines.join("\n"));
    if !keys.is_empty() {
        let certificates: Vec<_> = keys.iter().map(|letter| certificate(*letter)).collect();
        let key = STANDARD.encode(certificates.concat());
        text = text.replacen('\n', &format!("\nGPGKey={key}\n"), 1);
    }
    machine.write(&format!("/usr/lib/remotes.d/{name}.flatpakrepo"), text);
}

fn x(machine: &Machine, lines: &[&str], keys: &[u8]) {
    ship(machine, NAME, lines, keys);
}

/// There is a repository whatever happens to the remote.
fn other(machine: &Machine) {
    ship(machine, "other", &["Url=https://other/"], &[]);
}

/// What flatpak has downloaded of the remote.
fn caches(machine: &Machine) {
    for file in [
        "repo/tmp/cache/summaries/x.idx",
        "appstream/x/x86_64/list",
        "oci/x.index.gz",
    ] {
        machine.write(&format!("/var/lib/flatpak/{file}"), "cached");
    }
}

macro_rules! image {
    ($($lines:expr),* ; $keys:expr) => {
        |machine: &Machine| {
            other(machine);
            x(machine, &[$($lines),*], $keys);
        }
    };
}

const PLAIN: fn(&Machine) = image![URL; &[]];
const SIGNED: fn(&Machine) = image![URL; b"1"];

mod changes;

pub(super) use self::changes::changes;

const RENAMED: fn(&Machine) = |machine| {
    other(machine);
    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"1");
};

const RENAMED_2: fn(&Machine) = |machine| {
    other(machine);
    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"2");
};

const VENDORS_MASK: fn(&Machine) = |machine| {
    SIGNED(machine);
    machine.write("/usr/local/lib/remotes.d/x.flatpakrepo", "");
};

/// An app of the remote is installed.
fn use_it(machine: &Machine) {
    let refs = "/var/lib/flatpak/repo/refs/remotes/x";
    machine.write(&format!("{refs}/app/org.x.A/x86_64/stable"), "a");
}

/// As a script adds the vendor's remote.
fn by_script(machine: &Machine) {
    let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
    config.set(GROUP, "url", "https://vendor/".into());
    config.set(GROUP, "gpg-verify", "true".into());
    machine.write(CONFIG, config.to_bytes());
    import(machine, b'1');
}

/// The image knows of a certificate that somebody imported, and that it was the vendor's.
fn former(machine: &Machine, keys: &[u8]) {
    other(machine);
    let keyring = Keyring::parse(&certificate(b'f')).expect("a certificate");
    let former = keyring
        .iter()
        .map(|one| format!("FormerCertificates={}", one.fingerprint()));
    let former: Vec<_> = former.collect();
    x(machine, &[URL, "[Overlay]", &former[0]], keys);
}

const PLAIN_OTHER: fn(&Machine) = other;

fn collection(machine: &Machine, id: &str) {
    let text = format!("[Collection]\nRemote=x\nCollectionID={id}\n");
    machine.write("/usr/lib/collections.d/x.conf", text);
}

#[test]
fn every_death_ends_well() {
    campaign(&subject(), &changes(), |_| {}).assert_survived("flatpak");
}
