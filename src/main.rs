//! `overlayctl`: layered OS configuration done right.

mod cli;
mod commands;
mod file;
mod json;
mod reading;
mod render;
mod resolved;
mod select;
mod survey;
mod writing;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use overlay_adapters::report::Report;

use cli::Cli;
use commands::{Failure, Output};

/// How the command ended; FORMATS.md documents the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// In order.
    Fine = 0,
    /// Something failed; the rest was done.
    Failed = 1,
    /// It was called in a way that means nothing.
    Usage = 2,
    /// Changes are pending or something differs, where that was asked.
    Pending = 3,
}

impl Exit {
    /// How a command about adapters ends. A failure outweighs pending changes, which count where they
    /// were asked for: it needs somebody, they need only a run.
    pub(crate) fn of_report(report: &Report, check: bool) -> Self {
        match (report.failed(), check && !report.pending().is_empty()) {
            (true, _) => Self::Failed,
            (false, true) => Self::Pending,
            (false, false) => Self::Fine,
        }
    }
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let output =
        commands::run(&cli).unwrap_or_else(|failure: Failure| Output::of_failure(&cli, &failure));
    match print(&output) {
        Ok(()) => ExitCode::from(output.exit as u8),
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(output.exit as u8)
        }
        Err(_) => ExitCode::from(Exit::Failed as u8),
    }
}

fn print(output: &Output) -> io::Result<()> {
    let mut messages = anstream::stderr().lock();
    messages.write_all(output.messages.as_bytes())?;
    messages.flush()?;
    // What is not for a terminal is passed on byte by byte.
    if output.verbatim && !io::stdout().is_terminal() {
        let mut raw = io::stdout().lock();
        raw.write_all(&output.text)?;
        return raw.flush();
    }
    let mut stdout = io::stdout().lock();
    // Taken out of the text before it is written, so that it is written in one piece.
    let choice = anstream::AutoStream::choice(&stdout);
    let mut text = anstream::AutoStream::new(Vec::new(), choice);
    if output.verbatim {
        text.write_all(&render::harmless(&output.text))?;
    } else {
        text.write_all(&output.text)?;
    }
    stdout.write_all(&text.into_inner())?;
    stdout.flush()
}
