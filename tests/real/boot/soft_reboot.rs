//! A soft reboot into another deployment: the kernel stays, and what it was told with it. What ostree says is booted changes
//! only once a unit of its own has run.

use super::deployed::Deployed;
use super::tree::Tree;

/// As ostree's own package has it, but for the question whether the kernel was told of ostree, which in a container is always
/// the host's.
const COMPLETE: &str = "[Unit]
ConditionPathExists=|/boot/ostree/finalize-failure.stamp
ConditionPathExists=|/run/ostree/nextroot-booted
DefaultDependencies=no
After=sysinit.target
RequiresMountsFor=/boot
[Service]
Type=oneshot
MountFlags=slave
RemainAfterExit=yes
ExecStart=/usr/bin/ostree admin boot-complete
";

/// What `ostree admin prepare-soft-reboot` does by the program of the initial RAM disk. $1: the deployment.
const PREPARE: &str = "
set -e
next=/run/nextroot
mkdir -p $next /run/ostree
mount --bind $1 $next
# Else what is mounted there is mounted below $1, too, and shutting down takes both away.
mount --make-private $next
mount --bind $1/usr $next/usr
mount -o remount,bind,ro $next/usr
for shared in boot sysroot var witness; do mount --bind /$shared $next/$shared; done
cp /witness/next-booted /run/ostree/nextroot-booted
";

pub(crate) fn cleans(tree: &Tree) {
    let (deployed, first) = Deployed::new(tree, |system| {
        system.task("20-mine", "exit 0", "");
        let unit = "ostree-boot-complete.service";
        system.write(&format!("usr/lib/systemd/system/{unit}"), COMPLETE);
        let wants = "etc/systemd/system/multi-user.target.wants";
        system.link(
            &format!("{wants}/{unit}"),
            &format!("/usr/lib/systemd/system/{unit}"),
        );
    });
    let mut boot = deployed.boot(&first);
    boot.settle();
    assert_eq!(boot.cleanup()["cleanup"]["deployment"], first.id());
    assert_eq!(deployed.ran(), "20-mine");

    deployed.write("usr/lib/os-release", "ID=debian\nVERSION_ID=2\n");
    let second = deployed.deploy(&boot);
    let said = deployed.said_of(&second);
    std::fs::write(deployed.system.beside("witness/next-booted"), said).expect("a file");
    let name = second.0.file_name().expect("a name").to_string_lossy();
    let place = format!("/sysroot/ostree/deploy/os/deploy/{name}");
    boot.run(&["/bin/sh", "-c", PREPARE, "sh", &place]);
    boot.run(&["systemctl", "--no-block", "soft-reboot"]);
    let count = [
        "systemctl",
        "show",
        "--property=SoftRebootsCount",
        "--value",
    ];
    let is_other = boot.wait_for(|boot| boot.output(&count).trim() == "1");
    assert!(is_other, "it is not rebooted");
    assert!(boot.is_up(), "{}", boot.output(&["systemctl", "list-jobs"]));
    let version = boot.output(&["cat", "/etc/os-release"]);
    assert!(version.contains("VERSION_ID=2"), "{version}");
    // Nobody removed the marker of the first.
    let is_cleaned = boot.wait_for(|boot| boot.cleanup()["cleanup"]["marker_state"] == "current");
    let units = [
        "systemctl",
        "status",
        "--no-pager",
        "*cleanup*",
        "boot-complete.target",
    ];
    assert!(is_cleaned, "{}", boot.output(&units));
    assert_eq!(boot.cleanup()["cleanup"]["deployment"], second.id());
    boot.run(&["overlayctl", "cleanup", "status"]);
    assert_eq!(deployed.ran(), "20-mine");
    boot.off();
}
