//! What is said of cleaning a deployment, on trees that are not the running system's: nothing is run there.

use std::fs;

use insta::assert_snapshot;
use serde_json::Value;

use crate::image::Image;
use crate::json::parsed;

const MARKER: &str = "sysroot/.ostree-cleaned";

fn document(image: &Image, arguments: &[&str]) -> Value {
    parsed(&image.run(&[&["--json"], arguments].concat()).stdout)
}

/// An image with a task, one that is switched off, and one that the owner masked.
fn image() -> Image {
    let image = Image::new();
    image
        .write("usr/lib/os-release", "IMAGE_ID=os\nIMAGE_VERSION=7\n")
        .write(
            "usr/lib/overlayctl/cleanup.d/10-prune.toml",
            "command = ['/no/such/program']\n",
        )
        .write(
            "usr/lib/overlayctl/cleanup.d/20-more.toml",
            "command = ['true']\nenabled = false\n",
        )
        .write(
            "usr/lib/overlayctl/cleanup.d/30-masked.toml",
            "command = ['true']\n",
        )
        .write("etc/overlayctl/cleanup.d/30-masked.toml", "");
    fs::create_dir_all(image.path("sysroot")).expect("a directory");
    image
}

#[test]
fn it_is_said_whether_a_deployment_is_cleaned_and_why_not() {
    let image = image();
    assert_snapshot!("cleanup_status", image.shown(&["cleanup", "status"]));
    let told = |arguments| image.run(arguments).stdout;
    assert_eq!(told(&["explain", "cleanup"]), told(&["cleanup", "status"]));
    assert_snapshot!(
        "cleanup_dry_run",
        image.shown(&["cleanup", "run", "--dry-run"])
    );
    assert_eq!(image.exit_status(&["cleanup", "run", "--dry-run"]), 3);
    let json = document(&image, &["cleanup", "status"]);
    assert_eq!(json["cleanup"]["deployment"], "image:os:7:");
    assert_eq!(json["cleanup"]["first_boot_of_deployment"], true);
    assert_eq!(json["cleanup"]["marker_state"], "absent");
    assert!(!image.path("var/lib/overlayctl").exists());
}

/// The programs are the host's.
#[test]
fn nothing_is_run_for_another_root() {
    let image = image();
    assert_snapshot!("cleanup_elsewhere", image.shown(&["cleanup", "run"]));
    assert!(!image.path(MARKER).exists());
    assert!(!image.path("var/lib/overlayctl").exists());
}

#[test]
fn a_marker_that_is_wrong_goes() {
    let image = image();
    assert_snapshot!("cleanup_verify_absent", image.shown(&["cleanup", "verify"]));
    image.write(MARKER, "");
    assert_snapshot!(
        "cleanup_verify_removed",
        image.shown(&["cleanup", "verify"])
    );
    assert!(!image.path(MARKER).exists());

    let other = "[Cleanup]\nFormat=1\nDeployment=image:os:6:\nTasks=x\nBoot=y\nDegraded=false\n";
    image.write(MARKER, other);
    assert_snapshot!("cleanup_status_other", image.shown(&["cleanup", "status"]));
    let json = document(&image, &["cleanup", "verify"]);
    assert_eq!(json["cleanup"]["marker_state"], "absent");
    assert!(!image.path(MARKER).exists());
}

#[test]
fn who_deploys_removes_the_marker() {
    let image = image();
    image.write(MARKER, "");
    assert_snapshot!("cleanup_arm", image.shown(&["cleanup", "arm"]));
    assert_snapshot!("cleanup_arm_again", image.shown(&["cleanup", "arm"]));
    // Whatever is booted.
    image.write(MARKER, "").write("run/ostree-booted", "junk");
    assert_eq!(image.exit_status(&["cleanup", "arm"]), 0);
    assert_eq!(image.exit_status(&["cleanup", "status"]), 1);
    assert!(!image.path(MARKER).exists());
    // Of another disk that is mounted somewhere.
    image.write("mnt/.ostree-cleaned", "");
    let sysroot = image.path("mnt").display().to_string();
    image.run(&["cleanup", "arm", "--sysroot", &sysroot]);
    assert!(!image.path("mnt/.ostree-cleaned").exists());
}

/// What is in it may be somebody's.
#[test]
fn a_directory_in_the_place_of_the_marker_is_told() {
    let image = image();
    fs::create_dir_all(image.path(MARKER)).expect("a directory");
    // Early at boot nothing is gained by failing: the cleanup tells it.
    for (command, exit) in [("status", 1), ("verify", 0), ("arm", 1)] {
        assert_eq!(image.exit_status(&["cleanup", command]), exit, "{command}");
    }
    assert_snapshot!("cleanup_no_file", image.shown(&["cleanup", "verify"]));
    assert!(image.path("run/overlayctl/cleanup-stale").exists());
}

/// A symlink is unlinked, and what it leads to is nobody's marker.
#[test]
fn a_symlink_in_the_place_of_the_marker_goes() {
    let image = image();
    for to in ["/nowhere", "/etc/mine"] {
        image.write("etc/mine", "mine");
        let marker = image.path(MARKER);
        std::os::unix::fs::symlink(to, &marker).expect("a symlink");
        let json = document(&image, &["cleanup", "status"]);
        assert_eq!(json["cleanup"]["marker_state"], "foreign");
        assert_eq!(image.exit_status(&["cleanup", "verify"]), 0);
        assert!(marker.symlink_metadata().is_err());
        assert!(image.path("etc/mine").exists());
    }
}

#[test]
fn what_nobody_knows_is_not_cleaned() {
    let image = image();
    image.write("usr/lib/os-release", "ID=debian\n");
    assert_snapshot!("cleanup_unknown", image.shown(&["cleanup", "status"]));
    assert_eq!(image.exit_status(&["cleanup", "verify"]), 0);
    let json = document(&image, &["cleanup", "status"]);
    assert_eq!(json["cleanup"]["deployment"], Value::Null);
}

#[test]
fn a_task_that_is_not_there_is_told() {
    let image = image();
    let asked = ["cleanup", "run", "--dry-run", "--task", "nonsense"];
    assert_snapshot!("cleanup_no_task", image.shown(&asked));
}

/// The marker is about the deployment that is booted from that sysroot.
#[test]
fn what_is_not_booted_judges_no_marker() {
    let name = format!("{}.0", "0011223344556677".repeat(4));
    let image = Image::below(&format!("ostree/deploy/os/deploy/{name}"));
    image.write("usr/lib/os-release", "IMAGE_ID=os\nIMAGE_VERSION=5\n");
    for directory in ["etc", "var", "sysroot"] {
        fs::create_dir_all(image.path(directory)).expect("a directory");
    }
    let marker = image.outside(".ostree-cleaned");
    let booted =
        "[Cleanup]\nFormat=1\nDeployment=ostree:os:booted.0\nTasks=x\nBoot=y\nDegraded=false\n";
    fs::write(&marker, booted).expect("a marker");
    assert_snapshot!(
        "cleanup_unbooted_verify",
        image.shown(&["cleanup", "verify"])
    );
    assert_snapshot!("cleanup_unbooted", image.shown(&["cleanup", "status"]));
    let sysroot = image.outside("").display().to_string();
    image.run(&["cleanup", "verify", "--sysroot", &sysroot]);
    assert!(marker.exists());
    // A tree that no sysroot has, with one that it is not of.
    let tree = self::image();
    tree.run(&["cleanup", "verify", "--sysroot", &sysroot]);
    assert!(marker.exists());
}
