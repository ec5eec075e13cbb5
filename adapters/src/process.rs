//! Programs that are run: without input, without a word on our output, and not for ever.

use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::interrupt;

/// How often it is looked whether one has ended.
const INTERVAL: Duration = Duration::from_millis(10);

/// How much is listened to: less than what a pipe holds, so nobody waits for us to listen.
const LISTENED: u64 = 1 << 15;

/// Why a program did not do what it was run for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    /// It could not be run.
    #[error("{0}")]
    NotRun(#[from] io::Error),
    /// It said that it failed.
    #[error("it ended with {0}")]
    Ended(ExitStatus),
    /// It took too long, and was ended.
    #[error("it had not ended after {} seconds, and was killed", .0.as_secs())]
    Slow(Duration),
    /// Somebody stopped the unit that it was.
    #[error("it was stopped before it had ended")]
    Stopped,
    /// The unit that it was to be was not started.
    #[error("systemd-run: {0}")]
    NotStarted(String),
    /// The same of a unit, which systemd runs.
    #[error("{1} (unit {0})")]
    Unit(String, Box<Self>),
}

/// Runs a program and waits for it.
pub(crate) fn run(program: &Path, arguments: &[String], patience: Duration) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    wait(&mut command.spawn()?, patience, |child, signal| {
        // One that is short comes to its end.
        if signal == Signal::KILL {
            child.kill()
        } else {
            Ok(())
        }
    })
}

/// What a program says that ends well; none otherwise. It must be one that ends by itself.
pub(crate) fn output(program: &Path, arguments: &[String]) -> Option<String> {
    said(program, arguments, true)
}

/// What a program says, however it ends. It must be one that ends by itself.
pub(crate) fn words(program: &Path, arguments: &[String]) -> Option<String> {
    said(program, arguments, false)
}

fn said(program: &Path, arguments: &[String], ends_well: bool) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    let output = command.output().ok()?;
    let words = String::from_utf8(output.stdout).ok()?;
    (output.status.success() || !ends_well).then_some(words)
}

/// Runs a program and waits for it; if it takes too long, what it started ends, too. Its words go to our standard error.
pub(crate) fn run_alone(
    program: &Path,
    arguments: &[String],
    patience: Duration,
) -> Result<(), Failed> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(io::stderr());
    wait(&mut command.spawn()?, patience, |child, signal| {
        Ok(kill_process_group(Pid::from_child(child), signal)?)
    })
}

/// Runs a program that says little, and waits for it. What it said on standard error is told, too.
pub(crate) fn run_listening(
    program: &Path,
    arguments: &[String],
    patience: Duration,
) -> (Result<(), Failed>, String) {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(why) => return (Err(why.into()), String::new()),
    };
    let ended = wait(&mut child, patience, |child, signal| {
        Ok(kill_process(Pid::from_child(child), signal)?)
    });
    let mut words = Vec::new();
    let said = child.stderr.take().map(|stderr| stderr.take(LISTENED));
    // What was not said does not matter.
    let _silent = said.map(|mut said| said.read_to_end(&mut words));
    (ended, String::from_utf8_lossy(&words).into_owned())
}

/// Waits for its end, which it is sent a signal for if that takes too long, or if this run is to end.
fn wait(
    child: &mut Child,
    patience: Duration,
    send: impl Fn(&mut Child, Signal) -> io::Result<()>,
) -> Result<(), Failed> {
    let start = Instant::now();
    let mut is_told = false;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Failed::Ended(status)),
            None if !is_told && interrupt::is_asked() => {
                is_told = true;
                send(child, Signal::TERM)?;
            }
            None if start.elapsed() < patience => sleep(INTERVAL),
            None => {
                send(child, Signal::KILL)?;
                child.wait()?;
                return Err(Failed::Slow(patience));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, patience: Duration) -> String {
        let arguments = ["-c".to_owned(), script.to_owned()];
        match run(Path::new("/bin/sh"), &arguments, patience) {
            Ok(()) => "done".into(),
            Err(why) => why.to_string(),
        }
    }

    #[test]
    fn how_it_ended_is_told() {
        let long = Duration::from_secs(60);
        assert_eq!(shell("exit 0", long), "done");
        assert_eq!(shell("exit 3", long), "it ended with exit status: 3");
        let short = Duration::from_secs(1);
        let slow = "it had not ended after 1 seconds, and was killed";
        assert_eq!(shell("exec sleep 60", short), slow);
        let alone = run_alone(
            Path::new("/bin/sh"),
            &["-c".into(), "sleep 60 & sleep 60".into()],
            short,
        );
        assert_eq!(alone.unwrap_err().to_string(), slow);
        let missing = run(Path::new("/no/such/program"), &[], long);
        assert!(matches!(missing, Err(Failed::NotRun(_))));
    }
}
