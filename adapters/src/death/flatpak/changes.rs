//! What a run changes there that may be killed.

use super::*;

#[expect(clippy::too_many_lines, reason = "a kind of change is a line or a few")]
pub(in crate::death) fn changes() -> Vec<Change> {
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
