//! The real GLib against our keyfile reader and value codecs.
//!
//! Generated texts, thick with the dialect's sharp corners, go to a small C program
//! (`glib/keyfile.c`) that is built here against the installed GLib. Its answers are compared with
//! ours as text: whether GLib loads a keyfile at all, its groups and pairs in order with the value
//! that wins, and what the getters make of each value. Where we object to a line, GLib must, too,
//! and it must read the rest as we do.
//!
//! Left out because it depends on GLib's version of Unicode: letters beyond ASCII in a locale, but
//! for some that always were letters.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::{Display, Write as _};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use overlay_resolver::keyfile::value::{
    decode_boolean, decode_integer, decode_list, decode_string, encode_list, encode_string,
};
use overlay_resolver::keyfile::{Keyfile, LineKind, Pair};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::{Found, read};

/// How many batches a trial generates, and how large they are: GLib reads a batch in one process.
const BATCHES: u32 = 50;
const BATCH: usize = 100;

/// What GLib says of a keyfile that it does not load.
const REFUSED: &str = "error\n";

/// The trials of this file.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    vec![
        not_run.trial(
            "GLib: keyfiles are read alike".into(),
            Glib::build(),
            |glib| keyfiles(&glib),
        ),
        not_run.trial(
            "GLib: values are written alike".into(),
            Glib::build(),
            |glib| values(&glib),
        ),
    ]
}

/// GLib, behind a program that answers for it.
#[derive(Debug)]
struct Glib {
    directory: TempDir,
}

/// A record for the program, and the answer that it should give.
type Case = (Vec<u8>, String);

impl Glib {
    fn build() -> Found<Self> {
        let flags = read(Command::new("pkg-config").args(["--cflags", "--libs", "glib-2.0"]))?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let glib = Self { directory };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/glib/keyfile.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-Wall", "-Werror", "-o"])
            .arg(glib.program())
            .arg(source);
        read(compiler.args(flags.split_whitespace()))?;
        Ok(glib)
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("keyfile")
    }

    /// GLib's name and version, and its answers to `cases`.
    fn ask(&self, mode: &str, cases: &[Case]) -> (String, Vec<String>) {
        let mut input = tempfile::tempfile().unwrap();
        for (record, _) in cases {
            let length = u32::try_from(record.len()).unwrap();
            input.write_all(&length.to_le_bytes()).unwrap();
            input.write_all(record).unwrap();
        }
        input.rewind().unwrap();
        let output = Command::new(self.program())
            .arg(mode)
            // GLib drops the translations of other languages when it loads.
            .env("LC_ALL", "C")
            .env_remove("LANGUAGE")
            .stdin(input)
            // GLib before 2.80 warns of itself when a value has two wrong escapes.
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "the GLib reader ended with {}",
            output.status
        );
        let answers = String::from_utf8(output.stdout).unwrap();
        let mut answers = answers.split("record\n").map(str::to_owned);
        (answers.next().unwrap_or_default(), answers.collect())
    }

    /// Compares the answers to `cases` with the expected ones; the version that gave them.
    fn agree(&self, mode: &str, cases: &[Case]) -> Result<String, TestCaseError> {
        let (version, answers) = self.ask(mode, cases);
        prop_assert_eq!(answers.len(), cases.len());
        for ((record, ours), theirs) in cases.iter().zip(&answers) {
            prop_assert_eq!(
                ours,
                theirs,
                "of {:?} (left: ours, right: {})",
                bstr(record),
                version.trim()
            );
        }
        Ok(version)
    }
}

fn keyfiles(glib: &Glib) {
    let [texts, refused, compared] = [const { Cell::new(0) }; 3];
    let version = run("read", &vec(text(), BATCH), |batch| {
        let cases: Vec<Case> = batch.iter().flat_map(|text| cases_of(text)).collect();
        let version = glib.agree("read", &cases)?;
        let bad = batch
            .iter()
            .filter(|text| Keyfile::parse(text.as_slice()).problems().next().is_some());
        texts.set(texts.get() + batch.len());
        refused.set(refused.get() + bad.count());
        compared.set(compared.get() + cases.len());
        Ok(version)
    });
    let (texts, refused, compared) = (texts.get(), refused.get(), compared.get());
    report(&format!(
        "{}: {texts} keyfiles read, {refused} of them refused; {compared} answers compared, 0 differ\n",
        version.trim(),
    ));
    assert!(
        refused * 5 > texts && refused * 5 < texts * 4,
        "too few texts of one sort to say much"
    );
}
