//! A rename that cannot be done at once waits, and says for what.

use super::*;

#[test]
fn a_rename_that_does_not_come_at_once() {
    let drop_in = "etc/flatpak/remotes.d/w.flatpakrepo.d/mine.conf";
    let mask = "etc/flatpak/remotes.d/w.flatpakrepo";
    for how in ["broken", "drop-in", "absent", "masked"] {
        let image = empty();
        ship(&image, "v", "");
        image.run(&["sync"]);
        image.edit(GROUP, OFF);
        match how {
            "broken" => ship(&image, "w", &format!("{FORMER_V}junk\n")),
            "absent" => unship(&image, "v"),
            _ => ship(&image, "w", FORMER_V),
        }
        match how {
            "drop-in" => drop(image.write(drop_in, "junk\n")),
            "masked" => drop(image.write(mask, "")),
            _ => {}
        }
        image.run(&["sync"]);
        assert!(is_off(&image, "v"), "{how}: {}", config(&image));
        assert_eq!(group(&image, "w"), None, "{how}");
        for file in [drop_in, mask] {
            let _ = std::fs::remove_file(image.path(file));
        }
        ship(&image, "w", FORMER_V);
        image.run(&["sync"]);
        assert_renamed(&image, how);
    }
}

/// One that nobody touched waits all the same: else the machine had neither.
#[test]
fn what_may_be_renamed_waits() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    ship(&image, "w", &format!("{FORMER_V}junk\n"));
    image.run(&["sync"]);
    assert!(group(&image, "v").is_some());
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    assert!(group(&image, "v").is_none() && group(&image, "w").is_some());
}

/// What is not there waits for nothing, whatever is remembered of it; what the owner has, neither.
#[test]
fn what_is_gone_does_not_wait() {
    for (how, is_there, waits) in [
        ("gone", false, false),
        ("there", true, true),
        ("the owner's", true, false),
    ] {
        let image = empty();
        ship(&image, "v", "");
        image.run(&["sync"]);
        if how == "the owner's" {
            image.edit(GROUP, OFF);
        }
        if !waits {
            unship(&image, "v");
            image.run(&["sync"]);
        }
        assert_eq!(group(&image, "v").is_some(), is_there, "{how}");
        let key = format!("GPGKey={}\n{FORMER_V}", ONE.base64);
        ship(&image, "w", &key);
        image.write_bytes("elsewhere", &THREE.bytes());
        let keyring = image.path("var/lib/flatpak/repo/w.trustedkeys.gpg");
        std::os::unix::fs::symlink("../../../../elsewhere", keyring).expect("a symlink");
        let shown = image.shown(&["sync"]);
        assert!(
            shown.contains("w would be verified with what is there"),
            "{shown}"
        );
        assert_eq!(shown.contains("v stays as it is"), waits, "{how}: {shown}");
        assert_eq!(group(&image, "v").is_some(), is_there, "{how}: {shown}");
        assert!(group(&image, "w").is_none(), "{how}: {shown}");
        assert_settled(&image, how);
    }
}

/// A broken file holds up what it says that it takes over from, and says so with what to do; nothing else that was
/// withdrawn waits for it.
#[test]
fn a_broken_file_hurts_what_it_names() {
    for (lines, waits) in [
        (FORMER_V, true),
        ("", false),
        ("[Overlay]\nFormerNames=other;\n", false),
    ] {
        let image = empty();
        ship(&image, "v", "");
        image.run(&["sync"]);
        ship(&image, "w", &format!("{lines}junk\n"));
        let shown = image.shown(&["sync"]);
        assert_eq!(group(&image, "v").is_some(), waits, "{shown}");
        let told = shown.contains("w.flatpakrepo:")
            && shown.contains(
                "v stays as it is until this is mended, since w takes over from it; or mask w",
            );
        assert_eq!(told, waits, "{shown}");
        assert_settled(&image, lines);
    }
}

/// Nothing of the owner's goes with what the broken file does not name: that is left to them, and hands all over.
#[test]
fn a_broken_file_that_names_nothing_loses_nothing() {
    let image = empty();
    ship(&image, "v", "");
    image.run(&["sync"]);
    image.edit(GROUP, OFF);
    ship(&image, "w", "junk\n");
    image.run(&["sync"]);
    assert!(is_off(&image, "v"), "{}", config(&image));
    ship(&image, "w", FORMER_V);
    image.run(&["sync"]);
    assert_renamed(&image, "names nothing");
}
