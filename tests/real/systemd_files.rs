//! The real systemd against our reader of its files.
//!
//! Generated texts, thick with the sharp corners of the syntax (`systemd_files/texts.rs`), go through
//! `config_parse()` of the installed systemd: a small C program (`systemd_files/reader.c`) calls it in
//! the library that all of systemd's programs read their files with, and accepts every key. Compared
//! are the assignments with their lines, sections and values, what is logged on the way, and how it
//! ends: each once as a file with sections and once as a flat one, and, where systemd gives up, once
//! more without the lines that it gives up at.

mod texts;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::PathBuf;
use std::process::Command;

use libtest_mimic::Trial;
use overlay_resolver::escape::escape;
use overlay_resolver::format::{self, Item, Kind, Lost};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use crate::NotRun;
use crate::generated::{BATCH, answers, build, for_all, hex, say};
use crate::peers::{Found, read};
use crate::texts::Bytes;

/// The beginnings of our messages, what systemd logs of the same, and what it returns if it gives up.
const PROBLEMS: [(&str, &str, Option<i32>); 9] = [
    (
        "expected a `[section]` above",
        "Assignment outside of section.",
        None,
    ),
    ("expected `key=value`", "Missing '='", None),
    (
        "expected a key before the `=`",
        "Missing key name before '='",
        None,
    ),
    ("expected the name of a section", NAMELESS, None),
    (
        "belongs to no section: the header above it has no name",
        "",
        None,
    ),
    ("expected `]`", "Invalid section header '", Some(-EBADMSG)),
    (
        "expected a section name without",
        "Bad characters in section header '",
        Some(-EBADMSG),
    ),
    ("expected UTF-8", "String is not UTF-8 clean", Some(-EINVAL)),
    ("expected less than 1 MiB", "", Some(-ENOBUFS)),
];

const NAMELESS: &str = "Unknown section ''.";

const EBADMSG: i32 = 74;
const EINVAL: i32 = 22;
const ENOBUFS: i32 = 105;

/// The trials of this file.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trial = |name: &str, run: fn(&Systemd)| {
        not_run.trial(name.to_owned(), Systemd::build(), move |systemd| {
            run(&systemd);
        })
    };
    vec![
        trial("systemd: files are read alike", files),
        trial("systemd: long lines are read alike", long_lines),
    ]
}

fn files(systemd: &Systemd) {
    let [texts, refused, compared] = [const { Cell::new(0) }; 3];
    let met = RefCell::new(HashSet::new());
    for_all(&vec(texts::whole(), BATCH), |batch| {
        let cases: Vec<Case> = batch.iter().flat_map(|text| cases(text)).collect();
        texts.set(texts.get() + batch.len());
        refused.set(refused.get() + batch.iter().filter(|text| is_refused(text)).count());
        compared.set(compared.get() + cases.len());
        let expected = cases.iter().flat_map(|case| &case.expected);
        met.borrow_mut()
            .extend(expected.filter_map(|line| logged(line.split_once(": ")?.1)));
        systemd.agree(&cases)
    });
    let [texts, refused, compared] = [texts, refused, compared].map(Cell::into_inner);
    say(&format!(
        "{}: {texts} files, {refused} refused; in all forms {compared} compared, 0 differ",
        systemd.version
    ));
    assert!(
        (texts / 5..texts * 4 / 5).contains(&refused),
        "{refused} of {texts} files are refused: too few of one sort to prove anything"
    );
    let (met, all) = (
        met.into_inner(),
        PROBLEMS.iter().filter(|(_, logged, _)| !logged.is_empty()),
    );
    assert_eq!(
        met.len(),
        all.count(),
        "some problems did not come up: {met:?}"
    );
}

fn long_lines(systemd: &Systemd) {
    const MEBIBYTE: usize = 1 << 20;
    let one = |length: usize| texts::long("x", length);
    let joined = |rest: usize| texts::long(&format!("{}\\\n", "x".repeat(1023)), 1023 + rest);
    let comment = |length: usize| texts::long(&format!("\n#{}", "x".repeat(length)), 1);
    let texts: Vec<Bytes> = vec![
        one(MEBIBYTE - 4),
        one(MEBIBYTE - 3),
        one(MEBIBYTE - 2),
        one(MEBIBYTE + 1000),
        joined(0),
        joined(1),
        joined(2),
        texts::long(&format!("\\\n{}", "x".repeat(MEBIBYTE - 3)), 1),
        texts::long(&format!("\\\n{}", "x".repeat(MEBIBYTE - 2)), 1),
        texts::long(&format!("\\\n{}\\\n1", "x".repeat(MEBIBYTE)), 1),
        comment(MEBIBYTE - 2),
        comment(MEBIBYTE - 1),
        comment(MEBIBYTE + 1),
    ];
    let refused = texts.iter().filter(|text| is_refused(text)).count();
    let cases: Vec<Case> = texts.iter().flat_map(|text| cases(text)).collect();
    systemd
        .agree(&cases)
        .unwrap_or_else(|error| panic!("{error}"));
    say(&format!(
        "{}: {} files of a mebibyte, {refused} refused; in all forms {} compared, 0 differ",
        systemd.version,
        texts.len(),
        cases.len()
    ));
    assert_eq!((texts.len(), refused), (13, 8));
}

/// What the program is asked, and what it should answer.
#[derive(Debug)]
struct Case {
    record: Bytes,
    expected: Vec<String>,
    /// How many lines the text has.
    lines: usize,
}

/// A text in all its forms.
fn cases(text: &[u8]) -> Vec<Case> {
    let rest = readable(text);
    let texts = if rest == text {
        vec![text]
    } else {
        vec![text, &rest]
    };
    ["systemd", "systemd-flat"]
        .into_iter()
        .flat_map(|name| texts.iter().map(move |text| case(name, text)))
        .collect()
}

fn items<'t>(name: &str, text: &'t [u8]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    format::named(name)
        .unwrap()
        .read(text, &mut |item| items.push(item));
    items
}

fn ends_it(item: &Item<'_>) -> bool {
    matches!(&item.kind, Kind::Problem(problem) if problem.lost != Lost::Item)
}

fn is_refused(text: &[u8]) -> bool {
    items("systemd", text).iter().any(ends_it)
}

/// `text` without the lines at which systemd gives up.
fn readable(text: &[u8]) -> Bytes {
    let kept = items("systemd", text)
        .into_iter()
        .filter(|item| !ends_it(item));
    kept.flat_map(|item| text[item.span].to_vec()).collect()
}

/// A text as the format of this name, and what systemd should say of it.
fn case(name: &str, text: &[u8]) -> Case {
    let items = items(name, text);
    let needs_section = name == "systemd";
    let mut sections = Vec::new();
    if needs_section {
        // A list without any section would stand for a file that needs none.
        sections.extend(b"no such\0");
        for item in &items {
            if let Kind::Section(name) = &item.kind {
                sections.extend([&**name, b"\0"].concat());
            }
        }
    }
    sections.push(0);
    Case {
        record: [&*sections, text].concat(),
        expected: expected(&items, needs_section),
        lines: items.last().map_or(0, |item| *item.lines.end()),
    }
}

fn expected(items: &[Item<'_>], needs_section: bool) -> Vec<String> {
    let mut answer = Vec::new();
    let mut section_line = 0;
    // Below a section that it does not know systemd says nothing of what it ignores.
    let mut is_silent = false;
    for item in items {
        let line = item.lines.end();
        match &item.kind {
            Kind::Blank | Kind::Comment => {}
            Kind::Section(_) => (section_line, is_silent) = (*line, false),
            Kind::Assignment(pair) => {
                let [section, key] = [&pair.section, &pair.key].map(|text| hex(text));
                let value = hex(pair.value.text().unwrap());
                answer.push(format!(
                    "{line}: section={section}:{section_line} key={key} value={value}"
                ));
            }
            Kind::Problem(problem) => {
                let (logged, result) = known(&problem.message);
                let is_nameless = logged == NAMELESS;
                let is_logged = if is_nameless {
                    needs_section
                } else {
                    !logged.is_empty() && (result.is_some() || !is_silent)
                };
                answer.extend(is_logged.then(|| format!("{line}: {logged}")));
                if let Some(result) = result {
                    answer.push(format!("end {result}"));
                    return answer;
                }
                is_silent |= is_nameless && needs_section;
            }
        }
    }
    answer.push("end 1".to_owned());
    answer
}

/// What systemd logs where we say `message`, and what it returns if it gives up there.
fn known(message: &str) -> (&'static str, Option<i32>) {
    let problem = PROBLEMS.iter().find(|(ours, ..)| message.starts_with(ours));
    let (_, logged, result) = problem.unwrap_or_else(|| panic!("unforeseen: {message}"));
    (logged, *result)
}

/// What the program said, with systemd's messages as short as ours are expected, and without the
/// number of a line behind the last one, which systemd gives to what the end of the file cuts short.
fn told(answer: &str, lines: usize) -> Vec<String> {
    // Below a header without a name; of `X-` keys systemd does not even say this.
    let is_unknown = |line: &&str| line.contains(": Unknown key '");
    let short = |line: &str| {
        let line = line.strip_prefix("file:").unwrap_or(line);
        let Some((number, what)) = line.split_once(": ") else {
            return line.to_owned();
        };
        let number = number.parse::<usize>().unwrap().min(lines);
        format!("{number}: {}", logged(what).unwrap_or(what))
    };
    let told = answer
        .split_terminator('\n')
        .filter(|line| !is_unknown(line));
    told.map(short).collect()
}

/// What `what`, from systemd's log, begins with.
fn logged(what: &str) -> Option<&'static str> {
    let logged = PROBLEMS.iter().map(|(_, logged, _)| *logged);
    logged
        .filter(|logged| !logged.is_empty())
        .find(|logged| what.starts_with(logged))
}

/// systemd, behind a program that answers for it.
#[derive(Debug)]
struct Systemd {
    directory: TempDir,
    library: String,
    version: String,
}

impl Systemd {
    fn build() -> Found<Self> {
        let version = read(Command::new("systemd-analyze").arg("--version"))?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let systemd = Self {
            library: library()?,
            version: version.lines().next().unwrap_or_default().to_owned(),
            directory,
        };
        build("systemd_files/reader.c", &systemd.program(), ["-ldl"])?;
        Ok(systemd)
    }

    fn program(&self) -> PathBuf {
        self.directory.path().join("reader")
    }

    /// Compares systemd's answers with the expected ones.
    fn agree(&self, cases: &[Case]) -> TestCaseResult {
        let mut program = Command::new(self.program());
        program.arg(&self.library).env("LC_ALL", "C");
        let answers = answers(&mut program, cases.iter().map(|case| &case.record));
        prop_assert_eq!(answers.len(), cases.len());
        for (case, answer) in cases.iter().zip(&answers) {
            let theirs = told(answer, case.lines);
            prop_assert!(
                case.expected == theirs,
                "ours:\n{:.2000}\n{}:\n{:.2000}\nof `{:.2000}`",
                case.expected.join("\n"),
                self.version,
                theirs.join("\n"),
                escape(&case.record).to_string()
            );
        }
        Ok(())
    }
}

/// The library that systemd's programs share.
pub(crate) fn library() -> Found<String> {
    let program = read(Command::new("sh").args(["-c", "command -v systemd-analyze"]))?;
    let libraries = read(Command::new("ldd").arg(program.trim()))?;
    libraries
        .lines()
        .filter(|line| line.contains("libsystemd-shared"))
        .find_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(str::to_owned)
        .ok_or_else(|| "systemd-analyze does not use libsystemd-shared".to_owned())
}
