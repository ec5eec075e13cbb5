//! Which health checks of a boot failed: until none does, what waits for a healthy boot is not started, and nothing
//! about it has failed.

use std::path::Path;

use overlay_resolver::root::Root;

use crate::launch::is_under_systemd;
use crate::process::output;
use crate::system::is_running_systems;

/// What is reached once a boot is healthy; it requires the checks: systemd.special(7).
const HEALTHY: &str = "boot-complete.target";

/// The units that keep the boot of the running system from counting as healthy.
pub(super) fn failed_checks(root: &Root) -> Vec<String> {
    if !is_running_systems(root) || !is_under_systemd(root) {
        return Vec::new();
    }
    let required = show(&["--property=Requires", "--value", HEALTHY]);
    let checks: Vec<_> = required.split_whitespace().collect();
    if checks.is_empty() {
        return Vec::new();
    }
    let states = show(&[&["--property=Id,ActiveState"], &*checks].concat());
    // A paragraph a unit.
    let failed = states.split("\n\n").filter_map(|unit| {
        let mut lines = unit.lines();
        let is_failed = lines.clone().any(|line| line == "ActiveState=failed");
        let id = lines.find_map(|line| line.strip_prefix("Id="));
        id.filter(|_| is_failed).map(str::to_owned)
    });
    failed.collect()
}

/// What systemd says; nothing where it cannot be asked.
fn show(arguments: &[&str]) -> String {
    let mut all = vec!["show".to_owned()];
    all.extend(arguments.iter().map(|&argument| argument.to_owned()));
    output(Path::new("systemctl"), &all).unwrap_or_default()
}
