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
