//! The power goes at any moment of a boot and of what is done after it: the next boot ends where it would have without that.

use std::thread::sleep;
use std::time::Duration;

use super::container::Boot;
use super::disk::FileSystem;
use super::remotes::{owner_acts, remote, remotes};
use super::system::System;
use super::tree::Tree;
use crate::random::Random;

const MARKER: &str = "sysroot/.ostree-cleaned";
const TASKS: [&str; 2] = ["10-first", "20-long"];

/// When the power goes.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the start, in milliseconds.
    After(usize),
    /// A task has begun.
    InTask(&'static str),
    /// The marker has its place.
    Marked,
}

impl Moment {
    fn is_there(self, system: &System, version: usize) -> bool {
        match self {
            Self::After(_) => true,
            Self::InTask(task) => {
                let ran = system.read("witness/ran").unwrap_or_default();
                ran.lines().any(|line| line == task)
            }
            Self::Marked => is_marked(system, version),
        }
    }
}

fn is_marked(system: &System, version: usize) -> bool {
    let marker = system.read(MARKER).unwrap_or_default();
    marker.contains(&format!("\nDeployment=image:os:{version}:\n"))
}

fn update(system: &System, version: usize) -> String {
    let url = format!("https://{version}.example.org/");
    for name in ["deleted", "edited", "masked", "plain"] {
        remote(system, name, &url);
    }
    remote(system, &format!("since-{version}"), &url);
    for name in (1..version).map(|earlier| format!("since-{earlier}")) {
        remote(system, &name, &url);
    }
    system.deploy(&version.to_string());
    url
}

/// The tasks of which the disk says that they were done for this deployment.
fn done(system: &System, version: usize) -> Vec<&'static str> {
    let says_done = |task: &&'static str| {
        let mark = format!("var/lib/overlayctl/cleanup/image:os:{version}:/{task}.run");
        let mark = system.read(&mark).unwrap_or_default();
        mark.contains("Done=true\n")
    };
    TASKS.into_iter().filter(says_done).collect()
}

/// That all is as the update and the owner want it.
fn assert_ended(system: &System, boot: &Boot, version: usize, url: &str) {
    let since = (1..=version).map(|since| format!("since-{since}"));
    let names = ["edited".to_owned(), "plain".to_owned()]
        .into_iter()
        .chain(since);
    let mut expected: Vec<_> = names.map(|name| format!("{name} {url}")).collect();
    expected.sort();
    assert_eq!(remotes(boot), expected);
    let titles = boot.output(&["flatpak", "remotes", "--system", "--columns=title"]);
    assert!(titles.contains("Mine"), "{titles}");
    assert_eq!(boot.cleanup()["cleanup"]["marker_state"], "current");
    assert_eq!(done(system, version), TASKS);
}

pub(crate) fn converges(tree: &Tree, file_system: FileSystem) {
    let system = System::on_disk(tree, file_system);
    system.task("10-first", "exit 0", "tries = 9\n");
    system.task("20-long", "sleep 0.3", "tries = 9\n");
    let url = update(&system, 1);
    let mut boot = system.boot();
    owner_acts(&boot);
    // flatpak does not wait for the disk.
    system.sync();
    boot.settle();
    system.lose_power(Some(boot));
    let mut boot = system.boot();
    boot.settle();
    assert_ended(&system, &boot, 1, &url);

    let mut random = Random::of(u64::from(tree.version) * 2 + file_system as u64);
    let moments = [
        Moment::InTask("20-long"),
        Moment::After(random.below(1500)),
        Moment::Marked,
        Moment::After(1000 + random.below(2000)),
        Moment::InTask("10-first"),
    ];
    for (version, moment) in (2..).zip(moments) {
        // All that the boot before did is on the disk by now, or done again.
        system.lose_power(Some(boot));
        system.ran();
        let url = update(&system, version);
        let mut cut = system.start();
        if let Moment::After(time) = moment {
            sleep(Duration::from_millis(time as u64));
        }
        let is_there = cut.wait_for(|_| moment.is_there(&system, version));
        assert!(is_there, "{moment:?}");
        system.lose_power(Some(cut));
        let before = done(&system, version);
        system.ran();
        boot = system.boot();
        boot.settle();
        assert_ended(&system, &boot, version, &url);
        let ran = system.ran_lines();
        assert!(
            !before.iter().any(|task| ran.iter().any(|ran| ran == task)),
            "{before:?} were done, and {ran:?} ran, after {moment:?}"
        );
    }
    boot.off();
}
