//! The real GLib against our keyfile reader and value codecs.
//!
//! Generated texts, thick with the dialect's sharp corners (`glib/texts.rs`), go to a small C
//! program (`glib/keyfile.c`) that is built here against the installed GLib. Its answers are
//! compared with ours as text: whether GLib loads a keyfile at all, its groups and pairs in order
//! with the value that wins, and what the getters make of each value. Where we object to a line,
//! GLib must, too, and it must read the rest as we do.

pub(crate) mod texts;

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt::{Display, Write as _};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use overlay_resolver::escape::escape;
use overlay_resolver::keyfile::value::{
    decode_boolean, decode_integer, decode_list, decode_string, encode_list, encode_string,
};
use overlay_resolver::keyfile::{Keyfile, LineKind, Pair};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseResult, TestRunner};
use tempfile::TempDir;

use crate::NotRun;
use crate::peers::{Found, read};

/// How many batches a trial generates, and how large they are: GLib reads a batch in one process.
const BATCHES: u32 = 50;
const BATCH: usize = 100;

/// What the program says of a keyfile that GLib does not load.
const REFUSED: &str = "error\n";

/// The trials of this file.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trial = |name: &str, run: fn(&Glib)| {
        not_run.trial(name.to_owned(), Glib::build(), move |glib| run(&glib))
    };
    vec![
        trial("GLib: keyfiles are read alike", keyfiles),
        trial("GLib: values are written alike", values),
    ]
}

fn keyfiles(glib: &Glib) {
    let [texts, refused, compared] = [const { Cell::new(0) }; 3];
    for_all(&vec(texts::keyfile(), BATCH), |batch| {
        let cases: Vec<Case> = batch.iter().flat_map(|text| parts(text)).collect();
        texts.set(texts.get() + batch.len());
        refused.set(refused.get() + batch.iter().filter(|text| is_refused(text)).count());
        compared.set(compared.get() + cases.len());
        glib.agree("read", &cases)
    });
    let [texts, refused, compared] = [texts, refused, compared].map(Cell::into_inner);
    say(&format!(
        "{}: {texts} keyfiles, {refused} refused; with their parts {compared} compared, 0 differ",
        glib.version
    ));
    assert!(
        (texts / 5..texts * 4 / 5).contains(&refused),
        "{refused} of {texts} keyfiles are refused: too few of one sort to prove anything"
    );
}

fn values(glib: &Glib) {
    let compared = Cell::new(0);
    for_all(&vec(vec(texts::string(), 1..4), BATCH), |batch| {
        let cases: Vec<Case> = batch.iter().map(|strings| written(strings)).collect();
        compared.set(compared.get() + cases.len());
        glib.agree("write", &cases)
    });
    say(&format!(
        "{}: {} strings and lists compared, 0 differ",
        glib.version,
        compared.get()
    ));
}

/// A record for the program, and the answer that it should give.
type Case = (Vec<u8>, String);

/// A text, and where we object to lines of it: each such line below the good ones, which GLib must
/// refuse, and the good ones alone, which GLib must read as we read the whole.
fn parts(text: &[u8]) -> Vec<Case> {
    let keyfile = Keyfile::parse(text);
    let in_group: HashSet<usize> = keyfile.pairs().map(|pair| pair.line.number).collect();
    let mut good = Vec::new();
    let mut cases = Vec::new();
    for line in keyfile.lines() {
        let bytes = &text[line.span.clone()];
        match line.kind {
            LineKind::Invalid(_) => cases.push(([&good, bytes].concat(), REFUSED.to_owned())),
            LineKind::Pair { .. } if !in_group.contains(&line.number) => {}
            _ => good.extend_from_slice(bytes),
        }
    }
    if !cases.is_empty() {
        cases.push((text.to_vec(), REFUSED.to_owned()));
    }
    cases.push((good, readable(&keyfile)));
    cases
}

fn is_refused(text: &[u8]) -> bool {
    Keyfile::parse(text).problems().next().is_some()
}

/// What GLib should make of a keyfile without its invalid lines.
fn readable(keyfile: &Keyfile) -> String {
    let mut groups = Vec::new();
    for line in keyfile.lines() {
        if let LineKind::Group { name } = &line.kind {
            let name = &keyfile.text()[name.clone()];
            if !groups.contains(&name) {
                groups.push(name);
            }
        }
    }
    let pairs: Vec<_> = keyfile.pairs().filter(is_kept).collect();
    let mut answer = String::new();
    for group in groups {
        writeln!(answer, "group name={}", hex(group)).unwrap();
        for pair in pairs.iter().filter(|pair| *pair.group == *group) {
            let same =
                |other: &&Pair<'_>| full_key(other) == full_key(pair) && other.group == pair.group;
            let last = pairs.iter().rfind(same).unwrap();
            answer += &read_pair(&full_key(pair), last.value);
        }
    }
    answer
}

/// Whether GLib keeps the pair when it loads a file in the locale C.
fn is_kept(pair: &Pair<'_>) -> bool {
    pair.locale
        .is_none_or(|locale| locale.eq_ignore_ascii_case(b"C"))
}

/// The key as GLib names it, with its locale.
fn full_key(pair: &Pair<'_>) -> Vec<u8> {
    match pair.locale {
        Some(locale) => [&**pair.key, b"[", locale, b"]"].concat(),
        None => pair.key.to_vec(),
    }
}

fn read_pair(key: &[u8], value: &[u8]) -> String {
    let mut answer = format!(
        "pair key={} value={} string={} boolean={} integer={}",
        hex(key),
        hex(value),
        hex_or_error(decode_string(value)),
        hex_or_error(decode_boolean(value)),
        hex_or_error(decode_integer(value)),
    );
    match decode_list(value) {
        Ok(list) => list.iter().for_each(|element| {
            write!(answer, " element={}", hex(element.as_bytes())).unwrap();
        }),
        Err(_) => answer += " element=!",
    }
    answer + "\n"
}

/// What GLib should write for the first of `strings`, and for all of them as a list.
fn written(strings: &[String]) -> Case {
    let record = strings
        .iter()
        .flat_map(|string| [string, "\0"].concat().into_bytes());
    let value = encode_string(&strings[0]);
    let list = encode_list(strings);
    (
        record.collect(),
        format!("values string={} list={}\n", hex(&value), hex(&list)),
    )
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold("x".to_owned(), |hex, byte| format!("{hex}{byte:02x}"))
}

fn hex_or_error<T: Display, E>(value: Result<T, E>) -> String {
    value.map_or_else(
        |_| "!".to_owned(),
        |value| hex(value.to_string().as_bytes()),
    )
}

/// GLib, behind a program that answers for it.
#[derive(Debug)]
struct Glib {
    directory: TempDir,
    version: String,
}

impl Glib {
    fn build() -> Found<Self> {
        let flags = read(Command::new("pkg-config").args(["--cflags", "--libs", "glib-2.0"]))?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let mut glib = Self {
            directory,
            version: String::new(),
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/glib/keyfile.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(glib.program())
            .arg(source);
        read(compiler.args(flags.split_whitespace()))?;
        let version = read(
            Command::new(glib.program())
                .arg("read")
                .stdin(Stdio::null()),
        )?;
        version.trim().clone_into(&mut glib.version);
        Ok(glib)
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("keyfile")
    }

    /// Compares GLib's answers with the expected ones.
    fn agree(&self, mode: &str, cases: &[Case]) -> TestCaseResult {
        let answers = self.ask(mode, cases.iter().map(|(record, _)| record));
        prop_assert_eq!(answers.len(), cases.len());
        for ((record, ours), theirs) in cases.iter().zip(&answers) {
            let version = &self.version;
            prop_assert_eq!(
                ours,
                theirs,
                "left: ours, right: {} of `{}`",
                version,
                escape(record)
            );
        }
        Ok(())
    }

    fn ask<'r>(&self, mode: &str, records: impl Iterator<Item = &'r Vec<u8>>) -> Vec<String> {
        let mut input = tempfile::tempfile().unwrap();
        for record in records {
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
            // GLib 2.74 warns of itself when a value has two wrong escapes.
            .stderr(Stdio::null())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "the GLib reader: {}",
            output.status
        );
        let answers = String::from_utf8(output.stdout).unwrap();
        answers
            .split("record\n")
            .skip(1)
            .map(str::to_owned)
            .collect()
    }
}

/// Runs `test` on many values; what fails is made as small as possible.
pub(crate) fn for_all<S: Strategy>(strategy: &S, test: impl Fn(S::Value) -> TestCaseResult) {
    let mut config = Config {
        cases: BATCHES,
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

pub(crate) fn say(line: &str) {
    let written = std::io::stdout().write_all(format!("{line}\n").as_bytes());
    written.unwrap();
}
