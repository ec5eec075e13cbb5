//! Runs the program of a job: where systemd runs, as a unit of its own, so that it has a control group that ends with it,
//! and its words are in the journal under its name. Elsewhere, it is a child in a process group.

use std::path::Path;
use std::time::Duration;

use overlay_resolver::root::Root;

use crate::process::{self, Failed};
use crate::runner::Job;

/// What is there where systemd is the service manager: `sd_booted(3)`.
const BOOTED: &str = "/run/systemd/system";
/// How long systemd may take to start or end a unit, beyond what the unit may take.
const PATIENCE: Duration = Duration::from_secs(100);

/// Runs it, and waits for its end.
///
/// # Errors
/// It failed, and why.
pub(crate) fn run(root: &Root, name: &str, job: &Job) -> Result<(), Failed> {
    if is_under_systemd(root) {
        return as_unit(name, job);
    }
    let (program, arguments) = job.command.split_first().expect("a task has a program");
    process::run_alone(Path::new(program), arguments, job.patience)
}

/// Whether systemd is the service manager of the system in this root.
pub(crate) fn is_under_systemd(root: &Root) -> bool {
    root.has_dir(Path::new(BOOTED)) == Ok(true)
}

fn as_unit(name: &str, job: &Job) -> Result<(), Failed> {
    let unit = format!("overlayctl-{}-{name}.service", job.adapter);
    // Whoever waited for it last may be dead, and it may not.
    let stop = ["stop", "--quiet", &unit].map(str::to_owned);
    let _none_is_fine = process::run(Path::new("systemctl"), &stop, PATIENCE);
    let seconds = job.patience.as_secs();
    let arguments = [
        "--wait".into(),
        "--collect".into(),
        format!("--unit={unit}"),
        format!("--description={} {} of overlayctl", job.adapter, job.name),
        format!("--property=RuntimeMaxSec={seconds}"),
        "--".into(),
    ];
    let arguments: Vec<_> = arguments.iter().chain(&job.command).cloned().collect();
    let patience = job.patience.saturating_add(PATIENCE);
    let ended = process::run_listening(Path::new("systemd-run"), &arguments, patience);
    ended.map_err(|(why, words)| {
        // With which word it says so is documented: systemd.exec(5), $SERVICE_RESULT.
        let is_slow = words.lines().any(|line| line.ends_with(": timeout"));
        let why = if is_slow {
            Failed::Slow(job.patience)
        } else {
            why
        };
        Failed::Unit(unit, Box::new(why))
    })
}
