//! What the comparisons of a reader with its peer share: many generated texts, and a small C program
//! that answers for the peer.

use std::hash::{BuildHasher as _, RandomState};
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};

use crate::how_many;
use crate::peers::{Found, read};
use crate::texts::Bytes;

/// How many batches a thorough trial generates, and how large they are: a peer reads a batch in one
/// process.
const BATCHES: usize = 50;
pub(crate) const BATCH: usize = 100;

/// Runs `test` on many values; what fails is made as small as possible.
pub(crate) fn for_all<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = Config {
        cases: u32::try_from(how_many(BATCHES)).unwrap(),
        failure_persistence: None,
        ..Config::default()
    };
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(BATCHES),
    };
    config.rng_seed = RngSeed::Fixed(seed);
    if let Err(failure) = TestRunner::new(config).run(strategy, test) {
        panic!("{failure}\nto see it again: PROPTEST_RNG_SEED={seed}");
    }
}

/// Compiles `source`, a path below `tests/real`, into `program`.
pub(crate) fn build<'f>(
    source: &str,
    program: &Path,
    flags: impl IntoIterator<Item = &'f str>,
) -> Found<()> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(program)
        .arg(Path::new(directory).join(source))
        .args(flags);
    read(&mut compiler).map(|_| ())
}

/// What `program` says of each record: every answer starts with the line `record`.
pub(crate) fn answers<'r>(
    program: &mut Command,
    records: impl Iterator<Item = &'r Bytes>,
) -> Vec<String> {
    let mut input = tempfile::tempfile().unwrap();
    for record in records {
        let length = u32::try_from(record.len()).unwrap();
        input.write_all(&length.to_le_bytes()).unwrap();
        input.write_all(record).unwrap();
    }
    input.rewind().unwrap();
    let output = program.stdin(input).output().unwrap();
    assert!(output.status.success(), "the peer: {}", output.status);
    let answers = String::from_utf8(output.stdout).unwrap();
    answers
        .split("record\n")
        .skip(1)
        .map(str::to_owned)
        .collect()
}

/// Bytes as x and their hexadecimal digits, as the programs write them.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |four: u8| char::from(DIGITS[usize::from(four)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    std::iter::once('x').chain(digits).collect()
}

pub(crate) fn say(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}
