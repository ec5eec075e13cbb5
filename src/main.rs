//! `overlayctl`: layered OS configuration done right.

mod cli;
mod clock;
mod code;
mod commands;
mod comparison;
mod exit;
mod failure;
mod file;
mod json;
mod lints;
mod output;
mod reading;
mod render;
mod resolved;
mod select;
mod survey;
mod text;
mod told;
mod writing;

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use anstream::{AutoStream, ColorChoice};

use cli::Cli;
use exit::Exit;
use failure::Failure;
use output::{Content, Output};
use text::Text;

fn main() -> ExitCode {
    let output = match Cli::from_arguments() {
        Ok(cli) => commands::run(&cli)
            .unwrap_or_else(|failure: Failure| Output::of_failure(cli.json, &failure)),
        Err(output) => *output,
    };
    match print(&output) {
        Ok(()) => ExitCode::from(output.exit as u8),
        // Whoever closed the pipe has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::from(output.exit as u8)
        }
        Err(_) => ExitCode::from(Exit::Failed as u8),
    }
}

/// Each stream gets its text in one piece: a program that reads the other end, or a slow terminal, is
/// otherwise written to once for each word and each colour.
fn print(output: &Output) -> io::Result<()> {
    let mut stderr = io::stderr().lock();
    let choice = AutoStream::choice(&stderr);
    stderr.write_all(&styled(&output.messages, choice)?)?;
    let mut stdout = io::stdout().lock();
    let choice = AutoStream::choice(&stdout);
    let text = match &output.content {
        Content::Text(text) => Cow::Owned(styled(text, choice)?),
        Content::Json(document) => Cow::Borrowed(document.as_str().as_bytes()),
        Content::Files(files) if stdout.is_terminal() => Cow::Owned(render::harmless(files)),
        // What is not for a terminal is passed on byte by byte.
        Content::Files(files) => Cow::Borrowed(files.as_slice()),
    };
    stdout.write_all(&text)?;
    stdout.flush()
}

/// The text as a stream gets it: without colours where those are not wanted.
fn styled(text: &Text, choice: ColorChoice) -> io::Result<Vec<u8>> {
    let text = text.as_str().as_bytes();
    let mut styled = AutoStream::new(Vec::with_capacity(text.len()), choice);
    styled.write_all(text)?;
    Ok(styled.into_inner())
}
