//! What is run goes through the registry, and gets what an adapter gets for nothing.
#![expect(clippy::disallowed_methods, reason = "the tree of the test")]

use std::fs;
use std::path::PathBuf;

use overlay_resolver::finding::Level;
use overlay_resolver::root::Root;

use super::{Definition, Tasksd};
use crate::adapter::Adapters;
use crate::commit::{commit, commit_until};
use crate::definition::text::Text;
use crate::job::{Due, End};
use crate::report::{Decision, Errand, Report, Request, RunDecision, Wish};
use crate::runner::Runner as _;
use crate::scope::Scopes;
use crate::system::{System, WhyLeft};

const DEFINITION: &str = include_str!("definition.toml");
const STATE: &str = "var/lib/tasksd";

/// A tree with two tasks, and what runs in it.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Self(tempfile::tempdir().unwrap());
        machine.occasion("A");
        machine.task("usr/lib", "bad", "exit 1");
        machine.task("usr/lib", "good", "exit 0");
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn occasion(&self, occasion: &str) {
        let text = DEFINITION.replace("\"A\"", &format!("{occasion:?}"));
        self.write("etc/overlayctl/adapters.d/tasksd.toml", &text);
    }

    /// A task that notes that it ran, and does what the script says.
    fn task(&self, layer: &str, name: &str, script: &str) {
        let place = self.0.path().to_str().unwrap();
        let script = format!("cd {place} && echo {name} >> ran; {script}");
        let text = format!("command = ['/bin/sh', '-c', '''{script}''']\n");
        self.write(&format!("{layer}/tasksd/tasks.d/{name}.toml"), &text);
    }

    fn root(&self) -> Root {
        Root::open(self.0.path()).unwrap()
    }

    fn sync(&self) -> Report {
        Adapters::open(&self.root()).sync(&errand())
    }

    /// The codes and states of both, and how many errors there are to tell.
    fn run(&self, occasion: &str) -> ([String; 2], usize) {
        self.occasion(occasion);
        let report = self.sync();
        let told = report.findings.len() + report.remarks.len();
        (words_of(&report).try_into().unwrap(), told)
    }

    fn ran(&self) -> String {
        let ran = fs::read_to_string(self.path("ran")).unwrap_or_default();
        ran.lines().collect::<Vec<_>>().join(" ")
    }
}

/// What runs the tasks: `sync` alone runs none.
fn errand() -> Request {
    Request {
        errand: Some(Errand {
            adapter: "tasksd".into(),
            ..Errand::default()
        }),
        ..Request::default()
    }
}

fn words_of(report: &Report) -> Vec<String> {
    let states = report.by_entry();
    let words = report.entries.iter().map(|entry| {
        let state = states.state_of(entry).word();
        format!("{} {state}", entry.decision.code())
    });
    words.collect()
}

fn words(bad: &str, good: &str) -> [String; 2] {
    [bad.into(), good.into()]
}

/// The decision over the second of the two.
fn of_good(report: &Report) -> &Decision {
    assert_eq!(report.entries[1].name, "good");
    &report.entries[1].decision
}

/// That the second of the two was tried so often, and not now; which its entry says.
fn assert_not_counted(report: &Report, so_often: u32) {
    let Decision::Run(RunDecision::Failed { tries, of: 2, why }) = of_good(report) else {
        panic!("{:#?}", of_good(report));
    };
    assert_eq!(*tries, so_often);
    let why = why.as_ref().unwrap();
    assert!(
        why.starts_with("it cannot be counted: /var/lib/tasksd/good.run: "),
        "{why}"
    );
}

#[test]
fn one_that_fails_starves_no_other_and_is_given_up() {
    let machine = Machine::new();
    let first = machine.run("A");
    assert_eq!(first, (words("run-failed failed", "done done"), 1));
    let second = machine.run("A");
    assert_eq!(second, (words("given-up given-up", "done done"), 1));
    // That it was given up is told each time, and it is not run.
    let third = machine.run("A");
    assert_eq!(third, (words("given-up given-up", "done done"), 1));
    assert_eq!(machine.ran(), "bad good bad");
    assert_eq!(machine.run("B").0, words("run-failed failed", "done done"));
    assert_eq!(machine.ran(), "bad good bad bad good");
}

#[test]
fn tasks_are_layered_like_all_else() {
    let machine = Machine::new();
    machine.write("etc/tasksd/tasks.d/bad.toml", "");
    machine.write("etc/tasksd/tasks.d/broken.toml", "command = 1\n");
    machine.task("etc", "good", "exit 0");
    let report = machine.sync();
    assert_eq!(
        words_of(&report),
        ["masked masked", "broken failed", "done done"]
    );
    assert_eq!(report.findings.len(), 1, "{:#?}", report.findings);
    assert!(
        report.findings[0]
            .to_string()
            .contains("broken.toml:1: command: ")
    );
    assert_eq!(machine.ran(), "good");
    let good = report.entries[2].layered.as_ref().unwrap();
    assert_eq!(good.entry().fragments.len(), 2);
}

/// What may be written says where it is told what became of a task.
#[test]
fn what_is_run_is_left_for_the_boot_as_what_is_written() {
    let machine = Machine::new();
    let request = Request {
        scopes: Scopes::ETC,
        ..errand()
    };
    let report = Adapters::open(&machine.root()).sync(&request);
    let left: Vec<_> = report.left.iter().map(|left| &*left.adapter).collect();
    assert_eq!(left, ["tasksd"]);
    assert_eq!(machine.ran(), "");
}

/// The programs are the host's, and would do to it what is meant for an image.
#[test]
fn what_is_run_is_left_where_the_root_is_another() {
    let machine = Machine::new();
    let text = DEFINITION.replace("roots = \"any\"", "");
    machine.write("etc/overlayctl/adapters.d/tasksd.toml", &text);
    let system = System::open(machine.0.path()).unwrap();
    let report = Adapters::open(system.root()).sync(&errand());
    let [left] = &report.left[..] else {
        panic!("{:#?}", report.left);
    };
    assert_eq!(
        (&*left.adapter, left.why(&system)),
        ("tasksd", WhyLeft::OtherRoot)
    );
    assert!(!left.is_for_the_asking(&system));
    assert_eq!(words_of(&report), [""; 0]);
    assert_eq!(machine.ran(), "");
}

#[test]
fn what_is_asked_for_an_entry_runs_no_task() {
    let machine = Machine::new();
    let request = Request {
        wishes: [("flatpak-remotes/x".to_owned(), Wish::Restore)].into(),
        ..Request::default()
    };
    let report = Adapters::open(&machine.root()).sync(&request);
    assert_eq!(words_of(&report), [""; 0]);
    assert_eq!(machine.ran(), "");
}

#[test]
fn what_cannot_be_counted_is_not_run_and_was_not_tried() {
    let machine = Machine::new();
    machine.task("usr/lib", "good", "exit 1");
    machine.run("A");
    // Another program writes the mark of the one while the other runs.
    let theirs = format!("echo theirs > {STATE}/good.run; exit 1");
    machine.task("usr/lib", "bad", &theirs);
    let report = machine.sync();
    assert_not_counted(&report, 1);
    let errors = report
        .findings
        .iter()
        .filter(|one| one.level == Level::Error);
    let codes: Vec<_> = errors.map(|one| one.code.name()).collect();
    assert_eq!(codes, ["contended"]);
    let changes: Vec<_> = report.changes.iter().map(|one| &*one.subject).collect();
    assert_eq!(changes, ["bad"]);
    assert_eq!(machine.ran(), "bad good bad");
}

#[test]
fn a_plan_says_what_is_due_and_runs_nothing() {
    let machine = Machine::new();
    let report = Adapters::open(&machine.root()).plan(&errand());
    let due = report.pending.iter();
    let due: Vec<_> = due.map(|change| (change.noun, &*change.subject)).collect();
    assert_eq!(due, [("task", "bad"), ("task", "good")]);
    assert_eq!(machine.ran(), "");
    assert!(!machine.path("var").exists());
}

/// It has a command of its own, and waits for that.
#[test]
fn what_is_run_is_no_business_of_a_sync() {
    let machine = Machine::new();
    let adapters_of = machine.root();
    let adapters = Adapters::open(&adapters_of);
    let report = adapters.plan(&Request::default());
    assert_eq!(words_of(&report), ["due due", "due due"]);
    assert_eq!(report.pending, []);
    assert_eq!(words_of(&adapters.sync(&Request::default())), [""; 0]);
    assert_eq!(machine.ran(), "");
}

#[test]
fn single_tasks_are_run_and_again_where_that_is_asked() {
    let machine = Machine::new();
    machine.run("A");
    machine.run("A");
    let mut request = errand();
    let errand = request.errand.as_mut().unwrap();
    errand.only = ["bad".to_owned()].into();
    let root = machine.root();
    let adapters = Adapters::open(&root);
    assert_eq!(adapters.sync(&request).changes, []);
    request.errand.as_mut().unwrap().again = true;
    let report = adapters.sync(&request);
    assert_eq!(words_of(&report), words("run-failed failed", "done done"));
    assert_eq!(machine.ran(), "bad good bad bad");
}

/// The machine goes down while a job runs, or before its end was written down.
#[test]
fn one_that_takes_the_machine_down_was_counted() {
    let machine = Machine::new();
    let root = machine.root();
    let definition: Definition = Text::BuiltIn(DEFINITION).read().unwrap();
    let tasks = Tasksd::new("tasksd", definition);
    fs::create_dir_all(machine.path(STATE)).unwrap();
    for tries in 1..=2 {
        let job = tasks.due(&root).jobs.remove(1);
        let Due::Now(begun) = job.due() else {
            panic!("it was tried {} times only", tries - 1);
        };
        assert_eq!(begun.tries, tries);
        let batch = job.marked(&root, job.mark.as_ref(), &begun);
        commit(&root, &batch).outcome.unwrap();
        let done = begun.ended(End::Done);
        let batch = job.marked(&root, Some(&begun), &done);
        commit_until(&root, &batch, 0).outcome.unwrap();
    }
    assert_eq!(machine.run("A").0[1], "given-up given-up");
    assert_eq!(machine.ran(), "bad");
}

#[test]
fn a_job_whose_mark_has_no_place_is_not_run() {
    let machine = Machine::new();
    let taken = format!("mkdir -p {STATE}/good.run/x; exit 1");
    machine.task("usr/lib", "bad", &taken);
    let report = machine.sync();
    assert_not_counted(&report, 0);
    assert_eq!(machine.ran(), "bad");
}

#[test]
fn a_job_whose_mark_cannot_be_read_is_not_run() {
    let machine = Machine::new();
    // A directory has the place of its mark.
    fs::create_dir_all(machine.path(STATE).join("good.run/x")).unwrap();
    let report = machine.sync();
    assert_eq!(of_good(&report).code(), "broken");
    assert!(report.failed());
    assert_eq!(machine.ran(), "bad");
    let mut places = report.findings.iter().map(|finding| &finding.path);
    assert!(places.any(|path| path.ends_with("good.run")));
}
