//! Programs of tasks, wherever an owner has them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::system::System;

/// A task whose program is in this directory.
fn task_in(system: &System, directory: &str) {
    let program = format!("{directory}/task");
    let script = format!("#!/bin/sh\necho {directory} >> /witness/ran\n");
    system.write(&program, &script);
    let place = system.root().join(&program);
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).expect("a program");
    let task = format!(
        "etc/overlayctl/cleanup.d/20-{}.toml",
        directory.replace('/', "-")
    );
    let text = format!("command = ['/{program}']\ntries = 1\n");
    system.write(&task, &text);
}

/// systemd-run looks for them in the namespace of the service, where not all of the system is seen.
pub(crate) fn are_found(system: &System) {
    for directory in ["root", "home/mine", "opt", "var/tmp"] {
        task_in(system, directory);
    }
    let mut boot = system.boot();
    boot.settle();
    let status = boot.output(&["overlayctl", "cleanup", "status"]);
    boot.off();
    assert_eq!(system.ran(), "home/mine opt root", "{status}");
    // As the documentation has it.
    let not_found = "Failed to find executable /var/tmp/task";
    assert!(status.contains(not_found), "{status}");
}
