//! What a run writes on trees of different kinds, and what it leaves for the boot.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use serde_json::Value;

use crate::image::Image;

const NAME: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.0";
const SYSTEM: &str = "[core]\nrepo_version=1\nmode=bare\n";

/// A deployment of an ostree system that is not booted, with a flatpak remote, one of ostree, and a
/// collection ID for the repository.
fn deployment() -> Image {
    let image = Image::below(&format!("ostree/deploy/os/deploy/{NAME}"));
    image
        .write(
            "usr/lib/ostree/remotes.d/os.conf",
            "[remote \"os\"]\nurl=https://os.example.org/repo\ngpg-verify=false\n",
        )
        .write(
            "usr/lib/ostree/collections.d/os.conf",
            "[Collection]\nRepository=true\nCollectionID=org.example.Os\n",
        );
    for directory in ["etc", "var", "sysroot"] {
        fs::create_dir_all(image.path(directory)).expect("a directory");
    }
    symlink("sysroot/ostree", image.path("ostree")).expect("a link");
    let outside = |path: &str| image.outside(path);
    fs::create_dir_all(outside("ostree/repo")).expect("a repository");
    fs::write(outside("ostree/repo/config"), SYSTEM).expect("its configuration");
    fs::create_dir_all(outside("ostree/deploy/os/var/lib")).expect("the state");
    image
}

fn config(image: &Image) -> String {
    fs::read_to_string(image.outside("ostree/repo/config")).expect("a configuration")
}

#[test]
fn of_a_deployment_that_is_not_booted_only_etc_is_written() {
    let image = deployment();
    let shared = image.outside("ostree/deploy/os/var/lib/flatpak");
    assert_snapshot!("deployment_sync", image.shown(&["sync"]));
    assert!(image.path("etc/ostree/remotes.d/os.conf").is_file());
    assert!(!shared.exists(), "the running system's");
    assert_eq!(config(&image), SYSTEM, "the running system's");
    assert_eq!(image.exit_status(&["status", "--check"]), 0);

    // When asked, the real /var and the real repository are written, not the deployment's own.
    assert_snapshot!("deployment_all", image.shown(&["sync", "--scope", "all"]));
    assert!(shared.join("repo/config").is_file());
    assert!(config(&image).contains("collection-id=org.example.Os"));
    assert_eq!(fs::read_dir(image.path("var")).expect("var").count(), 0);
    assert_eq!(
        fs::read_dir(image.path("sysroot"))
            .expect("sysroot")
            .count(),
        0
    );
}

#[test]
fn a_name_in_the_real_repository_is_seen() {
    let image = deployment();
    let other = format!("{SYSTEM}[remote \"os\"]\nurl=https://elsewhere.example.org/\n");
    fs::write(image.outside("ostree/repo/config"), &other).expect("a configuration");
    image.run(&["sync"]);
    assert!(
        !image.path("etc/ostree/remotes.d/os.conf").exists(),
        "ostree would refuse every command"
    );
    assert_snapshot!(
        "deployment_adopt",
        image.shown(&["adopt", "ostree-remotes/os"])
    );
    assert_eq!(config(&image), other);
    assert_eq!(image.exit_status(&["adopt", "os", "--scope", "etc,var"]), 0);
    assert!(image.path("etc/ostree/remotes.d/os.conf").is_file());
    assert!(!config(&image).contains("elsewhere"));
}

#[test]
fn a_staged_deployment_is_left_to_the_shutdown() {
    let image = deployment();
    let state = format!(
        "target\0\0a{{sv}}name\0{NAME}\0\0sosname\0os\0smerge-deployment\0name\0{}\0",
        NAME.replace("00", "ff")
    );
    let staged = image.outside("run/ostree/staged-deployment");
    fs::create_dir_all(staged.parent().expect("below run")).expect("a directory");
    fs::write(&staged, &state).expect("the state");
    assert_snapshot!("staged_sync", image.shown(&["sync"]));
    assert_snapshot!("staged_etc", image.shown(&["sync", "--scope", "etc"]));
    assert!(!image.path("etc/ostree").exists());
    assert_eq!(image.exit_status(&["sync", "--scope", "var"]), 0);
    assert!(
        image
            .outside("ostree/deploy/os/var/lib/flatpak/repo/config")
            .is_file()
    );

    // The one that it is merged from is not the one that is staged.
    fs::write(&staged, state.replace(NAME, &NAME.replace("00", "ee"))).expect("the state");
    image.run(&["sync"]);
    assert!(image.path("etc/ostree/remotes.d/os.conf").is_file());
}

#[test]
fn an_image_that_is_built_gets_its_etc() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["sync"]), 0);
    assert!(
        image.path("var/lib/flatpak/repo/config").is_file(),
        "a plain tree"
    );
    let image = Image::new();
    fs::create_dir_all(image.path("sysroot")).expect("a directory");
    symlink("sysroot/ostree", image.path("ostree")).expect("a link");
    assert_snapshot!("image_sync", image.shown(&["sync"]));
    assert!(!image.path("var").exists());
    // A native composefs image needs no such link.
    for mark in ["usr/lib/bootc", "usr/lib/ostree/prepare-root.conf"] {
        let image = Image::new();
        fs::create_dir_all(image.path(mark)).expect("a mark");
        assert_eq!(image.exit_status(&["sync"]), 0);
        assert!(!image.path("var").exists(), "{mark}");
        // The same once it runs.
        fs::create_dir_all(image.path("run/systemd/system")).expect("a running systemd");
        assert_eq!(image.exit_status(&["sync"]), 0);
        assert!(
            image.path("var/lib/flatpak/repo/config").is_file(),
            "{mark}"
        );
    }
}

#[test]
fn what_was_left_is_in_the_json() {
    let image = deployment();
    let output = image.run(&["sync", "--json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let left = &report["left"][0];
    assert_eq!(left["adapter"], "flatpak");
    assert_eq!(left["scope"], "var");
    assert_eq!(left["code"], "shared");
    assert_eq!(left["target"], "/var/lib/flatpak/repo/config");
    let entries = report["entries"].as_array().expect("entries");
    let waiting = entries.iter().filter(|entry| entry["state"] == "waiting");
    assert_eq!(waiting.count(), 1);
}

#[test]
fn only_scopes_are_taken() {
    let image = Image::new();
    assert_eq!(image.exit_status(&["sync", "--scope", "usr"]), 2);
}

#[test]
fn a_missing_var_is_not_written_into_the_deployment() {
    let image = deployment();
    let var = image.outside("ostree/deploy/os/var");
    fs::remove_dir_all(&var).expect("removed");
    assert_snapshot!("no_var", image.shown(&["sync"]));
    assert_snapshot!("no_var_all", image.shown(&["sync", "--scope", "all"]));

    // A disk that is somebody else's does not lead to ours.
    let ours = tempfile::tempdir().expect("a directory");
    symlink(ours.path(), &var).expect("a link");
    assert_eq!(image.exit_status(&["sync", "--scope", "var"]), 1);
    assert_eq!(fs::read_dir(ours.path()).expect("listed").count(), 0);
    for own in ["etc", "var"] {
        assert!(!image.path(own).join("lib").exists());
    }

    // Elsewhere on the same disk it may be.
    fs::remove_file(&var).expect("removed");
    fs::create_dir(image.outside("state")).expect("a directory");
    symlink("/state", &var).expect("a link");
    assert_eq!(image.exit_status(&["sync", "--scope", "var"]), 0);
    assert!(image.outside("state/lib/flatpak/repo/config").is_file());
}

#[test]
fn a_target_that_leads_out_of_etc_is_no_deployments_own() {
    let image = deployment();
    let shared = image.outside("ostree/deploy/os/var/ostree");
    fs::create_dir_all(&shared).expect("a directory");
    symlink("../var/ostree", image.path("etc/ostree")).expect("a link");
    assert_snapshot!("etc_in_var", image.shown(&["sync"]));
    assert_eq!(fs::read_dir(&shared).expect("listed").count(), 0);
}

#[test]
fn an_entry_that_is_left_for_the_boot_can_be_asked_for() {
    let image = deployment();
    assert_snapshot!("left_restore", image.shown(&["restore", "flathub"]));
    assert_eq!(
        image.exit_status(&["status", "--scope", "all", "flathub"]),
        0
    );
}
