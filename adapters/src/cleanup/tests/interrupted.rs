//! Runs that are asked to end while a task runs. The signal is one to the whole process, so each test is one of its own.

use std::process::Command;

use super::*;
use crate::job::INTERRUPTIONS;

const ALONE: &str = "OVERLAYCTL_TEST_ALONE";
/// What a task does that whoever shuts the system down ends.
const SHUT_DOWN: &str = "kill -TERM $PPID; sleep 100 & wait";

/// Runs a test in a process of its own.
fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var_os(ALONE).is_some() {
        return test();
    }
    let name = format!("cleanup::tests::interrupted::{name}");
    let mut own = Command::new(std::env::current_exe().unwrap());
    let own = own.args([&*name, "--exact", "--nocapture"]).env(ALONE, "1");
    let output = own.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(said.contains("1 passed"), "{said}");
}

fn decisions(report: &Report) -> Vec<&'static str> {
    let entries = report.entries.iter();
    entries.map(|entry| entry.decision.code()).collect()
}

#[test]
fn an_orderly_end_is_no_try() {
    alone("an_orderly_end_is_no_try", || {
        let machine = Machine::new();
        machine.task("10-a", SHUT_DOWN, "");
        for boot in 1..=5 {
            machine.boot(&boot.to_string());
            let report = machine.run_with(Errand::default());
            assert_eq!(decisions(&report), ["due", "due"]);
            assert!(!report.failed() && crate::is_asked_to_end());
            // Nothing more is begun.
            assert_eq!((&*machine.ran(), machine.marker()), ("10-a", None));
        }
        machine.task("10-a", "exit 0", "");
        assert_eq!(machine.run(), (true, "10-a 20-b".into()));
        assert_eq!(machine.standing().0, "current");
        assert!(!crate::is_asked_to_end());
    });
}

#[test]
fn what_ends_well_all_the_same_is_done() {
    alone("what_ends_well_all_the_same_is_done", || {
        let machine = Machine::new();
        machine.task(
            "10-a",
            "trap 'exit 0' TERM; kill -TERM $PPID; sleep 100 & wait",
            "",
        );
        let report = machine.run_with(Errand::default());
        assert_eq!(decisions(&report), ["done", "due"]);
        assert_eq!(machine.ran(), "10-a");
        assert_eq!(machine.run(), (true, "20-b".into()));
    });
}

/// A task that shuts the system down itself would do so for ever.
#[test]
fn interruptions_are_bounded() {
    alone("interruptions_are_bounded", || {
        let machine = Machine::new();
        machine.task("10-a", SHUT_DOWN, "tries = 2\n");
        let mut boots = 0;
        while machine.standing().0 == "absent" {
            machine.run();
            boots += 1;
            assert!(boots < 1000);
        }
        assert_eq!(boots, 2 * (INTERRUPTIONS + 1) + 1);
        assert!(machine.marker().unwrap().contains("Degraded=true"));
    });
}

/// What was tried before counts on.
#[test]
fn a_failure_is_remembered_over_it() {
    alone("a_failure_is_remembered_over_it", || {
        let machine = Machine::new();
        let script = format!("[ ! -e down ] || {{ {SHUT_DOWN}; }}; exit 1");
        machine.task("10-a", &script, "tries = 2\n");
        let mark = || {
            let mark = "var/lib/overlayctl/cleanup/image:os:A:/10-a.run";
            fs::read_to_string(machine.path(mark)).unwrap()
        };
        for (is_down, tries, code) in [
            (true, 0, "due"),
            (false, 1, "run-failed"),
            (true, 1, "due"),
            (false, 2, "given-up"),
        ] {
            let _absent = fs::remove_file(machine.path("down"));
            if is_down {
                machine.write("down", "");
            }
            let report = machine.run_with(Errand::default());
            assert_eq!(decisions(&report)[0], code);
            assert!(mark().contains(&format!("\nTries={tries}\n")), "{}", mark());
            assert_eq!(mark().contains("\nInterrupted=1\n"), is_down);
        }
    });
}
