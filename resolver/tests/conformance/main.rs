//! What the layered-configuration systems do, as one table: a tree in, what it comes to out.
//!
//! `data/*.toml` has a file a source: the tests of systemd, libeconf, liboverdrop and uapi-config, told
//! as facts, and trees on which consumers were measured to disagree. Every row is one trial; a row that
//! our rule sets do not offer says why and is listed as ignored. `CONFORMANCE.md` answers the questions
//! on which the systems disagree and names the rows that prove it.
#![allow(clippy::unwrap_used, reason = "a trial ends at the first surprise")]
#![allow(clippy::disallowed_methods, reason = "a test makes its trees by path")]

mod answers;
mod result;
mod row;
mod tree;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

fn main() -> ExitCode {
    let rows = row::all();
    let mut trials = vec![answers::trial(&rows)];
    trials.extend(rows.into_iter().map(trial));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(row: row::Row) -> Trial {
    let skipped = row.not_reproduced.is_some();
    let kind = if skipped { "not reproduced" } else { "" };
    Trial::test(row.id.clone(), move || row.run().map_err(Into::into))
        .with_kind(kind)
        .with_ignored_flag(skipped)
}
