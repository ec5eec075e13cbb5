//! Tests against the real programs: flatpak, ostree, GLib, gpg, systemd and other consumers of layered
//! configuration judge what overlayctl does.
//!
//! Plain `cargo test` runs what this machine can run, lists the rest as ignored and says why at the
//! end. With `OVERLAYCTL_REQUIRE_PEERS=1` (`tests/run` sets it) a trial that cannot run fails.
//!
//! The long trials, which try generated texts, trees and points of failure by the hundred, try a
//! [part](how_many) of them; with `OVERLAYCTL_THOROUGH=1` (`tests/run` sets it, too) all.
#![allow(clippy::unwrap_used, reason = "a trial ends at the first surprise")]
#![allow(
    clippy::disallowed_methods,
    reason = "a world is a directory of the host, made by the trial"
)]

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
mod schemas;
mod sync_calls;
mod sysroot;
mod systemd;
mod systemd_files;
mod texts;
mod trees;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::ExitCode;
use std::sync::OnceLock;

use libtest_mimic::{Arguments, Trial};

use peers::Found;

/// How much of `all` a long trial tries: all of it in the gate, a tenth in a plain `cargo test`.
pub(crate) fn how_many(all: usize) -> usize {
    one_in(10, all)
}

/// The same for what takes longer than the rest: one in `part`, but something.
pub(crate) fn one_in(part: usize, all: usize) -> usize {
    if is_thorough() {
        all
    } else {
        all.div_ceil(part)
    }
}

/// Whether the long trials try all that they can.
fn is_thorough() -> bool {
    static THOROUGH: OnceLock<bool> = OnceLock::new();
    *THOROUGH.get_or_init(|| is_set("OVERLAYCTL_THOROUGH"))
}

/// Two for each processor: a trial waits for its peer, and for pauses, half of the time.
fn threads() -> Option<usize> {
    let processors = std::thread::available_parallelism().ok()?;
    processors.get().checked_mul(2)
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}

/// Counts, by reason, the trials that this machine cannot run.
#[derive(Debug)]
pub(crate) struct NotRun {
    required: bool,
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
        *self.reasons.borrow_mut().entry(reason.clone()).or_default() += 1;
        Trial::test(name, move || Err(reason.into()))
            .with_kind("not run")
            .with_ignored_flag(!self.required)
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
        reasons: RefCell::default(),
    };
    let trials = [
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
