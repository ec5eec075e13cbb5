//! A name that is used again: the same commit, undeployed and deployed once more.

use super::*;

/// The deployment is undeployed, and something with its name deployed.
fn replace(machine: &Machine) {
    let place = machine.path("sysroot/state/deploy/a");
    fs::remove_dir(&place).unwrap();
    // Its inode may be free again, and not the time of its birth.
    fs::create_dir(&place).unwrap();
}

#[test]
fn what_has_the_name_of_another_is_cleaned() {
    let machine = Machine::new();
    machine.composefs("a");
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    machine.boot("2");
    assert_eq!(machine.standing(), ("current", Some(false)));

    // Nothing was run in between.
    replace(&machine);
    machine.boot("3");
    assert_eq!(machine.standing(), ("untrue", Some(true)));
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    assert_eq!(machine.standing(), ("current", Some(true)));
    assert_eq!(machine.run(), (true, String::new()));
    // What was about the other one is gone.
    let state = fs::read_dir(machine.path("var/lib/overlayctl/cleanup")).unwrap();
    let names = state.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(names.filter(|name| name.starts_with("comp")).count(), 1);
}

/// So are the tries of one that never came to an end.
#[test]
fn what_has_the_name_of_another_has_its_own_tries() {
    let machine = Machine::new();
    machine.composefs("a");
    machine.task("10-a", "exit 1", "tries = 2\n");
    for _ in 0..2 {
        assert_eq!(machine.run(), (true, "10-a 20-b".into()));
        replace(&machine);
    }
}

#[test]
fn what_an_earlier_release_remembered_counts() {
    let machine = Machine::new();
    machine.composefs("a");
    machine.run();
    machine.ran();
    let state = machine.path("var/lib/overlayctl/cleanup");
    let own = fs::read_dir(&state)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut own = own.filter(|path| path.to_string_lossy().contains("composefs:a:"));
    fs::rename(own.next().unwrap(), state.join("composefs:a")).unwrap();
    assert_eq!(machine.standing().0, "current");
    assert_eq!(machine.run(), (true, String::new()));
    machine.task("20-b", "exit 0", "version = \"2\"\n");
    assert_eq!(machine.run(), (true, "20-b".into()));
    assert!(state.join("composefs:a").exists());
}
