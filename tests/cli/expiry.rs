//! Certificates that expire: told in time, and never a failure of the run.

use insta::assert_snapshot;

use crate::image::Image;

/// Flathub's certificate expires on 2027-06-14, at this second.
const END: u64 = 1_812_979_136;
const DAY: u64 = 24 * 60 * 60;

#[test]
fn all_commands_tell_it_from_sixty_days_before() {
    let image = Image::new();
    image.run(&["sync"]);
    let told = |now, command: &[&str]| {
        let shown = image.shown_at(now, command);
        shown.contains("[expiring-key]") || shown.contains("will soon not be verified any more")
    };
    for command in [
        &["status"][..],
        &["explain", "flatpak-remotes/flathub"],
        &["sync"],
        &["sync", "--dry-run"],
        &["check", "flatpak/remotes.d"],
        &["check"],
    ] {
        assert!(!told(END - 60 * DAY - 1, command), "{command:?}");
        assert!(told(END - 60 * DAY, command), "{command:?}");
    }
    let soon = END - 30 * DAY;
    assert_snapshot!(
        "expiring_status",
        image.shown_at(soon, &["status", "flathub"])
    );
    assert_snapshot!(
        "expiring_check",
        image.shown_at(soon, &["check", "flatpak/remotes.d"])
    );
}

#[test]
fn what_has_expired_is_a_warning() {
    let image = Image::new();
    image.run(&["sync"]);
    assert_snapshot!(
        "expired_status",
        image.shown_at(END, &["status", "flathub"])
    );
    assert_snapshot!(
        "expired_check",
        image.shown_at(
            END,
            &["check", "flatpak/remotes.d", "--only", "expired-key"]
        )
    );
    let strict = ["check", "flatpak/remotes.d", "--strict"];
    let code = |now| image.run_at(now, &strict).status.code();
    assert_eq!((code(END - 61 * DAY), code(END)), (Some(0), Some(1)));
    let json = image.run_at(END, &["sync", "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    let finding = &json["findings"][0];
    assert_eq!(finding["code"], "expired-key");
    assert_eq!(finding["level"], "warning");
    assert_eq!(
        finding["path"],
        "/var/lib/flatpak/repo/flathub.trustedkeys.gpg"
    );
}

#[test]
fn a_remote_that_is_not_verified_has_nothing_to_expire() {
    let image = Image::new();
    image.run(&["sync"]);
    image.edit("gpg-verify=true", "gpg-verify=false");
    image.edit("gpg-verify-summary=true", "gpg-verify-summary=false");
    let shown = image.shown_at(END, &["status", "flathub"]);
    assert!(!shown.contains("cannot be verified"), "{shown}");
}

/// The lines of `status` that tell of certificates, at the time when Flathub's has expired.
fn told(image: &Image) -> Vec<String> {
    let shown = image.shown_at(END, &["status"]);
    let lines = shown
        .lines()
        .filter(|line| line.contains("expired on 2027-06-14"));
    lines.map(|line| line.trim_start().to_owned()).collect()
}

#[track_caller]
fn assert_tells(image: &Image, expected: &[[&str; 2]]) {
    let told = told(image);
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (line, [name, place]) in told.iter().zip(expected) {
        let named = format!("signatures of {name} cannot be verified");
        assert!(line.contains(&named) && line.contains(place), "{line}");
    }
}

const FLATHUBS: &str = "/var/lib/flatpak/repo/flathub.trustedkeys.gpg";

#[test]
fn what_is_left_to_its_owner_expires_too() {
    let image = Image::new();
    image.run(&["sync"]);
    assert_tells(&image, &[["flathub", FLATHUBS]]);
    assert_eq!(image.exit_status(&["release", "flathub"]), 0);
    assert_tells(&image, &[["flathub", FLATHUBS]]);
    // Somebody else's.
    let foreign = Image::new();
    foreign.run(&["sync"]);
    let config = "var/lib/flatpak/repo/config";
    let text = std::fs::read_to_string(foreign.path(config)).expect("a configuration");
    let (core, _) = text.split_once("[remote ").expect("a remote");
    let group = "[remote \"flathub\"]\nurl=https://mine.example/\ngpg-verify=true\n";
    foreign.write(config, &format!("{core}{group}"));
    assert!(
        foreign
            .shown(&["status"])
            .contains("flathub      not touched")
    );
    assert_tells(&foreign, &[["flathub", FLATHUBS]]);
}

/// What ostree verifies with: a keyring of the remote's own or those of the system, and what `gpgkeypath` names.
#[test]
fn what_ostree_verifies_with_expires_wherever_it_is() {
    let expired = crate::adapters::certificate();
    let remote = |more: &str| format!("[remote \"os\"]\nurl=https://os.example/\n{more}");
    for (more, files, place) in [
        (
            "",
            &["usr/lib/ostree/remotes.d/os.trustedkeys.gpg"][..],
            "/etc/ostree/remotes.d/os.trustedkeys.gpg",
        ),
        (
            "",
            &["ostree/repo/os.trustedkeys.gpg"],
            "/ostree/repo/os.trustedkeys.gpg",
        ),
        (
            "",
            &["usr/share/ostree/trusted.gpg.d/os.gpg"],
            "/usr/share/ostree/trusted.gpg.d",
        ),
        (
            "gpgkeypath=/etc/pki/os.asc\n",
            &["etc/pki/os.asc"],
            "/etc/pki/os.asc",
        ),
        ("gpgkeypath=/etc/pki/\n", &["etc/pki/any name"], "/etc/pki"),
        (
            "gpgkeypath=/etc/pki;/etc/two\n",
            &["etc/pki/a", "etc/two"],
            "/etc/pki",
        ),
    ] {
        let image = Image::new();
        std::fs::remove_dir_all(image.path("usr/share/flatpak")).expect("removed");
        image.write("usr/lib/ostree/remotes.d/os.conf", &remote(more));
        for file in files {
            image.write_bytes(file, &expired);
        }
        image.run(&["sync"]);
        assert_tells(&image, &[["os", place]]);
    }
    // No more than ostree does it.
    let image = Image::new();
    std::fs::remove_dir_all(image.path("usr/share/flatpak")).expect("removed");
    image.write("usr/lib/ostree/remotes.d/os.conf", &remote(""));
    image.write_bytes("usr/share/ostree/trusted.gpg.d/no keyring", &expired);
    image.run(&["sync"]);
    assert_tells(&image, &[]);
}

#[test]
fn a_keyring_of_ostree_is_checked_too() {
    let image = Image::new();
    image.write_bytes(
        "usr/lib/ostree/remotes.d/os.trustedkeys.gpg",
        &crate::adapters::certificate(),
    );
    let check = ["check", "ostree/remotes.d"];
    assert_snapshot!("expired_keyring", image.shown_at(END, &check));
}

#[test]
fn a_time_that_is_none_is_refused() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_overlayctl"))
        .env("OVERLAYCTL_NOW", "tomorrow")
        .args(["--root", "/nowhere", "status"])
        .output()
        .expect("overlayctl runs");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
}

/// Without a battery a machine boots in 1970, or when its firmware was made; and a clock may stand in a year
/// that no calendar has.
const WRONG: [u64; 5] = [0, 1, 946_684_800, 32_503_680_000, u64::MAX];

/// What a run writes and how it ends does not depend on the time: of an expired certificate it only warns.
#[test]
fn a_wrong_clock_costs_nothing() {
    let life = |now: u64| {
        let image = Image::new();
        let repofile = "usr/share/flatpak/remotes.d/flathub.flatpakrepo";
        let mut trees = Vec::new();
        let mut sync = || {
            let output = image.run_at(now, &["sync"]);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            trees.push(image.files());
        };
        sync();
        let shipped = std::fs::read_to_string(image.path(repofile)).unwrap();
        let unsigned: String = shipped
            .lines()
            .filter(|line| !line.starts_with("GPGKey="))
            .map(|line| line.to_owned() + "\n")
            .collect();
        for text in [&unsigned, &shipped] {
            image.write(repofile, text);
            sync();
        }
        std::fs::remove_file(image.path(repofile)).unwrap();
        sync();
        trees
    };
    let usual = life(END - 61 * DAY);
    assert_eq!(usual.len(), 4);
    for now in WRONG {
        assert!(life(now) == usual, "{now}");
    }
}

#[test]
fn a_clock_that_was_never_set_is_no_alarm() {
    let image = Image::new();
    image.run(&["sync"]);
    for command in [&["status"][..], &["check", "flatpak/remotes.d", "--strict"]] {
        for now in [0, 1, 946_684_800] {
            let output = image.run_at(now, command);
            let shown = image.shown_at(now, command);
            assert_eq!(output.status.code(), Some(0), "{now}: {shown}");
            assert!(!shown.contains("expire"), "{now}: {shown}");
        }
        for now in [32_503_680_000, u64::MAX] {
            let shown = image.shown_at(now, command);
            assert!(shown.contains("expired on 2027-06-14"), "{now}: {shown}");
        }
    }
}
