//! Runs the program of a job: where systemd runs, as a unit of its own, so that it has a control group that ends with it,
//! and its words are in the journal under its name. Elsewhere, it is a child in a process group.

use std::path::Path;
use std::time::Duration;

use overlay_resolver::root::Root;

use crate::interrupt;
use crate::job::Job;
use crate::process::{self, Failed};

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
    let arguments = arguments.into_iter().chain(as_written(&job.command));
    let arguments: Vec<_> = arguments.collect();
    let patience = job.patience.saturating_add(PATIENCE);
    let (ended, words) = process::run_listening(Path::new("systemd-run"), &arguments, patience);
    if interrupt::is_asked() {
        // What watched it is gone, and it may be there as long as the system is.
        let stop = ["stop", "--no-block", "--quiet", &unit].map(str::to_owned);
        let _gone_is_fine = process::run(Path::new("systemctl"), &stop, PATIENCE);
    }
    match ended {
        // To systemd, a service that SIGTERM ended has ended well.
        Ok(()) if words.contains("code=killed") => {
            Err(Failed::Unit(unit, Box::new(Failed::Stopped)))
        }
        Ok(()) => Ok(()),
        Err(why) => Err(failure(unit, why, &words, job.patience)),
    }
}

/// A command such that systemd runs it as it is: of a service's arguments, it replaces `$NAME`, `${NAME}` and `$$`, see
/// systemd.service(5). `--expand-environment=no` came with 254 only.
fn as_written(command: &[String]) -> impl Iterator<Item = String> {
    let program = command.first().cloned();
    let arguments = command.iter().skip(1);
    program
        .into_iter()
        .chain(arguments.map(|argument| argument.replace('$', "$$")))
}

/// Why a unit failed of which systemd-run said this.
fn failure(unit: String, why: Failed, words: &str, patience: Duration) -> Failed {
    let is_told = |is_so: fn(&str) -> bool| words.lines().any(is_so);
    let why = if !is_told(|line| line.starts_with("Running as unit")) {
        match words.lines().last() {
            Some(last) => return Failed::NotStarted(last.to_owned()),
            None => why,
        }
    // With which word it says so is documented: systemd.exec(5), $SERVICE_RESULT.
    } else if is_told(|line| line.ends_with(": timeout")) {
        Failed::Slow(patience)
    } else {
        why
    };
    Failed::Unit(unit, Box::new(why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_what_was_written() {
        let command = ["/bin/$x", "-c", "a=1; echo ${a} $$"].map(str::to_owned);
        let written: Vec<_> = as_written(&command).collect();
        assert_eq!(written, ["/bin/$x", "-c", "a=1; echo $${a} $$$$"]);
    }

    #[test]
    fn what_systemd_run_says_is_told() {
        let told = |words: &str| {
            let why = Failed::Slow(Duration::from_secs(1));
            failure("x.service".into(), why, words, Duration::from_secs(7)).to_string()
        };
        assert_eq!(
            told("Failed to find executable /no: No such file or directory\n"),
            "systemd-run: Failed to find executable /no: No such file or directory"
        );
        let running = "Running as unit: x.service\nFinished with result: ";
        assert_eq!(
            told(&format!("{running}exit-code\n")),
            "it had not ended after 1 seconds, and was killed (unit x.service)"
        );
        assert_eq!(
            told(&format!("{running}timeout\n")),
            "it had not ended after 7 seconds, and was killed (unit x.service)"
        );
    }
}
