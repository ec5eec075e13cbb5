//! What is remembered of the tasks of a deployment decides: whether the marker is right, what `status` says, and how it ends.

use std::fs;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::image::Image;
use crate::json::parsed;

const MARKER: &str = "sysroot/.ostree-cleaned";
const NOTE: &str = "run/overlayctl/cleanup-stale";
const STATE: &str = "var/lib/overlayctl/cleanup/image:os:7:";
const TASKS: [&str; 2] = ["10-a", "20-b"];
const GIVEN_UP: &str = "Tries=3\nDone=false\nFailure=it ended with exit status: 1\n";

/// An image that was cleaned, with two tasks.
struct Cleaned(Image);

impl Cleaned {
    fn new() -> Self {
        let image = Image::new();
        image.write("usr/lib/os-release", "IMAGE_ID=os\nIMAGE_VERSION=7\n");
        let cleaned = Self(image);
        for task in TASKS {
            let path = format!("usr/lib/overlayctl/cleanup.d/{task}.toml");
            cleaned.0.write(&path, "command = ['true']\n");
            cleaned.mark(task, "Tries=1\nDone=true\n");
        }
        cleaned.say(false);
        assert_eq!(cleaned.status(), (0, "cleaned", "current"));
        cleaned
    }

    /// What a run leaves that came to its end.
    fn say(&self, is_degraded: bool) {
        let tasks = TASKS.iter().fold(Sha256::new(), |digest, task| {
            let length = (task.len() as u64).to_be_bytes();
            digest
                .chain_update(length)
                .chain_update(task)
                .chain_update(occasion())
        });
        let text = format!(
            "[Cleanup]\nFormat=1\nDeployment=image:os:7:\nTasks={:x}\nBoot=x\nDegraded={is_degraded}\n",
            tasks.finalize()
        );
        self.0.write(MARKER, &text);
        self.0.write(&format!("{STATE}/cleaned"), &text);
    }

    fn mark(&self, task: &str, rest: &str) {
        let text = format!("[Run]\nOccasion={}\n{rest}", occasion());
        self.0.write(&format!("{STATE}/{task}.run"), &text);
    }

    fn drop_in(&self, task: &str, text: &str) {
        let path = format!("etc/overlayctl/cleanup.d/{task}.toml.d/mine.toml");
        self.0.write(&path, text);
    }

    fn document(&self) -> Value {
        parsed(&self.0.run(&["--json", "cleanup", "status"]).stdout)
    }

    /// How it ends, how the deployment stands, and how the marker does.
    fn status(&self) -> (i32, &'static str, &'static str) {
        let exit = self.0.exit_status(&["cleanup", "status"]);
        assert_eq!(self.0.exit_status(&["explain", "cleanup"]), exit);
        let document = self.document();
        let has_error = has_error(&document);
        assert_eq!(exit == 1, has_error, "{document:#}");
        let word = |key: &str| {
            let known = [
                "cleaned",
                "given-up",
                "due",
                "run-failed",
                "unclear",
                "current",
                "absent",
                "untrue",
                "other-tasks",
            ];
            let found = document["cleanup"][key].as_str().expect("a word");
            known
                .into_iter()
                .find(|one| *one == found)
                .expect("a word that is known")
        };
        (exit, word("state"), word("marker_state"))
    }

    /// Whether the early unit leaves the marker where it is, and how that ends.
    fn verify(&self) -> (i32, bool) {
        let exit = self.0.exit_status(&["cleanup", "verify"]);
        (exit, self.0.path(MARKER).exists())
    }
}

fn has_error(document: &Value) -> bool {
    let findings = document["findings"].as_array().expect("a list");
    findings.iter().any(|finding| finding["level"] == "error")
}

fn occasion() -> String {
    let mut digest = Sha256::new();
    digest.update((4_u64).to_be_bytes());
    digest.update("true");
    digest.update([0]);
    format!("{:x}", digest.finalize())
}

#[test]
fn a_task_that_failed_when_it_was_run_again_is_to_be_done() {
    let image = Cleaned::new();
    image.mark(
        "10-a",
        "Tries=1\nDone=false\nFailure=it ended with exit status: 7\n",
    );
    assert_eq!(image.status(), (3, "run-failed", "untrue"));
    insta::assert_snapshot!(
        "cleanup_between_tries",
        image.0.shown(&["cleanup", "status"])
    );
    let task = &image.document()["cleanup"]["tasks"][0];
    assert_eq!((&task["tries"], &task["limit"]), (&1.into(), &3.into()));
    assert_eq!(task["failure"], "it ended with exit status: 7");
    assert_eq!(image.verify(), (0, false));
}

#[test]
fn one_of_which_nobody_saw_the_end_is_to_be_run() {
    let image = Cleaned::new();
    image.mark("10-a", "Tries=2\nDone=false\n");
    assert_eq!(image.status(), (0, "due", "untrue"));
    insta::assert_snapshot!("cleanup_unseen", image.0.shown(&["cleanup", "status"]));
}

#[test]
fn what_was_given_up_is_left_to_the_cleanup_to_be_told() {
    let image = Cleaned::new();
    image.mark("10-a", GIVEN_UP);
    image.say(true);
    assert_eq!(image.status(), (1, "given-up", "current"));
    insta::assert_snapshot!(
        "cleanup_verify_given_up",
        image.0.shown(&["cleanup", "verify"])
    );
    assert_eq!(image.verify(), (0, true));
    assert!(image.0.path(NOTE).exists());
}

#[test]
fn what_was_given_up_and_is_not_required_any_more_is_a_warning() {
    let image = Cleaned::new();
    image.mark("10-a", GIVEN_UP);
    image.say(true);
    image.drop_in("10-a", "required = false\n");
    assert_eq!(image.status(), (0, "cleaned", "untrue"));
    // What the marker says is made anew.
    assert_eq!(image.verify(), (0, false));
    assert!(!image.0.path(NOTE).exists());
}

#[test]
fn what_was_given_up_and_may_be_tried_more_often_is_tried_again() {
    let image = Cleaned::new();
    image.mark("10-a", GIVEN_UP);
    image.say(true);
    image.drop_in("10-a", "tries = 9\n");
    assert_eq!(image.status(), (3, "run-failed", "untrue"));
    assert_eq!(image.verify(), (0, false));
}

#[test]
fn what_was_not_required_and_given_up_counts_once_it_is() {
    let image = Cleaned::new();
    image.drop_in("10-a", "required = false\n");
    image.mark("10-a", GIVEN_UP);
    assert_eq!(image.status(), (0, "cleaned", "current"));
    image.drop_in("10-a", "");
    assert_eq!(image.status(), (1, "given-up", "untrue"));
    assert_eq!(image.verify(), (0, false));
}

#[test]
fn what_nobody_can_tell_of_a_task_is_told_and_mended() {
    let image = Cleaned::new();
    let mark = format!("{STATE}/10-a.run");
    image.0.write(&mark, "");
    assert_eq!(image.status(), (1, "unclear", "untrue"));
    assert_eq!(image.verify(), (0, false));
    // As the message has it.
    fs::remove_file(image.0.path(&mark)).expect("a file");
    assert_eq!(image.status(), (0, "due", "absent"));
}

#[test]
fn a_marker_of_which_nothing_is_remembered_goes() {
    let image = Cleaned::new();
    fs::remove_file(image.0.path(&format!("{STATE}/cleaned"))).expect("a file");
    assert_eq!(image.status(), (0, "due", "untrue"));
    assert_eq!(image.verify(), (0, false));
}

/// It is told, and what can be read counts.
#[test]
fn a_broken_file_of_a_task_makes_no_marker_untrue() {
    let image = Cleaned::new();
    image
        .0
        .write("etc/overlayctl/cleanup.d/30-c.toml", "command = 1\n");
    assert_eq!(image.status(), (1, "cleaned", "current"));
    assert_eq!(
        image.document()["cleanup"]["first_boot_of_deployment"],
        false
    );
    assert_eq!(image.verify(), (0, true));
}

/// The rest is tried again by itself, so nobody has to come yet; once somebody has to, that is said first.
#[test]
fn an_error_outweighs_what_is_tried_again() {
    let image = Cleaned::new();
    image.mark("10-a", GIVEN_UP);
    image.mark(
        "20-b",
        "Tries=1\nDone=false\nFailure=it ended with exit status: 1\n",
    );
    assert_eq!(image.status().0, 3);
    image
        .0
        .write("etc/overlayctl/cleanup.d/30-c.toml", "command = 1\n");
    assert_eq!(image.status().0, 1);
}

/// After a rollback, all is done and only the marker is another's.
#[test]
fn a_marker_of_another_does_not_take_away_what_was_done() {
    let image = Cleaned::new();
    fs::remove_file(image.0.path(MARKER)).expect("a file");
    assert_eq!(image.status(), (0, "cleaned", "absent"));
    insta::assert_snapshot!("cleanup_rolled_back", image.0.shown(&["cleanup", "status"]));
}

#[test]
fn tasks_that_are_asked_for_and_not_run_are_told() {
    let image = Cleaned::new();
    image.drop_in("10-a", "enabled = false\n");
    image.0.write("etc/overlayctl/cleanup.d/20-b.toml", "");
    for task in TASKS {
        for force in [&[][..], &["--force"]] {
            let asked = [&["cleanup", "run", "--dry-run", "--task", task], force].concat();
            assert_eq!(image.0.exit_status(&asked), 1, "{task}");
        }
    }
    let asked = ["cleanup", "run", "--force", "--task", "10-a"];
    insta::assert_snapshot!("cleanup_switched_off", image.0.shown(&asked));
}

#[test]
fn a_definition_that_cannot_be_used_is_told_by_every_command() {
    let image = Cleaned::new();
    let definition = "etc/overlayctl/adapters.d/cleanup.toml";
    image.0.write(definition, "kind = 'cleanup'\nlayers = 7\n");
    for command in [
        &["cleanup", "status"][..],
        &["cleanup", "run"],
        &["cleanup", "verify"],
        &["cleanup", "arm"],
        &["explain", "cleanup"],
    ] {
        let shown = image.0.shown(command);
        assert!(
            shown.contains(&format!("/{definition}:2: layers: ")),
            "{shown}"
        );
    }
    // Early at boot, nothing is gained by failing; the cleanup fails later.
    assert_eq!(image.verify(), (0, true));
    assert!(image.0.path(NOTE).exists());
    assert_eq!(image.0.exit_status(&["cleanup", "run"]), 1);
}

/// Which deployment is booted is not known, and the boot is none the worse for it.
#[test]
fn an_image_that_does_not_say_what_it_is_is_told() {
    let image = Cleaned::new();
    image
        .0
        .write_bytes("usr/lib/os-release", b"IMAGE_VERSION=7\nNAME=caf\xe9\n");
    insta::assert_snapshot!(
        "cleanup_no_os_release",
        image.0.shown(&["cleanup", "status"])
    );
    assert_eq!(image.verify(), (0, true));
    assert!(image.0.path(NOTE).exists());
}

#[test]
fn names_of_images_may_be_long() {
    let image = Cleaned::new();
    for version in ["/".repeat(300), "v".repeat(300)] {
        image
            .0
            .write("usr/lib/os-release", &format!("IMAGE_VERSION={version}\n"));
        assert_eq!(image.0.exit_status(&["cleanup", "status"]), 0);
    }
}

/// The units may be enabled all the same.
#[test]
fn where_it_is_turned_off_nothing_fails() {
    let image = Cleaned::new();
    image.0.write("etc/overlayctl/adapters.d/cleanup.toml", "");
    for (command, exit) in [("verify", 0), ("run", 0), ("arm", 0), ("status", 1)] {
        assert_eq!(
            image.0.exit_status(&["cleanup", command]),
            exit,
            "{command}"
        );
    }
    assert!(image.0.path(MARKER).exists() && !image.0.path(NOTE).exists());
}
