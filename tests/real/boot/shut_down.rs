//! A task that is ended by others: by a shutdown, which is no failure of it, or by itself being stopped, which is no success.

use super::container::Boot;
use super::system::System;

const LONG: &str = "overlayctl-cleanup-20-long.service";

/// Boots it, and waits until the task runs.
fn until_it_runs(system: &System) -> Boot {
    let mut boot = system.boot();
    let runs = boot.wait_for(|boot| {
        let is_noted = system.read("witness/ran").is_some();
        is_noted && boot.state(LONG) == "active"
    });
    assert!(runs, "{}", boot.output(&["systemctl", "status", LONG]));
    boot
}

/// More often than it is tried.
pub(crate) fn is_no_try(system: &System) {
    let script = "[ -e /witness/go ] || sleep 100";
    system.task("20-long", script, "");
    system.task("30-after", "exit 0", "");
    for times in 1..=4 {
        until_it_runs(system).off();
        assert_eq!(system.ran(), "20-long");
        let mark = system.read("var/lib/overlayctl/cleanup/image:os:1:/20-long.run");
        let mark = mark.expect("a mark");
        assert!(mark.contains("Tries=0\n"), "{mark}");
        assert!(mark.contains(&format!("Interrupted={times}\n")), "{mark}");
    }
    // Whoever stops the cleanup ends the task, too.
    let mut boot = until_it_runs(system);
    boot.run(&["systemctl", "stop", "post-upgrade-cleanup.service"]);
    assert!(boot.wait_for(|boot| boot.state(LONG) == "inactive"));
    let document = boot.cleanup();
    let tasks = document["cleanup"]["tasks"].as_array().expect("a list");
    let task = tasks.iter().find(|task| task["name"] == "20-long");
    assert_eq!(task.expect("the task")["interrupted"], true, "{document}");
    boot.off();
    system.write("witness/go", "");
    let mut boot = system.boot();
    boot.settle();
    assert_eq!(boot.cleanup()["cleanup"]["state"], "cleaned");
    boot.off();
    assert_eq!(system.ran(), "20-long 20-long 30-after");
}

/// To systemd, it has ended well.
pub(crate) fn is_no_success(system: &System) {
    system.task("20-long", "sleep 100", "tries = 1\n");
    let mut boot = until_it_runs(system);
    boot.run(&["systemctl", "stop", LONG]);
    boot.settle();
    assert_eq!(boot.cleanup()["cleanup"]["state"], "given-up");
    let status = boot.output(&["overlayctl", "cleanup", "status"]);
    assert!(
        status.contains("it was stopped before it had ended"),
        "{status}"
    );
    boot.off();
}
