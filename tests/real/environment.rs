//! The real systemd against our formats `environment` and `env-file`.
//!
//! Generated texts are read by systemd's generator for environment.d, a process each, and by
//! `load_env_file_pairs()` of systemd's shared library, through a small C program
//! (`environment/read.c`); by those of this machine and of newer Debian suites. Of the generator its log
//! is compared, which says what becomes of each line, and the variables that it prints. A text with
//! problems that cost more than a line is compared once more without them.

mod texts;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use bstr::ByteSlice as _;
use libtest_mimic::Trial;
use overlay_resolver::escape::escape;
use overlay_resolver::format::{self, Item, Kind, Lost};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use crate::NotRun;
use crate::generated::{for_all, hex, say};
use crate::how_many;
use crate::libraries::Libraries;
use crate::peers::{Found, read};

/// How many texts a batch has; `for_all` runs up to fifty.
const BATCH: usize = 45;

const GENERATOR: &str =
    "/usr/lib/systemd/user-environment-generators/30-systemd-environment-d-generator";

/// The other directories that the generator reads.
const SYSTEM_DIRECTORIES: [&str; 4] = [
    "/etc/environment.d",
    "/run/environment.d",
    "/usr/local/lib/environment.d",
    "/usr/lib/environment.d",
];

/// Variables whose expansion is what stands in the text, so that a value before expansion can be
/// compared with one after it. Texts have no other use of `$` that would be expanded.
const VARIABLES: [(&str, &str); 2] = [("FOO", "$FOO"), ("BAR", "${BAR}")];

/// What becomes of the generator when a value is not UTF-8: it frees the value twice. It does so
/// after it has said why, so a systemd that survives it would not be told from one that does not.
const DEAD: &str = "dead\n";

/// The first systemd in which a comment ends with its line.
const COMMENTS_END: u32 = 254;

/// The trials of this file.
pub(crate) fn trials(not_run: &NotRun) -> Vec<Trial> {
    let trials = |(name, libraries): (&str, Found<Libraries>)| {
        [
            (
                "environment.d is",
                "environment",
                Systemd::generate as Reader,
            ),
            ("files of variables are", "env-file", Systemd::load),
        ]
        .map(|(what, format, reader)| {
            not_run.trial(
                format!("systemd of {name}: {what} read alike"),
                libraries.clone().and_then(Systemd::new),
                move |systemd| agree(&systemd, format, reader),
            )
        })
    };
    Libraries::all().into_iter().flat_map(trials).collect()
}

/// What systemd makes of texts.
type Reader = fn(&Systemd, &[Vec<u8>]) -> Vec<String>;

fn agree(systemd: &Systemd, format: &str, reader: Reader) {
    let [texts, refused, left_out, compared] = [const { Cell::new(0) }; 4];
    for_all(&vec(texts::whole(), BATCH), |batch| {
        let (kept, known): (Vec<_>, Vec<_>) = batch
            .into_iter()
            .partition(|text| !is_known_to_differ(text, systemd.version));
        let cases: Vec<Case> = kept.iter().flat_map(|text| parts(format, text)).collect();
        let is_refused = |text: &&Vec<u8>| items(format, text).iter().any(is_problem);
        texts.set(texts.get() + kept.len());
        left_out.set(left_out.get() + known.len());
        refused.set(refused.get() + kept.iter().filter(is_refused).count());
        compared.set(compared.get() + cases.len());
        compare(systemd, reader, cases)
    });
    let [texts, refused, left_out, compared] =
        [texts, refused, left_out, compared].map(Cell::into_inner);
    say(&format!(
        "systemd {}, {format}: {texts} files, {refused} with problems; with their parts \
         {compared} compared, 0 differ; {left_out} more left out for known differences",
        systemd.version
    ));
    assert!(texts > how_many(2000), "only {texts} texts were compared");
    assert!(
        (texts / 10..texts * 9 / 10).contains(&refused),
        "{refused} of {texts} files have problems: too few of one sort to prove anything"
    );
}

fn compare(systemd: &Systemd, reader: Reader, cases: Vec<Case>) -> TestCaseResult {
    let (texts, ours): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    let theirs = reader(systemd, &texts);
    prop_assert_eq!(theirs.len(), ours.len());
    for ((text, ours), theirs) in texts.iter().zip(ours).zip(theirs) {
        prop_assert_eq!(
            ours,
            theirs,
            "left: ours, right: systemd {} of `{}`",
            systemd.version,
            escape(text)
        );
    }
    Ok(())
}

/// Whether a comment of the text would be continued by an older systemd.
fn is_known_to_differ(text: &[u8], version: u32) -> bool {
    version < COMMENTS_END
        && items("env-file", text).iter().any(|item| {
            let line = text[item.span.clone()].trim_ascii_end();
            item.kind == Kind::Comment && line.ends_with(b"\\")
        })
}

/// A text, and the answer that systemd should give.
type Case = (Vec<u8>, String);

/// The text, and the text without what costs more than itself.
fn parts(format: &str, text: &[u8]) -> Vec<Case> {
    let items = items(format, text);
    let ours = |items: &[Item<'_>]| match format {
        "environment" => generated(items),
        _ => loaded(items),
    };
    let mut cases = vec![(text.to_vec(), ours(&items))];
    if items.iter().any(|item| costs_file(item).is_some()) {
        let bytes = |item: &Item<'_>| match costs_file(item) {
            Some(_) => b"\n".to_vec(),
            None => text[item.span.clone()].to_vec(),
        };
        let good = items.iter().flat_map(bytes).collect();
        let kept: Vec<_> = items
            .into_iter()
            .filter(|item| costs_file(item).is_none())
            .collect();
        cases.push((good, ours(&kept)));
    }
    cases
}

fn items<'t>(format: &str, text: &'t [u8]) -> Vec<Item<'t>> {
    let mut items = Vec::new();
    let format = format::named(format).unwrap();
    format.read(text, &mut |item| items.push(item));
    items
}

fn is_problem(item: &Item<'_>) -> bool {
    matches!(item.kind, Kind::Problem(_))
}

/// What costs more than itself, says its message.
fn costs_file<'i>(item: &'i Item<'_>) -> Option<&'i str> {
    match &item.kind {
        Kind::Problem(problem) if problem.lost == Lost::File => Some(&problem.message),
        _ => None,
    }
}

/// What the generator should log and print.
fn generated(items: &[Item<'_>]) -> String {
    let mut costly = items.iter().filter_map(costs_file).peekable();
    if costly.peek().is_some() {
        // A NUL is found before the first line is read.
        let has_nul = costly.any(|message| message.contains("NUL"));
        return if has_nul { "" } else { DEAD }.to_owned();
    }
    let mut log = String::new();
    let mut variables = Variables::default();
    for item in items {
        match &item.kind {
            Kind::Assignment(pair) => {
                log += &set(&pair.key);
                variables.set(&pair.key, pair.value.text().unwrap().to_vec());
            }
            Kind::Problem(problem) if problem.message.starts_with("expected a value") => {
                log += "no value\n";
            }
            Kind::Problem(problem) if problem.message.starts_with("expected a name") => {
                log += "no name\n";
            }
            _ => {}
        }
    }
    log + &variables.show()
}

/// What `load_env_file_pairs()` should return.
fn loaded(items: &[Item<'_>]) -> String {
    if items.iter().any(|item| costs_file(item).is_some()) {
        return "error\n".to_owned();
    }
    let mut variables = Variables::default();
    for item in items {
        if let Kind::Assignment(pair) = &item.kind {
            variables.set(&pair.key, pair.value.text().unwrap().to_vec());
        }
    }
    variables.show()
}

/// Variables of which the last value counts.
#[derive(Debug, Default)]
struct Variables(BTreeMap<Vec<u8>, Vec<u8>>);

impl Variables {
    fn set(&mut self, name: &[u8], value: Vec<u8>) {
        self.0.insert(name.to_vec(), value);
    }

    fn show(&self) -> String {
        let show = |(name, value): (&Vec<u8>, &Vec<u8>)| {
            format!("pair key={} value={}\n", hex(name), hex(value))
        };
        self.0.iter().map(show).collect()
    }
}

/// A systemd, and the directories that its generator looks into.
#[derive(Debug)]
struct Systemd {
    libraries: Libraries,
    shared: PathBuf,
    directory: TempDir,
    version: u32,
}

impl Systemd {
    fn new(libraries: Libraries) -> Found<Self> {
        const PREFIX: &str = "libsystemd-shared-";
        let shared = libraries.find("systemd", PREFIX)?;
        let name = shared.file_name().unwrap_or_default().to_string_lossy();
        let version = name.trim_start_matches(PREFIX);
        let version = version.split(|c: char| !c.is_ascii_digit()).next();
        let version = version
            .and_then(|version| version.parse().ok())
            .ok_or_else(|| format!("no version in `{name}`"))?;
        let directory = TempDir::new().map_err(|error| error.to_string())?;
        let program = directory.path().join("read");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/environment/read.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-Wall", "-Wextra", "-Werror", "-o"]);
        read(compiler.arg(program).args([source, "-ldl"]))?;
        let systemd = Self {
            libraries,
            shared,
            directory,
            version,
        };
        systemd.mask().map_err(|error| error.to_string())?;
        Ok(systemd)
    }

    /// Hides the files of this machine behind empty ones of their names.
    fn mask(&self) -> std::io::Result<()> {
        let ours = self.directory.path().join("environment.d");
        fs::create_dir(&ours)?;
        for directory in SYSTEM_DIRECTORIES {
            for entry in fs::read_dir(directory).into_iter().flatten() {
                fs::write(ours.join(entry?.file_name()), "")?;
            }
        }
        Ok(())
    }

    /// What the generator logs and prints for each text.
    fn generate(&self, texts: &[Vec<u8>]) -> Vec<String> {
        let path = self.directory.path().join("environment.d/text.conf");
        let one = |text: &Vec<u8>| {
            let _ = fs::remove_file(&path);
            fs::write(&path, text).unwrap();
            let output = self
                .libraries
                .command(&self.libraries.file(GENERATOR))
                .env_clear()
                .envs(VARIABLES)
                .env("HOME", self.directory.path())
                .env("XDG_CONFIG_HOME", self.directory.path())
                .env("SYSTEMD_LOG_LEVEL", "debug")
                .env("SYSTEMD_LOG_TARGET", "console")
                .output()
                .unwrap();
            if output.stderr.contains_str(": invalid UTF-8 value for key ") {
                return DEAD.to_owned();
            }
            assert!(output.status.success(), "the generator: {}", output.status);
            let prefix = format!("{}:", path.display());
            let mut variables = Variables::default();
            for line in output.stdout.split(|&byte| byte == b'\n') {
                if let Some(at) = line.iter().position(|&byte| byte == b'=') {
                    variables.set(&line[..at], unquote(&line[at + 1..]));
                }
            }
            log(&output.stderr, prefix.as_bytes()) + &variables.show()
        };
        texts.iter().map(one).collect()
    }

    /// What the shared library reads from each text.
    fn load(&self, texts: &[Vec<u8>]) -> Vec<String> {
        let mut input = tempfile::tempfile().unwrap();
        for text in texts {
            let length = u32::try_from(text.len()).unwrap();
            input.write_all(&length.to_le_bytes()).unwrap();
            input.write_all(text).unwrap();
        }
        input.rewind().unwrap();
        let file = |name: &str| self.directory.path().join(name);
        let output = self
            .libraries
            .command(&file("read"))
            .args([&self.shared, &file("text")])
            .env("SYSTEMD_LOG_LEVEL", "emerg")
            .stdin(input)
            .output()
            .unwrap();
        assert!(output.status.success(), "the reader: {}", output.status);
        let output = String::from_utf8(output.stdout).unwrap();
        let sorted = |answer: &str| {
            let mut lines: Vec<_> = answer.split_inclusive('\n').collect();
            lines.sort_unstable();
            lines.concat()
        };
        output.split("record\n").skip(1).map(sorted).collect()
    }
}

/// What a log says of the lines of the file that `prefix` names.
fn log(log: &[u8], prefix: &[u8]) -> String {
    let said = |line: &[u8]| {
        let line = line.strip_prefix(prefix)?;
        let number = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let line = line[number..].strip_prefix(b": ")?;
        if let Some(variable) = line.strip_prefix(b"setting ") {
            let name = variable.split(|&byte| byte == b'=').next().unwrap();
            return Some(set(name));
        }
        let said = [
            (&b"invalid syntax"[..], "no value\n"),
            (b"invalid variable name", "no name\n"),
        ];
        let known = said.iter().find(|(start, _)| line.starts_with(start));
        Some(known.map_or_else(
            || format!("? {}\n", escape(line)),
            |(_, said)| (*said).to_owned(),
        ))
    };
    log.split(|&byte| byte == b'\n').filter_map(said).collect()
}

fn set(name: &[u8]) -> String {
    format!("set {}\n", hex(name))
}

/// Undoes the quoting in which the generator prints a value.
fn unquote(printed: &[u8]) -> Vec<u8> {
    let Some(quoted) = printed.strip_prefix(b"\"") else {
        return printed.to_vec();
    };
    let mut bytes = quoted.strip_suffix(b"\"").unwrap().iter().copied();
    let mut value = Vec::new();
    while let Some(byte) = bytes.next() {
        value.push(match (byte, byte == b'\\') {
            (_, false) => byte,
            (..) => match bytes.next().unwrap() {
                b'a' => 0x07,
                b'b' => 0x08,
                b'f' => 0x0c,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 0x0b,
                digit @ b'0'..=b'3' => [digit, bytes.next().unwrap(), bytes.next().unwrap()]
                    .iter()
                    .fold(0, |value, digit| value * 8 + (digit - b'0')),
                other => other,
            },
        });
    }
    value
}
