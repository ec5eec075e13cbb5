//! `cleanup`: what is done once after each deployment.

use std::path::{Path, PathBuf};

use overlay_adapters::cleanup::{Armed, Cleanup, Overall, Standing, Verified};
use overlay_adapters::report::{Decision, Errand, Report, Request, RunDecision};
use overlay_adapters::{Adapters, System};
use overlay_resolver::escape::escape_path;
use overlay_resolver::finding::{Finding, Level};

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
    let mut system = open(cli, sysroot)?;
    if is_written && make_writable(cli, &system, sysroot) {
        system = open(cli, sysroot)?;
    }
    let mut asked = Asked::new(cli, &system);
    asked.is_of_another = sysroot.is_some();
    if is_written && asked.is_turned_off() {
        let mut text = Text::new();
        say!(text, "nothing is to be done: {TURNED_OFF}");
        return Ok(asked.show_done(Report::default(), text));
    }
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

/// The root, with another sysroot if one is named.
fn open(cli: &Cli, sysroot: Option<&Path>) -> Result<System, Failure> {
    let system = super::open(cli)?;
    let Some(path) = sysroot else {
        return Ok(system);
    };
    let place = sysroot_of(&system);
    Ok(system.with_sysroot(&place, path)?)
}

/// Where the definition has the sysroot, inside the root.
fn sysroot_of(system: &System) -> PathBuf {
    let adapters = Adapters::open(system.root());
    let defined = adapters.cleanup();
    defined.map_or_else(
        || "/sysroot".into(),
        |(_, cleanup)| cleanup.sysroot().to_owned(),
    )
}

/// Makes the sysroot writable for this process, if it is mounted read-only. Whether it did.
fn make_writable(cli: &Cli, system: &System, sysroot: Option<&Path>) -> bool {
    let place = match sysroot {
        Some(path) => path.to_owned(),
        None => match system.root().chase(&sysroot_of(system)) {
            Ok(place) => cli.root.join(place),
            // What is written there says what is wrong.
            Err(_) => return false,
        },
    };
    overlay_adapters::cleanup::make_writable(&place)
}

/// How the deployment that is booted stands, and each task.
pub(super) fn status(cli: &Cli, system: &System) -> Result<Output, Failure> {
    Asked::new(cli, system).status()
}

/// What is said where no definition has anything cleaned.
const TURNED_OFF: &str = "no adapter of kind cleanup is defined in this root";

struct Asked<'r> {
    cli: &'r Cli,
    system: &'r System,
    adapters: Adapters<'r>,
    /// Whether somebody named another sysroot than that of the root.
    is_of_another: bool,
}

impl<'r> Asked<'r> {
    fn new(cli: &'r Cli, system: &'r System) -> Self {
        Self {
            cli,
            system,
            adapters: Adapters::open(system.root()),
            is_of_another: false,
        }
    }

    /// Whether nobody wants anything to be done, be it by its definition that is masked.
    fn is_turned_off(&self) -> bool {
        let mut broken = self.adapters.findings().iter();
        self.adapters.cleanup().is_none() && !broken.any(|finding| finding.level == Level::Error)
    }

    fn cleanup(&self) -> Result<(&str, &Cleanup), Failure> {
        self.adapters.cleanup().ok_or_else(|| {
            let broken = self.adapters.findings().iter();
            let mut broken = broken.filter(|finding| finding.level == Level::Error);
            let none = || code::NOT_FOUND.error("/", TURNED_OFF);
            broken.next().cloned().unwrap_or_else(none).into()
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
        let refused = self.refused(tasks);
        if !refused.is_empty() {
            return self.as_it_is(refused);
        }
        let report = if dry_run {
            self.adapters.plan(&request)
        } else {
            self.adapters.sync(&request)
        };
        let mut output = self.show(report, dry_run);
        let is_left = || {
            self.standing()
                .is_ok_and(|now| now.overall() == Overall::Due)
        };
        if output.exit == Exit::Fine && overlay_adapters::is_asked_to_end() && is_left() {
            output.exit = Exit::Pending;
        }
        Ok(output)
    }

    /// Why tasks that are asked for by their names cannot be run. Nothing is run then, and nothing is written down.
    fn refused(&self, tasks: &[String]) -> Vec<Finding> {
        if tasks.is_empty() {
            return Vec::new();
        }
        let known = self.adapters.plan(&Request::default()).entries;
        let each = tasks.iter().filter_map(|task| {
            let entry = known.iter().find(|entry| entry.name == *task);
            let why = match entry.map(|entry| &entry.decision) {
                None => "there is no such task; `overlayctl cleanup status` lists them".into(),
                Some(Decision::Run(RunDecision::Off) | Decision::Masked { .. }) => {
                    format!("it is {}", entry.map(render::state).unwrap_or_default())
                }
                _ => return None,
            };
            let message = format!("{task}: nothing was run: {why}");
            Some(code::NOT_FOUND.error("/", message))
        });
        each.collect()
    }

    fn status(&self) -> Result<Output, Failure> {
        let obstacle = self.standing().ok().and_then(|found| found.obstacle());
        self.as_it_is(obstacle.into_iter().collect())
    }

    /// How things stand, and what there is to say beside.
    fn as_it_is(&self, findings: Vec<Finding>) -> Result<Output, Failure> {
        let (name, _) = self.cleanup()?;
        let of_name = self.adapters.iter().find(|adapter| adapter.name() == name);
        let request = Request {
            now: clock::now()?,
            ..Request::default()
        };
        let mut report = of_name.map_or_else(Report::default, |adapter| adapter.plan(&request));
        report.findings.extend(findings);
        Ok(self.show(report, false))
    }

    /// It is run early at boot, so what somebody has to look after is left to the cleanup to be told.
    fn verify(&self) -> Result<Output, Failure> {
        let standing = match self.standing() {
            Ok(standing) => standing,
            Err(why) => return self.cannot_be_told(&why),
        };
        let (_, cleanup) = self.cleanup()?;
        // The marker there may be about what is booted from that sysroot, which this root is not.
        let verified = if self.is_of_another && !standing.is_running {
            Verified::OfTheBooted
        } else {
            cleanup.verify(self.system.root(), &standing)?
        };
        let mut report = Report::default();
        if let Verified::Stale { why, .. } = &verified {
            report.findings.push(why.clone());
        }
        let text = render::verified(&standing, &verified);
        Ok(self.show_done(report, text))
    }

    /// A marker of which nobody can tell what it ought to say stays, and the cleanup says why.
    fn cannot_be_told(&self, why: &Finding) -> Result<Output, Failure> {
        let note = overlay_adapters::cleanup::have_it_told(self.system.root(), why)?;
        let mut text = Text::new();
        say!(
            text,
            "nothing was verified; {} has the cleanup say why",
            escape_path(&note)
        );
        let warning = why.code.warning(&why.path, &why.message);
        let report = Report {
            findings: vec![why.line.into_iter().fold(warning, Finding::at)],
            ..Report::default()
        };
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
                "removed {marker}: what is deployed is cleaned after it was booted, unless that was done before"
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
        let overall = standing.as_ref().map(Standing::overall);
        let is_cleaned = matches!(overall, Some(Overall::Cleaned | Overall::GivenUp));
        let checks = if is_cleaned {
            Vec::new()
        } else {
            Cleanup::failed_checks(self.system.root())
        };
        let told = Told::from(report);
        let exit = match Exit::of_report(&told.report, check) {
            Exit::Fine if overall == Some(Overall::Failed) => Exit::Pending,
            exit => exit,
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
