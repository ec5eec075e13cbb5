//! Trees with tasks that note that they ran, deployed, booted and cut off from power.
#![expect(clippy::disallowed_methods, reason = "the tree of the test")]

mod interrupted;
mod marker;
mod reused;

use std::fs;
use std::path::{Path, PathBuf};

use overlay_resolver::root::Root;

use super::Verified;
use super::standing::IMAGES_KEPT;
use crate::adapter::Adapters;
use crate::proc;
use crate::report::{Errand, Report, Request};

const MARKER: &str = "sysroot/.ostree-cleaned";

struct Machine(tempfile::TempDir);

impl Machine {
    /// One whose image says that it is `A`, in its first boot, with two tasks.
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(machine.path("sysroot")).unwrap();
        machine.image("A");
        machine.boot("1");
        machine.task("10-a", "exit 0", "");
        machine.task("20-b", "exit 0", "");
        machine
    }

    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn image(&self, version: &str) {
        self.write(
            "etc/os-release",
            format!("IMAGE_ID=os\nIMAGE_VERSION='{version}'\n"),
        );
    }

    /// Deploys it, and boots it.
    fn composefs(&self, digest: &str) {
        fs::create_dir_all(self.path("sysroot/state/deploy").join(digest)).unwrap();
        let mounts = format!("1 0 0:1 / / ro - overlay composefs:{digest} ro\n");
        self.write(&proc::own("mountinfo").to_string_lossy()[1..], mounts);
    }

    fn boot(&self, id: &str) {
        self.write("proc/sys/kernel/random/boot_id", format!("{id}\n"));
    }

    /// A task that notes that it ran, and does what the script says.
    fn task(&self, name: &str, script: &str, more: &str) {
        let place = self.0.path().to_str().unwrap();
        let script = format!("cd {place} && echo {name} >> ran; {script}");
        let text = format!("command = ['/bin/sh', '-c', '''{script}''']\n{more}");
        self.write(&format!("usr/lib/overlayctl/cleanup.d/{name}.toml"), text);
    }

    fn with<T>(&self, act: impl FnOnce(&Root, &Adapters<'_>) -> T) -> T {
        let root = Root::open(self.0.path()).unwrap();
        act(&root, &Adapters::open(&root))
    }

    fn run_with(&self, errand: Errand) -> Report {
        let request = Request {
            errand: Some(Errand {
                adapter: "cleanup".into(),
                ..errand
            }),
            ..Request::default()
        };
        self.with(|_, adapters| adapters.sync(&request))
    }

    /// What a run comes to, and which tasks ran.
    fn run(&self) -> (bool, String) {
        let report = self.run_with(Errand::default());
        (!report.failed(), self.ran())
    }

    /// The tasks that ran since this was asked last.
    fn ran(&self) -> String {
        let ran = fs::read_to_string(self.path("ran")).unwrap_or_default();
        let _absent = fs::remove_file(self.path("ran"));
        ran.lines().collect::<Vec<_>>().join(" ")
    }

    fn verify(&self) -> Verified {
        self.with(|root, adapters| {
            let (_, cleanup) = adapters.cleanup().unwrap();
            cleanup
                .verify(root, &cleanup.standing(root).unwrap())
                .unwrap()
        })
    }

    /// What the marker says, and whether this is the first boot of its deployment.
    fn standing(&self) -> (&'static str, Option<bool>) {
        self.with(|root, adapters| {
            let standing = adapters.cleanup().unwrap().1.standing(root).unwrap();
            (standing.state.code(), standing.is_first_boot)
        })
    }

    fn marker(&self) -> Option<String> {
        fs::read_to_string(self.path(MARKER)).ok()
    }
}

#[test]
fn each_deployment_is_cleaned_once() {
    let machine = Machine::new();
    assert_eq!(machine.standing(), ("absent", Some(true)));
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    assert_eq!(machine.standing(), ("current", Some(true)));
    let marker = machine.marker().unwrap();
    assert!(marker.contains("\nDeployment=image:os:A:\n"), "{marker}");
    // Of this boot, and of the next one.
    assert_eq!(machine.run(), (true, String::new()));
    machine.boot("2");
    assert_eq!(machine.standing(), ("current", Some(false)));
    assert!(matches!(machine.verify(), Verified::Kept));
    assert_eq!(machine.run(), (true, String::new()));
    assert_eq!(machine.marker(), Some(marker.clone()));

    // The deploy process forgot the marker.
    machine.image("B");
    machine.boot("3");
    assert_eq!(machine.standing(), ("of-another", Some(true)));
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));

    // Rolled back: what was cleaned is known to be.
    machine.image("A");
    machine.boot("4");
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.standing(), ("absent", Some(false)));
    assert_eq!(machine.run(), (true, String::new()));
    assert_eq!(machine.marker(), Some(marker));
}

#[test]
fn a_marker_of_others_or_cut_short_goes() {
    let machine = Machine::new();
    machine.run();
    let whole = machine.marker().unwrap();
    for foreign in ["", "junk", &whole[..whole.len() - 6]] {
        machine.write(MARKER, foreign);
        assert_eq!(machine.standing().0, "foreign", "{foreign}");
        assert!(matches!(machine.verify(), Verified::Removed));
        assert_eq!(machine.marker(), None);
    }
    assert!(matches!(machine.verify(), Verified::Absent));
    machine.ran();
    assert_eq!(machine.run(), (true, String::new()));
    assert_eq!(machine.marker(), Some(whole));
}

#[test]
fn one_that_fails_starves_no_other_and_is_given_up_aloud() {
    let machine = Machine::new();
    machine.task("10-a", "exit 1", "tries = 2\n");
    let first = machine.run_with(Errand::default());
    assert_eq!(first.entries[0].decision.code(), "run-failed");
    assert_eq!(machine.ran(), "10-a 20-b");
    // It is tried again, so nothing is wrong for good.
    assert!(!first.failed());
    assert_eq!(machine.marker(), None);
    assert_eq!(machine.run(), (false, "10-a".into()));
    assert!(machine.marker().unwrap().contains("Degraded=true"));
    // It is told again, and not tried again.
    assert_eq!(machine.run(), (false, String::new()));
    let again = Errand {
        only: ["10-a".to_owned()].into(),
        again: true,
        ..Errand::default()
    };
    machine.task("10-a", "exit 0", "tries = 2\n");
    assert!(!machine.run_with(again).failed());
    assert!(machine.marker().unwrap().contains("Degraded=false"));
}

#[test]
fn what_is_not_required_keeps_no_marker_away() {
    let machine = Machine::new();
    machine.task("10-a", "exit 1", "required = false\n");
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    assert!(machine.marker().unwrap().contains("Degraded=false"));
}

#[test]
fn another_version_is_another_task() {
    let machine = Machine::new();
    machine.run();
    machine.ran();
    machine.task("20-b", "exit 0", "version = \"2\"\n");
    assert_eq!(machine.standing().0, "other-tasks");
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, "20-b".into()));
    // A mask is another set, and nothing is to be done.
    machine.write("etc/overlayctl/cleanup.d/20-b.toml", "");
    assert!(matches!(machine.verify(), Verified::Removed));
    assert_eq!(machine.run(), (true, String::new()));
    assert_eq!(machine.standing().0, "current");
}

#[test]
fn nothing_is_done_for_what_nobody_knows() {
    let machine = Machine::new();
    machine.write("etc/os-release", "ID=debian\n");
    assert_eq!(machine.standing(), ("unknown", None));
    assert!(matches!(machine.verify(), Verified::Unknown));
    let report = machine.run_with(Errand::default());
    let codes: Vec<_> = report
        .entries
        .iter()
        .map(|entry| entry.decision.code())
        .collect();
    assert_eq!(codes, ["no-occasion", "no-occasion"]);
    assert_eq!((machine.ran(), machine.marker()), (String::new(), None));
}

#[test]
fn a_system_without_a_sysroot_has_its_marker_in_var() {
    let machine = Machine::new();
    fs::remove_dir(machine.path("sysroot")).unwrap();
    assert_eq!(machine.run(), (true, "10-a 20-b".into()));
    assert!(machine.path("var/lib/overlayctl/cleaned").exists());
    assert_eq!(machine.standing().0, "current");
    assert!(!machine.path("sysroot").exists());
}

#[test]
fn what_is_remembered_of_deployments_that_are_gone_goes() {
    let machine = Machine::new();
    let remembered = || {
        let state = fs::read_dir(machine.path("var/lib/overlayctl/cleanup")).unwrap();
        let names = state.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let names = names.filter(|name| !name.starts_with('.'));
        // Without what tells a directory from another of its name.
        let names = names.map(|name| match name.strip_prefix("composefs:") {
            Some(own) => format!("composefs:{}", own.split(':').next().unwrap()),
            None => name,
        });
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    };
    // Of images, nobody says which may be booted again: the latest stay.
    machine.image("A/\"");
    machine.run();
    machine.image("B");
    machine.run();
    assert_eq!(remembered(), [r"image:os:A\x2f\x22:", "image:os:B:"]);
    for digest in ["a", "b"] {
        machine.composefs(digest);
        machine.run();
    }
    assert_eq!(remembered(), ["composefs:a", "composefs:b"]);
    fs::remove_dir(machine.path("sysroot/state/deploy/a")).unwrap();
    machine.task("20-b", "exit 0", "version = \"2\"\n");
    machine.run();
    assert_eq!(remembered(), ["composefs:b"]);
}

#[test]
fn of_images_the_latest_are_remembered() {
    let machine = Machine::new();
    let state =
        |version: usize| machine.path(format!("var/lib/overlayctl/cleanup/image:os:{version}:"));
    let start = std::time::SystemTime::now() - std::time::Duration::from_secs(1_000_000);
    for version in 1..=IMAGES_KEPT + 3 {
        machine.image(&version.to_string());
        assert_eq!(machine.run(), (true, "10-a 20-b".into()));
        let time = start + std::time::Duration::from_secs(version as u64);
        let directory = fs::File::open(state(version)).unwrap();
        directory.set_modified(time).unwrap();
    }
    let kept = (1..=IMAGES_KEPT + 3).filter(|&version| state(version).exists());
    let expected = 3..=IMAGES_KEPT + 3;
    assert_eq!(kept.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
    // One that is booted again stays, however old it is.
    machine.image("3");
    assert_eq!(machine.run(), (true, String::new()));
    machine.task("20-b", "exit 0", "version = \"2\"\n");
    assert_eq!(machine.run(), (true, "20-b".into()));
    assert!(state(3).exists());
}

#[test]
fn what_is_no_deployments_stays() {
    let machine = Machine::new();
    machine.composefs("a");
    machine.write("var/lib/overlayctl/cleanup/mine/x", "");
    machine.write("var/lib/overlayctl/cleanup/composefs:gone/x", "");
    machine.run();
    assert!(machine.path("var/lib/overlayctl/cleanup/mine/x").exists());
    assert!(
        !machine
            .path("var/lib/overlayctl/cleanup/composefs:gone")
            .exists()
    );
}

#[test]
fn names_that_are_long_get_one_of_their_own() {
    let machine = Machine::new();
    let long = "v".repeat(300);
    for version in [&*long, &format!("{long}w")] {
        machine.image(version);
        assert_eq!(machine.run(), (true, "10-a 20-b".into()));
        assert_eq!(machine.standing().0, "current");
    }
}

/// While it runs for the last time, it is not given up.
#[test]
fn a_task_that_runs_now_is_not_given_up() {
    let machine = Machine::new();
    let state = "var/lib/overlayctl/cleanup/image:os:A:";
    machine.task(
        "10-a",
        &format!("cp {state}/10-a.run begun; exit 1"),
        "tries = 1\n",
    );
    machine.run();
    machine.ran();
    // As another program sees it meanwhile.
    let ended = fs::read(machine.path(format!("{state}/10-a.run"))).unwrap();
    fs::copy(
        machine.path("begun"),
        machine.path(format!("{state}/10-a.run")),
    )
    .unwrap();
    let code = || {
        let report = machine.with(|_, adapters| adapters.plan(&Request::default()));
        let entry = report.entries.iter().find(|entry| entry.name == "10-a");
        entry.unwrap().decision.code()
    };
    assert_eq!((code(), machine.standing().0), ("due", "untrue"));
    // A run that is the only one knows that it was cut off, and so does the next boot.
    assert_eq!(machine.run(), (false, String::new()));
    assert_eq!((code(), machine.standing().0), ("given-up", "current"));
    fs::copy(
        machine.path("begun"),
        machine.path(format!("{state}/10-a.run")),
    )
    .unwrap();
    machine.boot("2");
    assert_eq!(code(), "given-up");
    assert!(String::from_utf8_lossy(&ended).contains("Begun=1\n"));
}
