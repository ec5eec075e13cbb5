//! The real libeconf against our format of that name.
//!
//! Generated texts go to a small C program (`libeconf/read.c`) that is built against the installed
//! libeconf and runs with this one and with those of newer Debian suites. Compared are the keys of
//! every section with value and line, and, of a text that libeconf refuses, the line. A text that we
//! object to is compared once more for each such line, with the others taken out, and without any.

mod texts;

use std::cell::Cell;
use std::collections::BTreeSet;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use bstr::ByteSlice as _;
use libtest_mimic::Trial;
use overlay_resolver::escape::escape;
use overlay_resolver::format::{self, Item, Kind, Lost, Pair};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use crate::NotRun;
use crate::generated::{for_all, hex, say};
use crate::how_many;
use crate::libraries::Libraries;
use crate::peers::{Found, read};

/// How many texts libeconf reads in one process.
const BATCH: usize = 80;

/// The longest line that libeconf before 0.6.1 reads as one.
const BUFFER: usize = 8191;

/// The trials of this file.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trial = |(name, libraries): (&str, Found<Libraries>)| {
        let name = format!("libeconf of {name}: files are read alike");
        not_run.trial(name, libraries.and_then(Libeconf::build), |libeconf| {
            files(&libeconf);
        })
    };
    Libraries::all().into_iter().map(trial).collect()
}

fn files(libeconf: &Libeconf) {
    let [texts, refused, left_out, compared] = [const { Cell::new(0) }; 4];
    for_all(&vec(texts::whole(), BATCH), |batch| {
        let (kept, known): (Vec<_>, Vec<_>) = batch
            .iter()
            .partition(|text| !is_known_to_differ(text, libeconf.version));
        let cases: Vec<Case> = kept.iter().flat_map(|text| parts(text)).collect();
        texts.set(texts.get() + kept.len());
        left_out.set(left_out.get() + known.len());
        refused.set(refused.get() + kept.iter().filter(|text| is_refused(text)).count());
        compared.set(compared.get() + cases.len());
        libeconf.agree(&cases)
    });
    let [texts, refused, left_out, compared] =
        [texts, refused, left_out, compared].map(Cell::into_inner);
    let [major, minor, patch] = libeconf.version;
    say(&format!(
        "libeconf {major}.{minor}.{patch}: {texts} files, {refused} refused; with their parts \
         {compared} compared, 0 differ; {left_out} more left out for known differences"
    ));
    assert!(texts > how_many(2000), "only {texts} texts were compared");
    assert!(
        (texts / 5..texts * 4 / 5).contains(&refused),
        "{refused} of {texts} files are refused: too few of one sort to prove anything"
    );
}

/// Whether this release is known to read the text in another way (the table in our format's
/// documentation).
fn is_known_to_differ(text: &[u8], version: [u32; 3]) -> bool {
    let lines = || text.split(|&byte| byte == b'\n');
    let count = |line: &[u8], sought: u8| line.find_iter(&[sought]).count();
    let has_late_quote = |line: &[u8]| {
        let hash = line.iter().position(|&byte| byte == b'#');
        hash.is_some_and(|hash| count(&line[hash..], b'"') > 0)
    };
    // Which keys there are: before 0.7.4 one is not listed right below one of the same name.
    let hides_key = || {
        let items = items(text);
        let pairs: Vec<_> = items.iter().filter_map(|(_, pair)| pair.as_ref()).collect();
        pairs.windows(2).any(|pair| pair[0].key == pair[1].key)
    };
    (version < [0, 6, 1] && lines().any(|line| line.len() > BUFFER - 1))
        || (version < [0, 7, 0] && lines().any(has_late_quote))
        || (version < [0, 7, 4] && hides_key())
        || ((0..9).contains(&version[2])
            && version[..2] == [0, 7]
            && lines().any(|line| count(line, b'#') > 1))
}

/// A text, and the answer that libeconf should give.
type Case = (Vec<u8>, String);

/// The text as a whole; each line we object to, with an empty line for the others; all of these
/// lines empty.
fn parts(text: &[u8]) -> Vec<Case> {
    let items = items(text);
    let readable = readable(&items);
    let with_only = |kept: Option<usize>| -> Vec<u8> {
        let bytes = |(at, (item, _)): (usize, &(Item<'_>, Option<Pair<'_>>))| match &item.kind {
            Kind::Problem(_) if Some(at) != kept => b"\n".to_vec(),
            _ => text[item.span.clone()].to_vec(),
        };
        items.iter().enumerate().flat_map(bytes).collect()
    };
    let fatal: Vec<_> = items
        .iter()
        .enumerate()
        .filter(|(_, (item, _))| costs_file(item))
        .map(|(at, (item, _))| (at, format!("error line={}\n", item.lines.start())))
        .collect();
    let whole = fatal.first().map_or(&readable, |(_, error)| error).clone();
    let each = fatal
        .into_iter()
        .map(|(at, error)| (with_only(Some(at)), error));
    [(text.to_vec(), whole), (with_only(None), readable)]
        .into_iter()
        .chain(each)
        .collect()
}

fn is_refused(text: &[u8]) -> bool {
    items(text).iter().any(|(item, _)| costs_file(item))
}

fn costs_file(item: &Item<'_>) -> bool {
    matches!(&item.kind, Kind::Problem(problem) if problem.lost == Lost::File)
}

/// Our items, and the assignments among them.
fn items(text: &[u8]) -> Vec<(Item<'_>, Option<Pair<'_>>)> {
    let mut items = Vec::new();
    format::named("libeconf").unwrap().read(text, &mut |item| {
        let pair = match &item.kind {
            Kind::Assignment(pair) => Some(pair.clone()),
            _ => None,
        };
        items.push((item, pair));
    });
    items
}

/// What libeconf should make of the assignments: the first of a key wins.
fn readable(items: &[(Item<'_>, Option<Pair<'_>>)]) -> String {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for (item, pair) in items {
        let Some(pair) = pair else { continue };
        if !seen.insert((&pair.section, &pair.key)) {
            continue;
        }
        let value = pair.value.text().unwrap();
        let name = format!("pair group={} key={}", hex(&pair.section), hex(&pair.key));
        lines.push(match value.len() {
            _ if pair.section.starts_with(b"[") && pair.section.ends_with(b"]") => {
                format!("{name} value=?\n")
            }
            8001.. => format!("{name} value={} line=?\n", hex(value)),
            _ => format!("{name} value={} line={}\n", hex(value), item.lines.end()),
        });
    }
    sorted(lines)
}

/// In which order the sections are listed depends on the release.
fn sorted(mut lines: Vec<String>) -> String {
    lines.sort();
    lines.concat()
}

/// A libeconf, behind a program that answers for it.
#[derive(Debug)]
struct Libeconf {
    libraries: Libraries,
    directory: TempDir,
    version: [u32; 3],
}

impl Libeconf {
    fn build(libraries: Libraries) -> Found<Self> {
        let flags = read(Command::new("pkg-config").args(["--cflags", "--libs", "libeconf"]))?;
        let mut libeconf = Self {
            libraries,
            directory: TempDir::new().map_err(|error| error.to_string())?,
            version: [0; 3],
        };
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/libeconf/read.c");
        let mut compiler = Command::new("cc");
        compiler
            .args(["-Wall", "-Wextra", "-Werror", "-o"])
            .arg(libeconf.directory.path().join("read"))
            .arg(source);
        read(compiler.args(flags.split_whitespace()))?;
        // libeconf.so.0.8.4
        let library = read(libeconf.command().stdin(Stdio::null()))?;
        let mut numbers = library.trim().split('.').skip(2).map(str::parse);
        for number in &mut libeconf.version {
            *number = numbers
                .next()
                .and_then(Result::ok)
                .ok_or_else(|| format!("no version in `{library}`"))?;
        }
        Ok(libeconf)
    }

    fn command(&self) -> Command {
        let file = |name: &str| -> PathBuf { self.directory.path().join(name) };
        let mut command = self.libraries.command(&file("read"));
        command.arg(file("text")).env("LC_ALL", "C");
        command
    }

    /// Compares libeconf's answers with the expected ones.
    fn agree(&self, cases: &[Case]) -> TestCaseResult {
        let mut input = tempfile::tempfile().unwrap();
        for (text, _) in cases {
            let length = u32::try_from(text.len()).unwrap();
            input.write_all(&length.to_le_bytes()).unwrap();
            input.write_all(text).unwrap();
        }
        input.rewind().unwrap();
        let output = self.command().stdin(input).output().unwrap();
        assert!(output.status.success(), "the reader: {}", output.status);
        let output = String::from_utf8(output.stdout).unwrap();
        let answers: Vec<_> = output.split("record\n").skip(1).collect();
        prop_assert_eq!(answers.len(), cases.len());
        for ((text, ours), theirs) in cases.iter().zip(answers) {
            let theirs = sorted(theirs.split_inclusive('\n').map(str::to_owned).collect());
            prop_assert_eq!(
                ours,
                &theirs,
                "left: ours, right: libeconf {:?} of `{}`",
                self.version,
                escape(text)
            );
        }
        Ok(())
    }
}
