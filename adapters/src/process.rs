//! Programs that are run: without input, without a word on our output, and not for ever.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How often it is looked whether one has ended.
const INTERVAL: Duration = Duration::from_millis(10);

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
}

/// Runs a program and waits for it.
pub(crate) fn run(program: &Path, arguments: &[String], patience: Duration) -> Result<(), Failed> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let deadline = Instant::now() + patience;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(Failed::Ended(status)),
            None if Instant::now() < deadline => sleep(INTERVAL),
            None => {
                child.kill()?;
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
        let missing = run(Path::new("/no/such/program"), &[], long);
        assert!(matches!(missing, Err(Failed::NotRun(_))));
    }
}
