//! What a run changes there that may be killed.

use super::*;

#[expect(clippy::too_many_lines, reason = "a kind of change is a line or a few")]
pub(in crate::death) fn changes() -> Vec<Change> {
    vec![
        Change::new(
            "a first sync",
            [Change::NOTHING, image![URL; b"1"], image![URL; b"2"]],
        ),
        Change::new("a new remote", [other, SIGNED, image![URL; b"2"]]),
        Change::new(
            "another URL",
            [
                SIGNED,
                image!["url=https://moved/"; b"1"],
                image!["url=https://next/"; b"1"],
            ],
        ),
        Change::new("a key comes", [PLAIN, SIGNED, image![URL; b"12"]]),
        Change::new("rotation", [SIGNED, image![URL; b"2"], image![URL; b"3"]]),
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
        Change::new(
            "a mask in place",
            [
                SIGNED,
                |machine| {
                    SIGNED(machine);
                    machine.write(CONF, "");
                },
                image![URL; b"2"],
            ],
        ),
        Change::new(
            "a mask in /run",
            [
                SIGNED,
                |machine| {
                    SIGNED(machine);
                    machine.write("/run/remotes.d/x.conf", "");
                },
                image![URL; b"2"],
            ],
        ),
        Change::new("withdrawal", [SIGNED, other, image![URL; b"2"]]),
        Change {
            since: |machine| {
                delete(machine, NAME);
            },
            ..Change::new(
                "a deletion that was not seen yet",
                [SIGNED, SIGNED, image![URL; b"2"]],
            )
        },
        Change::new("a new name", [SIGNED, RENAMED, RENAMED_2]),
        Change {
            since: |machine| {
                edit(machine);
                import(machine, b'm');
            },
            ..Change::new(RENAMED_WITH_EDITS, [SIGNED, RENAMED, RENAMED_2])
        },
        Change {
            since: edit,
            wish: Some(Wish::Release),
            ..Change::new(
                "release",
                [
                    SIGNED,
                    image!["url=https://moved/"; b"1"],
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
                machine.remove("/run/remotes.d/x.conf");
            },
            ..Change::new(
                "a mask in /run goes",
                [
                    |machine| {
                        SIGNED(machine);
                        machine.write("/run/remotes.d/x.conf", "");
                    },
                    SIGNED,
                    image![URL; b"2"],
                ],
            )
        },
        Change {
            since: |machine| {
                let path = conf("y");
                let mut conf = Editor::parse(&machine.read(&path)).expect("sound");
                conf.set("remote \"y\"", "proxy", "mine".into());
                machine.write(&path, conf.to_bytes());
                machine.write(
                    "/etc/state/x.state",
                    "[Entry]\nState=withheld\nLaterName=y\n",
                );
                let keyring = "/etc/remotes.d/y.trustedkeys.gpg";
                machine.write(keyring, [machine.read(keyring), certificate(b'm')].concat());
            },
            ..Change::new(
                "the way back to its former name",
                [RENAMED, SIGNED, image![URL; b"2"]],
            )
        },
        Change {
            since: by_script,
            ..Change::new(RENAMED_OF_OTHERS, [other, RENAMED, RENAMED_2])
        },
        Change {
            before: by_script,
            since: edit,
            ..Change::new(
                "a new name of what was adopted",
                [SIGNED, RENAMED, RENAMED_2],
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
                machine.write(CONF, "[remote \"x\"]\nurl=https://vendor/\n");
                import(machine, b'1');
            },
            ..Change::new("adoption", [other, image![URL; b"12"], image![URL; b"3"]])
        },
        Change {
            since: |machine| in_config(machine, &[("url", "https://owner/"), ("proxy", "mine")]),
            wish: Some(Wish::Adopt),
            ..Change::new("adoption on request", [other, SIGNED, NEXT])
        },
        Change {
            since: |machine| in_config(machine, &[("url", "https://owner/"), ("proxy", "mine")]),
            wish: Some(Wish::Adopt),
            // No remote has a file yet.
            ..Change::new(
                INTO_A_NEW_DIRECTORY,
                [
                    repository,
                    |machine| {
                        repository(machine);
                        ship(machine, NAME, &[URL], b"1");
                    },
                    NEXT,
                ],
            )
        },
        Change {
            since: |machine| {
                machine.write(OTHERS, "[remote \"x\"]\nurl=https://owner/\nproxy=mine\n");
            },
            wish: Some(Wish::Adopt),
            ..Change::new(
                "adoption on request out of another's file",
                [other, SIGNED, NEXT],
            )
        },
        Change {
            since: |machine| {
                in_config(machine, &[("url", "https://owner/"), ("proxy", "mine")]);
                machine.write(CONF, "# mine\n");
            },
            wish: Some(Wish::Adopt),
            ..Change::new(
                "adoption on request into a file of comments",
                [other, SIGNED, NEXT],
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
                    collection(machine, NAME, "org.one.Id");
                },
                |machine| {
                    SIGNED(machine);
                    collection(machine, NAME, "org.two.Id");
                },
            ],
        ),
        Change {
            since: |machine| in_config(machine, &[("url", "https://owner/")]),
            ..Change::new(
                "a collection ID in the repository's configuration",
                [
                    other,
                    |machine| {
                        other(machine);
                        collection(machine, NAME, "org.one.Id");
                    },
                    |machine| {
                        other(machine);
                        collection(machine, NAME, "org.two.Id");
                    },
                ],
            )
        },
        Change::new(
            "the repository's ID",
            [
                SIGNED,
                |machine| {
                    SIGNED(machine);
                    collection(machine, "", "org.one.Id");
                },
                |machine| {
                    SIGNED(machine);
                    collection(machine, "", "org.two.Id");
                },
            ],
        ),
        Change::new(
            "a broken file",
            [
                SIGNED,
                |machine| {
                    other(machine);
                    machine.write("/usr/lib/remotes.d/x.conf", "junk");
                    ship(machine, "y", &[URL], b"1");
                },
                image![URL; b"2"],
            ],
        ),
    ]
}
