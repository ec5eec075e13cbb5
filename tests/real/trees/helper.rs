//! A program that answers for one root after another, as `helper.h` describes.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::ours::Pairs;
use crate::peers::{Found, read};

/// A helper, started when it is first asked.
#[derive(Debug)]
pub(crate) struct Helper {
    command: Command,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// None when it is to end.
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it called itself.
    name: String,
}

impl Helper {
    pub(crate) const fn new(command: Command) -> Self {
        Self {
            command,
            running: None,
        }
    }

    /// Its name and version, once it was asked.
    pub(crate) fn name(&self) -> String {
        let running = self.running.as_ref();
        running.map_or_else(String::new, |running| running.name.clone())
    }

    /// The lines of its answer for `root`.
    pub(crate) fn ask(&mut self, root: &Path) -> Vec<String> {
        let running = self
            .running
            .get_or_insert_with(|| Running::start(&mut self.command));
        running.ask(root)
    }
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .env("LC_ALL", "C")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut running = Self {
            questions: child.stdin.take(),
            answers: BufReader::new(child.stdout.take().unwrap()),
            child,
            name: String::new(),
        };
        running.name = running
            .line()
            .unwrap_or_else(|| panic!("{command:?} does not answer"));
        running
    }

    fn ask(&mut self, root: &Path) -> Vec<String> {
        let question = format!("{}\n", root.display());
        let questions = self.questions.as_mut().unwrap();
        questions.write_all(question.as_bytes()).unwrap();
        let mut next = || {
            self.line()
                .unwrap_or_else(|| panic!("{} is gone", self.name))
        };
        let mut lines = Vec::new();
        loop {
            match next() {
                line if line == "done" => return lines,
                line => lines.push(line),
            }
        }
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line).unwrap();
        (read > 0).then(|| line.trim_end().to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.questions = None;
        let _ = self.child.wait();
    }
}

/// The pairs among the lines of an answer.
pub(crate) fn pairs(lines: &[String]) -> Pairs {
    let pair = |line: &String| {
        let mut words = line.strip_prefix("pair ")?.split(' ').map(unhex);
        Some(((words.next()?, words.next()?), words.next()?))
    };
    lines.iter().filter_map(pair).collect()
}

fn unhex(word: &str) -> String {
    let digits = word.strip_prefix('x').unwrap();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Builds `source` of this directory into `program`, with these flags.
pub(crate) fn build(source: &str, program: &Path, flags: &str) -> Found<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/real/trees");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-Wall", "-Wextra", "-Werror", "-o"])
        .arg(program)
        .arg(directory.join(source));
    read(compiler.args(flags.split_whitespace())).map(drop)
}
