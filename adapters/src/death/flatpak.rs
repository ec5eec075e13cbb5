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

#[expect(clippy::too_many_lines, reason = "a kind of change is a line or a few")]
pub(super) fn changes() -> Vec<Change> {
    vec![
        Change::new(
            "a first sync",
            [Change::NOTHING, SIGNED, image![URL, "Title=Next"; b"2"]],
        ),
        Change::new("a new remote", [other, SIGNED, image![URL; b"2"]]),
        Change {
            since: caches,
            ..Change::new(
                "another URL",
                [
                    SIGNED,
                    image!["Url=https://moved/"; b"1"],
                    image!["Url=https://next/"; b"1"],
                ],
            )
        },
        Change {
            since: |machine| {
                machine.write(
                    "/var/lib/flatpak/repo/other.trustedkeys.gpg",
                    certificate(b'p'),
                );
                machine.link(KEYRING, "other.trustedkeys.gpg");
            },
            ..Change::new(
                "a new remote where a symlink lies",
                [other, SIGNED, image![URL; b"2"]],
            )
        },
        Change {
            since: |machine| import(machine, b'f'),
            ..Change::new(
                "a former certificate",
                [
                    SIGNED,
                    |machine| former(machine, b"2"),
                    |machine| former(machine, b"3"),
                ],
            )
        },
        Change::new("a key comes", [PLAIN, SIGNED, image![URL; b"12"]]),
        Change {
            since: caches,
            ..Change::new("rotation", [SIGNED, image![URL; b"2"], image![URL; b"3"]])
        },
        Change {
            since: |machine| import(machine, b'm'),
            ..Change::new(
                "rotation beside a key of the owner's",
                [image![URL; b"12"], image![URL; b"34"], image![URL; b"45"]],
            )
        },
        Change {
            since: |machine| {
                machine.write(KEYRING, [certificate(b'2'), certificate(b'm')].concat());
            },
            ..Change::new(
                "rotation after the owner took a key out",
                [image![URL; b"12"], image![URL; b"13"], image![URL; b"134"]],
            )
        },
        Change::new(
            "a second key",
            [SIGNED, image![URL; b"12"], image![URL; b"2"]],
        ),
        Change::new("the key goes", [SIGNED, PLAIN, image![URL; b"2"]]),
        Change {
            since: caches,
            ..Change::new(
                "to OCI",
                [
                    SIGNED,
                    image!["Url=oci+https://vendor/"; &[]],
                    image![URL; b"2"],
                ],
            )
        },
        Change {
            since: caches,
            ..Change::new(
                "from OCI",
                [
                    image!["Url=oci+https://vendor/"; &[]],
                    SIGNED,
                    image![URL; b"2"],
                ],
            )
        },
        Change {
            since: caches,
            ..Change::new(
                "a mask",
                [
                    SIGNED,
                    |machine| {
                        SIGNED(machine);
                        machine.write("/etc/remotes.d/x.flatpakrepo", "");
                    },
                    image![URL; b"2"],
                ],
            )
        },
        Change::new(
            "a mask in /run",
            [
                SIGNED,
                |machine| {
                    SIGNED(machine);
                    machine.write("/run/remotes.d/x.flatpakrepo", "");
                },
                image![URL; b"2"],
            ],
        ),
        Change {
            since: caches,
            ..Change::new("withdrawal", [SIGNED, other, image![URL; b"2"]])
        },
        Change::new(
            "a new name",
            [
                SIGNED,
                |machine| {
                    other(machine);
                    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"1");
                },
                |machine| {
                    other(machine);
                    ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"2");
                },
            ],
        ),
        Change {
            since: edit,
            wish: Some(Wish::Release),
            ..Change::new(
                "release",
                [
                    SIGNED,
                    image!["Url=https://moved/"; b"1"],
                    image![URL; b"2"],
                ],
            )
        },
        Change {
            since: edit,
            wish: Some(Wish::Revert(std::collections::BTreeSet::new())),
            ..Change::new("revert", [SIGNED, SIGNED, image![URL; b"2"]])
        },
        Change {
            since: |machine| {
                edit(machine);
                import(machine, b'm');
            },
            ..Change::new(
                "a new name of what its owner edited",
                [
                    SIGNED,
                    |machine| {
                        other(machine);
                        ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"1");
                    },
                    |machine| {
                        other(machine);
                        ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"2");
                    },
                ],
            )
        },
        Change {
            since: |machine| {
                let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
                config.set("remote \"y\"", "xa.prio", "7".into());
                config.set("core", "x-overlayctl.renamed", "x:y;".into());
                config.set("core", "x-overlayctl.withheld", "x;".into());
                machine.write(CONFIG, config.to_bytes());
                let keyring = KEYRING.replace("x.trusted", "y.trusted");
                machine.write(
                    &keyring,
                    [machine.read(&keyring), certificate(b'm')].concat(),
                );
            },
            ..Change::new(
                "the way back to its former name",
                [
                    |machine| {
                        other(machine);
                        ship(machine, "y", &[URL, "[Overlay]", "FormerNames=x"], b"1");
                    },
                    SIGNED,
                    image![URL; b"2"],
                ],
            )
        },
        Change {
            since: use_it,
            ..Change::new("a new name of what is in use", [SIGNED, RENAMED, RENAMED_2])
        },
        Change {
            since: |machine| {
                edit(machine);
                use_it(machine);
            },
            ..Change::new(
                "a new name of what is in use and edited",
                [SIGNED, RENAMED, RENAMED_2],
            )
        },
        Change {
            before: |machine| {
                SIGNED(machine);
                subject().settle(machine);
                use_it(machine);
                (subject().strip)(machine);
            },
            ..Change::new(
                "the way back of what is in use",
                [RENAMED, SIGNED, RENAMED_2],
            )
        },
        Change {
            since: by_script,
            ..Change::new(
                "a new name of what others made",
                [other, RENAMED, RENAMED_2],
            )
        },
        Change {
            before: |machine| {
                machine.write(CONFIG, "[core]\nrepo_version=1\nmode=bare-user-only\n");
                by_script(machine);
            },
            since: edit,
            ..Change::new(
                "a new name of what was adopted",
                [SIGNED, RENAMED, RENAMED_2],
            )
        },
        Change {
            since: edit,
            ..Change::new(
                "a mask of the vendor's",
                [SIGNED, VENDORS_MASK, image![URL; b"2"]],
            )
        },
        Change::new(
            "the remote gets its name",
            [
                |machine| {
                    other(machine);
                    ship(machine, "y", &[URL], b"1");
                },
                image![URL, "[Overlay]", "FormerNames=y"; b"1"],
                image![URL, "[Overlay]", "FormerNames=y"; b"2"],
            ],
        ),
        Change {
            since: |machine| {
                let mut config = Editor::parse(&machine.read(CONFIG)).expect("sound");
                config.set(GROUP, "url", "https://vendor/".into());
                config.set(GROUP, "gpg-verify", "true".into());
                machine.write(CONFIG, config.to_bytes());
                import(machine, b'1');
            },
            ..Change::new("adoption", [other, image![URL; b"12"], image![URL; b"3"]])
        },
        Change {
            since: add,
            wish: Some(Wish::Adopt),
            ..Change::new(
                "adoption on request",
                [PLAIN_OTHER, SIGNED, image![URL; b"2"]],
            )
        },
        Change {
            since: |machine| {
                delete(machine, NAME);
            },
            wish: Some(Wish::Restore),
            ..Change::new("restore", [SIGNED, SIGNED, image![URL; b"2"]])
        },
        Change::new(
            "a collection ID",
            [
                SIGNED,
                |machine| {
                    SIGNED(machine);
                    collection(machine, "org.one.Id");
                },
                |machine| {
                    SIGNED(machine);
                    collection(machine, "org.two.Id");
                },
            ],
        ),
        Change::new(
            "a filter",
            [
                SIGNED,
                |machine| {
                    machine.write("/usr/share/filter", "deny *\n");
                    image![URL, "Filter=/usr/share/filter"; b"1"](machine);
                },
                |machine| {
                    machine.write("/usr/share/filter", "allow *\n");
                    image![URL, "Filter=/usr/share/filter"; b"1"](machine);
                },
            ],
        ),
        Change::new(
            "a new remote with a filter",
            [
                other,
                |machine| {
                    machine.write("/usr/share/filter", "deny *\n");
                    image![URL, "Filter=/usr/share/filter"; b"1"](machine);
                },
                SIGNED,
            ],
        ),
        Change {
            since: |machine| {
                machine.rename(CONFIG, "/var/elsewhere/real");
                machine.link(CONFIG, "/var/elsewhere/real");
            },
            ..Change::new(
                "rotation of a configuration elsewhere",
                [SIGNED, image![URL; b"2"], image![URL; b"3"]],
            )
        },
        Change::new(
            "a broken file",
            [
                SIGNED,
                |machine| {
                    other(machine);
                    machine.write("/usr/lib/remotes.d/x.flatpakrepo", "junk");
                    ship(machine, "y", &[URL], b"1");
                },
                image![URL; b"2"],
            ],
        ),
    ]
}

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
