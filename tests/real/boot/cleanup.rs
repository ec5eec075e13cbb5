//! What is done once after each deployment, and what may come in between.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use super::container::Boot;
use super::disk::{Disk, FileSystem};
use super::system::System;

const MARKER: &str = "sysroot/.ostree-cleaned";

/// Boots it, lets the cleanup end, looks, and shuts it down.
fn boot(system: &System, look: impl FnOnce(&Boot)) -> String {
    let mut boot = system.boot();
    boot.settle();
    look(&boot);
    boot.off();
    system.ran()
}

fn is_cleaned(boot: &Boot) {
    assert_eq!(boot.cleanup()["cleanup"]["marker_state"], "current");
}

pub(crate) fn once(system: &System) {
    // What systemd has a meaning for has none in a command.
    let script = r#"a=b; test "${a}:%n:$(echo x)" = b:%n:x"#;
    system.task("20-mine", script, "");
    let ran = boot(system, |boot| {
        is_cleaned(boot);
        assert_eq!(boot.cleanup()["cleanup"]["first_boot_of_deployment"], true);
        assert_eq!(boot.state("overlayctl-new-deployment.target"), "active");
    });
    assert_eq!(ran, "20-mine");
    let marker = system.read(MARKER).expect("a marker");
    assert!(marker.contains("Deployment=image:os:1:\n"), "{marker}");
    let ran = boot(system, |boot| {
        assert_eq!(boot.cleanup()["cleanup"]["first_boot_of_deployment"], false);
        assert_eq!(boot.state("overlayctl-new-deployment.target"), "inactive");
    });
    assert_eq!((ran, system.read(MARKER)), (String::new(), Some(marker)));
    // As a deploy process does it.
    system.deploy("2");
    system.remove(MARKER);
    assert_eq!(boot(system, is_cleaned), "20-mine");
}

pub(crate) fn forgotten(system: &System) {
    system.task("20-mine", "exit 0", "");
    assert_eq!(boot(system, is_cleaned), "20-mine");
    system.deploy("2");
    assert_eq!(boot(system, is_cleaned), "20-mine");
    // As the unit before it made one.
    system.deploy("3");
    system.write(MARKER, "");
    assert_eq!(boot(system, is_cleaned), "20-mine");
}

pub(crate) fn directory(system: &System) {
    system.task("20-mine", "exit 0", "");
    let in_its_place = system.root().join(MARKER);
    fs::create_dir(&in_its_place).expect("a directory");
    let mut boot = system.boot();
    boot.settle();
    assert_eq!(boot.state("post-upgrade-cleanup.service"), "failed");
    fs::remove_dir(&in_its_place).expect("empty");
    // As the message has it.
    let restart = ["systemctl", "restart", "post-upgrade-cleanup.service"];
    assert_eq!(boot.status(&restart), 0);
    is_cleaned(&boot);
    boot.off();
    assert_eq!(system.ran(), "20-mine");
}

pub(crate) fn rollback(system: &System) {
    system.task("20-mine", "exit 0", "");
    for (version, ran) in [("1", "20-mine"), ("2", "20-mine"), ("1", ""), ("2", "")] {
        system.deploy(version);
        assert_eq!(boot(system, is_cleaned), ran, "{version}");
    }
}

pub(crate) fn read_only(system: &System) {
    system.task("20-mine", "exit 0", "");
    let sysroot = system.root().join("sysroot");
    let option = format!("--bind-ro={}:/sysroot", sysroot.display());
    for version in ["1", "2"] {
        system.deploy(version);
        let mut boot = system.boot_with(&[&option]);
        boot.settle();
        is_cleaned(&boot);
        // For the others it stays as it was.
        assert_ne!(boot.status(&["touch", "/sysroot/x"]), 0);
        boot.off();
        assert_eq!(system.ran(), "20-mine");
    }
}

/// The marker is, or is not, on a file system that nobody can write to.
pub(crate) fn read_only_for_good(system: &System) {
    system.task("20-mine", "exit 0", "");
    let place = system.beside("for-good");
    fs::create_dir(&place).expect("a directory");
    let disk = Disk::new(&place, FileSystem::Ext4);
    disk.unmount();
    disk.mount_read_only();
    let option = format!("--bind={}:/sysroot", disk.path.display());
    for (state, ran) in [("absent", "20-mine"), ("absent", ""), ("foreign", "")] {
        if state == "foreign" {
            disk.unmount();
            disk.mount();
            fs::write(disk.path.join(".ostree-cleaned"), "").expect("a file");
            disk.unmount();
            disk.mount_read_only();
        }
        let mut boot = system.boot_with(&[&option]);
        boot.settle();
        let document = boot.cleanup();
        let cleanup = &document["cleanup"];
        assert_eq!(cleanup["state"], "cleaned");
        assert_eq!(cleanup["marker_state"], state);
        assert_eq!(cleanup["noted"], true);
        for unit in ["overlayctl-cleanup-verify", "post-upgrade-cleanup"] {
            assert_ne!(boot.state(&format!("{unit}.service")), "failed", "{unit}");
        }
        boot.off();
        assert_eq!(system.ran(), ran);
    }
    disk.unmount();
}

pub(crate) fn given_up(system: &System) {
    system.task("10-bad", "exit 7", "");
    system.task(
        "15-slow",
        "sleep 100 & sleep 100",
        "timeout = 1\ntries = 2\n",
    );
    system.task("20-mine", "exit 0", "");
    let ran = boot(system, |boot| {
        is_cleaned(boot);
        let failed = boot.output(&["systemctl", "--failed", "--no-legend", "--plain"]);
        assert!(failed.contains("post-upgrade-cleanup.service"), "{failed}");
        assert_eq!(boot.status(&["overlayctl", "cleanup", "status"]), 1);
        assert_eq!(boot.cleanup()["cleanup"]["state"], "given-up");
        let status = boot.output(&["overlayctl", "cleanup", "status"]);
        assert!(
            status.contains("failed 3 times: it ended with exit status: 7"),
            "{status}"
        );
        assert!(
            status.contains("failed 2 times: it had not ended after 1 s"),
            "{status}"
        );
        let processes = boot.processes();
        let is_there = |what: &str| processes.iter().any(|line| line.contains(what));
        assert!(
            is_there("dbus-daemon") && !is_there("sleep 100"),
            "{processes:?}"
        );
    });
    assert_eq!(ran, "10-bad 15-slow 20-mine 10-bad 15-slow 10-bad");
    // It is told at each boot.
    let ran = boot(system, |boot| {
        let failed = boot.output(&["systemctl", "--failed", "--no-legend", "--plain"]);
        assert!(failed.contains("post-upgrade-cleanup.service"), "{failed}");
        // The boot itself is none the worse for it.
        assert!(!failed.contains("verify"), "{failed}");
    });
    assert_eq!(ran, "");
}

/// A task that was done is run again by hand, and fails: the next boot does it.
pub(crate) fn again(system: &System) {
    system.task("20-mine", "! [ -e /witness/bad ]", "tries = 9\n");
    let ran = boot(system, |boot| {
        is_cleaned(boot);
        system.write("witness/bad", "");
        let again = [
            "overlayctl",
            "cleanup",
            "run",
            "--force",
            "--task",
            "20-mine",
        ];
        assert_eq!(boot.status(&again), 3);
        assert_eq!(boot.cleanup()["cleanup"]["marker_state"], "untrue");
        let explained = boot.output(&["overlayctl", "explain", "cleanup"]);
        assert!(
            explained.contains("tried 1 of 9 times: it ended with"),
            "{explained}"
        );
    });
    assert_eq!(ran, "20-mine 20-mine");
    system.remove("witness/bad");
    assert_eq!(boot(system, is_cleaned), "20-mine");
    assert_eq!(boot(system, is_cleaned), "");
}

pub(crate) fn takes_down(system: &System) {
    system.task(
        "10-down",
        "systemctl poweroff --force --force; sleep 100",
        "tries = 2\n",
    );
    system.task("20-mine", "exit 0", "");
    for _ in 0..2 {
        let mut boot = system.start();
        assert!(boot.wait_for(Boot::is_off), "it stays up");
        drop(boot);
        assert_eq!(system.ran(), "10-down");
    }
    // It is not tried again, and starves nothing.
    let ran = boot(system, |boot| {
        assert_eq!(boot.status(&["overlayctl", "cleanup", "status"]), 1);
    });
    assert_eq!(ran, "20-mine");
}

pub(crate) fn unhealthy(system: &System) {
    system.task("20-mine", "exit 0", "");
    let requires = "etc/systemd/system/boot-complete.target.d/check.conf";
    system.write(
        requires,
        "[Unit]\nRequires=check.service\nAfter=check.service\n",
    );
    system.write(
        "etc/systemd/system/check.service",
        "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nExecStart=/bin/false\n",
    );
    let ran = boot(system, |boot| {
        let document = boot.cleanup();
        assert_eq!(document["cleanup"]["marker_state"], "absent");
        assert_eq!(document["cleanup"]["failed_checks"][0], "check.service");
        let failed = boot.output(&["systemctl", "--failed", "--no-legend", "--plain"]);
        assert!(!failed.contains("post-upgrade-cleanup"), "{failed}");
        let explained = boot.output(&["overlayctl", "explain", "cleanup"]);
        assert!(explained.contains("check.service failed"), "{explained}");
    });
    assert_eq!(ran, "");
    system.remove(requires);
    assert_eq!(boot(system, is_cleaned), "20-mine");
}

pub(crate) fn power_cut(system: &System) {
    system.task("10-done", "exit 0", "");
    system.task("20-long", "sleep 2", "tries = 10\n");
    for moment in [1200, 1700, 2500] {
        let boot = system.boot();
        sleep(Duration::from_millis(moment));
        drop(boot);
    }
    system.ran();
    let ran = boot(system, is_cleaned);
    assert!(!ran.contains("10-done"), "{ran}");
    assert_eq!(boot(system, is_cleaned), "");
}
