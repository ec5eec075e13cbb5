//! One file a verb. A command reads and acts through the libraries and returns what to print.

pub(crate) mod bundles;
mod cat;
mod check;
mod cleanup;
mod demo;
mod diff;
mod digest;
mod etc;
mod explain;
mod list;
mod report;
mod show;
mod why;
mod wish;

use std::mem::ManuallyDrop;

use overlay_adapters::System;
use overlay_adapters::report::Wish;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::output::Output;

/// How many bytes the commands about files take apart in all: fifty times what a distribution has. Files of
/// hostile size or number end here, each with an error, and not with the machine's memory.
const READ_TOTAL: usize = 1 << 28;

/// The tree to work on, with the bundles that are chosen.
fn open(cli: &Cli) -> Result<System, Failure> {
    let system = System::open(&cli.root)?;
    Ok(if cli.bundle.is_empty() {
        system
    } else {
        system.with_bundles(&cli.bundle)
    })
}

/// Runs the command that the arguments ask for.
pub(crate) fn run(cli: &Cli) -> Result<Output, Failure> {
    if let Command::Demo { dir } = &cli.command {
        return demo::run(cli, dir);
    }
    if let Command::Check { list: true, .. } = &cli.command {
        return Ok(check::list(cli));
    }
    if let Command::Cleanup { sysroot, command } = &cli.command {
        return cleanup::run(cli, sysroot.as_deref(), command);
    }
    let system = open(cli)?;
    // What a run remembers of files is not taken apart at its end: the process ends, too.
    let root = &*ManuallyDrop::new(system.root().clone().for_one_run(READ_TOTAL));
    match &cli.command {
        Command::Sync { dry_run, writing } => report::sync(cli, &system, *dry_run, writing),
        Command::Status {
            check,
            entries,
            writing,
        } => report::status(cli, &system, *check, entries, writing),
        Command::List { path, reading } => list::run(cli, root, path.as_deref(), reading),
        Command::Diff {
            path,
            text,
            check,
            with_bundle,
            without_bundle,
            reading,
        } => {
            let options = diff::Options {
                text: *text,
                check: *check,
            };
            let path = path.as_deref();
            let change = diff::Change {
                with: with_bundle,
                without: without_bundle,
            };
            if change.is_none() {
                diff::run(cli, root, path, options, reading)
            } else {
                diff::bundles(cli, system, path, change, options.check, reading)
            }
        }
        Command::Cat {
            path,
            tldr,
            reading,
        } => cat::run(cli, root, path, *tldr, reading),
        Command::Show {
            path,
            origin,
            reading,
        } => show::run(cli, root, path, *origin, reading),
        Command::Digest { path, reading } => digest::digest(cli, root, path, reading),
        Command::WatchList { path, reading } => digest::watch_list(cli, root, path, reading),
        Command::Check {
            paths,
            strict,
            only,
            allow,
            reading,
            list: _,
        } => {
            let selection = check::Selection { only, allow };
            check::run(cli, root, paths, selection, *strict, reading)
        }
        Command::Explain {
            subject,
            key,
            reading,
            writing,
        } => {
            let asked = explain::Question {
                subject,
                key: key.as_deref(),
                reading,
            };
            explain::run(cli, &system, root, asked, writing)
        }
        Command::Why { file, reading } => why::run(cli, root, file, reading),
        Command::Etc { command } => etc::run(cli, root, command),
        Command::Restore { meant } => wish::each(cli, &system, meant, &Wish::Restore),
        Command::Adopt { meant } => wish::each(cli, &system, meant, &Wish::Adopt),
        Command::Release { meant } => wish::each(cli, &system, meant, &Wish::Release),
        Command::Revert {
            entry,
            key,
            dry_run,
            writing,
        } => wish::revert(cli, &system, entry, key.as_deref(), *dry_run, writing),
        Command::Bundles => Ok(bundles::run(cli, &system, root)),
        Command::Cleanup { sysroot, command } => cleanup::run(cli, sysroot.as_deref(), command),
        Command::Demo { dir } => demo::run(cli, dir),
    }
}
