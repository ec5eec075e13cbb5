//! Tests against the real programs: flatpak, ostree, GLib, gpg, systemd and other consumers of layered
//! configuration judge what overlayctl does.
//!
//! Plain `cargo test` runs what this machine can run, lists the rest as ignored and says why at the
//! end. With `OVERLAYCTL_REQUIRE_PEERS=1` (`tests/run` sets it) a trial that cannot run fails.
//!
//! The long trials, which try generated texts, trees and points of failure by the hundred, try a
//! [part](how_many) of them, and each case meets one version of its peer, unless trials are asked for by name; with
//! `OVERLAYCTL_THOROUGH=1` (`tests/run` sets it, too) it is all of them.
#![allow(clippy::unwrap_used, reason = "a trial ends at the first surprise")]
#![allow(
    clippy::disallowed_methods,
    reason = "a world is a directory of the host, made by the trial"
)]

mod boot;
mod bundles;
mod calls;
mod consistency;
mod delta;
mod documents;
mod environment;
mod etc;
mod faults;
mod flatpak;
mod generated;
mod glib;
mod histories;
mod hostile;
mod libeconf;
mod libraries;
mod lock;
mod machine;
mod memory;
mod openpgp;
mod ostree;
mod peers;
mod random;
mod recipes;
mod schemas;
mod sync_calls;
mod sysroot;
mod systemd;
mod systemd_files;
mod texts;
#[path = "../support/thorough.rs"]
mod thorough;
mod trees;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

use peers::Found;
use thorough::{is_thorough, one_in};

/// How much of `all` a long trial tries: all of it in the gate, a tenth in a plain `cargo test`.
pub(crate) fn how_many(all: usize) -> usize {
    one_in(10, all)
}

/// Two for each processor: a trial waits for its peer, and for pauses, half of the time.
fn threads() -> Option<usize> {
    let processors = std::thread::available_parallelism().ok()?;
    processors.get().checked_mul(2)
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// Counts, by reason, the trials that are not run: this machine cannot, or the gate does.
#[derive(Debug)]
pub(crate) struct NotRun {
    required: bool,
    /// Whether each case meets each version of its peer, and nothing is left out for its cost.
    all: bool,
    reasons: RefCell<BTreeMap<String, usize>>,
}

impl NotRun {
    /// A trial that needs something which may be missing. Missing, it is listed as ignored, or
    /// fails where everything is required.
    pub(crate) fn trial<T: Send + 'static>(
        &self,
        name: String,
        needed: Found<T>,
        run: impl FnOnce(T) + Send + 'static,
    ) -> Trial {
        let reason = match needed {
            Ok(needed) => {
                return Trial::test(name, move || {
                    run(needed);
                    Ok(())
                });
            }
            Err(reason) => reason,
        };
        self.count(reason.clone());
        Trial::test(name, move || Err(reason.into()))
            .with_kind("not run")
            .with_ignored_flag(!self.required)
    }

    /// Each case with each version of its peer. A plain run tries a case with one of those that are there, the next
    /// case with the next, unless it is asked for trials of some name.
    pub(crate) fn with_versions<P: Clone + Send + 'static, C: Copy + Send + 'static>(
        &self,
        versions: impl IntoIterator<Item = (String, Found<P>)>,
        cases: &[(&str, C)],
        run: fn(C, &P),
    ) -> Vec<Trial> {
        let (there, missing): (Vec<_>, Vec<_>) =
            versions.into_iter().partition(|(_, found)| found.is_ok());
        let count = there.len();
        let mut trials = Vec::new();
        for (turn, (version, found)) in there.into_iter().chain(missing).enumerate() {
            for (number, &(case, tried)) in cases.iter().enumerate() {
                let is_its_turn = found.is_err() || number % count == turn;
                let is_left = !is_its_turn && !self.all;
                if is_left {
                    let reason = "tried with another version; OVERLAYCTL_THOROUGH=1 tries all";
                    self.count(reason.to_owned());
                }
                let run = move |peer: P| run(tried, &peer);
                let trial = self.trial(format!("{version}: {case}"), found.clone(), run);
                let is_ignored = is_left || trial.has_ignored_flag();
                trials.push(trial.with_ignored_flag(is_ignored));
            }
        }
        trials
    }

    /// For a trial that a plain run leaves out, for this reason.
    pub(crate) fn only_thorough(&self, why: &str) -> Found<()> {
        self.all.then_some(()).ok_or_else(|| why.into())
    }

    fn count(&self, reason: String) {
        *self.reasons.borrow_mut().entry(reason).or_default() += 1;
    }

    fn summary(&self) -> String {
        let line = |(reason, count): (&String, &usize)| format!("  {count} trials: {reason}\n");
        let lines: String = self.reasons.borrow().iter().map(line).collect();
        if lines.is_empty() {
            lines
        } else {
            format!("not run:\n{lines}")
        }
    }
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads = arguments.test_threads.or_else(threads);
    let not_run = NotRun {
        required: is_set("OVERLAYCTL_REQUIRE_PEERS"),
        all: is_thorough() || arguments.filter.is_some(),
        reasons: RefCell::default(),
    };
    let trials = [
        boot::trials,
        bundles::trials,
        calls::trials,
        consistency::trials,
        delta::trials,
        environment::trials,
        etc::trials,
        flatpak::trials,
        glib::trials,
        hostile::trials,
        libeconf::trials,
        lock::trials,
        memory::trials,
        openpgp::trials,
        ostree::trials,
        recipes::trials,
        schemas::trials,
        sync_calls::trials,
        systemd::trials,
        systemd_files::trials,
        trees::trials,
    ]
    .into_iter()
    .flat_map(|trials| trials(&not_run))
    .collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    let written = std::io::stdout().write_all(not_run.summary().as_bytes());
    if written.is_ok() {
        conclusion.exit_code()
    } else {
        ExitCode::FAILURE
    }
}
