//! `cleanup`: what is done once after each deployment.

use std::path::Path;

use overlay_adapters::cleanup::{Armed, Cleanup, MarkerState, Standing, Verified};
use overlay_adapters::report::{Decision, Errand, Report, Request, RunDecision};
use overlay_adapters::{Adapters, System};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::Finding;

use crate::cli;
use crate::cli::Cli;
use crate::code;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;
use crate::render::How;
use crate::text::{Text, say};
use crate::told::Told;
use crate::{clock, json, render};

pub(super) fn run(
    cli: &Cli,
    sysroot: Option<&Path>,
    command: &cli::Cleanup,
) -> Result<Output, Failure> {
    let is_written = !matches!(
        command,
        cli::Cleanup::Status | cli::Cleanup::Run { dry_run: true, .. }
    );
    let place = sysroot.map_or_else(|| cli.root.join("sysroot"), Path::to_owned);
    if is_written {
        overlay_adapters::cleanup::make_writable(&place);
    }
    let mut system = System::open(&cli.root)?;
    if let Some(sysroot) = sysroot {
        system = system.with_sysroot(sysroot)?;
    }
    let asked = Asked::new(cli, &system);
    match command {
        cli::Cleanup::Run {
            dry_run,
            force,
            task,
        } => asked.run(*dry_run, *force, task),
        cli::Cleanup::Verify => asked.verify(),
        cli::Cleanup::Arm => asked.arm(),
        cli::Cleanup::Status => asked.status(),
    }
}

/// How the deployment that is booted stands, and each task.
pub(super) fn status(cli: &Cli, system: &System) -> Result<Output, Failure> {
    Asked::new(cli, system).status()
}

/// Whether a task failed that is tried again.
fn has_failed(report: &Report) -> bool {
    let mut entries = report.entries.iter();
    entries.any(|entry| matches!(entry.decision, Decision::Run(RunDecision::Failed { .. })))
}

struct Asked<'r> {
    cli: &'r Cli,
    system: &'r System,
    adapters: Adapters<'r>,
}

impl<'r> Asked<'r> {
    fn new(cli: &'r Cli, system: &'r System) -> Self {
        Self {
            cli,
            system,
            adapters: Adapters::open(system.root()),
        }
    }

    fn cleanup(&self) -> Result<(&str, &Cleanup), Failure> {
        self.adapters.cleanup().ok_or_else(|| {
            let message = "no adapter of kind cleanup is defined in this root";
            code::NOT_FOUND.error("/", message).into()
        })
    }

    fn standing(&self) -> Result<Standing, Finding> {
        let (_, cleanup) = self.cleanup().map_err(|failure| failure.finding())?;
        cleanup.standing(self.system.root())
    }

    fn run(&self, dry_run: bool, force: bool, tasks: &[String]) -> Result<Output, Failure> {
        let (name, _) = self.cleanup()?;
        let request = Request {
            errand: Some(Errand {
                adapter: name.into(),
                only: tasks.iter().cloned().collect(),
                again: force,
            }),
            now: clock::now()?,
            ..Request::default()
        };
        let mut report = if dry_run {
            self.adapters.plan(&request)
        } else {
            self.adapters.sync(&request)
        };
        let there = |task: &&String| !report.entries.iter().any(|entry| entry.name == **task);
        let missing = tasks.iter().find(there).cloned();
        if let Some(task) = missing.filter(|_| report.left.is_empty()) {
            let message =
                format!("{task}: there is no such task; `overlayctl cleanup status` lists them");
            report.findings.push(code::NOT_FOUND.error("/", message));
        }
        Ok(self.show(report, dry_run))
    }

    fn status(&self) -> Result<Output, Failure> {
        let (name, _) = self.cleanup()?;
        let of_name = self.adapters.iter().find(|adapter| adapter.name() == name);
        let request = Request {
            now: clock::now()?,
            ..Request::default()
        };
        let mut report = of_name.map_or_else(Report::default, |adapter| adapter.plan(&request));
        let obstacle = self.standing().ok().and_then(|found| found.obstacle());
        report.findings.extend(obstacle);
        Ok(self.show(report, false))
    }

    fn verify(&self) -> Result<Output, Failure> {
        let (_, cleanup) = self.cleanup()?;
        let standing = self.standing()?;
        let verified = cleanup.verify(self.system.root(), &standing)?;
        let mut report = Report::default();
        if let MarkerState::Current(marker) = &standing.state
            && marker.is_degraded
        {
            let message = "a required task was given up for this deployment: `overlayctl cleanup status` names it";
            let finding = overlay_adapters::code::GIVEN_UP.error(&standing.marker, message);
            report.findings.push(finding);
        }
        if let Verified::Stale { why, .. } = &verified {
            report.findings.push(why.clone());
        }
        let text = render::verified(&standing, &verified);
        Ok(self.show_done(report, text))
    }

    fn arm(&self) -> Result<Output, Failure> {
        let (_, cleanup) = self.cleanup()?;
        let mut text = Text::new();
        let Armed { marker, was_there } = cleanup.arm(self.system.root())?;
        let marker = escape_path(&marker);
        if was_there {
            say!(
                text,
                "removed {marker}: what is deployed is cleaned after it was booted"
            );
        } else {
            say!(text, "there is no {marker}");
        }
        Ok(self.show_done(Report::default(), text))
    }

    /// What was done to the marker.
    fn show_done(&self, report: Report, text: Text) -> Output {
        let told = Told::from(report);
        let exit = Exit::of_report(&told.report, false);
        if self.cli.json {
            let standing = self.standing().ok();
            let json = json::cleanup(&told, self.system, standing.as_ref(), &[]);
            return Output {
                exit,
                ..Output::new(json)
            };
        }
        Output {
            messages: render::findings(&told.findings),
            exit,
            ..Output::new(text)
        }
    }

    /// A report on the tasks, below how things stand after it.
    fn show(&self, mut report: Report, check: bool) -> Output {
        let standing = match self.standing() {
            Ok(standing) => Some(standing),
            Err(finding) => {
                report.findings.push(finding);
                None
            }
        };
        let checks = match &standing {
            Some(standing) if !matches!(standing.state, MarkerState::Current(_)) => {
                Cleanup::failed_checks(self.system.root())
            }
            _ => Vec::new(),
        };
        let told = Told::from(report);
        let is_cleaned = |standing: &Standing| matches!(standing.state, MarkerState::Current(_));
        // As long as something is tried again, what was given up can wait to be told.
        let exit = if has_failed(&told.report) && !standing.as_ref().is_some_and(is_cleaned) {
            Exit::Pending
        } else {
            Exit::of_report(&told.report, check)
        };
        if self.cli.json {
            let json = json::cleanup(&told, self.system, standing.as_ref(), &checks);
            return Output {
                exit,
                ..Output::new(json)
            };
        }
        let mut text = Text::new();
        if let Some(standing) = &standing {
            text.append(&render::cleanup(standing, &checks));
        }
        if !told.report.entries.is_empty() {
            text.append(&render::report(&told.report, How::Again));
        }
        text.append(&render::left(&told.report, self.system));
        Output {
            messages: render::findings(&told.findings),
            exit,
            ..Output::new(text)
        }
    }
}
